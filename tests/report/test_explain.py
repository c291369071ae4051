"""`explain`: the very line, made harmless; the facts; the price of each class and the sum."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.command import price_cache
from tests.ingest.ingesting import claude, ingest
from tests.report.test_events import EVENT
from tests.store.asking import ask
from tokenmon.pricing import PriceBook, open_book
from tokenmon.report.explain import facts, line_of, price_of
from tokenmon.report.output import cells
from tokenmon.store.answers import Copy, StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.trace import LINE_CHARACTERS

LINES = b'{"a":1}\n{"b":2}\r\n{"c":3}'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    place = tmp_path_factory.mktemp("prices")
    (place / "prices.toml").write_text('[[price]]\nmodel = "acme-1"\nprovider = "acme"\ninput = 2\noutput = 8\n')
    return open_book(place / "prices.toml", price_cache())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES)
    return path


def test_a_line_is_shown_without_secrets_and_escapes_and_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"key":"sk-abcdefghijklmnopqrstuvwxyz","x":"\x1b[2J","y":"' + "z" * 5_000 + '"}\n')
    place, line = line_of(replace(EVENT, source_path=str(path), source_offset=0))
    assert f"{path}:1, byte 0" in place
    assert "sk-abc" not in line
    assert "\x1b" not in line
    assert len(line) <= LINE_CHARACTERS + 13
    assert line.endswith("…")


@pytest.mark.parametrize(("path", "said"), [("gone.jsonl", "not there any more"), ("bad.gz", "")])
def test_a_line_that_cannot_be_read_costs_only_itself(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "bad.gz").write_bytes(b"this is not gzip")
    line = line_of(replace(EVENT, source_path=str(tmp_path / path)))[1]
    assert "cannot be read" in line
    assert said in line


def test_a_changed_file_is_not_quoted(log: Path) -> None:
    assert "changed since" in line_of(replace(EVENT, source_path=str(log), source_offset=3))[1]


def test_facts_leave_out_what_is_unknown() -> None:
    lines = facts(EVENT, ZoneInfo("Asia/Kathmandu"))
    assert "time         2025-11-20 19:48:22 local, 2025-11-20T14:03:22.123Z" in lines
    assert "key id       key-1" in lines
    assert not any(line.startswith(("user", "session", "error")) for line in lines)


def test_classes_times_prices_are_the_sum(book: PriceBook) -> None:
    event = replace(
        EVENT,
        names=EVENT.names._replace(provider="acme", model="acme-1"),
        input=1_000,
        output=500,
        cost=6_000_000,
        cost_list=6_000_000,
        cost_logged=7_000_000,
        priced_as="acme/acme-1",
    )
    lines = price_of(event, book)
    text = "\n".join(lines)
    assert "$2.00" in text
    assert "$8.00" in text
    assert any(line.startswith("Sum") and line.endswith("$0.006") for line in text.splitlines())
    assert "logged       $0.007, written by the producer" in lines
    assert "difference   $0.001 more logged than listed" in lines
    assert "does not report cache reads" in text
    assert all(cells(line) <= 80 for line in text.splitlines())


def test_an_unknown_price_is_said_and_not_guessed(book: PriceBook) -> None:
    event = replace(
        EVENT, names=EVENT.names._replace(model="mystery-9"), cost=None, cost_list=None, cost_kind="unknown"
    )
    text = "\n".join(price_of(event, book))
    assert "cost         unknown" in text
    assert any(line.startswith("Sum") and line.endswith("?") for line in text.splitlines())


def test_every_place_of_a_call_is_told_and_why_one_counts(tmp_path: Path) -> None:
    """A streamed call in two files, and a third file that is a copy of the first."""
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(claude("other", 1, request="o") + claude("m", 159, second=2))
    ingest(database, logs)
    (logs / "b.jsonl").write_bytes(claude("m", 9, second=1))
    (logs / "c.jsonl").write_bytes((logs / "a.jsonl").read_bytes())
    ingest(database, logs)
    event, copies = _found(database, "req_r")
    assert event.source_path.endswith("a.jsonl")
    lines = line_of(event, copies)
    offset = len(claude("other", 1, request="o"))
    assert lines[0] == f"source       {logs}/a.jsonl:2, byte {offset:,}"
    assert lines[2:] == [
        f"also in      {logs}/b.jsonl:1, byte 0",
        "             has fewer tokens; the copy with the most counts",
        f"also in      {logs}/c.jsonl:2, byte {offset:,}",
        "             in a copy of the whole file, which is read once",
    ]


def test_a_better_copy_changes_which_line_counts(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(claude("m", 9))
    ingest(database, logs)
    assert _found(database, "req_r")[1] == ()
    (logs / "b.jsonl").write_bytes(claude("m", 159, second=5))
    ingest(database, logs)
    event, copies = _found(database, "req_r")
    assert event.source_path.endswith("b.jsonl")
    assert copies == (Copy(str(logs / "a.jsonl"), "lines", 0, "tokens"),)


def test_a_side_chains_replay_is_told_as_one(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(claude("m", 9))
    (logs / "b.jsonl").write_bytes(claude("m", 300, request="side", isSidechain=True))
    ingest(database, logs)
    event, copies = _found(database, "req_r")
    assert (event.output, copies) == (9, (Copy(str(logs / "b.jsonl"), "lines", 0, "replay"),))


def test_a_file_that_only_begins_like_another_is_no_copy(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    first = claude("shared", 1, request="s")
    (logs / "a.jsonl").write_bytes(first + claude("m", 159))
    (logs / "b.jsonl").write_bytes(first + claude("n", 159, request="n"))
    ingest(database, logs)
    for request in ("req_r", "req_n"):
        event, copies = _found(database, request)
        assert not any(line.startswith("also in") for line in line_of(event, copies))


def test_a_copy_that_is_gone_is_told_with_what_hinders(tmp_path: Path) -> None:
    copies = (Copy(str(tmp_path / "gone.jsonl"), "lines", 5, "time"),)
    lines = line_of(replace(EVENT, source_path=str(tmp_path / "no.jsonl")), copies)
    assert lines[2] == f"also in      {tmp_path}/gone.jsonl, byte 5"
    told = " ".join(line.strip() for line in lines[3:])
    assert told == "is older; the latest copy counts (the file is not there any more)"
    assert all(line.startswith(" " * 13) and len(line) <= 80 for line in lines[3:])


def _found(database: Path, request: str) -> tuple[StoredEvent, tuple[Copy, ...]]:
    async def found(reader: Reader) -> tuple[StoredEvent, tuple[Copy, ...]]:
        event = await reader.event(request)
        assert event is not None
        return event, await reader.copies(event)

    return ask(database, found)


def test_doubts_and_the_way_of_the_price_are_told(book: PriceBook) -> None:
    event = replace(EVENT, doubts=("assumed", "empty"), assumed=True)
    assert any("its format implies one; not one token" in line for line in facts(event, ZoneInfo("UTC")))
    text = "\n".join(price_of(event, book))
    assert "price        genai-prices" in text
    assert "matched by   the very name" in text
