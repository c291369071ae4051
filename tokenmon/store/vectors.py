"""The vector: sums and times per series over a span, from which totals, breakdowns and charts are folded.

A span is cut into pieces. Those that lie before the settled hour only change when `history` grows, so they are kept,
and so is what they fold to; cut at whole hours and at five minutes, they stay the same while a relative range moves
with the clock. What lies in the open hour before its newest five minutes only changes when `recent` grows, too. What is
read anew is a few minutes of events at the edges and at the end, once per commit, whatever number of panels ask. Sums
come from the cover that also takes off; first and last times from one that only adds,
because a least cannot be taken back.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tokenmon.dimensions import Dimension
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Floors, Part, Span, adding, corrections, cover
from tokenmon.store.groups import Tally, Values, fold, together
from tokenmon.store.schema import HOUR, STEP, SUMS
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.statements import TIMES, Selection, sums

Vector = dict[int, Row]
"""By series: SUMS, then the first and the last time."""

_NOTHING = Tally()
_KEPT = 64
_KEPT_ROWS = 150_000
"""Rows of kept pieces: about 75 MB at most."""
_MANY_DIRTY = 24
"""Hours; more of them in long runs are read once for sums and times together."""


@dataclass(frozen=True)
class Moment:
    """What holds while one question is answered."""

    snapshot: Snapshot
    revision: int
    """Differs after every commit of somebody else."""
    newest: int | None
    """Time of the newest event."""
    settled: int | None
    """What is before this full hour changes only with `history`."""
    history: int
    """Grows when something before `settled` changes."""
    recent: int
    """Grows when something before `still` changes, and not before `settled`."""
    floors: Floors
    dirty: tuple[tuple[int, int], ...]
    """Spans whose roll-ups are not to be trusted."""

    @property
    def still(self) -> int | None:
        """What is before these newest five minutes changes only with `history` or `recent`."""
        return None if self.newest is None else self.newest // STEP * STEP


@dataclass(eq=False)
class Piece:
    """The vector of one piece, and what it was folded to."""

    rows: Vector
    folded: dict[tuple[str, ...], dict[Values, Tally]] = field(default_factory=dict)
    """By the names of the dimensions; nobody changes these tallies."""

    def by(self, catalogue: Catalogue, by: Sequence[Dimension]) -> dict[Values, Tally]:
        """Tallies of the values of dimensions over names."""
        names = tuple(dimension.name for dimension in by)
        if names not in self.folded:
            classes = catalogue.classes(by)
            self.folded[names] = fold((*classes[series], row) for series, row in self.rows.items())
        return self.folded[names]


@dataclass(frozen=True)
class Pieces:
    """A vector in parts: a series may be in several."""

    kept: tuple[Piece, ...]
    fresh: tuple[Piece, ...]
    bases: "OrderedDict[object, dict[Values, Tally]]"

    def totals(self, catalogue: Catalogue) -> Tally:
        """Everything in one tally."""
        return self.tallies(catalogue, ()).get((), _NOTHING)

    def tallies(self, catalogue: Catalogue, by: Sequence[Dimension]) -> dict[Values, Tally]:
        """One tally per values of dimensions over names."""
        key = (self.kept, tuple(dimension.name for dimension in by))
        base = self.bases.get(key)
        if base is None:
            self.bases[key] = base = together([piece.by(catalogue, by) for piece in self.kept])
            if len(self.bases) > _KEPT:
                self.bases.popitem(last=False)
        return together([base, *(piece.by(catalogue, by) for piece in self.fresh)])


class Vectors:
    """Vectors, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Selection, Span], Piece] = OrderedDict()
        self._rows = 0
        self._version: object = None
        self._still: dict[tuple[Selection, Span], Piece] = {}
        self._recent: object = None
        self._fresh: dict[tuple[Selection, Span], Piece] = {}
        self._revision: object = None
        self._bases: OrderedDict[object, dict[Values, Tally]] = OrderedDict()

    async def read(self, moment: Moment, catalogue: Catalogue, selection: Selection, span: Span) -> Pieces:
        """The vector of a span; its edges must be answerable (see `cover.snap`)."""
        self._forget_what_changed(moment, catalogue)
        kept, open_ = cut(opened(span, moment), moment.settled)
        still, fresh = cut_open(open_, moment.settled, moment.still)
        settled = [await self._settled(moment, selection, piece) for piece in kept]
        settled += [await self._read_once(self._still, moment, selection, piece) for piece in still]
        anew = [await self._read_once(self._fresh, moment, selection, piece) for piece in fresh]
        return Pieces(tuple(settled), tuple(anew), self._bases)

    def _forget_what_changed(self, moment: Moment, catalogue: Catalogue) -> None:
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._kept.clear()
            self._bases.clear()
            self._rows = 0
            self._version = version
        if (version, moment.recent, moment.still) != self._recent:
            self._still.clear()
            self._recent = (version, moment.recent, moment.still)
        if (version, moment.revision) != self._revision:
            self._fresh.clear()
            self._revision = (version, moment.revision)

    async def _read_once(
        self, known: dict[tuple[Selection, Span], Piece], moment: Moment, selection: Selection, span: Span
    ) -> Piece:
        """A piece of the open hour or of an edge."""
        key = (selection, span)
        if key not in known:
            known[key] = Piece(await _read(moment, selection, _adding(moment, selection, span)))
        return known[key]

    async def _settled(self, moment: Moment, selection: Selection, span: Span) -> Piece:
        key = (selection, span)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        self._kept[key] = piece = Piece(await _whole(moment, selection, span))
        self._rows += len(piece.rows)
        while len(self._kept) > 1 and (len(self._kept) > _KEPT or self._rows > _KEPT_ROWS):
            _, dropped = self._kept.popitem(last=False)
            self._rows -= len(dropped.rows)
        return piece


def opened(span: Span, moment: Moment) -> Span:
    """A span that ends after the newest event has no end: whole roll-ups answer it."""
    start, end = span
    return (start, None) if end is not None and moment.newest is not None and end > moment.newest else span


def cut(span: Span, settled: int | None) -> tuple[list[Span], list[Span]]:
    """A span as pieces that can be kept, at whole hours and steps before `settled`, and pieces that cannot."""
    start, end = span
    if settled is None or (start is not None and start >= settled):
        return [], [span]
    high = settled if end is None else min(end, settled)
    points = {high // STEP * STEP, high // HOUR * HOUR}
    if start is not None:
        points |= {-(-start // STEP) * STEP, -(-start // HOUR) * HOUR}
    inner = sorted(point for point in points if point < high and (start is None or point > start))
    pieces: list[Span] = list(pairwise([start, *inner, high]))
    kept = [piece for piece in pieces if all(edge is None or edge % STEP == 0 for edge in piece)]
    fresh = [piece for piece in pieces if piece not in kept]
    if end is None or end > settled:
        fresh.append((settled, end))
    return kept, fresh


def cut_open(spans: Sequence[Span], settled: int | None, still: int | None) -> tuple[list[Span], list[Span]]:
    """Pieces of which nothing is kept, as those of the open hour that stand still for now, and those that do not."""
    if settled is None or still is None:
        return [], list(spans)
    resting: list[Span] = []
    moving: list[Span] = []
    for start, end in spans:
        low = settled if start is None else max(settled, -(-start // STEP) * STEP)
        high = still if end is None else min(still, end // STEP * STEP)
        if low < high:
            resting.append((low, high))
            moving += [edge for edge in ((start, low), (high, end)) if edge[0] != edge[1]]
        else:
            moving.append((start, end))
    return resting, moving


async def _read(moment: Moment, selection: Selection, parts: Iterable[Part]) -> Vector:
    """Sums and times together, over parts that only add."""
    statement = sums([(0, parts)], selection, columns=(*SUMS, *TIMES))
    rows = await moment.snapshot.all(*statement) if statement else []
    return {row[1]: row[2:] for row in rows}


def _adding(moment: Moment, selection: Selection, span: Span) -> Sequence[Part]:
    """Parts of a span of which none is taken off: only events where only they can tell."""
    return (Part(RAW, *span),) if selection.scans else adding(*span, moment.dirty)


async def _whole(moment: Moment, selection: Selection, span: Span) -> Vector:
    start, end = span
    if selection.scans or any(edge is not None and edge % HOUR for edge in span):
        return await _read(moment, selection, _adding(moment, selection, span))
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
