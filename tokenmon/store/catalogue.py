"""All series, kept in memory: there are thousands where there are millions of events, so filters and names are ours.

A filter is a set of series plus, rarely, conditions that only single events can tell.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tokenmon import doubts
from tokenmon.dimensions import Dimension, by_name
from tokenmon.errors import UsageError
from tokenmon.events import Names
from tokenmon.text import sanitise
from tokenmon.view import Condition

COLUMNS = ", ".join(("id", *Names._fields, "priced_as", "flags"))
"""What `Catalogue.add` takes from `series`."""

_MOST_KEPT = 16
"""Ways to put series into classes that are kept, and searches."""

OF_EVENTS = ("status", "source", "session")
"""Fields of conditions that are not names."""


@dataclass(frozen=True)
class Series:
    """What every event of a series has in common."""

    names: Names
    priced_as: str
    flags: int


class Catalogue:
    """Series by id; only grows, until it is read anew."""

    def __init__(self, generation: int = 0) -> None:
        self.generation = generation
        """Differs when series may have gone or changed since."""
        self._series: dict[int, Series] = {}
        self._values: dict[str, dict[int, str]] = {}
        self._classes: dict[tuple[str, ...], dict[int, tuple[tuple[str | None, ...], int]]] = {}
        self._numbered: dict[object, tuple[list[int], dict[int, int]]] = {}
        self._hits: dict[str, frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self._series)

    def __getitem__(self, series: int) -> Series:
        return self._series[series]

    @property
    def newest(self) -> int:
        """The greatest id, 0 where there is none."""
        return max(self._series, default=0)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of COLUMNS. Names are made harmless again: they may have been stored by an older version."""
        harmless = cache(sanitise)  # thousands of series have hundreds of names
        for identity, *names, priced_as, flags in rows:
            self._series[identity] = Series(Names(*map(harmless, names)), harmless(priced_as), flags)
        self._values.clear()
        self._classes.clear()
        self._numbered.clear()
        self._hits.clear()

    def ids(self) -> Iterable[int]:
        """All ids."""
        return self._series

    def flags(self, series: int) -> int:
        """The flags of a series."""
        return self._series[series].flags

    def values(self, dimension: str, of_names: Callable[[Names], str]) -> dict[int, str]:
        """The value of a dimension over names for every series."""
        known = self._values.get(dimension)
        if known is None:
            known = {identity: of_names(series.names) for identity, series in self._series.items()}
            self._values[dimension] = known
        return known

    def classes(self, by: Sequence[Dimension]) -> dict[int, tuple[tuple[str | None, ...], int]]:
        """For every series its values of dimensions over names, None where missing, and its flags."""
        names = tuple(dimension.name for dimension in by)
        known = self._classes.get(names)
        if known is None:
            maps = [self.values(dimension.name, dimension.of_names) for dimension in by if dimension.of_names]
            known = {
                identity: (tuple([values[identity] or None for values in maps]), series.flags)
                for identity, series in self._series.items()
            }
            self._classes[names] = known
        return known

    def numbered(self, name: object, kind_of: Callable[[int], object]) -> tuple[list[int], dict[int, int]]:
        """Series of one kind as one class: an example of every class, and the class of every series."""
        known = self._numbered.get(name)
        if known is None:
            examples: list[int] = []
            numbers: dict[object, int] = {}
            classes = {}
            for series in self._series:
                number = numbers.setdefault(kind_of(series), len(examples))
                if number == len(examples):
                    examples.append(series)
                classes[series] = number
            if len(self._numbered) >= _MOST_KEPT:
                self._numbered.clear()
            known = self._numbered[name] = examples, classes
        return known

    def hits(self, match: str) -> frozenset[int] | None:
        """What the index found for these words; None where it is to be asked, as there are other series now."""
        return self._hits.get(match)

    def remember_hits(self, match: str, found: Iterable[int]) -> frozenset[int]:
        """Keep what the index found until there are other series."""
        if len(self._hits) >= _MOST_KEPT:
            self._hits.clear()
        self._hits[match] = hits = frozenset(found)
        return hits

    def select(self, where: Iterable[Condition], hits: Collection[int] | None) -> str | None:
        """JSON list of the series that meet the conditions on names and are among `hits`; None is all of them."""
        chosen: set[int] | None = None if hits is None else set(hits) & self._series.keys()
        for condition in where:
            if condition.field in OF_EVENTS:
                continue
            if condition.field == doubts.FIELD:
                doubtful = self._doubtful(condition.value)
                chosen = doubtful if chosen is None else chosen & doubtful
                continue
            dimension = by_name(condition.field)
            if dimension is None or dimension.of_names is None:
                raise UsageError(f"nothing can be filtered by {condition.field!r}", "name a field that `--by` knows")
            values = self.values(dimension.name, dimension.of_names)
            wanted = sanitise(condition.value)
            chosen = {i for i in (self._series if chosen is None else chosen) if values[i] == wanted}
        return None if chosen is None else json.dumps(sorted(chosen))

    def _doubtful(self, name: str) -> set[int]:
        """The series whose calls may be doubted in this way; without a name, those of which nothing may."""
        doubt = doubts.by_name(name)
        if doubt is None and name:
            raise UsageError(f"no such {doubts.FIELD}: {name!r}", f"one of {', '.join(doubts.NAMES)}")
        if doubt is None:
            return {i for i, series in self._series.items() if not doubts.doubts_of(series.flags)}
        return {i for i, series in self._series.items() if doubt.holds(series.flags)}

    def containing(self, found: Callable[[Names], bool]) -> set[int]:
        """The series whose names pass."""
        return {identity for identity, series in self._series.items() if found(series.names)}
