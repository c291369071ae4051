"""What the screen asks the store, and what can go wrong: the one place that knows how a reader fails."""

import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tokenmon.errors import NoDatabase, TokenmonError
from tokenmon.store.reader import Reader
from tokenmon.view import View

STORE_ERRORS = (TokenmonError, sqlite3.Error, OSError)
"""How a question to the store fails while the screen runs; the last good numbers stay."""


FRESH_NS = 1_000_000_000
"""Nanoseconds after which what was written is seen by all."""


@dataclass(frozen=True)
class Question:
    """One moment's view of one state of the store; a panel's answer is as old as its question."""

    reader: Reader
    view: View
    now: int
    """UTC milliseconds, the end of relative ranges."""
    revision: int
    """Grows whenever the store changed or the user asked anew."""


def _written(path: Path) -> list[tuple[int, int]]:
    """When the database and its log were written to (nanoseconds), and how long they are; they may be gone."""
    told = []
    for file in (path, path.with_name(path.name + "-wal")):
        with suppress(FileNotFoundError):
            status = file.stat()
            told.append((status.st_mtime_ns, status.st_size))
    return told


class Connection:
    """The reader of a database that may not exist yet, may vanish and may fail.

    A viewer never creates a database: while there is none, it waits.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reader: Reader | None = None
        self.error = ""
        """Why the last question failed; empty where it did not."""
        self._seen: tuple[int, int] | None = None
        self._place: tuple[int, int] | None = None
        self._retired: list[Reader] = []
        self._closed = False
        self._written: list[tuple[int, int]] = []

    @property
    def waiting(self) -> bool:
        """There is no database, or none any more."""
        return self._place is None and not self.error

    @property
    def has_retired(self) -> bool:
        """Whether there are readers of earlier files."""
        return bool(self._retired)

    async def poll(self) -> bool:
        """Whether something differs since the last call: new data, a new file, an error or the end of one.

        The database is only asked where it or its log was written to: to ask wakes a thread. As a clock of files may
        stand still for some milliseconds, and a commit is seen a little after it was written, that is a second more.
        """
        before = self.error, self._seen, self._place
        try:
            await self._follow_file()
            if self.reader is not None and self._may_differ():
                self._seen = (id(self.reader), await self.reader.revision())
            self.error = ""
        except NoDatabase:
            self.error = ""
        except STORE_ERRORS as error:
            self.error = str(error) or type(error).__name__
        return before != (self.error, self._seen, self._place)

    def _may_differ(self) -> bool:
        written = _written(self.path)
        before, self._written = self._written, written
        newest = max((at for at, _ in written), default=0)
        return bool(self.error) or before != written or time.time_ns() - newest < FRESH_NS

    async def _follow_file(self) -> None:
        """Open the file that the path leads to; a replaced one anew. Until that succeeds, the old one answers."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._place = None
            return
        place = (status.st_dev, status.st_ino)
        if self.reader is None or place != self._place:
            reader = await Reader.open(self.path)
            if self._closed:
                await reader.close()
                return
            if self.reader is not None:
                self._retired.append(self.reader)
            self.reader, self._place, self._written = reader, place, []

    async def close_retired(self, in_use: Reader | None) -> None:
        """Let go of readers of earlier files, except one that a question may still be put to."""
        for reader in [reader for reader in self._retired if reader is not in_use]:
            self._retired.remove(reader)
            await reader.close()

    async def close(self) -> None:
        """Let go of everything for good; a file that is being opened is closed by whoever opens it."""
        self._closed = True
        if self.reader is not None:
            self._retired.append(self.reader)
            self.reader = None
        await self.close_retired(None)
