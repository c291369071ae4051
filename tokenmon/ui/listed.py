"""The events that the list holds: the newest page, and the older pages that somebody went down to.

A list at its top is the newest page. One that somebody moves in is asked for anew as far down as it reaches, so that
it never loses a row that is looked at, and a backfill shows in its midst. Where so much is new that this would be too
long, the list stays as it is until somebody goes back to its top.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

from tokenmon.store.answers import StoredEvent
from tokenmon.store.pages import cursor
from tokenmon.store.reader import Reader
from tokenmon.view import View

PAGE = 500
"""Events that are asked for at once."""

MOST = 5_000
"""Events that are held; nobody reads more, and a narrower range or search finds them."""


@dataclass(frozen=True)
class Listed:
    """Events of a view, newest first, without a gap."""

    view: View
    events: tuple[StoredEvent, ...]
    more: str | None
    """Where older ones go on; None where there are none."""
    overrun: bool = False
    """Too many new events came; they are not in the list."""

    def above(self, seen: StoredEvent) -> int:
        """How many events are newer than one that was seen."""
        return bisect_left(self.events, _rank(seen), key=_rank)


async def refreshed(reader: Reader, view: View, known: Listed | None, *, stays: bool) -> Listed:
    """The newest events of a view; where the list `stays`, all down to the last one known."""
    if known is None or not known.events or not stays or not _continues(known.view, view):
        page = await reader.events(view, limit=PAGE)
        return Listed(view, page.events, page.more)
    if known.overrun:
        return replace(known, view=view)
    last = _rank(known.events[-1])
    listed = Listed(view, (), "")
    while listed.more is not None and (not listed.events or _rank(listed.events[-1]) < last):
        if len(listed.events) >= MOST:
            return replace(known, view=view, overrun=True)
        listed = await extended(reader, listed)
    kept = max(PAGE, bisect_right(listed.events, last, key=_rank))
    if kept >= len(listed.events):
        return listed
    return replace(listed, events=listed.events[:kept], more=listed.events[kept - 1].id)


async def extended(reader: Reader, listed: Listed) -> Listed:
    """The list with the next older page, or with its first one."""
    page = await reader.events(listed.view, limit=PAGE, before=listed.more or None)
    return replace(listed, events=listed.events + page.events, more=page.more)


def _rank(event: StoredEvent) -> tuple[int, int]:
    """Ascending in the order of the list."""
    ts, identity = cursor(event.id)
    return -ts, -identity


def _continues(before: View, after: View) -> bool:
    """The same question a moment later: neither edge went back."""
    if (before.where, before.search) != (after.where, after.search):
        return False
    starts, ends = (before.window.start, after.window.start), (before.window.end, after.window.end)
    return (starts[0] or 0) <= (starts[1] or 0) and (ends[1] is None or (ends[0] is not None and ends[0] <= ends[1]))
