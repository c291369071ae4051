"""The vector: sums and times per series over a span, from which totals, breakdowns and charts are folded.

What lies before the newest hour only changes when `history` grows, so its whole hours are kept; a refresh reads the
raw edges and the newest hour. Sums come from the cover that also takes off; first and last times from one that only
adds, because a least cannot be taken back.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import add

from tokenmon.store.cover import RAW, Floors, Part, adding, corrections, cover
from tokenmon.store.schema import HOUR, SUMS
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.statements import TIMES, Selection, sums

Vector = dict[int, Row]
"""By series: SUMS, then the first and the last time."""

Span = tuple[int | None, int | None]

_KEPT = 16
_SUMS = len(SUMS)
_MANY_DIRTY = 24
"""Hours; more of them in long runs are read once for sums and times together."""


@dataclass(frozen=True)
class Moment:
    """What holds while one question is answered."""

    snapshot: Snapshot
    newest: int | None
    """Time of the newest event."""
    history: int
    """Grows when an hour before the newest changes."""
    floors: Floors
    dirty: tuple[tuple[int, int], ...]
    """Spans whose roll-ups are not to be trusted."""

    @property
    def settled(self) -> int | None:
        """Start of the newest hour: what is before it changes only with `history`."""
        return None if self.newest is None else self.newest // HOUR * HOUR


class Vectors:
    """Vectors, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str | None, Span], Vector] = OrderedDict()
        self._version: object = None

    async def read(self, moment: Moment, selection: Selection, span: Span) -> Vector:
        """The vector of a span; its edges must be answerable (see `cover.snap`)."""
        if selection.scans:
            return await _scan(moment, selection, span)
        whole = _whole_hours(span, moment.settled)
        if whole is None:
            return await _read(moment, selection, adding(*span, moment.dirty))
        settled = await self._settled(moment, selection, whole)
        fringe = (*adding(span[0], whole[0], moment.dirty), *adding(whole[1], span[1], moment.dirty))
        if whole[0] is None:
            fringe = adding(whole[1], span[1], moment.dirty)
        return merged(settled, await _read(moment, selection, fringe))

    async def _settled(self, moment: Moment, selection: Selection, span: Span) -> Vector:
        version = (moment.history, moment.floors)
        if version != self._version:
            self._kept.clear()
            self._version = version
        key = (selection.series, span)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        self._kept[key] = vector = await _whole(moment, selection, span)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return vector


def _whole_hours(span: Span, settled: int | None) -> Span | None:
    """The whole hours of a span before the newest hour; None where there is none."""
    if settled is None:
        return None
    start, end = span
    low = None if start is None else -(-start // HOUR) * HOUR
    high = settled if end is None else min(end // HOUR * HOUR, settled)
    return None if low is not None and low >= high else (low, high)


async def _read(moment: Moment, selection: Selection, parts: Iterable[Part]) -> Vector:
    """Sums and times together, over parts that only add."""
    statement = sums([(0, parts)], selection, columns=(*SUMS, *TIMES))
    rows = await moment.snapshot.all(*statement) if statement else []
    return {row[1]: row[2:] for row in rows}


async def _scan(moment: Moment, selection: Selection, span: Span) -> Vector:
    return await _read(moment, selection, (Part(RAW, *span),))


async def _whole(moment: Moment, selection: Selection, span: Span) -> Vector:
    start, end = span
    dirty = [
        (low, high) for low, high in moment.dirty if (end is None or low < end) and (start is None or high > start)
    ]
    hours = sum(high - low for low, high in dirty) // HOUR
    if hours > _MANY_DIRTY and hours > 4 * len(dirty):
        return await _read(moment, selection, adding(start, end, dirty))
    covering = cover(start, end)
    parts = (*covering.parts, *corrections(covering.rolled, dirty))
    summing = sums([(0, parts)], selection)
    timing = sums([(0, adding(start, end, dirty))], selection, columns=TIMES)
    if summing is None or timing is None:
        return {}
    times = {row[1]: row[2:] for row in await moment.snapshot.all(*timing)}
    return {row[1]: row[2:] + times[row[1]] for row in await moment.snapshot.all(*summing)}


def merged(vector: Vector, more: Vector) -> Vector:
    """Both together; neither is changed."""
    both = dict(vector)
    for series, row in more.items():
        known = both.get(series)
        both[series] = row if known is None else joined(known, row)
    return both


def joined(one: Row, other: Row) -> Row:
    """Two rows of SUMS and times as one."""
    first, last = min(one[_SUMS], other[_SUMS]), max(one[_SUMS + 1], other[_SUMS + 1])
    return (*map(add, one[:_SUMS], other[:_SUMS]), first, last)
