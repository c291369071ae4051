"""The first row: what state the screen is in, the range, the filters, and how new the data is.

A state is a word and a glyph. Nothing here ticks: the newest data has a time of day, not an age, and what is late says
so in steps. Where room is short, ranges go before filters, and the chosen range stays.
"""

import os
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from tokenmon import ranges
from tokenmon.text import many
from tokenmon.ui import formatting
from tokenmon.ui.look import Look, spread
from tokenmon.ui.situation import Situation
from tokenmon.ui.widgets.bars import bar
from tokenmon.ui.widgets.lines import Lines, clickable
from tokenmon.view import Condition

BAR = 22
"""Columns of the bar of a backlog."""

READABLE = 10
"""Columns that a filter needs to be told; else the time of the data gives way to it."""

AGAIN = "r tries now"
"""At the end of what goes wrong."""


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
        missed = f" +{many(situation.missed, 'event')}" if situation.missed else ""
        return f"{glyphs.paused} PAUSED{missed}", palette.warn
    if not situation.ingesting:
        return f"{glyphs.alone} nobody ingests", palette.warn
    if situation.held_up:
        return f"{glyphs.late} HELD UP", palette.warn
    if situation.late_s:
        return f"{glyphs.late} STALE {formatting.lateness(situation.late_s)}", palette.warn
    if situation.partial:
        done = "" if situation.share is None else f" {int(100 * situation.share)}%"
        return f"{glyphs.reading} backfill{done}", palette.warn
    if situation.empty and situation.looking:
        return f"{glyphs.reading} looking for logs", palette.muted
    if situation.waiting:
        return f"{glyphs.empty} waiting for data", palette.muted
    if situation.loading:
        return f"{glyphs.reading} loading", palette.muted
    if situation.empty:
        return f"{glyphs.empty} no data yet", palette.muted
    return f"{glyphs.live} live", palette.good


def banner_of(situation: Situation, look: Look, database: str, width: int) -> Text | None:
    """The row below, for states that need a sentence; what matters most stays where the row is short."""
    glyphs, palette = look.glyphs, look.palette
    if situation.error:
        cause = look.name(situation.error.replace(database, os.path.basename(database)))
        return _strip(look, f"{glyphs.error} {cause}", _shown(situation, look), palette.bad, width)
    if not situation.ingesting and situation.trouble:
        words = f"{glyphs.alone} nobody reads the logs: {look.name(situation.trouble)}"
        return _strip(look, words, AGAIN, palette.warn, width)
    if situation.held_up:
        words = f"{glyphs.late} nothing is stored at the moment: {look.name(situation.held_up)}"
        return _strip(look, words, AGAIN, palette.warn, width)
    if situation.late_s:
        return _strip(look, f"{glyphs.late} {_silent(situation)}", _shown(situation, look), palette.warn, width)
    if situation.partial:
        return _strip(look, *_progress(situation, look, width), palette.warn, width)
    if situation.waiting and not situation.looking:
        return Text(f" {glyphs.empty} no database at {look.name(database)} yet", palette.muted)
    return None


def _strip(look: Look, words: str, end: str, style: str, width: int) -> Text:
    """A row in reverse, whose end stays whole."""
    right = f"  {end} "
    row = Text(look.fit(f" {words}", width - cell_len(right)) + right)
    row.stylize(f"reverse {style}".rstrip())
    return row


def _shown(situation: Situation, look: Look) -> str:
    """How old the numbers are, and the key that asks again."""
    if situation.shown_at is None:
        return AGAIN
    return f"showing {formatting.clock(situation.shown_at, look.zone)}, {AGAIN}"


def _silent(situation: Situation) -> str:
    """What is silent, and for how long."""
    since = formatting.lateness(situation.late_s)
    if situation.silent_s >= situation.stuck_s:
        who = f"the ingester, process {situation.ingester}," if situation.ingester else "the ingester"
        return f"{who} gave no sign of life for {since}"
    return f"nothing was read for {since}, {formatting.data_size(situation.backlog)} are left"


def _progress(situation: Situation, look: Look, width: int) -> tuple[str, str]:
    """How far reading is, and that totals are partial; the bar and the rows where there is room."""
    share = situation.share or 0.0
    parts = [f"{look.glyphs.reading} reading logs"]
    if width >= 100:
        parts.append(bar(share, BAR, look.glyphs).ljust(BAR))
    parts += [f"{int(100 * share)}%", f"{formatting.data_size(situation.backlog)} left"]
    if width >= 80:
        parts.append(f"{formatting.count(situation.events)} rows")
    if situation.seconds_left is not None:
        parts.append(f"{look.glyphs.approximately}{formatting.lateness(situation.seconds_left + 10)} left")
    return "  ".join(parts), "totals are partial"


@dataclass(frozen=True)
class _Part:
    """Something in the row that does something when it is clicked."""

    text: str
    style: str
    action: str


class StatusRow(Lines):
    """Name, state, ranges, filters, freshness."""

    def draw(
        self,
        look: Look,
        situation: Situation,
        names: tuple[str, ...],
        chosen: str,
        chips: tuple[Condition, ...],
        fresh: Freshness,
        width: int,
    ) -> None:
        """Paint the row for a terminal of `width` columns; `names` are the ranges to choose from."""
        self.show(self.painted(look, situation, names, chosen, chips, fresh, width))

    def painted(
        self,
        look: Look,
        situation: Situation,
        names: tuple[str, ...],
        chosen: str,
        chips: tuple[Condition, ...],
        fresh: Freshness,
        width: int,
    ) -> Text:
        """The row."""
        words, style = state_of(situation, look)
        left = Text(" ")
        left.append("tokenmon", f"bold {look.palette.primary}").append("  ").append(words, style).append("   ")
        shown = self._range_part(look, chosen)
        labels = [f" {look.chip(chip)} {look.glyphs.close} " for chip in chips]
        widths = [cell_len(label) for label in labels]
        taken = left.cell_len + sum(widths)
        every_range = self._range_parts(look, names, chosen, shown, width)
        needed = (
            taken + sum(cell_len(part.text) for part in every_range),
            taken + cell_len(shown.text),
            left.cell_len + cell_len(shown.text) + sum(min(each, READABLE) for each in widths),
        )
        right = self._right(look, situation, fresh, width, needed)
        room = width - right.cell_len - taken
        parts = [*self._range_parts(look, names, chosen, shown, room)]
        free = width - right.cell_len - left.cell_len - sum(cell_len(part.text) for part in parts)
        parts += [
            _Part(
                label if cell_len(label) <= each else self._narrow(look, chip, each),
                look.palette.primary,
                f"screen.drop({at})",
            )
            for at, (chip, label, each) in enumerate(zip(chips, labels, _shares(labels, free), strict=True))
        ]
        for part in parts:
            left.append(part.text, clickable(part.style, part.action))
        return spread(left, right, width)

    def _range_part(self, look: Look, chosen: str) -> _Part:
        fixed = " fixed " if ranges.is_fixed(chosen) else ""
        return _Part(f"[{look.name(chosen)}]{fixed}", look.palette.selected, _taking(chosen))

    def _range_parts(self, look: Look, names: tuple[str, ...], chosen: str, shown: _Part, room: int) -> list[_Part]:
        """The ranges that there is room for: those farthest from the chosen one go first."""
        all_of_them = names if chosen in names else (*names, chosen)
        at = all_of_them.index(chosen)
        parts = [
            shown if name == chosen else _Part(f" {name} ", look.palette.muted, _taking(name)) for name in all_of_them
        ]
        for index in sorted(range(len(parts)), key=lambda index: -abs(index - at)):
            if sum(cell_len(part.text) for part in parts) <= room or index == at:
                break
            parts[index] = _Part("", "", "")
        return [part for part in parts if part.text]

    def _narrow(self, look: Look, chip: Condition, width: int) -> str:
        close = f" {look.glyphs.close} "
        room = width - 1 - cell_len(close)
        value = look.fit(look.name(chip.value), room - len(f"{chip.field}:"))
        return f" {look.fit(f'{chip.field}:{value}', room)}{close}"

    def _right(
        self, look: Look, situation: Situation, fresh: Freshness, width: int, needed: tuple[int, int, int]
    ) -> Text:
        """The time of the newest data; who ingests and how often it is asked where that fits, too.

        `needed` are the columns of the left with all ranges, with the chosen one, and with filters cut short.
        """
        data = every = ""
        if fresh.newest is not None:
            data = f"  data {formatting.moment(fresh.newest, look.zone, fresh.now)}"
            every = f" {look.glyphs.dot} every {fresh.interval:g}s" if width >= 100 else ""
        who = f"  process {situation.ingester} ingests" if situation.foreign and width >= 100 else ""
        texts = (who + data + every, data + every, data)
        fitting = (text for text, least in zip(texts, needed, strict=True) if least + cell_len(text) + 1 <= width)
        shown = next(fitting, "")
        return Text(f"{shown} " if shown else "", look.palette.muted)


def _taking(name: str) -> str:
    return f"screen.take_range({name!r})"


def _shares(labels: list[str], room: int) -> list[int]:
    """The columns of each label: what it needs, or an equal share of what the shorter ones leave."""
    widths = [cell_len(label) for label in labels]
    left, shares = max(0, room), [0] * len(labels)
    order = sorted(range(len(labels)), key=widths.__getitem__)
    for done, index in enumerate(order):
        shares[index] = min(widths[index], left // (len(order) - done))
        left -= shares[index]
    return shares
