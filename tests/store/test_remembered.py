"""What a database knows of paths, asked before anything is created."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tokenmon.errors import NotOurDatabase
from tokenmon.store.remembered import knows, remembered_paths
from tokenmon.store.schema import APPLICATION_ID, INITIAL, SECOND

COLUMNS = "path, dev, ino, lineage, off, head, head_size, tail, tail_size, skipping, size, mtime_ns, dialect, state"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x y?#.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(INITIAL + SECOND)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("""INSERT INTO meta VALUES ('paths', '["/logs", "/more"]')""")
        connection.execute(
            f"INSERT INTO source({COLUMNS}, first_seen, last_seen) "
            "VALUES (?, 1, 1, 1, 0, x'', 0, x'', 0, 0, 0, 0, '', x'', 0, 0)",
            (b"/logs/deep/a_\xff.jsonl",),
        )
        connection.commit()
    return path


def test_a_database_remembers_its_paths(database: Path) -> None:
    assert remembered_paths(database) == ("/logs", "/more")


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/logs", True),
        ("/logs/deep", True),
        ("/logs/deep/a_\udcff.jsonl", True),
        ("/logs/dee", False),
        ("/other", False),
        ("/log%", False),
    ],
)
def test_a_missing_path_is_known_when_a_source_was_there(database: Path, path: str, known: bool) -> None:
    assert knows(database, path) is known


def test_no_database_knows_nothing_and_is_not_created(tmp_path: Path) -> None:
    assert remembered_paths(tmp_path / "none.db") == ()
    assert knows(tmp_path / "none.db", "/logs") is False
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_not_our_database(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello, this is no database at all\n" * 50)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE x(y)")
    for name in ("text.db", "other.db"):
        with pytest.raises(NotOurDatabase, match=name):
            remembered_paths(tmp_path / name)
