"""What may be doubted about a call. All of it is told by the flags of its series, so that every sum can count it and
every filter can find it without a look at single events."""

from functools import lru_cache
from typing import NamedTuple

from tokenmon.events import Flag

FIELD = "quality"
"""What conditions and searches call it: `quality=empty`."""


class Doubt(NamedTuple):
    """One thing that may be doubted."""

    name: str
    """As conditions and JSON spell it."""
    told: str
    """What is the matter with such a call, for people."""
    mask: int
    """The flags that tell."""
    value: int
    """What those are where it holds."""

    def holds(self, flags: int) -> bool:
        """Whether it holds for the calls of a series with these flags."""
        return flags & self.mask == self.value


DOUBTS: tuple[Doubt, ...] = (
    Doubt("unpriced", "neither a logged cost nor a price is known", Flag.LOGGED | Flag.LISTED, 0),
    Doubt("assumed", "the log names no model; its format implies one", Flag.ASSUMED, Flag.ASSUMED),
    Doubt("disagrees", "the line's own total is not the sum of its parts", Flag.DISAGREES, Flag.DISAGREES),
    Doubt("untimed", "the line has no time; that of its file stands in", Flag.UNTIMED, Flag.UNTIMED),
    Doubt("empty", "not one token was used", Flag.EMPTY, Flag.EMPTY),
    Doubt("future", "its time had not come yet when it was stored", Flag.FUTURE, Flag.FUTURE),
)
"""The one list of doubts, the one that matters most first."""

KNOWN_AT_MOST = 4096
"""Combinations of flags whose doubts are remembered."""

NAMES: tuple[str, ...] = tuple(doubt.name for doubt in DOUBTS)


@lru_cache(KNOWN_AT_MOST)
def doubts_of(flags: int) -> tuple[str, ...]:
    """What may be doubted about the calls of a series with these flags, by name."""
    return tuple(doubt.name for doubt in DOUBTS if doubt.holds(flags))


def by_name(name: str) -> Doubt | None:
    """The doubt of that name."""
    return next((doubt for doubt in DOUBTS if doubt.name == name), None)
