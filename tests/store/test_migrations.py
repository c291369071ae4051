import grp
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.store.asking import ask
from tests.store.building import START, a_row, a_source, a_step, an_event, check_invariant, commit, rows_of
from tokenmon.errors import CannotCreateDatabase, ConfigError, NewerDatabase, NoDatabase, NotOurDatabase
from tokenmon.events import Flag
from tokenmon.store.answers import Health
from tokenmon.store.migrations import MIGRATIONS, VERSION, check_is_ours, configure, migrate
from tokenmon.store.reader import Reader
from tokenmon.store.schema import APPLICATION_ID, COUNTED_BEFORE, HOUR
from tokenmon.store.writer import Writer


def test_a_new_database_has_the_newest_version_and_our_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    Writer.open(path).close()
    assert rows_of(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows_of(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows_of(path, "PRAGMA journal_mode") == [("wal",)]
    assert rows_of(path, "PRAGMA page_size") == [(8192,)]


def test_a_file_of_no_bytes_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.touch()
    Writer.open(path).close()
    assert rows_of(path, "PRAGMA user_version") == [(VERSION,)]


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    commit(writer, a_step(a_source(), [a_row(an_event("a"))]))
    writer.close()
    writer = Writer.open(path)
    assert [checkpoint.offset for checkpoint in writer.checkpoints()] == [1000]
    assert rows_of(path, "SELECT count(*) FROM event") == [(1,)]
    writer.close()


def first_version(path: Path) -> None:
    """A database as version 1 left it: two sources, three calls, invalid lines."""
    calls = (
        (START, 1, 1, 100, 10, 7, 1, "a"), (START + 1, 2, 2, 50, 5, None, 2, "b"), (START + 2, 3, 2, 0, 0, None, 2, "b")
    )  # fmt: skip
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        configure(connection)
        MIGRATIONS[0](connection)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA user_version=1")
        for series, flags in ((1, Flag.LISTED), (2, Flag.ASSUMED)):
            connection.execute("INSERT INTO series(id, model, flags) VALUES (?, ?, ?)", (series, f"m{series}", flags))
        for session in "ab":
            connection.execute("INSERT INTO session(name, n) VALUES (?, 1)", (session,))
        for ts, h, series, tokens, output, cost, source, session in calls:
            connection.execute(
                "INSERT INTO event(ts, h, series, input, output, cost_list, source, off, session)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 0, (SELECT id FROM session WHERE name = ?))",
                (ts, h, series, tokens, output, cost, source, session),
            )
        connection.execute("INSERT INTO dirty(k) VALUES (?)", (START // HOUR,))
        for source, rejects in ((1, 0), (2, 150)):
            connection.execute(
                "INSERT INTO source(id, path, dev, ino, lineage, off, head, head_size, tail, tail_size, skipping, size,"
                " mtime_ns, dialect, state, events, rejects, first_seen, last_seen)"
                " VALUES (?1, ?2, 1, ?1, ?1, 1000, x'', 0, x'', 0, 0, 1000, 0, 'native', x'', ?1, ?3, 0, 0)",
                (source, f"/{source}".encode(), rejects),
            )
        connection.execute("INSERT INTO reject VALUES (2, 5, 9, 'input is negative', 0)")


def test_fault_079_a_database_of_version_1_keeps_everything_and_becomes_version_2(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    first_version(path)
    old = {
        table: rows_of(path, f"SELECT * FROM {table}") for table in ("series", "event", "session", "reject", "dirty")
    }

    async def before(reader: Reader) -> Health:
        return await reader.health()

    with pytest.raises(NoDatabase, match="an older tokenmon wrote"):
        ask(path, before)
    writer = Writer.open(path)
    assert rows_of(path, "PRAGMA user_version") == [(2,)]
    assert {table: rows_of(path, f"SELECT * FROM {table}") for table in old} == old
    assert [(each.path, each.offset) for each in writer.checkpoints()] == [("/1", 1000), ("/2", 1000)]
    assert rows_of(path, "SELECT * FROM doubt ORDER BY 1, 2") == [(2, "assumed", 2), (2, "unpriced", 2)]
    assert rows_of(path, "SELECT * FROM reason") == [(2, COUNTED_BEFORE, 150)]
    writer.close()
    health = ask(path, before)
    assert health.events == 3
    assert {source.path: source.doubts[:2] for source in health.sources} == {"/1": (0, 0), "/2": (2, 2)}


def test_a_migrated_database_goes_on_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    first_version(path)
    writer = Writer.open(path)
    step = a_step(writer.checkpoints()[1], [a_row(an_event("new", at=3), cost=None)])
    commit(writer, step)
    assert writer.rebuild(9) == 0
    writer.close()
    check_invariant(path)
    assert rows_of(path, "SELECT n FROM doubt WHERE source = 2 AND name = 'unpriced'") == [(3,)]


def test_what_somebody_else_migrates_meanwhile_is_not_migrated_again(tmp_path: Path) -> None:
    """As where no lock holds: the other one is done just before our own transaction."""

    class Late(sqlite3.Connection):
        def execute(self, statement: str, *bound: Any) -> sqlite3.Cursor:
            if statement == "BEGIN IMMEDIATE":
                with closing(sqlite3.connect(path, isolation_level=None)) as other:
                    migrate(other)
            return super().execute(statement, *bound)

    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None, factory=Late)) as connection:
        migrate(connection)
        check_is_ours(connection)


def test_a_migration_that_fails_leaves_no_half_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        MIGRATIONS[0](connection)
        raise KeyboardInterrupt

    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with monkeypatch.context() as patch:
            patch.setattr("tokenmon.store.migrations.MIGRATIONS", (fails,))
            with pytest.raises(KeyboardInterrupt):
                migrate(connection)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        migrate(connection)
        check_is_ours(connection)


def test_fault_078_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    Writer.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(NewerDatabase, match=r"t\.db: a newer tokenmon") as caught:
        Writer.open(path)
    assert caught.value.exit_code == 65


def test_fault_078_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo(id)")
    before = path.read_bytes()
    with pytest.raises(NotOurDatabase, match="another program"):
        Writer.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, " * 400, b"SQLite format 3\0" + b"\xff" * 8192])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(NotOurDatabase) as caught:
        Writer.open(path)
    assert (caught.value.exit_code, path.read_bytes()) == (65, content)


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(NotOurDatabase, match="is a directory"):
        Writer.open(tmp_path)


def test_a_place_that_cannot_be_made_is_said_with_exit_code_73(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreateDatabase) as caught:
        Writer.open(tmp_path / "file" / "t.db")
    assert caught.value.exit_code == 73


def test_an_empty_file_is_nothing_to_read_yet(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, pytest.raises(NoDatabase):
        check_is_ours(connection)


def test_what_is_created_is_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "tokenmon" / "t.db"
    writer = Writer.open(path)
    commit(writer, a_step(a_source()))
    modes = {place.name: stat.S_IMODE(place.stat().st_mode) for place in (path.parent.parent, *path.parent.iterdir())}
    modes["tokenmon"] = stat.S_IMODE(path.parent.stat().st_mode)
    writer.close()
    assert modes == {"state": 0o700, "tokenmon": 0o700, "t.db": 0o600, "t.db-wal": 0o600, "t.db-shm": 0o600}


def test_a_group_may_be_let_in(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    path = tmp_path / "state" / "t.db"
    Writer.open(path, group=group).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o2750
    assert path.stat().st_gid == os.getgid()


def test_a_directory_that_is_not_ours_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "diary.txt").touch()
    Writer.open(tmp_path / "t.db", group=grp.getgrgid(os.getgid()).gr_name).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_an_unknown_group_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no group nobody-knows-it"):
        Writer.open(tmp_path / "t.db", group="nobody-knows-it")
