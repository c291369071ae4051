"""A damaged database is found out, and what can be rebuilt is right again."""

import gzip
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import tokenmon
from tests.ingest.ingesting import Running, natives, stored, until
from tests.recovery.recovering import damage, filled
from tests.store.building import check_invariant, check_sessions, rows_of
from tokenmon.store.lock import holder


def wrong(home: Path, *words: str) -> list[str]:
    done = tokenmon(home, "verify", "--db", "x.db", *words)
    found = [line for line in done.out.splitlines() if line.startswith("WRONG")]
    assert (done.code, done.err) == (1 if found else 0, "")
    return found


def test_a_sound_database_is_fine_and_nothing_is_written(tmp_path: Path) -> None:
    database = filled(tmp_path)
    before = database.read_bytes()
    done = tokenmon(tmp_path, "verify", "--db", "x.db")
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) == 9
    assert all(line.startswith("fine ") for line in done.out.splitlines())
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("DELETE FROM r1h WHERE k = (SELECT min(k) FROM r1h)", "roll-ups of hours"),
        ("UPDATE r1h SET cost_list = cost_list + 1 WHERE k = (SELECT max(k) FROM r1h)", "roll-ups of hours"),
        ("DELETE FROM event WHERE ts = (SELECT max(ts) FROM event)", "roll-ups of hours"),
        ("UPDATE r6h SET n = n + 1 WHERE k = (SELECT min(k) FROM r6h)", "wider roll-ups"),
        ("DELETE FROM r16d", "wider roll-ups"),
        ("UPDATE r1d SET last_ts = last_ts + 1", "wider roll-ups"),
        ("DELETE FROM series_fts_docsize WHERE id = 1", "the search index"),
        (
            "INSERT INTO series_fts(series_fts, rowid, model) VALUES ('delete', 1, 'gpt-5-mini')",
            "the search index",
        ),
        ("UPDATE session SET tokens = tokens - 1 WHERE name = 's1'", "sessions"),
        ("UPDATE source SET events = events + 1", "sources count"),
        ("UPDATE doubt SET n = n + 1", "doubts"),
        ("DELETE FROM doubt", "doubts"),
        ("DELETE FROM session WHERE name = 's2'", "nothing is without"),
        ("DELETE FROM source WHERE id = 1", "nothing is without"),
        ("DELETE FROM series WHERE id = 1", "nothing is without"),
        ("INSERT INTO note(ts, h, error) VALUES (1, 1, 'oh')", "nothing is without"),
        ("UPDATE sighting SET h = h + 1", "nothing is without"),
        ("INSERT INTO doubt(source, name, n) VALUES (99, 'empty', 1)", "nothing is without"),
        ("INSERT INTO reason(source, reason, n) VALUES (99, 'bad', 1)", "nothing is without"),
    ],
)
def test_damage_is_told_and_repaired(tmp_path: Path, statement: str, about: str) -> None:
    database = filled(tmp_path)
    events = stored(database)
    damage(database, statement)
    found = wrong(tmp_path)
    assert any(line.removeprefix("WRONG   ").startswith(about) for line in found), found
    done = tokenmon(tmp_path, "verify", "--db", "x.db", "--repair")
    assert done.code == 0, done.out
    assert wrong(tmp_path) == []
    check_invariant(database)
    check_sessions(database)
    if "FROM event" not in statement and "FROM series" not in statement:
        assert stored(database) == events


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE source SET off = 1",
        "UPDATE source SET off = off + 1",
        "UPDATE source SET tail = x''",
        "UPDATE source SET head_size = 4096",
    ],
)
def test_an_offset_that_cannot_be_is_told(tmp_path: Path, statement: str) -> None:
    damage(filled(tmp_path), statement)
    (line,) = wrong(tmp_path)
    assert "offsets" in line
    assert "3 sources" in line


def test_a_log_with_such_an_offset_is_read_again_and_nothing_counts_twice(tmp_path: Path) -> None:
    database = filled(tmp_path)
    events = stored(database)
    damage(database, "UPDATE source SET off = 1")
    assert "read from their start" in tokenmon(tmp_path, "verify", "--db", "x.db", "--repair").out
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db").code == 0
    assert (wrong(tmp_path), stored(database)) == ([], events)


def test_logs_that_went_on_went_away_or_are_compressed_are_nobodys_fault(tmp_path: Path) -> None:
    filled(tmp_path)
    logs = tmp_path / "logs"
    (logs / "d.jsonl.gz").write_bytes(gzip.compress(natives(range(200, 300))))
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db").code == 0
    (logs / "a.jsonl").write_bytes(b"")
    (logs / "b.jsonl").unlink()
    assert wrong(tmp_path) == []


def test_dirty_hours_are_nobodys_fault(tmp_path: Path) -> None:
    damage(filled(tmp_path), "UPDATE r1h SET n = n + 1 WHERE k = (SELECT min(k) FROM r1h)",
           "INSERT INTO dirty SELECT min(k) FROM r1h")  # fmt: skip
    assert [line for line in wrong(tmp_path) if "of hours" in line] == []


def test_what_was_pruned_is_not_missed_and_not_lost_by_a_repair(tmp_path: Path) -> None:
    database = filled(tmp_path)
    before = rows_of(database, "SELECT sum(n), sum(cost_list) FROM r16d")
    events = stored(database)
    done = tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db", "--retention-days", "1")
    assert done.code == 0
    assert stored(database) < events
    assert wrong(tmp_path) == []
    assert tokenmon(tmp_path, "verify", "--db", "x.db", "--repair").code == 0
    assert rows_of(database, "SELECT sum(n), sum(cost_list) FROM r16d") == before


def test_a_torn_page_is_told_and_not_made_up(tmp_path: Path) -> None:
    database = filled(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'")
    with database.open("r+b") as file:
        file.seek((page - 1) * 8192)
        file.write(b"\xff" * 4096)
    done = tokenmon(tmp_path, "verify", "--db", "x.db")
    assert (done.code, len(done.out.splitlines())) == (1, 2)
    done = tokenmon(tmp_path, "verify", "--db", "x.db", "--repair")
    assert done.code != 0
    assert "backup" in done.out + done.err


def test_it_looks_beside_a_running_ingester_and_mends_only_without_one(tmp_path: Path) -> None:
    database = filled(tmp_path)
    log = tmp_path / "logs/a.jsonl"
    with Running(database, tmp_path / "logs", flags=["--scan-interval", "0.1"]) as running:
        until(lambda: holder(database) is not None)
        for start in range(1_000, 5_000, 1_000):
            with log.open("ab") as file:
                file.write(natives(range(start, start + 1_000)))
            assert wrong(tmp_path) == []
        done = tokenmon(tmp_path, "verify", "--db", "x.db", "--repair")
        assert (done.code, done.out, done.err.count("\n")) == (75, "", 1)
        assert "stop" in done.err
        running.end(signal.SIGTERM)
    assert tokenmon(tmp_path, "verify", "--db", "x.db", "--repair").code == 0


def test_no_database_is_3_and_another_programs_65(tmp_path: Path) -> None:
    assert tokenmon(tmp_path, "verify", "--db", "none.db").code == 3
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t(a)")
    assert tokenmon(tmp_path, "verify", "--db", "other.db").code == 65
