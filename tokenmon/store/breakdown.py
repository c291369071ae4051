"""A view by any dimensions. Names fold the vector; calendar buckets cut the span into slots first; what only events
know makes it a scan.

SQLite adds up whole classes of series that share their values and flags, and only those come over.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import Literal

from tokenmon.dimensions import Dimension
from tokenmon.store import buckets
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part, Span, adding, runs, snap
from tokenmon.store.groups import Tally, Values, fold
from tokenmon.store.schema import HOUR, SUMS
from tokenmon.store.selecting import names_of
from tokenmon.store.slots import exact, summed
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.statements import CLASSES, FAR, TIMES, Selection, Slots, Statement, sums
from tokenmon.store.vectors import Moment, Vectors

MOST_BUCKETS = 5_000
"""Calendar buckets of one answer, the newest; of charts, bins."""

_DAY = 24 * 3_600_000
_AT_ONCE = 16
"""Slots of one statement."""

_OUTERMOST = """
SELECT key, (SELECT min(ts) FROM event WHERE ts >= json_extract(value, '$[0]') AND ts < json_extract(value, '$[1]')),
  (SELECT max(ts) FROM event WHERE ts >= json_extract(value, '$[0]') AND ts < json_extract(value, '$[1]'))
FROM json_each(?)
"""
_HOURS = """
WITH RECURSIVE hour(k) AS (
  SELECT min(k) FROM r1h
  UNION ALL SELECT (SELECT min(k) FROM r1h WHERE k > hour.k) FROM hour WHERE hour.k IS NOT NULL)
SELECT k FROM hour WHERE k IS NOT NULL AND k NOT IN (SELECT value FROM json_each(?))
  AND EXISTS (SELECT 1 FROM r1h r WHERE r.k = hour.k AND r.n > 0{})
UNION SELECT value FROM json_each(?)
  WHERE EXISTS (SELECT 1 FROM event r WHERE r.ts >= value * 3600000 AND r.ts < (value + 1) * 3600000{})
ORDER BY 1
"""
_HOURS_OF_EVENTS = "SELECT DISTINCT r.ts / 3600000 FROM event r WHERE true{} ORDER BY 1"
_OCCUPIED = """
WITH RECURSIVE day(k) AS (
  SELECT min(k) FROM r1d
  UNION ALL SELECT (SELECT min(k) FROM r1d WHERE k > day.k) FROM day WHERE day.k IS NOT NULL)
SELECT k FROM day WHERE k IS NOT NULL
"""


@dataclass(frozen=True)
class Found:
    """Groups, and all of them together where that is known without adding them up."""

    tallies: dict[Values, Tally]
    totals: Tally | None = None
    bounded: bool = False
    """Whether older buckets were left out of the groups; `totals` has them."""


async def tallies(
    moment: Moment,
    catalogue: Catalogue,
    vectors: Vectors,
    selection: Selection,
    span: Span,
    by: Sequence[Dimension],
    zone: tzinfo,
) -> Found:
    """One tally per distinct values of the dimensions."""
    extra = tuple(dict.fromkeys(dimension.of_event for dimension in by if dimension.of_event is not None))
    calendar = any(dimension.bucket is not None for dimension in by)
    if not extra and not calendar:
        pieces = await vectors.read(moment, catalogue, selection, span)
        return Found(pieces.tallies(catalogue, by), pieces.totals(catalogue))
    blocks = await _blocks(moment, selection) if any(dimension.bucket == "block" for dimension in by) else []
    slots = await _slots(moment, span, by, zone, blocks) if calendar else [span]
    bounded, totals = len(slots) > MOST_BUCKETS, None
    if bounded:
        slots = slots[-MOST_BUCKETS:]
        totals = (await vectors.read(moment, catalogue, selection, span)).totals(catalogue)
    texts: dict[str, dict[int, str]] = {name: await names_of(moment.snapshot, name) for name in extra}
    names = _Values(by, catalogue, texts, [start for start, _ in slots] if calendar else [], zone, blocks)
    if extra:
        parts = [(slot, (Part(RAW, *bounds),)) for slot, bounds in enumerate(slots)]
        rows = await _scanned(moment, selection, parts, ", ".join(("series", *extra)))
        series_of = None
    else:
        named = [dimension for dimension in by if dimension.of_names is not None]
        tag = tuple(dimension.name for dimension in named)
        series_of = await classify(moment.snapshot, catalogue, tag, catalogue.classes(named).__getitem__)
        if selection.scans:
            parts = [(slot, (Part(RAW, *bounds),)) for slot, bounds in enumerate(slots)]
            rows = await _scanned(moment, selection, parts, "class")
        else:
            anyone = all(dimension.bucket is not None for dimension in by)
            rows = await _classed(moment, selection, slots, anyone=anyone)
    width = 2 + len(extra)
    return Found(fold(_named(rows, names, catalogue, series_of, width)), totals, bounded)


def _named(
    rows: Iterable[Row], names: "_Values", catalogue: Catalogue, series_of: Sequence[int] | None, width: int
) -> Iterator[tuple[Values, int, Row]]:
    """Rows with the values of their group and the flags of their series."""
    for row in rows:
        series = row[1] if series_of is None else series_of[row[1]]
        yield names.of(series, row[2:width], row[0]), catalogue.flags(series), row[width:]


async def classify(
    snapshot: Snapshot, catalogue: Catalogue, name: object, kind_of: Callable[[int], object], table: str = CLASSES[0]
) -> list[int]:
    """Put series of one kind into one class; returns a series of each class. `name` says what `kind_of` tells."""
    examples, classes = catalogue.numbered(name, kind_of)
    await snapshot.classify((name, catalogue.generation, len(catalogue)), classes, table)
    return examples


class _Values:
    """The values of a group, from a series, what its events know, and a slot."""

    def __init__(
        self,
        by: Sequence[Dimension],
        catalogue: Catalogue,
        texts: dict[str, dict[int, str]],
        starts: Sequence[int | None] = (),
        zone: tzinfo | None = None,
        blocks: Sequence[int] = (),
    ) -> None:
        self._extra = list(texts)
        self._parts: list[tuple[str, dict[int, str]]] = []
        for dimension in by:
            if dimension.of_names is not None:
                self._parts.append(("name", catalogue.values(dimension.name, dimension.of_names)))
            elif dimension.of_event is not None:
                self._parts.append((dimension.of_event, texts[dimension.of_event]))
            elif dimension.bucket is not None and zone is not None:
                self._parts.append(("slot", _labels(starts, dimension.bucket, zone, blocks)))

    def of(self, series: int | None, known: Sequence[int | None], slot: int = 0) -> Values:
        """One value per dimension, None where it is missing."""
        keys: dict[str, int | None] = {"name": series, "slot": slot, **dict(zip(self._extra, known, strict=True))}
        return tuple(
            texts.get(keys[kind] or 0) or None if kind != "slot" else texts.get(slot) for kind, texts in self._parts
        )


def _labels(
    starts: Sequence[int | None], bucket: buckets.Bucket | Literal["block"], zone: tzinfo, blocks: Sequence[int]
) -> dict[int, str]:
    if bucket == "block":
        own = ((slot, bisect_right(blocks, start)) for slot, start in enumerate(starts) if start is not None)
        return {slot: buckets.block_label(blocks[place - 1], zone) for slot, place in own if place}
    return {
        slot: buckets.label(buckets.floor(start, bucket, zone), bucket, zone)
        for slot, start in enumerate(starts)
        if start is not None
    }


async def _blocks(moment: Moment, selection: Selection) -> list[int]:
    """Starts of the blocks of all that is selected, whenever it was, milliseconds."""
    text, bound = selection.narrowed(RAW)
    if selection.scans:
        rows = await moment.snapshot.all(_HOURS_OF_EVENTS.format(text), bound)
    else:
        dirty = json.dumps([hour for low, high in moment.dirty for hour in range(low // HOUR, high // HOUR)])
        rows = await moment.snapshot.all(_HOURS.format(text, text), (dirty, *bound, dirty, *bound))
    return list(buckets.blocks(hour for (hour,) in rows))


async def _slots(
    moment: Moment, span: Span, by: Sequence[Dimension], zone: tzinfo, blocks: Sequence[int]
) -> list[Span]:
    """The span cut at every edge of every bucket asked for, without the stretches that hold nothing."""
    edges = {edge for start in blocks for edge in (start, start + buckets.BLOCK)}
    kinds = {each.bucket for each in by if each.bucket is not None and each.bucket != "block"}
    occupied = await _occupied(moment, span)
    for low, high in occupied:
        for bucket in kinds:
            for start, end in buckets.spans(low, high, bucket, zone):
                edges |= {start, end}
    left, right = span
    inner = sorted(
        edge
        for edge in {snap(edge, moment.floors, up=False) for edge in edges}
        if edge is not None and (left is None or edge > left) and (right is None or edge < right)
    )
    if not occupied:
        return []
    first = min(occupied)[0] if left is None else left
    last = max(high for _, high in occupied) if right is None else right
    bounds = [first, *(edge for edge in inner if first < edge < last), last]
    return [
        (low, high)
        for low, high in pairwise(bounds)
        if low < high and any(low < there and here < high for here, there in occupied)
    ]


async def _occupied(moment: Moment, span: Span) -> list[tuple[int, int]]:
    """Spans of UTC days that hold anything of the span."""
    days = {day for (day,) in await moment.snapshot.all(_OCCUPIED)}
    for low, high in moment.dirty:
        days |= set(range(low // _DAY, (high - 1) // _DAY + 1))
    start, end = span
    return [
        (low if start is None else max(low, start), high if end is None else min(high, end))
        for low, high in runs(sorted(days), _DAY)
        if (end is None or low < end) and (start is None or high > start)
    ]


async def _scanned(moment: Moment, selection: Selection, parts: Slots, key: str) -> list[Row]:
    """Rows of slot, key, SUMS and times, from events alone."""
    return await _all(moment, sums(parts, selection, by=key, columns=(*SUMS, *TIMES)))


async def _classed(moment: Moment, selection: Selection, slots: Sequence[Span], *, anyone: bool) -> list[Row]:
    """Rows of slot, class, SUMS and times; `anyone`: every class of a slot may have the slot's own times."""
    numbered = list(enumerate(slots))
    parts = [(slot, exact(moment, span)) for slot, span in numbered]
    rows = await summed(moment, selection, parts, by="class", columns=SUMS)
    floor = moment.floors[RAW]
    if anyone and selection.series is None and (floor is None or all((low or 0) >= floor for low, _ in slots)):
        of_slot = {slot: (first, last) for slot, first, last in await _outermost(moment, slots)}
        return [(*row, *of_slot[row[0]]) for row in rows]
    times: dict[tuple[int, int], Row] = {}
    for place in range(0, len(slots), _AT_ONCE):
        timed = [(slot, adding(*span, moment.dirty)) for slot, span in numbered[place : place + _AT_ONCE]]
        for slot, key, *found in await _all(moment, sums(timed, selection, by="class", columns=TIMES)):
            times[slot, key] = tuple(found)
    return [(*row, *times[row[0], row[1]]) for row in rows]


async def _outermost(moment: Moment, slots: Sequence[Span]) -> list[Row]:
    """The first and the last event of every slot."""
    spans = [(-FAR if low is None else low, FAR if high is None else high) for low, high in slots]
    return await moment.snapshot.all(_OUTERMOST, (json.dumps(spans),))


async def _all(moment: Moment, statement: Statement | None) -> list[Row]:
    return await moment.snapshot.all(*statement) if statement else []


def _known(key: int | None) -> int:
    """A key that a look-up may be tried with."""
    return -1 if key is None else key
