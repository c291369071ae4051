"""A call that its producer's own log tells and that telemetry tells again, knowing it by its request only: the echo.

An echo gives way to whatever else tells the same request, in whatever order the two arrive, and is filed as seen
elsewhere. Whoever tells a request finds its echo by identity, since that is the request's hash; an echo finds who told
its request before by the table of requests, where those of replays stay that gave way. So an echo counts only while
nobody told its request, and a message that took several requests keeps them all.

Databases without telemetry ask nothing of this.
"""

import json
import sqlite3
from collections.abc import Iterable

from tokenmon.events import attempts_of
from tokenmon.store.batch import Outcome, stored_copies
from tokenmon.store.requests import identity_of_echo
from tokenmon.store.rewritten import call_of, rank
from tokenmon.store.rows import COLUMNS, ECHO, UID, EventRow, Narrowed
from tokenmon.store.sightings import file_lost

Told = dict[int, set[int]]
"""By the identity of an echo, which calls tell its request."""

_EARLIER = """
WITH RECURSIVE runs(run) AS (
  SELECT min(run) FROM request
  UNION ALL SELECT (SELECT min(run) FROM request WHERE run > runs.run) FROM runs WHERE runs.run IS NOT NULL)
SELECT r.rh, r.h FROM runs CROSS JOIN json_each(?) AS asked
CROSS JOIN request AS r ON r.run = runs.run AND r.rh = asked.value"""

_ECHOES = f"""SELECT {", ".join(f"e.{column}" for column in COLUMNS)}
FROM json_each(?) AS echo CROSS JOIN event AS e INDEXED BY event_uid
WHERE e.uid IS NOT NULL AND e.h = echo.value AND e.uid = {ECHO} AND e.ts >= ?"""


def silence(connection: sqlite3.Connection, batch: Narrowed, outcome: Outcome, watermark: int) -> None:
    """Take back the echoes of requests that are told otherwise, as far as this batch is about either.

    What is older than the watermark is on its way out, and its hours are never rebuilt: it stays.
    """
    told = _told(connection, batch)
    echoes = connection.execute(_ECHOES, (json.dumps(sorted(told)), watermark)).fetchall()
    if not echoes:
        return
    calls = {attempts_of(h)[0] for echo in echoes for h in told[echo[1]]}
    best = _best(stored_copies(connection, calls))
    winners: dict[int, EventRow] = {}
    for echo in echoes:
        if telling := [winner for h in told[echo[1]] if (winner := best.get(h, best.get(attempts_of(h)[0])))]:
            winners[echo[1]] = max(telling, key=rank)
    _give_way(connection, [echo for echo in echoes if echo[1] in winners], winners, outcome)


def _told(connection: sqlite3.Connection, batch: Narrowed) -> Told:
    """What this batch tells of requests, and of the requests of its echoes what was told before."""
    uids = {row[1]: row[UID] for row in batch.rewritten}
    found = [(request, h) for request, _, h in batch.requests if h in uids and uids[h] != ECHO]
    echoed = sorted(request for request, _, h in batch.requests if uids.get(h) == ECHO)
    if echoed:
        found += connection.execute(_EARLIER, (json.dumps(echoed),))
    told: Told = {}
    for request, h in found:
        echo = identity_of_echo(request)
        if h != echo:
            told.setdefault(echo, set()).add(h)
    return told


def _best(copies: Iterable[EventRow]) -> dict[int, EventRow]:
    """By identity what stands there and is no echo itself; where a replay gave way, the best attempt at its call."""
    records = [row for row in copies if row[UID] != ECHO]
    best = {call_of(row): row for row in sorted(records, key=rank)}
    return best | {row[1]: row for row in records}


def _give_way(
    connection: sqlite3.Connection, silenced: list[EventRow], winners: dict[int, EventRow], outcome: Outcome
) -> None:
    keys = {row[:2] for row in silenced}
    connection.executemany("DELETE FROM event WHERE ts = ? AND h = ?", list(keys))
    file_lost(connection, winners, silenced)
    added = {row[:2] for row in outcome.added}
    outcome.added = [row for row in outcome.added if row[:2] not in keys]
    outcome.removed = outcome.removed + [row for row in silenced if row[:2] not in added]
