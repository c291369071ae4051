"""What both kinds of tables have in common: columns of fixed width, and the keys that move the cursor.

A `KeyedTable` has headings to click on and pages of rows that are sorted; a `LongTable` has any number of rows, and
follows what comes at its top.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.binding import Binding

from tokenmon.ui.keys import quiet

PADDING = 1
"""Blank cells at each side of a column."""

KEYS: tuple[Binding, ...] = (
    Binding("j", "cursor_down", "down", id="row.next", tooltip="next row (also the down arrow)"),
    Binding("k", "cursor_up", "up", id="row.previous", tooltip="previous row (also the up arrow)"),
    Binding("g,home", "scroll_top", "first", id="row.first", tooltip="first row"),
    Binding("G,end", "scroll_bottom", "last", id="row.last", tooltip="last row"),
    quiet("ctrl+d", "page_down", "rows.next", "a screenful down (also PgDn)"),
    quiet("ctrl+u", "page_up", "rows.previous", "a screenful up (also PgUp)"),
)
"""What moves the cursor of every table."""


@dataclass(frozen=True)
class Column:
    """One column of fixed width; measuring every cell would cost more than painting them."""

    key: str
    label: str
    width: int
    right: bool = False
    """Numbers stand at the right."""

    @property
    def heading(self) -> Text:
        """What stands above the cells."""
        return Text(self.label, justify="right" if self.right else "left", no_wrap=True)


def room_for_names(columns: Sequence[Column], width: int) -> int:
    """Cells that are left for one more column beside `columns` in a table of `width` cells."""
    return width - sum(column.width + 2 * PADDING for column in columns) - 2 * PADDING - 1
