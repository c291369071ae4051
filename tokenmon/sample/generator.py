"""What a generator is: one dialect's way to write down a made-up call.

Everything random comes from the one `Random` it is given, and the time of a call from outside; so a seed and a
moment decide every byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from tokenmon.sample.ledger import Book
from tokenmon.sample.logs import Logs

MINUTE = 60_000


class Writer(Protocol):
    """Writes one dialect's logs, call by call, in the order of time."""

    def call(self, at: int) -> None:
        """Write down one more call that ended at `at`, UTC milliseconds, and enter it in the book."""
        ...

    def bad(self, at: int) -> None:
        """Write one invalid line into a file that already holds a valid one."""
        ...


@dataclass(frozen=True)
class Generator:
    """The made-up logs of one dialect."""

    dialect: str
    share: float
    """Its part of all calls."""
    train: int
    """Calls that typically follow each other."""
    start: Callable[[Random, Book, Logs], Writer]


class Stamps:
    """RFC 3339 with milliseconds, cheap for times that come in order."""

    def __init__(self) -> None:
        self._minute = -1
        self._prefix = b""

    def __call__(self, at: int) -> bytes:
        """`at`, UTC milliseconds, as `2026-11-19T14:03:22.123Z`."""
        minute, rest = divmod(at, MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._prefix = datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:").encode()
        return self._prefix + b"%02d.%03dZ" % divmod(rest, 1000)


def torn(line: bytes, random: Random) -> bytes:
    """The line as a crashed producer leaves it: cut in its last third, then a newline."""
    return line[: random.randrange(len(line) * 2 // 3, len(line) - 2)] + b"\n"
