"""Which buckets and which raw events answer a span of time, exactly and from few rows.

An edge that stands inside a bucket of the next wider level is rounded to the nearer end of that bucket, and what that
adds or takes is read at the finer level with the opposite sign: so a level gives at most half of its ratio for each
edge, and the widest level the rest. First and last times cannot be taken off, so they have a cover that only adds.

Pure arithmetic over milliseconds; what can be read is said by `Floors`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tokenmon.store.schema import LEVELS

WIDTHS: tuple[int, ...] = (1, *(width for _, width in LEVELS))
"""Milliseconds of one unit of every level: 0 is the raw events, then the roll-ups from fine to coarse."""

RAW = 0
TOP = len(WIDTHS) - 1


Span = tuple[int | None, int | None]
"""[start, end) in UTC milliseconds, None is open."""


class Part(NamedTuple):
    """[start, end) read at one level and added or taken off; both are multiples of the level's width, None is open."""

    level: int
    start: int | None
    end: int | None
    sign: int = 1


@dataclass(frozen=True)
class Cover:
    """Parts whose signed sum is the span asked for."""

    parts: tuple[Part, ...]
    rolled: tuple[int | None, int | None] | None
    """The whole hours that, on balance, come from roll-ups; the dirty ones among them need a correction."""


Floors = tuple[int | None, ...]
"""Per level, the time before which its rows are gone (UTC milliseconds, None: nothing is); `TOP` never goes."""

NOTHING_GONE: Floors = (None,) * TOP


def common(one: Span, other: Span) -> Span:
    """What two spans share; its end is not after its start where they share nothing."""
    starts = [start for start, _ in (one, other) if start is not None]
    ends = [end for _, end in (one, other) if end is not None]
    return max(starts, default=None), min(ends, default=None)


def snap(edge: int | None, floors: Floors, up: bool) -> int | None:
    """`edge`, or where the rows that it would need are gone, the next edge outward that can be answered."""
    if edge is None:
        return None
    for level in range(TOP - 1, -1, -1):
        floor, wide = floors[level], WIDTHS[level + 1]
        if floor is not None and edge % wide and edge < -(-floor // wide) * wide:
            return -(-edge // wide) * wide if up else edge // wide * wide
    return edge


def cover(start: int | None, end: int | None) -> Cover:
    """The span [start, end) from few rows, with complements. An open edge costs nothing."""
    parts: list[Part] = []
    rolled: tuple[int | None, int | None] | None = None
    for level, wide in enumerate(WIDTHS[1:]):
        low, high = nearest(start, wide), nearest(end, wide)
        if _is_short(start, end, low, high):
            return Cover((*parts, *_plain(level, start, end)), rolled)
        parts += [*_moved(level, start, low), *_moved(level, high, end)]
        start, end = low, high
        if level == RAW:
            rolled = (start, end)
    return Cover((*parts, *_plain(TOP, start, end)), rolled)


def nearest(edge: int | None, wide: int) -> int | None:
    """The multiple of `wide` nearest to an edge."""
    if edge is None:
        return None
    up = -(-edge // wide) * wide
    return up - wide if (up - edge) * 2 > wide else up


def _is_short(start: int | None, end: int | None, low: int | None, high: int | None) -> bool:
    """Whether reading a span directly is no more than what rounding its edges would take."""
    if start is None or end is None or low is None or high is None:
        return False
    return end - start <= abs(low - start) + abs(high - end)


def _moved(level: int, start: int | None, end: int | None) -> Iterable[Part]:
    """[start, end), negative where the edge moved the other way."""
    if start is None or end is None or start == end:
        return ()
    return (Part(level, start, end),) if start < end else (Part(level, end, start, -1),)


def _plain(level: int, start: int | None, end: int | None) -> Iterable[Part]:
    return () if start is not None and end is not None and start >= end else (Part(level, start, end),)


def adding(start: int | None, end: int | None, holes: Sequence[tuple[int, int]] = ()) -> tuple[Part, ...]:
    """Disjoint parts that make up [start, end), none taken off; `holes` (sorted, disjoint) are read raw."""
    parts: list[Part] = []
    for low, high in holes:
        low = low if start is None else max(low, start)
        high = high if end is None else min(high, end)
        if low < high:
            parts += [*_adding(start, low), Part(RAW, low, high)]
            start = high
    return (*parts, *_adding(start, end))


def _adding(start: int | None, end: int | None) -> Iterable[Part]:
    for level, wide in enumerate(WIDTHS[1:]):
        low = None if start is None else -(-start // wide) * wide
        high = None if end is None else end // wide * wide
        if low is not None and high is not None and low >= high:
            yield from _plain(level, start, end)
            return
        yield from _moved(level, start, low)
        yield from _moved(level, high, end)
        start, end = low, high
    yield from _plain(TOP, start, end)


def runs(hours: Iterable[int], width: int) -> list[tuple[int, int]]:
    """Bucket numbers in order, as spans of milliseconds; neighbours become one."""
    spans: list[tuple[int, int]] = []
    for hour in hours:
        if spans and spans[-1][1] == hour * width:
            spans[-1] = (spans[-1][0], (hour + 1) * width)
        else:
            spans.append((hour * width, (hour + 1) * width))
    return spans


def corrections(rolled: tuple[int | None, int | None] | None, dirty: Iterable[tuple[int, int]]) -> tuple[Part, ...]:
    """What makes a cover true again: dirty hours (as spans) that it takes from roll-ups, from the events instead."""
    if rolled is None:
        return ()
    parts: list[Part] = []
    for low, high in dirty:
        low = low if rolled[0] is None else max(low, rolled[0])
        high = high if rolled[1] is None else min(high, rolled[1])
        if low < high:
            parts += [Part(RAW, low, high), Part(1, low, high, -1)]
    return tuple(parts)
