"""Whether the numbers can be trusted: alerts, who ingests, every source, invalid lines, what has no price, the store.

Nothing here is filtered by range or search, except that a search narrows the sources and invalid lines to paths and
reasons that hold its words. It is text in one scrolling column, so that a long list costs nothing while it is not seen.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.widget import Widget

from tokenmon.store.answers import AlertRow, Health, RejectSample, SourceHealth, Unpriced
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Look
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import View

ALERTS = 8
"""Alerts that are listed; those that fire are listed in any case."""

SOURCES = 40
"""Sources that are listed, those that fail first."""


@dataclass(frozen=True)
class Condition:
    """Health, narrowed to the words of a search."""

    health: Health
    search: str


class Page(VerticalScroll):
    """A scrolling column with the keys of a table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        quiet("j", "scroll_down", "page.down", "scroll down"),
        quiet("k", "scroll_up", "page.up", "scroll up"),
        quiet("g", "scroll_home", "page.first", "to the top"),
        quiet("G", "scroll_end", "page.last", "to the end"),
    ]


class HealthPanel(Panel[Condition]):
    """Alerts, sources, invalid lines, prices and the store."""

    ID = "health"
    TITLE = "Health"
    NEEDS_EVENTS = False

    DEFAULT_CSS = """
    HealthPanel Lines { height: auto; }
    HealthPanel Page { scrollbar-size: 1 1; }
    """

    _data: Condition | None = None

    def compose(self) -> ComposeResult:
        with Page():
            yield Lines(id="health-text")

    def focus_target(self) -> Widget:
        return self.query_one(Page)

    async def load(self, reader: Reader, view: View) -> Condition:
        return Condition(await reader.health(), view.search)

    def draw(self, data: Condition) -> None:
        self._data = data
        width = self.app.size.width - 2
        sections = Sections(self.look, self.now, width)
        self.query_one("#health-text", Lines).show(sections.all(data), layout=True)

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new width."""
        if self._data is not None:
            self.draw(self._data)


def holds(search: str, *texts: str) -> bool:
    """Whether every word of the search is in one of the texts."""
    return all(any(word in text.casefold() for text in texts) for word in search.casefold().replace('"', " ").split())


@dataclass(frozen=True)
class Sections:
    """Paints each section in `width` columns."""

    look: Look
    now: int
    width: int

    def all(self, data: Condition) -> Text:
        """The whole column."""
        health, search = data.health, data.search
        sources = [source for source in health.sources if holds(search, source.path, source.dialect, source.error)]
        rejects = [reject for reject in health.rejects if holds(search, reject.source_path, reject.reason)]
        unpriced = [model for model in health.unpriced if holds(search, model.model)]
        alerts = [alert for alert in health.alerts if holds(search, alert.title, alert.subject, alert.kind)]
        parts = (
            self._alerts(alerts),
            self._ingest(health),
            self._sources(sources, health.sources_total),
            self._rejects(rejects, sum(source.rejects for source in health.sources)),
            self._unpriced(unpriced),
            self._store(health),
            self._terminal(),
        )
        return Text("\n\n").join(Text("\n").join(part) for part in parts)

    def _head(self, title: str, note: str = "") -> Text:
        return Text(f" {title}", f"bold {self.look.palette.text}").append(
            f"  {note}" if note else "", self.look.palette.muted
        )

    def _line(self, text: str, style: str | None = None) -> Text:
        return self.look.label("    " + text, self.width, self.look.palette.muted if style is None else style)

    def _alerts(self, alerts: Sequence[AlertRow]) -> Iterable[Text]:
        firing = sum(alert.state == "firing" for alert in alerts)
        yield self._head("ALERTS", f"{firing} firing" if firing else "none firing")
        order = {"firing": 0, "info": 1}
        ordered = sorted(alerts, key=lambda alert: (order.get(alert.state, 2), -alert.since))
        shown = max(ALERTS, firing)
        for alert in ordered[:shown]:
            yield self._alert(alert)
        if len(ordered) > shown:
            yield self._line(f"and {len(ordered) - shown:,} more that do not fire; a search narrows them")

    def _alert(self, alert: AlertRow) -> Text:
        glyphs, palette = self.look.glyphs, self.look.palette
        glyph, word, style = {
            "firing": (glyphs.up, "FIRING", palette.bad if alert.severity == "critical" else palette.warn),
            "info": ("i", "INFO", palette.muted),
        }.get(alert.state, (glyphs.ok, "OK", palette.good))
        since = formatting.day_or_time(alert.since, self.look.zone, self.now).rjust(8)
        title = self.look.label(self.look.name(formatting.alert(alert)), max(0, self.width - 21))
        return Text(f"  {glyph} {word:<7}", style).append_text(title).append(since, palette.muted)

    def _ingest(self, health: Health) -> Iterable[Text]:
        palette = self.look.palette
        if health.ingester_pid is None:
            yield self._head("INGEST", "nobody ingests at this moment")
        else:
            yield self._head("INGEST", f"process {health.ingester_pid}")
        if health.ingester_alive_at is not None and health.ingester_hangs(self.now):
            since = formatting.moment(health.ingester_alive_at, self.look.zone, self.now)
            yield self._line(f"it gave no sign of life since {since}", palette.bad)
        if health.backlog_bytes:
            yield self._line(f"{formatting.data_size(health.backlog_bytes)} known and not read yet", palette.warn)
        for label, path in health.places:
            yield self._line(f"found {self.look.name(label)}: {self.look.name(path)}")

    def _sources(self, sources: Sequence[SourceHealth], total: int) -> Iterable[Text]:
        yield self._head("SOURCES", formatting.plural(total, "log file"))
        if not sources:
            return
        path_width = max(12, self.width - 56)
        heads = f"    {'SOURCE':<{path_width}} {'DIALECT':<15} {'EVENTS':>7} {'BEHIND':>7} {'REJECTS':>7}  {'LAST':>7}"
        yield Text(heads, self.look.palette.muted)
        for source in sorted(sources, key=lambda source: not source.error)[:SOURCES]:
            yield from self._source(source, path_width)
        if len(sources) > SOURCES:
            yield self._line(f"and {total - SOURCES:,} more; a search narrows them")

    def _source(self, source: SourceHealth, path_width: int) -> Iterable[Text]:
        glyphs, palette = self.look.glyphs, self.look.palette
        behind = max(0, source.size - source.offset)
        glyph, style = (glyphs.ok, palette.good)
        if source.error:
            glyph, style = glyphs.error, palette.bad
        elif source.gone:
            glyph, style = glyphs.dash, palette.muted
        line = Text(f"  {glyph[:1]} ", style)
        line.append_text(self._path(source.path, path_width)).append(" ")
        line.append_text(self.look.label(self.look.name(source.dialect, "not known yet"), 15, palette.muted))
        line.append(f" {formatting.count(source.events):>7}", palette.text)
        line.append(f" {formatting.data_size(behind) if behind else '0':>7}", palette.muted)
        line.append(f" {formatting.count(source.rejects):>7}", palette.bad if source.rejects else palette.muted)
        last = formatting.day_or_time(source.last_event, self.look.zone, self.now)
        yield line.append(f"  {last:>7}", palette.muted)
        if source.error:
            yield self._line("  " + self.look.name(source.error), palette.bad)

    def _path(self, path: str, width: int) -> Text:
        """A path loses its beginning first, because its end tells files apart."""
        shown = self.look.name(path)
        home = os.path.expanduser("~")
        shown = "~" + shown.removeprefix(home) if shown.startswith(home + "/") else shown
        if len(shown) > width:
            shown = self.look.glyphs.ellipsis + shown[-(width - 1) :]
        return self.look.label(shown, width)

    def _rejects(self, rejects: Sequence[RejectSample], total: int) -> Iterable[Text]:
        yield self._head("INVALID LINES", f"{total:,}, the newest first" if total else "none")
        for reject in rejects[:20]:
            when = formatting.moment(reject.at, self.look.zone, self.now)
            line = Text(f"    {when:>12}  ", self.look.palette.muted)
            line.append_text(self._path(reject.source_path, max(12, self.width // 2 - 12)))
            place = f" at {reject.offset:,}: "
            rest = max(0, self.width - line.cell_len - len(place))
            yield line.append(place, self.look.palette.muted).append_text(
                self.look.label(self.look.name(reject.reason), rest)
            )

    def _unpriced(self, models: Sequence[Unpriced]) -> Iterable[Text]:
        yield self._head("WITHOUT A PRICE", "their cost is unknown, not 0" if models else "none")
        for model in models:
            requests = formatting.plural(model.requests, "request")
            tokens = formatting.count(model.total)
            yield self._line(
                f"{self.look.glyphs.unknown} {self.look.name(model.model)}  {requests}, {tokens} tokens",
                self.look.palette.text,
            )

    def _store(self, health: Health) -> Iterable[Text]:
        yield self._head("STORE")
        yield self._line(
            f"{self.look.name(health.path)}  {formatting.data_size(health.size_bytes)}  "
            f"{formatting.plural(health.events, 'event')}  {health.series:,} series  schema {health.schema_version}"
        )
        if health.dirty_hours:
            yield self._line(f"{formatting.plural(health.dirty_hours, 'hour')} waiting for their roll-ups")
        if health.watermark is not None:
            yield self._line(
                f"events before {formatting.moment(health.watermark, self.look.zone, self.now)} are roll-ups only"
            )
        if health.prices_version:
            version, date = self.look.name(health.prices_version), self.look.name(health.prices_date)
            yield self._line(f"list prices: genai-prices {version} of {date}")

    def _terminal(self) -> Iterable[Text]:
        yield self._head("THIS TERMINAL")
        theme, glyphs = self.look.palette.theme, "unicode" if self.look.glyphs.block == "█" else "ascii"
        colours = "theme " + theme if self.look.palette.coloured else "no colours"
        yield self._line(f"{self.width + 2} columns  {colours}  {glyphs}  times in {self.look.zone}")
