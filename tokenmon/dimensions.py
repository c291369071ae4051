"""What numbers can be grouped by: a new dimension over names or time is one value here, and in no other list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tokenmon.events import NAMES, Names


def _name(index: int) -> Callable[[Names], str]:
    return lambda names: names[index]


def key_of(names: Names) -> str:
    """A key's name as it was then, else its id."""
    return names.key_name or names.key_id


@dataclass(frozen=True)
class Dimension:
    """One way to group events. Exactly one of `of_names`, `bucket` and `of_event` tells a group's value."""

    name: str
    """As `--by` and JSON spell it."""
    label: str
    """As a column heading spells it."""
    of_names: Callable[[Names], str] | None = None
    """From a series' names; empty where they do not tell."""
    bucket: Literal["hour", "day", "week", "month", "block", None] = None
    """A calendar bucket in the viewer's time zone, or a block of hours that begins with a call."""
    of_event: Literal["source", "session", None] = None
    """Known only of single events; a range is scanned."""


DIMENSIONS: tuple[Dimension, ...] = (
    *(Dimension(name, name.replace("_", " ").capitalize(), of_names=_name(i)) for i, name in enumerate(NAMES)),
    Dimension("key", "Key", of_names=key_of),
    Dimension("source", "Source", of_event="source"),
    Dimension("session", "Session", of_event="session"),
    Dimension("block", "Block", bucket="block"),
    Dimension("hour", "Hour", bucket="hour"),
    Dimension("day", "Day", bucket="day"),
    Dimension("week", "Week", bucket="week"),
    Dimension("month", "Month", bucket="month"),
)


def by_name(name: str) -> Dimension | None:
    """The dimension of that name."""
    return next((dimension for dimension in DIMENSIONS if dimension.name == name), None)
