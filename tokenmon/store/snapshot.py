"""One question is one read transaction: everything it asks is of one moment, and nothing is held between questions.

A transaction that stayed open would keep the writer's log from shrinking, and one that did not span the question
would add up two moments. Errors of SQLite end here; what comes out is one of ours, which a face can print.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from tokenmon.errors import NoDatabase, NotOurDatabase
from tokenmon.store.damage import RIGHTS_AND_ROOM, check_is_a_file, damaged, named
from tokenmon.store.migrations import IDENTITY, VERSION, check_identity
from tokenmon.store.statements import CLASSES

_BUSY_S = 5.0
_SETTINGS = (
    "PRAGMA mmap_size=1073741824",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    *(f"CREATE TEMP TABLE {table}(id INTEGER PRIMARY KEY, class INTEGER NOT NULL)" for table in CLASSES),
    "PRAGMA query_only=1",
)

Row = tuple[Any, ...]


_Names = dict[str, object]
"""What the tables of classes hold, by table."""


class Snapshot:
    """The database at one moment."""

    def __init__(self, connection: aiosqlite.Connection, classes: _Names) -> None:
        self._connection = connection
        self._classes = classes

    async def all(self, statement: str, bound: Sequence[object] = ()) -> list[Row]:
        """Every row at once: a round trip to the thread costs more than a thousand rows."""
        return list(await self._connection.execute_fetchall(statement, bound))  # type: ignore[arg-type]

    async def revision(self) -> int:
        """A number that differs after every commit of somebody else. As a question, it also takes the snapshot."""
        ((version,),) = await self.all("PRAGMA data_version")
        return int(version)

    async def classify(self, name: object, classes: Mapping[int, int], table: str = CLASSES[0]) -> None:
        """Say which class every series belongs to, for statements that add up by class; nothing if `name` says so now.

        A table with an index, because SQLite makes none for a JSON list, and then reads the list for every row.
        """
        if self._classes.get(table) == name:
            return
        await self.all("PRAGMA query_only=0")
        await self.all(f"DELETE FROM temp.{table}")
        await self.all(f"INSERT INTO temp.{table} SELECT key, value FROM json_each(?)", (json.dumps(classes),))
        await self.all("PRAGMA query_only=1")
        self._classes[table] = name

    async def one(self, statement: str, bound: Sequence[object] = ()) -> Row | None:
        """The first row, None where there is none."""
        rows = await self.all(statement, bound)
        return rows[0] if rows else None


class Snapshots:
    """A read-only connection that gives out one snapshot at a time."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection
        self._closed = False
        self._turn = asyncio.Lock()
        self._classes: _Names = {}

    @classmethod
    async def open(cls, path: Path) -> "Snapshots":
        """Connect, raising NoDatabase, NotOurDatabase or NewerDatabase.

        Whoever is cancelled meanwhile waits until it is open and closes it: the thread of a connection that nobody
        closes would keep the process from ending.
        """
        opening = asyncio.ensure_future(cls._open(path))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await _in_spite_of_cancelling(opening)
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()
            raise

    @classmethod
    async def _open(cls, path: Path) -> "Snapshots":
        _look(path)
        uri = path.absolute().as_uri() + "?mode=ro"
        with _explained(path):
            connection = await aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S)
        snapshots = cls(path, connection)
        try:
            with _explained(path):
                await snapshots._check()
        except BaseException:
            await snapshots.close()
            raise
        return snapshots

    async def _check(self) -> None:
        for setting in _SETTINGS:
            await self._connection.execute_fetchall(setting)
        async with self.take() as snapshot:
            schema, application, version = [(await snapshot.all(f"PRAGMA {pragma}"))[0][0] for pragma in IDENTITY]
        try:
            check_identity(schema, application, version)
        except (NoDatabase, NotOurDatabase) as error:
            raise named(self.path, error) from error
        if version < VERSION:
            raise NoDatabase(
                f"{self.path}: an older tokenmon wrote it, its version {version}, ours {VERSION}",
                "an ingester of this version brings it up to date; restart the one that runs, or start one",
            )

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator[Snapshot]:
        """A snapshot for one question. A cancelled question is interrupted, so that the next one need not wait."""
        async with self._my_turn():
            with _explained(self.path):
                try:
                    await self._connection.execute_fetchall("BEGIN")
                    yield Snapshot(self._connection, self._classes)
                except BaseException as error:
                    self._classes.clear()
                    if isinstance(error, asyncio.CancelledError):
                        await self._connection.interrupt()
                    # Queued before it is awaited, so it comes before the next question even if we are cancelled here.
                    await self._connection.rollback()
                    raise
                # Nothing was written but the table of classes, which is to stay.
                await self._connection.commit()

    @contextlib.asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        async with self._turn:
            if self._closed:
                raise NoDatabase(f"{self.path} is not open any more")
            yield

    async def revision(self) -> int:
        """A number that changes whenever another process has committed."""
        async with self._my_turn():
            with _explained(self.path):
                ((version,),) = await self._connection.execute_fetchall("PRAGMA data_version")
                return int(version)

    async def close(self) -> None:
        """End the connection and its thread once the present question is answered; a later one is a NoDatabase.

        Whoever is cancelled meanwhile waits for it all the same: a thread that is left behind answers a loop that is
        gone.
        """
        closing = asyncio.ensure_future(self._close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await _in_spite_of_cancelling(closing)
            raise

    async def _close(self) -> None:
        async with self._turn:
            self._closed = True
            if self._connection._thread.is_alive():  # one that died answers nobody
                await self._connection.close()


async def _in_spite_of_cancelling(task: asyncio.Future[Any]) -> None:
    """Wait until it is done, however often we are cancelled; its result or error stays in it."""
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])


def _look(path: Path) -> None:
    """Tell a missing or unreadable file before SQLite calls both `unable to open database file`."""
    check_is_a_file(path)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        raise NoDatabase(f"no database at {path}", "tokenmon --ingest-only makes one") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NoDatabase(f"cannot read {path}: {reason}", RIGHTS_AND_ROOM) from None


@contextlib.contextmanager
def _explained(path: Path) -> Any:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise NoDatabase(f"cannot read {path}: {error}", RIGHTS_AND_ROOM) from error
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
