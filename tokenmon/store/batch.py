"""Which rows of a batch are new: known exactly, because totals, sessions and tallies are made of the answer.

Nearly always all are, which one statement shows; otherwise it is taken back and done row by row. Copies of
rewritten calls are settled in memory against what is stored of the same calls.
"""

import json
import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from tokenmon.events import attempts_of
from tokenmon.store.inserting import Insert
from tokenmon.store.rewritten import call_of, settle
from tokenmon.store.rows import (
    BIND_ERRORS,
    COLUMNS,
    OFF,
    PLAIN_COLUMNS,
    REPLAY,
    SOURCE,
    UID,
    EventRow,
    Note,
    is_storable,
    reason_of,
)
from tokenmon.store.sightings import file_copies, file_duplicates

_INSERT = {len(columns): Insert("event", columns) for columns in (PLAIN_COLUMNS, COLUMNS)}
_INSERT_NOTE = Insert("note", ("ts", "h", "request_id", "error", "metadata"))

_STORED = f"""SELECT {", ".join(f"e.{column}" for column in COLUMNS)}
FROM json_each(?) AS call CROSS JOIN event AS e INDEXED BY event_uid
WHERE e.uid IS NOT NULL AND e.h BETWEEN call.value AND call.value + {attempts_of(0)[1]}"""

_time_of = itemgetter(0)


@dataclass
class Outcome:
    """What a batch did to the events."""

    added: list[EventRow] = field(default_factory=list)
    removed: list[EventRow] = field(default_factory=list)
    """Rows that gave way to another copy of the same call."""
    refused: list[tuple[int, int, str]] = field(default_factory=list)
    """(source id, offset, reason) of events that SQLite cannot take."""
    replayed: set[tuple[int, int]] = field(default_factory=set)
    """Time and h of replays that gave way to their call and are stored nowhere."""

    @property
    def oldest(self) -> float:
        """Time of the oldest row that came or went, UTC milliseconds; infinite where none did."""
        return min(map(_time_of, (*self.added, *self.removed)), default=math.inf)


def store_events(
    connection: sqlite3.Connection, plain: list[EventRow], rewritten: list[EventRow], watermark: int
) -> Outcome:
    """Store what is new and better; the inserts are in the order of the table, as fully random ones cost six times."""
    outcome = Outcome()
    if plain:
        plain.sort(key=_time_of)
        outcome.added = _store(connection, plain, outcome)
    if rewritten:
        _store_rewritten(connection, rewritten, watermark, outcome)
    return outcome


def _store(connection: sqlite3.Connection, rows: list[EventRow], outcome: Outcome) -> list[EventRow]:
    """Insert what can be and is not there yet; returns it."""
    try:
        return _insert_new(connection, rows)
    except BIND_ERRORS as error:
        return _insert_new(connection, _refuse(rows, error, outcome))


def _refuse(rows: list[EventRow], error: Exception, outcome: Outcome) -> list[EventRow]:
    """The rows without those that cannot be stored."""
    fine = [row for row in rows if is_storable(row)]
    if len(fine) == len(rows):
        raise error
    outcome.refused += [(row[SOURCE], row[OFF], reason_of(error)) for row in rows if not is_storable(row)]
    return fine


def _insert_new(connection: sqlite3.Connection, rows: list[EventRow]) -> list[EventRow]:
    if not rows:
        return rows
    insert = _INSERT[len(rows[0])]
    connection.execute("SAVEPOINT batch")
    try:
        if insert.all(connection, rows) == len(rows):
            return rows
        connection.execute("ROLLBACK TO batch")
        return _insert_one_by_one(connection, insert.one, rows)
    except BIND_ERRORS:
        connection.execute("ROLLBACK TO batch")
        raise
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE batch")


def _insert_one_by_one(connection: sqlite3.Connection, statement: str, rows: list[EventRow]) -> list[EventRow]:
    new: list[EventRow] = []
    known: list[EventRow] = []
    for row in rows:
        (new if connection.execute(statement, row).rowcount else known).append(row)
    file_duplicates(connection, known)
    return new


def _store_rewritten(connection: sqlite3.Connection, rows: list[EventRow], watermark: int, outcome: Outcome) -> None:
    """Settle copies against what is stored of the same calls. What is refused leaves `rows`: nobody counts by it."""
    connection.execute("SAVEPOINT copies")
    try:
        _settle(connection, rows, watermark, outcome)
    except BIND_ERRORS as error:
        connection.execute("ROLLBACK TO copies")
        rows[:] = _refuse(rows, error, outcome)
        _settle(connection, rows, watermark, outcome)
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE copies")


def _settle(connection: sqlite3.Connection, rows: list[EventRow], watermark: int, outcome: Outcome) -> None:
    stored = stored_copies(connection, {call_of(row) for row in rows})
    sealed = {call_of(row) for row in stored if row[0] < watermark}
    if sealed:  # on their way out, and their hours are never rebuilt: later copies count as duplicates
        rows = [row for row in rows if call_of(row) not in sealed]
        stored = [row for row in stored if call_of(row) not in sealed]
    removed, added, standing = settle(stored, rows)
    connection.executemany("DELETE FROM event WHERE ts = ? AND h = ?", [row[:2] for row in removed])
    connection.executemany("DELETE FROM note WHERE ts = ? AND h = ?", [row[:2] for row in removed])
    file_copies(connection, standing, rows, removed)
    added.sort(key=_time_of)
    outcome.added = outcome.added + _insert_new(connection, added)
    outcome.removed = removed
    outcome.replayed = {row[:2] for row in rows if row[UID] == REPLAY and row[1] not in standing}


def stored_copies(connection: sqlite3.Connection, calls: Iterable[int]) -> list[EventRow]:
    """All attempts that are stored at these rewritten calls."""
    return connection.execute(_STORED, (json.dumps(list(calls)),)).fetchall()


def store_notes(connection: sqlite3.Connection, notes: list[Note]) -> None:
    """Keep texts beside events; what is no valid text in them is replaced."""
    notes.sort(key=_time_of)
    try:
        _INSERT_NOTE.all(connection, notes)
    except UnicodeEncodeError:
        _INSERT_NOTE.all(connection, [(*note[:2], *map(_as_text, note[2:])) for note in notes])


def _as_text(text: object) -> object:
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else text
