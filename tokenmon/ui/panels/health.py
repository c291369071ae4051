"""Whether the numbers can be trusted: alerts, who ingests, every source, invalid lines, what has no price, the store.

Nothing here is filtered by range or filter, except that a search narrows the page to entries that hold its words. It is
text in one scrolling column, so that a long list costs nothing while it is not seen. A line that could not be read is
fetched from its file when somebody wants to see it, never before, and is not kept.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from msgspec import Raw
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widget import Widget

from tokenmon import limits
from tokenmon.doubts import FIELD, NAMES
from tokenmon.events import Limit
from tokenmon.exact import Value, harmless, instant
from tokenmon.store.answers import AlertRow, DialectHealth, Health, RejectSample, SourceHealth, Unpriced
from tokenmon.store.reader import Reader
from tokenmon.trace import find_line, why_not
from tokenmon.ui import formatting
from tokenmon.ui.acknowledged import Acknowledged
from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.notices import MIN_COLUMNS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.entries import Entries
from tokenmon.ui.panels.events import EventsPanel
from tokenmon.ui.panels.health_page import BINS, EXCERPT, Pace, Sections, Terminal
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.page import Page
from tokenmon.view import View
from tokenmon.wanted import wanted


@dataclass(frozen=True)
class Condition:
    """Health, narrowed to the words of a search."""

    health: Health
    pace: Pace | None
    """None where there is no event yet."""
    search: str


class HealthPanel(Panel[Condition]):
    """Alerts, sources, invalid lines, prices and the store."""

    ID = "health"
    TITLE = "Health"
    NEEDS_EVENTS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "ack", id="health.acknowledge", tooltip="the alert was seen; again: it was not"),
        Binding("n", "alert(1)", "next alert", id="health.next", tooltip="next alert"),
        quiet("N", "alert(-1)", "health.previous", "previous alert"),
        quiet("enter,l", "open", "health.open", "open: an invalid line, why lines are invalid, calls in doubt"),
    ]

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self._acknowledged = Acknowledged(memory)
        self._data: Condition | None = None
        self._opened: set[str] = set()
        """Keys of dialects that show why lines are invalid."""
        self._excerpts: dict[str, str] = {}
        """What opened invalid lines hold, by the key of their entry."""

    def compose(self) -> ComposeResult:
        yield Page()

    def focus_target(self) -> Widget:
        return self._page

    @property
    def _page(self) -> Page:
        return self.query_one(Page)

    async def load(self, reader: Reader, view: View) -> Condition:
        return Condition(await reader.health(), await self._pace(reader), view.search)

    async def _pace(self, reader: Reader) -> Pace | None:
        """Whole bins of the clock, so that all but the last are the same the next time."""
        newest = await reader.newest(self.now)
        if newest is None:
            return None
        width = formatting.HOUR // BINS
        end = -(-(newest + 1) // width) * width
        sums = await reader.course(View(), range(end - formatting.HOUR, end + 1, width))
        return Pace(newest, tuple(each.requests for each in sums))

    def draw(self, data: Condition) -> None:
        self._data = data
        size = self.app.size
        terminal = Terminal(size.width, size.height, self.app.console.color_system or "none")
        sections = Sections(self.look, self.now, max(size.width, MIN_COLUMNS) - 2)
        self._page.show(sections.all(data.health, data.pace, self._entries, terminal))

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new width."""
        if self._data is not None:
            self.draw(self._data)

    @property
    def _entries(self) -> Entries:
        """What the page lists, by key, in the order of the page."""
        if self._data is None:
            return Entries()
        seen = self._acknowledged.holds
        return Entries.of(self._data.health, self._data.search, self.now, seen, self._excerpts, self._opened)

    # -- what the user does

    def action_alert(self, step: int) -> None:
        """The next or previous alert."""
        alerts = self._entries.alerts
        self._page.walk(step, alerts.__contains__)

    def action_acknowledge(self) -> None:
        """The alert under the cursor was seen, or it was not; without a cursor, show the first alert."""
        alert = self._entries.alerts.get(self._page.cursor)
        if alert is not None and self._data is not None:
            self._acknowledged.turn(alert)
            self.draw(self._data)
            self.post_message(self.Changed())
        elif not self._page.cursor:
            self.action_alert(1)

    def action_open(self) -> None:
        """Open what is under the cursor: an invalid line, why a dialect's are invalid, calls in doubt, more alerts."""
        key, entries = self._page.cursor, self._entries
        if key in entries.doubted:
            doubted = entries.doubted[key]
            self._list(View().only("dialect", doubted.dialect).only(FIELD, doubted.doubt.name))
        elif key in entries.unpriced:
            self._list(View().only("model", entries.unpriced[key].model).only(FIELD, "unpriced"))
        elif (key in entries.dialects or key in entries.closed) and self._data is not None:
            self._opened ^= {key}
            self.draw(self._data)
        elif key in entries.rejects:
            self._open_line(key, entries.rejects[key])

    def _list(self, view: View) -> None:
        """List the calls of this filter."""
        for condition in view.where:
            self.post_message(self.Drilled(condition, show=EventsPanel.ID))

    def _open_line(self, key: str, reject: RejectSample) -> None:
        """Show or hide what an invalid line holds."""
        if self._data is None:
            return
        if key in self._excerpts:
            del self._excerpts[key]
        else:
            self._excerpts[key] = f"reading it{self.look.glyphs.ellipsis}"
            work = partial(self._read, key, reject)
            self.run_worker(work, group="excerpt", description="read an invalid line")  # type: ignore[arg-type]
        self.draw(self._data)

    async def _read(self, key: str, reject: RejectSample) -> None:
        """A file may be large and its disk slow, so a thread reads it."""
        excerpt = await asyncio.to_thread(excerpt_of, reject)
        if key in self._excerpts and self._data is not None and self.is_attached:
            self._excerpts[key] = excerpt
            self.draw(self._data)
            self._page.place(self._page.cursor)

    # -- plain values

    def table(self) -> Table:
        """The entries of the section that the cursor is in; without one, the sources."""
        entries, cursor = self._entries, self._page.cursor
        if cursor in entries.alerts:
            return _table(_ALERT, {key: _alert(alert) for key, alert in entries.alerts.items()}, cursor)
        if cursor in entries.rejects:
            return _table(_REJECT, {key: _reject(reject) for key, reject in entries.rejects.items()}, cursor)
        if cursor in entries.unpriced:
            return _table(_UNPRICED, {key: _unpriced(model) for key, model in entries.unpriced.items()}, cursor)
        if cursor in entries.limits:
            return _table(_LIMIT, {key: _limit(limit, self.now) for key, limit in entries.limits.items()}, cursor)
        if cursor in entries.dialects or cursor in entries.doubted:
            rows = {key: _dialect(dialect) for key, dialect in entries.dialects.items()}
            doubted = entries.doubted.get(cursor)
            return _table(_DIALECT, rows, cursor if doubted is None else f"dialect {doubted.dialect}")
        return _table(_SOURCE, {key: _source(source, self.now) for key, source in entries.sources.items()}, cursor)


def excerpt_of(reject: RejectSample) -> str:
    """The beginning of an invalid line as it stands in its file now, harmless; else why there is none."""
    try:
        found = find_line(reject.source_path, reject.offset)
    except OSError as error:
        return f"cannot be read: {why_not(error)}"
    if found is None:
        return "no longer there: the file has changed since"
    number = "" if found.number is None else f"line {found.number:,}: "
    return number + found.shown(EXCERPT)


# -- tables, with the columns of `status --json`

_ALERT = ("title", "kind", "severity", "state", "subject", "count", "since")
_SOURCE = (
    "path", "dialect", "state", "offset", "size", "lag_seconds", "events", "skipped", "rejects", "duplicates",
    "last_event_at", "last_change_at", "error",
)  # fmt: skip
_LIMIT = ("name", "dialect", "plan", "window_minutes", "used_percent", "resets_at", "told_at")
_REJECT = ("source_path", "source_offset", "reason", "seen_at")
_UNPRICED = ("override", "model", "provider", "tier", "requests", "total_tokens")
_DIALECT = ("dialect", "sources", "events", "skipped", "rejects", "duplicates", *NAMES)


def _table(columns: tuple[str, ...], rows: dict[str, tuple[Value, ...]], cursor: str) -> Table:
    return Table(columns, tuple(rows.values()), list(rows).index(cursor) if cursor in rows else None)


def _alert(alert: AlertRow) -> tuple[Value, ...]:
    told = harmless(alert.title), alert.kind, alert.severity, alert.state, harmless(alert.subject)
    return *told, alert.count, instant(alert.since)


def _source(source: SourceHealth, now: int) -> tuple[Value, ...]:
    return (
        harmless(source.path),
        source.dialect or None,
        source.state(now),
        source.offset,
        source.size,
        source.lag_ms(now) // 1000,
        source.events,
        source.skipped,
        source.rejects,
        source.duplicates,
        _at(source.last_event),
        _at(source.last_change),
        harmless(source.error) or None,
    )


def _limit(limit: Limit, now: int) -> tuple[Value, ...]:
    used = 0 if limits.is_reset(limit, now) else limit.used
    told = Raw(f"{used:g}".encode()), _at(limits.ends_at(limit)), instant(limit.ts)
    return harmless(limit.name), limit.dialect, harmless(limit.plan) or None, limit.minutes, *told


def _reject(reject: RejectSample) -> tuple[Value, ...]:
    return harmless(reject.source_path), reject.offset, harmless(reject.reason), instant(reject.at)


def _unpriced(model: Unpriced) -> tuple[Value, ...]:
    names = [harmless(name) or None for name in (model.model, model.provider, model.tier)]
    return "\n".join(wanted(model.model, model.provider, model.tier)) or None, *names, model.requests, model.total


def _dialect(dialect: DialectHealth) -> tuple[Value, ...]:
    tallies = dialect.sources, dialect.events, dialect.skipped, dialect.rejects, dialect.duplicates
    return harmless(dialect.dialect) or None, *tallies, *dialect.doubts


def _at(ms: int | None) -> str | None:
    return None if ms is None else instant(ms)
