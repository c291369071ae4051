"""Runs the real command in a process of its own, with a home of its own and nothing of the machine's settings."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = "TESTS_CACHE_HOME"
"""Environment variable by which the first process of a test run tells the others of the cache."""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@cache
def cache_home() -> str:
    """A cache that all processes of a test run share, because compiling the price table takes seconds."""
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="tokenmon-cache-")
        atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)
    return os.environ[SHARED]


def price_cache() -> Path:
    """Where in it the price table is."""
    return Path(cache_home(), "tokenmon")


def environment_of(home: Path, **more: str) -> dict[str, str]:
    """An environment in which only `home` is configured; UTC, 80 columns."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    own = {"HOME": str(home), "XDG_CACHE_HOME": cache_home(), "PYTHONPATH": str(ROOT), "TZ": "UTC", "COLUMNS": "80"}
    return {**kept, **own, **more}


def tokenmon(home: Path, *words: str, environment: Mapping[str, str] | None = None) -> Done:
    """Run `tokenmon WORDS...` without a terminal, in `home`."""
    return _run(home, "-m", "tokenmon", *words, **(environment or {}))


def python(home: Path, program: str, *words: str) -> Done:
    """Run some lines of Python in the place of a command."""
    return _run(home, "-c", program, *words)


def _run(home: Path, *words: str, **more: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-P", *words],
        env=environment_of(home, **more),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
