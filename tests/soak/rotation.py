"""A day of rotation in miniature: an hour passes in seconds, and what the ingester holds stays what it was."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Figure
from tests.ingest.ingesting import native, stored, until
from tests.soak.watched import Watched

FACTOR = 288
DAY_S = 86_400
ROTATED_EVERY_S = 300
KEPT = 5
LOGS = 4
LINES = 50
OWN_DESCRIPTORS = 16
"""Database, pipes and the like; the others are logs, of which none that is gone is kept open."""


@dataclass(frozen=True)
class Held:
    """What the ingester holds at some moment, or the most of each."""

    resident_mb: float
    descriptors: int
    threads: int
    wal_mb: float

    def most(self, other: "Held") -> "Held":
        """The larger of each."""
        return Held(
            max(self.resident_mb, other.resident_mb),
            max(self.descriptors, other.descriptors),
            max(self.threads, other.threads),
            max(self.wal_mb, other.wal_mb),
        )


CACHES = 1.25
"""Times as much memory as at first, as SQLite's cache and what is known of gone files fill up to their bounds."""
NOTHING = Held(0.0, 0, 0, 0.0)


def rotation(place: Path, scale: float) -> Iterator[Figure]:
    """A day in five minutes."""
    yield from rotate(place, int(DAY_S * scale) // ROTATED_EVERY_S, FACTOR)


def rotate(place: Path, rotations: int, factor: int) -> Iterator[Figure]:
    """So many rotations, of which the first quarter says what is usual, while time passes faster by a factor."""
    logs, database = place / "rotation", place / "rotation.db"
    logs.mkdir()
    flags = ["--scan-interval", "5"]
    begin = ("-m", "tests.soak.scaled", str(factor))
    with Watched(database, logs, flags=["--once"]) as first:  # makes the price table, for which time must be true
        first.end()
    with Watched(database, logs, flags=flags, begin=begin) as watched:
        until(lambda: stored(database) >= 0 and watched.descriptors > 5)
        usual, later, number = NOTHING, NOTHING, 0
        for turn in range(rotations):
            number = _write_and_rotate(logs, number, ROTATED_EVERY_S / factor)
            _wait_for(database, number - LOGS * LINES)
            if turn < rotations // 4:
                usual = usual.most(_held(watched))
            else:
                later = later.most(_held(watched))
        until(lambda: stored(database) == number)
    hours = rotations * ROTATED_EVERY_S / 3600
    limit = f"the most in the first quarter of {hours:,.0f} hours"
    yield _flat("memory", later.resident_mb, "MB", limit, usual.resident_mb, CACHES)
    yield Figure("a day of rotation: descriptors", later.descriptors, "open", OWN_DESCRIPTORS + LOGS * (KEPT + 1))
    yield _flat("threads", later.threads, "threads", limit, usual.threads, 1.0)
    yield Figure(f"{rotations * LOGS:,} rotations: write-ahead log", later.wal_mb, "MB", 64, limit, usual.wal_mb)
    yield Figure("  lines never counted, or twice", abs(stored(database) - number), "lines", 0)


def _flat(what: str, value: float, unit: str, limit: str, usual: float, ratio: float) -> Figure:
    return Figure(f"a day of rotation: {what}", value, unit, ratio, limit, usual, relative=True)


def _write_and_rotate(logs: Path, number: int, seconds: float) -> int:
    """Append to every log, then move each on by one, the oldest away; returns how many lines there were by now."""
    began = time.monotonic()
    for log in range(LOGS):
        path = logs / f"{log}.jsonl"
        with path.open("ab") as file:
            file.write(b"".join(native(number + index) for index in range(LINES)))
        number += LINES
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    for log in range(LOGS):
        path = logs / f"{log}.jsonl"
        (logs / f"{path.name}.{KEPT}").unlink(missing_ok=True)
        for age in range(KEPT - 1, 0, -1):
            older = logs / f"{path.name}.{age}"
            if older.exists():
                older.rename(logs / f"{path.name}.{age + 1}")
        path.rename(logs / f"{path.name}.1")
    return number


def _wait_for(database: Path, number: int) -> None:
    """Producers delete nothing that was not read for hours."""
    until(lambda: stored(database) >= number)


def _held(watched: Watched) -> Held:
    return Held(watched.resident_mb, watched.descriptors, watched.threads, watched.wal_bytes / 1e6)
