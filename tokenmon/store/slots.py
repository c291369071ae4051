"""Sums for many slots at once: calendar buckets of a breakdown, bins of a chart.

Slots are asked a few in a statement, so that the sort behind GROUP BY stays in the processor's cache. What lies
between the edge of two neighbours and the nearest wide bucket is added to one and taken off the other, so it is read
once: in zones far from UTC that is a third of all rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import add, sub

from tokenmon.store.cover import Part, Span, corrections, cover
from tokenmon.store.snapshot import Row
from tokenmon.store.statements import Selection, sums
from tokenmon.store.vectors import Moment

_AT_ONCE = 16

Parts = Sequence[tuple[int, Sequence[Part]]]
"""By slot."""


def exact(moment: Moment, span: Span) -> tuple[Part, ...]:
    """The cover of a span, dirty hours put right."""
    covering = cover(*span)
    return (*covering.parts, *corrections(covering.rolled, moment.dirty))


async def summed(moment: Moment, selection: Selection, parts: Parts, *, by: str, columns: Sequence[str]) -> list[Row]:
    """Rows of slot, class or series, then the columns, of which `n` is the first."""
    rows: list[Row] = []
    for place in range(0, len(parts), _AT_ONCE):
        asked, between = shared(parts[place : place + _AT_ONCE])
        statement = sums(asked, selection, by=by, columns=columns, whole=not between)
        if statement is not None:
            found = await moment.snapshot.all(*statement)
            rows += _spread(found, between) if between else found
    return rows


def shared(parts: Parts) -> tuple[list[tuple[int, Iterable[Part]]], dict[int, tuple[int, int]]]:
    """Parts that neighbours have with opposite signs, in slots of their own (negative), and who the neighbours are."""
    own = [(slot, set(of_slot)) for slot, of_slot in parts]
    between: dict[int, tuple[int, int]] = {}
    common: list[tuple[int, Iterable[Part]]] = []
    for (slot, mine), (after, theirs) in pairwise(own):
        both = {part for part in mine if _opposite(part) in theirs}
        if both:
            mine -= both
            theirs -= {_opposite(part) for part in both}
            number = -1 - len(between)
            between[number] = (slot, after)
            common.append((number, both))
    return [*own, *common], between


def _opposite(part: Part) -> Part:
    return part._replace(sign=-part.sign)


def _spread(rows: Iterable[Row], between: dict[int, tuple[int, int]]) -> Iterator[Row]:
    """Give what neighbours share to both of them."""
    whole: dict[tuple[int, int], Row] = {}

    def give(slot: int, key: int, columns: Row, sign: int) -> None:
        known = whole.get((slot, key), (0,) * len(columns))
        whole[slot, key] = tuple(map(add if sign > 0 else sub, known, columns))

    for slot, key, *columns in rows:
        if slot < 0:
            before, after = between[slot]
            give(before, key, tuple(columns), 1)
            give(after, key, tuple(columns), -1)
        else:
            give(slot, key, tuple(columns), 1)
    return ((slot, key, *columns) for (slot, key), columns in whole.items() if columns[0])
