"""The one glance: what and who costs most, when, and what is wrong. Whatever does not fit gives way from the end:
models, spend over time, keys, alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widget import Widget

from tokenmon.dimensions import Dimension
from tokenmon.events import Limit
from tokenmon.limits import standing
from tokenmon.store.answers import AlertRow, Breakdown, Group
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.acknowledged import Acknowledged
from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.cells import cost_cell
from tokenmon.ui.panels.grouped import LIMIT, MATERIAL
from tokenmon.ui.panels.groups import table_of
from tokenmon.ui.panels.limits import row
from tokenmon.ui.panels.models import MODEL
from tokenmon.ui.panels.spend import TOP, Spend, load_spend, picture_of
from tokenmon.ui.panels.spenders import SPENDERS, spenders
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.chart import Picture, TimeChart
from tokenmon.ui.widgets.kpi_strip import change_text, relative
from tokenmon.ui.widgets.lines import Lines, wrapped
from tokenmon.ui.widgets.ranking import Rank, Ranking
from tokenmon.view import Condition, View, Window

RANKED = 100
"""Rows of a ranking; the rest is counted."""

LEAST_CHART = 5
"""Rows below which a chart says nothing: three of bins, the axis and the times."""

LEAST_RANKS = 3
"""Rows below which a ranking is left out."""

SHARE_OF_RANKS = 0.6
"""Of the panel's height at most, where the chart stands below."""

Costs = dict[str | None, int | None]
"""By value of a dimension, nano-USD."""


@dataclass(frozen=True)
class Ranked:
    """A breakdown, and what the same values cost in the span before."""

    by: Dimension
    now: Breakdown
    before: Costs
    view: View

    @property
    def chosen(self) -> str | None:
        """The value that everything is narrowed to; None where it is not."""
        return self.view.chosen(self.by.name)

    @property
    def missing(self) -> int:
        """Values beyond those that are here."""
        return self.now.groups_total - len(self.now.groups)


@dataclass(frozen=True)
class Overview:
    """What the Summary shows."""

    models: Ranked
    spenders: Ranked | None
    """None where there is no room for them."""
    spend: Spend
    alerts: tuple[AlertRow, ...]
    """Those that stand and that nobody acknowledged."""
    limits: tuple[Limit, ...] = ()
    """Official limits worth telling now."""


class Earlier:
    """What values cost in the span before. Only the clock changes that, so it is asked for again when the span moved
    far enough to be seen: by a hundredth of its length or a minute."""

    STEP_MS = 60_000

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Window, Costs]] = {}

    async def costs(self, reader: Reader, view: View, by: Dimension, zone: tzinfo) -> Costs:
        """By value; nothing where the view has no length."""
        window = view.compared
        if window is None:
            return {}
        question = (reader, view.where, view.search)
        known = self._known.get(by.name)
        if known is not None and known[0] == question and self._is_near(known[1], window):
            return known[2]
        found = await reader.breakdown(view.at(window), (by,), zone=zone, limit=LIMIT)
        costs = {group.values[0]: group.sums.cost for group in found.groups}
        self._known[by.name] = (question, window, costs)
        return costs

    def _is_near(self, then: Window, now: Window) -> bool:
        """Whether a relative range moved, and only a little; what did not move may hold new events."""
        starts, ends = (then.start or 0, now.start or 0), (then.end or 0, now.end or 0)
        moved, length = ends[1] - ends[0], ends[1] - starts[1]
        return starts[1] - starts[0] == moved and 0 < moved < min(self.STEP_MS, length // 100)


@dataclass(frozen=True)
class Heights:
    """Rows of every card with its border; 0 where it is left out."""

    models: int
    spenders: int
    spend: int
    alerts: int


def beside(height: int, border: int, ranks: int) -> Heights:
    """Rankings side by side, below them the chart and the alerts: rankings as high as they are long, the chart fills
    what is left."""
    upper = min(ranks + border, max(LEAST_RANKS + border, int(height * SHARE_OF_RANKS)))
    upper = max(1, min(upper, height - LEAST_CHART - border))
    return Heights(upper, upper, height - upper, height - upper)


def below(height: int, border: int, models: int, spenders: int, alerts: int) -> Heights:
    """Everything in one column; what comes later only where what comes before is whole."""
    upper = beside(height, border, models).models
    left, keys, told = height - upper - LEAST_CHART - border - 2, 0, 0
    if spenders and left >= min(spenders, LEAST_RANKS) + border:
        keys = min(spenders + border, left)
        left -= keys
    if keys == spenders + border and left > border:
        told = min(alerts + border, left)
    return Heights(upper, keys, height - upper - keys - told, told)


class SummaryPanel(Panel[Overview]):
    """Official limits where they are known, top models, top keys, spend over time, alerts."""

    ID = "summary"
    TITLE = "Summary"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="summary.open", tooltip="narrow everything to the row; again: Timeline"),
        quiet("l,right", "side(1)", "summary.right", "the ranking at the right"),
        quiet("h,left", "side(-1)", "summary.left", "the ranking at the left"),
    ]

    SCOPED_CSS = False
    DEFAULT_CSS = """
    SummaryPanel { layout: vertical; }
    SummaryPanel .card { border: round $panel; border-title-color: $primary; border-title-style: bold; }
    SummaryPanel #upper, SummaryPanel #lower { height: auto; }
    SummaryPanel #top-models-card, SummaryPanel #top-keys-card { width: 1fr; }
    SummaryPanel #spend-card { width: 3fr; }
    SummaryPanel #alerts-card { width: 2fr; }
    SummaryPanel #spend { height: 1fr; }
    SummaryPanel #alerts { height: 1fr; padding: 0 1; }
    .-narrow SummaryPanel #upper, .-narrow SummaryPanel #lower { layout: vertical; }
    .-narrow SummaryPanel #spend-card, .-narrow SummaryPanel #alerts-card { width: 1fr; }
    .-short SummaryPanel .card { border: none; border-top: solid $panel; }
    SummaryPanel:ansi .card { border: round ansi_default; border-title-color: ansi_default; }
    .-short SummaryPanel:ansi .card { border: none; border-top: solid ansi_default; }
    """

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self._acknowledged = Acknowledged(memory)
        self._earlier = Earlier()
        self._data: Overview | None = None
        self._columns = 0

    def compose(self) -> ComposeResult:
        yield Lines(id="limits")
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
        titles = {"top-models": "Top models", "spend": "Spend over time", "alerts": "Alerts"}
        for name, title in titles.items():
            self.query_one(f"#{name}-card").border_title = title

    def focus_target(self) -> Widget:
        return self._active

    async def load(self, reader: Reader, view: View) -> Overview:
        zone, self._columns = self.look.zone, self.query_one(TimeChart).columns
        among = view.without(MODEL.name)
        models = await reader.breakdown(among, (MODEL,), zone=zone, limit=RANKED)
        alerts = await reader.alerts()
        return Overview(
            Ranked(MODEL, models, await self._earlier.costs(reader, among, MODEL, zone), view),
            await self._spenders(reader, view) if self._has_room_for_spenders else None,
            await load_spend(reader, view, MODEL, zone, self._columns, self.now),
            tuple(alert for alert in alerts if alert.state != "ok" and not self._acknowledged.holds(alert)),
            standing(await reader.limits(), self.now),
        )

    async def _spenders(self, reader: Reader, view: View) -> Ranked:
        by, found = await spenders(reader, view, self.look.zone, RANKED)
        before = await self._earlier.costs(reader, view.without(by.name), by, self.look.zone)
        return Ranked(by, found, before, view)

    @property
    def _has_room_for_spenders(self) -> bool:
        """Whether they may be shown at this size, whatever the models take."""
        border = self._border
        narrow = self.screen.has_class("-narrow")
        return not narrow or below(self._height, border, LEAST_RANKS, LEAST_RANKS, 1).spenders > 0

    @property
    def _height(self) -> int:
        """Rows for the cards."""
        return self.size.height - bool(self._data is not None and self._data.limits)

    @property
    def _border(self) -> int:
        return self.query_one("#spend-card").styles.gutter.height

    def draw(self, data: Overview) -> None:
        self._data = data
        self._lay_out(data)
        self.call_after_refresh(self._fit)
        picture = picture_of(data.spend, "cost", self.colours)
        self._draw_ranking("top-models", data.models, self._styles(data.spend, picture))
        if data.spenders is not None:
            self.query_one("#top-keys-card").border_title = _title(data.spenders.by)
            self._draw_ranking("top-keys", data.spenders, {})
        self.query_one(TimeChart).show(picture)
        self._draw_alerts(data.alerts)

    def _lay_out(self, data: Overview) -> None:
        told = self.query_one("#limits", Lines)
        told.display = bool(data.limits)
        told.show(row(data.limits, self.look, self.now, self.size.width))
        models = len(data.models.now.groups) + (1 if data.models.missing else 0)
        who = data.spenders
        keys = len(who.now.groups) + (1 if who.missing else 0) if who is not None else 0
        if self.screen.has_class("-narrow"):
            heights = below(self._height, self._border, models, keys, max(1, len(data.alerts)))
        else:
            heights = beside(self._height, self._border, max(models, keys))
        for name, height in (
            ("top-models", heights.models),
            ("top-keys", heights.spenders if who is not None else 0),
            ("spend", heights.spend),
            ("alerts", heights.alerts),
        ):
            card = self.query_one(f"#{name}-card")
            card.display = height > 0
            card.styles.height = height
        if not heights.spenders and self.query_one("#top-keys").has_focus:
            self.query_one("#top-models").focus()

    def on_resize(self, event: Resize) -> None:
        """Another width has other bins."""
        if self._data is not None:
            self._lay_out(self._data)
        self.ask_again()

    def _fit(self) -> None:
        """Chart and alerts have their sizes only when the cards are laid out."""
        if self._data is not None:
            self._draw_alerts(self._data.alerts)
        if self._columns != self.query_one(TimeChart).columns and self.display:
            self.ask_again()

    def table(self) -> Table:
        """The ranking that has the cursor."""
        active = self._active
        ranked = self._rankings.get(active)
        if ranked is None:
            return Table()
        return table_of(ranked.by, ranked.now.groups, active.cursor)

    # -- rankings

    @property
    def _rankings(self) -> dict[Ranking, Ranked]:
        """Those that are shown, from left to right, and what they show."""
        data = self._data
        shown = {} if data is None else {"#top-models": data.models, "#top-keys": data.spenders}
        return {
            self.query_one(name, Ranking): ranked
            for name, ranked in shown.items()
            if ranked is not None and self.query_one(f"{name}-card").display
        }

    @property
    def _active(self) -> Ranking:
        """The ranking that has the cursor, else the first."""
        having = (ranking for ranking in self._rankings if ranking.cursor is not None)
        return next(having, self.query_one("#top-models", Ranking))

    def _draw_ranking(self, name: str, data: Ranked, styles: dict[str, str]) -> None:
        """`styles`: of a value's bar where it differs from the others'."""
        other = self.look.palette.series[TOP] if styles else self.look.palette.primary
        ranks = tuple(self._rank(group, data, styles.get(group.values[0] or "", other)) for group in data.now.groups)
        self.query_one(f"#{name}", Ranking).draw(ranks, data.missing)

    def _styles(self, spend: Spend, picture: Picture) -> dict[str, str]:
        """What the chart draws its series with, by value, so that a row has the colour of its band."""
        return {
            series.label: self.look.inks[band.colour]
            for index, (series, band) in enumerate(zip(spend.chart.series, picture.bands, strict=True))
            if not spend.is_rest(index)
        }

    def _rank(self, group: Group, data: Ranked, style: str) -> Rank:
        palette, value = self.look.palette, group.values[0]
        chosen = None if data.chosen is None else data.chosen == (value or "")
        largest = max((other.sums.cost or 0 for other in data.now.groups), default=0)
        cost = group.sums.cost
        material = bool(cost and chosen is not False and cost >= (data.now.totals.cost or 0) * MATERIAL)
        shown = palette.muted if chosen is False else palette.warn if cost is None else f"bold {palette.text}"
        return Rank(
            key=value or "",
            name=self.look.name(value),
            value=Text(cost_cell(group.sums, self.look.glyphs.approximately), shown),
            note=change_text(self.look, relative(cost, data.before.get(value)), material=material),
            share=(cost or 0) / largest if largest else 0,
            style=style,
            chosen=chosen,
            search=data.view.search if value else "",
            field=data.by.name,
        )

    def action_side(self, step: int) -> None:
        """Go to the ranking beside, to the row beside."""
        shown, active = list(self._rankings), self._active
        at = shown.index(active) + step if active in shown else 0
        if 0 <= at < len(shown):
            beside, cursor = shown[at], active.cursor
            beside.focus()
            beside.place(cursor or 0)

    def action_open(self) -> None:
        """Narrow everything to the row under the cursor, or show which it would be."""
        self._active.open()

    def on_ranking_moved(self, message: Ranking.Moved) -> None:
        """There is one cursor."""
        for ranking in self._rankings:
            if ranking is not message.ranking:
                ranking.place(None)

    def on_ranking_opened(self, message: Ranking.Opened) -> None:
        """Narrow everything to the row."""
        ranked = self._rankings.get(message.ranking)
        if ranked is not None:
            self.post_message(self.Drilled(Condition(ranked.by.name, message.key)))

    # -- alerts

    def _draw_alerts(self, alerts: tuple[AlertRow, ...]) -> None:
        """Whole where there is room, else at least what fires; the others each in one line, as far as they go."""
        lines, size = self.query_one("#alerts", Lines), self.query_one("#alerts", Lines).content_size
        firing = [alert for alert in alerts if alert.state == "firing"]
        others = [alert for alert in alerts if alert.state != "firing"]
        alerts = (*firing, *others)
        told = self._lines_of(alerts, size.width, whole=True)
        if len(told) > size.height:
            told = self._lines_of(firing, size.width, whole=True)
            told = told if len(told) < size.height else self._lines_of(firing, size.width, whole=False)
            told += self._lines_of(others, size.width, whole=False)
        if len(told) > size.height > 1:
            more = Text(f"and {len(told) - size.height + 1:,} more", self.look.palette.muted)
            told = [*told[: size.height - 1], more]
        elif len(told) > size.height == 1:
            told = [self.one_row(alerts, size.width)]
        fine = Text(f"{self.look.glyphs.ok} nothing new to report", self.look.palette.muted)
        lines.show(Text("\n").join(told) if told else fine)

    def _lines_of(self, alerts: Sequence[AlertRow], width: int, *, whole: bool) -> list[Text]:
        return [line for alert in alerts for line in self._alert(alert, width, whole=whole)]

    def one_row(self, alerts: tuple[AlertRow, ...], width: int) -> Text:
        """The first alert in what a row leaves beside the number of the others."""
        more = Text(f"  and {len(alerts) - 1:,} more", self.look.palette.muted)
        return self._alert(alerts[0], width - more.cell_len, whole=False)[0].append_text(more)

    def _alert(self, alert: AlertRow, width: int, *, whole: bool) -> list[Text]:
        """An alert with the time since when at the right of its first line."""
        look, firing = self.look, alert.state == "firing"
        style = look.palette.warn if firing else look.palette.muted
        since = formatting.day_or_time(alert.since, look.zone, self.now)
        room = max(1, width - 3 - len(since))
        words = look.name(formatting.alert(alert))
        first, *rest = wrapped(words, room) if whole else [words]
        line = Text("").append(f"{look.glyphs.up if firing else 'i'} ", style).append_text(look.label(first, room))
        line.append(f" {since}", look.palette.muted)
        return [line, *(Text("  ").append_text(look.label(part, room)) for part in rest)]


def _title(by: Dimension) -> str:
    return "Top keys" if by is SPENDERS[0] else f"Top {by.label.lower()}s"
