"""A storm of events: files that are no logs, written fifty thousand times a second beside one that is."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.ingest.ingesting import native, stored, until
from tests.soak.watched import Watched

RATE = 50_000
NOISY = 50
SECONDS = 60


def storm(place: Path, scale: float) -> Iterator[Figure]:
    """A minute of noise, once of files that are no logs and once of logs."""
    for kind in ("tmp", "jsonl"):
        yield from _storm(place, kind, SECONDS * scale)


def _storm(place: Path, kind: str, seconds: float) -> Iterator[Figure]:
    logs, database = place / f"storm-{kind}", place / f"storm-{kind}.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    with Watched(database, logs) as watched:
        until(lambda: stored(database) == 1)
        used, held = watched.cpu_s, watched.resident_mb
        slowest, made, took = _blow(logs, database, kind, seconds)
        used, more = watched.cpu_s - used, watched.peak_mb - held
    yield Figure(f"storm on .{kind}: events", made / took, "a second", RATE * 0.9, at_least=True)
    yield Figure("  processor used", used / took, "s/s", 0.6)
    yield Figure("  memory more than before", more, "MB", 40)
    yield Figure("  a line among them is stored after", slowest, "s", 10)
    told = sum("verflow" in line for line in watched.said.splitlines())
    yield Figure("  lines about it on standard error", told / took, "a second", 5)


def _blow(logs: Path, database: Path, kind: str, seconds: float) -> tuple[float, int, float]:
    """The longest that a line took to be stored; events made; seconds."""
    files = [os.open(logs / f"noise-{n}.{kind}", os.O_CREAT | os.O_WRONLY | os.O_APPEND) for n in range(NOISY)]
    log = (logs / "a.jsonl").open("ab", buffering=0)
    began = time.monotonic()
    made, lines, slowest, written = 0, 1, 0.0, began
    while (now := time.monotonic()) - began < seconds:
        for _ in range(int(RATE * (now - began)) - made):  # one after another, as equal events are one
            os.write(files[made % NOISY], b"\n")
            made += 1
        if stored(database) == lines:
            slowest = max(slowest, now - written)
            log.write(native(lines))
            lines, written = lines + 1, time.monotonic()
        time.sleep(0.005)
    took = time.monotonic() - began
    for file in files:
        os.close(file)
    log.close()
    until(lambda: stored(database) == lines)
    return max(slowest, time.monotonic() - written), made, took
