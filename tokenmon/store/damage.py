"""What SQLite complains of, in one line with what to do about it. Nothing is mended unasked."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokenmon.errors import CannotCreateDatabase, NotOurDatabase
from tokenmon.store.files import RIGHTS_AND_ROOM
from tokenmon.store.migrations import DAMAGED, OTHER_NAME


def damaged(database: Path, reason: object) -> NotOurDatabase:
    """What is said of a file that SQLite cannot make sense of."""
    if getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return NotOurDatabase(f"{database}: the file is no database", OTHER_NAME)
    return NotOurDatabase(f"{database}: the database is damaged: {reason}", DAMAGED)


def cannot_write(database: Path, reason: object) -> CannotCreateDatabase:
    """What is said of a database that cannot be written at the start."""
    return CannotCreateDatabase(f"cannot write the database {database}: {reason}", RIGHTS_AND_ROOM)


@contextmanager
def damage_is_named(database: Path) -> Iterator[None]:
    """NotOurDatabase where SQLite finds damage. A lock, a full disk or a value that does not fit is none."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise damaged(database, error) from error


def check_is_not_emptied(database: Path) -> None:
    """NotOurDatabase for a file of no bytes with a log that has some: SQLite would take it for new, and remove the log.

    OSError is for whoever opens the file.
    """
    with suppress(OSError):
        if os.stat(database).st_size == 0 < os.stat(f"{database}-wal").st_size:
            raise damaged(database, "it is empty, though its log is not")
