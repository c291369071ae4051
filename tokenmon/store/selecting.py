"""From a view to what counts: series where names decide, conditions on events where only those know."""

import json
import os
import sqlite3

from tokenmon.errors import UsageError
from tokenmon.store import search
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.snapshot import Snapshot
from tokenmon.store.statements import Selection
from tokenmon.text import sanitise
from tokenmon.view import Condition, View


async def select(snapshot: Snapshot, catalogue: Catalogue, view: View) -> Selection:
    """What of the database a view counts."""
    series = catalogue.select(view.where, await _hits(snapshot, catalogue, view.search))
    text: str = ""
    bound: tuple[object, ...] = ()
    for condition in view.where:
        more, values = await _of_events(snapshot, condition)
        text, bound = text + more, (*bound, *values)
    return Selection(series, text, bound)


async def _hits(snapshot: Snapshot, catalogue: Catalogue, text: str) -> set[int] | None:
    """The series that a search finds; None where it asks for nothing."""
    match = search.match(text)
    if not match:
        return None
    try:
        return {row[0] for row in await snapshot.all("SELECT rowid FROM series_fts WHERE series_fts MATCH ?", (match,))}
    except sqlite3.DatabaseError:
        # The index is broken, the names are not: search goes on without it until the ingester has rebuilt it.
        return catalogue.containing(lambda names: search.found_in(text, names))


async def _of_events(snapshot: Snapshot, condition: Condition) -> tuple[str, tuple[object, ...]]:
    """SQL over `event r` for a condition that is not about names."""
    if condition.field == "status":
        return _of_status(condition.value)
    if condition.field == "source":
        ids = json.dumps(await _sources_at(snapshot, condition.value))
        return " AND r.source IN (SELECT value FROM json_each(?))", (ids,)
    if condition.field == "session":
        if not condition.value:
            return " AND r.session IS NULL", ()
        name = sanitise(condition.value)
        return " AND r.session = (SELECT id FROM session WHERE name = ?)", (name,)
    return "", ()


def _of_status(value: str) -> tuple[str, tuple[object, ...]]:
    if value in ("ok", "failed"):
        return " AND r.err = ?", (int(value == "failed"),)
    if not value:
        return " AND r.status IS NULL", ()
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return " AND r.status = ?", (int(value),)
    raise UsageError(f"no such status: {value!r}", "ok, failed or a number")


async def _sources_at(snapshot: Snapshot, path: str) -> list[int]:
    """Sources that are or were at a path, as it is or as it is shown."""
    rows = await snapshot.all("SELECT id, path FROM source")
    shown = sanitise(path)
    return [identity for identity, stored in rows if sanitise(os.fsdecode(stored)) == shown]


async def names_of(snapshot: Snapshot, name: str) -> dict[int, str]:
    """Text of all sources or sessions by id."""
    statement = f"SELECT id, {'path' if name == 'source' else 'name'} FROM {name}"
    return {identity: sanitise(os.fsdecode(text)) for identity, text in await snapshot.all(statement)}
