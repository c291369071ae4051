"""What was spent over time: what the Summary's small chart and the Timeline share, from the store to a picture.

The bins are exactly the view's window, so that together they are its totals. A chip of the dimension that is charted
does not narrow the chart: the chosen series goes to the baseline and keeps its colour, and all others are one grey.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import Literal

from tokenmon import ranges
from tokenmon.dimensions import Dimension
from tokenmon.store.answers import Chart, ChartSeries, Collected
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours
from tokenmon.ui.widgets.chart import Band, Picture
from tokenmon.view import View

Metric = Literal["cost", "tokens", "requests"]
METRICS: tuple[Metric, ...] = ("cost", "tokens", "requests")
"""What a chart can count, in the order that `m` walks."""

TOP = 7
"""Series with a colour of their own; the rest is one more."""

FAINT = TOP + 1
"""The colour of series that were not chosen."""


@dataclass(frozen=True)
class Spend:
    """A view over time by one dimension."""

    chart: Chart
    by: Dimension
    chosen: str | None = None
    """The value that a chip narrows the dimension to; None where none does."""
    unpriced: tuple[float, ...] = ()
    """By series, which share of its requests has no price: its cost is unknown at 1, and misses some above 0."""
    gaps: frozenset[int] = frozenset()
    """Bins of which nothing was collected."""

    @property
    def bins(self) -> range:
        """All bins."""
        return range(max(0, len(self.chart.edges) - 1))

    def is_rest(self, index: int) -> bool:
        """Whether a series is what is left beyond the top ones (never a model that is called `Other`)."""
        return index == TOP and index == len(self.chart.series) - 1

    def is_faint(self, index: int) -> bool:
        """Whether another series than this one was chosen."""
        return self.chosen is not None and (self.chart.series[index].label != self.chosen or self.is_rest(index))

    @property
    def counted(self) -> tuple[int, ...]:
        """The series that the view's totals are made of: the chosen one, or all."""
        return tuple(index for index in range(len(self.chart.series)) if not self.is_faint(index))

    def amount(self, metric: Metric, series: Iterable[int], bins: Iterable[int]) -> "Amount":
        """What some series are together in some bins."""
        bins = tuple(bins)
        told = [index for index in series if any(self.chart.series[index].requests[at] for at in bins)]
        value = sum(values_of(self.chart.series[index], metric)[at] for index in told for at in bins)
        if metric != "cost":
            return Amount(value, metric)
        shares = [self.unpriced[index] for index in told]
        return Amount(value, metric, partial=any(shares), unknown=bool(shares) and min(shares) == 1)


@dataclass(frozen=True)
class Amount:
    """A cost in nano-USD, or a count."""

    value: int
    metric: Metric
    partial: bool = False
    """It may miss requests without a price."""
    unknown: bool = False
    """Nothing of it has a price."""

    def spelled(self, approximately: str) -> str:
        """As people read it."""
        if self.metric != "cost":
            return formatting.count(self.value)
        return formatting.cost(None if self.unknown else self.value, self.partial, approximately)


async def load_spend(reader: Reader, view: View, by: Dimension, zone: tzinfo, columns: int, now: int) -> Spend:
    """The view in at most `columns` bins on wall-clock boundaries; empty where it has no ends yet."""
    window, chosen = view.window, view.chosen(by.name)
    if window.start is None or window.end is None or columns < 2:
        return Spend(Chart((), ()), by)
    view = view.without(by.name)
    chart = await reader.chart(view, by, ranges.bins(window, zone, columns), top=TOP, first=chosen)
    gaps = uncollected(chart, by, await reader.collected(), now)
    return Spend(chart, by, chosen, await _unpriced(reader, view, by, zone, chart.series), gaps)


async def _unpriced(
    reader: Reader, view: View, by: Dimension, zone: tzinfo, series: Sequence[ChartSeries]
) -> tuple[float, ...]:
    """By series, the share of requests without a price. Where only single events tell a value, that of all of them,
    because they are not read twice; but never all, because it is not known that any series has no price.
    """
    totals = await reader.totals(view)
    if by.of_event is not None or not totals.unpriced:
        return (min(0.5, totals.unpriced / max(1, totals.requests)),) * len(series)
    found = await reader.breakdown(view, (by,), zone=zone)
    known = {group.values[0] or "": group.sums for group in found.groups}
    named = [known.get(one.label) for one in series[:TOP]]
    shares = [sums.unpriced / max(1, sums.requests) if sums is not None else 0.0 for sums in named]
    if len(series) > TOP:
        requests, unpriced = totals.requests, totals.unpriced
        for sums in named:
            if sums is not None:
                requests, unpriced = requests - sums.requests, unpriced - sums.unpriced
        shares.append(unpriced / max(1, requests))
    return tuple(shares)


def uncollected(chart: Chart, by: Dimension, collected: Collected | None, now: int) -> frozenset[int]:
    """Bins of which nothing can be known: before the first event ever, after now, after whoever ingests was last seen
    (logs are read later, so this ends with the next start), and what roll-ups of old events are too coarse for.
    """
    if collected is None:
        return frozenset(range(len(chart.edges) - 1))
    until = now if collected.until is None else min(now, collected.until)
    rolled = collected.rolled or 0
    return frozenset(
        at
        for at, (start, end) in enumerate(pairwise(chart.edges))
        if (
            end <= collected.first
            or start > until
            or (end <= rolled and (by.of_event is not None or end - start < formatting.HOUR))
        )
        and not any(series.requests[at] for series in chart.series)
    )


def values_of(series: ChartSeries, metric: Metric) -> tuple[int, ...]:
    """One value per bin."""
    return {"cost": series.costs, "tokens": series.tokens, "requests": series.requests}[metric]


def picture_of(spend: Spend, metric: Metric, colours: Colours, *, lines: bool = False) -> Picture:
    """The chart's bands with their colours: the rest is grey, and all that were not chosen are fainter."""
    chart = spend.chart
    named = [series.label for index, series in enumerate(chart.series) if not spend.is_rest(index)]
    given = [*colours.assign(named), TOP]
    bands = tuple(
        Band(series.label, values_of(series, metric), FAINT if spend.is_faint(index) else given[index])
        for index, series in enumerate(chart.series)
    )
    return Picture(chart.edges, bands, metric == "cost", lines, spend.gaps)
