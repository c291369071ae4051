"""Bins of time, asked for once where they cannot change any more.

A bin that ends before the settled hour is kept until `history` grows, so a refresh asks for the last bins only,
whatever the range. What a bin is (a chart's values, a course's sums) is the business of who asks.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from tokenmon.errors import UsageError
from tokenmon.store.breakdown import MOST_BUCKETS
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import snap
from tokenmon.store.statements import Selection
from tokenmon.store.vectors import Moment

Bin = TypeVar("Bin")

Spans = dict[int, tuple[int, int]]
"""[start, end) by the number of the bin."""

_OPEN = 2
"""Bins at the end that are always asked for again."""

_KEPT = 400_000
"""Sizes of bins that are kept, together."""

_Key = tuple[Selection, Hashable, int, int]


class Bins(Generic[Bin]):
    """Bins of one kind."""

    def __init__(self, empty: Bin, size_of: Callable[[Bin], int]) -> None:
        """`empty` is a bin without events."""
        self._empty = empty
        self._size_of = size_of
        self._kept: OrderedDict[_Key, Bin] = OrderedDict()
        self._size = 0
        self._version: object = None

    async def all(
        self,
        moment: Moment,
        catalogue: Catalogue,
        selection: Selection,
        kind: Hashable,
        edges: Sequence[int],
        ask: Callable[[Spans], Awaitable[dict[int, Bin]]],
    ) -> list[Bin]:
        """Every bin between answerable edges, kept or asked for; `kind` says what else `ask` depends on."""
        self._forget_what_changed(moment, catalogue)
        spans = list(pairwise(edges))
        settled, newest = moment.settled, moment.newest
        closed = {i for i, (_, end) in enumerate(spans[:-_OPEN]) if settled is not None and end <= settled}
        keys: list[_Key] = [(selection, kind, *span) for span in spans]
        bins = {i: self._kept[keys[i]] for i in closed if keys[i] in self._kept}
        missing = {
            i: (low, high)
            for i, (low, high) in enumerate(spans)
            if i not in bins and low < high and newest is not None and low <= newest
        }
        bins |= await ask(missing)
        for i in closed & bins.keys():
            self._keep(keys[i], bins[i])
        return [bins.get(i, self._empty) for i in range(len(spans))]

    def _forget_what_changed(self, moment: Moment, catalogue: Catalogue) -> None:
        version = (moment.history, moment.floors, catalogue.generation)
        if version != self._version:
            self._kept.clear()
            self._size = 0
            self._version = version

    def _keep(self, key: _Key, found: Bin) -> None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return
        self._kept[key] = found
        self._size += self._size_of(found)
        while self._size > _KEPT and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= self._size_of(dropped)


def answerable(edges: Sequence[int], moment: Moment) -> list[int]:
    """Edges that can be answered; neighbours that fall together make an empty bin. UsageError where they are many."""
    if len(edges) > MOST_BUCKETS + 1:
        raise UsageError(f"a chart has at most {MOST_BUCKETS:,} bins, not {len(edges) - 1:,}", "use wider ones")
    last = len(edges) - 1
    return [snap(edge, moment.floors, up=i == last) or 0 for i, edge in enumerate(edges)]
