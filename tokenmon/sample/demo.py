"""`tokenmon demo`: the screen on made-up logs that keep growing, and nothing left behind afterwards.

The logs are written by a child process, as real ones are written by others. The child reads its standard input, a
pipe that this process holds: when it ends, however it ends, the child sees the end of the pipe and stops. The screen
comes in as an argument, because faces do not know each other.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from types import FrameType
from typing import Protocol

from tokenmon.sample.generators import GENERATORS
from tokenmon.sample.ledger import Book
from tokenmon.sample.logs import Logs
from tokenmon.sample.write import write_sample
from tokenmon.settings import Settings

EVENTS = 4_000
DAYS = 8
BAD = 4
PACE = 0.35
"""Typical seconds from one new call to the next."""

Screen = Callable[[Settings, Path, Sequence[str]], int]
"""`tokenmon.ui.app.run`: settings, database, paths; returns the exit code."""


class Input(Protocol):
    """Something to wait for and read from: the pipe."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


def run(settings: Settings, screen: Screen) -> int:
    """Show `screen` on logs in a temporary directory, with a database beside them, then remove both."""
    with _signals_as_exits(), tempfile.TemporaryDirectory(prefix="tokenmon-demo-", ignore_cleanup_errors=True) as place:
        logs, database = Path(place, "logs"), Path(place, "demo.db")
        write_sample(logs, events=EVENTS, days=DAYS, bad=BAD, seed=os.getpid(), now_ms=_now())
        with _writer(logs):
            return screen(replace(settings, paths=(str(logs),), db=database), database, (str(logs),))


@contextmanager
def _signals_as_exits() -> Iterator[None]:
    """Until the screen installs its own: a signal unwinds, so that the temporary directory goes away."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _writer(logs: Path) -> Iterator[None]:
    """A child that keeps writing for as long as the body runs."""
    command = [sys.executable, "-m", "tokenmon.sample.demo", str(logs)]
    # A session of its own, so that ^C on the terminal is the screen's alone.
    child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        # Closes the pipe, which tells the child to stop, and waits for it.
        child.communicate()


def keep_writing(directory: Path, until: Input, random: Random) -> None:
    """Append a call of some dialect every now and then, until `until` can be read or has ended."""
    logs = Logs(directory)
    writers = [generator.start(random, Book(), logs) for generator in GENERATORS]
    shares = [generator.share for generator in GENERATORS]
    # Work comes in bursts: the pace itself wanders.
    pace = PACE
    while not select.select([until], [], [], random.expovariate(1 / pace))[0]:
        pace = min(4 * PACE, max(PACE / 4, pace * random.uniform(0.8, 1.25)))
        writer = random.choices(writers, shares)[0]
        writer.call(_now())
        if random.random() < 0.003:
            writer.bad(_now())
        logs.flush()


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    keep_writing(Path(sys.argv[1]), sys.stdin.buffer, Random())
