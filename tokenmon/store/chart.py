"""The chart: bins by the values of one dimension, the largest by name and the rest as Other.

A bin that ends before the newest hour is asked for once; it is forgotten when `history` grows or a new series appears.
So a refresh asks for the last bins only, whatever the range.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from tokenmon.dimensions import Dimension
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Chart, ChartSeries
from tokenmon.store.breakdown import classify
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part, snap
from tokenmon.store.selecting import names_of
from tokenmon.store.slots import exact, summed
from tokenmon.store.snapshot import Row
from tokenmon.store.statements import Selection, Slots, sums
from tokenmon.store.vectors import Moment

Triple = tuple[int, int, int]
"""Shown cost, all tokens, requests."""


class Bin(NamedTuple):
    """One bin: by value (empty where it is missing), and all together."""

    values: dict[str, Triple]
    total: Triple


_FEW = 4
"""More bins than this are added up by class, which has to be made first."""

_OPEN = 2
"""Bins at the end that are always asked for again."""

_CELLS = 400_000
"""Values of bins that are kept at most."""

_COLUMNS = ("n", "cost_logged", "cost_list", "input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_LOGGED, _LIST, _TOKENS = 1, 2, 3
_NOTHING: Triple = (0, 0, 0)
_EMPTY = Bin({}, _NOTHING)

_Key = tuple[Selection, str, int, int]


class Bins:
    """Bins that cannot change any more."""

    def __init__(self) -> None:
        self._bins: OrderedDict[_Key, Bin] = OrderedDict()
        self._cells = 0
        self._totals: tuple[object, dict[str, Triple]] = (None, {})
        self._version: object = None

    async def chart(
        self,
        moment: Moment,
        catalogue: Catalogue,
        selection: Selection,
        by: Dimension,
        edges: Sequence[int],
        top: int,
        first: str | None,
    ) -> Chart:
        """The chart over whole bins, whatever part of them a view shows."""
        if by.bucket is not None:
            raise UsageError(f"a chart cannot be split by {by.name}")
        if len(edges) < 2:
            return Chart(tuple(edges), ())
        version = (moment.history, moment.floors, len(catalogue))
        if version != self._version:
            self.forget()
            self._version = version
        spans = list(pairwise(_snapped(edges, moment)))
        closed = [
            i for i, (_, end) in enumerate(spans[:-_OPEN]) if moment.settled is not None and end <= moment.settled
        ]
        bins = {i: self._bins[key] for i in closed if (key := (selection, by.name, *spans[i])) in self._bins}
        missing = [i for i in range(len(spans)) if i not in bins and spans[i][0] < spans[i][1]]
        bins |= await _ask(moment, catalogue, selection, by, {i: spans[i] for i in missing})
        for i in closed:
            if i in bins:
                self._keep((selection, by.name, *spans[i]), bins[i])
        totals = self._add_up((selection, by.name, tuple(spans[i] for i in closed)), closed, bins)
        return _drawn(edges, [bins.get(i, _EMPTY) for i in range(len(spans))], totals, top, first)

    def forget(self) -> None:
        """Everything is to be asked for again."""
        self._bins.clear()
        self._cells = 0
        self._totals = (None, {})

    def _keep(self, key: _Key, found: Bin) -> None:
        if key in self._bins:
            self._bins.move_to_end(key)
            return
        self._bins[key] = found
        self._cells += len(found.values) + 1
        while self._cells > _CELLS and len(self._bins) > 1:
            _, dropped = self._bins.popitem(last=False)
            self._cells -= len(dropped.values) + 1

    def _add_up(self, key: object, closed: Sequence[int], bins: dict[int, Bin]) -> dict[str, Triple]:
        """Totals by value over all bins; those of the closed ones are kept as well."""
        if self._totals[0] != key:
            self._totals = (key, _summed({}, (bins.get(i, _EMPTY) for i in closed)))
        open_ones = bins.keys() - set(closed)
        return _summed(self._totals[1], (bins[i] for i in open_ones))


def _snapped(edges: Sequence[int], moment: Moment) -> list[int]:
    """Edges that can be answered; neighbours that fall together make an empty bin."""
    last = len(edges) - 1
    return [snap(edge, moment.floors, up=i == last) or 0 for i, edge in enumerate(edges)]


def _summed(start: dict[str, Triple], bins: Iterable[Bin]) -> dict[str, Triple]:
    totals = dict(start)
    for found in bins:
        for value, (cost, tokens, requests) in found.values.items():
            known = totals.get(value, _NOTHING)
            totals[value] = (known[0] + cost, known[1] + tokens, known[2] + requests)
    return totals


async def _ask(
    moment: Moment, catalogue: Catalogue, selection: Selection, by: Dimension, spans: dict[int, tuple[int, int]]
) -> dict[int, Bin]:
    scan = selection.scans or by.of_event is not None
    parts = [(i, (Part(RAW, *span),) if scan else exact(moment, span)) for i, span in spans.items()]
    rows: list[tuple[int, str, int, Row]] = []
    if by.of_event is not None:
        texts = await names_of(moment.snapshot, by.of_event)
        for slot, series, known, *row in await _events(moment, selection, parts, f"series, {by.of_event}"):
            rows.append((slot, texts.get(known, ""), catalogue.flags(series), tuple(row)))
    elif by.of_names is not None:
        values = catalogue.values(by.name, by.of_names)
        examples = await classify(moment.snapshot, catalogue, values.__getitem__) if len(spans) > _FEW else None
        key_of = "series" if examples is None else "class"
        for slot, key, *row in await summed(moment, selection, parts, by=key_of, columns=_COLUMNS):
            series = key if examples is None else examples[key]
            rows.append((slot, values[series], catalogue.flags(series), tuple(row)))
    return _binned(spans, rows)


async def _events(moment: Moment, selection: Selection, parts: Slots, by: str) -> list[Row]:
    statement = sums(parts, selection, by=by, columns=_COLUMNS)
    return await moment.snapshot.all(*statement) if statement else []


def _binned(spans: Iterable[int], rows: Iterable[tuple[int, str, int, Row]]) -> dict[int, Bin]:
    bins: dict[int, dict[str, Triple]] = {i: {} for i in spans}
    for slot, value, flags, row in rows:
        cost, tokens, requests = bins[slot].get(value, _NOTHING)
        bins[slot][value] = (cost + _cost(flags, row), tokens + sum(row[_TOKENS:]), requests + row[0])
    return {i: Bin(values, _together(values.values())) for i, values in bins.items()}


def _together(triples: Collection[Triple]) -> Triple:
    cost, tokens, requests = map(sum, zip(*triples, strict=True)) if triples else _NOTHING
    return cost, tokens, requests


def _cost(flags: int, row: Row) -> int:
    if flags & Flag.LOGGED:
        return int(row[_LOGGED])
    return int(row[_LIST]) if flags & Flag.LISTED else 0


def _drawn(edges: Sequence[int], bins: Sequence[Bin], totals: dict[str, Triple], top: int, first: str | None) -> Chart:
    """The largest values in order, `first` before them, and Other."""
    ranked = sorted(totals, key=lambda value: (-totals[value][0], -totals[value][1], value))
    if first is not None and first in totals:
        ranked.remove(first)
        ranked.insert(0, first)
    named, rest = ranked[:top], ranked[top:]
    series = [_series(value, [found.values.get(value, _NOTHING) for found in bins]) for value in named]
    if rest:
        others = [_less(found, named) for found in bins]
        series.append(_series(f"Other ({len(rest)})", others))
    return Chart(tuple(edges), tuple(series))


def _less(found: Bin, named: Iterable[str]) -> Triple:
    """A bin's sums without those of the named values."""
    cost, tokens, requests = found.total
    for value in named:
        less = found.values.get(value, _NOTHING)
        cost, tokens, requests = cost - less[0], tokens - less[1], requests - less[2]
    return cost, tokens, requests


def _series(label: str, triples: Sequence[Triple]) -> ChartSeries:
    costs, tokens, requests = zip(*triples, strict=True)
    return ChartSeries(label, costs, tokens, requests)
