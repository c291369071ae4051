"""A database opened for a look or for mending, by plain `sqlite3`, with errors that name the file.

A look never waits for the ingester and never makes it wait: the connection cannot write, and what must agree is read
in one snapshot. Whoever mends is the writer for as long as it takes, and so holds the ingester's lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tokenmon.errors import LockHeld, NoDatabase, NotOurDatabase, TokenmonError
from tokenmon.store.damage import RIGHTS_AND_ROOM, check_is_a_file, damaged, named
from tokenmon.store.lock import Lock, holder
from tokenmon.store.migrations import VERSION, check_is_ours, migrate, number

_BUSY_S = 5


@contextmanager
def looking(database: Path, *, older: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write. NoDatabase, NotOurDatabase; TokenmonError for an older version, unless `older`
    ones will do.
    """
    _check_is_there(database)
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with _named(database), closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S)) as connection:
        check_is_ours(connection)
        if (version := number(connection, "user_version")) < VERSION and not older:
            message = f"{database}: an older tokenmon wrote it, its version {version}, ours {VERSION}"
            raise TokenmonError(message, "an ingester brings it up to date: tokenmon --ingest-only --once")
        connection.execute("PRAGMA query_only=1")
        yield connection


@contextmanager
def mending(database: Path) -> Iterator[sqlite3.Connection]:
    """The writing connection, under the ingester's lock. LockHeld where somebody ingests."""
    _check_is_there(database)
    lock = take_lock(database)
    try:
        with _named(database), closing(sqlite3.connect(database, isolation_level=None, timeout=_BUSY_S)) as connection:
            migrate(connection)
            yield connection
    finally:
        lock.release()


def take_lock(database: Path) -> Lock:
    """The ingester's lock. LockHeld says whom to stop."""
    try:
        return Lock.take(database, wait=False)
    except LockHeld as held:
        found = holder(database)
        who = f"process {found[0]}" if found else "it"
        raise LockHeld(str(held), f"stop {who} first: a service, or every screen on this database") from None


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything read inside is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check_is_there(database: Path) -> None:
    if not database.exists():
        raise NoDatabase(f"there is no database {database}", "`tokenmon databases` lists those that there are")
    check_is_a_file(database)


@contextmanager
def _named(database: Path) -> Iterator[None]:
    """Errors of SQLite and of the first look, with the file's name."""
    try:
        yield
    except (NoDatabase, NotOurDatabase) as error:
        raise named(database, error) from error
    except sqlite3.OperationalError as error:
        raise NoDatabase(f"{database}: {error}", RIGHTS_AND_ROOM) from error
    except sqlite3.DatabaseError as error:
        raise damaged(database, error) from error
