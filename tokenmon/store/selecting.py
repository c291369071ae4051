"""From a view to what counts: series where names decide, conditions on events where only those know.

A single word that no name begins with may be a request id, or the id of an event; then exactly those events count.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from tokenmon import doubts
from tokenmon.errors import UsageError
from tokenmon.store import pages, search
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import Span, common
from tokenmon.store.snapshot import Snapshot
from tokenmon.store.statements import COST, TOKENS, Selection, of_event
from tokenmon.text import sanitise
from tokenmon.view import Condition, View


class _Test(NamedTuple):
    """SQL over `event r` to append to a condition, and what it binds."""

    text: str
    bound: tuple[object, ...] = ()
    within: Span = (None, None)
    """Where all events are that meet it."""


_AFTER_ALL = chr(0x10FFFF)
"""No character of a name is greater."""

_MEASURED = {"cost": of_event(COST), "tokens": of_event(TOKENS), "latency": "r.latency_ms", "status": "r.status"}
"""What the fields of a search compare with."""


async def select(snapshot: Snapshot, catalogue: Catalogue, view: View) -> Selection:
    """What of the database a view counts."""
    hits = await _hits(snapshot, catalogue, view.search)
    terms = [term for term in search.terms(view.search) if not term.names]
    where = *view.where, *(Condition(doubts.FIELD, term.text.lower()) for term in terms if term.field == doubts.FIELD)
    tests = [test for condition in view.where if (test := await _of_condition(snapshot, condition))]
    tests += [await _of_term(snapshot, term) for term in terms if term.field != doubts.FIELD]
    if hits is not None and not hits and (word := search.only_word(view.search)):
        test = await _of_id(snapshot, catalogue, word)
        hits, tests = (None, [*tests, test]) if test else (hits, tests)
    return _together(catalogue.select(where, hits), tests)


def _together(series: str | None, tests: Iterable[_Test]) -> Selection:
    text: str = ""
    bound: tuple[object, ...] = ()
    within: Span = (None, None)
    for test in tests:
        text, bound, within = text + test.text, (*bound, *test.bound), common(within, test.within)
    return Selection(series, text, bound, within)


async def _hits(snapshot: Snapshot, catalogue: Catalogue, text: str) -> Collection[int] | None:
    """The series that a search finds; None where it asks for no names."""
    match = search.match(text)
    if not match:
        return None
    known = catalogue.hits(match)
    if known is not None:
        return known
    try:
        rows = await snapshot.all("SELECT rowid FROM series_fts WHERE series_fts MATCH ?", (match,))
    except sqlite3.DatabaseError:
        # The index is broken, the names are not: search goes on without it until the ingester has rebuilt it.
        return catalogue.containing(lambda names: search.found_in(text, names))
    return catalogue.remember_hits(match, (series for (series,) in rows))


async def _of_id(snapshot: Snapshot, catalogue: Catalogue, word: str) -> _Test | None:
    """The events of a whole request id, or the one of an event's id; None where it is neither."""
    places = await pages.places_of(snapshot, catalogue, word)
    if not places:
        return None
    text = " AND (r.ts, r.h) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
    times = [ts for ts, _ in places]
    return _Test(text, (json.dumps(places),), (min(times), max(times) + 1))


async def _of_condition(snapshot: Snapshot, condition: Condition) -> _Test | None:
    """What a condition asks of events; None where it is about names."""
    if condition.field == "status":
        return _of_status(condition.value)
    if condition.field == "source":
        shown = sanitise(condition.value)
        return await _of_sources(snapshot, lambda path: path == shown)
    if condition.field == "session":
        return await _of_session(snapshot, sanitise(condition.value))
    return None


def _of_status(value: str) -> _Test:
    if value in search.OUTCOMES:
        return _Test(" AND r.err = ?", (search.OUTCOMES.index(value),))
    if not value:
        return _Test(" AND r.status IS NULL")
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return _Test(" AND r.status = ?", (int(value),))
    raise UsageError(f"no such status: {value!r}", f"{', '.join(search.OUTCOMES)} or a number")


async def _of_session(snapshot: Snapshot, name: str) -> _Test:
    if not name:
        return _Test(" AND r.session IS NULL")
    row = await snapshot.one("SELECT id, first_ts, last_ts FROM session WHERE name = ?", (name,))
    identity, first, last = row or (None, None, None)
    # No event has the session -1.
    return _Test(" AND r.session = ?", (-1 if identity is None else identity,), _from_to(first, last))


async def _of_sources(snapshot: Snapshot, is_meant: Callable[[str], bool]) -> _Test:
    """Sources by their paths as they are shown."""
    rows = await snapshot.all("SELECT id, path FROM source")
    meant = [identity for identity, path in rows if is_meant(sanitise(os.fsdecode(path)))]
    return _Test(" AND r.source IN (SELECT value FROM json_each(?))", (json.dumps(meant),))


async def _of_term(snapshot: Snapshot, term: search.Term) -> _Test:
    """What a term asks of events."""
    if term.field == "source":
        part = term.text.lower()
        return await _of_sources(snapshot, lambda path: part in path.lower())
    if term.field == "session":
        return await _of_sessions(snapshot, term.text)
    flag = search.outcome(term.field, term.text)
    if flag is not None:
        return _Test(" AND r.err = ?", (flag,))
    return _Test(f" AND {_MEASURED[term.field]} BETWEEN ? AND ?", search.bounds(term.field, term.text) or (0, -1))


async def _of_sessions(snapshot: Snapshot, prefix: str) -> _Test:
    """Sessions whose name begins so, by the index of names."""
    names = (prefix, prefix + _AFTER_ALL)
    named = "FROM session WHERE name >= ? AND name < ?"
    first, last = await snapshot.one(f"SELECT min(first_ts), max(last_ts) {named}", names) or (None, None)
    return _Test(f" AND r.session IN (SELECT id {named})", names, _from_to(first, last))


def _from_to(first: int | None, last: int | None) -> Span:
    return first, None if last is None else last + 1


async def names_of(snapshot: Snapshot, name: str) -> dict[int, str]:
    """Text of all sources or sessions by id."""
    statement = f"SELECT id, {'path' if name == 'source' else 'name'} FROM {name}"
    return {identity: sanitise(os.fsdecode(text)) for identity, text in await snapshot.all(statement)}
