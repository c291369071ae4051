"""The course of all figures over time: full sums per bin, for the small pictures beside the totals.

Series with the same flags are one class, so a bin is a handful of rows.
"""

from collections.abc import Sequence

from tokenmon.store.answers import Sums
from tokenmon.store.bins import Bins, Span, answerable
from tokenmon.store.breakdown import classify
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.cover import RAW, Part
from tokenmon.store.groups import Tally
from tokenmon.store.schema import SUMS
from tokenmon.store.slots import exact, summed
from tokenmon.store.statements import CLASSES, Selection
from tokenmon.store.vectors import Moment

_FLAGS = CLASSES[1]


class Courses:
    """Courses, and what is kept of them between questions."""

    def __init__(self) -> None:
        self._bins: Bins[Tally] = Bins(Tally(), together=Tally.with_, size_of=lambda _: 1)

    async def course(
        self, moment: Moment, catalogue: Catalogue, selection: Selection, edges: Sequence[int]
    ) -> tuple[Sums, ...]:
        """The sums of every bin, without first and last times."""

        async def ask(spans: Sequence[Span]) -> list[Tally]:
            return await _ask(moment, catalogue, selection, spans)

        bins = await self._bins.all(moment, catalogue, selection, None, answerable(edges, moment), ask)
        return tuple(tally.sums() for tally in bins)


async def _ask(moment: Moment, catalogue: Catalogue, selection: Selection, spans: Sequence[Span]) -> list[Tally]:
    parts = [(i, (Part(RAW, *span),) if selection.scans else exact(moment, span)) for i, span in enumerate(spans)]
    examples = await classify(moment.snapshot, catalogue, _FLAGS, catalogue.flags, _FLAGS)
    tallies = [Tally() for _ in spans]
    for slot, number, *row in await summed(moment, selection, parts, by=_FLAGS, columns=SUMS):
        tallies[slot].add(catalogue.flags(examples[number]), row, None, None)
    return tallies
