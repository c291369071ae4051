"""Who can be held against a scenario: the real ingester, started anew for every look or running on, and a naive one."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.faults.scenarios import Logs, Scenario
from tests.ingest.ingesting import ingest, inputs, rows
from tests.ingest.made_up import Turning
from tests.tail.loop import Clock
from tokenmon.dialects import DIALECTS
from tokenmon.ingest import Progress

SCAN_S = 5.0
"""How often the ingester looks around."""


class Tailer(Protocol):
    """Somebody who reads a directory of logs."""

    def look(self) -> object:
        """Bring yourself up to date."""

    def counted(self) -> list[int]:
        """The number of every line that was counted, in order, as often as it was counted."""


def tell(scenario: Scenario, logs: Logs, tailer: Tailer) -> None:
    """Tell the story; at its end there are two looks, of which the second finds nothing new."""
    for _ in scenario.story(logs):
        tailer.look()
    tailer.look()
    tailer.look()


class Stored:
    """What is in a database about a directory of logs."""

    def __init__(self, logs: Path, database: Path) -> None:
        self._logs = logs
        self.database = database

    def counted(self) -> list[int]:
        """The number of every line that was counted, in order, as often as it was counted."""
        return [tokens - 1000 for tokens in inputs(self.database)]

    def offsets(self) -> list[tuple[str, int]]:
        """Every log of which anything was read, with the offset; twice where two checkpoints claim it."""
        known = rows(self.database, "SELECT ino, off FROM source WHERE NOT gone AND off > 0")
        inodes = [(path.name, path.stat().st_ino) for path in self._logs.iterdir() if ".jsonl" in path.name]
        return sorted((name, offset) for name, inode in inodes for known_inode, offset in known if known_inode == inode)

    def rejects(self) -> int:
        """Lines that were told as invalid."""
        return int(rows(self.database, "SELECT sum(rejects) FROM source")[0][0])


class Restarted(Stored):
    """The real ingester, in a service that is started for every look."""

    def look(self) -> None:
        """All there is."""
        ingest(self.database, self._logs)


class Staying(Stored):
    """The real ingester, which runs all the time; its clock goes on by a scan for every look."""

    def __init__(self, logs: Path, database: Path, turning: Turning, clock: Clock) -> None:
        super().__init__(logs, database)
        self._turning, self._clock = turning, clock

    def look(self) -> list[Progress]:
        """All there is; what was committed."""
        return self.later(SCAN_S)

    def later(self, seconds: float) -> list[Progress]:
        """All there is after a while."""
        self._clock.now += seconds
        return self._turning.until_idle()

    @property
    def failures(self) -> dict[str, str]:
        """Paths that cannot be read at the moment, and why."""
        return self._turning.failures


@contextmanager
def staying(logs: Path, database: Path) -> Iterator[Staying]:
    """An ingester that runs all the time."""
    clock = Clock()
    with Turning(database, logs, dialects=DIALECTS, clock=clock) as turning:
        yield Staying(logs, database, turning, clock)


class Naive:
    """What one writes first: every inode has an offset, and nothing else is known."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._offsets: dict[int, int] = {}
        self._counted: list[int] = []

    def look(self) -> None:
        """The lines beyond each offset."""
        for path in sorted(self._logs.glob("*.jsonl*")):
            with path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                file.seek(self._offsets.setdefault(inode, 0))
                for line in file:
                    if line.endswith(b"\n"):
                        self._offsets[inode] += len(line)
                        self._count(line)

    def _count(self, line: bytes) -> None:
        with suppress(ValueError):  # no line at all
            self._counted.append(json.loads(line)["prompt_tokens"] - 1000)

    def counted(self) -> list[int]:
        """The number of every line that was counted, in order, as often as it was counted."""
        return sorted(self._counted)
