"""One row of tabs; `Tabs` of Textual would take two."""

from rich.text import Text

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines, clickable


class TabRow(Lines):
    """The panels by key and title; the chosen one stands out by more than colour, and a click chooses another."""

    def draw(self, look: Look, tabs: tuple[tuple[str, str], ...], chosen: int, firing: dict[int, int]) -> None:
        """Paint keys and titles, where there is no room only the chosen title.

        `firing` is how many alerts a tab has to say, by index.
        """
        row = self._painted(look, tabs, chosen, firing)
        if row.cell_len > self.app.size.width:
            short = tuple((key, title if index == chosen else "") for index, (key, title) in enumerate(tabs))
            row = self._painted(look, short, chosen, firing)
        self.show(row)

    def _painted(self, look: Look, tabs: tuple[tuple[str, str], ...], chosen: int, firing: dict[int, int]) -> Text:
        palette = look.palette
        row = Text()
        for index, (key, title) in enumerate(tabs):
            action = f"screen.panel({index})"
            if index == chosen:
                row.append(f" {key} {title} ", clickable(palette.selected, action))
            else:
                row.append(f" {key} ", clickable(f"bold {palette.primary}", action))
                row.append(f"{title} " if title else "", clickable(palette.muted, action))
            if firing.get(index):
                row.append(f"{look.glyphs.up}{firing[index]} ", clickable(palette.warn, action))
        return row
