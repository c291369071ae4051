"""A table whose rows have keys: cursor and scroll stay with the row's key, not with its index (`DataTable.clear` and
`sort` would lose both), and a refresh repaints only the rows on the screen that look different.

Rows stand beside the `DataTable`, which is told their keys only and asks for the cells that it paints: of a page of
500 rows about fifty are ever seen.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.coordinate import Coordinate
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import RowKey

from tokenmon.ui.widgets.columns import KEYS, PADDING, Column

HEADER = -1
"""The row of headings."""

FEW = 20
"""Rows that are taken out one by one; more of them, and it is quicker to begin anew."""


@lru_cache(maxsize=4_096)
def _meta(row: int, column: int) -> Style:
    """What the mouse is told about a cell."""
    return Style.from_meta({"row": row, "column": column})


class Row(Protocol):
    """One row; its key is unique in the table."""

    @property
    def key(self) -> str: ...
    @property
    def cells(self) -> tuple[Text, ...]: ...


@dataclass(frozen=True)
class KeyedRow:
    """A row whose cells are known."""

    key: str
    cells: tuple[Text, ...]


class LazyRow:
    """A row whose cells are made when they are painted."""

    def __init__(self, key: str, make: Callable[[], tuple[Text, ...]]) -> None:
        self.key = key
        self._make = make

    @cached_property
    def cells(self) -> tuple[Text, ...]:
        """The cells, made once."""
        return self._make()


class KeyedTable(DataTable[Text]):
    """`show` is the only way in."""

    DEFAULT_CSS = """
    KeyedTable {
        height: 1fr; max-height: 100%; scrollbar-size: 1 1;
        &:focus { background-tint: transparent; }
        &:focus > .datatable--header { background-tint: transparent; }
        & > .datatable--header { background: $background; text-style: bold; }
        &:ansi > .datatable--header { background: ansi_default; text-style: bold; }
        &:ansi > .datatable--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
        &:ansi:focus > .datatable--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    class Beyond(Message):
        """The user wants to go on where the rows end."""

        def __init__(self, step: int) -> None:
            """`step`: 1 after the last row, -1 before the first."""
            self.step = step
            super().__init__()

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=PADDING, cursor_foreground_priority="renderable")
        self._shown_columns: tuple[Column, ...] = ()
        self._shown: dict[str, Row] = {}
        self._showing = False
        self._clicked = False
        self.placed = False
        """Whether the cursor is where the user put it; else it stays where it is when rows move."""
        self.moved_at = float("-inf")
        """When the user moved the cursor last, on the monotonic clock, seconds."""

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def get_row(self, row_key: RowKey | str) -> list[Text]:
        """The cells of a row."""
        return list(self._shown[str(row_key.value) if isinstance(row_key, RowKey) else row_key].cells)

    # -- showing

    def show(self, columns: Sequence[Column], rows: Sequence[Row], cursor: str | None = None) -> None:
        """Make the table show exactly these columns and rows, in this order.

        `cursor`: the row to put the cursor on; without one it stays with its row.
        """
        columns, wanted = tuple(columns), {row.key: row for row in rows}
        key, at, scroll = self.cursor_key, self.cursor_row, self.scroll_offset.y
        with self.app.batch_update(), self._moved_by_program():
            before = self._on_screen()
            anew = [(column.key, column.width) for column in columns] != [
                (column.key, column.width) for column in self._shown_columns
            ]
            moved = self._replace_rows(columns, wanted, anew=anew)
            if [column.label for column in columns] != [column.label for column in self._shown_columns]:
                self.refresh(Region(0, 0, self.size.width, self.header_height))
            self._shown_columns = columns
            if moved:
                self._update_dimensions(())
                self._restore(key, at, scroll)
            elif before != (after := self._on_screen()):
                self._repaint([index for index in after if after[index] != before.get(index)])
            if cursor is not None and cursor in wanted:
                self.placed = False
                self.scroll_to(y=0, animate=False, force=True)
                self.move_cursor(row=self.get_row_index(cursor), animate=False)

    def _replace_rows(self, columns: tuple[Column, ...], wanted: dict[str, Row], *, anew: bool) -> bool:
        """Take over the rows; whether any of them came, went or moved."""
        known, self._shown = self._shown, wanted
        self._update_count += 1  # whatever was painted of rows that are not on the screen is outdated
        if not anew and list(known) == list(wanted):
            return False
        gone = [key for key in known if key not in wanted]
        if anew or len(gone) > FEW:
            self._begin_anew(columns, anew=anew)
            gone, known = [], {}
        for key in gone:
            self.remove_row(key)
        for key in wanted:
            if key not in known:
                self.add_row(Text(key), key=key)
        order = [key for key in known if key in wanted] + [key for key in wanted if key not in known]
        if order != list(wanted):
            first = columns[0].key  # `sort` knows a row only by its cells, and each has an object of its own there
            ranks = {id(self.get_cell(key, first)): rank for rank, key in enumerate(wanted)}
            self.sort(first, key=lambda cell: ranks[id(cell)])
        return True

    def _begin_anew(self, columns: tuple[Column, ...], *, anew: bool) -> None:
        self.clear(columns=anew)
        if anew:
            for column in columns:
                self.add_column(column.heading, width=column.width, key=column.key)

    def _update_dimensions(self, new_rows: object) -> None:
        """Columns have their widths and rows one line: measuring every cell would make them all."""
        super()._update_dimensions(())

    def _on_screen(self) -> dict[int, object]:
        """What the rows that are on the screen look like, by index; texts that differ in style alone are equal."""
        first = self.scroll_offset.y
        shown = list(self._shown.values())[first : first + self.size.height]
        return {
            first + index: [(cell.plain, cell.style, cell.spans) for cell in row.cells]
            for index, row in enumerate(shown)
        }

    def _repaint(self, rows: Sequence[int]) -> None:
        for row in rows:
            self.refresh_row(row)

    def _restore(self, key: str | None, at: int, scroll: int) -> None:
        stays = self.placed and key is not None and key in self._shown
        row = self.get_row_index(key) if stays and key is not None else min(at, max(0, self.row_count - 1))
        moved = row - at
        self.scroll_to(y=max(0, scroll + (moved if scroll else 0)), animate=False, force=True)
        self.move_cursor(row=row, animate=False, scroll=bool(moved))

    def _render_cell(
        self,
        row_index: int,
        column_index: int,
        base_style: Style,
        width: int,
        cursor: bool = False,
        hover: bool = False,
    ) -> list[list[Segment]]:
        """One line of known width. Rich would lay out a page for every cell, which takes eight times as long."""
        is_header = row_index == HEADER
        cell = self._shown_columns[column_index].heading if is_header else self.get_row_at(row_index)[column_index]
        # A row's cells need not be told apart by the mouse: so they share their styles, which are slow to make.
        meta = _meta(row_index, column_index if is_header else 0)
        style = base_style + meta + self._style_of(is_header=is_header, cursor=cursor, hover=hover)
        room = width - 2 * PADDING
        console = self.app.console
        painted = style + console.get_style(cell.style)
        line = [Segment(part.text, painted + part.style if part.style else painted) for part in cell.render(console)]
        if style.reverse:  # ink would become ground
            line = [Segment(part.text, (part.style or style) + style) for part in line]
        if cell.cell_len > room:
            line = Segment.adjust_line_length(line, room, style)
        rest = " " * (room - cell.cell_len)
        padding = " " * PADDING
        before, after = (padding + rest, padding) if cell.justify == "right" else (padding, rest + padding)
        return [[Segment(before, style), *line, Segment(after, style)]]

    def _style_of(self, *, is_header: bool, cursor: bool, hover: bool) -> Style:
        """What the cursor and the mouse add to a cell."""
        style, _ = self._get_styles_to_render_cell(
            is_header, False, False, hover, cursor, self.show_cursor, self._show_hover_cursor, False, False
        )
        return style

    # -- what the user does

    @contextmanager
    def _moved_by_program(self) -> Iterator[None]:
        self._showing = True
        try:
            yield
        finally:
            self._showing = False

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        """Remember when the user moved."""
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        if old_coordinate != new_coordinate and not self._showing:
            self.placed, self._clicked, self.moved_at = True, False, time.monotonic()

    def on_click(self, event: Click) -> None:
        """The first click on a row moves the cursor there, the next one opens the row, whatever its column."""
        row = event.style.meta.get("row")
        if row is None or not self.is_valid_row_index(row):
            return
        event.prevent_default()
        event.stop()
        if self._clicked and row == self.cursor_row:
            self.action_select_cursor()
            return
        self.move_cursor(row=row, animate=False)
        self._clicked = True

    def action_page_down(self) -> None:
        """A screenful down, or beyond the last row."""
        if self.cursor_row >= self.row_count - 1:
            self.post_message(self.Beyond(1))
        else:
            super().action_page_down()

    def action_page_up(self) -> None:
        """A screenful up, or beyond the first row."""
        if self.cursor_row == 0:
            self.post_message(self.Beyond(-1))
        else:
            super().action_page_up()
