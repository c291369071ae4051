"""The first row: what state the screen is in, the range, and how new the data is. A state is a word and a glyph.

Nothing here ticks: the newest data has a time of day, not an age.
"""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from tokenmon.ui import formatting
from tokenmon.ui.look import Look, spread
from tokenmon.ui.widgets.lines import Lines, clickable
from tokenmon.view import Condition


@dataclass(frozen=True)
class Situation:
    """What the store and its ingester are up to."""

    error: str = ""
    """Why the store cannot be read; the last good numbers stay."""
    waiting: bool = False
    """The database does not exist yet."""
    empty: bool = False
    """It holds no event."""
    backlog: int = 0
    """Bytes known and not read yet."""
    progress: str = ""
    """How much of them is done, as a percentage; empty where it cannot be told."""
    paused_at: int | None = None
    missed: int = 0
    """Events that were written while paused."""
    ingesting: bool = True
    """Somebody holds the lock."""
    trouble: str = ""
    """Why this screen's own ingester ended."""

    @property
    def partial(self) -> bool:
        """Totals miss what is still to be read."""
        return self.backlog > 0


@dataclass(frozen=True)
class Freshness:
    """What the right end of the row says."""

    newest: int | None
    """Time of the newest event."""
    now: int
    interval: float
    """Seconds between two refreshes."""


def state_of(situation: Situation, look: Look) -> tuple[str, str]:
    """The state's words and their style; the worst one wins."""
    glyphs, palette = look.glyphs, look.palette
    if situation.error:
        return f"{glyphs.error} DB ERROR", palette.bad
    if situation.paused_at is not None:
        missed = f" +{formatting.plural(situation.missed, 'event')}" if situation.missed else ""
        return f"{glyphs.paused} PAUSED{missed}", palette.warn
    if situation.waiting:
        return f"{glyphs.empty} waiting for data", palette.muted
    if situation.partial:
        return f"{glyphs.reading} backfill {situation.progress}".rstrip(), palette.warn
    if not situation.ingesting:
        return f"{glyphs.alone} nobody ingests", palette.warn
    if situation.empty:
        return f"{glyphs.empty} no data yet", palette.muted
    return f"{glyphs.live} live", palette.good


def banner_of(situation: Situation, look: Look, database: str) -> Text | None:
    """The row below, for states that need a sentence."""
    glyphs, palette = look.glyphs, look.palette
    if situation.error:
        return Text(f" {glyphs.error} last good numbers stay, trying again: {look.name(situation.error)}", palette.bad)
    if situation.partial:
        left = formatting.data_size(situation.backlog)
        return Text(
            f" {glyphs.reading} reading logs: {left} left {glyphs.dash} totals are partial until then", palette.warn
        )
    if situation.trouble and not situation.ingesting:
        return Text(f" {glyphs.alone} nobody reads the logs: {look.name(situation.trouble)}", palette.warn)
    if situation.waiting:
        return Text(f" {glyphs.empty} no database at {look.name(database)} yet", palette.muted)
    return None


class StatusRow(Lines):
    """Name, state, ranges, freshness."""

    def draw(
        self,
        look: Look,
        situation: Situation,
        ranges: tuple[str, ...],
        chosen: str,
        chips: tuple[Condition, ...],
        fresh: Freshness,
        width: int,
    ) -> None:
        """Paint the row for a terminal of `width` columns; where chips need the room, other ranges give way."""
        palette = look.palette
        words, style = state_of(situation, look)
        left = Text(" ")
        left.append("tokenmon", f"bold {palette.primary}").append("  ").append(words, style).append("   ")
        right = self._right(look, fresh, width)
        names = ranges if chosen in ranges else (*ranges, chosen)
        labels = [f"{look.chip(chip)} {look.glyphs.close}" for chip in chips]
        taken = left.cell_len + right.cell_len + sum(cell_len(label) + 2 for label in labels)
        if taken + sum(len(name) + 2 for name in names) > width:
            names = (chosen,)
        for name in names:
            shown = look.name(name)
            if name == chosen:
                left.append(f"[{shown}]", palette.selected)
            else:
                left.append(f" {shown} ", clickable(palette.muted, f"screen.take_range({name!r})"))
        room = max(0, width - left.cell_len - right.cell_len) // max(1, len(chips)) - 2
        for at, (chip, label) in enumerate(zip(chips, labels, strict=True)):
            if cell_len(label) > room:
                label = f"{look.fit(look.chip(chip), room - 2)} {look.glyphs.close}"
            left.append(f" {label} ", clickable(palette.primary, f"screen.drop({at})"))
        self.show(spread(left, right, width))

    def _right(self, look: Look, fresh: Freshness, width: int) -> Text:
        if fresh.newest is None:
            return Text("")
        newest = formatting.moment(fresh.newest, look.zone, fresh.now)
        every = f" {look.glyphs.dot} every {fresh.interval:g}s" if width >= 100 else ""
        return Text(f"  data {newest}{every} ", look.palette.muted)
