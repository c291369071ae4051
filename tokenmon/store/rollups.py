"""Roll-ups are kept in two ways, and exact at every commit in both.

A live batch adds its aggregates to all levels. A cold one, and whatever takes rows away, marks its hours dirty;
they are rebuilt from the events later. Until then a dirty hour is left alone, so that

    every wider level is the sum of `r1h`, and `r1h` is the truth of every hour that is not dirty.

A rebuild replaces hours and then sums up, level by level, the buckets above them from the next finer level: whole
buckets after many changes, single series after few. Summing up again instead of adding differences keeps first and
last exact and cannot drift. (Should a finer level ever be pruned: only by whole buckets of the widest.)
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise

from tokenmon.store.migrations import transaction
from tokenmon.store.rows import COST_LIST, COST_LOGGED, ERR, EventRow
from tokenmon.store.schema import HOUR, LEVELS, SUMS

_COLUMNS = ("k", "series", *SUMS, "first_ts", "last_ts")
_KEYS_AND_SUMS = ", ".join(_COLUMNS)
_SUMMED = ", ".join(
    {"n": "count(*)", "cost_logged": "coalesce(sum(cost_logged), 0)", "cost_list": "coalesce(sum(cost_list), 0)"}.get(
        column, f"sum({column})"
    )
    for column in SUMS
)
_OF_EVENTS = f"SELECT ?1, series, {_SUMMED}, min(ts), max(ts) FROM event WHERE ts >= ?2 AND ts < ?3 GROUP BY series"
_OF_FINER = f"SELECT ?1, series, {', '.join(f'sum({column})' for column in SUMS)}, min(first_ts), max(last_ts)"

_ADD = {
    level: f"""INSERT INTO {level}({_KEYS_AND_SUMS}) VALUES ({", ".join("?" * len(_COLUMNS))})
ON CONFLICT(k, series) DO UPDATE SET {", ".join(f"{column} = {column} + excluded.{column}" for column in SUMS)},
first_ts = min(first_ts, excluded.first_ts), last_ts = max(last_ts, excluded.last_ts)"""
    for level, _ in LEVELS
}

_FEW_HOURS = 3
"""Up to so many dirty hours are compared with what stands; more are replaced unseen."""

_FEW_SERIES = 200
"""Up to so many changed series of a wide bucket are summed up one by one; each costs a few look-ups."""

_WIDE = LEVELS[3][1]
"""Hours of one such bucket are rebuilt in one transaction, if there is time."""

Aggregates = dict[tuple[int, int], list[int]]
"""(bucket, series) -> SUMS, first, last."""

Touched = dict[int, set[int] | None]
"""Bucket -> series that changed in it, None for all."""


def hours_of(rows: Iterable[EventRow]) -> set[int]:
    """The hours that rows fall into."""
    return {row[0] // HOUR for row in rows}


# -- live


def add(connection: sqlite3.Connection, rows: Iterable[EventRow], dirty: Collection[int]) -> None:
    """Add new rows to every level, except those of dirty hours."""
    finer, width = _aggregate(rows, dirty), HOUR
    for level, wider in LEVELS:
        finer = _widen(finer, wider // width) if wider != width else finer
        width = wider
        connection.executemany(_ADD[level], [(*key, *values) for key, values in sorted(finer.items())])


def _aggregate(rows: Iterable[EventRow], dirty: Collection[int]) -> Aggregates:
    found: Aggregates = {}
    for row in rows:
        ts = row[0]
        hour = ts // HOUR
        if hour in dirty:
            continue
        counts = (1, row[ERR], *row[3:9], row[COST_LOGGED] or 0, row[COST_LIST] or 0)
        _merge(found, (hour, row[2]), counts, ts, ts)
    return found


def _widen(finer: Aggregates, ratio: int) -> Aggregates:
    found: Aggregates = {}
    for (bucket, series), values in finer.items():
        _merge(found, (bucket // ratio, series), values[:-2], values[-2], values[-1])
    return found


def _merge(found: Aggregates, key: tuple[int, int], counts: Sequence[int], first: int, last: int) -> None:
    values = found.get(key)
    if values is None:
        found[key] = [*counts, first, last]
        return
    for i, count in enumerate(counts):
        values[i] += count
    values[-2] = min(values[-2], first)
    values[-1] = max(values[-1], last)


# -- dirty hours


def mark(connection: sqlite3.Connection, hours: Iterable[int]) -> None:
    """These hours are to be rebuilt from the events."""
    connection.executemany("INSERT OR IGNORE INTO dirty(k) VALUES (?)", [(hour,) for hour in sorted(hours)])


def dirty_among(connection: sqlite3.Connection, hours: Iterable[int]) -> set[int]:
    """Those of the hours that are dirty."""
    ask = "SELECT 1 FROM dirty WHERE k = ?"
    return {hour for hour in hours if connection.execute(ask, (hour,)).fetchone()}


def dirty_left(connection: sqlite3.Connection) -> int:
    """How many hours are dirty."""
    count: int = connection.execute("SELECT count(*) FROM dirty").fetchone()[0]
    return count


def rebuild(
    connection: sqlite3.Connection,
    seconds: float,
    *,
    start: int = 0,
    end: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Rebuild dirty hours, oldest first, until the time is used, at least one; returns how many are left.

    Only hours of [start, end) are touched. `start` is the hour of the watermark: the events before it are gone,
    and their roll-ups are all that is left of them.
    """
    until = clock() + seconds
    in_time = True
    while in_time and (hours := _oldest(connection, start, end)):
        with transaction(connection):
            _rebuild_some(connection, hours, lambda: clock() < until)
        in_time = clock() < until
    return dirty_left(connection)


def _oldest(connection: sqlite3.Connection, start: int, end: int | None) -> list[int]:
    """The oldest dirty hours of one wide bucket."""
    ask = "SELECT k FROM dirty WHERE k >= ? AND k < ? ORDER BY k LIMIT ?"
    ratio = _WIDE // HOUR
    hours = [hour for (hour,) in connection.execute(ask, (start, 1 << 62 if end is None else end, ratio))]
    return [hour for hour in hours if hour // ratio == hours[0] // ratio]


def _rebuild_some(connection: sqlite3.Connection, hours: Sequence[int], in_time: Callable[[], bool]) -> None:
    replace = _compare_hour if len(hours) <= _FEW_HOURS else _replace_hour
    touched: Touched = {}
    for hour in hours:
        touched[hour] = replace(connection, hour)
        if not in_time():
            break
    connection.executemany("DELETE FROM dirty WHERE k = ?", [(hour,) for hour in touched])
    for (finer, width), (level, wider) in pairwise(LEVELS):
        touched = _parents(touched, wider // width)
        for bucket, series in touched.items():
            _sum_up(connection, finer, level, wider // width, bucket, series)


def _replace_hour(connection: sqlite3.Connection, hour: int) -> set[int] | None:
    connection.execute("DELETE FROM r1h WHERE k = ?", (hour,))
    connection.execute(f"INSERT INTO r1h({_KEYS_AND_SUMS}) {_OF_EVENTS}", (hour, hour * HOUR, (hour + 1) * HOUR))
    return None


def _compare_hour(connection: sqlite3.Connection, hour: int) -> set[int] | None:
    """Replace what changed in an hour; returns the series that did."""
    old = {row[1]: row for row in connection.execute(f"SELECT {_KEYS_AND_SUMS} FROM r1h WHERE k = ?", (hour,))}
    new = {row[1]: row for row in connection.execute(_OF_EVENTS, (hour, hour * HOUR, (hour + 1) * HOUR))}
    changed = {series for series in old.keys() | new.keys() if old.get(series) != new.get(series)}
    connection.executemany(
        "DELETE FROM r1h WHERE k = ? AND series = ?", [(hour, series) for series in changed & old.keys()]
    )
    connection.executemany(
        f"INSERT INTO r1h({_KEYS_AND_SUMS}) VALUES ({', '.join('?' * len(_COLUMNS))})",
        [new[series] for series in sorted(changed & new.keys())],
    )
    return changed


def _parents(touched: Touched, ratio: int) -> Touched:
    found: Touched = {}
    for bucket, series in touched.items():
        before = found.get(bucket // ratio, set())
        found[bucket // ratio] = None if series is None or before is None else before | series
    return found


def _sum_up(
    connection: sqlite3.Connection, finer: str, level: str, ratio: int, bucket: int, series: set[int] | None
) -> None:
    """Sum up one bucket from the next finer level."""
    if series is None or len(series) > _FEW_SERIES:
        connection.execute(f"DELETE FROM {level} WHERE k = ?", (bucket,))
        connection.execute(
            f"INSERT INTO {level}({_KEYS_AND_SUMS}) {_OF_FINER} FROM {finer} WHERE k >= ?2 AND k < ?3 GROUP BY series",
            (bucket, bucket * ratio, (bucket + 1) * ratio),
        )
        return
    keys = [(bucket, one) for one in sorted(series)]
    children = ", ".join(str(bucket * ratio + i) for i in range(ratio))
    rows = f"FROM {finer} WHERE k IN ({children}) AND series = ?2"
    connection.executemany(f"DELETE FROM {level} WHERE k = ? AND series = ?", keys)
    connection.executemany(f"INSERT INTO {level}({_KEYS_AND_SUMS}) {_OF_FINER} {rows} GROUP BY series", keys)
