"""Single calls, newest first. While the cursor is on the first row the list follows new events."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.events import Resize
from textual.widget import Widget

from tokenmon.dimensions import key_of
from tokenmon.store.answers import EventPage, StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.grouped import LIMIT, right
from tokenmon.ui.widgets.keyed_table import Column, KeyedRow, KeyedTable, room_for_names
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import View


class EventsPanel(Panel[EventPage]):
    """The newest calls of the view."""

    ID = "events"
    TITLE = "Events"

    SHARE_OF_KEY: ClassVar[float] = 0.4
    """Of the room for names, what the key gets; the model gets the rest."""

    DEFAULT_CSS = """
    EventsPanel .caption { display: none; }
    EventsPanel .caption.-needed { display: block; }
    """

    _page: EventPage | None = None

    def compose(self) -> ComposeResult:
        yield KeyedTable(follows_top=True)
        yield Lines(classes="caption")

    def focus_target(self) -> Widget:
        return self.query_one(KeyedTable)

    async def load(self, reader: Reader, view: View) -> EventPage:
        return await reader.events(view, limit=LIMIT)

    def draw(self, data: EventPage) -> None:
        self._page = data
        columns = self._columns(data, self.app.size.width)
        rows = [KeyedRow(event.id, self._cells(event, columns)) for event in data.events]
        self.query_one(KeyedTable).show(columns, rows)
        caption = self.query_one(".caption", Lines)
        caption.set_class(data.more is not None, "-needed")
        words = f"  the newest {len(data.events):,}; for older ones narrow the range or the search"
        caption.show(Text(words if data.more else "", self.look.palette.muted))

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width."""
        if self._page is not None:
            self.draw(self._page)

    def _columns(self, page: EventPage, width: int) -> Sequence[Column]:
        times = max((len(self._time(event)) for event in page.events), default=8)
        columns = [
            Column("time", "TIME", max(8, times)),
            *([Column("status", "ST", 4)] if width >= 70 else []),
            *([Column("input", "IN", 6, right=True), Column("output", "OUT", 6, right=True)]),
            Column("cost", "COST", 9, right=True),
            *([Column("latency", "LATENCY", 7, right=True)] if width >= 100 else []),
        ]
        room = room_for_names(columns, width) - 2
        extra = [Column("project", "PROJECT", 22)] if width >= 150 else []
        room -= sum(column.width + 2 for column in extra)
        key = max(4, min(24, int(room * self.SHARE_OF_KEY)))
        names = [Column("key", "KEY", key), Column("model", "MODEL", max(4, min(36, room - key)))]
        before = 2 if width >= 70 else 1
        return [*columns[:before], *names, *columns[before:], *extra]

    def _time(self, event: StoredEvent) -> str:
        return formatting.moment(event.ts, self.look.zone, self.now)

    def _cells(self, event: StoredEvent, columns: Sequence[Column]) -> tuple[Text, ...]:
        return tuple(self._cell(column, event) for column in columns)

    def _cell(self, column: Column, event: StoredEvent) -> Text:
        palette, look = self.look.palette, self.look
        match column.key:
            case "time":
                return Text(self._time(event), palette.muted)
            case "status":
                return self._status(event)
            case "key":
                return look.label(look.name(key_of(event.names), look.glyphs.dash), column.width)
            case "model":
                return look.label(look.name(event.names.model, look.glyphs.dash), column.width)
            case "project":
                return look.label(look.name(event.names.project, look.glyphs.dash), column.width, palette.muted)
            case "input":
                cached = (event.cache_read or 0) + (event.cache_write_5m or 0) + (event.cache_write_1h or 0)
                return right(formatting.count(event.input + cached), palette.text)
            case "output":
                return right(formatting.count(event.output), palette.text)
            case "latency":
                return right(formatting.latency(event.latency_ms), palette.muted)
            case _:
                return right(
                    formatting.cost(event.cost), f"bold {palette.text}" if event.cost is not None else palette.warn
                )

    def _status(self, event: StoredEvent) -> Text:
        palette = self.look.palette
        if event.is_error:
            return Text(f"{event.status or 'err'}!", palette.bad)
        return Text("ok", palette.good)
