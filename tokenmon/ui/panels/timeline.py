"""When it was spent: bins over the whole panel, with a cursor that reads out one of them.

The cursor is an instant and not a number, so that it stays with its bin while new ones appear, and on the bin that
holds it when bins become wider. Before it is moved to the left, it is nowhere: just after the last bin.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_high
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize

from tokenmon.dimensions import Dimension, by_name
from tokenmon.exact import Value, instant, money
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Colours, Look, spread
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.spend import METRICS, Metric, Spend, load_spend, picture_of, values_of
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.chart import Picture, TimeChart
from tokenmon.ui.widgets.legend import Entry, Legend
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import View

GROUPS: tuple[Dimension, ...] = tuple(
    dimension
    for name in (
        "model",
        "key",
        "provider",
        "project",
        "source",
        "source_class",
        "integration",
        "user",
        "account",
        "host",
    )
    if (dimension := by_name(name))
)
"""What `b` walks."""

SCALES = ("linear", "log")
"""What `o` switches between."""

BESIDE = 150
"""Columns from which the legend stands beside the chart."""

LEGEND = 42
"""Its columns there."""

TOTALS = {"cost": "cost_usd", "tokens": "total_tokens", "requests": "requests"}
"""What the total of a bin is called in a table."""


class TimelinePanel(Panel[Spend]):
    """Cost, tokens or requests over time, by one dimension."""

    ID = "timeline"
    TITLE = "Timeline"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "metric", "metric", id="timeline.metric", tooltip="cost, tokens or requests"),
        Binding("b", "group", "group", id="timeline.group", tooltip="split by model, key, provider, project, ..."),
        Binding("o", "scale", "log", id="timeline.scale", tooltip="lines on a logarithmic scale, or a stack"),
        quiet("left,h", "cursor(-1)", "timeline.earlier", "read out the bin before; at first the last one"),
        quiet("right,l", "cursor(1)", "timeline.later", "read out the next bin; after the last one none"),
        quiet("home", "end(0)", "timeline.first", "read out the first bin"),
        quiet("end", "end(-1)", "timeline.last", "read out the last bin"),
    ]

    SCOPED_CSS = False
    DEFAULT_CSS = f"""
    TimelinePanel #timeline-body {{ layout: vertical; height: 1fr; }}
    TimelinePanel TimeChart {{ width: 1fr; height: 1fr; }}
    .-wide TimelinePanel #timeline-body {{ layout: horizontal; }}
    .-wide TimelinePanel Legend {{ width: {LEGEND + 3}; height: 1fr; padding: 0 1 0 2; }}
    """

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        names = [dimension.name for dimension in GROUPS]
        self._by = GROUPS[names.index(memory.get("timeline.group", names) or names[0])]
        self._metric: Metric = next((m for m in METRICS if m == memory.get("timeline.metric")), METRICS[0])
        self._scale = memory.get("timeline.scale", SCALES) or SCALES[0]
        self._walking = False
        self._drawn: Spend | None = None
        self._cursor: int | None = None
        self._legend_rows: int | None = None
        self._palettes = {"model": colours}

    def compose(self) -> ComposeResult:
        yield Lines(id="subject")
        with Container(id="timeline-body"):
            yield TimeChart(self.look)
            yield Legend(id="legend")

    async def load(self, reader: Reader, view: View) -> Spend:
        spend = await self._spend(reader, view)
        for _ in GROUPS:
            if not self._walking or any(series.label for series in spend.chart.series):
                break
            self._by = _after(self._by)
            spend = await self._spend(reader, view)
        if self._walking:
            self._walking = False
            self.memory.put("timeline.group", self._by.name)
        return spend

    async def _spend(self, reader: Reader, view: View) -> Spend:
        return await load_spend(reader, view, self._by, self.look.zone, self.query_one(TimeChart).columns, self.now)

    def draw(self, data: Spend) -> None:
        self._drawn = data
        self._paint()

    def _paint(self) -> None:
        """Everything, from what was answered, the scale and the cursor."""
        spend = self._drawn
        if spend is None:
            return
        colours = self._palettes.setdefault(spend.by.name, Colours(len(self.look.palette.series) - 1))
        picture = picture_of(spend, self._metric, colours, lines=self._scale == "log")
        at = self.bin_under_cursor
        self.query_one("#subject", Lines).show(self._subject(spend, at))
        self._paint_legend(spend, picture, at)
        self.query_one(TimeChart).show(picture, at)

    def on_resize(self, event: Resize) -> None:
        """Another width has other bins, and the legend another shape."""
        self.ask_again()

    def table(self) -> Table:
        """A row per bin that has begun; nothing is known of those of which nothing was collected."""
        if self._drawn is None:
            return Table()
        spend, metric = self._drawn, self._metric
        series = range(len(spend.chart.series))
        names = (self._label(spend, index) for index in series)
        return Table(
            ("from", "to", *names, TOTALS[metric]),
            tuple(
                (
                    instant(spend.chart.edges[at]),
                    instant(spend.chart.edges[at + 1]),
                    *(_exact(spend, metric, [index], at) for index in series),
                    _exact(spend, metric, spend.counted, at),
                )
                for at in range(self._begun)
            ),
            self.bin_under_cursor,
        )

    # -- the cursor

    @property
    def _edges(self) -> tuple[int, ...]:
        return self._drawn.chart.edges if self._drawn is not None else ()

    @property
    def _begun(self) -> int:
        """How many bins have begun: later ones are not read out."""
        return min(bisect_right(self._edges, self.now), max(0, len(self._edges) - 1))

    @property
    def bin_under_cursor(self) -> int | None:
        """The bin that holds the cursor's instant; None where none is read out."""
        if self._cursor is None or not self._edges or not self._edges[0] <= self._cursor < self._edges[-1]:
            return None
        return bisect_right(self._edges, self._cursor) - 1

    def action_cursor(self, step: int) -> None:
        """Read out the bin before or after."""
        at = self.bin_under_cursor
        self._read_out((self._begun if at is None else at) + step)

    def action_end(self, at: int) -> None:
        """Read out the first bin, or the last one that has begun."""
        self._read_out(at % max(1, self._begun))

    def on_time_chart_picked(self, message: TimeChart.Picked) -> None:
        """A click on a bin reads it out."""
        message.stop()
        self._read_out(min(message.at, self._begun - 1))

    def step_back(self) -> bool:
        """Stop reading out a bin."""
        before = self.bin_under_cursor
        self._cursor = None
        self._paint()
        return before is not None

    def _read_out(self, at: int) -> None:
        """Put the cursor on a bin; beyond the last one nowhere, before the first one on the first."""
        if not self._begun:
            return
        at = max(0, at)
        # The first bin begins later at every refresh, and the last one ends later.
        first_end = self._edges[1] - 1
        self._cursor = None if at >= self._begun else self._edges[at] if at else first_end
        self._paint()

    # -- what the user chooses

    def action_metric(self) -> None:
        """Count something else."""
        self._metric = METRICS[(METRICS.index(self._metric) + 1) % len(METRICS)]
        self.memory.put("timeline.metric", self._metric)
        self._paint()

    def action_group(self) -> None:
        """Split by the next name that any call in the view carries."""
        self._by, self._walking = _after(self._by), True
        self.ask_again()

    def action_scale(self) -> None:
        """Lines on a logarithmic scale, or a stack."""
        self._scale = SCALES[(SCALES.index(self._scale) + 1) % len(SCALES)]
        self.memory.put("timeline.scale", self._scale)
        self._paint()

    # -- words

    def _label(self, spend: Spend, index: int) -> str:
        label = spend.chart.series[index].label
        return label if spend.is_rest(index) else self.look.name(label)

    def _subject(self, spend: Spend, at: int | None) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        subject = Text(f" {self._metric} by {spend.by.label.lower()}", f"bold {palette.text}")
        subject.append("  log" if self._scale == "log" else "", palette.muted)
        subject.append(f"  bin {formatting.span(usual_width(self._edges))}" if self._edges else "", palette.muted)
        if at is None:
            subject.append(f"  {glyphs.arrows} inspect a bin", palette.muted)
        else:
            subject.append(f"  {glyphs.chosen} {self._when(at)}", palette.primary)
            subject.append(f"  {self._total(spend, at)}", f"bold {palette.text}")
        peak = Text(self._peak(spend) + " ", palette.muted)
        width = self.app.size.width
        fits = not self._is_beside and subject.cell_len + 2 + peak.cell_len <= width
        return spread(subject, peak, width) if fits else subject

    def _when(self, at: int) -> str:
        return formatting.bin_span(self._edges[at], self._edges[at + 1], self.look.zone, self.now)

    def _total(self, spend: Spend, at: int | None) -> str:
        """What a bin, or all of them, come to, as the figures above the panel count."""
        if at in spend.gaps:
            return "not collected"
        bins = spend.bins if at is None else (at,)
        return spend.amount(self._metric, spend.counted, bins).spelled(self.look.glyphs.approximately)

    def _peak(self, spend: Spend) -> str:
        """The bin that comes to most."""
        values = [values_of(spend.chart.series[index], self._metric) for index in spend.counted]
        totals = [sum(of_bin) for of_bin in zip(*values, strict=True)]
        if not any(totals):
            return ""
        at = totals.index(max(totals))
        return f"peak  {self._when(at).partition('-')[0]}  {self._total(spend, at)}"

    def _paint_legend(self, spend: Spend, picture: Picture, at: int | None) -> None:
        legend, rows = self.query_one(Legend), None
        entries = [self._entry(spend, picture, index, at) for index in range(len(picture.bands))]
        if self._is_beside:
            heading = "in this range" if at is None else self._when(at)
            total = formatting.NOTHING if at in spend.gaps else self._total(spend, at)
            legend.beside(self.look, entries, heading, total, self._peak(spend), LEGEND)
        else:
            rows = legend.below(self.look, entries, self.app.size.width, self.size.height // 4)
        if rows != self._legend_rows:  # a style that is set lays out everything again, though it be the same
            self._legend_rows = legend.styles.height = rows

    @property
    def _is_beside(self) -> bool:
        return self.app.size.width >= BESIDE

    def _entry(self, spend: Spend, picture: Picture, index: int, at: int | None) -> Entry:
        colour = picture.bands[index].colour
        bins = spend.bins if at is None else (at,)
        amount = spend.amount(self._metric, [index], bins)
        whole = spend.amount(self._metric, range(len(spend.chart.series)), bins).value
        known = at not in spend.gaps
        return Entry(
            mark=Text(self.look.fill(colour) * (2 if self._is_beside else 1), self.look.inks[colour]),
            label=self._label(spend, index),
            value=amount.spelled(self.look.glyphs.approximately) if known else formatting.NOTHING,
            share="" if amount.unknown or not known else formatting.percent(amount.value, whole),
            faint=spend.is_faint(index),
        )


def _after(by: Dimension) -> Dimension:
    return GROUPS[(GROUPS.index(by) + 1) % len(GROUPS)]


def _exact(spend: Spend, metric: Metric, series: Sequence[int], at: int) -> Value:
    """A value of a table; None where it is not known."""
    amount = spend.amount(metric, series, (at,))
    if at in spend.gaps or amount.unknown:
        return None
    return money(amount.value) if metric == "cost" else amount.value


def usual_width(edges: tuple[int, ...]) -> int:
    """Milliseconds of a bin that neither an end of the range nor a change of clocks cut."""
    widths = [end - start for start, end in pairwise(edges)]
    return median_high(widths[1:-1] or widths)
