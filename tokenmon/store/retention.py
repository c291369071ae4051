"""Old events go, their roll-ups stay.

The watermark is a full hour and only moves forward. It moves once no hour before it is dirty, since roll-ups are
all that is left afterwards; then the events go, an hour in each transaction, so that nobody waits long.
"""

import sqlite3
import time
from collections.abc import Callable

from tokenmon.store import meta, rollups, sightings
from tokenmon.store.migrations import transaction
from tokenmon.store.schema import HOUR

_DONE = -1


def prune(
    connection: sqlite3.Connection,
    watermark_ms: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Drop events before the watermark until the time is used, at least some; True when none is left."""
    until = clock() + seconds
    return (
        _advance(connection, watermark_ms // HOUR, seconds, clock)
        and _drop_events(connection, until, clock)
        and _drop_requests(connection, until, clock)
    )


def _advance(connection: sqlite3.Connection, hour: int, seconds: float, clock: Callable[[], float]) -> bool:
    current = meta.get_int(connection, "watermark") // HOUR
    if hour <= current:
        return True
    rollups.rebuild(connection, seconds, start=current, end=hour, clock=clock)
    if connection.execute("SELECT 1 FROM dirty WHERE k < ?", (hour,)).fetchone():
        return False
    with transaction(connection):
        history = meta.get_int(connection, "history") + 1
        meta.put(connection, {"watermark": hour * HOUR, "history": history, "pruned_run": 0})
    return True


def _drop_events(connection: sqlite3.Connection, until: float, clock: Callable[[], float]) -> bool:
    watermark = meta.get_int(connection, "watermark")
    while oldest := connection.execute(
        "SELECT ts FROM event WHERE ts < ? ORDER BY ts LIMIT 1", (watermark,)
    ).fetchone():
        end = (oldest[0] // HOUR + 1) * HOUR
        with transaction(connection):
            sightings.forget(connection, end)
            connection.execute("DELETE FROM event WHERE ts < ?", (end,))
            connection.execute("DELETE FROM note WHERE ts < ?", (end,))
        if clock() >= until:
            return False
    return True


def _drop_requests(connection: sqlite3.Connection, until: float, clock: Callable[[], float]) -> bool:
    """Look through one run after another: they are ordered by hash, not by time."""
    watermark, run = meta.get_int(connection, "watermark"), meta.get_int(connection, "pruned_run")
    last = meta.get_int(connection, "run")
    while run != _DONE:
        following = _DONE if run >= last else run + 1
        with transaction(connection):
            connection.execute("DELETE FROM request WHERE run = ? AND ts < ?", (run, watermark))
            meta.put(connection, {"pruned_run": following})
        run = following
        if clock() >= until:
            break
    return run == _DONE
