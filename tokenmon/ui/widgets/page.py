"""Text in one scrolling column whose parts can be walked: a part is some lines about one thing, and the cursor stays
with that thing while others come and go. It is shown only once the user moved it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import Click

from tokenmon.ui.keys import quiet
from tokenmon.ui.widgets.lines import Lines

ABOVE = 2
"""Lines that are kept in sight above the cursor: a heading and the blank line before it."""


@dataclass(frozen=True)
class Part:
    """Lines about one thing."""

    key: str
    """Which thing; unique on the page. Empty for what cannot be walked to, such as a heading."""
    lines: tuple[Text, ...]


class Page(VerticalScroll):
    """`show` is the only way in."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"page--cursor"}

    DEFAULT_CSS = """
    Page { scrollbar-size: 1 1; }
    Page Lines { height: auto; }
    Page > .page--cursor { background: $block-cursor-background; }
    Page:ansi > .page--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        quiet("j,down", "move(1)", "entry.next", "next entry"),
        quiet("k,up", "move(-1)", "entry.previous", "previous entry"),
        quiet("g,home", "end(0)", "entry.first", "to the top"),
        quiet("G,end", "end(-1)", "entry.last", "to the end"),
        quiet("pagedown,ctrl+d", "leap(1)", "entry.down", "a page down"),
        quiet("pageup,ctrl+u", "leap(-1)", "entry.up", "a page up"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[Part, ...] = ()
        self._cursor = ""
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Lines()

    @property
    def cursor(self) -> str:
        """Key of the part under the cursor; empty while it is not shown."""
        return self._cursor

    @property
    def keys(self) -> list[str]:
        """Everything that can be walked to, in order."""
        return [part.key for part in self._parts if part.key]

    def show(self, parts: Sequence[Part]) -> None:
        """Show exactly these parts; a cursor whose part is gone goes to the one in its place."""
        self._parts = tuple(parts)
        keys = self.keys
        if self._cursor and self._cursor not in keys:
            self._cursor = keys[min(self._at, len(keys) - 1)] if keys else ""
        self._paint()

    def place(self, key: str) -> None:
        """Put the cursor on a part and bring it into sight."""
        if key in self.keys:
            self._cursor = key
            self._paint()
            self._reveal()

    def walk(self, step: int, among: Callable[[str], bool]) -> None:
        """Go to the next or previous of some parts, and round."""
        keys = self.keys
        at = keys.index(self._cursor) if self._cursor else -1 if step > 0 else 0
        order = [keys[(at + step * far) % len(keys)] for far in range(1, len(keys) + 1)]
        found = next((key for key in order if among(key)), None)
        if found is not None:
            self.place(found)

    def action_move(self, step: int) -> None:
        """The next part; the first movement shows the cursor on the first part in sight."""
        keys = self.keys
        if not keys:
            return
        if self._cursor:
            self.place(keys[max(0, min(len(keys) - 1, keys.index(self._cursor) + step))])
        else:
            self.place(self._nearest(self.scroll_offset.y))

    def action_end(self, at: int) -> None:
        """The first part and the top, or the last part and the end."""
        if self.keys:
            self.place(self.keys[at])
        (self.scroll_home if at == 0 else self.scroll_end)(animate=False)

    def action_leap(self, step: int) -> None:
        """A page further, the cursor with it."""
        to = self.scroll_offset.y + step * max(1, self.size.height - 1)
        if self._cursor:
            self._cursor = self._nearest(to if 0 < to < self.max_scroll_y else (to > 0) * self._height)
            self._paint()
        self.scroll_to(y=to, animate=False)

    def on_click(self, event: Click) -> None:
        """A click puts the cursor on a part."""
        line = event.screen_y - self.region.y + self.scroll_offset.y
        found = next((key for key, start, end in self._places() if start <= line < end), None)
        if found:
            self.place(found)

    @property
    def _height(self) -> int:
        return sum(len(part.lines) for part in self._parts)

    def _places(self) -> list[tuple[str, int, int]]:
        """Every part with its first line and the one after its last."""
        places, line = [], 0
        for part in self._parts:
            places.append((part.key, line, line + len(part.lines)))
            line += len(part.lines)
        return places

    def _nearest(self, line: int) -> str:
        """The first part that can be walked to from a line on, else the last."""
        return next((key for key, start, _ in self._places() if key and start >= line), self.keys[-1])

    def _reveal(self) -> None:
        start, end = next((start, end) for key, start, end in self._places() if key == self._cursor)
        top, height = self.scroll_offset.y, self.size.height
        wanted = min(max(top, end - height), max(0, start - ABOVE))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def _paint(self) -> None:
        keys = self.keys
        if self._cursor:
            self._at = keys.index(self._cursor)
        lines = [line for part in self._parts for line in self._painted(part)]
        self.query_one(Lines).show(Text("\n").join(lines), layout=True)

    def _painted(self, part: Part) -> tuple[Text, ...]:
        if not part.key or part.key != self._cursor:
            return part.lines
        style = self.get_component_rich_style("page--cursor", partial=True)
        lines = tuple(line.copy() for line in part.lines)
        for line in lines:
            line.append(" " * max(0, self.size.width - line.cell_len))
            line.stylize(style)
        return lines
