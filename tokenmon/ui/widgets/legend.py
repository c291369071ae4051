"""The names of a chart's series with their values: beside the chart in the order of the stack, or in rows below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from tokenmon.ui.look import Look, pad
from tokenmon.ui.widgets.lines import Lines

SHARE = 5
"""Columns of a share."""

VALUE = 8
"""Columns of a value, so that names do not move with the cursor; longer values take more."""

LEAST = 19
"""Columns of an entry below the chart, at least; shares are shown from LEAST + 2 * SHARE."""


@dataclass(frozen=True)
class Entry:
    """One series."""

    mark: Text
    """What it is drawn with."""
    label: str
    value: str
    share: str
    faint: bool = False


class Legend(Lines):
    """Entries from the baseline up."""

    def beside(self, look: Look, entries: Sequence[Entry], heading: str, total: str, notes: str, width: int) -> None:
        """One entry to a row, the baseline lowest, then the total and what else is worth a note."""
        values = max(VALUE, *(len(text) for text in (total, *(entry.value for entry in entries))))
        rows = [Text(heading, look.palette.muted), Text("")]
        rows += [_entry(look, entry, width, values, shares=True) for entry in reversed(entries)]
        sum_of = Entry(Text("  "), "Total", total, "")
        rows += [Text(""), _entry(look, sum_of, width, values, shares=True), Text("")]
        self.show(Text("\n").join([*rows, Text(notes, look.palette.muted)]))

    def below(self, look: Look, entries: Sequence[Entry], width: int, most: int) -> int:
        """As few rows as tell the names apart, at most so many if there is a way, the baseline first; how many."""
        layouts = [_Layout(across, max(1, (width - 1 - across) // across)) for across in (4, 3, 2, 1)]
        wide = [layout for layout in layouts if layout.width >= LEAST] or layouts[-1:]
        fitting = [layout for layout in wide if layout.rows(entries) <= most] or wide[:1]
        layout = next((layout for layout in fitting if layout.tells_apart(look, entries)), fitting[0])
        values = max([VALUE, *(len(entry.value) for entry in entries)])
        cells = [_entry(look, entry, layout.width, values, shares=layout.shares) for entry in entries]
        rows = [
            Text(" ").append_text(Text(" ").join(cells[at : at + layout.across]))
            for at in range(0, len(cells), layout.across)
        ]
        self.show(Text("\n").join(rows))
        return len(rows)


@dataclass(frozen=True)
class _Layout:
    """So many entries to a row, each so wide."""

    across: int
    width: int

    @property
    def shares(self) -> bool:
        return self.width >= LEAST + 2 * SHARE

    def rows(self, entries: Sequence[Entry]) -> int:
        return -(-len(entries) // self.across)

    def tells_apart(self, look: Look, entries: Sequence[Entry]) -> bool:
        """Whether no two names look the same when they are cut."""
        room = _room(self.width, 1, VALUE, shares=self.shares)
        return len({look.fit(entry.label, room) for entry in entries}) == len(entries)


def _room(width: int, mark: int, values: int, *, shares: bool) -> int:
    """Columns for a name."""
    return max(1, width - mark - 2 - values - (SHARE if shares else 0))


def _entry(look: Look, entry: Entry, width: int, values: int, *, shares: bool) -> Text:
    palette = look.palette
    name = look.fit(entry.label, _room(width, entry.mark.cell_len, values, shares=shares))
    row = entry.mark.copy().append(" ").append(name, palette.muted if entry.faint else palette.text)
    row.append(" ").append(entry.value.rjust(values), palette.muted if entry.faint else f"bold {palette.text}")
    if shares:
        row.append(entry.share.rjust(SHARE), palette.muted)
    return pad(row, width)
