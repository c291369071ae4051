"""Very many files: how long a start takes, what an idle ingester costs, and how much memory it holds."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import limits
from tests.bench.command import ingest
from tests.bench.figures import Figure
from tests.bench.ingesting import first_start
from tests.ingest.ingesting import native, stored, until
from tests.soak.watched import Watched

FILES = 100_000
A_DIRECTORY = 1_000
IDLE_S = 60


def many(place: Path, scale: float) -> Iterator[Figure]:
    """Files of a line each."""
    logs, database, files = place / "many", place / "many.db", int(FILES * scale)
    for number in range(files):
        if number % A_DIRECTORY == 0:
            (logs / str(number)).mkdir(parents=True)
        (logs / str(number - number % A_DIRECTORY) / f"{number}.jsonl").write_bytes(native(number))
    yield first_start(place)
    reading = limits.reading(logs)
    how = "opening and reading them"
    cold = ingest(database, [logs], place)
    yield Figure(f"first start, {files:,} files", cold.seconds, "s", 60, how, reading, relative=True)
    yield Figure("  its peak memory", cold.peak_mb, "MB", 240)
    yield Figure("  lines never counted, or twice", abs(stored(database) - files), "lines", 0)
    warm = ingest(database, [logs], place)
    yield Figure("  the next start, nothing new", warm.seconds, "s", 30, how, reading, relative=True)
    with Watched(database, logs) as watched:
        _stored_after(logs, database, files)  # from here on it is idle
        used, began = watched.cpu_s, time.monotonic()
        time.sleep(IDLE_S * scale)
        used, took = watched.cpu_s - used, time.monotonic() - began
        yield Figure("  idle: processor used", used / took, "s/s", 0.2)
        yield Figure("  idle: memory", watched.resident_mb, "MB", 240)
        yield Figure("  a line more is stored after", _stored_after(logs, database, files + 1), "s", 5)


def _stored_after(logs: Path, database: Path, number: int) -> float:
    """Seconds until a line that is written to one of the files is stored."""
    with (logs / "0" / "0.jsonl").open("ab") as file:
        file.write(native(number))
    began = time.monotonic()
    until(lambda: stored(database) == number + 1, 120)
    return time.monotonic() - began
