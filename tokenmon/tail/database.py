"""Another program's SQLite database is read without a trace: nothing is written, locked for long, or left beside it.

Where a write-ahead log stands beside the file, rows are read from both. Where there is none, the file is all there is;
then SQLite is told that nobody changes it, because otherwise it would make a log and leave it there. Whether that was
true, the state of the file says afterwards.

SQL that the database brings along (views, triggers) is not trusted, and whatever is asked ends after a while.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tokenmon.tail.content import digest, open_regular

MAGIC = b"SQLite format 3\0"
LOG = "-wal"
"""What the name of a database's write-ahead log ends in."""

LARGEST = 16 << 20
"""Bytes of one value; a row with a larger one is not read."""

PATIENCE_S = 2.0
"""Longest time that one look may take."""

_STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock: a few milliseconds."""

Place = tuple[int, int | str]
"""Where a row stands: its cursor, and its key among those with the same cursor."""

_AFTER = """WITH place(cursor, key) AS ({}) SELECT cursor, key FROM place
WHERE typeof(cursor) = 'integer' AND typeof(key) IN ('integer', 'text') AND (cursor > ?1 OR (cursor = ?1 AND key > ?2))
ORDER BY cursor, key LIMIT ?3"""


class Changed(Exception):
    """The database was written while it was read: what was read may be torn, and has to be read again."""


class TooSlow(Exception):
    """The database was not read in `PATIENCE_S`."""


class AnotherShape(Exception):
    """The database has not the tables that were asked for."""


class TooLarge(Exception):
    """The row holds a larger value than is read."""


class Database:
    """One look at a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def places(self, select: str, after: Place, most: int) -> list[Place]:
        """The next places that `select` (cursor, key) gives, in order. Raises AnotherShape where it cannot be asked."""
        try:
            return self._connection.execute(_AFTER.format(select), (*after, most)).fetchall()
        except sqlite3.OperationalError as error:
            if _code(error) == sqlite3.SQLITE_ERROR:
                raise AnotherShape(str(error)) from error
            raise

    def record(self, select: str, key: int | str) -> bytes | None:
        """The text that `select` gives for a key; None where there is none. Raises TooLarge and AnotherShape."""
        try:
            row = self._connection.execute(select, (key,)).fetchone()
        except sqlite3.Error as error:
            if _code(error) == sqlite3.SQLITE_TOOBIG:
                raise TooLarge(str(error)) from error
            if _code(error) == sqlite3.SQLITE_ERROR:
                raise AnotherShape(str(error)) from error
            raise
        return row[0].encode("utf-8", "replace") if row and isinstance(row[0], str) else None


def state_of(path: str) -> bytes:
    """Stands for the state of a database and its log: it differs when either was written. Raises OSError."""
    states = [os.stat(path, follow_symlinks=False)]
    with suppress(FileNotFoundError):
        states.append(os.stat(path + LOG, follow_symlinks=False))
    return digest(repr([(each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in states]).encode())


@contextmanager
def reading(path: str) -> Iterator[Database]:
    """The database at `path` as it is now. Raises OSError where it cannot be read, TooSlow, and Changed at the end."""
    os.close(open_regular(path))
    before = state_of(path)
    alone = not any(os.path.exists(path + suffix) for suffix in (LOG, "-journal"))
    address = f"{Path(path).absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.2)) as connection:
            _restrict(connection)
            connection.execute("BEGIN")
            yield Database(connection)
    except sqlite3.Error as error:
        if alone and state_of(path) != before:
            raise Changed from error
        if _code(error) == sqlite3.SQLITE_INTERRUPT:
            raise TooSlow(str(error)) from error
        raise OSError(0, f"database cannot be read: {error}", path) from error
    if alone and state_of(path) != before:
        raise Changed


def _restrict(connection: sqlite3.Connection) -> None:
    connection.text_factory = _text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
        connection.execute(f"PRAGMA {pragma}")
    until = time.monotonic() + PATIENCE_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
