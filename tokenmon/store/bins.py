"""Bins of time, asked for once where they cannot change any more.

What lies before the settled hour is kept until `history` grows, and what lies in the open hour before its newest five
minutes until `recent` grows, also of a bin that goes on after it; so a refresh asks for five minutes, whatever the
range. What a bin is (a chart's values, a course's sums) is the business of who asks.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Generic, TypeVar

from tokenmon.errors import UsageError
from tokenmon.store.breakdown import MOST_BUCKETS
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import snap
from tokenmon.store.schema import STEP
from tokenmon.store.statements import Selection
from tokenmon.store.vectors import Moment

Bin = TypeVar("Bin")

Span = tuple[int, int]
"""[start, end) of a bin, or of a part of one."""

_KEPT = 400_000
"""Sizes of bins that are kept, together."""

_MINUTE = 60_000

_Key = tuple[Selection, Hashable, int, int]


class Bins(Generic[Bin]):
    """Bins of one kind."""

    def __init__(self, empty: Bin, together: Callable[[Bin, Bin], Bin], size_of: Callable[[Bin], int]) -> None:
        """`empty` is a bin without events; `together` makes one of two parts of a bin."""
        self._empty = empty
        self._together = together
        self._size_of = size_of
        self._kept: OrderedDict[_Key, Bin] = OrderedDict()
        self._size = 0
        self._version: object = None
        self._still: dict[_Key, Bin] = {}
        self._recent: object = None

    async def all(
        self,
        moment: Moment,
        catalogue: Catalogue,
        selection: Selection,
        kind: Hashable,
        edges: Sequence[int],
        ask: Callable[[Sequence[Span]], Awaitable[Sequence[Bin]]],
    ) -> list[Bin]:
        """Every bin between answerable edges, kept or asked for; `kind` says what else `ask` depends on."""
        self._forget_what_changed(moment, catalogue)
        parts = [_parts(*span, moment) for span in pairwise(edges)]
        keys: dict[Span, _Key] = {part: (selection, kind, *part) for of_bin in parts for part in of_bin}
        known = {part: self._kept[key] for part, key in keys.items() if key in self._kept}
        known |= {part: self._still[key] for part, key in keys.items() if key in self._still}
        missing = [part for part in keys if part not in known]
        known |= zip(missing, await ask(missing) if missing else (), strict=True)
        for part, found in known.items():
            if part[0] % _MINUTE:
                continue
            if moment.settled is not None and part[1] <= moment.settled:
                self._keep(keys[part], found)
            elif moment.still is not None and part[1] <= moment.still:
                self._still[keys[part]] = found
        return [reduce(self._together, [known[part] for part in of_bin] or [self._empty]) for of_bin in parts]

    def _forget_what_changed(self, moment: Moment, catalogue: Catalogue) -> None:
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._kept.clear()
            self._size = 0
            self._version = version
        if (version, moment.recent, moment.still) != self._recent:
            self._still.clear()
            self._recent = (version, moment.recent, moment.still)

    def _keep(self, key: _Key, found: Bin) -> None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return
        self._kept[key] = found
        self._size += self._size_of(found)
        while self._size > _KEPT and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= self._size_of(dropped)


def _parts(low: int, high: int, moment: Moment) -> list[Span]:
    """What of a bin is settled and what is not; nothing where there are no events yet. A bin that begins within a
    minute is the first of a range that moves with the clock: what follows on the grid is asked for once.
    """
    if moment.newest is None or low > moment.newest:
        return []
    cuts = [cut for cut in (moment.settled, moment.still) if cut is not None]
    if low % _MINUTE:
        cuts.append(-(-low // STEP) * STEP)
    return list(pairwise([low, *sorted({cut for cut in cuts if low < cut < high}), high]))


def answerable(edges: Sequence[int], moment: Moment) -> list[int]:
    """Edges that can be answered; neighbours that fall together make an empty bin. UsageError where they are many."""
    if len(edges) > MOST_BUCKETS + 1:
        raise UsageError(f"a chart has at most {MOST_BUCKETS:,} bins, not {len(edges) - 1:,}", "use wider ones")
    last = len(edges) - 1
    return [snap(edge, moment.floors, up=i == last) or 0 for i, edge in enumerate(edges)]
