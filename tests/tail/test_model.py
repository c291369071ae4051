"""Whatever happens to the files, in whatever order: every line that a look could see counts, and none counts twice.

The model is a ledger of the lines that are complete in some file of the directory when the reader looks. Random
actions append, tear, finish, rename, copy, truncate, replace, delete and restart; after each look the counted lines
are compared with the ledger. Lines are unique, so a line that was counted at two places was counted twice.
"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.tail.loop import Loop, append, line

NAMES = ("a.jsonl", "b.jsonl", "c.jsonl")
names = st.sampled_from(NAMES)
counts = st.integers(1, 40)
widths = st.sampled_from([0, 40, 700, 3000])


class Producers:
    """Programs that write logs and rotate them in every way there is."""

    def __init__(self, directory: Path) -> None:
        self.logs = directory / "logs"
        self.away = directory / "away"
        self.logs.mkdir()
        self.away.mkdir()
        self.number = 0
        self.copies = 0

    def _fresh(self, width: int) -> bytes:
        self.number += 1
        return line(self.number, width)

    def append(self, name: str, count: int, width: int) -> None:
        append(self.logs / name, b"".join(self._fresh(width) for _ in range(count)))

    def append_and_tear(self, name: str, count: int, width: int) -> None:
        content = b"".join(self._fresh(width) for _ in range(count))
        append(self.logs / name, content[: -1 - len(content) % 7])

    def finish(self, name: str) -> None:
        self.number += 1
        append(self.logs / name, b'%d"}\n' % self.number)

    def rename(self, name: str) -> None:
        if (self.logs / name).exists():
            self.copies += 1
            (self.logs / name).rename(self.logs / f"{name}.{self.copies}")

    def swap(self, one: str, other: str) -> None:
        if one != other and (self.logs / one).exists() and (self.logs / other).exists():
            (self.logs / one).rename(self.away / "swap")
            (self.logs / other).rename(self.logs / one)
            (self.away / "swap").rename(self.logs / other)

    def copy(self, name: str) -> None:
        if (self.logs / name).exists():
            self.copies += 1
            shutil.copy(self.logs / name, self.logs / f"{self.copies}-{name}")

    def copytruncate(self, name: str) -> None:
        self.copy(name)
        self.truncate(name, 0)

    def truncate(self, name: str, size: int) -> None:
        if (self.logs / name).exists():
            os.truncate(self.logs / name, min(size, (self.logs / name).stat().st_size))

    def replace(self, name: str, count: int, width: int) -> None:
        if (self.logs / name).exists():
            shutil.copy(self.logs / name, self.away / "new")
            append(self.away / "new", b"".join(self._fresh(width) for _ in range(count)))
            (self.away / "new").replace(self.logs / name)

    def move_between_disks(self, name: str) -> None:
        if (self.logs / name).exists():
            self.copies += 1
            shutil.copy(self.logs / name, self.logs / f"moved-{self.copies}.jsonl")
            (self.logs / name).unlink()

    def delete(self, name: str) -> None:
        (self.logs / name).unlink(missing_ok=True)

    def complete_lines(self) -> set[bytes]:
        """Every line that is complete in some file now."""
        found: set[bytes] = set()
        for path in self.logs.iterdir():
            found.update(path.read_bytes().split(b"\n")[:-1])
        return found - {b""}


class Ledger:
    """Producers, the reader, and what must be true after each look."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.producers = Producers(Path(self.directory.name))
        self.loop = Loop(self.producers.logs, cap=700, line_cap=1 << 20, entries=7)
        self.seen: set[bytes] = set()
        """Complete in a file at the time of a look."""
        self.written: set[bytes] = set()
        """Complete in a file at any time."""

    def note(self) -> None:
        """After every action: what could be read, by whoever looked just then."""
        self.written |= self.producers.complete_lines()

    def look(self) -> None:
        self.note()
        self.seen |= self.producers.complete_lines()
        self.loop.run()
        self.check()

    def check(self) -> None:
        counted = self.loop.texts()
        assert len(counted) == len(set(counted)), "a line counts twice"
        assert self.seen <= set(counted), "a line is missing"
        assert set(counted) <= self.written, "a line that never was"  # more than seen: open files that were deleted
        for checkpoint in self.loop.stored.values():
            path = Path(checkpoint.path)
            if not checkpoint.gone and path.exists() and path.stat().st_ino == checkpoint.ino:
                assert checkpoint.offset == path.read_bytes().rfind(b"\n") + 1

    def close(self) -> None:
        self.loop.close()
        self.directory.cleanup()


class Rotation(RuleBasedStateMachine):
    """Hypothesis finds and shrinks the order of actions."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.producers = self.ledger.producers
        self.changed = False

    @rule(name=names, count=counts, width=widths)
    def append(self, name: str, count: int, width: int) -> None:
        self.producers.append(name, count, width)

    @rule(name=names, count=counts, width=widths)
    def append_and_tear(self, name: str, count: int, width: int) -> None:
        self.producers.append_and_tear(name, count, width)

    @rule(name=names)
    def finish(self, name: str) -> None:
        self.producers.finish(name)

    @rule(name=names)
    def rename(self, name: str) -> None:
        self.producers.rename(name)

    @rule(one=names, other=names)
    def swap(self, one: str, other: str) -> None:
        self.producers.swap(one, other)

    @rule(name=names)
    def copy(self, name: str) -> None:
        self.producers.copy(name)

    @rule(name=names)
    def copytruncate(self, name: str) -> None:
        self.producers.copytruncate(name)

    @rule(name=names, size=st.integers(0, 5000))
    def truncate(self, name: str, size: int) -> None:
        self.producers.truncate(name, size)

    @rule(name=names, count=counts, width=widths)
    def replace(self, name: str, count: int, width: int) -> None:
        self.producers.replace(name, count, width)

    @rule(name=names)
    def move_between_disks(self, name: str) -> None:
        self.producers.move_between_disks(name)

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.producers.delete(name)

    @rule()
    def look(self) -> None:
        self.ledger.look()

    @rule()
    def restart(self) -> None:
        self.ledger.loop.restart()

    @rule()
    def time_passes(self) -> None:
        self.ledger.loop.clock.now += 61

    @precondition(lambda self: self.ledger.loop.stored)
    @rule()
    def lose_the_database(self) -> None:
        self.ledger.loop.stored.clear()
        self.ledger.loop.restart()

    @invariant()
    def everything_is_noted(self) -> None:
        self.ledger.note()

    @invariant()
    def one_live_checkpoint_for_an_inode(self) -> None:
        live = [(c.dev, c.ino) for c in self.ledger.loop.stored.values() if not c.gone]
        assert len(live) == len(set(live))

    def teardown(self) -> None:
        try:
            self.ledger.look()
        finally:
            self.ledger.close()


Rotation.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestRotation = Rotation.TestCase


@pytest.mark.parametrize("seed", range(6))
def test_long_random_histories_count_exactly(seed: int) -> None:
    chance = random.Random(seed)
    ledger = Ledger()
    producers = ledger.producers
    for _ in range(250):
        name, count, width = chance.choice(NAMES), chance.randint(1, 40), chance.choice([0, 40, 700, 3000])
        action = chance.random()
        if action < 0.30:
            producers.append(name, count, width)
        elif action < 0.40:
            producers.append_and_tear(name, count, width)
        elif action < 0.45:
            producers.finish(name)
        elif action < 0.50:
            producers.rename(name)
        elif action < 0.53:
            producers.swap(name, chance.choice(NAMES))
        elif action < 0.58:
            producers.copy(name)
        elif action < 0.63:
            producers.copytruncate(name)
        elif action < 0.68:
            producers.truncate(name, chance.randint(0, 20_000))
        elif action < 0.73:
            producers.replace(name, count, width)
        elif action < 0.76:
            producers.delete(name)
        elif action < 0.80:
            ledger.loop.restart()
        else:
            ledger.look()
        ledger.note()
    ledger.look()
    ledger.close()
