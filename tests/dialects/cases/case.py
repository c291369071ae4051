"""What a case is: files as a producer writes them, and by hand what was billed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.plain_sums import COUNTS, Sums
from tokenmon.events import Limit

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One billed call. A count that the log does not report is None."""

    ts: str
    """As tokenmon prints it: `2026-09-14T09:00:05.000Z`."""
    provider: str
    model: str
    input: int
    output: int
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    cost_logged: float | None = None
    """USD."""
    session: str = ""
    project: str = ""
    failed: bool = False


@dataclass(frozen=True)
class Case:
    """The logs of one dialect."""

    dialect: str
    files: Mapping[str, Sequence[Json | bytes]]
    """Lines by the file's path, below a directory. One record in a file that ends in `.json` is a document."""
    calls: tuple[Call, ...]
    """Every call once, however often it is written."""
    limits: tuple[Limit, ...] = ()
    """What is known of official limits in the end."""
    bad: int = 0
    """Invalid lines."""
    others: tuple[Json, ...] = field(default=())
    """More records that are this dialect's, for the contract only."""

    @property
    def records(self) -> tuple[Json, ...]:
        """Every record, in the order of the files."""
        records = (record for lines in self.files.values() for record in lines if isinstance(record, dict))
        return (*records, *self.others)

    def write(self, directory: Path) -> None:
        """Write the files."""
        for name, lines in self.files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(raw(line) + b"\n" for line in lines))

    def sums(self) -> Sums:
        """What the calls add up to."""
        sums = Sums(bad=self.bad)
        for call in self.calls:
            sums.add(call.model, **{name: getattr(call, name) for name in COUNTS})
            sums.add_cost(call.cost_logged)
            sums.errors += call.failed
        return sums


def raw(line: Json | bytes) -> bytes:
    """A line as bytes."""
    return line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode()
