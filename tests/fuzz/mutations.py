"""Files that never were: the records of the samples with values changed, fields moved, lines cut, doubled and mixed.

Everything random comes from one `Random`, so that a seed and the number of a file say what was in it.
"""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.dialects.samples import Json

NUMBERS: tuple[object, ...] = (
    *(-1, 0, 1, True, 10**10, 10**10 + 1, 2**53, 2**63, 10**30, 1.0, 0.5, -0.0, 1e308, 5e-324),
    *(1789376400, 1789376400.25, 1789376400000, 1789376400000000000, -62135596800, 253402300800),
)
TEXTS: tuple[object, ...] = (
    *("", " ", "0", "-1", "12", "1e3", "NaN", "null", "true", "x" * 300, "\ud800", "\x1b[31m", "\u202e", "\0"),
    *("2026-09-14T09:00:00Z", "2026-09-14 09:00:00", "2026-09-14", "9999-12-31T23:59:59Z", "1999-01-01T00:00:00+25:00"),
    *("{}", "[]", '{"usage":{"input_tokens":1}}', "[" * 2_000, "sk-ant-" + "a" * 60),
)
OTHERS: tuple[object, ...] = (None, [], {}, [None], [[]], [{}], {"": None}, {"type": None}, [0] * 50)

Place = tuple[Any, ...]


def places_in(value: Any, path: Place = ()) -> list[Place]:
    """Where every value of a record stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [each for key, one in inner for each in places_in(one, (*path, key))]


def at(value: Any, path: Place) -> Any:
    """The value in a place."""
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: Place, new: Any) -> Any:
    """A copy of a record with another value in one place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def without(value: Any, path: Place) -> Any:
    """A copy of a record without one place."""
    inner = at(value, path[:-1]).copy()
    del inner[path[-1]]
    return put(value, path[:-1], inner)


def odd(random: Random) -> Any:
    """A value that nobody expects."""
    return random.choice(random.choice((NUMBERS, TEXTS, OTHERS)))


def replaced(record: Any, random: Random) -> Any:
    """One value is odd."""
    return put(record, random.choice(places_in(record)), odd(random))


def removed(record: Any, random: Random) -> Any:
    """One value is missing."""
    return without(record, random.choice(places_in(record)))


def moved(record: Any, random: Random) -> Any:
    """One value stands where another one stood."""
    places = places_in(record)
    return put(record, random.choice(places), at(record, random.choice(places)))


def shifted(record: Any, random: Random) -> Any:
    """A number became a text, a text a number, an object its own text."""
    path = random.choice(places_in(record))
    value = at(record, path)
    if isinstance(value, dict | list):
        return put(record, path, json.dumps(value))
    return put(record, path, len(value) if isinstance(value, str) else str(value))


def wrapped(record: Any, random: Random) -> Any:
    """The record is a value of another one."""
    return {random.choice(("response", "data", "message", "payload", "body", "x")): record, "ts": odd(random)}


RECORDS: tuple[Callable[[Any, Random], Any], ...] = (replaced, replaced, replaced, removed, moved, shifted, wrapped)


def damaged(line: bytes, random: Random) -> bytes:
    """Bytes changed, cut out, put in, or the line torn."""
    raw = bytearray(line)
    for _ in range(random.randrange(1, 4)):
        start = random.randrange(len(raw) + 1)
        raw[start : start + random.choice((0, 1, 2, 40))] = random.randbytes(random.choice((0, 1, 3)))
    return bytes(raw[: random.randrange(len(raw) + 1)] if random.random() < 0.3 else raw)


def line_of(record: Any, random: Random) -> bytes:
    """A record as some producer would spell it."""
    ensure, separators = random.random() < 0.5, random.choice(((",", ":"), (", ", ": ")))
    return json.dumps(record, ensure_ascii=ensure, separators=separators).encode("utf-8", "surrogatepass")


def file_of(samples: Sequence[Json], random: Random) -> list[bytes]:
    """Up to a dozen lines made from samples, most of them changed."""
    return [_line(random.choice(samples), random) for _ in range(random.randrange(1, 13))]


def _line(record: Any, random: Random) -> bytes:
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        if isinstance(record, dict) and places_in(record):
            record = random.choice(RECORDS)(record, random)
    line = line_of(record, random)
    return damaged(line, random) if random.random() < 0.2 else line
