"""What the screen costs while it is open: its first frame, CPU, memory, and the bytes of a refresh."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.command import ingest
from tests.bench.figures import Figure
from tests.bench.ingesting import NATIVE_LINES, write_native
from tests.ui.terminal import ROOT, Terminal, started

KB = 1024
SIZES = ((80, 24, 8, 16), (160, 45, 20, 40), (200, 60, 30, 60))
"""Columns, rows, KB that a refresh may take, and of Events."""
LIVE = 60.0
"""Seconds over which CPU is measured; a part of it where the scale is smaller."""
CALLS = 20
"""That are written for every refresh."""


def screen(place: Path, scale: float) -> Iterator[Figure]:
    """The real command in a pseudo-terminal, over a million native lines that go on growing."""
    logs, database = place / "screen-logs", place / "screen.db"
    write_native(logs, int(NATIVE_LINES * scale))
    ingest(database, [logs], place)
    yield _first_frame(database, logs, place)
    seconds = max(5.0, LIVE * scale)
    with _open(database, logs, place, (160, 45)) as window:
        _ready(window)
        yield Figure("idle CPU at 160x45", _cpu(window, seconds), "%", 0.2)
        yield Figure("  bytes meanwhile", len(window.read(5)), "bytes", 0)
        before = _memory(window)
        yield Figure("live CPU at 160x45, 20 calls every 2 s", _cpu(window, seconds, logs), "%", 3)
        yield Figure("  its memory", _memory(window), "MB", 90)
        yield Figure("  by which it grew", max(0.0, _memory(window) - before), "MB", 5)
    for columns, rows, most, most_of_events in SIZES:
        with _open(database, logs, place, (columns, rows)) as window:
            _ready(window)
            for key, title, limit in ((b"1", "Summary", most), (b"2", "Keys", most), (b"3", "Models", most),
                                      (b"4", "Timeline", most), (b"5", "Events", most_of_events)):  # fmt: skip
                window.type(key)
                window.settle(1)
                name = f"bytes of a refresh, {title} {columns}x{rows}"
                yield Figure(name, _bytes_of_a_refresh(window, logs) / KB, "KB", limit)


@contextmanager
def _open(database: Path, logs: Path, home: Path, size: tuple[int, int]) -> Iterator[Terminal]:
    words = [sys.executable, "-m", "tokenmon", "--db", str(database), "--theme", "dark", "--interval", "2", str(logs)]
    with started(words, size=size, HOME=str(home), XDG_STATE_HOME=str(home), XDG_CONFIG_HOME=str(home)) as window:
        yield window
        window.type(b"q")
        window.end()


def _ready(window: Terminal) -> None:
    window.shows("tokenmon", "live", "$")
    window.settle(2)


def _first_frame(database: Path, logs: Path, home: Path) -> Figure:
    """From typing the command to numbers on the screen, beside what Python needs to import Textual."""
    frames = []
    for _ in range(3):
        began = time.perf_counter()
        with _open(database, logs, home, (160, 45)) as window:
            window.until(lambda: "$" in window.screen.text)
            frames.append(time.perf_counter() - began)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import textual.app, textual.widgets"], check=True, cwd=ROOT)
    importing = time.perf_counter() - began
    return Figure("first frame with numbers", statistics.median(frames), "s", 0.5, "importing Textual", importing)


def _ticks(window: Terminal) -> int:
    """CPU of the screen's process, without its ingester's."""
    fields = Path(f"/proc/{window.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _cpu(window: Terminal, seconds: float, logs: Path | None = None) -> float:
    """Per cent of one core, while calls are written every two seconds where `logs` says where to."""
    before, until = _ticks(window), time.monotonic() + seconds
    while time.monotonic() < until:
        if logs is not None:
            _append(logs)
        window.read(min(2.0, until - time.monotonic()))
    return 100 * (_ticks(window) - before) / os.sysconf("SC_CLK_TCK") / seconds


def _memory(window: Terminal) -> float:
    """Resident, MB of 10^6 bytes."""
    pages = int(Path(f"/proc/{window.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _bytes_of_a_refresh(window: Terminal, logs: Path) -> float:
    """The middle one of five."""
    sent = []
    for _ in range(5):
        before = len(window.sent)
        _append(logs)
        window.until(lambda: len(window.sent) > before)  # noqa: B023
        window.settle(1)
        sent.append(len(window.sent) - before)
    return statistics.median(sent)


def _append(logs: Path) -> None:
    now = time.time()
    calls = []
    for index in range(CALLS):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{index:03}Z"
        call: dict[str, object] = {"ts": moment, "integration": "bench", "provider": "openai"}
        call |= {"model": f"gpt-5-{index % 8}", "api_key_name": f"key-{index % 8}", "cost_usd": 0.5 + index}
        calls.append(json.dumps({**call, "prompt_tokens": 1_000 * index + int(now) % 1_000, "completion_tokens": 100}))
    with (logs / "live.jsonl").open("a") as log:
        log.write("".join(line + "\n" for line in calls))
