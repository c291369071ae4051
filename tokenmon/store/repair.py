"""What can be rebuilt is: all that is made of events and names. What the events lost is told, not made up.

A source that went missing comes back as one that is gone, as its calls are right without it; one whose offset cannot be
is read from its start, where what is known counts once. Events without names are
removed, as nobody can say what they were. Buckets from before the watermark stay as they are: of finer and wider ones
that disagree, nobody knows which is right.
"""

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

from tokenmon.store import meta, rollups
from tokenmon.store.migrations import transaction
from tokenmon.store.schema import HOUR, LEVELS, SUMS
from tokenmon.store.verify import (
    ARE_KEPT,
    ORPHANS,
    SESSION_TOTALS,
    TOTALS,
    counts,
    damages,
    wrong_buckets,
    wrong_hours,
    wrong_sources,
)

LOST = b"(lost)"
"""The path of a source whose row went missing."""

_FIND_SOURCE = f"""INSERT INTO source(id, path, dev, ino, lineage, off, head, head_size, tail, tail_size, skipping,
size, mtime_ns, dialect, state, gone, first_seen, last_seen)
SELECT source, x'{LOST.hex()}', 0, 0, 0, max(off) + 1, x'', 0, x'', 0, 0, 0, 0, '', x'', 1, min(ts), max(ts) FROM event
WHERE source NOT IN (SELECT id FROM source) GROUP BY source"""

_READ_AGAIN = """UPDATE source SET off = 0, head = x'', head_size = 0, tail = x'', tail_size = 0, skipping = 0,
size = 0, mtime_ns = 0, state = x''"""

_SET = "{0} = CASE WHEN w.kept THEN coalesce(w.{0}, 0) ELSE max(session.{0}, coalesce(w.{0}, 0)) END"
_COUNT_SESSIONS = f"""WITH told AS MATERIALIZED ({SESSION_TOTALS}),
wanted AS (SELECT session.id, {ARE_KEPT} AS kept, told.* FROM session LEFT JOIN told ON told.id = session.id)
UPDATE session SET
{", ".join(map(_SET.format, TOTALS))},
first_ts = min(coalesce(session.first_ts, w.first_ts), coalesce(w.first_ts, session.first_ts)),
last_ts = max(coalesce(session.last_ts, w.last_ts), coalesce(w.last_ts, session.last_ts))
FROM wanted AS w WHERE w.id = session.id"""


def repair(connection: sqlite3.Connection) -> Iterator[str]:
    """Rebuild, telling each step that changed anything. Whoever calls it holds the lock, and verifies again."""
    if damages(connection):
        connection.execute("REINDEX")
        yield "made the indexes anew"
        if damages(connection):
            yield "the file itself is damaged: restore a backup, or move it aside and let the logs be read anew"
            return
    yield from _mend_orphans(connection)
    with transaction(connection):
        connection.execute("INSERT INTO series_fts(series_fts) VALUES ('rebuild')")
    yield "made the search index anew"
    yield from _roll_up(connection)
    with transaction(connection):
        watermark = meta.get_int(connection, "watermark")
        connection.execute(_COUNT_SESSIONS, (watermark,))
        _count(connection, is_whole=not watermark)
        meta.put(connection, {"history": meta.get_int(connection, "history") + 1})
        again = wrong_sources(connection)
        connection.executemany(f"{_READ_AGAIN} WHERE id = ?", [(source,) for source in again])
    yield "counted sessions, sources and doubts anew"
    if again:
        yield f"{len(again):,} logs are read from their start by the next ingester; what is known counts once"


def _mend_orphans(connection: sqlite3.Connection) -> Iterator[str]:
    with transaction(connection):
        if found := connection.execute(_FIND_SOURCE).rowcount:
            yield f"gave {found:,} lost sources a row; where their logs are is not known any more"
        for what, table, condition, remedy in ORPHANS:
            done = connection.execute(f"{remedy or f'DELETE FROM {table}'} WHERE {condition}").rowcount
            if done:
                yield f"removed {done:,} {what}"


def _roll_up(connection: sqlite3.Connection) -> Iterator[str]:
    hours = wrong_hours(connection)
    with transaction(connection):
        rollups.mark(connection, hours)
    start = meta.get_int(connection, "watermark") // HOUR
    rollups.rebuild(connection, float("inf"), start=start)
    if hours:
        yield f"rolled up {len(hours):,} hours anew"
    for (finer, width), (level, wider) in pairwise(LEVELS):
        ratio = wider // width
        buckets = [bucket for bucket in wrong_buckets(connection).get(level, ()) if bucket * wider >= start * HOUR]
        with transaction(connection):
            for bucket in buckets:
                _sum_up(connection, finer, level, ratio, bucket)
        if buckets:
            yield f"summed up {len(buckets):,} buckets of {level} anew"


def _sum_up(connection: sqlite3.Connection, finer: str, level: str, ratio: int, bucket: int) -> None:
    summed = ", ".join(f"sum({column})" for column in SUMS)
    connection.execute(f"DELETE FROM {level} WHERE k = ?", (bucket,))
    connection.execute(
        f"INSERT INTO {level}(k, series, {', '.join(SUMS)}, first_ts, last_ts)"
        f" SELECT ?1, series, {summed}, min(first_ts), max(last_ts) FROM {finer}"
        " WHERE k >= ?2 AND k < ?3 GROUP BY series",
        (bucket, bucket * ratio, (bucket + 1) * ratio),
    )


def _count(connection: sqlite3.Connection, *, is_whole: bool) -> None:
    """Tallies and doubts; at least what the events say where some were pruned."""
    events, doubtful = counts(connection)
    if is_whole:
        connection.execute("UPDATE source SET events = 0")
        connection.execute("DELETE FROM doubt")
    connection.executemany(
        "UPDATE source SET events = max(events, ?) WHERE id = ?", [(n, source) for (source, _), n in events.items()]
    )
    connection.executemany(
        "INSERT INTO doubt(source, name, n) VALUES (?, ?, ?)"
        " ON CONFLICT(source, name) DO UPDATE SET n = max(n, excluded.n)",
        [(*key, n) for key, n in doubtful.items()],
    )
