"""A database filled by plain SQL, without the writer, so that a reader is tested against the schema alone.

Roll-ups are INSERT..SELECT over the events. `stale` events come afterwards and mark their hours dirty, as a cold read
does: the roll-ups of all widths then agree with each other and not with the events.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenmon.events import NAMES, Flag
from tokenmon.store.migrations import VERSION
from tokenmon.store.schema import APPLICATION_ID, COUNTS, HOUR, INITIAL, LEVELS, SECOND, SUMS


@dataclass(frozen=True)
class Call:
    """One event as it is stored; costs and counts must agree with the flags of its series."""

    ts: int
    series: int
    h: int
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    cost_logged: int | None = None
    cost_list: int | None = None
    err: int = 0
    status: int | None = None
    session: int | None = None
    source: int = 1


def create(path: Path) -> sqlite3.Connection:
    """A new, empty database."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
        f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};" + INITIAL + SECOND
    )
    return db


def add_series(db: sqlite3.Connection, flags: int = Flag.LISTED, priced_as: str = "", **names: str) -> int:
    """The id of a new series."""
    columns = [*names, "priced_as", "flags"]
    places = ", ".join("?" * len(columns))
    cursor = db.execute(
        f"INSERT INTO series({', '.join(columns)}) VALUES ({places})", [*names.values(), priced_as, flags]
    )
    assert set(names) <= set(NAMES)
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def add_source(db: sqlite3.Connection, path: bytes = b"/logs/a.jsonl", **columns: object) -> int:
    """The id of a new source, with whatever columns a test cares about."""
    row: dict[str, object] = {
        "path": path, "dev": 1, "ino": 1, "lineage": 1, "off": 0, "head": b"", "head_size": 0, "tail": b"",
        "tail_size": 0, "skipping": 0, "size": 0, "mtime_ns": 0, "dialect": "native", "state": b"",
        "first_seen": 0, "last_seen": 0, **columns,
    }  # fmt: skip
    places = ", ".join("?" * len(row))
    cursor = db.execute(f"INSERT INTO source({', '.join(row)}) VALUES ({places})", list(row.values()))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def add_session(db: sqlite3.Connection, name: str) -> int:
    """The id of a new session."""
    cursor = db.execute("INSERT INTO session(name) VALUES (?)", [name])
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_meta(db: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Meta rows, replaced."""
    db.executemany("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", list(values.items()))


_EVENT_COLUMNS = (
    "ts", "h", "series", *COUNTS, "cost_logged", "cost_list", "err", "status", "session", "source", "off",
)  # fmt: skip


_COUNT_SESSIONS = """
UPDATE session SET (n, err, tokens, cost, unpriced, first_ts, last_ts) = (
  SELECT count(*), coalesce(sum(err), 0),
    coalesce(sum(input + cache_read + cache_write_5m + cache_write_1h + output), 0),
    coalesce(sum(coalesce(cost_logged, cost_list)), 0),
    count(*) FILTER (WHERE cost_logged IS NULL AND cost_list IS NULL), min(ts), max(ts)
  FROM event WHERE event.session = session.id)
"""


def add_events(db: sqlite3.Connection, calls: Iterable[Call]) -> None:
    """Events and what their sessions add up to, without roll-ups or dirty marks."""
    places = ", ".join("?" * len(_EVENT_COLUMNS))
    db.execute("BEGIN")
    db.executemany(
        f"INSERT INTO event({', '.join(_EVENT_COLUMNS)}) VALUES ({places})",
        (
            (
                call.ts, call.h, call.series, *(getattr(call, count) for count in COUNTS),
                call.cost_logged, call.cost_list, call.err, call.status, call.session, call.source, 0,
            )
            for call in calls
        ),
    )  # fmt: skip
    db.execute(_COUNT_SESSIONS)
    db.execute("COMMIT")


def roll_up(db: sqlite3.Connection) -> None:
    """Every level anew from the events; no hour is dirty afterwards."""
    raw = ["count(*)", "sum(err)", *(f"sum({count})" for count in COUNTS)]
    raw += ["coalesce(sum(cost_logged), 0)", "coalesce(sum(cost_list), 0)"]
    wider = ", ".join(f"sum({column})" for column in SUMS)
    db.execute("BEGIN")
    for level, width in LEVELS:
        db.execute(f"DELETE FROM {level}")
        if width == HOUR:
            hour = f"(ts - ((ts % {HOUR}) + {HOUR}) % {HOUR}) / {HOUR}"
            db.execute(
                f"INSERT INTO r1h SELECT {hour}, series, {', '.join(raw)}, min(ts), max(ts) FROM event GROUP BY 1, 2"
            )
        else:
            ratio = width // HOUR
            wide = f"(k - ((k % {ratio}) + {ratio}) % {ratio}) / {ratio}"
            db.execute(
                f"INSERT INTO {level} SELECT {wide}, series, {wider}, min(first_ts), max(last_ts)"
                " FROM r1h GROUP BY 1, 2"
            )
    db.execute("DELETE FROM dirty")
    db.execute("COMMIT")


def mark_dirty(db: sqlite3.Connection, hours: Iterable[int]) -> None:
    """Hours whose roll-ups are not to be trusted."""
    db.executemany("INSERT OR IGNORE INTO dirty(k) VALUES (?)", [(hour,) for hour in hours])


def fill(db: sqlite3.Connection, calls: Iterable[Call], stale: Iterable[Call] = ()) -> None:
    """`calls` with roll-ups, then `stale` ones whose hours are only marked dirty."""
    add_events(db, calls)
    roll_up(db)
    late = list(stale)
    add_events(db, late)
    mark_dirty(db, (call.ts // HOUR for call in late))
