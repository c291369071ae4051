"""Rows of another program's database, read while it writes them, without a trace."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dialects.cases import opencode
from tests.dialects.test_cases import in_order, stored
from tests.ingest.ingesting import expected, inputs, rollups_are_exact, rows, until
from tests.ingest.made_up import Turning, message, take_in, talk, tallies
from tokenmon.settings import Settings
from tokenmon.store.answers import StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.trace import find_record
from tokenmon.view import View


class Talks:
    """The database of a producer that is running."""

    def __init__(self, path: Path, journal: str = "wal") -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute(f"PRAGMA journal_mode={journal}")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS talk(id TEXT PRIMARY KEY, written INTEGER NOT NULL, json TEXT NOT NULL)"
        )

    def write(self, *numbers: int, at: int | None = None, output: int = 10) -> None:
        """Insert or update a row each; `at` is when the row says that it was written."""
        self._connection.execute("BEGIN")
        for number in numbers:
            self.put(f"row-{number}", number if at is None else at, talk([], message(number, output)))
        self._connection.execute("COMMIT")

    def put(self, key: str, at: int, record: bytes) -> None:
        """One row as it is."""
        self.ask("INSERT OR REPLACE INTO talk VALUES (?, ?, ?)", key, at, record.decode())

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Any SQL."""
        return self._connection.execute(sql, values).fetchall()

    def close(self) -> None:
        """The producer ends."""
        self._connection.close()


@pytest.fixture(name="talks")
def _talks(tmp_path: Path) -> Iterator[Talks]:
    (tmp_path / "logs").mkdir()
    talks = Talks(tmp_path / "logs" / "talks-1.db")
    yield talks
    talks.close()


def test_rows_are_read_while_they_are_still_in_the_log(tmp_path: Path, talks: Talks) -> None:
    """The database's own file does not change at all."""
    database = tmp_path / "t.db"
    talks.write(0)
    with Turning(database, tmp_path / "logs") as turning:
        turning.until_idle()
        before = talks.path.stat()
        talks.write(1, 2)
        turning.until_idle(Path(f"{talks.path}-wal"))
        assert talks.path.stat() == before
    assert inputs(database) == expected([0, 1, 2])
    assert rows(database, "SELECT kind, dialect, events, duplicates FROM source") == [("tables", "talk", 3, 0)]


def test_a_scan_notices_the_log_by_itself(tmp_path: Path, talks: Talks) -> None:
    database = tmp_path / "t.db"
    for number in range(3):
        talks.write(number)
        take_in(database, tmp_path / "logs")
    assert inputs(database) == expected(range(3))
    assert take_in(database, tmp_path / "logs") == []
    with Turning(database, tmp_path / "logs", settings=Settings(scan_interval=0.05)) as turning:
        turning.until_idle()
        talks.write(3)
        until(lambda: turning.until_idle() != [])
    assert inputs(database) == expected(range(4))


def test_a_row_that_was_written_again_counts_as_it_is_now(tmp_path: Path, talks: Talks) -> None:
    database = tmp_path / "t.db"
    talks.write(0, 1, 2, output=0)
    take_in(database, tmp_path / "logs")
    talks.write(1, at=9000, output=700)
    take_in(database, tmp_path / "logs")
    assert rows(database, "SELECT input, output FROM event ORDER BY ts") == [(1000, 0), (1001, 700), (1002, 0)]
    assert rollups_are_exact(database)


def test_rows_that_come_late_or_in_the_same_moment_are_read(tmp_path: Path, talks: Talks) -> None:
    database = tmp_path / "t.db"
    talks.write(5, at=5000)
    take_in(database, tmp_path / "logs")
    talks.write(3, at=4500)
    talks.write(1, at=5000)
    take_in(database, tmp_path / "logs")
    assert inputs(database) == expected([1, 3, 5])
    assert tallies(database) == [(3, 0, 0)]


def test_more_rows_than_fit_in_a_turn_are_read_in_several(tmp_path: Path, talks: Talks) -> None:
    """All of them were written in the same moment, and a restart is between."""
    database = tmp_path / "t.db"
    talks.write(*range(5_000), at=77)
    with Turning(database, tmp_path / "logs") as turning:
        turning.turn()
        turning.flush()
    assert 0 < len(inputs(database)) < 5_000
    take_in(database, tmp_path / "logs")
    assert inputs(database) == expected(range(5_000))
    assert tallies(database) == [(5_000, 0, 0)]


def test_a_call_is_traced_to_its_row_as_it_is_now(tmp_path: Path) -> None:
    """Among rows of the same moment; a row that was written again since is not passed off as the one that counts."""
    directory = tmp_path / "opencode"
    directory.mkdir()
    with closing(sqlite3.connect(directory / "opencode.db")) as store:
        store.executescript(_OPENCODE)
        for number in range(3):
            record = opencode.message(opencode.CREATED + number, opencode.tokens(1000 + number, 10))
            row = (f"msg-{number}", json.dumps(record))
            store.execute("INSERT INTO message VALUES (?, 'ses', 0, 5, ?)", row)
        store.commit()
        take_in(tmp_path / "t.db", directory)
        before = (directory / "opencode.db").read_bytes()
        events = asyncio.run(_events(tmp_path / "t.db"))
        found = [find_record(event) for event in events]
        records = [json.loads(line.start) for line in found if line is not None]
        assert [(each["id"], each["tokens"]["input"]) for each in records] == [
            (f"msg-{number}", 1000 + number) for number in (2, 1, 0)
        ]
        assert os.listdir(directory) == ["opencode.db"]
        assert (directory / "opencode.db").read_bytes() == before
        store.execute("UPDATE message SET data = json_set(data, '$.more', 1) WHERE id = 'msg-2'")
        store.commit()
        assert find_record(events[0]) is None
        assert find_record(events[1]) is not None


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_nothing_is_left_beside_a_database_that_nobody_has_open(tmp_path: Path, talks: Talks, journal: str) -> None:
    talks.ask(f"PRAGMA journal_mode={journal}")
    talks.write(0)
    talks.close()
    before = talks.path.read_bytes()
    take_in(tmp_path / "t.db", tmp_path / "logs")
    assert inputs(tmp_path / "t.db") == expected([0])
    assert os.listdir(tmp_path / "logs") == [talks.path.name]
    assert talks.path.read_bytes() == before


def test_a_database_given_by_name_is_read_whatever_its_name(tmp_path: Path, talks: Talks) -> None:
    talks.write(0)
    talks.close()
    file = talks.path.rename(tmp_path / "backup.sqlite")
    take_in(tmp_path / "t.db", file)
    assert inputs(tmp_path / "t.db") == expected([0])


def test_a_bad_row_costs_only_itself(tmp_path: Path, talks: Talks) -> None:
    database = tmp_path / "t.db"
    talks.write(0, 9)
    talks.put("row-1", 1, talk([], message(1, output=-5)))
    talks.put("row-2", 2, b'{"weather": "fine"}')
    talks.put("row-3", 3, b"x" * (17 << 20))
    talks.ask("INSERT INTO talk VALUES ('row-4', 4, CAST(x'ff00' AS TEXT)), ('row-5', 5, x'00')")
    take_in(database, tmp_path / "logs")
    assert inputs(database) == expected([0, 9])
    reasons = {reason for (reason,) in rows(database, "SELECT reason FROM reject")}
    assert reasons == {"output is negative", "row larger than 16 MiB", "line is not JSON"}


def test_a_database_of_another_shape_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with closing(sqlite3.connect(tmp_path / "logs" / "talks-2.db")) as other:
        other.execute("CREATE TABLE weather(day TEXT)")
    with Turning(tmp_path / "t.db", tmp_path / "logs") as turning:
        turning.until_idle()
        assert turning.failures == {}
    assert rows(tmp_path / "t.db", "SELECT dialect, rejects, error FROM source") == [("", 0, "")]


def test_what_is_no_database_or_torn_is_a_source_that_fails(tmp_path: Path, talks: Talks) -> None:
    talks.write(*range(500))
    talks.close()
    content = talks.path.read_bytes()
    (tmp_path / "logs" / "talks-2.db").write_bytes(b"this is no database at all" * 100)
    (tmp_path / "logs" / "talks-3.db").write_bytes(content[: len(content) // 2])
    with Turning(tmp_path / "t.db", tmp_path / "logs") as turning:
        turning.until_idle()
        failing = {Path(path).name for path in turning.failures}
        assert failing == {"talks-2.db", "talks-3.db"}
        (tmp_path / "logs" / "talks-2.db").write_bytes(content)
        turning.until_idle(tmp_path / "logs" / "talks-2.db")
        assert len(turning.failures) == 1
    assert inputs(tmp_path / "t.db") == expected(range(500))
    errors = dict(rows(tmp_path / "t.db", "SELECT error <> '', count(*) FROM source GROUP BY 1"))
    assert errors == {0: 2, 1: 1}


def test_a_locked_database_is_read_when_the_lock_is_gone(tmp_path: Path, talks: Talks) -> None:
    talks.ask("PRAGMA journal_mode=delete")
    talks.write(0)
    talks.ask("BEGIN EXCLUSIVE")
    talks.ask("UPDATE talk SET written = 50")
    with Turning(tmp_path / "t.db", tmp_path / "logs") as turning:
        turning.until_idle()
        assert list(turning.failures.values()) == ["database cannot be read: database is locked"]
        talks.ask("COMMIT")
        turning.until_idle(talks.path)
        assert turning.failures == {}
    assert inputs(tmp_path / "t.db") == expected([0])


def test_a_view_that_never_ends_holds_up_nobody(tmp_path: Path) -> None:
    """A table may be a view, and a view may compute for ever."""
    (tmp_path / "logs").mkdir()
    with closing(sqlite3.connect(tmp_path / "logs" / "talks-2.db")) as other:
        other.execute(
            "CREATE VIEW talk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT i AS written, i AS id, '' AS json FROM n"
        )
    (tmp_path / "logs" / "talk-1.json").write_bytes(talk([1]))
    with Turning(tmp_path / "t.db", tmp_path / "logs") as turning:
        turning.until_idle()
        assert turning.until_idle() == []
    assert inputs(tmp_path / "t.db") == expected([1])
    assert rows(tmp_path / "t.db", "SELECT reason FROM reject") == [("database cannot be read in 2 seconds",)]


async def _events(database: Path) -> tuple[StoredEvent, ...]:
    async with await Reader.open(database) as reader:
        return (await reader.events(View(), limit=100)).events


_OPENCODE = """
CREATE TABLE session(id TEXT PRIMARY KEY, directory TEXT NOT NULL);
CREATE TABLE message(id TEXT PRIMARY KEY, session_id TEXT NOT NULL, time_created INTEGER NOT NULL,
  time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE session_message(id TEXT PRIMARY KEY, session_id TEXT NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
"""


@pytest.mark.parametrize("documents_too", [False, True])
def test_opencodes_messages_are_the_same_calls_in_rows_and_in_documents(tmp_path: Path, documents_too: bool) -> None:
    """Its database after the migration of the case's documents, which are still there or are not."""
    directory = tmp_path / "opencode"
    directory.mkdir()
    with closing(sqlite3.connect(directory / "opencode.db")) as store:
        store.executescript(_OPENCODE)
        for record in opencode.CASE.records:
            newest = "model" in record and record["role"] == "assistant"
            columns = ("id", "sessionID", "role") if newest else ("id", "sessionID")
            data = {name: value for name, value in record.items() if name not in columns}
            row = [record["id"], record["sessionID"], record["time"]["created"], json.dumps(data)]
            if newest:
                store.execute("INSERT INTO session_message VALUES (?, ?, 'assistant', 1, 0, ?, ?)", row)
                store.execute("INSERT INTO session VALUES (?, '/home/dev/newest')", (record["sessionID"],))
            else:
                store.execute("INSERT INTO message VALUES (?, ?, 0, ?, ?)", row)
        again = "SELECT 'other-' || id, session_id, 'assistant', 1, 0, 0, data FROM message LIMIT 2"
        store.execute(f"INSERT INTO session_message {again}")
        store.commit()
    if documents_too:
        opencode.CASE.write(tmp_path)
    take_in(tmp_path / "t.db", tmp_path / "opencode", tmp_path / "kilo")
    found = stored(tmp_path / "t.db")
    assert in_order(replace(call, project="") for call in found) == in_order(
        replace(call, project="") for call in opencode.CASE.calls
    )
    assert documents_too or {call.project for call in found} == {"/home/dev/orbit", "/home/dev/newest"}
