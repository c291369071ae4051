"""The way from any released schema to the newest: numbered functions, each in one transaction with its number.

Old migrations are never edited. The number is `user_version`, so a half-done migration does not exist, and a
database of a later tokenmon is refused instead of being guessed at.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tokenmon.errors import NewerDatabase, NoDatabase, NotOurDatabase
from tokenmon.store.damage import OTHER_NAME, UPGRADE
from tokenmon.store.schema import APPLICATION_ID, INITIAL, SECOND, SECOND_DATA


def m001(connection: sqlite3.Connection) -> None:
    """The first schema."""
    for statement in statements_of(INITIAL):
        connection.execute(statement)


def m002(connection: sqlite3.Connection) -> None:
    """Where numbers come from, official limits."""
    for statement in statements_of(SECOND + SECOND_DATA):
        connection.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (m001, m002)
"""Migration i brings a database from version i to i + 1."""

VERSION = len(MIGRATIONS)

SETTINGS = """
PRAGMA page_size=8192;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
PRAGMA cache_size=-32768;
PRAGMA mmap_size=0;
PRAGMA temp_store=MEMORY;
PRAGMA secure_delete=OFF;
PRAGMA cell_size_check=ON;
PRAGMA wal_autocheckpoint=4000;
PRAGMA journal_size_limit=67108864;
"""
"""Of the writing connection. A mapped file counts as the ingester's memory, and it mostly writes: none is mapped.
`trusted_schema` stays on, as SQLite lets no trigger write a full-text index without it; readers turn it off."""


def statements_of(script: str) -> Iterator[str]:
    """The single statements of a script: `executescript` would commit before it starts."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. It takes the write lock at once, as a read that turns into a write fails without waiting."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def number(connection: sqlite3.Connection, pragma: str) -> int:
    """The integer that a pragma answers."""
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


IDENTITY = ("schema_version", "application_id", "user_version")
"""The pragmas that tell whose a database is."""


def check_is_ours(connection: sqlite3.Connection) -> None:
    """The same as `check_identity`, of a connection. sqlite3.Error where it cannot be asked."""
    check_identity(*(number(connection, pragma) for pragma in IDENTITY))


def check_identity(schema_version: int, application_id: int, version: int) -> None:
    """Raise NotOurDatabase or NewerDatabase, or NoDatabase where nothing was created yet."""
    if schema_version == 0 and application_id == 0:
        raise NoDatabase("nothing is in the database yet", "an ingester fills it: tokenmon --ingest-only")
    if application_id != APPLICATION_ID:
        raise NotOurDatabase("the file is a database of another program", OTHER_NAME)
    if version > VERSION:
        raise NewerDatabase(f"a newer tokenmon wrote the database, its version {version}, ours {VERSION}", UPGRADE)


def configure(connection: sqlite3.Connection) -> None:
    """Set up the writing connection. Before the first table, because the page size is fixed with it."""
    for statement in statements_of(SETTINGS):
        connection.execute(statement).fetchall()


def migrate(connection: sqlite3.Connection) -> None:
    """Check that the database is ours or empty, and bring it to the newest version.

    NotOurDatabase, NewerDatabase; sqlite3.Error is for whoever knows the file.
    """
    with suppress(NoDatabase):
        check_is_ours(connection)
    configure(connection)
    while number(connection, "user_version") < VERSION:
        with transaction(connection):
            version = number(connection, "user_version")
            if version < VERSION:  # still: where no lock holds, somebody else may have been quicker
                MIGRATIONS[version](connection)
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={version + 1}")
