"""Bars of text: thin lines with half-cell ends, because solid blocks in neighbouring rows merge into a wall."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual.events import Resize

from tokenmon.ui.look import Look, pad
from tokenmon.ui.themes import Glyphs
from tokenmon.ui.widgets.lines import Lines


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """`share` (0 to 1) of `width` cells; anything above nothing shows at least half a cell."""
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    if share > 0:
        halves = max(1, halves)
    return glyphs.bar * (halves // 2) + (glyphs.half_bar if halves % 2 else "")


def sparkline(values: Sequence[int], glyphs: Glyphs) -> str:
    """One cell per value, scaled to the largest; nothing is blank, and anything above nothing is not."""
    largest = max(values, default=0)
    top = len(glyphs.levels) - 1
    return "".join(glyphs.levels[round(value * top / largest)] if value > 0 else " " for value in values)


@dataclass(frozen=True)
class Rank:
    """One row of a ranking."""

    name: str
    value: Text
    note: Text
    share: float
    """Of the largest row."""
    style: str


def ranking(look: Look, ranks: tuple[Rank, ...], width: int, height: int) -> Text:
    """Names, bars and values in `width` columns and at most `height` rows."""
    value_width = max((rank.value.cell_len for rank in ranks), default=0)
    note_width = max((rank.note.cell_len for rank in ranks), default=0)
    longest = max((cell_len(rank.name) for rank in ranks), default=0)
    name_width = max(8, min(longest, width * 2 // 5))
    bar_width = max(0, width - name_width - value_width - note_width - 7)
    rows = []
    for rank in ranks[:height]:
        row = Text(" ").append_text(look.label(rank.name, name_width)).append(" ")
        row.append_text(pad(Text(bar(rank.share, bar_width, look.glyphs), rank.style), bar_width)).append("  ")
        row.append(" " * (value_width - rank.value.cell_len)).append_text(rank.value).append("  ")
        row.append(" " * (note_width - rank.note.cell_len)).append_text(rank.note).append(" ")
        rows.append(row)
    return Text("\n").join(rows)


class Ranking(Lines):
    """A ranking that fills the space it has."""

    DEFAULT_CSS = """
    Ranking { height: 1fr; }
    """

    def __init__(self, look: Look, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._look = look
        self._ranks: tuple[Rank, ...] = ()

    def draw(self, ranks: tuple[Rank, ...]) -> None:
        """Paint these rows, largest first."""
        self._ranks = ranks
        size = self.content_size
        self.show(ranking(self._look, ranks, size.width, size.height))

    def on_resize(self, event: Resize) -> None:
        """Paint again for the new size."""
        self.draw(self._ranks)
