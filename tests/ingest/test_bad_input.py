"""Whatever stands between the lines of a log costs only itself: every call counts as if it were not there."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases import CASES
from tests.dialects.cases.case import raw
from tests.dialects.samples import SAMPLES, Json
from tests.dialects.test_cases import UNTIMED, stored
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import DIALECTS

Files = Mapping[str, Sequence[bytes]]

FOREIGN = (
    b"null",
    b"true",
    b"5",
    b"-1e400",
    b'"usage"',
    b"[]",
    b'[{"usage":{"input_tokens":5}}]',
    b"{}",
    b"words",
    b'{"usage":NaN}',
    b'{"usage":' + b"9" * 30 + b"}",
    b'{"usage":"\xff\xfe"}',
    b'{"usage":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"usage":' * 20_000,
    b'{"usage":{"input_tokens":5}',
    b'{"usage":{"input_tokens":5}} {"usage":{}}',
    b"\xef\xbb\xbfnull",
)
"""Lines that are nobody's."""


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """A record with every value changed that is no object or array itself."""
    if isinstance(value, dict):
        return {key: changed(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [changed(inner, change) for inner in value]
    return change(value)


def huge(value: Any) -> Any:
    return 10**29 + value if isinstance(value, int) and not isinstance(value, bool) else value


def negative(value: Any) -> Any:
    return -1 - value if isinstance(value, int) and not isinstance(value, bool) else value


def flattened(record: Json) -> Json:
    """Texts where the objects were that hold the counts."""
    counting = ("usage", "token", "message", "payload")
    return {
        key: "text" if isinstance(value, dict | list) and any(word in key.lower() for word in counting) else value
        for key, value in record.items()
    }


def wrong(line: bytes) -> list[bytes]:
    """A line of a log cut short, and with wrong values."""
    record = json.loads(line)
    variants: tuple[Any, ...] = (
        changed(record, huge),
        changed(record, negative),
        flattened(record),
        list(record.items()),
    )
    return [line[: len(line) // 2], *(raw(each) for each in variants if each != record)]


def clean_files(dialect: str) -> Files:
    """The logs of a dialect, without a bad line in them."""
    for case in CASES:
        if case.dialect == dialect:
            return {name: [raw(each) for each in lines if isinstance(each, dict)] for name, lines in case.files.items()}
    return {"a.jsonl": [raw(record) for record in SAMPLES[dialect]]}


def is_log(name: str) -> bool:
    """Whether a file of a case consists of lines."""
    return not name.endswith(".json")


EVERY = pytest.mark.parametrize(
    "dialect", [each.name for each in DIALECTS if any(is_log(name) for name in clean_files(each.name))]
)


def ingested(directory: Path, files: Mapping[str, bytes]) -> Path:
    """A database of these files."""
    for name, data in files.items():
        path = directory / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (UNTIMED, UNTIMED))
    ingest(directory / "t.db", directory / "logs")
    return directory / "t.db"


def told(database: Path) -> int:
    """Lines that were no calls, whatever was said of them."""
    (found,) = rows(database, "SELECT sum(rejects + skipped + unclaimed) FROM source")
    return int(found[0])


def known(database: Path) -> list[Any]:
    """The calls of a database, and the official limits: a dialect may tell only the one or only the other."""
    return [*stored(database), *rows(database, "SELECT dialect, name, used FROM allowance ORDER BY name")]


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(each + b"\n" for each in lines)


def mixed(clean: Files, junk: Callable[[bytes], Sequence[bytes]]) -> dict[str, bytes]:
    """Logs with junk after every line, and a line of their own: or two files with one header would be copies.

    Documents stay as they are beside the logs: the calls may stand there.
    """
    return {
        name: joined([each for line in lines for each in (line, json.dumps(name).encode(), *junk(line))])
        if is_log(name)
        else joined(lines)
        for name, lines in clean.items()
    }


@EVERY
def test_fault_056_lines_that_are_nobodys_cost_only_themselves(dialect: str, tmp_path: Path) -> None:
    files = clean_files(dialect)
    clean = ingested(tmp_path / "clean", mixed(files, lambda line: ()))
    dirty = ingested(tmp_path / "dirty", mixed(files, lambda line: FOREIGN))
    assert known(dirty) == known(clean)
    assert known(clean)
    junk = len(FOREIGN) * sum(len(lines) for name, lines in files.items() if is_log(name))
    assert told(dirty) - told(clean) == junk
    ingest(dirty, tmp_path / "dirty" / "logs")
    assert told(dirty) - told(clean) == junk


@EVERY
def test_fault_060_calls_with_wrong_values_cost_only_themselves(dialect: str, tmp_path: Path) -> None:
    files = clean_files(dialect)
    clean = ingested(tmp_path / "clean", mixed(files, lambda line: ()))
    dirty = ingested(tmp_path / "dirty", mixed(files, wrong))
    assert known(dirty) == known(clean)


@EVERY
def test_a_mark_at_the_start_and_other_line_ends_change_nothing(dialect: str, tmp_path: Path) -> None:
    clean = clean_files(dialect)
    plain = ingested(tmp_path / "plain", {name: joined(lines) for name, lines in clean.items()})
    marked = {
        name: b"\xef\xbb\xbf" + b"".join(each + b"\r\n\r\n" for each in lines) if is_log(name) else joined(lines)
        for name, lines in clean.items()
    }
    windows = ingested(tmp_path / "windows", marked)
    assert known(windows) == known(plain)
    assert told(windows) == told(plain)


@pytest.mark.parametrize(("dialect", "rejects"), [("native", 1), ("claude-code", 0)])
def test_fault_054_a_line_of_fifty_megabytes_is_passed_over(dialect: str, rejects: int, tmp_path: Path) -> None:
    (lines,) = clean_files(dialect).values()
    huge = b'{"type":"user","sessionId":"s-1","message":{"role":"user","content":"' + b"x" * 50_000_000 + b'"}}'
    plain = ingested(tmp_path / "plain", {"a.jsonl": joined(lines)})
    mixed = ingested(tmp_path / "mixed", {"a.jsonl": joined([lines[0], huge, *lines[1:]])})
    assert stored(mixed) == stored(plain)
    assert rows(mixed, "SELECT sum(rejects) FROM source") == [(rejects,)]
    assert told(mixed) - told(plain) == 1
