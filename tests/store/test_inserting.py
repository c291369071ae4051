"""Rows that share a statement are still counted, refused and recognised one by one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.building import a_row, a_source, a_step, an_event, check_invariant, check_sessions, commit, rows_of
from tokenmon.store.inserting import Insert
from tokenmon.store.writer import Writer


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        found.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT")
        yield found


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 40, 59])
def test_every_row_is_inserted_and_counted(connection: sqlite3.Connection, count: int) -> None:
    rows = [(i, None if i % 3 else str(i)) for i in range(count)]
    assert Insert("t", ("a", "b")).all(connection, rows) == count
    assert connection.execute("SELECT a, b FROM t ORDER BY a").fetchall() == rows


@pytest.mark.parametrize("known", [0, 19, 20, 30, 44])
def test_a_known_row_counts_for_itself_only(connection: sqlite3.Connection, known: int) -> None:
    connection.execute("INSERT INTO t VALUES (?, 'old')", (known,))
    assert Insert("t", ("a", "b")).all(connection, [(i, "new") for i in range(45)]) == 44
    assert connection.execute("SELECT a FROM t WHERE b = 'old'").fetchall() == [(known,)]


def test_a_constant_may_stand_for_a_column(connection: sqlite3.Connection) -> None:
    assert Insert("t", ("a", "b"), "?, 'x'").all(connection, [(i,) for i in range(25)]) == 25
    assert connection.execute("SELECT DISTINCT b FROM t").fetchall() == [("x",)]


@pytest.mark.parametrize("place", [0, 19, 20, 44, 45])
def test_one_known_or_impossible_row_of_many_costs_only_itself(tmp_path: Path, place: int) -> None:
    writer = Writer.open(tmp_path / "t.db")
    rows = [a_row(an_event(str(i), at=i, session=str(i % 2), request_id=f"r{i}"), offset=i) for i in range(46)]
    checkpoint = commit(writer, a_step(a_source(), [rows[place]]), live=False).checkpoints[0]
    again = [*rows, a_row(an_event("huge", at=place, input=1 << 63), offset=99)]
    outcome = commit(writer, a_step(checkpoint, again), live=False)
    assert (outcome.events, outcome.duplicates, outcome.refused) == (45, 1, 1)
    assert rows_of(writer.path, "SELECT count(*), count(DISTINCT h) FROM event") == [(46, 46)]
    assert rows_of(writer.path, "SELECT count(*), count(DISTINCT rh) FROM request") == [(46, 46)]
    assert rows_of(writer.path, "SELECT off FROM reject") == [(99,)]
    assert writer.rebuild(60) == 0
    check_invariant(writer.path)
    check_sessions(writer.path)
    writer.close()


def test_the_same_call_twice_in_one_statement_is_one_call(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "t.db")
    rows = [a_row(an_event(str(i // 2), at=i // 2, keeps_details=True, request_id=str(i // 2))) for i in range(60)]
    outcome = commit(writer, a_step(a_source(), rows), live=False)
    assert (outcome.events, outcome.duplicates) == (30, 30)
    assert rows_of(writer.path, "SELECT count(*) FROM note") == [(30,)]
    assert writer.rebuild(60) == 0
    check_invariant(writer.path)
    writer.close()
