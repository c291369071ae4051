"""What the rows and columns of a chart mean: round scales of money and counts, and local times.

A linear scale begins at 0 and is for stacks. A logarithmic one has rows for powers of ten and none for 0, so it is for
lines; what is far below its largest value stays on its lowest row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import ceil, floor, log10

from tokenmon.ui import formatting
from tokenmon.ui.formatting import DAY, HOUR, MINUTE

GUTTER = 8
"""Columns of the labels and the axis at the left."""

FOOT = 2
"""Rows of the axis and the labels at the bottom."""

LABEL = 12
"""Columns that a time label needs at least."""

DECADES = 6
"""Powers of ten that a logarithmic scale spans at most."""

STEPS = (
    *(minutes * MINUTE for minutes in (1, 5, 15, 30)),
    *(hours * HOUR for hours in (1, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30, 90, 365, 1825)),
)
"""Distances between time labels; from 30 days on months, quarters and years."""


@dataclass(frozen=True)
class Scale:
    """What the rows of a chart mean; row 0 is the lowest."""

    rows: int
    low: float
    high: float
    """Values at the middles of the lowest and the highest row; where it is logarithmic, their powers of ten."""
    logarithmic: bool
    labels: dict[int, str]
    """By row."""

    def place(self, value: float) -> float:
        """Where a value above 0 lies, in rows above the middle of row 0."""
        at = log10(value) if self.logarithmic else value
        return max(0.0, (at - self.low) / (self.high - self.low) * (self.rows - 1))

    def row(self, value: float) -> int:
        """The row of a value; -1 for 0, which has none."""
        return floor(round(0.5 + self.place(value), 8)) if value > 0 else -1


def linear(largest: int, rows: int, money: bool) -> Scale:
    """From 0 to a round value that is not below `largest`."""
    least = 2 if money else 1  # nano-USD: quarters of one have no label that fits
    step, intervals = interval(max(largest, least), min(5, max(2, (rows - 1) // 2)))
    spell = formatting.axis_money if money else formatting.axis_count
    order = (*range(1, intervals), intervals, 0)  # where rows are few, the ends of the scale win
    labels = {round(mark / intervals * (rows - 1)): spell(mark * step, step) for mark in order}
    return Scale(rows, 0, step * intervals, False, labels)


def logarithmic(smallest: int, largest: int, rows: int, money: bool) -> Scale:
    """From a power of ten to another, around values above 0."""
    high = max(1, ceil(round(log10(largest), 9)))
    low = min(max(floor(log10(smallest)), high - DECADES), high - 1)
    each = ceil((high - low) / min(DECADES, max(1, (rows - 1) // 2)))
    spell = formatting.axis_power if money else formatting.count
    labels = {
        round((power - low) / (high - low) * (rows - 1)): spell(10**power) for power in range(low, high + 1, each)
    }
    return Scale(rows, low, high, True, labels)


def interval(largest: float, most: int) -> tuple[float, int]:
    """The smallest round top of an axis that holds `largest` with 2 to `most` intervals: (interval, how many)."""
    largest, most = max(largest, 1.0), max(2, most)
    power = 10.0 ** (len(str(int(largest))) - 2)
    while True:
        fitting = [
            (step * intervals, step, intervals)
            for step in (power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5))
            for intervals in range(2, most + 1)
            if step * intervals >= largest
        ]
        if fitting:
            _, step, intervals = min(fitting)
            return step, intervals
        power *= 10


def columns_of(bins: int, columns: int, at: int) -> range:
    """The columns of one of so many bins: bins are spread over all columns, so that their widths differ by one."""
    return range(-(-at * columns // bins), -(-(at + 1) * columns // bins))


def bin_of(bins: int, columns: int, column: int) -> int:
    """The bin of a column."""
    return column * bins // columns


def time_labels(edges: Sequence[int], zone: tzinfo, most: int) -> list[tuple[int, str]]:
    """At most `most` labels: (bin, label). A bin is labelled when a round local time begins with it, or within the one
    before: months begin within weeks.
    """
    for step in STEPS:
        periods = [_period(edge, zone, step) for edge in edges[:-1]]
        first = [0] if periods and _period(edges[0] - 1, zone, step) != periods[0] else []
        bins = first + [index for index in range(1, len(periods)) if periods[index] != periods[index - 1]]
        if 0 < len(bins) <= most:
            return [(index, formatting.tick(edges[index], zone, step)) for index in bins]
    return []


def _period(instant: int, zone: tzinfo, step: int) -> int:
    """Which of the periods of `step` an instant is in: of the day's wall clock, else of the calendar."""
    then = formatting.local(instant, zone)
    if step < DAY:
        return then.toordinal() * DAY // step + (then.hour * 60 + then.minute) * MINUTE // step
    if step < 30 * DAY:
        return (then.toordinal() - 1) // (step // DAY)
    if step < 365 * DAY:
        return (then.year * 12 + then.month - 1) // (step // (30 * DAY))
    return then.year // (step // (365 * DAY))
