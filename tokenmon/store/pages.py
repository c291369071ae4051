"""Events, newest first, a page at a time; and one event by its id.

The clustered order is the order of the page, so a page is read off its end. Where a filter is rare, reading on would
scan everything: after a stretch of events the roll-ups say in which hours there is anything to be found, and only those
are read. Where only events can tell, which ones of the settled hours were found is kept instead.
"""

import json
import os
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from tokenmon.doubts import doubts_of
from tokenmon.errors import UsageError
from tokenmon.events import Basis, Flag
from tokenmon.store.answers import EventPage, StoredEvent
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import Span, common, runs
from tokenmon.store.requests import request_hash
from tokenmon.store.schema import HOUR
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.statements import Selection
from tokenmon.store.vectors import Moment
from tokenmon.text import sanitise

Cursor = tuple[int, int]
"""Time and identity of an event."""

_ID = re.compile(r"(0|-?[1-9a-f][0-9a-f]{0,13})-([0-9a-f]{16})")
_FAR = 1 << 62
_LEAST = -(1 << 63)
"""No identity is less."""

_STRETCH = 20_000
"""Events that are looked at before the roll-ups are asked."""

_DAY = 24 * HOUR
_HOURS_A_DAY = 24
_MOST_DAYS = 64
_FEW_SERIES = 64
"""More of them are rarely rare together."""

_SELECT = (
    "SELECT r.ts, r.h, r.series, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.output, r.reasoning,"
    " r.cost_logged, r.cost_list, r.err, r.status, r.latency_ms, r.ttft_ms, r.web_searches, r.off, r.line,"
    " session.name, source.path, source.kind, note.request_id, note.error, note.metadata FROM event r"
    " LEFT JOIN session ON session.id = r.session LEFT JOIN source ON source.id = r.source"
    " LEFT JOIN note ON note.ts = r.ts AND note.h = r.h"
)
_NEWEST = " ORDER BY r.ts DESC, r.h DESC"

_MOST_KEPT = 8
"""Filters whose events are kept."""

_MOST_OF_ONE = 100
"""Events of one request id that are looked at, the newest."""

_RUNS = """
WITH RECURSIVE runs(run) AS (
  SELECT min(run) FROM request
  UNION ALL SELECT (SELECT min(run) FROM request WHERE run > runs.run) FROM runs WHERE runs.run IS NOT NULL)
SELECT r.ts, r.h FROM runs CROSS JOIN request r ON r.run = runs.run AND r.rh = ? ORDER BY r.ts DESC, r.h DESC LIMIT ?
"""

_HOURS = """
SELECT DISTINCT r.k FROM json_each(?) s CROSS JOIN json_each(?) hour
CROSS JOIN r1h r ON r.k = hour.value AND r.series = s.value
"""
_DAYS = """
WITH RECURSIVE day(k) AS (
  SELECT max(k) FROM r1d WHERE k <= ?
  UNION ALL SELECT (SELECT max(k) FROM r1d WHERE k < day.k AND k >= ?) FROM day WHERE day.k IS NOT NULL)
SELECT DISTINCT day.k FROM day CROSS JOIN json_each(?) s CROSS JOIN r1d r ON r.k = day.k AND r.series = s.value
"""


def id_of(ts: int, h: int) -> str:
    """`ts-h`, both in hexadecimal, the identity as 16 digits."""
    return f"{ts:x}-{h & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def parse_id(text: str) -> Cursor | None:
    """Time and identity; None where the text is no id."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    h = int(found[2], 16)
    return int(found[1], 16), h - (1 << 64) if h >= 1 << 63 else h


def cursor(text: str) -> Cursor:
    """Where a page goes on."""
    found = parse_id(text)
    if found is None:
        raise UsageError(f"no such cursor: {sanitise(text[:80])!r}", "take it from an earlier page")
    return found


class _Found(NamedTuple):
    """The newest events of [low, high) that meet conditions."""

    low: int
    high: int | None
    places: list[Cursor]


class Pages:
    """Pages, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Selection, int], _Found] = OrderedDict()
        self._version: object = None

    async def page(
        self,
        moment: Moment,
        catalogue: Catalogue,
        selection: Selection,
        span: Span,
        limit: int,
        before: Cursor | None,
    ) -> EventPage:
        """The newest events of a span, those before a cursor."""
        low, high = common(span, selection.within)
        if before is None and selection.scans and moment.settled is not None:
            open_, closed = (moment.settled, None), (None, moment.settled)
            rows = await _newest(moment, selection, common((low, high), open_), limit + 1, None)
            if len(rows) <= limit:
                places = await self._closed(moment, catalogue, selection, common((low, high), closed), limit + 1)
                rows += await _at(moment.snapshot, places[: limit + 1 - len(rows)])
        else:
            rows = await _newest(moment, selection, (low, high), limit + 1, before)
        events = tuple(_event(catalogue, row) for row in rows[:limit])
        return EventPage(events, events[-1].id if len(rows) > limit else None)

    async def _closed(
        self, moment: Moment, catalogue: Catalogue, selection: Selection, span: Span, limit: int
    ) -> list[Cursor]:
        """Places of the newest events of a span that is settled; its start only moves on with the clock."""
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._kept.clear()
            self._version = version
        low = -_FAR if span[0] is None else span[0]
        kept = self._kept.get((selection, limit))
        if kept is None or kept.high != span[1] or kept.low > low:
            rows = await _newest(moment, selection, span, limit, None)
            kept = self._kept[selection, limit] = _Found(low, span[1], [(row[0], row[1]) for row in rows])
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return [place for place in kept.places if place[0] >= low]


async def _newest(moment: Moment, selection: Selection, span: Span, limit: int, before: Cursor | None) -> list[Row]:
    """Rows of _SELECT, newest first."""
    low = -_FAR if span[0] is None else span[0]
    upper: Cursor = (_FAR, 0) if span[1] is None else (span[1], _LEAST)
    upper = upper if before is None else min(upper, before)
    if selection.series is None or selection.series.count(",") >= _FEW_SERIES:
        return await _plain(moment, selection, low, upper, limit)
    rows, reached = await _stretch(moment, selection, low, upper, limit)
    if len(rows) >= limit or reached is None:
        return rows[:limit]
    async for start, end in _promising(moment, selection.series, low, reached[0]):
        rows += await _plain(moment, selection, max(low, start), min(reached, (end, _LEAST)), limit - len(rows))
        if len(rows) >= limit:
            break
    return rows


async def _plain(moment: Moment, selection: Selection, low: int, before: Cursor, limit: int) -> list[Row]:
    narrowed, bound = selection.narrowed(0)
    return await moment.snapshot.all(
        f"{_SELECT} WHERE (r.ts, r.h) < (?, ?) AND r.ts >= ?{narrowed}{_NEWEST} LIMIT ?",
        (*before, low, *bound, limit),
    )


async def _stretch(
    moment: Moment, selection: Selection, low: int, before: Cursor, limit: int
) -> tuple[list[Row], Cursor | None]:
    """What the next stretch of events holds, and where it ends; None where it is the last."""
    inner = f"SELECT r.ts, r.h FROM event r WHERE (r.ts, r.h) < (?, ?) AND r.ts >= ?{_NEWEST} LIMIT 1 OFFSET ?"
    reached = await moment.snapshot.one(inner, (*before, low, _STRETCH - 1))
    if reached is None:
        return await _plain(moment, selection, low, before, limit), None
    narrowed, bound = selection.narrowed(0)
    rows = await moment.snapshot.all(
        f"{_SELECT} WHERE (r.ts, r.h) < (?, ?) AND (r.ts, r.h) >= (?, ?){narrowed}{_NEWEST} LIMIT ?",
        (*before, *reached, *bound, limit),
    )
    return rows, (reached[0], reached[1])


async def _promising(moment: Moment, series: str, low: int, high: int) -> AsyncIterator[tuple[int, int]]:
    """Spans of [low, high] that may hold events of few series, newest first: by the roll-ups, or dirty."""
    dirty = {hour for start, end in moment.dirty for hour in range(start // HOUR, end // HOUR)}
    rows = await moment.snapshot.all(_DAYS, (high // _DAY, low // _DAY, series))
    days = sorted({day for (day,) in rows} | {hour // _HOURS_A_DAY for hour in dirty}, reverse=True)
    place, step = 0, 1
    while place < len(days):
        asked = {day * _HOURS_A_DAY + hour for day in days[place : place + step] for hour in range(_HOURS_A_DAY)}
        rows = await moment.snapshot.all(_HOURS, (series, json.dumps(sorted(asked))))
        found = sorted({hour for (hour,) in rows} | (dirty & asked))
        for start, end in reversed(runs(found, HOUR)):
            if end > low and start <= high:
                yield start, end
        place, step = place + step, min(2 * step, _MOST_DAYS)


async def find(snapshot: Snapshot, catalogue: Catalogue, text: str) -> StoredEvent | None:
    """The event of an id, or the newest of a whole request id."""
    found = await _found(snapshot, catalogue, text)
    return found[0] if found else None


async def places_of(snapshot: Snapshot, catalogue: Catalogue, text: str) -> list[Cursor]:
    """Where the event of an id is, or all of a whole request id, newest first."""
    return [cursor(event.id) for event in await _found(snapshot, catalogue, text)]


async def _found(snapshot: Snapshot, catalogue: Catalogue, text: str) -> list[StoredEvent]:
    place = parse_id(text)
    rows = await _at(snapshot, [place]) if place is not None else []
    if rows:
        return [_event(catalogue, row) for row in rows]
    places = await snapshot.all(_RUNS, (request_hash(text), _MOST_OF_ONE))
    events = [_event(catalogue, row) for row in await _at(snapshot, places)]
    # Where a request id is stored, it must be the one asked for, and not another with the same hash.
    return [event for event in events if event.request_id in (None, sanitise(text))]


async def _at(snapshot: Snapshot, places: Sequence[Cursor]) -> list[Row]:
    """Rows of _SELECT that are there, newest first."""
    if not places:
        return []
    there = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
    return await snapshot.all(f"{_SELECT} WHERE (r.ts, r.h) IN ({there}){_NEWEST}", (json.dumps(places),))


def _event(catalogue: Catalogue, row: Row) -> StoredEvent:
    ts, h, series, *counts, logged, listed, err, status, latency, ttft, searches, offset, line = row[:18]
    session, path, kind, request, error, metadata = row[18:]
    known = catalogue[series]
    flags = known.flags
    return StoredEvent(
        id=id_of(ts, h),
        ts=ts,
        names=known.names,
        input=counts[0],
        cache_read=counts[1] if flags & Flag.CACHE_READ else None,
        cache_write_5m=counts[2] if flags & Flag.CACHE_WRITE_5M else None,
        cache_write_1h=counts[3] if flags & Flag.CACHE_WRITE_1H else None,
        output=counts[4],
        reasoning=counts[5] if flags & Flag.REASONING else None,
        cost=listed if logged is None else logged,
        cost_logged=logged,
        cost_list=listed,
        cost_kind="logged" if logged is not None else "unknown" if listed is None else "list",
        priced_as=known.priced_as,
        assumed=bool(flags & Flag.ASSUMED),
        streamed=True if flags & Flag.STREAMED else False if flags & Flag.UNSTREAMED else None,
        basis=Basis.AGGREGATE if flags & Flag.AGGREGATE else Basis.ESTIMATE if flags & Flag.ESTIMATE else Basis.EXACT,
        web_searches=searches or 0,
        session=sanitise(session or ""),
        source_path=os.fsdecode(path or b""),
        source_offset=offset,
        line_hash=line,
        source_kind=kind or "lines",
        status=status,
        is_error=bool(err),
        latency_ms=latency,
        ttft_ms=ttft,
        request_id=None if request is None else sanitise(request),
        error=None if error is None else sanitise(error),
        metadata=metadata,
        doubts=doubts_of(flags),
    )
