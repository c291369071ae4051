"""What a status line shows of a database, in a few milliseconds: plain SQL on a connection that only reads.

It says itself what the reader's statements say in general (roll-ups of whole hours, events where an hour is dirty and
at the edges), because to load those takes longer than to ask. Whatever is wrong with a database, from a lock to a
version of long ago, makes a value unknown and is never an error.
"""

import os
import sqlite3
from typing import NamedTuple

HOUR = 3_600_000
ALIVE_S = 60
"""An ingester that gave no sign of life for so long reads nothing new."""

_LOGGED, _LISTED = 16, 32
"""`events.Flag`, which would load too much; a test holds them together."""

_ROLLED = f"""
SELECT sum(CASE WHEN s.flags & {_LOGGED} THEN r.cost_logged WHEN s.flags & {_LISTED} THEN r.cost_list END),
  sum(CASE WHEN s.flags & {_LOGGED | _LISTED} THEN 0 ELSE r.n END), sum(r.n)
FROM r1h r JOIN series s ON s.id = r.series
WHERE r.k >= ? AND r.k < ? AND r.k NOT IN (SELECT k FROM dirty)"""
_EVENTS = """
SELECT sum(coalesce(cost_logged, cost_list)), sum(cost_logged IS NULL AND cost_list IS NULL), count(*)
FROM event WHERE ts >= ? AND ts < ?"""
_DIRTY = "SELECT k FROM dirty WHERE k >= ? AND k < ?"
_SESSION = "SELECT cost, unpriced, n FROM session WHERE name = ?"
_LIMITS = "SELECT name, used, resets_at FROM allowance WHERE plan = '' ORDER BY ts"


class Cost(NamedTuple):
    """A sum of shown costs."""

    nano: int | None
    """Nano-USD; None where none is known."""
    misses: bool
    """Some calls have no known cost."""


class Told(NamedTuple):
    """One official limit, as it was last told."""

    name: str
    used: float
    """Percent."""
    resets_at: int | None
    """UTC milliseconds."""


class Glance(NamedTuple):
    """What is known at this moment; None is unknown."""

    today: Cost | None = None
    session: Cost | None = None
    """None also where the session is not known yet."""
    hour: Cost | None = None
    """Of the sixty minutes up to now."""
    limits: tuple[Told, ...] = ()
    """Those without a plan, as Claude Code tells them."""
    as_of: int | None = None
    """When somebody who ingests was last seen, UTC milliseconds, where that is too long ago; None while one does."""


def glance(database: str, session: str, today: tuple[int, int], now_ms: int) -> Glance:
    """Look at a database once. `today` is the day's span, UTC milliseconds."""
    try:
        connection = sqlite3.connect(f"file:{_quoted(database)}?mode=ro", uri=True, timeout=0, isolation_level=None)
    except sqlite3.Error:
        return Glance()
    try:
        connection.execute("BEGIN").close()
        return Glance(
            _cost(connection, *today),
            _session(connection, session),
            _cost(connection, now_ms - HOUR, now_ms + 1),
            _limits(connection),
            _as_of(database, now_ms),
        )
    except sqlite3.Error:
        return Glance()
    finally:
        connection.close()


def _quoted(path: str) -> str:
    """A path as a part of a URI."""
    for sign in "%?#":
        path = path.replace(sign, f"%{ord(sign):02x}")
    return os.path.abspath(path)


def _cost(connection: sqlite3.Connection, start: int, end: int) -> Cost | None:
    """The shown cost of a span."""
    try:
        found = [connection.execute(question, bound).fetchone() for question, bound in _parts(connection, start, end)]
    except sqlite3.Error:
        return None
    costs, unpriced, calls = zip(*found, strict=True)
    known = [cost for cost in costs if cost is not None]
    if not sum(filter(None, calls)):
        return Cost(0, False)
    return Cost(sum(known) if known else None, bool(sum(filter(None, unpriced))))


def _parts(connection: sqlite3.Connection, start: int, end: int) -> list[tuple[str, tuple[int, int]]]:
    """Whole hours from their roll-ups, the rest and dirty hours from the events."""
    first, last = -(-start // HOUR), end // HOUR
    if first >= last:
        return [(_EVENTS, (start, end))]
    dirty = [(hour * HOUR, (hour + 1) * HOUR) for (hour,) in connection.execute(_DIRTY, (first, last))]
    edges = [(low, high) for low, high in ((start, first * HOUR), (last * HOUR, end)) if low < high]
    return [(_ROLLED, (first, last)), *((_EVENTS, span) for span in (*edges, *dirty))]


def _session(connection: sqlite3.Connection, session: str) -> Cost | None:
    """What a session has cost in its life."""
    try:
        row = connection.execute(_SESSION, (session,)).fetchone() if session else None
    except (sqlite3.Error, UnicodeError):
        return None
    return None if row is None else Cost(row[0] if row[2] > row[1] else None, row[1] > 0)


def _limits(connection: sqlite3.Connection) -> tuple[Told, ...]:
    """None in a database of a version that knew none."""
    try:
        return tuple(Told(*row) for row in connection.execute(_LIMITS))
    except sqlite3.Error:
        return ()


def _as_of(database: str, now_ms: int) -> int | None:
    """By the lock, which whoever ingests touches every two seconds."""
    try:
        seen = os.stat(f"{database}.lock").st_mtime_ns // 1_000_000
    except OSError:
        return None
    return seen if now_ms - seen > ALIVE_S * 1_000 else None
