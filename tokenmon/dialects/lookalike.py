"""Whether a record that no dialect claims looks like usage: numbers below names that smell of tokens or cost.

The test is cheap and may be wrong, because nothing is counted by it: it decides whether a person is asked to look.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tokenmon.dialects.base import Record
from tokenmon.dialects.fields import is_number

DEPTH = 3
"""Objects within objects that are looked into; a place in an array is no depth of its own."""
BREADTH = 100
"""Fields of one object that are looked at, and values of one array."""
SMELLS = ("token", "usage", "cost")
LIMITS = ("max", "limit", "budget")
"""What a request may use is no usage."""


def usage_fields(record: Record) -> Iterator[str]:
    """Paths of the numbers that look like usage: `usage.in`."""
    # Joined only for those that are told: a name may be as long as a line.
    yield from map(".".join, _within(record, (), False, DEPTH))


def looks_like_usage(record: Record) -> bool:
    """Whether there is one, in a record that tokenmon did not export itself."""
    return not is_export(record) and next(_within(record, (), False, DEPTH), None) is not None


def is_export(record: Record) -> bool:
    """Whether it is a line of `tokenmon events --json`, which tells of each call where it was read."""
    return "source_path" in record and "source_offset" in record and "cost_kind" in record


def _within(value: Any, path: tuple[str, ...], smells: bool, depth: int) -> Iterator[tuple[str, ...]]:
    if smells and _counts(value):
        yield path
    elif isinstance(value, dict) and depth:
        for key, inner in islice(value.items(), BREADTH):
            name = key.lower()
            if not any(limit in name for limit in LIMITS):
                smelling = smells or any(smell in name for smell in SMELLS)
                yield from _within(inner, (*path, key), smelling, depth - 1)
    elif isinstance(value, list) and len(path) <= 2 * DEPTH:
        for index, inner in enumerate(islice(value, BREADTH)):
            yield from _within(inner, (*path, str(index)), smells, depth)


def _counts(value: Any) -> bool:
    """A number, or the text of one."""
    return is_number(value) or (isinstance(value, str) and value.isascii() and value.isdigit())
