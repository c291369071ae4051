"""A hard limit of memory, where this machine lets us set one: version 1 or 2 of Linux's control groups."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
LIMITS = ((ROOT / "memory", "memory.limit_in_bytes"), (ROOT, "memory.max"))
"""Where groups are made, and the file of the limit, by version."""


@contextlib.contextmanager
def limited(size: int) -> Iterator[str]:
    """The file of processes of a group that may have `size` bytes; empty where none can be made."""
    for root, name in LIMITS:
        group = root / f"tokenmon-soak-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / name).write_text(str(size))
        except OSError:
            group.rmdir()
            continue
        try:
            yield str(group / "cgroup.procs")
        finally:
            group.rmdir()
        return
    yield ""
