"""One row of tabs; `Tabs` of Textual would take two."""

from rich.text import Text
from textual.events import Click
from textual.message import Message

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines


class TabRow(Lines):
    """The panels by number and title; the chosen one stands out by more than colour."""

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            self.index = index
            super().__init__()

    _ends: tuple[int, ...] = ()

    def draw(self, look: Look, titles: tuple[str, ...], chosen: int, firing: dict[int, int]) -> None:
        """Paint the titles; `firing` is how many alerts a tab has to say, by index."""
        palette = look.palette
        row, ends = Text(""), []
        for index, title in enumerate(titles):
            if index == chosen:
                row.append(f" {index + 1} {title} ", palette.selected)
            else:
                row.append(f" {index + 1} ", f"bold {palette.primary}").append(f"{title} ", palette.muted)
            if firing.get(index):
                row.append(f"{look.glyphs.up}{firing[index]} ", palette.warn)
            ends.append(row.cell_len)
        self._ends = tuple(ends)
        self.show(row)

    def on_click(self, event: Click) -> None:
        """Choose the tab under the mouse."""
        index = next((index for index, end in enumerate(self._ends) if event.x < end), None)
        if index is not None:
            self.post_message(self.Picked(index))
