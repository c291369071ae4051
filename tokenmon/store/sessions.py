"""Sessions keep lifetime totals, so that a list of sessions needs no scan; a report over a range scans events.

First and last are those of every line that names the session, also of copies that gave way to a better one:
so they do not depend on the order of arrival. A session all of whose calls gave way stays with n = 0.
"""

import sqlite3
from collections.abc import Iterable

from tokenmon.store.rows import COST_LIST, COST_LOGGED, ERR, SESSION, EventRow, total_of

_MOST_CACHED = 50_000

_CHANGE = """UPDATE session SET n = n + ?, err = err + ?, tokens = tokens + ?, cost = cost + ?, unpriced = unpriced + ?,
first_ts = min(coalesce(first_ts, ?6), ?6), last_ts = max(coalesce(last_ts, ?7), ?7) WHERE id = ?8"""


class Sessions:
    """Ids of sessions, and their totals."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.ids: dict[str, int] = {}

    def load(self) -> None:
        """Forget what may have been rolled back."""
        self.ids = {}

    def trim(self) -> None:
        """Keep the memory bounded, between batches."""
        if len(self.ids) > _MOST_CACHED:
            self.ids = {}

    def resolve(self, name: str) -> int:
        """The id of a session that is not among `ids`."""
        added = self._connection.execute("INSERT OR IGNORE INTO session(name) VALUES (?)", (name,))
        session = added.lastrowid
        if not added.rowcount:
            (session,) = self._connection.execute("SELECT id FROM session WHERE name = ?", (name,)).fetchone()
        assert session is not None
        self.ids[name] = session
        return session

    def change(self, added: Iterable[EventRow], removed: Iterable[EventRow], seen: Iterable[EventRow] = ()) -> None:
        """Count rows in and out; `seen` only widens the span."""
        totals: dict[int, list[int]] = {}
        for sign, rows in ((1, added), (-1, removed), (0, seen)):
            for row in rows:
                session = row[SESSION]
                if session is not None:
                    _count(totals, session, row, sign)
        self._connection.executemany(_CHANGE, [(*values, session) for session, values in totals.items()])

    def reprice(self, changes: Iterable[tuple[int, int, int]]) -> None:
        """Apply (change of cost, change of unpriced, session)."""
        self._connection.executemany(
            "UPDATE session SET cost = cost + ?, unpriced = unpriced + ? WHERE id = ?", changes
        )


def _count(totals: dict[int, list[int]], session: int, row: EventRow, sign: int) -> None:
    ts = row[0]
    values = totals.get(session)
    if values is None:
        values = totals[session] = [0, 0, 0, 0, 0, ts, ts]
    elif ts < values[5]:
        values[5] = ts
    elif ts > values[6]:
        values[6] = ts
    if not sign:
        return
    cost = row[COST_LOGGED]
    if cost is None:
        cost = row[COST_LIST]
    values[0] += sign
    values[1] += sign * row[ERR]
    values[2] += sign * total_of(row)
    if cost is None:
        values[4] += sign
    else:
        values[3] += sign * cost
