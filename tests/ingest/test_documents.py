"""A document is read whole whenever it changed, and every message of it counts once."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.dialects.cases import amp, cline, opencode
from tests.dialects.cases.case import Case
from tests.ingest.ingesting import Running, expected, inputs, native, rollups_are_exact, rows, until
from tests.ingest.ingesting import stored as ingested
from tests.ingest.made_up import Turning, message, take_in, talk, tallies
from tokenmon.store.answers import Health, StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.trace import find_line
from tokenmon.view import View


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def rename_over(path: Path, data: bytes) -> None:
    """Write as most agents do: another inode every time."""
    new = path.with_suffix(".tmp")
    new.write_bytes(data)
    new.replace(path)


def test_documents_are_found_by_name_below_the_roots(tmp_path: Path, logs: Path) -> None:
    (logs / "deep" / "er").mkdir(parents=True)
    (logs / "deep" / "er" / "talk-1.json").write_bytes(talk([1, 2]))
    (logs / "other.json").write_bytes(talk([3]))
    (tmp_path / "talk-outside.json").write_bytes(talk([4]))
    (logs / "talk-link.json").symlink_to(tmp_path / "talk-outside.json")
    os.mkfifo(logs / "talk-pipe.json")
    take_in(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == expected([1, 2])
    assert rows(tmp_path / "t.db", "SELECT kind, dialect FROM source") == [("document", "talk")]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_given_by_name_is_read_whatever_its_name(tmp_path: Path, indent: int | None) -> None:
    file = tmp_path / "export.txt"
    file.write_bytes(talk([1, 2], indent=indent))
    take_in(tmp_path / "t.db", file)
    file.write_bytes(talk([1, 2, 3], indent=indent))
    take_in(tmp_path / "t.db", file)
    assert inputs(tmp_path / "t.db") == expected([1, 2, 3])
    assert tallies(tmp_path / "t.db") == [(3, 0, 0)]


def test_an_array_is_decided_by_its_objects(tmp_path: Path, logs: Path) -> None:
    (logs / "talk-1.json").write_bytes(b"\xef\xbb\xbf[" + talk([1]) + b', {"more": 1}]\n')
    take_in(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == expected([1])


def test_a_document_that_is_nobodys_is_ignored_in_silence(tmp_path: Path, logs: Path) -> None:
    (logs / "talk-1.json").write_bytes(b'{"topic": "weather"}')
    (logs / "talk-2.json").write_bytes(b"[1, 2]")
    assert len(take_in(tmp_path / "t.db", logs)) == 1
    assert take_in(tmp_path / "t.db", logs) == []
    assert tallies(tmp_path / "t.db") == [(0, 0, 0)] * 2
    health = asyncio.run(_health(tmp_path / "t.db"))
    assert (health.sources, health.sources_total) == ((), 0)
    (logs / "talk-1.json").write_bytes(talk([1]))
    take_in(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == expected([1])


def test_a_growing_document_is_one_source_without_duplicates(tmp_path: Path, logs: Path) -> None:
    """Twenty atomic renames, with a restart before each."""
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    for number in range(20):
        rename_over(file, talk(range(number + 1)))
        take_in(database, logs)
    assert inputs(database) == expected(range(20))
    assert tallies(database) == [(20, 0, 0)]
    assert rollups_are_exact(database)
    assert take_in(database, logs) == []


def test_an_unchanged_document_is_not_read_again(tmp_path: Path, logs: Path) -> None:
    """Its state says that it is the same; so another content in the same state is not even seen."""
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([1]))
    take_in(database, logs)
    found = file.stat()
    with file.open("r+b") as same:
        same.write(talk([2]))
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert take_in(database, logs) == []
    os.utime(file)
    take_in(database, logs)
    assert inputs(database) == expected([1, 2])


def test_a_message_that_grew_replaces_what_was_known_of_it(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([0], message(1, output=5)))
    take_in(database, logs)
    file.write_bytes(talk([0], message(1, output=700)))
    take_in(database, logs)
    assert rows(database, "SELECT input, output FROM event ORDER BY ts") == [(1000, 10), (1001, 700)]
    assert tallies(database) == [(2, 1, 0)]
    assert rollups_are_exact(database)


def test_a_copied_tree_counts_once_and_tells_its_duplicates_once(tmp_path: Path, logs: Path) -> None:
    database = tmp_path / "t.db"
    (logs / "a").mkdir()
    (logs / "a" / "talk-1.json").write_bytes(talk([0, 1, 2]))
    take_in(database, logs)
    shutil.copytree(logs / "a", logs / "b")
    take_in(database, logs)
    for count in (4, 5):
        (logs / "b" / "talk-1.json").write_bytes(talk(range(count)))
        take_in(database, logs)
    assert inputs(database) == expected(range(5))
    assert tallies(database) == [(3, 0, 0), (2, 3, 0)]


def test_a_time_that_is_only_the_files_stays_what_it_was(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    untimed = {"id": "m1", "input": 1001, "output": 1}
    for numbers, seconds in (([], 1_789_000_000), ([5], 1_789_009_999)):
        file.write_bytes(talk(numbers, untimed))
        os.utime(file, (seconds, seconds))
        take_in(database, logs)
    assert rows(database, "SELECT ts FROM event WHERE input = 1001") == [(1_789_000_000_000,)]
    assert tallies(database) == [(2, 0, 0)]


def test_a_half_written_document_is_waited_for(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([0]))
    with Turning(database, logs) as turning:
        turning.until_idle()
        file.write_bytes(talk([0, 1])[:-20])
        assert turning.until_idle(file) == []
        file.write_bytes(talk([0, 1]))
        assert len(turning.until_idle(file)) == 1
    assert inputs(database) == expected([0, 1])
    assert tallies(database) == [(2, 0, 0)]


@pytest.mark.parametrize("once", [True, False])
def test_a_document_that_stays_broken_is_told_once(tmp_path: Path, logs: Path, once: bool) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([0, 1]))
    take_in(database, logs)
    for _ in range(2):
        file.write_bytes(talk([0, 1])[:-20])
        if not once:  # so that nobody has written for a while
            os.utime(file, (1_789_000_000, 1_789_000_000))
        with Turning(database, logs, once=once) as turning:
            turning.until_idle()
    assert tallies(database) == [(2, 0, 1)]
    assert rows(database, "SELECT off, reason FROM reject") == [(0, "document is not JSON")]
    file.write_bytes(talk([0, 1, 2]))
    take_in(database, logs)
    assert inputs(database) == expected([0, 1, 2])
    assert tallies(database) == [(3, 0, 1)]


def test_a_bad_message_costs_only_itself(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    for numbers in ([0], [0, 2]):
        file.write_bytes(talk(numbers, message(1, output=-5)))
        take_in(database, logs)
    assert inputs(database) == expected([0, 2])
    assert rows(database, "SELECT rejects FROM source") == [(1,)]
    assert rows(database, "SELECT reason FROM reject") == [("output is negative",)]


def test_a_deleted_document_keeps_its_events(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([0, 1]))
    take_in(database, logs)
    file.unlink()
    with Turning(database, logs) as turning:
        turning.until_idle()
        turning.until_idle()
    assert inputs(database) == expected([0, 1])
    assert rows(database, "SELECT gone FROM source") == [(1,)]
    file.write_bytes(talk([0, 1]))
    take_in(database, logs)
    assert rows(database, "SELECT gone, events, duplicates FROM source") == [(0, 2, 0)]


def test_a_huge_document_is_one_reject_and_holds_up_nobody(tmp_path: Path, logs: Path) -> None:
    with (logs / "talk-0.json").open("wb") as file:
        file.truncate(65 << 20)
    (logs / "talk-1.json").write_bytes(talk([1]))
    take_in(tmp_path / "t.db", logs)
    take_in(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == expected([1])
    assert tallies(tmp_path / "t.db") == [(0, 0, 1), (1, 0, 0)]
    assert rows(tmp_path / "t.db", "SELECT reason FROM reject") == [("document larger than 64 MiB",)]


def test_nothing_is_lost_when_the_database_refuses(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "talk-1.json"
    file.write_bytes(talk([0]))
    with Turning(database, logs) as turning:
        turning.until_idle()
        _execute(database, "CREATE TRIGGER no BEFORE UPDATE ON source BEGIN SELECT RAISE(ABORT, 'no'); END")
        file.write_bytes(talk([0, 1]))
        with pytest.raises(sqlite3.Error):
            turning.until_idle(file)
        _execute(database, "DROP TRIGGER no")
        turning.until_idle()
    assert inputs(database) == expected([0, 1])
    assert tallies(database) == [(2, 0, 0)]


def test_a_message_is_traced_to_its_place_in_the_document(tmp_path: Path, logs: Path) -> None:
    file = logs / "talk-1.json"
    file.write_bytes(talk([0, 1, 2], indent=1))
    take_in(tmp_path / "t.db", logs)
    event = asyncio.run(_newest(tmp_path / "t.db"))
    found = find_line(event.source_path, event.source_offset, kind=event.source_kind)
    assert found is not None
    assert found.number == file.read_bytes()[: event.source_offset].count(b"\n") + 1
    assert found.shown().startswith('{ "id": "m2"')


def test_a_message_is_traced_to_where_it_begins_whatever_comes_first(tmp_path: Path, logs: Path) -> None:
    late = {"tool": {"name": "x"}, "more": [{}, {"y": {}}]} | message(2)
    (logs / "talk-1.json").write_bytes(talk([0, 1], late))
    take_in(tmp_path / "t.db", logs)
    event = asyncio.run(_newest(tmp_path / "t.db"))
    found = find_line(event.source_path, event.source_offset, kind=event.source_kind)
    assert found is not None
    assert found.shown().startswith('{"tool": {"name": "x"}')


@pytest.mark.parametrize(
    ("case", "begins"),
    [
        (amp.CASE, ('{"role":"assistant","messageId":', '{"id":"e3"', '{"v":7,"id":"T-3"')),  # T-3 has no number at all
        (cline.CASE, ('{"ts":1789376',)),
    ],
    ids=["amp", "cline"],
)
def test_a_message_whose_id_is_a_number_is_traced_to_its_place(
    tmp_path: Path, case: Case, begins: tuple[str, ...]
) -> None:
    case.write(tmp_path / "logs")
    take_in(tmp_path / "t.db", tmp_path / "logs")
    found = [
        find_line(event.source_path, event.source_offset, kind=event.source_kind)
        for event in asyncio.run(_events(tmp_path / "t.db"))
    ]
    told = [line.shown() for line in found if line is not None]
    assert len(told) == len(found)
    assert all(line.startswith(begins) for line in told), told


def test_a_number_that_is_no_id_is_not_taken_for_one(tmp_path: Path, logs: Path) -> None:
    other = {"version": 7, "text": '{"id": 7}'}
    asked = message(1) | {"id": 7}
    (logs / "talk-1.json").write_text(json.dumps({"talk": "t", "head": other, "messages": [asked]}))
    take_in(tmp_path / "t.db", logs)
    event = asyncio.run(_newest(tmp_path / "t.db"))
    found = find_line(event.source_path, event.source_offset, kind=event.source_kind)
    assert found is not None
    assert found.shown().startswith('{"id": 7, "ts"')


def test_what_is_not_found_in_the_document_is_traced_to_its_beginning(tmp_path: Path, logs: Path) -> None:
    file = logs / "talk-1.json"
    file.write_text(json.dumps({"talk": "t", "messages": [message(1)]}, indent=1).replace('"m1"', r'"m\u0031"'))
    take_in(tmp_path / "t.db", logs)
    event = asyncio.run(_newest(tmp_path / "t.db"))
    found = find_line(event.source_path, event.source_offset, kind=event.source_kind)
    assert found is not None
    assert found.shown().startswith('{ "talk": "t"')


def opencode_message(number: int) -> bytes:
    """A document of a producer that exists."""
    created = opencode.CREATED + number * 1000
    return json.dumps(opencode.message(created, opencode.tokens(1000 + number, 10))).encode()


def test_a_document_is_noticed_while_it_is_written(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "deep" / "msg_1.json"
    with Running(database, logs) as running:
        until(database.exists)
        file.parent.mkdir()
        file.write_bytes(opencode_message(1)[:100])
        (logs / "a.jsonl").write_bytes(native(2))
        until(lambda: ingested(database) == 1)
        file.write_bytes(opencode_message(1))
        until(lambda: ingested(database) == 2)
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected([1, 2])
    assert rows(database, "SELECT sum(rejects) FROM source") == [(0,)]


def test_killed_again_and_again_it_counts_every_document_once(tmp_path: Path, logs: Path) -> None:
    database, total = tmp_path / "t.db", 600
    for number in range(total):
        (logs / f"msg_{number}.json").write_bytes(opencode_message(number))
    for _ in range(2):
        before = ingested(database)
        with Running(database, logs) as running:
            until(lambda seen=before: ingested(database) > seen or ingested(database) == total)  # type: ignore[misc]
            running.end(signal.SIGKILL)
    with Running(database, logs, flags=["--once"]) as running:
        running.process.communicate(timeout=60)
    assert inputs(database) == expected(range(total))
    assert rows(database, "SELECT count(*), sum(events), sum(duplicates) FROM source") == [(total, total, 0)]
    assert rollups_are_exact(database)


def _execute(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(sql)


async def _health(database: Path) -> Health:
    async with await Reader.open(database) as reader:
        return await reader.health()


async def _events(database: Path) -> tuple[StoredEvent, ...]:
    async with await Reader.open(database) as reader:
        return (await reader.events(View(), limit=100)).events


async def _newest(database: Path) -> StoredEvent:
    async with await Reader.open(database) as reader:
        (event, *_) = (await reader.events(View(), limit=1)).events
        return event
