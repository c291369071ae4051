"""The one glance: what and who costs most, when, and what is wrong. Whatever does not fit gives way from the end:
models, spend over time, keys, alerts."""

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize

from tokenmon.store.answers import AlertRow, Chart, Group
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.grouped import MATERIAL, Comparison, compare, cost_cell
from tokenmon.ui.panels.keys import GROUPS
from tokenmon.ui.panels.models import MODEL
from tokenmon.ui.panels.spend import load_chart, picture_of
from tokenmon.ui.widgets.bars import Rank, Ranking
from tokenmon.ui.widgets.chart import TimeChart
from tokenmon.ui.widgets.kpi_strip import change_text, relative
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import View

KEY = GROUPS[0]


@dataclass(frozen=True)
class Overview:
    """What the Summary shows."""

    models: Comparison
    keys: Comparison
    chart: Chart
    alerts: tuple[AlertRow, ...]


class SummaryPanel(Panel[Overview]):
    """Top models, top keys, spend over time, alerts."""

    ID = "summary"
    TITLE = "Summary"

    SCOPED_CSS = False
    DEFAULT_CSS = """
    SummaryPanel { layout: vertical; }
    SummaryPanel .card { border: round $panel; border-title-color: $primary; border-title-style: bold; }
    SummaryPanel #upper { height: 3fr; max-height: 14; }
    SummaryPanel #lower { height: 2fr; }
    SummaryPanel #top-models, SummaryPanel #top-keys { width: 1fr; height: 1fr; }
    SummaryPanel #spend-card { width: 3fr; }
    SummaryPanel #alerts-card { width: 2fr; }
    SummaryPanel #spend { height: 1fr; }
    SummaryPanel #alerts { height: 1fr; padding: 0 1; }
    .-narrow SummaryPanel #top-keys-card, .-narrow SummaryPanel #alerts-card { display: none; }
    .-short SummaryPanel .card { border: none; border-top: solid $panel; }
    .-short SummaryPanel #upper { max-height: 11; }
    SummaryPanel:ansi .card { border: round ansi_default; border-title-color: ansi_default; }
    .-short SummaryPanel:ansi .card { border: none; border-top: solid ansi_default; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal(id="upper"):
            with Vertical(id="top-models-card", classes="card"):
                yield Ranking(self.look, id="top-models")
            with Vertical(id="top-keys-card", classes="card"):
                yield Ranking(self.look, id="top-keys")
        with Horizontal(id="lower"):
            with Vertical(id="spend-card", classes="card"):
                yield TimeChart(self.look, id="spend")
            with Vertical(id="alerts-card", classes="card"):
                yield Lines(id="alerts")

    def on_mount(self) -> None:
        titles = {"top-models": "Top models", "top-keys": "Top keys", "spend": "Spend over time", "alerts": "Alerts"}
        for name, title in titles.items():
            self.query_one(f"#{name}-card").border_title = title

    async def load(self, reader: Reader, view: View) -> Overview:
        models = await compare(reader, view, MODEL, self.look.zone)
        keys = await compare(reader, view, KEY, self.look.zone)
        columns = self.query_one(TimeChart).columns
        chart = await load_chart(reader, view, MODEL, self.look.zone, columns)
        alerts = await reader.alerts()
        return Overview(models, keys, chart, tuple(alert for alert in alerts if alert.state != "ok"))

    def draw(self, data: Overview) -> None:
        named = [group.values[0] or "" for group in data.models.now.groups]
        colours = self.colours.assign(named)
        self.query_one("#top-models", Ranking).draw(
            tuple(
                self._rank(group, data.models, self.look.palette.series[c])
                for group, c in zip(data.models.now.groups, colours, strict=True)
            )
        )
        self.query_one("#top-keys", Ranking).draw(
            tuple(self._rank(group, data.keys, self.look.palette.primary) for group in data.keys.now.groups)
        )
        self.query_one(TimeChart).show(picture_of(data.chart, "cost", self.colours))
        self.query_one("#alerts", Lines).show(self._alerts(data.alerts))

    def on_resize(self, event: Resize) -> None:
        """Another width has other bins."""
        self.ask_again()

    def _rank(self, group: Group, data: Comparison, style: str) -> Rank:
        largest = max((other.sums.cost or 0 for other in data.now.groups), default=0)
        cost, before = group.sums.cost, data.before.get(group.values)
        material = bool(cost and cost >= (data.now.totals.cost or 0) * MATERIAL)
        return Rank(
            name=self.look.name(group.values[0]),
            value=Text(cost_cell(group.sums, self.look.glyphs.approximately), f"bold {self.look.palette.text}"),
            note=change_text(self.look, relative(cost, before.cost if before else None), material=material),
            share=(cost or 0) / largest if largest else 0,
            style=style,
        )

    def _alerts(self, alerts: tuple[AlertRow, ...]) -> Text:
        lines = [alert_line(self, alert, self.query_one("#alerts", Lines).content_size.width) for alert in alerts]
        return (
            Text("\n").join(lines)
            if lines
            else Text(f"{self.look.glyphs.ok} nothing to report", self.look.palette.muted)
        )


def alert_line(panel: Panel[Overview], alert: AlertRow, width: int) -> Text:
    """An alert in `width` cells, with the time since when at the right."""
    look = panel.look
    firing = alert.state == "firing"
    style = look.palette.warn if firing else look.palette.muted
    since = formatting.day_or_time(alert.since, look.zone, panel.now)
    line = Text(f"{look.glyphs.up if firing else 'i'} ", style)
    line.append_text(look.label(look.name(formatting.alert(alert)), max(0, width - 3 - len(since))))
    return line.append(f" {since}", look.palette.muted)
