"""Sessions of a view. Those that lie wholly in its range have their lifetime totals, where nothing filters; the few
that reach over an edge, and all of a filtered view, are counted from the events.

What was counted before the settled hour is kept by piece, as vectors are, so a refresh reads the newest hour. So is
what the sessions that had ended by then are together, and which of them are the first: whether one went on is told by
the events since. Models and projects are asked for the rows that are shown only, where those have their calls, and
when they have changed.
"""

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from heapq import nlargest, nsmallest
from typing import NamedTuple

from tokenmon.errors import UsageError
from tokenmon.store.answers import SessionPage, SessionRow, Sums
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part, Span
from tokenmon.store.schema import HOUR
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.statements import COST, FAR, TIMES, TOKENS, UNPRICED, Selection, sums
from tokenmon.store.vectors import Moment, cut, opened
from tokenmon.text import sanitise

MODELS = 5
"""Models of a session that are named."""

_NONE = -1
"""No session has this id."""

_COLUMNS = ("n", "err", TOKENS, COST, UNPRICED, *TIMES)
_KEPT = 64
_KEPT_ROWS = 100_000
"""Rows of kept pieces: about 30 MB."""


class Count(NamedTuple):
    """What is counted of a session, or of a part of one."""

    requests: int = 0
    errors: int = 0
    total: int = 0
    cost: int = 0
    """Known costs."""
    unpriced: int = 0
    first: int = 0
    last: int = 0

    @property
    def shown_cost(self) -> int | None:
        """Known costs; None where none is."""
        return None if self.requests and self.unpriced == self.requests else self.cost

    def with_(self, other: "Count") -> "Count":
        """Both parts as one."""
        return Count(
            self.requests + other.requests,
            self.errors + other.errors,
            self.total + other.total,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
            min(self.first, other.first),
            max(self.last, other.last),
        )

    def less(self, other: "Count") -> "Count":
        """Without the calls of a part."""
        return self._replace(
            requests=self.requests - other.requests,
            errors=self.errors - other.errors,
            total=self.total - other.total,
            cost=self.cost - other.cost,
            unpriced=self.unpriced - other.unpriced,
        )


class _Sort(NamedTuple):
    of: Callable[[Count], int | None]
    columns: str
    """Of the table `session`; the last one's direction follows."""


SORTS: dict[str, _Sort] = {
    "cost": _Sort(lambda count: count.shown_cost, "unpriced = n, cost"),
    "last": _Sort(lambda count: count.last, "last_ts"),
    "requests": _Sort(lambda count: count.requests, "n"),
    "total": _Sort(lambda count: count.total, "tokens"),
}
"""What sessions are sorted by besides `name`."""


@dataclass(frozen=True)
class Order:
    """Which rows are shown."""

    sort: str
    descending: bool
    limit: int
    """0: all."""

    def __post_init__(self) -> None:
        if self.sort not in (*SORTS, "name"):
            raise UsageError(f"sessions cannot be sorted by {self.sort!r}", f"one of {', '.join((*SORTS, 'name'))}")

    @property
    def sql(self) -> str:
        """ORDER BY over the table `session`, what is missing last."""
        way = " DESC" if self.descending else ""
        return f"name{way}" if self.sort == "name" else f"{SORTS[self.sort].columns}{way}, name"

    def first_of(self, rows: Iterable["_Named"]) -> list["_Named"]:
        """The rows that are shown, in order."""
        ordered = sorted(rows, key=lambda row: row.name, reverse=self.descending and self.sort == "name")
        if self.sort != "name":
            of = SORTS[self.sort].of
            known = [row for row in ordered if of(row.counted) is not None]
            known.sort(key=lambda row: of(row.counted) or 0, reverse=self.descending)
            ordered = known + [row for row in ordered if of(row.counted) is None]
        return ordered[: self.limit] if self.limit else ordered

    def candidates(self, counts: Mapping[int, Count]) -> Collection[int]:
        """Sessions that may be shown, as far as that is told without names."""
        if self.sort == "name" or not self.limit:
            return counts
        of = SORTS[self.sort].of
        known = {session: value for session, count in counts.items() if (value := of(count)) is not None}
        if len(known) < self.limit:
            return counts
        last = (nlargest if self.descending else nsmallest)(self.limit, known.values())[-1]
        return [session for session, value in known.items() if (value >= last if self.descending else value <= last)]


class _Named(NamedTuple):
    session: int
    name: str
    counted: Count


@dataclass(eq=False)
class _Piece:
    """What is known of a piece of the span."""

    everyone: dict[int, Count] | None = None
    """By session, `_NONE` those without one."""
    parts: dict[str, dict[int, list[Row]]] = field(default_factory=dict)
    """By what rows are grouped by: rows of the sessions that were asked for."""

    @property
    def size(self) -> int:
        return len(self.everyone or ()) + sum(len(rows) for of in self.parts.values() for rows in of.values())


_INSIDE = "n > 0 AND first_ts >= ?1 AND last_ts < ?2"
_ADDED = f"""
SELECT count(*), ifnull(sum(n), 0), ifnull(sum(err), 0), ifnull(sum(tokens), 0), ifnull(sum(cost), 0),
  ifnull(sum(unpriced), 0)
FROM session WHERE {_INSIDE}
"""
_OTHERS = f"""
SELECT id FROM session
WHERE n > 0 AND last_ts >= ?3 AND (first_ts < ?2 OR last_ts >= ?4) AND NOT ({_INSIDE})
"""
_LIFETIMES = """
SELECT id, name, n, err, tokens, cost, unpriced, first_ts, last_ts
FROM session WHERE n > 0 AND id IN (SELECT value FROM json_each(?))
"""
_SPARE = 100
"""Ended sessions that are kept beyond those that are shown, for when some of these go on."""

_NEWEST_FIRST = "(SELECT * FROM session ORDER BY id DESC LIMIT -1)"
"""Where the newest are asked for: SQLite keeps the first rows of an order, and so drops most rows at once."""


@dataclass(frozen=True)
class _Ended:
    """The sessions that lay wholly between two times when the whole table was read, and had ended by the settled hour.

    Which of them went on since is told by the events since then.
    """

    start: int
    """A full hour, so that it stays while the range moves with the clock."""
    end: int
    settled: int
    order: Order
    count: int
    together: Count
    first: frozenset[int]
    """Those that come first, `_SPARE` more than are shown."""
    others: frozenset[int]
    """All other sessions that may have calls in the range."""

    def is_of(self, start: int, end: int, settled: int, order: Order) -> bool:
        """Whether it was read for this."""
        return (self.start, self.end, self.settled, self.order) == (start, end, settled, order)

    def went_on(self, row: "_Named") -> bool:
        """Whether a session that has calls since then was one of these."""
        return row.session not in self.others and self.start <= row.counted.first < self.end

    def has_enough(self, since: Mapping[int, Count]) -> bool:
        """Whether the first that did not go on are as many as are shown."""
        return len(self.first) == self.count or len(self.first - since.keys()) >= self.order.limit


class SessionRows:
    """Pages of sessions, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Selection, Span], _Piece] = OrderedDict()
        self._fresh: dict[tuple[Selection, Span], _Piece] = {}
        self._ended: _Ended | None = None
        self._base: tuple[tuple[_Piece, ...], dict[int, Count]] = ((), {})
        self._described: dict[tuple[Selection, int], tuple[Count, SessionRow]] = {}
        self._version: object = None
        self._revision: object = None

    async def page(
        self, moment: Moment, catalogue: Catalogue, selection: Selection, span: Span, order: Order, totals: Sums
    ) -> SessionPage:
        """The sessions of a span; `totals` are those of the same span and selection."""
        self._forget_what_changed(moment, catalogue)
        span = opened(span, moment)
        if selection.series is None and not selection.scans:
            rows, count, without = await self._of_lifetimes(moment, selection, span, order, totals)
        else:
            rows, count, without = await self._of_events(moment, selection, span, order)
        shown = order.first_of(rows)
        described = await self._describe(moment, catalogue, selection, span, shown)
        self._drop_what_is_old(moment, selection, span)
        return SessionPage(described, count, len(shown) < count, totals, _sums(without))

    # -- counting

    async def _of_lifetimes(
        self, moment: Moment, selection: Selection, span: Span, order: Order, totals: Sums
    ) -> tuple[list[_Named], int, Count]:
        """Rows among which the shown ones are, how many there are, and what belongs to none."""
        start, end = (-FAR if span[0] is None else span[0], FAR if span[1] is None else span[1])
        since = await self._since(moment, selection)
        ended = await self._those_that_ended(moment, start, end, order, since)
        found = await moment.snapshot.all(_LIFETIMES, (json.dumps([*(ended.first | ended.others | since.keys())]),))
        known = [_Named(session, name, Count(*row)) for session, name, *row in found]
        still = [row for row in known if row.session in ended.first and row.session not in since]
        rest = [row for row in known if row.session not in ended.first or row.session in since]
        before = [row.counted.less(since[row.session]) for row in rest if row.session in since and ended.went_on(row)]
        gone = [count for count in before if count.requests]
        inside = [row for row in rest if start <= row.counted.first and row.counted.last < end]
        over = {row.session: row for row in rest if row.counted.last >= start and row.counted.first < end}
        for row in inside:
            del over[row.session]
        lifetimes = {session: row.counted for session, row in over.items()}
        parts = await self._parts_of(moment, selection, span, lifetimes, by="session", columns=_COLUMNS)
        partly = [
            row._replace(counted=reduce(Count.with_, (Count(*part) for part in parts[session])))
            for session, row in over.items()
            if parts[session]
        ]
        together = reduce(Count.less, gone, ended.together)
        together = reduce(Count.with_, (row.counted for row in (*inside, *partly)), together)
        count = ended.count - len(gone) + len(inside) + len(partly)
        return [*still, *inside, *partly], count, _less(totals, together)

    async def _since(self, moment: Moment, selection: Selection) -> Mapping[int, Count]:
        """Sessions with calls since the settled hour, and what these are."""
        if moment.settled is None:
            return {}
        span = (moment.settled, None)
        ((_, piece),) = self._pieces(moment, selection, span)
        everyone = (await self._everyone(moment, selection, span, piece)).everyone or {}
        return {session: count for session, count in everyone.items() if session != _NONE}

    async def _those_that_ended(
        self, moment: Moment, start: int, end: int, order: Order, since: Mapping[int, Count]
    ) -> _Ended:
        settled = FAR if moment.settled is None else moment.settled
        asked = (-(-start // HOUR) * HOUR, min(end, settled), settled, order)
        if self._ended is None or not self._ended.is_of(*asked) or not self._ended.has_enough(since):
            low, high, *_ = asked
            ((count, *added),) = await moment.snapshot.all(_ADDED, (low, high))
            table = _NEWEST_FIRST if order.sort == "last" and order.descending else "session"
            most = order.limit + _SPARE if order.limit else -1
            first = await moment.snapshot.all(
                f"SELECT id FROM {table} WHERE {_INSIDE} ORDER BY {order.sql} LIMIT ?3", (low, high, most)
            )
            others = await moment.snapshot.all(_OTHERS, (low, high, low - HOUR, settled))
            ids = (frozenset(session for (session,) in rows) for rows in (first, others))
            self._ended = _Ended(*asked, count, Count(*added), *ids)
        return self._ended

    async def _of_events(
        self, moment: Moment, selection: Selection, span: Span, order: Order
    ) -> tuple[list[_Named], int, Count]:
        """The same, whatever filters."""
        pieces = [
            await self._everyone(moment, selection, part, piece)
            for part, piece in self._pieces(moment, selection, span)
        ]
        base = tuple(pieces[: len(cut(span, moment.settled)[0])])
        if base != self._base[0]:
            self._base = (base, _merged({}, base))
        counts = _merged(self._base[1], pieces[len(base) :])
        without = counts.pop(_NONE, Count())
        names = await _names(moment.snapshot, order.candidates(counts))
        return [_Named(session, name, counts[session]) for session, name in names], len(counts), without

    async def _everyone(self, moment: Moment, selection: Selection, span: Span, piece: _Piece) -> _Piece:
        if piece.everyone is None:
            statement = sums([(0, (Part(RAW, *span),))], selection, by="session", columns=_COLUMNS)
            rows = await moment.snapshot.all(*statement) if statement else []
            piece.everyone = {_NONE if session is None else session: Count(*row) for _, session, *row in rows}
        return piece

    async def _parts_of(
        self,
        moment: Moment,
        selection: Selection,
        span: Span,
        asked: Mapping[int, Count],
        *,
        by: str,
        columns: Sequence[str],
    ) -> dict[int, list[Row]]:
        """Rows of some sessions by `by`; the first and last time asked for say where they are looked for."""
        found: dict[int, list[Row]] = {session: [] for session in asked}
        for (start, end), piece in self._pieces(moment, selection, span):
            there = {
                session: count
                for session, count in asked.items()
                if (end is None or count.first < end) and (start is None or count.last >= start)
            }
            known = piece.parts.setdefault(by, {})
            missing = {session: count for session, count in there.items() if session not in known}
            if missing:
                known |= await _sought(moment, selection, (start, end), missing, by, columns)
            for session in there:
                found[session] += known[session]
        return found

    # -- describing

    async def _describe(
        self, moment: Moment, catalogue: Catalogue, selection: Selection, span: Span, shown: Sequence[_Named]
    ) -> tuple[SessionRow, ...]:
        """The rows with models and projects, which are looked up again where something was counted anew."""
        known = {row.session: self._described.get((selection, row.session)) for row in shown}
        changed = {row.session: row.counted for row in shown if _is_new(known[row.session], row.counted)}
        parts = await self._parts_of(moment, selection, span, changed, by="session, series", columns=("n",))
        self._described = {
            (selection, row.session): (row.counted, _row(catalogue, row, parts[row.session]))
            if row.session in changed
            else self._described[selection, row.session]
            for row in shown
        }
        return tuple(row for _, row in self._described.values())

    # -- keeping

    def _pieces(self, moment: Moment, selection: Selection, span: Span) -> list[tuple[Span, _Piece]]:
        """What is known of the pieces of a span, kept or only of this revision."""
        kept, fresh = cut(span, moment.settled)
        for part in kept:
            self._kept.setdefault((selection, part), _Piece())
            self._kept.move_to_end((selection, part))
        return [
            *((part, self._kept[selection, part]) for part in kept),
            *((part, self._fresh.setdefault((selection, part), _Piece())) for part in fresh),
        ]

    def _forget_what_changed(self, moment: Moment, catalogue: Catalogue) -> None:
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._kept.clear()
            self._described.clear()
            self._ended = None
            self._version = version
        if (version, moment.revision) != self._revision:
            self._fresh.clear()
            self._revision = (version, moment.revision)

    def _drop_what_is_old(self, moment: Moment, selection: Selection, span: Span) -> None:
        """Bound the memory, but keep what was just asked for."""
        used = {(selection, part) for part in cut(span, moment.settled)[0]}
        rows = sum(piece.size for piece in self._kept.values())
        while (rows > _KEPT_ROWS or len(self._kept) > _KEPT) and next(iter(self._kept)) not in used:
            _, dropped = self._kept.popitem(last=False)
            rows -= dropped.size


def _merged(counts: dict[int, Count], pieces: Iterable[_Piece]) -> dict[int, Count]:
    merged = dict(counts)
    for piece in pieces:
        for session, count in (piece.everyone or {}).items():
            known = merged.get(session)
            merged[session] = count if known is None else known.with_(count)
    return merged


async def _sought(
    moment: Moment, selection: Selection, span: Span, asked: Mapping[int, Count], by: str, columns: Sequence[str]
) -> dict[int, list[Row]]:
    """Rows of sessions in a span, read where they have calls."""
    narrowed = replace(
        selection,
        events=selection.events + " AND r.session IN (SELECT value FROM json_each(?))",
        arguments=(*selection.arguments, json.dumps(list(asked))),
    )
    found: dict[int, list[Row]] = {session: [] for session in asked}
    statement = sums([(0, _stretches(span, asked.values()))], narrowed, by=by, columns=columns)
    for _, session, *row in await moment.snapshot.all(*statement) if statement else []:
        found[session].append(tuple(row))
    return found


def _stretches(span: Span, counts: Iterable[Count]) -> list[Part]:
    """What sessions take up of a span, without overlaps."""
    parts: list[Part] = []
    for first, last in sorted((count.first, count.last + 1) for count in counts):
        start = first if span[0] is None else max(first, span[0])
        end = last if span[1] is None else min(last, span[1])
        before = parts[-1] if parts else None
        if before is not None and before.end is not None and start <= before.end:
            parts[-1] = Part(RAW, before.start, max(before.end, end))
        else:
            parts.append(Part(RAW, start, end))
    return parts


async def _names(snapshot: Snapshot, sessions: Collection[int]) -> Sequence[tuple[int, str]]:
    statement = "SELECT id, name FROM session WHERE id IN (SELECT value FROM json_each(?))"
    return [(session, name) for session, name in await snapshot.all(statement, (json.dumps(list(sessions)),))]


def _less(totals: Sums, count: Count) -> Count:
    return Count(
        requests=totals.requests - count.requests,
        errors=totals.errors - count.errors,
        total=totals.total - count.total,
        cost=(totals.cost or 0) - count.cost,
        unpriced=totals.unpriced - count.unpriced,
    )


def _sums(count: Count) -> Sums:
    return Sums(
        requests=count.requests,
        errors=count.errors,
        total=count.total,
        cost=count.shown_cost,
        unpriced=count.unpriced,
    )


def _is_new(known: tuple[Count, SessionRow] | None, count: Count) -> bool:
    return known is None or known[0] != count


def _row(catalogue: Catalogue, row: _Named, parts: Iterable[Row]) -> SessionRow:
    models: Counter[str] = Counter()
    projects: Counter[str] = Counter()
    for series, requests in parts:
        names = catalogue[series].names
        models[names.model] += requests
        projects[names.project] += requests
    named = _largest(models)
    return SessionRow(
        name=sanitise(row.name),
        requests=row.counted.requests,
        errors=row.counted.errors,
        total=row.counted.total,
        cost=row.counted.shown_cost,
        unpriced=row.counted.unpriced,
        first=row.counted.first,
        last=row.counted.last,
        models=tuple(named[:MODELS]),
        models_total=len(named),
        project=next(iter(_largest(projects)), ""),
    )


def _largest(counted: Mapping[str, int]) -> list[str]:
    """Names, the most frequent first, without what the log does not say."""
    return sorted((name for name in counted if name), key=lambda name: (-counted[name], name))
