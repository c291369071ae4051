"""When it was spent: stacked bins over the whole panel, with a legend of names and sums."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import Chart
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look, pad
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.spend import METRICS, Metric, is_rest, load_chart, picture_of, values_of
from tokenmon.ui.widgets.chart import Picture, TimeChart
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import View

GROUPS: tuple[Dimension, ...] = tuple(
    dimension for name in ("model", "key", "provider", "project", "integration") if (dimension := by_name(name))
)
"""What `b` walks."""


@dataclass(frozen=True)
class Drawing:
    """A chart and what it was asked for."""

    chart: Chart
    by: Dimension
    metric: Metric


class TimelinePanel(Panel[Drawing]):
    """Cost, tokens or requests over time, by one dimension."""

    ID = "timeline"
    TITLE = "Timeline"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "metric", "metric", id="timeline.metric", tooltip="cost, tokens or requests"),
        Binding("b", "group", "group", id="timeline.group", tooltip="stack by model, key, provider, project, ..."),
    ]

    SCOPED_CSS = False
    DEFAULT_CSS = """
    TimelinePanel #timeline-body { layout: vertical; height: 1fr; }
    TimelinePanel #legend { height: 2; }
    .-narrow TimelinePanel #legend { height: 3; }
    TimelinePanel TimeChart { width: 1fr; height: 1fr; }
    .-wide TimelinePanel #timeline-body { layout: horizontal; }
    .-wide TimelinePanel #legend { width: 44; height: 1fr; padding: 1 0 0 2; }
    """

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self._metric: Metric = METRICS[0]
        self._by = GROUPS[0]
        self._drawn: Drawing | None = None
        self._palettes = {GROUPS[0].name: colours}

    def compose(self) -> ComposeResult:
        yield Lines(id="subject")
        with Container(id="timeline-body"):
            yield TimeChart(self.look)
            yield Lines(id="legend")

    async def load(self, reader: Reader, view: View) -> Drawing:
        by, metric = self._by, self._metric
        chart = await load_chart(reader, view, by, self.look.zone, self.query_one(TimeChart).columns)
        return Drawing(chart, by, metric)

    def draw(self, data: Drawing) -> None:
        self._drawn = data
        colours = self._palettes.setdefault(data.by.name, Colours(len(self.look.palette.series) - 1))
        picture = picture_of(data.chart, data.metric, colours)
        self.query_one(TimeChart).show(picture)
        self.query_one("#subject", Lines).show(self._subject(data))
        self.query_one("#legend", Lines).show(self._legend(data, picture))

    def on_resize(self, event: Resize) -> None:
        """Another width has other bins, and the legend another shape."""
        self.ask_again()

    def action_metric(self) -> None:
        """Count something else."""
        self._metric = METRICS[(METRICS.index(self._metric) + 1) % len(METRICS)]
        self.ask_again()

    def action_group(self) -> None:
        """Stack by something else."""
        self._by = GROUPS[(GROUPS.index(self._by) + 1) % len(GROUPS)]
        self.ask_again()

    def _subject(self, data: Drawing) -> Text:
        subject = Text(f" {data.metric} by {data.by.label.lower()}", f"bold {self.look.palette.text}")
        edges = data.chart.edges
        if len(edges) > 1:
            subject.append(f"  bin {formatting.span(edges[1] - edges[0])}", self.look.palette.muted)
        return subject

    def _legend(self, data: Drawing, picture: Picture) -> Text:
        entries = [self._entry(data, picture, index) for index in range(len(picture.bands))]
        if self.app.size.width >= 150:
            return Text("\n").join(self._tall_entry(*entry, 40) for entry in reversed(entries))
        columns = 4 if self.app.size.width >= 100 else 3  # wide enough to tell claude-sonnet-4-5 from -5
        width = (self.app.size.width - columns) // columns
        rows = [
            Text(" ").append_text(
                Text(" ").join(self._tall_entry(*entry, width) for entry in entries[at : at + columns])
            )
            for at in range(0, len(entries), columns)
        ]
        return Text("\n").join(rows)

    def _entry(self, data: Drawing, picture: Picture, index: int) -> tuple[Text, str, str]:
        colour = picture.bands[index].colour
        total = sum(values_of(data.chart.series[index], data.metric))
        value = formatting.money(total) if data.metric == "cost" else formatting.count(total)
        label = data.chart.series[index].label
        mark = Text(self.look.fill(colour), self.look.palette.series[colour])
        return mark, label if is_rest(data.chart, index) else self.look.name(label), value

    def _tall_entry(self, mark: Text, label: str, value: str, width: int) -> Text:
        palette = self.look.palette
        entry = mark.copy().append(" ").append_text(self.look.label(label, max(1, width - 3 - max(len(value), 7))))
        return pad(entry.append(" ").append(value.rjust(7), palette.muted), width)
