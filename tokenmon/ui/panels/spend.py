"""A view as a picture of stacked bins: what the Summary's small chart and the Timeline share."""

from datetime import tzinfo
from typing import Literal

from tokenmon import ranges
from tokenmon.dimensions import Dimension
from tokenmon.store.answers import Chart, ChartSeries
from tokenmon.store.reader import Reader
from tokenmon.ui.look import Colours
from tokenmon.ui.widgets.chart import Band, Picture
from tokenmon.view import View

Metric = Literal["cost", "tokens", "requests"]
METRICS: tuple[Metric, ...] = ("cost", "tokens", "requests")
"""What a chart can count, in the order that `m` walks."""

TOP = 7
"""Series with a colour of their own; the rest is one more."""


async def load_chart(reader: Reader, view: View, by: Dimension, zone: tzinfo, columns: int) -> Chart:
    """The view, and no more, in at most `columns` bins on wall-clock boundaries; empty where it has no ends yet."""
    window = view.window
    if window.start is None or window.end is None or columns < 2:
        return Chart((), ())
    edges = (window.start, *ranges.bins(window, zone, columns)[1:-1], max(window.end, window.start + 1))
    return await reader.chart(view, by, edges, top=TOP)


def values_of(series: ChartSeries, metric: Metric) -> tuple[int, ...]:
    """One value per bin."""
    return {"cost": series.costs, "tokens": series.tokens, "requests": series.requests}[metric]


def is_rest(chart: Chart, index: int) -> bool:
    """Whether a series is what is left beyond the top ones (never a model that is called `Other`)."""
    return index == TOP and index == len(chart.series) - 1


def picture_of(chart: Chart, metric: Metric, colours: Colours) -> Picture:
    """The chart's bands with their colours; the rest has the last colour."""
    named = [series.label for index, series in enumerate(chart.series) if not is_rest(chart, index)]
    given = colours.assign(named)
    bands = tuple(
        Band(series.label, values_of(series, metric), TOP if is_rest(chart, index) else given[index])
        for index, series in enumerate(chart.series)
    )
    return Picture(chart.edges, bands, money=metric == "cost")
