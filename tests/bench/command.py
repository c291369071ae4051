"""The real command in a real process: how long it takes and how much memory it ever holds."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

GLANCE = 0.02
"""Seconds between two looks at the memory of the child."""


@dataclass(frozen=True)
class Run:
    """One finished run."""

    seconds: float
    peak_mb: float
    """Most resident memory ever, MB of 10^6 bytes; 0 where the system does not tell."""


def ingest(database: Path, paths: list[Path], home: Path) -> Run:
    """Run `tokenmon --ingest-only --once` on some paths."""
    command = [sys.executable, "-m", "tokenmon", "--ingest-only", "--once", "--db", str(database), *map(str, paths)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENMON_", "XDG_"))}
    log = home / "ingest.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        child = subprocess.Popen(command, env={**environment, "HOME": str(home)}, stdout=output, stderr=output)
        peak = 0.0
        while True:
            peak = max(peak, _peak(child.pid))
            try:
                code = child.wait(GLANCE)
                break
            except subprocess.TimeoutExpired:
                continue
        took = time.perf_counter() - began
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{log.read_text(errors='replace')[-2_000:]}")
    return Run(took, peak)


def _peak(pid: int) -> float:
    """The high-water mark that Linux keeps for a process, MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(marks[0]) * 1024 / 1e6 if marks else 0.0
