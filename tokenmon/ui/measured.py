"""What the figures above every panel are made of, and how it is asked for: only what there is room to show.

A budget is held against the cost of everything that is collected, whatever is filtered and whatever range is looked at:
it says what may be spent, and a chip changes what one looks at, not what one pays. Only its period is its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from tokenmon.budget import Budget
from tokenmon.events import NANO
from tokenmon.ranges import DAY, HOUR, MINUTE, resolve
from tokenmon.store.answers import Sums
from tokenmon.store.reader import Reader
from tokenmon.view import View, Window

GRAINS = ((12 * HOUR, MINUTE), (3 * DAY, 30 * MINUTE), (12 * DAY, HOUR), (60 * DAY, 6 * HOUR))
"""Spans shorter than the first have sparklines with bins of whole multiples of the second; longer ones of days.

So that a long span is answered from wide roll-ups.
"""


@dataclass(frozen=True)
class Room:
    """What the terminal has room for."""

    burn: bool = False
    """The last hour and the budget."""
    bins: int = 0
    """Columns of a sparkline; 0 where there is none."""


@dataclass(frozen=True)
class Spending:
    """A budget and what the present period has used of it."""

    budget: Budget
    sums: Sums
    course: tuple[Sums, ...] = ()

    @property
    def limit(self) -> int:
        """Nano-USD."""
        return int(self.budget.dollars * NANO)


@dataclass(frozen=True)
class Measured:
    """The answers that the figures are made of."""

    sums: Sums = field(default_factory=Sums)
    """Of the view."""
    before: Sums | None = None
    """Of the span that it is compared with."""
    course: tuple[Sums, ...] = ()
    """Of the bins of its sparklines."""
    hour: Sums | None = None
    """Of the last hour; None where it was not asked for."""
    hour_before: Sums | None = None
    hours: tuple[Sums, ...] = ()
    """Of the full clock hours before now."""
    spending: Spending | None = None
    """None where no budget is set, or there is no room for it."""


async def measure(
    sums: Sums, reader: Reader, view: View, now: int, room: Room, budget: Budget | None, zone: tzinfo
) -> Measured:
    """Everything that there is room for, beside the sums that are known already."""
    measured = Measured(sums, None if view.compared is None else await reader.totals(view.at(view.compared)))
    if room.bins:
        measured = replace(measured, course=await _course(reader, view, edges(view.window, now, room.bins)))
    if not room.burn:
        return measured
    last, earlier = (Window(now - n * HOUR, now - (n - 1) * HOUR) for n in (1, 2))
    hours = range(now // HOUR * HOUR - (room.bins - 1) * HOUR, now + 1, HOUR) if room.bins else ()
    return replace(
        measured,
        hour=await reader.totals(view.at(last)),
        hour_before=await reader.totals(view.at(earlier)),
        hours=await _course(reader, view, hours),
        spending=None if budget is None else await _spending(reader, budget, now, room, zone),
    )


async def _spending(reader: Reader, budget: Budget, now: int, room: Room, zone: tzinfo) -> Spending:
    """Of the whole period, as an event may be dated a little later than our clock."""
    window = resolve(budget.range, now, zone)
    course = await _course(reader, View(), edges(window, now, room.bins)) if room.bins else ()
    return Spending(budget, await reader.totals(View(window)), course)


async def _course(reader: Reader, view: View, bounds: Sequence[int]) -> tuple[Sums, ...]:
    return await reader.course(view, bounds) if len(bounds) > 1 else ()


def edges(window: Window, now: int, most: int) -> Sequence[int]:
    """Edges of at most `most` equal bins over the part of a window that has passed, UTC milliseconds; maybe none.

    They stand on multiples of their width, so that all but the last bin stay what they are while the window moves.
    """
    if window.start is None or window.end is None or most < 2:
        return ()
    start, end = window.start, min(window.end, now)
    if start >= end:
        return ()
    grain = next((grain for below, grain in GRAINS if end - start < below), DAY)
    width = -(-(end - start) // (most - 1) // grain) * grain
    return range(start // width * width, end + width, width)
