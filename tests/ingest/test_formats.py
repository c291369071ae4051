"""Formats of the configuration feed a database like those that are built in, and may come, go and change."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.ingest.ingesting import expected, ingest, inputs, natives, rows
from tokenmon.settings import Settings

ACME: dict[str, object] = {
    "needs": ["usage"],
    "provider": {"value": "openai"},
    "model": "model",
    "input": "usage.in",
    "output": "usage.out",
}


def configured(**formats: Mapping[str, object]) -> Settings:
    """Settings with these formats."""
    return Settings(formats=formats)


def acme(*numbers: int) -> bytes:
    """Lines of a gateway that only a format of one's own reads."""
    lines = ({"at": n, "model": "gpt-5", "usage": {"in": 1000 + n, "out": 1}} for n in numbers)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def alerts(database: Path) -> list[tuple[str, str]]:
    return rows(database, "SELECT kind, subject FROM alert WHERE state <> 'ok' AND kind <> 'unpriced model'")


def test_a_configured_format_is_read_beside_the_built_in_ones(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b'{"usage":{}}\n{"other":1}\nwords\n' + acme(1, 2))
    (logs / "n.jsonl").write_bytes(natives([3]))
    ingest(database, logs, settings=configured(acme=ACME))
    assert inputs(database) == expected([1, 2, 3])
    assert rows(database, "SELECT dialect, events, skipped, rejects FROM source ORDER BY path") == [
        ("acme", 2, 2, 1),
        ("native", 1, 0, 0),
    ]


def test_what_nobody_claimed_is_read_whole_once_a_format_is_written_for_it(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b"words\n" + acme(1, 2))
    (logs / "n.jsonl").write_bytes(natives([3]))
    ingest(database, logs)
    assert alerts(database) == [("unread usage", str(logs / "a.jsonl")), ("invalid lines", str(logs / "a.jsonl"))]
    ingest(database, logs, settings=configured(acme=ACME))
    assert inputs(database) == expected([1, 2, 3])
    assert rows(database, "SELECT dialect, rejects, unclaimed, lookalikes FROM source ORDER BY path") == [
        ("acme", 1, 0, 0),
        ("native", 0, 0, 0),
    ]
    assert alerts(database) == [("invalid lines", str(logs / "a.jsonl"))]


def test_lines_of_a_format_that_is_gone_wait_for_it_and_that_is_told(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(acme(1))
    ingest(database, logs, settings=configured(acme=ACME))
    with (logs / "a.jsonl").open("ab") as file:
        file.write(acme(2))
    ingest(database, logs)
    assert inputs(database) == expected([1])
    assert rows(database, "SELECT dialect, unclaimed, rejects, off < size OR size = off FROM source") == [
        ("acme", 0, 0, 1)
    ]
    assert alerts(database) == [("format missing", "acme")]
    ingest(database, logs, settings=configured(acme=ACME))
    assert inputs(database) == expected([1, 2])
    assert alerts(database) == []


def test_a_format_may_be_renamed(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(acme(1))
    ingest(database, logs, settings=configured(acme=ACME))
    with (logs / "a.jsonl").open("ab") as file:
        file.write(acme(2))
    ingest(database, logs, settings=configured(gateway=ACME))
    assert inputs(database) == expected([1, 2])
    assert rows(database, "SELECT dialect FROM source") == [("gateway",)]
    assert rows(database, "SELECT dialect FROM series ORDER BY dialect") == [("acme",), ("gateway",)]
    assert alerts(database) == []


def test_a_changed_mapping_counts_for_new_lines(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(acme(1))
    ingest(database, logs, settings=configured(acme=ACME))
    with (logs / "a.jsonl").open("ab") as file:
        file.write(acme(2))
    ingest(database, logs, settings=configured(acme=ACME | {"input": "at"}))
    assert inputs(database) == [2, 1001]
