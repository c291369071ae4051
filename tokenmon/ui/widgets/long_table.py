"""A table of any number of rows, of which only those on the screen are ever made.

`DataTable` spends 0.16 ms on every row that is added, and measures it though nobody sees it. Here a row costs nothing
until it is painted. Cursor and scroll stay with a row's key, and only lines that differ are painted again.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tokenmon.ui.widgets.columns import KEYS, PADDING, Column

Make = Callable[[int, Sequence[Column]], tuple[Text, ...]]
"""The cells of a row, by its index; called while the row is painted."""

HEADER = 1
"""Lines of the heading, which never scrolls."""


class LongTable(ScrollView, can_focus=True):
    """`show` is the only way in. The keys are those of every table."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"long-table--header", "long-table--cursor"}

    DEFAULT_CSS = """
    LongTable {
        height: 1fr; overflow-x: hidden; scrollbar-size: 1 1; background: $surface; color: $foreground;
        & > .long-table--header { background: $background; color: $foreground; text-style: bold; }
        & > .long-table--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
        }
        &:focus > .long-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style;
        }
        &:ansi > .long-table--header { background: ansi_default; text-style: bold; }
        &:ansi > .long-table--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
        &:ansi:focus > .long-table--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    }
    """

    class Moved(Message):
        """The row under the cursor, or whether the list stands at its top, is another one now."""

    class Opened(Message):
        """The row under the cursor was clicked."""

    class Ended(Message):
        """Somebody wants to go beyond the last row."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: tuple[Column, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._make: Make = lambda index, columns: ()
        self._cursor = 0
        self._told: tuple[str | None, bool] = (None, True)
        self._styles_used: tuple[Style, ...] = ()
        self._strips: dict[int, Strip] = {}
        self._painted: dict[int, Strip] = {}
        """What every line of the widget showed last."""

    # -- what it shows

    @property
    def cursor_row(self) -> int:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None where there is no row."""
        return self._keys[self._cursor] if self._cursor < len(self._keys) else None

    @property
    def row_count(self) -> int:
        """How many rows there are, seen or not."""
        return len(self._keys)

    @property
    def at_top(self) -> bool:
        """The cursor is on the first row, and the first row is on the screen: the table follows what comes."""
        return self._cursor == 0 and round(self.scroll_y) == 0

    def show(self, columns: Sequence[Column], keys: Sequence[str], make: Make) -> None:
        """Make the table show rows of these keys, in this order; at the top it stays at the top, else with its row."""
        key, at, follows = self.cursor_key, self._cursor, self.at_top
        self._columns, self._make = tuple(columns), make
        if keys != self._keys:
            self._keys = tuple(keys)
            self._places = {name: place for place, name in enumerate(self._keys)}
        row = 0 if follows or key is None else self._places.get(key, min(at, max(0, len(self._keys) - 1)))
        self._cursor = row
        self._strips.clear()
        with self.app.batch_update():
            self._measure()
            if row != at and not follows:
                self.scroll_to(y=max(0, self.scroll_offset.y + row - at), animate=False, force=True)
            self._reveal()
            self._repaint()
        self._tell()

    def _measure(self) -> None:
        """Tell the scrollbar how many rows there are; unless it comes or goes, nothing is laid out for that."""
        size = Size(self.size.width, len(self._keys) + HEADER)
        if size.width != self.virtual_size.width or self.show_vertical_scrollbar != (size.height > self.size.height):
            self.virtual_size = size
        elif size != self.virtual_size:
            self.set_reactive(LongTable.virtual_size, size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = size.height

    def on_resize(self, event: Resize) -> None:
        """Rows are as wide as the table."""
        self._strips.clear()
        self._measure()
        self._reveal()

    # -- moving

    def move_to(self, row: int) -> None:
        """Put the cursor on a row and the row on the screen; beyond the last one somebody may add more."""
        last = len(self._keys) - 1
        if row > last:
            self.post_message(self.Ended())
        row = max(0, min(row, last))
        for changed in {row, self._cursor}:
            self._strips.pop(changed, None)
        self._cursor = row
        self._reveal()
        self._repaint()
        self._tell()

    @property
    def _page(self) -> int:
        """Rows that fit."""
        return max(1, self.size.height - HEADER)

    def _reveal(self) -> None:
        """Scroll as little as needed for the cursor's row to be seen."""
        if not self.size.height:
            return
        top = self.scroll_offset.y
        wanted = min(self._cursor, max(top, self._cursor - self._page + 1))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def _tell(self) -> None:
        now = self.cursor_key, self.at_top
        if now != self._told:
            self._told = now
            self.post_message(self.Moved())

    def action_cursor_down(self) -> None:
        """One row down."""
        self.move_to(self._cursor + 1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self.move_to(self._cursor - 1)

    def action_page_down(self) -> None:
        """As many rows down as fit."""
        self.move_to(self._cursor + self._page)

    def action_page_up(self) -> None:
        """As many rows up as fit."""
        self.move_to(self._cursor - self._page)

    def action_scroll_top(self) -> None:
        """The first row."""
        self.move_to(0)

    def action_scroll_bottom(self) -> None:
        """The last row."""
        self.move_to(len(self._keys) - 1)

    # What the arrow keys of everything that scrolls are bound to.
    action_scroll_down = action_cursor_down
    action_scroll_up = action_cursor_up
    action_scroll_home = action_scroll_top
    action_scroll_end = action_scroll_bottom

    def on_click(self, event: Click) -> None:
        """A click chooses a row, and one on the chosen row opens it."""
        row = event.y - HEADER + self.scroll_offset.y
        if event.y < HEADER or row >= len(self._keys):
            return
        if row == self._cursor:
            self.post_message(self.Opened())
        self.move_to(row)

    # -- painting

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Unlike what scrolls elsewhere: the same rows at the same lines are not painted again."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._repaint()
            self._tell()

    def _repaint(self) -> None:
        """Have every line painted that would look different."""
        self._restyle()
        width = self.size.width
        for y in range(self.size.height):
            if self._line(y) != self._painted.get(y):
                self.refresh(Region(0, y, width, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the table."""
        self._restyle()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line, remembered so that it is painted again only when it differs."""
        strip = self._painted[y] = self._line(y)
        return strip

    def _restyle(self) -> None:
        """Rows are made again when the table looks different: it has the focus, or another theme."""
        header, cursor = (self.get_component_rich_style(f"long-table--{part}") for part in ("header", "cursor"))
        used = self.rich_style, header, cursor
        if used != self._styles_used:
            self._styles_used = used
            self._strips.clear()

    def _line(self, y: int) -> Strip:
        base, header, cursor = self._styles_used
        if y < HEADER:
            return self._strip(tuple(Text(column.label, no_wrap=True) for column in self._columns), header)
        row = y - HEADER + self.scroll_offset.y
        if row >= len(self._keys):
            return Strip.blank(self.size.width, base)
        strip = self._strips.get(row)
        if strip is None:
            style = cursor if row == self._cursor else base
            strip = self._strips[row] = self._strip(self._make(row, self._columns), style)
        return strip

    def _strip(self, cells: tuple[Text, ...], style: Style) -> Strip:
        line = Text(end="", no_wrap=True)
        for column, cell in zip(self._columns, cells, strict=True):
            cell.truncate(column.width)
            room = column.width - cell.cell_len
            # The blanks are the cell's own, so that they need no colour codes of theirs.
            cell.pad_left(PADDING + room * column.right)
            cell.pad_right(PADDING + room * (not column.right))
            line.append_text(cell)
        strip = Strip(line.render(self.app.console)).adjust_cell_length(self.size.width)
        if style.reverse:  # ink would become ground
            return Strip(Segment.apply_style(strip, post_style=style), self.size.width)
        return strip.apply_style(style)
