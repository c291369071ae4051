"""A request id is found by exact match, so only its hash is kept for most calls: 8 bytes instead of 30.

Rows of `request` are never taken back: who finds one looks its event up by (ts, h), and where that is gone or was
replaced by another copy of the same call, the row means nothing. Reader and writer hash alike, here.

An echo, which telemetry tells under the id of a request, has that hash for its identity: so whatever else tells the
request finds its echo without asking this table.
"""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from operator import itemgetter

from tokenmon.events import attempts_of
from tokenmon.store import meta
from tokenmon.store.inserting import Insert

RUN = 10_000
"""A run of so many rows is full. Hashes are random, so inserts touch pages all over a run: a batch of a cold read
makes its own run and appends, while ten million calls have so few runs that a look-up in all takes 2 ms."""

_hash_of = itemgetter(0)


def request_hash(text: str) -> int:
    """Signed 64-bit hash of a request id."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def identity_of_echo(request: int) -> int:
    """The identity of what telemetry tells of a request, from its hash: a call of one attempt."""
    return attempts_of(request)[0]


class Requests:
    """The writing side of `request`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.load()

    def load(self) -> None:
        """Find the run that is being filled."""
        self._run = meta.get_int(self._connection, "run")
        (self._used,) = self._connection.execute("SELECT count(*) FROM request WHERE run = ?", (self._run,)).fetchone()

    def add(self, found: Iterable[tuple[int, int, int]]) -> None:
        """Keep (hash, ts, h) of calls that were stored."""
        rows = sorted(found, key=_hash_of)
        if not rows:
            return
        if self._used >= RUN:
            self._run, self._used = self._run + 1, 0
            meta.put(self._connection, {"run": self._run})
        self._used += len(rows)
        Insert("request", ("run", "rh", "ts", "h"), f"{self._run}, ?, ?, ?").all(self._connection, rows)
