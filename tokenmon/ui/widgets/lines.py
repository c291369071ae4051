"""Rows of text that are repainted only when they differ: `Static.update` would send its region again in any case."""

from collections.abc import Iterable

from rich.cells import cell_len, chop_cells
from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.widgets import Static

SIGNS = "-/_.,:"
"""After which a word may go on in the next line."""


def clickable(style: str, action: str) -> Style:
    """A style for words that do `action` when they are clicked, and look no different for it."""
    return Style.parse(style) + Style(meta={"clicked": action})


class Lines(Static):
    """One or more rows that never wrap; equal content costs no byte."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: clip; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Text(""), id=id, classes=classes, markup=False)
        self._shown = Text("")

    def show(self, text: Text, *, layout: bool = False) -> None:
        """Paint `text` unless it is there already; `layout` where its height may have changed."""
        if text == self._shown and text.style == self._shown.style:  # rich leaves the style out
            return
        self._shown = text
        self.update(text, layout=layout)

    async def on_click(self, event: Click) -> None:
        """Do what the words under the mouse are for."""
        if action := event.style.meta.get("clicked"):
            event.stop()
            await self.run_action(action)

    @property
    def text(self) -> str:
        """What it shows, without styles."""
        return self._shown.plain


def wrapped(words: str, width: int) -> list[str]:
    """Text in lines of at most `width` cells."""
    return flowed(words.split(), width)


def pieces(word: str, width: int) -> list[str]:
    """A word in pieces of at most `width` cells, cut after a sign where that does not waste half a line.

    However little room there is, a wide character takes two cells.
    """
    width = max(2, width)
    cut, at = [], 0
    while len(word) - at > width or cell_len(word[at:]) > width:
        piece = chop_cells(word[at : at + 2 * width], width)[0]
        sign = max(map(piece.rfind, SIGNS)) + 1
        cut.append(piece[:sign] if 2 * sign > len(piece) else piece)
        at += len(cut[-1])
    return [*cut, word[at:]] if word[at:] or not cut else cut


def flowed(parts: Iterable[str], width: int, gap: str = " ") -> list[str]:
    """Parts with a gap between them, in lines of at most `width` cells; a longer part is cut into several."""
    lines = [""]
    for part in parts:
        for piece in pieces(part, width):
            joined = f"{lines[-1]}{gap}{piece}" if lines[-1] else piece
            if cell_len(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines
