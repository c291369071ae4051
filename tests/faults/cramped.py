"""tokenmon with little room: `python -m tests.faults.cramped WHAT SIZE WORDS...` runs `tokenmon WORDS...`.

WHAT is `pages`: the database holds no more than SIZE pages, which SQLite reports as a full disk; or `bytes`: no file
may grow beyond SIZE, which it reports as it does a quota or a disk that fails. SIGUSR1 makes room. It tries again more
often than it does among people.
"""

import resource
import signal
import sqlite3
import sys
from functools import partial
from typing import Any

from tokenmon.cli import main
from tokenmon.ingest import service

MANY = 1 << 30


class Cramped(sqlite3.Connection):
    """A database of at most so many pages; with the next transaction of more."""

    pages = MANY

    def execute(self, statement: str, *bound: Any) -> sqlite3.Cursor:
        """As ever, in the room that there is."""
        if statement == "BEGIN IMMEDIATE":
            super().execute(f"PRAGMA max_page_count={self.pages}")
        return super().execute(statement, *bound)


def _limit_bytes(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size if size != MANY else hard, hard))


def _limit_pages(pages: int) -> None:
    Cramped.pages = pages


if __name__ == "__main__":
    what, size, *words = sys.argv[1:]
    service.RETRY_S = (0.5,)
    limit = {"bytes": _limit_bytes, "pages": _limit_pages}[what]
    sqlite3.connect = partial(sqlite3.connect, factory=Cramped)  # type: ignore[assignment]
    signal.signal(signal.SIGUSR1, lambda number, frame: limit(MANY))
    limit(int(size))
    sys.exit(main(words))
