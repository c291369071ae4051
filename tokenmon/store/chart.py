"""The chart: bins by the values of one dimension, the largest by name and the rest as Other.

Which values are the largest is known from the vector before any bin is asked for, so bins tell a few values apart,
however many there are.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tokenmon.dimensions import Dimension
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Chart, ChartSeries
from tokenmon.store.bins import Bins, Spans, answerable
from tokenmon.store.breakdown import classify
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part
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

_APART = 32
"""Values that bins tell apart; who they are is known from the sums over all bins before any bin is asked for."""

_COLUMNS = ("n", "cost_logged", "cost_list", TOKENS)
_LOGGED, _LIST, _TOKENS = 1, 2, 3
_NOTHING: Triple = (0, 0, 0)
_EMPTY = Bin({}, _NOTHING)
_PRICED = Flag.LOGGED | Flag.LISTED
_REST = None
"""In place of a value: all that are not told apart."""

_Apart = frozenset[str]


class Charts:
    """Charts, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._bins: Bins[Bin] = Bins(_EMPTY, size_of=lambda found: len(found.values) + 1)
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

        async def ask(spans: Spans) -> dict[int, Bin]:
            return await _ask(moment, catalogue, selection, by, apart, spans)

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
    spans: Spans,
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
