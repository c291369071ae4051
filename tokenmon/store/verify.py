"""What must hold of a database, checked beside a running ingester: nothing is written, no snapshot is kept for long.

Roll-ups are compared with the events hour by hour, except for hours marked dirty, whose roll-ups nobody trusts, and
for those before the watermark, whose events are gone. Sums over all time (sessions, tallies, doubts) are exact while
nothing was pruned, and afterwards at least what the events say.
"""

import math
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from typing import NamedTuple

from tokenmon import doubts
from tokenmon.exact import instant
from tokenmon.source import ARCHIVES, HEAD, TAIL
from tokenmon.store import meta
from tokenmon.store.migrations import statements_of
from tokenmon.store.opening import snapshot
from tokenmon.store.schema import HOUR, LEVELS, SERIES, SUMS
from tokenmon.store.sources import signed
from tokenmon.text import many, sanitise

AT_ONCE = LEVELS[3][1] // HOUR
"""Hours compared in one snapshot."""

_MOST_TOLD = 5
"""Complaints of SQLite that are told."""

_SUMMED = ", ".join("count(*)" if column == "n" else f"coalesce(sum({column}), 0)" for column in SUMS)
_COLUMNS = f"k, series, {', '.join(SUMS)}, first_ts, last_ts"
_ROLLED = f"SELECT {_COLUMNS} FROM r1h WHERE k >= ?1 AND k < ?2 AND k NOT IN (SELECT k FROM dirty)"
_COUNTED = f"""SELECT ts / {HOUR}, series, {_SUMMED}, min(ts), max(ts) FROM event
WHERE ts >= ?1 * {HOUR} AND ts < ?2 * {HOUR} AND ts / {HOUR} NOT IN (SELECT k FROM dirty) GROUP BY 1, 2"""
_NEXT = f"""SELECT min(k) FROM (SELECT min(k) AS k FROM r1h WHERE k >= ?1
UNION ALL SELECT min(ts) / {HOUR} FROM event WHERE ts >= ?1 * {HOUR})"""

TOTALS = ("n", "err", "tokens", "cost", "unpriced")
"""What a session adds up."""

SESSION_TOTALS = """SELECT session AS id, count(*) AS n, sum(err) AS err,
sum(input + cache_read + cache_write_5m + cache_write_1h + output) AS tokens,
sum(coalesce(cost_logged, cost_list, 0)) AS cost, sum(cost_logged IS NULL AND cost_list IS NULL) AS unpriced,
min(ts) AS first_ts, max(ts) AS last_ts FROM event WHERE session IS NOT NULL GROUP BY session"""
"""Sessions as their events tell them."""

ARE_KEPT = "coalesce(session.first_ts, ?1) >= ?1"
"""Whether none of a session's events can have been pruned."""

_WRONG_SESSIONS = f"""WITH told AS MATERIALIZED ({SESSION_TOTALS})
SELECT count(*) FROM session LEFT JOIN told ON told.id = session.id WHERE
({ARE_KEPT} AND ({" OR ".join(f"session.{name} <> coalesce(told.{name}, 0)" for name in TOTALS)}))
OR session.n < coalesce(told.n, 0) OR session.first_ts > told.first_ts OR session.last_ts < told.last_ts"""

TALLIES = "SELECT source, series, count(*), max(off) FROM event GROUP BY source, series"
"""How many events every source has, by series, and where the last of its lines begins."""

_PLACES = """SELECT id, path, dev, ino, mtime_ns, off, head, head_size, tail, tail_size
FROM source WHERE kind = 'lines' AND NOT gone"""


class Orphans(NamedTuple):
    """Rows that belong to something that is not there."""

    what: str
    table: str
    condition: str
    remedy: str = ""
    """What is done about them instead of removing them: an UPDATE without its condition."""


ORPHANS = (
    Orphans("events without names", "event", "series NOT IN (SELECT id FROM series)"),
    *(Orphans(f"rows of {level} without names", level, "series NOT IN (SELECT id FROM series)") for level, _ in LEVELS),
    Orphans("events without a source", "event", "source NOT IN (SELECT id FROM source)"),
    Orphans(
        "links of events to lost sessions",
        "event",
        "session IS NOT NULL AND session NOT IN (SELECT id FROM session)",
        "UPDATE event SET session = NULL",
    ),
    Orphans(
        "notes without an event",
        "note",
        "NOT EXISTS (SELECT 1 FROM event WHERE event.ts = note.ts AND event.h = note.h)",
    ),
    Orphans(
        "sightings without an event",
        "sighting",
        "NOT EXISTS (SELECT 1 FROM event WHERE uid IS NOT NULL AND event.h = sighting.h) AND NOT EXISTS"
        " (SELECT 1 FROM event WHERE sighting.uid IS NULL AND event.ts = sighting.ts AND event.h = sighting.h)",
    ),
    *(
        Orphans(f"{what} without a source", table, "source NOT IN (SELECT id FROM source)")
        for what, table in (("sightings", "sighting"), ("invalid lines", "reject"), ("reasons", "reason"))
    ),
    Orphans("doubts without a source", "doubt", "source NOT IN (SELECT id FROM source)"),
)
"""The one list of what may hang in the air. A row of `request` may: it means nothing without its event."""


class Finding(NamedTuple):
    """What a check found."""

    about: str
    """What was checked, as a sentence that is true where nothing is wrong."""
    wrong: str
    """What is not so; empty where all is fine."""


def verify(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Every check, one after the other; where the file itself is damaged the others are not asked."""
    damage = damages(connection)
    yield Finding("the file is sound", "; ".join(damage))
    if damage:
        return
    for about, check in _CHECKS:
        yield Finding(about, check(connection))


def damages(connection: sqlite3.Connection) -> list[str]:
    """What SQLite says is wrong with the file; the short check first, as the long one reads every index, too."""
    for pragma in ("quick_check", "integrity_check"):
        try:
            told = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}({_MOST_TOLD})")]
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            told = [str(error)]
        if told != ["ok"]:
            return [sanitise(" ".join(text.split())) for text in told]
    return []


# -- the checks: what is wrong, empty where nothing is


def _search(connection: sqlite3.Connection) -> str:
    """The index against the names, in a copy in memory, as SQLite's own check wants to write."""
    with (
        snapshot(connection),
        closing(sqlite3.connect(":memory:")) as copied,
        closing(sqlite3.connect(":memory:")) as db,
    ):
        shape = [each for each in statements_of(SERIES) if "TRIGGER" not in each]
        for statement in shape:
            copied.execute(statement)
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE name LIKE 'series_fts\\_%' ESCAPE '\\' AND type = 'table'"
        ).fetchall()
        for (table,) in (*tables, ("series",)):
            copied.execute(f"DELETE FROM {table}")
            rows = connection.execute(f"SELECT * FROM {table}")
            places = ", ".join("?" * len(rows.description))
            copied.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        copied.commit()
        copied.backup(db)  # another connection: the first still remembers the empty index
        try:
            db.execute("INSERT INTO series_fts(series_fts, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError:
            return "the search index tells other names than there are"
    return ""


def _hours(connection: sqlite3.Connection) -> str:
    found = wrong_hours(connection)
    return f"{many(len(found), 'hour')} differ, the first {instant(found[0] * HOUR)}" if found else ""


def wrong_hours(connection: sqlite3.Connection) -> list[int]:
    """Hours whose roll-up is not the sum of their events."""
    found: set[int] = set()
    hour: int | None = meta.get_int(connection, "watermark") // HOUR
    while hour is not None:
        with snapshot(connection):
            hour = connection.execute(_NEXT, (hour,)).fetchone()[0]
            if hour is not None:
                kept = meta.get_int(connection, "watermark") // HOUR
                span = max(hour, kept), hour + AT_ONCE
                rolled, counted = (set(connection.execute(each, span)) for each in (_ROLLED, _COUNTED))
                found |= {row[0] for row in rolled ^ counted}
                hour += AT_ONCE
    return sorted(found)


def _levels(connection: sqlite3.Connection) -> str:
    found = [f"{many(len(buckets), 'bucket')} of {level}" for level, buckets in wrong_buckets(connection).items()]
    return f"{', '.join(found)} differ" if found else ""


def wrong_buckets(connection: sqlite3.Connection) -> dict[str, list[int]]:
    """Buckets of the wider levels that are not the sums of the next finer one, by level."""
    found: dict[str, list[int]] = {}
    for (finer, width), (level, wider) in pairwise(LEVELS):
        summed = ", ".join(f"sum({column})" for column in SUMS)
        of_finer = (
            f"SELECT k / {wider // width}, series, {summed}, min(first_ts), max(last_ts) FROM {finer} GROUP BY 1, 2"
        )
        of_level = f"SELECT {_COLUMNS} FROM {level}"
        with snapshot(connection):
            buckets = connection.execute(
                f"SELECT k FROM (SELECT * FROM ({of_level} EXCEPT {of_finer})"
                f" UNION SELECT * FROM ({of_finer} EXCEPT {of_level})) GROUP BY k ORDER BY k"
            ).fetchall()
        if buckets:
            found[level] = [bucket for (bucket,) in buckets]
    return found


def _sessions(connection: sqlite3.Connection) -> str:
    with snapshot(connection):
        (wrong,) = connection.execute(_WRONG_SESSIONS, (meta.get_int(connection, "watermark"),)).fetchone()
    return f"{many(wrong, 'session')} differ" if wrong else ""


def _tallies(connection: sqlite3.Connection) -> str:
    return _differ(connection, lambda events, _: events, "SELECT id, '', events FROM source", "source")


def _doubts(connection: sqlite3.Connection) -> str:
    return _differ(connection, lambda _, doubtful: doubtful, "SELECT source, name, n FROM doubt", "count")


Counts = Counter[tuple[int, str]]
"""Of a source, and of a doubt by name; empty is all events."""


def _differ(connection: sqlite3.Connection, which: Callable[[Counts, Counts], Counts], question: str, noun: str) -> str:
    with snapshot(connection):
        is_whole = not meta.get_int(connection, "watermark")
        told = {(source, name): n for source, name, n in connection.execute(question)}
        true = which(*counts(connection))
    wrong = sum(
        told.get(key, 0) != true[key] if is_whole else told.get(key, 0) < true[key] for key in told.keys() | true.keys()
    )
    return f"{many(wrong, noun)} differ" if wrong else ""


def counts(connection: sqlite3.Connection) -> tuple[Counts, Counts]:
    """Events by source, and by source and doubt, as the events tell them."""
    flags: dict[int, int] = dict(connection.execute("SELECT id, flags FROM series"))
    events, doubtful = Counts(), Counts()
    for source, series, n, _ in connection.execute(TALLIES):
        events[source, ""] += n
        for name in doubts.doubts_of(flags.get(series, 0)) if series in flags else ():
            doubtful[source, name] += n
    return events, doubtful


def _offsets(connection: sqlite3.Connection) -> str:
    with snapshot(connection):
        wrong = wrong_sources(connection)
    example = sanitise(os.fsdecode(next(iter(wrong.values())))) if wrong else ""
    return f"{many(len(wrong), 'source')} cannot have come this far, such as {example}" if wrong else ""


def wrong_sources(connection: sqlite3.Connection) -> dict[int, bytes]:
    """Path by id of sources that are stored less far than their events, or further than their file goes, or whose head
    and tail do not fit."""
    last: dict[int, int] = {}
    for source, _, _, off in connection.execute(TALLIES):
        last[source] = max(off, last.get(source, 0))
    return {
        source: path
        for source, path, dev, ino, mtime_ns, off, *hashes in connection.execute(_PLACES)
        if off <= last.get(source, -1)
        or (off and not _are_hashed(off, *hashes))
        or off > _end(path, (dev, ino, mtime_ns))
    }


def _end(path: bytes, known: tuple[int, int, int]) -> float:
    """Where the content of a source ends, if it is the file that it was; no end where that cannot be told."""
    try:
        found = os.stat(path, follow_symlinks=False)
        if (signed(found.st_dev), signed(found.st_ino), found.st_mtime_ns) != known:
            return math.inf
        with open(path, "rb") as file:
            return math.inf if file.read(4).startswith(ARCHIVES) else found.st_size
    except OSError:
        return math.inf


def _are_hashed(off: int, head: bytes, head_size: int, tail: bytes, tail_size: int) -> bool:
    """Whether head and tail are what a source of this offset has: both, and neither beyond it."""
    return bool(head and tail) and 0 < head_size <= min(HEAD, off) and 0 < tail_size <= min(TAIL, off)


def _orphans(connection: sqlite3.Connection) -> str:
    found = []
    for what, table, condition, _ in ORPHANS:
        (n,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
        if n:
            found.append(f"{n:,} {what}")
    return ", ".join(found)


_CHECKS: tuple[tuple[str, Callable[[sqlite3.Connection], str]], ...] = (
    ("the search index tells the names", _search),
    ("roll-ups of hours are the sums of their events", _hours),
    ("wider roll-ups are the sums of narrower ones", _levels),
    ("sessions are the sums of their events", _sessions),
    ("sources count their events", _tallies),
    ("doubts are counted", _doubts),
    ("offsets are consistent", _offsets),
    ("nothing is without what it belongs to", _orphans),
)
