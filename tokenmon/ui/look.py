"""How things look to this viewer, and how rich text is laid out: what every widget is given and none decides."""

from dataclasses import dataclass, field
from datetime import tzinfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tokenmon.store.search import hits
from tokenmon.text import sanitise
from tokenmon.ui.keys import Keyboard
from tokenmon.ui.themes import Glyphs, Palette
from tokenmon.view import Condition

FOUND = "bold underline"
"""How what was searched for is marked."""


@dataclass(eq=False)
class Look:
    """Zone, colours, glyphs and keys of one run, shared by all widgets."""

    zone: tzinfo
    palette: Palette
    """The app replaces it when the user chooses another theme; then `theme_changed_signal` makes all paint again."""
    glyphs: Glyphs
    keyboard: Keyboard = field(default_factory=Keyboard)

    def name(self, text: str | None, missing: str = "(unattributed)") -> str:
        """A name from a log, harmless whatever it holds; `missing` where the log does not say."""
        return sanitise(text) if text else missing

    def chip(self, condition: Condition) -> str:
        """A condition as it is shown: `model:gpt-5`."""
        return f"{condition.field}:{self.name(condition.value)}"

    def fit(self, text: str, width: int) -> str:
        """`text` in exactly `width` cells: labels shrink, with an ellipsis, and values are never given to this.

        A path loses its beginning, because its end tells files and projects apart.
        """
        if width <= 0:
            return ""
        if cell_len(text) <= width:
            return set_cell_size(text, width)
        if text.startswith("/"):
            return set_cell_size(self.glyphs.ellipsis + text[_left_out(text, width) :], width)
        return set_cell_size(text, width - 1) + self.glyphs.ellipsis

    @property
    def told_by_colour(self) -> bool:
        """Whether the series of a chart are told apart by colour: full cells then, else fills of their own."""
        return self.palette.coloured and self.glyphs.block == "█"

    def fill(self, colour: int) -> str:
        """What a series is drawn with, in the chart and in its legend."""
        fills = self.glyphs.fills
        return self.glyphs.block if self.told_by_colour else fills[min(colour, len(fills) - 1)]

    def swatch(self, colour: int) -> str:
        """What stands for a series beside its name: a square of its colour, else its fill."""
        return self.glyphs.swatch if self.told_by_colour else self.fill(colour)

    @property
    def inks(self) -> tuple[str, ...]:
        """Styles of a chart's series; after them the one for all that were not chosen."""
        return (*self.palette.series, self.palette.faint)

    def label(self, text: str, width: int, style: str = "") -> Text:
        """A fitted label as rich text, which no markup in it can change."""
        return Text(self.fit(text, width), style=style or self.palette.text, no_wrap=True)

    def found(self, text: str, width: int, style: str, search: str, field: str) -> Text:
        """A label with what was searched for marked in it; `field` is what it shows, as a search names that."""
        label, cut = self.label(text, width, style), _left_out(text, width)
        moved = cut - len(self.glyphs.ellipsis) if cut else 0
        for start, end in hits(text, search, field):
            if end > cut:
                label.stylize(FOUND, max(start, cut) - moved, end - moved)
        return label


def _left_out(text: str, width: int) -> int:
    """Characters that a label loses at its beginning."""
    if not text.startswith("/") or cell_len(text) <= width:
        return 0
    room = width - 1
    for at in range(len(text), 0, -1):
        room -= cell_len(text[at - 1])
        if room < 0:
            return at
    return 0


def pad(text: Text, width: int) -> Text:
    """`text` with blanks up to `width` cells."""
    text.append(" " * max(0, width - text.cell_len))
    return text


def spread(left: Text, right: Text, width: int) -> Text:
    """`left` at the left edge and all of `right` at the right one; the left gives way."""
    room = max(0, width - right.cell_len)
    if left.cell_len > room:
        left = left.copy()
        left.truncate(room)
    return pad(left, room).append_text(right)


class Colours:
    """Which colour a value has: given out in the order of rank and kept for the session.

    So a model does not change its colour when the range changes.
    """

    def __init__(self, count: int) -> None:
        """Colours 0 to `count` - 1 are given out; `count` is the one for the rest."""
        self._rest = count
        self._given: dict[str, int] = {}
        self._lent: dict[str, int] = {}

    def assign(self, labels: list[str]) -> list[int]:
        """A colour for each of the labels, largest first; alike only where there are more labels than colours."""
        for label in labels:
            if label not in self._given and len(self._given) < self._rest:
                self._given[label] = len(self._given)
        shown = {self._given[label] for label in labels if label in self._given}
        free = [colour for colour in range(self._rest) if colour not in shown]
        return [self._given[label] if label in self._given else self._lend(label, free) for label in labels]

    def _lend(self, label: str, free: list[int]) -> int:
        """One of the free colours, if possible the one that it had the last time."""
        colour = self._lent.get(label, self._rest)
        if colour not in free:
            colour = free[0] if free else self._rest
        if colour in free:
            free.remove(colour)
            self._lent[label] = colour
        return colour
