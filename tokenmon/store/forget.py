"""All calls of one name go, and the name with them, so that no byte of the file tells it any more.

Events go a chunk in each transaction together with everything that is made of them, so that a kill in between leaves an
exact database of fewer calls; the name itself goes last, so that the same command goes on. Offsets stay: what was read
is not read again. Then the file is written anew, because what SQLite deleted is still in its free pages.
"""

import json
import os
import sqlite3
from collections import Counter
from dataclasses import dataclass

from tokenmon import text
from tokenmon.doubts import doubts_of
from tokenmon.errors import TokenmonError
from tokenmon.events import Flag
from tokenmon.store import meta, retention, rollups
from tokenmon.store.migrations import transaction
from tokenmon.store.rows import PLAIN_COLUMNS, SERIES, SESSION, SOURCE, EventRow
from tokenmon.store.schema import HOUR, LEVELS
from tokenmon.store.sessions import Sessions
from tokenmon.store.sources import count_doubts

CHUNK = 5_000
"""Events in a transaction."""

_NAMED = {
    "key": "SELECT id FROM series WHERE key_name IN (?1, ?2) OR key_id IN (?1, ?2)",
    "integration": "SELECT id FROM series WHERE integration IN (?1, ?2)",
    "project": "SELECT id FROM series WHERE project IN (?1, ?2)",
    "user": 'SELECT id FROM series WHERE "user" IN (?1, ?2)',
    "source": "SELECT id FROM source WHERE path IN (?1, ?2)",
    "session": "SELECT id FROM session WHERE name IN (?1, ?2)",
}
"""What is called so, by field."""

_AMONG = "IN (SELECT value FROM json_each(?1))"

_OF_ROLLUPS = f"""SELECT coalesce(sum(n), 0), coalesce(sum(CASE WHEN flags & {Flag.LOGGED} THEN cost_logged
ELSE cost_list END), 0), min(first_ts), max(last_ts) FROM r1h JOIN series ON series.id = r1h.series
WHERE r1h.series {_AMONG} AND k < ?2 / {HOUR}"""

_WITHOUT_PATH = """UPDATE source SET path = x'', gone = 1, error = '', events = 0, duplicates = 0, skipped = 0,
rejects = 0, expired = 0, disagrees = 0, lost_bytes = 0, unclaimed = 0, lookalikes = 0 WHERE id = ?"""


@dataclass(frozen=True)
class Named:
    """What a name stands for in this database."""

    field: str
    value: str
    ids: tuple[int, ...]
    """Of series, of sources or of sessions."""

    @property
    def column(self) -> str:
        """Which column of an event has these ids."""
        return self.field if self.field in ("source", "session") else "series"

    @property
    def listed(self) -> str:
        """The ids as SQLite takes them."""
        return json.dumps(self.ids)


@dataclass(frozen=True)
class Going:
    """What would go."""

    requests: int
    cost: int
    """Nano-USD, as far as it is known."""
    first: int | None
    last: int | None
    """Times of the first and the last call, UTC milliseconds."""


@dataclass(frozen=True)
class Left:
    """What still holds the name, or keeps it from being gone."""

    older: bool
    """Events were pruned before, and their roll-ups do not tell whose they were."""
    logs: int
    """Logs that are still there and so remembered by their offsets; of a forgotten source only without its path."""
    documents: int
    """Logs of a kind that is known by its path: forgotten, they are new when they are seen again."""
    states: int
    """Logs whose lines so far are remembered with the name, as later lines build on them."""
    paths: int
    """Logs whose own path contains the name."""
    totals: int
    """Running totals that went: should the session go on, all of it counts again."""
    viewers: bool
    """Somebody looks at the database, so its write-ahead log could not be emptied."""


def find(connection: sqlite3.Connection, field: str, value: str) -> Named:
    """What is called so; as it was given, or as a log's name would be stored."""
    if field == "source":
        words: tuple[object, ...] = (os.fsencode(value), os.fsencode(os.path.abspath(value)))
    else:
        words = (text.sanitise(value), text.name(value))
    return Named(field, value, tuple(row[0] for row in connection.execute(_NAMED[field], words)))


def going(connection: sqlite3.Connection, named: Named) -> Going:
    """What would go; of names also what only roll-ups tell."""
    watermark = meta.get_int(connection, "watermark")
    requests, cost, first, last = connection.execute(
        "SELECT count(*), coalesce(sum(coalesce(cost_logged, cost_list)), 0), min(ts), max(ts) FROM event"
        f" WHERE {named.column} {_AMONG} AND ts >= ?2",
        (named.listed, watermark),
    ).fetchone()
    if named.column == "series":
        more, dearer, earliest, latest = connection.execute(_OF_ROLLUPS, (named.listed, watermark)).fetchone()
        if more:
            first, last = earliest, latest if last is None else last
            requests, cost = requests + more, cost + dearer
    return Going(requests, cost, first, last)


def forget(connection: sqlite3.Connection, named: Named) -> Left:
    """Remove it all. Whoever calls it holds the lock."""
    connection.execute("PRAGMA secure_delete=ON").fetchall()
    watermark = meta.get_int(connection, "watermark")
    if watermark:
        retention.prune(connection, watermark, float("inf"))
    touched = _drop_events(connection, named)
    _drop_requests(connection)
    rollups.rebuild(connection, float("inf"), start=watermark // HOUR)
    with transaction(connection):
        connection.execute(f"DELETE FROM session WHERE n <= 0 AND id {_AMONG}", (json.dumps(sorted(touched)),))
        logs, documents = _drop_names(connection, named)
        totals = _drop_totals(connection, named)
        _drop_mentions(connection, named)
        states = _drop_states(connection, named)
        meta.put(connection, {"history": meta.get_int(connection, "history") + 1})
        connection.execute("INSERT INTO series_fts(series_fts) VALUES ('rebuild')")
    (paths,) = connection.execute(
        "SELECT count(*) FROM source WHERE instr(path, ?)", (os.fsencode(named.value),)
    ).fetchone()
    older = bool(watermark) and named.column != "series"
    return Left(older, logs, documents, states, paths, totals, not _write_anew(connection))


# -- events and what is made of them


def _drop_events(connection: sqlite3.Connection, named: Named) -> set[int]:
    """Remove the events; returns the sessions that they belonged to."""
    connection.execute("CREATE TEMP TABLE gone(ts INTEGER, h INTEGER, PRIMARY KEY(ts, h)) WITHOUT ROWID")
    flags: dict[int, int] = dict(connection.execute("SELECT id, flags FROM series"))
    sessions = Sessions(connection)
    touched: set[int] = set()
    read = f"""SELECT {", ".join(PLAIN_COLUMNS)} FROM event
    WHERE {named.column} {_AMONG} AND ts >= ?2 ORDER BY ts, h LIMIT {CHUNK}"""
    at = 0
    while rows := connection.execute(read, (named.listed, at)).fetchall():
        with transaction(connection):
            _drop(connection, rows, flags)
            sessions.change((), rows)
            meta.put(connection, {"history": meta.get_int(connection, "history") + 1})
        touched.update(row[SESSION] for row in rows if row[SESSION] is not None)
        at = rows[-1][0]
    return touched


def _drop(connection: sqlite3.Connection, rows: list[EventRow], flags: dict[int, int]) -> None:
    keys = [row[:2] for row in rows]
    connection.executemany("DELETE FROM sighting WHERE h = ?2 AND (uid IS NOT NULL OR ts = ?1)", keys)
    connection.executemany("DELETE FROM event WHERE ts = ? AND h = ?", keys)
    connection.executemany("DELETE FROM note WHERE ts = ? AND h = ?", keys)
    connection.executemany("INSERT OR IGNORE INTO temp.gone VALUES (?, ?)", keys)
    events = Counter(row[SOURCE] for row in rows)
    connection.executemany(
        "UPDATE source SET events = max(0, events - ?) WHERE id = ?", [(n, source) for source, n in events.items()]
    )
    doubtful: Counter[tuple[int, str]] = Counter()
    for row in rows:
        for name in doubts_of(flags[row[SERIES]]):
            doubtful[row[SOURCE], name] -= 1
    count_doubts(connection, doubtful)
    rollups.mark(connection, rollups.hours_of(rows))


def _drop_requests(connection: sqlite3.Connection) -> None:
    """Run by run: they are ordered by hash, not by call."""
    for run in range(meta.get_int(connection, "run") + 1):
        with transaction(connection):
            connection.execute(
                "DELETE FROM request WHERE run = ?"
                " AND EXISTS (SELECT 1 FROM temp.gone AS g WHERE g.ts = request.ts AND g.h = request.h)",
                (run,),
            )


# -- names


def _drop_names(connection: sqlite3.Connection, named: Named) -> tuple[int, int]:
    """Remove what has the name; returns how many logs, and how many documents, are still there."""
    if named.column == "series":
        for level, _ in LEVELS:
            connection.execute(f"DELETE FROM {level} WHERE series {_AMONG}", (named.listed,))
        _drop_series(connection, f"id {_AMONG}", named.listed)
        return 0, 0
    _drop_series(connection, "id NOT IN (SELECT series FROM r16d)")
    if named.column == "session":
        connection.execute(f"DELETE FROM session WHERE id {_AMONG}", (named.listed,))
        return 0, 0
    return _drop_sources(connection, named)


def _drop_series(connection: sqlite3.Connection, condition: str, *bound: str) -> None:
    """Remove series. A nameless one keeps the place of the newest, so that no id means two things to a viewer."""
    newest = "SELECT max(id) FROM series"
    (before,) = connection.execute(newest).fetchone()
    connection.execute(f"DELETE FROM series WHERE {condition}", bound)
    (after,) = connection.execute(newest).fetchone()
    if before != after:
        connection.execute("DELETE FROM series WHERE dialect = '' AND id NOT IN (SELECT series FROM r16d)")
        connection.execute("INSERT INTO series(id) VALUES (?)", (before + 1,))


def _drop_sources(connection: sqlite3.Connection, named: Named) -> tuple[int, int]:
    """A log that is still there keeps its row without the path, so that its lines are known when it is seen again."""
    for table in ("reject", "reason", "doubt", "sighting"):
        connection.execute(f"DELETE FROM {table} WHERE source {_AMONG}", (named.listed,))
    logs = documents = 0
    question = f"SELECT id, path, kind, gone FROM source WHERE id {_AMONG}"
    for source, path, kind, gone in connection.execute(question, (named.listed,)).fetchall():
        is_there = not gone and os.path.lexists(path)
        if is_there and kind == "lines":
            connection.execute(_WITHOUT_PATH, (source,))
            logs += 1
        else:
            connection.execute("DELETE FROM source WHERE id = ?", (source,))
            documents += is_there
    return logs, documents


def _drop_totals(connection: sqlite3.Connection, named: Named) -> int:
    """Running totals are known by the session that they are of; returns how many there were."""
    if named.field != "session":
        return 0
    return connection.execute("DELETE FROM running WHERE name = ?", (named.value,)).rowcount


def _drop_mentions(connection: sqlite3.Connection, named: Named) -> None:
    """Alerts come back by themselves where there is still reason; a forgotten path is no path of the database."""
    connection.execute("DELETE FROM alert WHERE instr(subject, ?1) OR instr(title, ?1)", (named.value,))
    stored = meta.get(connection, "paths")
    if named.field == "source" and isinstance(stored, str):
        forgotten = (named.value, os.path.abspath(named.value))
        meta.put(connection, {"paths": json.dumps([path for path in json.loads(stored) if path not in forgotten])})


def _drop_states(connection: sqlite3.Connection, named: Named) -> int:
    """What readers remember of logs that are gone is not needed any more; returns how many others hold the name."""
    holding = connection.execute(
        "SELECT id, path, gone FROM source WHERE instr(state, ?)", (named.value.encode("utf-8", "replace"),)
    ).fetchall()
    ended = [(source,) for source, path, gone in holding if gone or not os.path.lexists(path)]
    connection.executemany("UPDATE source SET state = x'' WHERE id = ?", ended)
    return len(holding) - len(ended)


# -- the file


def _write_anew(connection: sqlite3.Connection) -> bool:
    """Write the whole file again, without what was deleted in it; whether its log could be emptied, too."""
    connection.execute("DROP TABLE temp.gone")
    connection.execute("PRAGMA temp_store=FILE")  # else the new file would be made in memory
    try:
        connection.execute("VACUUM")
        ((busy, *_),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        raise TokenmonError(
            f"the calls are gone, but the file could not be written anew and may still hold the name: {error}",
            "make room and run `sqlite3 FILE VACUUM` on the database",
        ) from error
    return not busy
