"""The chart: bins by the values of one dimension, the largest by name and the rest as Other.

A bin that ends before the newest hour is asked for once; it is forgotten when `history` grows.
So a refresh asks for the last bins only, whatever the range. Which values are the largest is known from the vector
before any bin is asked for, so bins tell a few values apart, however many there are.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from tokenmon.dimensions import Dimension
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Chart, ChartSeries
from tokenmon.store.breakdown import MOST_BUCKETS, classify
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part, snap
from tokenmon.store.groups import Tally, Values
from tokenmon.store.selecting import names_of
from tokenmon.store.slots import exact, summed
from tokenmon.store.snapshot import Row
from tokenmon.store.statements import TOKENS, Selection, Slots, sums
from tokenmon.store.vectors import Moment, Vectors

Triple = tuple[int, int, int]
"""Shown cost, all tokens, requests."""


class Bin(NamedTuple):
    """One bin: by value (empty where it is missing), and all together, also those that are not told apart."""

    values: dict[str, Triple]
    total: Triple


_FEW = 4
"""More bins than this are added up by class, which has to be made first."""

_OPEN = 2
"""Bins at the end that are always asked for again."""

_APART = 32
"""Values that bins tell apart; who they are is known from the sums over all bins before any bin is asked for."""

_CELLS = 400_000
"""Values of bins that are kept at most."""

_COLUMNS = ("n", "cost_logged", "cost_list", TOKENS)
_LOGGED, _LIST, _TOKENS = 1, 2, 3
_NOTHING: Triple = (0, 0, 0)
_EMPTY = Bin({}, _NOTHING)
_PRICED = Flag.LOGGED | Flag.LISTED
_REST = None
"""In place of a value: all that are not told apart."""

_Apart = frozenset[str]
_Key = tuple[Selection, str, _Apart | None, int, int]


class Bins:
    """Bins that cannot change any more."""

    def __init__(self) -> None:
        self._bins: OrderedDict[_Key, Bin] = OrderedDict()
        self._cells = 0
        self._apart: dict[tuple[Selection, str], _Apart] = {}
        self._version: object = None

    async def chart(
        self,
        moment: Moment,
        catalogue: Catalogue,
        vectors: Vectors,
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
        if len(edges) > MOST_BUCKETS + 1:
            raise UsageError(f"a chart has at most {MOST_BUCKETS:,} bins, not {len(edges) - 1:,}", "use wider ones")
        self._forget_what_changed(moment, catalogue)
        snapped = _snapped(edges, moment)
        ranked: list[str] | None = None
        apart: _Apart | None = None
        if not selection.scans and by.of_event is None:
            pieces = await vectors.read(moment, catalogue, selection, (snapped[0], snapped[-1]))
            ranked = _ranked(_triples(pieces.tallies(catalogue, (by,))), first)
            apart = self._told_apart(selection, by, ranked, top)
        bins = await self._all(moment, catalogue, selection, by, apart, list(pairwise(snapped)))
        if ranked is None:
            ranked = _ranked(_summed(bins), first)
        return _drawn(edges, bins, ranked, top)

    def _forget_what_changed(self, moment: Moment, catalogue: Catalogue) -> None:
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._bins.clear()
            self._cells = 0
            self._version = version

    def _told_apart(self, selection: Selection, by: Dimension, ranked: Sequence[str], top: int) -> _Apart:
        """The values that bins tell apart: the same as last time, as long as the largest are among them."""
        known = self._apart.get((selection, by.name), frozenset())
        if not known.issuperset(ranked[:top]):
            if len(self._apart) >= _APART:
                self._apart.clear()
            self._apart[selection, by.name] = known = frozenset(ranked[: max(top, _APART)])
        return known

    async def _all(
        self,
        moment: Moment,
        catalogue: Catalogue,
        selection: Selection,
        by: Dimension,
        apart: _Apart | None,
        spans: Sequence[tuple[int, int]],
    ) -> list[Bin]:
        """Every bin, from what is kept or asked for."""
        closed = {
            i for i, (_, end) in enumerate(spans[:-_OPEN]) if moment.settled is not None and end <= moment.settled
        }
        keys: list[_Key] = [(selection, by.name, apart, *span) for span in spans]
        bins = {i: self._bins[keys[i]] for i in closed if keys[i] in self._bins}
        last = moment.newest
        missing = {
            i: (low, high)
            for i, (low, high) in enumerate(spans)
            if i not in bins and low < high and last is not None and low <= last
        }
        bins |= await _ask(moment, catalogue, selection, by, apart, missing)
        for i in closed & bins.keys():
            self._keep(keys[i], bins[i])
        return [bins.get(i, _EMPTY) for i in range(len(spans))]

    def _keep(self, key: _Key, found: Bin) -> None:
        if key in self._bins:
            self._bins.move_to_end(key)
            return
        self._bins[key] = found
        self._cells += len(found.values) + 1
        while self._cells > _CELLS and len(self._bins) > 1:
            _, dropped = self._bins.popitem(last=False)
            self._cells -= len(dropped.values) + 1


def _snapped(edges: Sequence[int], moment: Moment) -> list[int]:
    """Edges that can be answered; neighbours that fall together make an empty bin."""
    last = len(edges) - 1
    return [snap(edge, moment.floors, up=i == last) or 0 for i, edge in enumerate(edges)]


def _triples(tallies: dict[Values, Tally]) -> dict[str, Triple]:
    """By value (empty where it is missing), what charts show."""
    return {values[0] or "": (tally.cost, tally.total, tally.columns[0]) for values, tally in tallies.items()}


def _summed(bins: Iterable[Bin]) -> dict[str, Triple]:
    totals: dict[str, Triple] = {}
    for found in bins:
        for value, (cost, tokens, requests) in found.values.items():
            known = totals.get(value, _NOTHING)
            totals[value] = (known[0] + cost, known[1] + tokens, known[2] + requests)
    return totals


async def _ask(
    moment: Moment,
    catalogue: Catalogue,
    selection: Selection,
    by: Dimension,
    apart: _Apart | None,
    spans: dict[int, tuple[int, int]],
) -> dict[int, Bin]:
    scan = selection.scans or by.of_event is not None
    parts = [(i, (Part(RAW, *span),) if scan else exact(moment, span)) for i, span in spans.items()]
    rows: list[tuple[int, str | None, int, Row]] = []
    if by.of_event is not None:
        texts = await names_of(moment.snapshot, by.of_event)
        for slot, series, known, *row in await _events(moment, selection, parts, f"series, {by.of_event}"):
            rows.append((slot, texts.get(known, ""), catalogue.flags(series), tuple(row)))
    elif by.of_names is not None:
        values = catalogue.values(by.name, by.of_names)

        def told(series: int) -> str | None:
            value = values[series]
            return value if apart is None or value in apart else _REST

        examples: Sequence[int] | None = None
        if len(spans) > _FEW:
            name = ("chart", by.name, apart)
            examples = await classify(
                moment.snapshot, catalogue, name, lambda series: (told(series), catalogue.flags(series) & _PRICED)
            )
        key_of = "series" if examples is None else "class"
        for slot, key, *row in await summed(moment, selection, parts, by=key_of, columns=_COLUMNS):
            series = key if examples is None else examples[key]
            rows.append((slot, told(series), catalogue.flags(series), tuple(row)))
    return _binned(spans, rows)


async def _events(moment: Moment, selection: Selection, parts: Slots, by: str) -> list[Row]:
    statement = sums(parts, selection, by=by, columns=_COLUMNS)
    return await moment.snapshot.all(*statement) if statement else []


def _binned(spans: Iterable[int], rows: Iterable[tuple[int, str | None, int, Row]]) -> dict[int, Bin]:
    bins: dict[int, dict[str | None, Triple]] = {i: {} for i in spans}
    for slot, value, flags, row in rows:
        cost, tokens, requests = bins[slot].get(value, _NOTHING)
        bins[slot][value] = (cost + _cost(flags, row), tokens + row[_TOKENS], requests + row[0])
    return {
        i: Bin({value: triple for value, triple in found.items() if value is not None}, _together(found.values()))
        for i, found in bins.items()
    }


def _together(triples: Collection[Triple]) -> Triple:
    cost, tokens, requests = map(sum, zip(*triples, strict=True)) if triples else _NOTHING
    return cost, tokens, requests


def _cost(flags: int, row: Row) -> int:
    if flags & Flag.LOGGED:
        return int(row[_LOGGED])
    return int(row[_LIST]) if flags & Flag.LISTED else 0


def _ranked(totals: dict[str, Triple], first: str | None) -> list[str]:
    """All values, the largest before, and `first` before them."""
    ranked = sorted(totals, key=lambda value: (-totals[value][0], -totals[value][1], value))
    if first is not None and first in totals:
        ranked.remove(first)
        ranked.insert(0, first)
    return ranked


def _drawn(edges: Sequence[int], bins: Sequence[Bin], ranked: Sequence[str], top: int) -> Chart:
    """The largest values in order, and Other."""
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
