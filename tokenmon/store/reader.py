"""The asking side of the store: questions about a view, each answered from one moment of the database.

Faces hold a Reader and get the values of `answers`. Answers are exact at every moment, also while hours wait to be
rolled up; what is kept between questions is only what cannot have changed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any

from tokenmon.dimensions import Dimension
from tokenmon.events import Limit
from tokenmon.store import breakdown, copies, health, pages
from tokenmon.store.answers import (
    AlertRow,
    Breakdown,
    Chart,
    Collected,
    Copy,
    EventPage,
    Health,
    SessionPage,
    StoredEvent,
    Sums,
)
from tokenmon.store.catalogue import COLUMNS, Catalogue
from tokenmon.store.chart import Charts
from tokenmon.store.course import Courses
from tokenmon.store.cover import NOTHING_GONE, RAW, Floors, Span, runs, snap
from tokenmon.store.groups import cut, ordered
from tokenmon.store.lock import holder, last_sign_of_life
from tokenmon.store.schema import HOUR, LEVELS
from tokenmon.store.selecting import select
from tokenmon.store.session_rows import Order, SessionRows
from tokenmon.store.snapshot import Snapshot, Snapshots
from tokenmon.store.statements import Selection
from tokenmon.store.vectors import Moment, Vectors
from tokenmon.view import View, Window

_FACTS = ("history", "recent", "front", "watermark", *(f"pruned_{level}" for level, _ in LEVELS))
_MOMENT = f"""
SELECT name, value FROM meta WHERE name IN ({", ".join("?" * len(_FACTS))})
UNION ALL SELECT 'newest', max(ts) FROM event
UNION ALL SELECT 'series', count(*) FROM series
UNION ALL SELECT 'newest_series', max(id) FROM series
"""


@dataclass(frozen=True)
class _Question:
    """A view, resolved at one moment."""

    moment: Moment
    selection: Selection
    span: Span
    snapped: bool

    @property
    def is_empty(self) -> bool:
        start, end = self.span
        return self.selection.series == "[]" or (start is not None and end is not None and start >= end)


class Reader:
    """Answers questions about one database. Close it: it has a thread."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._catalogue = Catalogue()
        self._vectors = Vectors()
        self._charts = Charts()
        self._courses = Courses()
        self._pages = pages.Pages()
        self._session_rows = SessionRows()
        self._last: Moment | None = None
        self._held: dict[asyncio.Task[Any] | None, Moment] = {}

    @classmethod
    async def open(cls, path: Path) -> "Reader":
        """Open a database that stands: NoDatabase, NotOurDatabase or NewerDatabase otherwise."""
        return cls(await Snapshots.open(path))

    async def close(self) -> None:
        """Give the connection back."""
        await self._snapshots.close()

    async def __aenter__(self) -> "Reader":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def revision(self) -> int:
        """A number that changes whenever something was committed."""
        held = self._held.get(asyncio.current_task())
        return await self._snapshots.revision() if held is None else held.revision

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[None]:
        """Whatever this task asks meanwhile is answered from one moment of the database, and sooner: to begin and end
        a transaction takes as long as many a question. Not for long: the writer's log grows meanwhile.
        """
        task = asyncio.current_task()
        async with self._moment() as moment:
            self._held[task] = moment
            try:
                yield
            finally:
                del self._held[task]

    async def span(self) -> Window | None:
        """From the first event to just after the last; None where there is none."""
        async with self._moment() as moment:
            first = await moment.snapshot.one("SELECT min(ts) FROM event WHERE ts >= ?", (_floor(moment),))
            rolled = None
            if moment.floors[RAW] is not None:
                rolled = await moment.snapshot.one(
                    "SELECT min(first_ts), max(last_ts) FROM r1h"
                    " WHERE k IN ((SELECT min(k) FROM r1h WHERE k < ?1), (SELECT max(k) FROM r1h WHERE k < ?1))",
                    (_floor(moment) // HOUR,),
                )
            known = [first[0] if first else None, moment.newest, *(rolled or ())]
            times = [time for time in known if time is not None]
            return Window(min(times), max(times) + 1) if times else None

    async def newest(self, now: int) -> int | None:
        """Time of the newest event up to `now`: one whose time has not come tells nothing about how new the data is."""
        span = await self.span()
        if span is None or span.end is None or span.end - 1 <= now:
            return None if span is None or span.end is None else span.end - 1
        async with self._moment() as moment:
            found = await moment.snapshot.one("SELECT max(ts) FROM event WHERE ts <= ?", (now,))
            return found[0] if found else None

    async def collected(self) -> Collected | None:
        """Of which time anything can be known; None where there is no event."""
        span = await self.span()
        if span is None or span.start is None or span.end is None:
            return None
        path, until = self._snapshots.path, None
        if holder(path) is None:
            until = max(span.end - 1, last_sign_of_life(path) or 0)
        async with self._moment() as moment:
            return Collected(span.start, until, moment.floors[RAW])

    async def totals(self, view: View) -> Sums:
        """Sums over everything in a view."""
        return (await self.breakdown(view, (), zone=UTC)).totals

    async def breakdown(
        self,
        view: View,
        by: tuple[Dimension, ...],
        *,
        zone: tzinfo,
        sort: str = "",
        descending: bool | None = None,
        limit: int = 500,
    ) -> Breakdown:
        """A view by dimensions. `sort` empty: time ascending where a bucket leads, else cost; `limit` 0: all."""
        async with self._question(view, scans=any(dimension.of_event for dimension in by)) as question:
            found = breakdown.Found({})
            if not question.is_empty:
                found = await breakdown.tallies(
                    question.moment, self._catalogue, self._vectors, question.selection, question.span, by, zone
                )
        leading = bool(by) and by[0].bucket is not None
        entries = ordered(found.tallies, sort=sort, descending=descending, bucket_leads=leading)
        return cut(entries, limit, totals=found.totals, snapped=question.snapped, bounded=found.bounded)

    async def chart(
        self, view: View, by: Dimension, edges: Sequence[int], top: int = 7, first: str | None = None
    ) -> Chart:
        """Bins [edges[i], edges[i+1]) of a view's filter by one dimension; the edges, not the window, bound it."""
        async with self._question(view.at(Window())) as question:
            return await self._charts.chart(
                question.moment, self._catalogue, self._vectors, question.selection, by, edges, top, first
            )

    async def course(self, view: View, edges: Sequence[int]) -> tuple[Sums, ...]:
        """Sums of the bins [edges[i], edges[i+1]) of a view's filter, without first and last times."""
        async with self._question(view.at(Window())) as question:
            return await self._courses.course(question.moment, self._catalogue, question.selection, edges)

    async def events(self, view: View, *, limit: int = 500, before: str | None = None) -> EventPage:
        """Events, newest first; `before` is the cursor of an earlier page."""
        place = None if before is None else pages.cursor(before)
        async with self._question(view, scans=True) as question:
            if question.is_empty:
                return EventPage((), None)
            asked = question.moment, self._catalogue, question.selection, question.span
            return await self._pages.page(*asked, limit, place)

    async def sessions(
        self, view: View, *, sort: str = "cost", descending: bool = True, limit: int = 500
    ) -> SessionPage:
        """The sessions of a view. `sort`: cost, last, requests, total or name; `limit` 0: all."""
        order = Order(sort, descending, limit)
        async with self._question(view, scans=bool(view.where or view.search)) as question:
            if question.is_empty:
                return SessionPage((), 0, False, Sums(cost=0), Sums(cost=0), question.snapped)
            asked = question.moment, self._catalogue, question.selection, question.span
            totals = (await self._vectors.read(*asked)).totals(self._catalogue).sums()
            page = await self._session_rows.page(*asked, order, totals)
            return replace(page, snapped=question.snapped)

    async def event(self, text: str) -> StoredEvent | None:
        """The event of an id, or of a whole request id."""
        async with self._moment() as moment:
            return await pages.find(moment.snapshot, self._catalogue, text)

    async def copies(self, event: StoredEvent) -> tuple[Copy, ...]:
        """Where else an event's call was seen, as far as the database knows."""
        async with self._moment() as moment:
            return await copies.read(moment.snapshot, event)

    async def health(self) -> Health:
        """Everything about the database and what feeds it."""
        async with self._moment() as moment:
            everything = await self._vectors.read(moment, self._catalogue, Selection(), (None, None))
            hours = health.dirty_hours(moment.dirty)
            return await health.read(moment.snapshot, self._snapshots.path, self._catalogue, everything, hours)

    async def alerts(self) -> tuple[AlertRow, ...]:
        """The alerts of `health`, without the rest of it."""
        async with self._moment() as moment:
            return await health.alerts_of(moment.snapshot)

    async def limits(self) -> tuple[Limit, ...]:
        """The newest news of each official limit, those that were reset since included."""
        async with self._moment() as moment:
            return await health.limits_of(moment.snapshot)

    async def paths(self) -> list[str]:
        """The paths that the database is about."""
        async with self._moment() as moment:
            return await health.paths_of(moment.snapshot)

    @asynccontextmanager
    async def _question(self, view: View, *, scans: bool = False) -> AsyncIterator[_Question]:
        async with self._moment() as moment:
            selection = await select(moment.snapshot, self._catalogue, view)
            start, end = view.window.start, view.window.end
            if scans or selection.scans:
                floor = moment.floors[RAW]
                span = (start if floor is None else max(floor, floor if start is None else start), end)
                # Nothing was moved where nothing was asked for before the events that are left.
                snapped = span[0] != start
            else:
                span = (snap(start, moment.floors, up=False), snap(end, moment.floors, up=True))
                snapped = span != (start, end)
            yield _Question(moment, selection, span, snapped)

    @asynccontextmanager
    async def _moment(self) -> AsyncIterator[Moment]:
        held = self._held.get(asyncio.current_task())
        if held is not None:
            yield held
            return
        async with self._snapshots.take() as snapshot:
            revision = await snapshot.revision()
            if self._last is None or self._last.revision != revision:
                self._last = await self._look(snapshot, revision)
            yield replace(self._last, snapshot=snapshot)

    async def _look(self, snapshot: Snapshot, revision: int) -> Moment:
        facts: dict[str, Any] = dict(await snapshot.all(_MOMENT, _FACTS))
        await self._learn(snapshot, facts["series"], facts["newest_series"] or 0)
        watermark = facts.get("watermark") or None
        dirty = await snapshot.all("SELECT k FROM dirty ORDER BY k")
        return Moment(
            snapshot,
            revision,
            newest=facts["newest"],
            settled=_settled(facts),
            history=facts.get("history") or 0,
            recent=facts.get("recent") or 0,
            floors=_floors(facts),
            dirty=tuple(runs((hour for (hour,) in dirty if watermark is None or hour * HOUR >= watermark), HOUR)),
        )

    async def _learn(self, snapshot: Snapshot, count: int, newest: int) -> None:
        """Read the series that are new; all of them where some went away."""
        if (len(self._catalogue), self._catalogue.newest) == (count, newest):
            return
        known = self._catalogue.newest
        self._catalogue.add(await snapshot.all(f"SELECT {COLUMNS} FROM series WHERE id > ?", (known,)))
        if len(self._catalogue) != count:
            self._catalogue = Catalogue(self._catalogue.generation + 1)
            self._catalogue.add(await snapshot.all(f"SELECT {COLUMNS} FROM series"))


def _settled(facts: dict[str, Any]) -> int | None:
    """Before which full hour only what grows `history` changes anything: the newest hour, or what the writer says."""
    front, newest = facts.get("front"), facts["newest"]
    if newest is None:
        return None
    hour: int = newest // HOUR * HOUR
    return hour if front is None else min(hour, front // HOUR * HOUR)


def _floors(facts: dict[str, Any]) -> Floors:
    """Before which time the rows of every level are gone."""
    names = ("watermark", *(f"pruned_{level}" for level, _ in LEVELS[:-1]))
    floors = tuple(facts.get(name) or None for name in names)
    return floors if any(floors) else NOTHING_GONE


def _floor(moment: Moment) -> int:
    floor = moment.floors[RAW]
    return -(1 << 62) if floor is None else floor
