"""When prices change, what is stored is priced again, a bounded chunk in each transaction.

A price depends on the event's own time and counts, so sums cannot be re-priced; events can, as long as they are
kept. The cost that the producer logged is never touched.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tokenmon.events import Event, Flag
from tokenmon.store import meta, rollups
from tokenmon.store.migrations import transaction
from tokenmon.store.names import Combination, SeriesIds
from tokenmon.store.rows import COST_LIST, COST_LOGGED, PLAIN_COLUMNS, SERIES, SESSION, SOURCE, EventRow, event_of
from tokenmon.store.schema import OVERFLOW
from tokenmon.store.sessions import Sessions
from tokenmon.store.sources import count_doubts

CHUNK = 5_000
"""Events in a transaction."""

_READ = f"SELECT {', '.join(PLAIN_COLUMNS)} FROM event WHERE ts >= ? ORDER BY ts, h LIMIT ?"
_READ_INSTANT = f"SELECT {', '.join(PLAIN_COLUMNS)} FROM event WHERE ts = ?"


class Priced(Protocol):
    """What a price book answers."""

    @property
    def cost(self) -> int | None: ...
    @property
    def priced_as(self) -> str: ...


Price = Callable[[Event], Priced]

Change = tuple[EventRow, Combination, int | None]
"""A row, where it belongs now, and its new list cost."""


class Repricing:
    """One pass over the events, or a part of one."""

    def __init__(self, connection: sqlite3.Connection, series: SeriesIds, sessions: Sessions, price: Price) -> None:
        self._connection = connection
        self._series = series
        self._sessions = sessions
        self._price = price
        self._combinations = series.combinations()

    def run(self, seconds: float, cursor: int | None, clock: Callable[[], float] = time.monotonic) -> int | None:
        """Go on from `cursor` (a time; None: the start) until the time is used; the next cursor, None at the end."""
        until = clock() + seconds
        at = meta.get_int(self._connection, "watermark") if cursor is None else cursor
        while True:
            rows, following = self._read(at)
            changes = [change for row in rows if (change := self._changed(row)) is not None]
            if changes:
                with transaction(self._connection):
                    self._apply(changes)
            if following is None or clock() >= until:
                return following
            at = following

    def _read(self, at: int) -> tuple[list[EventRow], int | None]:
        """The next rows, whole instants only, and where to go on."""
        rows = self._connection.execute(_READ, (at, CHUNK)).fetchall()
        if len(rows) < CHUNK:
            return rows, None
        last = rows[-1][0]
        if last == rows[0][0]:
            return self._connection.execute(_READ_INSTANT, (last,)).fetchall(), last + 1
        return [row for row in rows if row[0] < last], last

    def _changed(self, row: EventRow) -> Change | None:
        names, priced_as, flags = self._combinations[row[SERIES]]
        if OVERFLOW in names:
            return None  # what it was priced by is not known any more
        priced = self._price(event_of(names, flags, row))
        if priced.cost == row[COST_LIST] and priced.priced_as == priced_as:
            return None
        flags = flags & ~Flag.LISTED | (0 if priced.cost is None else Flag.LISTED)
        return row, (names, priced.priced_as, flags), priced.cost

    def _apply(self, changes: list[Change]) -> None:
        self._connection.executemany(
            "UPDATE event SET series = ?, cost_list = ? WHERE ts = ? AND h = ?",
            [(self._series_of(combination), cost, row[0], row[1]) for row, combination, cost in changes],
        )
        self._sessions.reprice(
            ((cost or 0) - (row[COST_LIST] or 0), (cost is None) - (row[COST_LIST] is None), row[SESSION])
            for row, _, cost in changes
            if row[COST_LOGGED] is None and row[SESSION] is not None
        )
        unpriced: Counter[tuple[int, str]] = Counter()
        for row, _, cost in changes:
            if row[COST_LOGGED] is None:
                unpriced[row[SOURCE], "unpriced"] += (cost is None) - (row[COST_LIST] is None)
        count_doubts(self._connection, unpriced)
        rollups.mark(self._connection, rollups.hours_of(row for row, _, _ in changes))
        meta.put(self._connection, {"history": meta.get_int(self._connection, "history") + 1})

    def _series_of(self, combination: Combination) -> int:
        series = self._series.add(combination)
        self._combinations[series] = combination
        return series
