"""What is wrong with a database, in one line with what to do about it. Nothing is mended unasked."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokenmon.errors import CannotCreateDatabase, NoDatabase, NotOurDatabase

RIGHTS_AND_ROOM = "look at its rights, and at the room on its disk"
"""What to do about a database that cannot be opened."""
OTHER_NAME = "give --db the name of another file"
UPGRADE = f"upgrade tokenmon, or {OTHER_NAME}"
_MENDING = "`tokenmon verify --repair` mends what can be; else restore a backup, or move it aside and start again"


def damaged(database: Path, reason: object) -> NotOurDatabase:
    """What is said of a file that SQLite cannot make sense of."""
    if getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return NotOurDatabase(f"{database}: the file is no database", OTHER_NAME)
    return NotOurDatabase(f"{database}: the database is damaged: {reason}", _MENDING)


def cannot_write(database: Path, reason: object) -> CannotCreateDatabase:
    """What is said of a database that cannot be made or written at the start."""
    hint = f"{RIGHTS_AND_ROOM}, or name another place with --db"
    return CannotCreateDatabase(f"cannot write the database {database}: {reason}", hint)


def named(database: Path, error: NoDatabase | NotOurDatabase) -> NoDatabase | NotOurDatabase:
    """What is said of a database that was only known as a connection."""
    return type(error)(f"{database}: {error}", error.hint)


@contextmanager
def damage_is_named(database: Path) -> Iterator[None]:
    """NotOurDatabase where SQLite finds damage. A lock, a full disk or a value that does not fit is none."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise damaged(database, error) from error


def check_is_a_file(database: Path) -> None:
    """NotOurDatabase for what is there and no file, and for a file of no bytes with a log that has some: SQLite would
    take it for new, and remove the log.

    OSError is for whoever opens the file.
    """
    with suppress(OSError):
        if not database.is_file() and database.exists():
            kind = "a directory, not a database" if database.is_dir() else "not a file"
            raise NotOurDatabase(f"{database} is {kind}", "give --db the name of a file")
        if database.stat().st_size == 0 < os.stat(f"{database}-wal").st_size:
            raise damaged(database, "it is empty, though its log is not")
