"""The largest first: names, bars and values, with a cursor that is calm until somebody moves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import BindingType
from textual.events import Click, Resize
from textual.message import Message

from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Look, pad
from tokenmon.ui.widgets.bars import bar
from tokenmon.ui.widgets.lines import Lines


@dataclass(frozen=True)
class Rank:
    """One row of a ranking."""

    key: str
    """The value that the row is of, as it stands in the store; the cursor stays with it."""
    name: str
    value: Text
    note: Text
    share: float
    """Of the largest row."""
    style: str
    """Of the bar."""
    chosen: bool | None = None
    """Whether everything is narrowed to it; None where it is to no row."""
    search: str = ""
    """What is marked in the name."""
    field: str = ""
    """What the name is of, as a search names that."""

    @property
    def dimmed(self) -> bool:
        """Another row was chosen."""
        return self.chosen is False


def ranking(look: Look, ranks: Sequence[Rank], width: int, widths_of: Sequence[Rank] | None = None) -> list[Text]:
    """Names, bars and values in `width` columns, one line each; columns fit `widths_of` where that is given."""
    every = ranks if widths_of is None else widths_of
    value_width = max((rank.value.cell_len for rank in every), default=0)
    note_width = max((rank.note.cell_len for rank in every), default=0)
    longest = max((cell_len(rank.name) for rank in every), default=0)
    name_width = max(8, min(longest, width * 2 // 5))
    bar_width = max(0, width - name_width - value_width - note_width - 7)
    rows = []
    for rank in ranks:
        style = look.palette.muted if rank.dimmed else rank.style
        row = Text("").append(look.glyphs.chosen if rank.chosen else " ", f"bold {look.palette.primary}")
        ink = look.palette.muted if rank.dimmed else ""
        row.append_text(look.found(rank.name, name_width, ink, rank.search, rank.field))
        row.append(" ").append_text(pad(Text(bar(rank.share, bar_width, look.glyphs), style), bar_width)).append("  ")
        row.append(" " * (value_width - rank.value.cell_len)).append_text(rank.value).append("  ")
        row.append(" " * (note_width - rank.note.cell_len)).append_text(rank.note).append(" ")
        rows.append(row)
    return rows


class Ranking(Lines, can_focus=True):
    """A ranking that fills the space it has and says how many rows it has no room for.

    Its cursor is only shown once the user moved it. It stays with its row's key, and the rows move under it where
    they are too many.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"ranking--cursor"}

    DEFAULT_CSS = """
    Ranking { height: 1fr; }
    Ranking > .ranking--cursor { background: $block-cursor-background; }
    Ranking:ansi > .ranking--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        quiet("j,down", "move(1)", "rank.next", "next row of a ranking"),
        quiet("k,up", "move(-1)", "rank.previous", "previous row of a ranking"),
        quiet("g,home", "end(0)", "rank.first", "first row of a ranking"),
        quiet("G,end", "end(-1)", "rank.last", "last row of a ranking"),
    ]

    class Opened(Message):
        """A row was opened."""

        def __init__(self, ranking: "Ranking", key: str) -> None:
            self.ranking = ranking
            self.key = key
            super().__init__()

        @property
        def control(self) -> "Ranking":
            """Who sent it."""
            return self.ranking

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, ranking: "Ranking") -> None:
            self.ranking = ranking
            super().__init__()

    def __init__(self, look: Look, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._look = look
        self._ranks: tuple[Rank, ...] = ()
        self._missing = 0
        self._cursor: str | None = None
        self._at = 0
        self._top = 0

    @property
    def cursor(self) -> int | None:
        """Index of the row under the cursor; None while it is not shown."""
        if self._cursor is None:
            return None
        return next((index for index, rank in enumerate(self._ranks) if rank.key == self._cursor), None)

    @property
    def wanted(self) -> int:
        """Lines that would show everything."""
        return len(self._ranks) + (1 if self._missing else 0)

    def draw(self, ranks: tuple[Rank, ...], missing: int = 0) -> None:
        """Take these rows, largest first; `missing` more are not among them. A row that is gone gives its place."""
        self._ranks, self._missing = ranks, missing
        if self._cursor is not None and self.cursor is None:
            self._cursor = ranks[min(self._at, len(ranks) - 1)].key if ranks else None
        self._paint()

    def place(self, at: int | None) -> None:
        """Put the cursor on a row, the nearest there is; None takes it away."""
        if at is None or not self._ranks:
            self._cursor = None
        else:
            self._cursor = self._ranks[max(0, min(at, len(self._ranks) - 1))].key
            self.post_message(self.Moved(self))
        self._paint()

    def action_move(self, step: int) -> None:
        """The next row; the first movement only shows the cursor."""
        self.place(0 if self.cursor is None else self.cursor + step)

    def action_end(self, at: int) -> None:
        """The first row, or with -1 the last."""
        self.place(at % max(1, len(self._ranks)))

    def open(self) -> None:
        """Open the row under the cursor, or show which it would be."""
        if self.cursor is None:
            self.place(0)
        else:
            self.post_message(self.Opened(self, self._ranks[self.cursor].key))

    async def on_click(self, event: Click) -> None:
        """A click chooses a row, and a click on the chosen row opens it."""
        at = self._top + event.y
        if at >= min(len(self._ranks), self._top + self._room):
            return
        if at == self.cursor:
            self.open()
        else:
            self.place(at)

    def on_resize(self, event: Resize) -> None:
        """Paint again for the new size."""
        self._paint()

    @property
    def _room(self) -> int:
        """Rows that are shown, without the line that says how many are not."""
        height = self.content_size.height
        return height if self.wanted <= height or height < 2 else height - 1

    def _paint(self) -> None:
        room, cursor = self._room, self.cursor
        if cursor is not None:
            self._at = cursor
            self._top = max(min(self._top, cursor), cursor - room + 1)
        self._top = max(0, min(self._top, len(self._ranks) - room))
        shown = self._ranks[self._top : self._top + room]
        lines = ranking(self._look, shown, self.content_size.width, self._ranks)
        if cursor is not None:
            lines[cursor - self._top].stylize(self.get_component_rich_style("ranking--cursor", partial=True))
        hidden = len(self._ranks) + self._missing - len(shown)
        if hidden and room < self.content_size.height:
            lines.append(Text(f" and {hidden:,} more", self._look.palette.muted))
        self.show(Text("\n").join(lines))
