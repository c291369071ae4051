"""Where else a call was seen than in the line that counts, so that whoever looks for it in another file finds out why
that line does not count.

Kept is the best copy in each other source; what a source repeats of its own call says nothing new. So what is kept
does not depend on the order of arrival, and a file that is read again adds nothing. Copies that change hands are
filed anew, and what is pruned takes them along.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokenmon.store.rewritten import call_of
from tokenmon.store.rows import CALL, OFF, SOURCE, SPEED, UID, EventRow, total_of


class Sighting(NamedTuple):
    """A row of `sighting`."""

    h: int
    """Of the event that counts."""
    source: int
    ts: int
    """The copy's own time; of a call that is written once the same as the event's."""
    off: int
    tokens: int
    uid: int | None
    speed: int | None

    @property
    def rank(self) -> tuple[bool, int, int, int, int]:
        """The highest of a source is kept."""
        return self.uid == CALL, self.tokens, self.speed or 0, self.ts, -self.off


_COLUMNS = ", ".join(Sighting._fields)
_FILED = f"SELECT {_COLUMNS} FROM sighting WHERE h IN (SELECT value FROM json_each(?))"
_FILE = f"INSERT OR IGNORE INTO sighting({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_FILE_ELSEWHERE = f"""INSERT OR IGNORE INTO sighting({_COLUMNS})
SELECT ?1, ?2, ?3, ?4, ?5, NULL, NULL WHERE EXISTS (SELECT 1 FROM event WHERE ts = ?3 AND h = ?1 AND source <> ?2)"""


def file_duplicates(connection: sqlite3.Connection, rows: Iterable[EventRow]) -> None:
    """Calls that are written once and were stored already, as far as from another source."""
    duplicates = [(row[1], row[SOURCE], row[0], row[OFF], total_of(row)) for row in rows]
    connection.executemany(_FILE_ELSEWHERE, duplicates)


def file_copies(
    connection: sqlite3.Connection,
    standing: Mapping[int, EventRow],
    arrived: Iterable[EventRow],
    removed: Iterable[EventRow],
) -> None:
    """Copies of rewritten calls that lost to what is `standing`, by h, and all that were filed of the same calls."""
    lost = [row for row in arrived if (best := standing.get(row[1])) is not row and not _is_beside(best, row)]
    lost += [row for row in removed if not _is_beside(standing.get(row[1]), row)]
    if lost:
        file_lost(connection, _winners(standing, lost), lost)


def file_lost(connection: sqlite3.Connection, winner_of: Mapping[int, EventRow], lost: Iterable[EventRow]) -> None:
    """Copies that lost, and all that were filed of the same calls, under what counts in their place, by h."""
    winner_of = {**winner_of, **{winner[1]: winner for winner in winner_of.values()}}
    keys = json.dumps(list(winner_of))
    best_of: dict[tuple[int, int], Sighting] = {}
    for copy in (*_filed(connection, keys), *map(_sighting, lost)):
        winner = winner_of.get(copy.h)
        if winner is None or winner[SOURCE] == copy.source:
            continue
        place = winner[1], copy.source
        if place not in best_of or copy.rank > best_of[place].rank:
            best_of[place] = copy._replace(h=winner[1])
    connection.execute("DELETE FROM sighting WHERE h IN (SELECT value FROM json_each(?))", (keys,))
    connection.executemany(_FILE, sorted(best_of.values()))


def _winners(standing: Mapping[int, EventRow], lost: Iterable[EventRow]) -> dict[int, EventRow]:
    """What counts in the place of each of these, by h: the same attempt, else the call that a replay gave way to."""
    replayed = {call_of(row) for row in lost if row[1] not in standing}
    calls: dict[int, EventRow] = {}
    for row in standing.values() if replayed else ():
        call = call_of(row)
        if call in replayed and (call not in calls or total_of(row) > total_of(calls[call])):
            calls[call] = row
    winners = {row[1]: standing.get(row[1], calls.get(call_of(row))) for row in lost}
    return {h: winner for h, winner in winners.items() if winner is not None}


def _filed(connection: sqlite3.Connection, keys: str) -> list[Sighting]:
    return [Sighting(*row) for row in connection.execute(_FILED, (keys,))]


def _is_beside(best: EventRow | None, row: EventRow) -> bool:
    """Whether a row stands in the source of what counts in its place."""
    return best is not None and best[SOURCE] == row[SOURCE]


def _sighting(row: EventRow) -> Sighting:
    return Sighting(row[1], row[SOURCE], row[0], row[OFF], total_of(row), row[UID], row[SPEED])


def forget(connection: sqlite3.Connection, end: int) -> None:
    """What was filed of events before a time that are about to be pruned."""
    connection.execute(
        "DELETE FROM sighting WHERE h IN (SELECT h FROM event WHERE ts < ?1) AND (uid IS NOT NULL OR ts < ?1)", (end,)
    )
