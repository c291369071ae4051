"""One row of tabs; `Tabs` of Textual would take two."""

from rich.text import Text

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines, clickable


class TabRow(Lines):
    """The panels by key and title; the chosen one stands out by more than colour, and a click chooses another."""

    def draw(self, look: Look, tabs: tuple[tuple[str, str], ...], chosen: int, firing: dict[int, int]) -> None:
        """Paint keys and titles; `firing` is how many alerts a tab has to say, by index."""
        palette = look.palette
        row = Text()
        for index, (key, title) in enumerate(tabs):
            action = f"screen.panel({index})"
            if index == chosen:
                row.append(f" {key} {title} ", clickable(palette.selected, action))
            else:
                row.append(f" {key} ", clickable(f"bold {palette.primary}", action))
                row.append(f"{title} ", clickable(palette.muted, action))
            if firing.get(index):
                row.append(f"{look.glyphs.up}{firing[index]} ", clickable(palette.warn, action))
        self.show(row)
