"""One torture: producers write, rotate and copy, an ingester is killed again and again, and all must add up in the end.

The same seed makes the same writers; when the kills strike is chance.
"""

import gzip
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.command import environment_of
from tests.torture.writers import ROTATIONS, Writer
from tokenmon.store.opening import looking
from tokenmon.store.verify import verify


@dataclass(frozen=True)
class Torture:
    """What is done."""

    seed: int
    seconds: float
    lines: int = 200_000
    """Calls that are written at most."""
    writers: int = 4
    kills: int = 0
    """At least."""
    ids: tuple[bool, ...] = (True, False)
    """Whether native lines have ids: the first writer's, the second's, and so on in turns."""
    rotations: Sequence[str] = ROTATIONS
    life_s: tuple[float, float] = (0.3, 2.5)
    """So long an ingester lives at least and at most, from the start of its process."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    calls: int
    rotations: int
    files: int
    kills: int
    wrong: list[str]
    """What the database holds otherwise than the writers wrote it."""

    def __str__(self) -> str:
        figures = f"{self.calls:,} calls, {self.rotations:,} rotations, {self.files:,} files, {self.kills:,} kills"
        return f"{figures}: {'; '.join(self.wrong) or 'exact'}"


def run(torture: Torture, place: Path) -> Outcome:
    """Do it below `place`, and see what came of it."""
    database, logs = place / "t.db", place / "logs"
    logs.mkdir()
    writers = [_writer(torture, number, logs) for number in range(1, torture.writers + 1)]
    for writer in writers:
        writer.start()
    try:
        kills = _kill_again_and_again(torture, database, logs, writers)
    finally:
        for writer in writers:
            writer.stop()
            writer.join()
    last = _ingester(database, logs, "--once")
    _, said = last.communicate()
    assert last.returncode == 0, said.decode()
    calls = {serial: output for writer in writers for serial, output in writer.calls.items()}
    return Outcome(
        calls=len(calls),
        rotations=sum(writer.rotations for writer in writers),
        files=sum(1 for path in logs.rglob("*") if path.is_file()),
        kills=kills,
        wrong=[*_wrong_calls(database, calls), *_wrong_offsets(database, logs), *_inconsistent(database)],
    )


def _writer(torture: Torture, number: int, logs: Path) -> Writer:
    return Writer(
        number,
        logs,
        torture.seed,
        lines=torture.lines // torture.writers,
        seconds=torture.seconds,
        ids=torture.ids[number % len(torture.ids)],
        rotations=torture.rotations,
    )


def _ingester(database: Path, logs: Path, *flags: str) -> "subprocess.Popen[bytes]":
    """One as a process of its own."""
    command = [sys.executable, "-m", "tokenmon", "--ingest-only", "--scan-interval", "0.2", "--db", str(database)]
    environment = environment_of(database.parent)
    return subprocess.Popen([*command, *flags, str(logs)], env=environment, stderr=subprocess.PIPE)


def _kill_again_and_again(torture: Torture, database: Path, logs: Path, writers: list[Writer]) -> int:
    """Start and kill until the writers are done and it was done often enough; returns how often."""
    random, kills = Random(torture.seed), 0
    while kills < torture.kills or any(writer.is_alive() for writer in writers):
        process = _ingester(database, logs)
        time.sleep(random.uniform(*torture.life_s))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"the ingester ended by itself: {said.decode()}"
        kills += 1
    return kills


# -- what is wrong


def _wrong_calls(database: Path, calls: dict[int, int]) -> Iterator[str]:
    """Calls that count otherwise than they were made."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT input, output FROM event").fetchall()
    counted = dict(rows)
    if len(rows) != len(counted):
        yield f"{len(rows) - len(counted):,} calls count twice"
    if missing := calls.keys() - counted.keys():
        yield f"{len(missing):,} calls are missing, {min(missing)} first"
    if made_up := counted.keys() - calls.keys():
        yield f"{len(made_up):,} calls were never made, {min(made_up)} first"
    if other := [serial for serial in calls.keys() & counted.keys() if calls[serial] != counted[serial]]:
        yield f"{len(other):,} calls have another output, {min(other)} first"


def _wrong_offsets(database: Path, logs: Path) -> Iterator[str]:
    """Files that are stored up to another place than their end."""
    with closing(sqlite3.connect(database)) as connection:
        places = connection.execute("SELECT kind, dev, ino, path, off FROM source WHERE NOT gone").fetchall()
    for path in logs.rglob("*.json*"):
        found, is_document = path.stat(), path.suffix == ".json"
        inode = ("lines", found.st_dev, found.st_ino)
        offsets = [at for *place, name, at in places if (name == bytes(path) if is_document else tuple(place) == inode)]
        size = len(gzip.decompress(path.read_bytes())) if path.suffix == ".gz" else found.st_size
        if offsets != [size] and (size or offsets):
            yield f"{path} has {size:,} bytes and is stored up to {offsets}"


def _inconsistent(database: Path) -> Iterator[str]:
    """What tokenmon itself finds."""
    with looking(database) as connection:
        yield from (f"{about}: {wrong}" for about, wrong in verify(connection) if wrong)
