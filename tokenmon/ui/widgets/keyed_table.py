"""A table whose rows have keys: refreshing it changes only the cells that differ, and cursor and scroll stay with
the row's key, not with its index (`DataTable.clear` and `sort` would lose both)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

PADDING = 1
"""Blank cells at each side of a column."""


@dataclass(frozen=True)
class Column:
    """One column of fixed width; measuring every cell would cost more than painting them."""

    key: str
    label: str
    width: int
    right: bool = False
    """Numbers stand at the right."""


@dataclass(frozen=True)
class KeyedRow:
    """One row; its key is unique in the table."""

    key: str
    cells: tuple[Text, ...]


def room_for_names(columns: Sequence[Column], width: int) -> int:
    """Cells that are left for one more column beside `columns` in a table of `width` cells."""
    return width - sum(column.width + 2 * PADDING for column in columns) - 2 * PADDING - 1


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

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", id="row.next", tooltip="next row (also the down arrow)"),
        Binding("k", "cursor_up", "up", id="row.previous", tooltip="previous row (also the up arrow)"),
        Binding("g", "scroll_top", "first", id="row.first", tooltip="first row"),
        Binding("G", "scroll_bottom", "last", id="row.last", tooltip="last row"),
    ]

    def __init__(self, *, follows_top: bool = False, id: str | None = None) -> None:
        """`follows_top`: a cursor on the first row stays on the first row, whatever its key."""
        super().__init__(
            cursor_type="row", cell_padding=PADDING, cursor_foreground_priority="renderable", zebra_stripes=False, id=id
        )
        self._follows_top = follows_top
        self._shown_columns: tuple[Column, ...] = ()
        self._shown: dict[str, tuple[Text, ...]] = {}

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def show(self, columns: Sequence[Column], rows: Sequence[KeyedRow]) -> None:
        """Make the table show exactly these columns and rows, in this order."""
        columns = tuple(columns)
        wanted = {row.key: row.cells for row in rows}
        if columns == self._shown_columns and wanted == self._shown and list(wanted) == list(self._shown):
            return
        key, at, scroll = self.cursor_key, self.cursor_row, self.scroll_offset.y
        with self.app.batch_update():
            if columns != self._shown_columns or len(self._shown.keys() - wanted.keys()) > len(wanted) // 2:
                self._rebuild(columns, wanted)
            else:
                self._change(wanted)
            self._shown_columns, self._shown = columns, wanted
            self._restore(key, at, scroll)

    def _rebuild(self, columns: tuple[Column, ...], wanted: dict[str, tuple[Text, ...]]) -> None:
        if columns != self._shown_columns:
            self.clear(columns=True)
            for column in columns:
                label = Text(column.label, justify="right" if column.right else "left", no_wrap=True)
                self.add_column(label, width=column.width, key=column.key)
        else:
            self.clear()
        for key, cells in wanted.items():
            self.add_row(*cells, key=key)

    def _change(self, wanted: dict[str, tuple[Text, ...]]) -> None:
        for key in self._shown.keys() - wanted.keys():
            self.remove_row(key)
        for key, cells in wanted.items():
            shown = self._shown.get(key)
            if shown is None:
                self.add_row(*cells, key=key)
                continue
            for column, old, new in zip(self._shown_columns, shown, cells, strict=True):
                if old != new:
                    self.update_cell(key, column.key, new)
        order = [key for key in self._shown if key in wanted]
        order += [key for key in wanted if key not in self._shown]
        if order != list(wanted):
            self._reorder(list(wanted))

    def _reorder(self, keys: list[str]) -> None:
        """`sort` knows a row only by its cells, so the first cell, which is an object of its own, tells the rank."""
        first = self._shown_columns[0].key
        ranks = {id(self.get_cell(key, first)): rank for rank, key in enumerate(keys)}
        self.sort(first, key=lambda cell: ranks[id(cell)])

    def _restore(self, key: str | None, at: int, scroll: int) -> None:
        stays = key is not None and key in self._shown and not (self._follows_top and at == 0)
        row = self.get_row_index(key) if stays and key is not None else min(at, max(0, self.row_count - 1))
        moved = row - at
        self.scroll_to(y=max(0, scroll + (moved if scroll else 0)), animate=False, force=True)
        self.move_cursor(row=row, animate=False, scroll=bool(moved))
