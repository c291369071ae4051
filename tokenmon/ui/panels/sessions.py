"""Whole pieces of work: what each session cost, how long it took and which models it called, the dearest or the newest
first. Calls that belong to no session are a row of their own, so that the rows are all of the cost.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize

from tokenmon.exact import Value, harmless, instant, money
from tokenmon.store.answers import SessionPage, SessionRow, Sums
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.cells import faint, right
from tokenmon.ui.panels.events import EventsPanel
from tokenmon.ui.panels.tabular import TablePanel
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.columns import Column, room_for_names
from tokenmon.ui.widgets.keyed_table import KeyedRow, KeyedTable
from tokenmon.view import Condition, View

SESSION = "session"
"""The field that a session narrows."""

SORTS = ("cost", "last")
"""What `s` walks, in the reader's words."""

MOST = 100
"""Sessions that are listed; painting more would be felt at every refresh."""

LEAST_NAME = 12
"""Cells below which a model's name is not written: only the models' swatches."""

_ROW = "session "
"""Before a session's name, in the key of its row; the row of calls without a session has an empty name."""

_BARE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}")
"""A name that tells people nothing."""


class SessionsPanel(TablePanel[SessionPage]):
    """What each session cost in the chosen window."""

    ID = "sessions"
    TITLE = "Sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort", id="sessions.sort", tooltip="the dearest or the newest first"),
    ]

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self._sort = memory.get("sessions.sort", SORTS) or SORTS[0]
        self._chosen: str | None = None
        self._sought: str | None = None
        """The session that the cursor was put on last, because everything was narrowed to it."""
        self._search = ""
        self._page: SessionPage | None = None

    async def load(self, reader: Reader, view: View) -> SessionPage:
        self._chosen, self._search = view.chosen(SESSION), view.search
        return await reader.sessions(view.without(SESSION), sort=self._sort, limit=MOST)

    def draw(self, data: SessionPage) -> None:
        self._page = data
        columns = self._columns(self.app.size.width)
        rows = [self._row(row.name, self._cells(row, columns)) for row in data.sessions]
        if data.without.requests:
            rows.append(self._row("", self._cells_without(data.without, columns)))
        sought = self._chosen if self._chosen != self._sought else None
        self._sought = self._chosen
        self._table.show(columns, rows, None if sought is None else _ROW + sought)
        self._table.placed |= sought is not None
        self._draw_caption(data)

    def _draw_caption(self, data: SessionPage) -> None:
        words = []
        if data.truncated:
            first = "dearest" if self._sort == SORTS[0] else "newest"
            words.append(f"the {len(data.sessions):,} {first} of {data.sessions_total:,}; a search narrows them")
        if data.snapped:
            words.append("events of this age are gone: the range begins later")
        self._caption.say(words, self.look.palette.muted)

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width."""
        if self._page is not None:
            self.draw(self._page)

    def action_sort(self) -> None:
        """The other order."""
        self._sort = SORTS[(SORTS.index(self._sort) + 1) % len(SORTS)]
        self.memory.put("sessions.sort", self._sort)
        self.ask_again()

    def on_data_table_row_selected(self, event: KeyedTable.RowSelected) -> None:
        """Narrow everything to the session and show its calls."""
        event.stop()
        name = (event.row_key.value or "").removeprefix(_ROW)
        self.post_message(self.Drilled(Condition(SESSION, name), EventsPanel.ID))

    # -- painting

    def _columns(self, width: int) -> Sequence[Column]:
        times = 12 if width >= 120 else 7
        models = 36 if width >= 150 else 24 if width >= 120 else 19 if width >= 100 else 8
        columns = [
            *([Column("project", "PROJECT", 22)] if width >= 130 else []),
            Column("requests", "REQS", 6 if width >= 70 else 5, right=True),
            *([Column("total", "TOKENS", 7, right=True)] if width >= 100 else []),
            Column("cost", self._heading("COST", "cost"), 8, right=True),
            *([Column("errors", "ERR", 4, right=True)] if width >= 70 else []),
            Column("length", "LENGTH", 7, right=True),
            *([Column("first", "START", times, right=True)] if width >= 120 else []),
            Column("last", self._heading("LAST", "last"), times, right=True),
            *([Column("models", "MODELS", models)] if width >= 70 else []),
        ]
        return [Column("name", "SESSION", max(8, min(48, room_for_names(columns, width)))), *columns]

    def _heading(self, label: str, sort: str) -> str:
        return label + (self.look.glyphs.descending if self._sort == sort else "")

    def _row(self, name: str, cells: tuple[Text, ...]) -> KeyedRow:
        """A row; those beside the chosen one are faint."""
        if self._chosen is not None and name != self._chosen:
            cells = faint(cells, self.look.palette.muted)
        return KeyedRow(_ROW + name, cells)

    def _cells(self, row: SessionRow, columns: Sequence[Column]) -> tuple[Text, ...]:
        return tuple(self._cell(column, row) for column in columns)

    def _cell(self, column: Column, row: SessionRow) -> Text:
        palette, look = self.look.palette, self.look
        match column.key:
            case "name":
                label = self.label(row, column.width - self._indent)
                return self._name_cell(row.name, label, column.width, f"bold {palette.text}")
            case "project":
                project = look.name(row.project, look.glyphs.dash)
                return look.found(project, column.width, palette.muted, self._search, "project")
            case "length":
                return right(formatting.duration(row.last - row.first), palette.text)
            case "first" | "last":
                return right(self._time(row.first if column.key == "first" else row.last, column.width), palette.muted)
            case "models":
                return self._models(row, column.width)
            case key:
                return self._count(key, row.requests, row.errors, row.total, row.cost, row.unpriced)

    def _cells_without(self, sums: Sums, columns: Sequence[Column]) -> tuple[Text, ...]:
        """Calls that belong to no session."""
        known = {"requests", "errors", "total", "cost"}
        return tuple(
            self._name_cell("", "no session", column.width, self.look.palette.muted)
            if column.key == "name"
            else self._count(column.key, sums.requests, sums.errors, sums.total, sums.cost, sums.unpriced)
            if column.key in known
            else right("", self.look.palette.muted)
            for column in columns
        )

    def _count(self, key: str, requests: int, errors: int, total: int, cost: int | None, unpriced: int) -> Text:
        palette = self.look.palette
        match key:
            case "cost":
                style = palette.warn if cost is None else f"bold {palette.text}"
                return right(formatting.cost(cost, unpriced, self.look.glyphs.approximately), style)
            case "errors":
                return right(
                    f"{formatting.count(errors)}!" if errors else "0", palette.bad if errors else palette.muted
                )
            case _:
                return right(formatting.count(requests if key == "requests" else total), palette.text)

    def _time(self, instant: int, width: int) -> str:
        told = formatting.moment if width >= 12 else formatting.day_or_time
        return told(instant, self.look.zone, self.now)

    def label(self, row: SessionRow, width: int) -> str:
        """What people recognise, in at most `width` cells.

        That is the name that somebody gave, without its middle where it is too long; else project and beginning.
        """
        if not _BARE.fullmatch(row.name):
            return self._shortened(self.look.name(row.name), width)
        project = self.look.name(row.project, row.name[:8]).rstrip("/").rpartition("/")[2]
        started = formatting.moment(row.first, self.look.zone, self.now)
        room = max(1, min(cell_len(project), width - 2 - len(started)))
        return f"{self.look.fit(project, room)}, {started}"

    def _name_cell(self, name: str, label: str, width: int, style: str) -> Text:
        """What a session is called, marked where everything is narrowed to it."""
        mark = Text("", no_wrap=True)
        if self._indent:
            sign = self.look.glyphs.chosen if name == self._chosen else " "
            mark.append(f"{sign} ", f"bold {self.look.palette.primary}")
        field = "project" if _BARE.fullmatch(name) else SESSION
        return mark.append_text(self.look.found(label, width - self._indent, style, self._search, field))

    @property
    def _indent(self) -> int:
        """Cells before a name."""
        return 0 if self._chosen is None else 2

    def _shortened(self, label: str, width: int) -> str:
        """A name loses its middle, because its beginning and its end tell sessions apart."""
        if cell_len(label) <= width:
            return label
        end = width // 2
        return self.look.fit(label, width - end).rstrip() + label[-end:]

    def _models(self, row: SessionRow, width: int) -> Text:
        """The swatches that the models have in the charts, and as many names as fit."""
        look, given = self.look, self.colours.assign(list(row.models))
        swatches = Text("")
        for colour in given:
            swatches.append(look.swatch(colour), look.palette.series[colour])
        more = f" +{row.models_total - 1}" if row.models_total > 1 else ""
        room = width - swatches.cell_len - 1 - len(more)
        if not row.models or room < LEAST_NAME:
            unseen = row.models_total - len(row.models)
            return swatches.append(f" +{unseen}" if unseen else "", look.palette.muted)
        swatches.append(" ")
        name = look.name(row.models[0], look.glyphs.dash)
        shown = min(room, cell_len(name))
        cell = look.found(name, shown, look.palette.muted, self._search, "model")
        return swatches.append_text(cell).append(more, look.palette.muted)

    # -- plain values

    def table(self) -> Table:
        """Every session that is shown."""
        page = self._page
        if page is None:
            return Table()
        rows = {_ROW + row.name: _values(row) for row in page.sessions}
        if page.without.requests:
            rows[_ROW] = _values_without(page.without)
        cursor = self._table.cursor_key
        return Table(_COLUMNS, tuple(rows.values()), list(rows).index(cursor) if cursor in rows else None)


_COLUMNS = (
    "session", "project", "requests", "errors", "total_tokens", "cost_usd", "unpriced_requests", "first_event_at",
    "last_event_at", "models",
)  # fmt: skip
"""As `report --by session --json` names them, and the models."""


def _values(row: SessionRow) -> tuple[Value, ...]:
    return (
        harmless(row.name),
        harmless(row.project) or None,
        row.requests,
        row.errors,
        row.total,
        money(row.cost),
        row.unpriced,
        instant(row.first),
        instant(row.last),
        harmless(" ".join(row.models)) or None,
    )


def _values_without(sums: Sums) -> tuple[Value, ...]:
    known = sums.requests, sums.errors, sums.total, money(sums.cost), sums.unpriced
    return None, None, *known, None, None, None
