"""Many files that grow at once, one of them much faster: how far behind each of them ever is."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.ingest.ingesting import native, rows, stored, until
from tests.soak.watched import Watched

FILES = 100
BEAT_S = 0.05
LINES = 4
"""Of each file, every beat."""
HOT = 60
"""Times as many of one file."""
ALLOWED_S = 5.0


def growing(place: Path, scale: float) -> Iterator[Figure]:
    """All files for a minute."""
    logs, database = place / "growing", place / "growing.db"
    logs.mkdir()
    for name in range(FILES):
        (logs / f"{name}.jsonl").write_bytes(native(name))
    with Watched(database, logs):
        until(lambda: stored(database) == FILES)
        number, behind, took = _grow(logs, database, 60 * scale)
        until(lambda: stored(database) == number, 120)
    size = len(native(0)) * LINES / BEAT_S
    quiet = [behind[_path(logs, name)] / size for name in range(1, FILES)]
    yield Figure(f"{FILES} growing files: the furthest behind", max(quiet), "s", ALLOWED_S)
    yield Figure("  the same, in the mean of the files", sum(quiet) / len(quiet), "s", ALLOWED_S)
    hot = behind[_path(logs, 0)] / size / HOT
    yield Figure(f"  the one that grows {HOT} times as fast", hot, "s", ALLOWED_S)
    yield Figure("  lines never counted, or twice", abs(stored(database) - number), "lines", 0)
    yield Figure("  lines a second that were written", number / took, "lines/s", 1, at_least=True)


def _path(logs: Path, name: int) -> bytes:
    return os.fsencode(logs / f"{name}.jsonl")


def _grow(logs: Path, database: Path, seconds: float) -> tuple[int, Counter[bytes], float]:
    """Lines written; the most bytes that each file was ever behind; seconds that it took."""
    behind: Counter[bytes] = Counter()
    number, began, beats = FILES, time.monotonic(), 0
    files = [(logs / f"{name}.jsonl").open("ab", buffering=0) for name in range(FILES)]
    while (now := time.monotonic() - began) < seconds:
        for name, file in enumerate(files):
            lines = LINES * (1 if name else HOT)
            file.write(b"".join(native(number + index) for index in range(lines)))
            number += lines
        beats += 1
        if beats % 5 == 0:
            behind |= _behind(database, {_path(logs, name): file.tell() for name, file in enumerate(files)})
        time.sleep(max(0.0, began + beats * BEAT_S - time.monotonic()))
    for file in files:
        file.close()
    return number, behind, now


def _behind(database: Path, sizes: dict[bytes, int]) -> Counter[bytes]:
    offsets = dict(rows(database, "SELECT path, off FROM source"))
    return Counter({path: max(0, size - offsets.get(path, 0)) for path, size in sizes.items()})
