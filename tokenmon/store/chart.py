"""The chart: bins by the values of one dimension, the largest by name and the rest as Other.

Which values are the largest is known from the vector before any bin is asked for, so bins tell a few values apart,
however many there are.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from tokenmon.dimensions import Dimension
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Chart, ChartSeries
from tokenmon.store.bins import Bins, Span, answerable
from tokenmon.store.breakdown import classify
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part
from tokenmon.store.groups import Tally, Values
from tokenmon.store.selecting import names_of
from tokenmon.store.slots import exact, summed
from tokenmon.store.statements import COST, TOKENS, Selection
from tokenmon.store.vectors import Moment, Vectors

Triple = tuple[int, int, int]
"""Shown cost, all tokens, requests."""


class Bin(NamedTuple):
    """One bin: by value (empty where it is missing), and all together, also those that are not told apart."""

    values: dict[str, Triple]
    total: Triple


_FEW = 4
"""More bins than this are added up by class, which has to be made first."""

_APART = 32
"""Values that bins tell apart; who they are is known from the sums over all bins before any bin is asked for."""

_COLUMNS = ("n", "cost_logged", "cost_list", TOKENS)
_NOTHING: Triple = (0, 0, 0)
_EMPTY = Bin({}, _NOTHING)
_PRICED = Flag.LOGGED | Flag.LISTED
_REST = None
"""In place of a value: all that are not told apart."""

_Apart = frozenset[str]


class Charts:
    """Charts, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._bins: Bins[Bin] = Bins(_EMPTY, together=_both, size_of=lambda found: len(found.values) + 1)
        self._apart: dict[tuple[Selection, str], _Apart] = {}

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
        snapped = answerable(edges, moment)
        ranked: list[str] | None = None
        apart: _Apart | None = None
        if not selection.scans and by.of_event is None:
            pieces = await vectors.read(moment, catalogue, selection, (snapped[0], snapped[-1]))
            ranked = _ranked(_triples(pieces.tallies(catalogue, (by,))), first)
            apart = self._told_apart(selection, by, ranked, top)

        async def ask(spans: Sequence[Span]) -> list[Bin]:
            if by.of_event is not None:
                return _binned(len(spans), await _by_events(moment, selection, by.of_event, spans))
            value_of, kind = _told(catalogue, by, apart), ("chart", by.name, apart)
            return _binned(len(spans), await _by_names(moment, catalogue, selection, value_of, kind, spans))

        bins = await self._bins.all(moment, catalogue, selection, (by.name, apart), snapped, ask)
        if ranked is None:
            ranked = _ranked(_summed(bins), first)
        return _drawn(edges, bins, ranked, top)

    def _told_apart(self, selection: Selection, by: Dimension, ranked: Sequence[str], top: int) -> _Apart:
        """The values that bins tell apart: the same as last time, as long as the largest are among them."""
        known = self._apart.get((selection, by.name), frozenset())
        if not known.issuperset(ranked[:top]):
            if len(self._apart) >= _APART:
                self._apart.clear()
            self._apart[selection, by.name] = known = frozenset(ranked[: max(top, _APART)])
        return known


def _triples(tallies: dict[Values, Tally]) -> dict[str, Triple]:
    """By value (empty where it is missing), what charts show."""
    return {values[0] or "": (tally.cost, tally.total, tally.columns[0]) for values, tally in tallies.items()}


def _summed(bins: Iterable[Bin]) -> dict[str, Triple]:
    totals: dict[str, Triple] = {}
    for found in bins:
        for value, triple in found.values.items():
            totals[value] = _plus(totals.get(value, _NOTHING), triple)
    return totals


def _told(catalogue: Catalogue, by: Dimension, apart: _Apart | None) -> Callable[[int], str | None]:
    """What a series' value is told as."""
    assert by.of_names is not None
    values = catalogue.values(by.name, by.of_names)
    if apart is None:
        return values.__getitem__
    return lambda series: values[series] if values[series] in apart else _REST


_Tagged = tuple[int, str | None, Triple]
"""Bin, value and what to add to it."""


async def _by_events(moment: Moment, selection: Selection, name: str, spans: Sequence[Span]) -> Iterable[_Tagged]:
    """By what only single events know."""
    parts = [(i, (Part(RAW, *span),)) for i, span in enumerate(spans)]
    rows = await summed(moment, selection, parts, by=name, columns=("n", COST, TOKENS))
    texts = await names_of(moment.snapshot, name)
    return ((i, texts.get(key, ""), (cost, tokens, requests)) for i, key, requests, cost, tokens in rows)


async def _by_names(
    moment: Moment,
    catalogue: Catalogue,
    selection: Selection,
    value_of: Callable[[int], str | None],
    kind: object,
    spans: Sequence[Span],
) -> Iterable[_Tagged]:
    """By what all events of a series have in common; `kind` says what `value_of` tells."""
    parts = [(i, (Part(RAW, *span),) if selection.scans else exact(moment, span)) for i, span in enumerate(spans)]
    if len(spans) <= _FEW:
        rows = await summed(moment, selection, parts, by="series", columns=_COLUMNS)
        return ((i, value_of(series), _triple(catalogue.flags(series), row)) for i, series, *row in rows)
    examples = await classify(
        moment.snapshot, catalogue, kind, lambda series: (value_of(series), catalogue.flags(series) & _PRICED)
    )
    rows = await summed(moment, selection, parts, by="class", columns=_COLUMNS)
    tagged = ((i, examples[number], row) for i, number, *row in rows)
    return ((i, value_of(series), _triple(catalogue.flags(series), row)) for i, series, row in tagged)


def _binned(count: int, tagged: Iterable[_Tagged]) -> list[Bin]:
    bins: list[dict[str | None, Triple]] = [{} for _ in range(count)]
    for i, value, triple in tagged:
        known = bins[i].get(value)
        bins[i][value] = triple if known is None else _plus(known, triple)
    return [
        Bin({value: triple for value, triple in found.items() if value is not None}, _together(found.values()))
        for found in bins
    ]


def _plus(one: Triple, other: Triple) -> Triple:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _both(one: Bin, other: Bin) -> Bin:
    """Two parts of a bin as one."""
    values = dict(one.values)
    for value, triple in other.values.items():
        values[value] = _plus(values.get(value, _NOTHING), triple)
    return Bin(values, _plus(one.total, other.total))


def _together(triples: Collection[Triple]) -> Triple:
    cost, tokens, requests = map(sum, zip(*triples, strict=True)) if triples else _NOTHING
    return cost, tokens, requests


def _triple(flags: int, row: Sequence[int]) -> Triple:
    requests, logged, listed, tokens = row
    return logged if flags & Flag.LOGGED else listed if flags & Flag.LISTED else 0, tokens, requests


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
