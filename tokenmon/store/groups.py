"""Series are folded into groups here: what is known, what is not, in which order, and what is cut.

A series' flags say what its producer reports, so a 0 of a group is only a 0 if one of its series reports the count.
Series with the same value and flags are first added up column by column, which is the only loop over all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING, Any

from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Breakdown, Group, Sums
from tokenmon.store.schema import SUMS

if TYPE_CHECKING:
    from tokenmon.store.snapshot import Row

Values = tuple[str | None, ...]

_WIDTH = len(SUMS)
_INPUT, _OUTPUT, _LOGGED, _LIST = (SUMS.index(name) for name in ("input", "output", "cost_logged", "cost_list"))
_READ, _WRITE_5M, _WRITE_1H, _REASONING = (
    SUMS.index(name) for name in ("cache_read", "cache_write_5m", "cache_write_1h", "reasoning")
)


def _total(columns: Sequence[int]) -> int:
    return columns[_INPUT] + columns[_OUTPUT] + columns[_READ] + columns[_WRITE_5M] + columns[_WRITE_1H]


class Tally:
    """Sums of one group in the making."""

    __slots__ = (
        *("assumed", "base", "both", "both_list", "both_logged", "columns", "cost", "first", "flags", "last"),
        *("finished", "only_logged", "unpriced", "unpriced_tokens"),
    )

    def __init__(self) -> None:
        self.columns: Sequence[int] = (0,) * _WIDTH
        self.flags = 0
        self.cost = self.unpriced = self.unpriced_tokens = self.assumed = self.base = 0
        self.both = self.both_logged = self.both_list = self.only_logged = 0
        self.first: int | None = None
        self.last: int | None = None
        self.finished: Sums | None = None
        """The sums as they were told last: what is kept between questions is told again and again."""

    def add(self, flags: int, columns: Sequence[int], first: int | None, last: int | None) -> None:
        """Sums of series that have these flags."""
        self.columns = [*map(add, self.columns, columns)] if self.flags or self.columns[0] else columns
        self.flags |= flags
        if flags & Flag.LOGGED:
            self.cost += columns[_LOGGED]
            if flags & Flag.LISTED:
                self.both += columns[0]
                self.both_logged += columns[_LOGGED]
                self.both_list += columns[_LIST]
            else:
                self.only_logged += columns[0]
        elif flags & Flag.LISTED:
            self.cost += columns[_LIST]
        else:
            self.unpriced += columns[0]
            self.unpriced_tokens += _total(columns)
        if flags & Flag.ASSUMED:
            self.assumed += columns[0]
        if flags & Flag.CACHE_READ:
            self.base += columns[_INPUT] + columns[_READ] + columns[_WRITE_5M] + columns[_WRITE_1H]
        self._stretch(first, last)
        self.finished = None

    def with_(self, other: "Tally") -> "Tally":
        """Both groups' sums as a new group."""
        both = Tally()
        both.columns = [*map(add, self.columns, other.columns)]
        both.flags = self.flags | other.flags
        both.cost = self.cost + other.cost
        both.unpriced = self.unpriced + other.unpriced
        both.unpriced_tokens = self.unpriced_tokens + other.unpriced_tokens
        both.assumed = self.assumed + other.assumed
        both.base = self.base + other.base
        both.both = self.both + other.both
        both.both_logged = self.both_logged + other.both_logged
        both.both_list = self.both_list + other.both_list
        both.only_logged = self.only_logged + other.only_logged
        both.first, both.last = self.first, self.last
        both._stretch(other.first, other.last)
        return both

    def _stretch(self, first: int | None, last: int | None) -> None:
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last

    @property
    def total(self) -> int:
        """All billed tokens."""
        return _total(self.columns)

    @property
    def shown_cost(self) -> int | None:
        """Known costs; None where none is."""
        return self.cost if self.flags & (Flag.LOGGED | Flag.LISTED) else None

    def where(self, flag: int, column: int) -> int | None:
        """A column that is only known where a series has the flag."""
        return self.columns[column] if self.flags & flag else None

    @property
    def cache_write(self) -> int | None:
        """Both kinds of cache writes."""
        known = self.flags & (Flag.CACHE_WRITE_5M | Flag.CACHE_WRITE_1H)
        return self.columns[_WRITE_5M] + self.columns[_WRITE_1H] if known else None

    def sums(self) -> Sums:
        """The finished sums."""
        if self.finished is None:
            self.finished = self._finish()
        return self.finished

    def _finish(self) -> Sums:
        if not self.columns[0]:
            return Sums(cost=0)
        return Sums(
            requests=self.columns[0],
            errors=self.columns[1],
            input=self.columns[_INPUT],
            cache_read=self.where(Flag.CACHE_READ, _READ),
            cache_write_5m=self.where(Flag.CACHE_WRITE_5M, _WRITE_5M),
            cache_write_1h=self.where(Flag.CACHE_WRITE_1H, _WRITE_1H),
            output=self.columns[_OUTPUT],
            reasoning=self.where(Flag.REASONING, _REASONING),
            total=self.total,
            cost=self.shown_cost,
            cost_logged=self.where(Flag.LOGGED, _LOGGED),
            cost_list=self.where(Flag.LISTED, _LIST),
            unpriced=self.unpriced,
            assumed=self.assumed,
            unpriced_total=self.unpriced_tokens,
            both=self.both,
            both_logged=self.both_logged,
            both_list=self.both_list,
            only_logged=self.only_logged,
            cache_base=self.base if self.flags & Flag.CACHE_READ else None,
            first=self.first,
            last=self.last,
        )


def fold(rows: "Iterable[tuple[Values, int, Row]]") -> dict[Values, Tally]:
    """Rows of values, flags and (SUMS, first, last) as one tally per values."""
    classes: dict[tuple[Values, int], list[Row]] = {}
    for values, flags, row in rows:
        classes.setdefault((values, flags), []).append(row)
    tallies: dict[Values, Tally] = {}
    for (values, flags), members in classes.items():
        if values not in tallies:
            tallies[values] = Tally()
        if len(members) == 1:
            (row,) = members
            tallies[values].add(flags, row[:_WIDTH], row[_WIDTH], row[_WIDTH + 1])
        else:
            *columns, firsts, lasts = zip(*members, strict=True)
            tallies[values].add(flags, [sum(column) for column in columns], min(firsts), max(lasts))
    return tallies


def together(parts: Iterable[dict[Values, Tally]]) -> dict[Values, Tally]:
    """Tallies of disjoint parts as one; none of them is changed."""
    both: dict[Values, Tally] = {}
    for part in parts:
        if not both:
            both = dict(part)
            continue
        for values, tally in part.items():
            known = both.get(values)
            both[values] = tally if known is None else known.with_(tally)
    return both


SORTS: dict[str, Callable[[Tally], int | None]] = {
    "requests": lambda tally: tally.columns[0],
    "errors": lambda tally: tally.columns[1],
    "input": lambda tally: tally.columns[_INPUT],
    "cache_read": lambda tally: tally.where(Flag.CACHE_READ, _READ),
    "cache_write": lambda tally: tally.cache_write,
    "output": lambda tally: tally.columns[_OUTPUT],
    "reasoning": lambda tally: tally.where(Flag.REASONING, _REASONING),
    "total": lambda tally: tally.total,
    "cost": lambda tally: tally.shown_cost,
    "last": lambda tally: tally.last,
}

COLUMNS: tuple[str, ...] = (*SORTS, "name")
"""What rows can be sorted by."""

Entry = tuple[Values, Tally]


def ordered(
    tallies: dict[Values, Tally], *, sort: str, descending: bool | None, bucket_leads: bool
) -> list[tuple[Values, Tally]]:
    """Groups in the order asked for: whatever is missing comes last in both directions, ties go by name."""
    entries = list(tallies.items())
    if sort == "name":
        return _by_name(entries, bool(descending))
    entries = _by_name(entries, False)
    if sort:
        if sort not in SORTS:
            raise UsageError(f"nothing can be sorted by {sort!r}", f"one of {', '.join(COLUMNS)}")
        of_tally = SORTS[sort]
        return _by(entries, lambda entry: of_tally(entry[1]), True if descending is None else descending)
    if not bucket_leads:
        return _by(entries, lambda entry: entry[1].shown_cost, True if descending is None else descending)
    entries = _by(entries, lambda entry: entry[1].shown_cost, True)
    entries.sort(key=lambda entry: entry[0][0] or "", reverse=bool(descending))
    return entries


def _by(entries: list[Entry], key: Callable[[Entry], Any], descending: bool) -> list[Entry]:
    keys = [key(entry) for entry in entries]
    known = [place for place, found in enumerate(keys) if found is not None]
    known.sort(key=keys.__getitem__, reverse=descending)
    return [*(entries[place] for place in known), *(e for e, found in zip(entries, keys, strict=True) if found is None)]


def _by_name(entries: list[Entry], descending: bool) -> list[Entry]:
    width = len(entries[0][0]) if entries else 0
    for place in reversed(range(width)):
        entries = _by(entries, lambda entry, place=place: _folded(entry[0][place]), descending)  # type: ignore[misc]
    return entries


@lru_cache(maxsize=50_000)
def _folded(value: str | None) -> tuple[str, str] | None:
    return None if value is None else (value.casefold(), value)


def cut(
    entries: Sequence[Entry], limit: int, *, totals: Tally | None = None, snapped: bool, bounded: bool = False
) -> Breakdown:
    """The first `limit` groups (0: all), with totals over all of them, unless those are known already."""
    if totals is None:
        totals = Tally()
        for _, tally in entries:
            totals = totals.with_(tally)
    shown = entries[:limit] if limit else entries
    return Breakdown(
        groups=tuple(Group(values, tally.sums()) for values, tally in shown),
        groups_total=len(entries),
        truncated=bounded or len(shown) < len(entries),
        totals=totals.sums(),
        snapped=snapped,
        bounded=bounded,
    )
