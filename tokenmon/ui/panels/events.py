"""Single calls, newest first. While the cursor is on the first row the list follows new events; once it was moved the
list stays with its row, and what came since is only counted."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.widget import Widget

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.trace import FIELDS
from tokenmon.ui import formatting
from tokenmon.ui.asking import STORE_ERRORS
from tokenmon.ui.keys import quiet
from tokenmon.ui.listed import MOST, Listed, extended, refreshed
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.cells import right
from tokenmon.ui.prices import Prices
from tokenmon.ui.screens.detail import DetailScreen
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.columns import Column, room_for_names
from tokenmon.ui.widgets.event_detail import EventDetail
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.long_table import LongTable
from tokenmon.view import Condition, View

ROOMY = 150
"""Columns of a terminal from which the detail stands beside the list."""

NEAR = 4 << 20
"""Bytes before a line that may be read to count its number each time that the cursor rests."""

WHO: tuple[Dimension, ...] = tuple(
    dimension for name in ("key", "project", "integration", "user", "account") if (dimension := by_name(name))
)
"""What the column of keys shows: the first of these that any listed call names."""


class EventsPanel(Panel[Listed]):
    """The newest calls of the view, and as many older ones as somebody goes down to."""

    ID = "events"
    TITLE = "Events"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "detail", "detail", id="events.detail", tooltip="how its cost comes about, and all the rest"),
        quiet("l", "line", "events.line", "the line of the log that it was read from"),
        quiet("f", "follow", "events.follow", "go to the newest and follow"),
        quiet("w", "session", "events.session", "only the session of this call"),
    ]

    DEFAULT_CSS = """
    EventsPanel Horizontal { height: 1fr; }
    EventsPanel LongTable { width: 1fr; }
    EventsPanel EventDetail { border-left: solid $primary; padding: 0 1; }
    """

    _listed: Listed | None = None
    _seen: StoredEvent | None = None
    """The newest event while the list followed."""
    _prices: Prices | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield LongTable()
            yield EventDetail(self.look, NEAR)
        yield Lines(classes="caption")

    def focus_target(self) -> Widget:
        return self._table

    @property
    def _table(self) -> LongTable:
        return self.query_one(LongTable)

    @property
    def _chosen(self) -> StoredEvent | None:
        """The event under the cursor."""
        events = self._listed.events if self._listed is not None else ()
        return events[self._table.cursor_row] if self._table.cursor_row < len(events) else None

    def use(self, prices: Prices) -> None:
        """Where prices are known from."""
        self._prices = self.query_one(EventDetail).prices = prices

    # -- what is listed

    async def load(self, reader: Reader, view: View) -> Listed:
        self.query_one(EventDetail).reader = reader
        return await refreshed(reader, view, self._listed, stays=not self._table.at_top)

    def draw(self, data: Listed) -> None:
        self._listed = data
        if self._table.at_top or self._seen is None:
            self._seen = data.events[0] if data.events else None
        self._paint(data)

    async def _load_older(self, listed: Listed, reader: Reader) -> None:
        try:
            longer = await extended(reader, listed)
        except STORE_ERRORS as error:
            self.post_message(self.Failed(str(error) or type(error).__name__))
            return
        if self._listed is listed:  # else a refresh was quicker, and the next key asks again
            self._listed = longer
            self._paint(longer)

    def on_long_table_ended(self, message: LongTable.Ended) -> None:
        """Beyond the last row there may be older events."""
        message.stop()
        listed, question = self._listed, self._question
        if listed is not None and question is not None and listed.more is not None and len(listed.events) < MOST:
            work = partial(self._load_older, listed, question.reader)
            self.run_worker(work, group="older events", exclusive=True)  # type: ignore[arg-type]

    def on_long_table_moved(self, message: LongTable.Moved) -> None:
        """At the top, everything is seen; where something was left out, it is asked for now."""
        message.stop()
        if self._listed is None:
            return
        if self._table.at_top:
            self._seen = self._listed.events[0] if self._listed.events else None
            if self._listed.overrun:
                self.ask_again()
        self._draw_caption(self._listed)
        self._draw_detail()

    # -- keys

    def on_long_table_opened(self, message: LongTable.Opened) -> None:
        """A click on the chosen row."""
        message.stop()
        self.action_detail()

    def action_detail(self) -> None:
        """Everything about the event, in a window of its own."""
        self._open(with_line=False)

    def action_line(self) -> None:
        """The event's line, in the pane or in a window."""
        detail = self.query_one(EventDetail)
        if detail.display:
            detail.show_line(not detail.with_line)
        else:
            self._open(with_line=True)

    def _open(self, *, with_line: bool) -> None:
        if self._chosen is not None:
            reader = self.query_one(EventDetail).reader
            self.app.push_screen(DetailScreen(self.look, self._prices, reader, self._chosen, with_line=with_line))

    def action_follow(self) -> None:
        """Back to the newest."""
        self._table.move_to(0)

    def action_session(self) -> None:
        """Narrow everything to the session of the event."""
        from tokenmon.ui.panels.sessions import SessionsPanel  # which leads here

        if self._chosen is not None and self._chosen.session:
            self.post_message(self.Drilled(Condition("session", self._chosen.session), show=SessionsPanel.ID))

    def table(self) -> Table:
        """As `events --json` gives it; named by request where all calls have an id of their own."""
        events = self._listed.events if self._listed is not None else ()
        named = "request_id" if events and all(event.request_id for event in events) else "id"
        fields = sorted(FIELDS, key=lambda field: field[0] != named)
        rows = tuple(tuple(of(event) for _, of in fields) for event in events)
        return Table(tuple(name for name, _ in fields), rows, self._table.cursor_row if events else None)

    # -- painting

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width."""
        if self._listed is not None:
            self._paint(self._listed)

    def _paint(self, listed: Listed) -> None:
        width = self.app.size.width
        pane = width * 3 // 10 if width >= ROOMY else 0
        detail = self.query_one(EventDetail)
        detail.display, detail.styles.width = pane > 0, pane
        who = next((d for d in WHO if any(_value(d, event) for event in listed.events)), WHO[0])
        columns = self._columns(listed.events, who, width - pane)
        keys = tuple(event.id for event in listed.events)

        def cells(row: int, columns: Sequence[Column]) -> tuple[Text, ...]:
            return tuple(self._cell(column, listed.events[row], who, listed.view.search) for column in columns)

        self._table.show(columns, keys, cells)
        self._draw_caption(listed)
        self._draw_detail()

    def _draw_detail(self) -> None:
        detail = self.query_one(EventDetail)
        if detail.display:
            detail.show(self._chosen)

    def _draw_caption(self, listed: Listed) -> None:
        palette, glyphs = self.look.palette, self.look.glyphs
        caption = Text("  ")
        back = f"  {self.look.keyboard.named('events.follow')} to follow"
        new = listed.above(self._seen) if self._seen is not None else 0
        if self._table.at_top:
            caption.append(f"{glyphs.live} following the newest", palette.good)
        elif listed.overrun:
            caption.append("newer ones are not listed", palette.warn).append(back, palette.muted)
        else:
            words = f"+{new:,} new" if new else "nothing new"
            caption.append(words, palette.primary if new else palette.muted).append(back, palette.muted)
        if listed.more is not None:
            older = "older ones further down"
            if len(listed.events) >= MOST:
                older = "for older ones narrow the range or the search"
            caption.append(f"  {glyphs.dot}  {len(listed.events):,} listed, {older}", palette.muted)
        self.query_one(".caption", Lines).show(caption)

    def _columns(self, events: Sequence[StoredEvent], who: Dimension, width: int) -> Sequence[Column]:
        ends = (*events[:1], *events[-1:])
        time = 12 if any(len(self._time(event)) > 8 for event in ends) else 8
        before = [Column("time", "TIME", time), *([Column("status", "ST", 4)] if width >= 70 else [])]
        after = [
            *([Column("input", "IN", 6, right=True)] if width >= 70 else []),
            *([Column("output", "OUT", 6, right=True)] if width >= 70 else []),
            Column("cost", "COST", 8, right=True),
            *([Column("latency", "LATENCY", 7, right=True)] if width >= 100 else []),
        ]
        room = room_for_names([*before, *after], width) - 2
        extra = []
        if width >= 110:
            last = "session" if who.name == "project" else "project"
            extra = [Column(last, last.upper(), max(8, min(40, room * 3 // 10)))]
            room -= extra[0].width + 2
        key = max(4, min(24, room * 2 // 5))
        names = [Column("who", who.label.upper(), key), Column("model", "MODEL", max(4, min(36, room - key)))]
        return [*before, *names, *after, *extra]

    def _time(self, event: StoredEvent) -> str:
        return formatting.moment(event.ts, self.look.zone, self.now)

    def _cell(self, column: Column, event: StoredEvent, who: Dimension, search: str) -> Text:
        palette = self.look.palette
        match column.key:
            case "time":
                return Text(self._time(event), palette.muted)
            case "status":
                return self._status(event, search)
            case "who":
                return self._named(_value(who, event), column.width, palette.text, search, who.name)
            case "model":
                return self._model(event, column.width, search)
            case "project":
                return self._named(event.names.project, column.width, palette.muted, search, "project")
            case "session":
                return self._named(event.session, column.width, palette.muted, search, "session")
            case "input":
                cached = (event.cache_read or 0) + (event.cache_write_5m or 0) + (event.cache_write_1h or 0)
                return right(formatting.count(event.input + cached), palette.text)
            case "output":
                return right(formatting.count(event.output), palette.text)
            case "latency":
                return right(formatting.latency(event.latency_ms), palette.muted)
            case _:
                style = f"bold {palette.text}" if event.cost is not None else palette.warn
                return right(formatting.cost(event.cost), style)

    def _model(self, event: StoredEvent, width: int, search: str) -> Text:
        """The model, and what may be doubted about the call."""
        doubts = [doubt for doubt in event.doubts if doubt != "unpriced"]  # the cost tells that
        mark = f" {doubts[0]}" if doubts else ""
        cell = self._named(event.names.model, width - len(mark), self.look.palette.text, search, "model")
        if mark:
            cell.rstrip()
            cell.append(mark, self.look.palette.warn)
        return cell

    def _named(self, value: str, width: int, style: str, search: str, field: str) -> Text:
        """A name, with what was searched for marked in it."""
        return self.look.found(self.look.name(value, self.look.glyphs.dash), width, style, search, field)

    def _status(self, event: StoredEvent, search: str) -> Text:
        words = str(event.status or "err") if event.is_error else "ok"
        style = self.look.palette.bad if event.is_error else self.look.palette.good
        cell = self.look.found(words, cell_len(words), style, search, "status")
        return cell.append("!", style) if event.is_error else cell


def _value(who: Dimension, event: StoredEvent) -> str:
    return who.of_names(event.names) if who.of_names is not None else ""
