"""Runs `tokenmon statusline` as Claude Code does: a process of its own, a JSON object on stdin, one line on stdout."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.command import environment_of

NOW = time.time()
SESSION = "5f1c"


def status(**more: Any) -> bytes:
    """What Claude Code hands over."""
    told = {"session_id": SESSION, "workspace": {"current_dir": "/"}, "transcript_path": "/x"}
    return json.dumps(told | more).encode()


def window(used: float, seconds: float = 7_200) -> dict[str, float]:
    """A window that is reset in so many seconds."""
    return {"used_percentage": used, "resets_at": int(NOW + seconds)}


def show(home: Path, handed: bytes = b"", *words: str, **environment: str) -> str:
    """The line; it always ends well and says nothing else."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tokenmon", "statusline", *words],
        input=handed, env=environment_of(home, **environment), cwd=home, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    line, end, rest = done.stdout.decode().partition("\n")
    assert (end, rest) == ("\n", "")
    return line
