"""tokenmon, struck at one statement: `python -m tests.faults.struck HOW STEPS WORDS...` runs `tokenmon WORDS...`.

STEPS are pieces of SQL, `|` between them, waited for one after the other, as SQLite's own trace tells them. Before the
statement of the last one runs, the process dies (`die`), hangs (`hang`), or is let live until it writes a file beyond
so many bytes (a number), which is how to die in the middle of what SQLite does without a statement.
"""

import os
import resource
import signal
import sqlite3
import sys
import time
from functools import partial
from typing import Any

from tokenmon.cli import main


def die() -> None:
    """At once, as by a kill from elsewhere."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Say so, and never come back."""
    print("hanging", flush=True)
    while True:
        time.sleep(60)


def die_beyond(size: int) -> None:
    """Of the first write beyond so many bytes of a file, and without a dump."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


class Struck(sqlite3.Connection):
    """Tells every statement before it runs."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.set_trace_callback(_note)


def _note(statement: str) -> None:
    if _steps and _steps[0] in statement:
        _steps.pop(0)
        if not _steps:
            _strike()


if __name__ == "__main__":
    how, steps, *words = sys.argv[1:]
    _strike = {"die": die, "hang": hang}.get(how) or partial(die_beyond, int(how))
    _steps = steps.split("|")
    sqlite3.connect = partial(sqlite3.connect, factory=Struck)  # type: ignore[assignment]
    sys.exit(main(words))
