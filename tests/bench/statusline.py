"""How long a whole `tokenmon statusline` takes, beside what a process that does nothing takes."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.command import ingest
from tests.bench.figures import Figure
from tokenmon.sample import write_sample

EVENTS = 100_000
ROUNDS = 40
TARGET_MS = 50.0
STATUS = {
    "session_id": "5f1c",
    "workspace": {"current_dir": "/home/dev/alpha"},
    "cost": {"total_cost_usd": 0.38},
    "rate_limits": {"five_hour": {"used_percentage": 58.2, "resets_at": 4_000_000_000}},
}


def statusline(place: Path, scale: float) -> Iterator[Figure]:
    """The line on a warm database, as Claude Code would run it."""
    home = place / "statusline"
    logs, database = home / "logs", home / ".local" / "state" / "tokenmon" / "tokenmon.db"
    now_ms = time.time_ns() // 1_000_000
    write_sample(logs, events=round(EVENTS * scale), days=7, bad=0, seed=1, now_ms=now_ms)
    ingest(database, [logs], home)
    start = "import sys; from tokenmon.start import main; sys.exit(main())"
    bare, usual, line = _medians(
        home, (["-c", "pass"], ["-I", "-c", "import sqlite3, msgspec"], ["-c", start, "statusline"])
    )
    yield Figure("status line, whole process", line, "ms", TARGET_MS, "python -c pass", bare)
    yield Figure("status line, whole process", line, "ms", TARGET_MS, "import sqlite3, msgspec", usual)


def _medians(home: Path, commands: Sequence[Sequence[str]]) -> list[float]:
    """Milliseconds of each command, taken in turns, so that they share whatever else the machine does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENMON_", "XDG_"))}
    handed, took = json.dumps(STATUS).encode(), [[0.0] * ROUNDS for _ in commands]
    for number in range(ROUNDS):
        for which, words in enumerate(commands):
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, *words],
                input=handed,
                env={**environment, "HOME": str(home)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            took[which][number] = 1_000 * (time.perf_counter() - began)
    return [statistics.median(times) for times in took]
