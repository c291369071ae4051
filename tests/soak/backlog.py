"""A gigabyte of old logs read under a hard limit of memory."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.ingesting import GIGABYTE, TREE_BYTES, check, write_native
from tests.soak.cgroup import limited
from tests.soak.watched import Watched
from tokenmon.sample import SampleLedger, big_claude_tree, big_codex_tree, big_litellm_tree

LIMIT_MB = 128
TARGET_MB = 120
GLANCE_S = 0.05

KINDS: dict[str, Callable[[Path, float], SampleLedger]] = {
    "native lines": lambda logs, scale: write_native(logs, int(GIGABYTE * scale)),
    "transcripts": lambda logs, scale: big_claude_tree(logs, int(TREE_BYTES * scale)),
    "rollouts": lambda logs, scale: big_codex_tree(logs, int(TREE_BYTES * scale)),
    "payloads": lambda logs, scale: big_litellm_tree(logs, int(TREE_BYTES * scale)),
}


def backlog(place: Path, scale: float) -> Iterator[Figure]:
    """A backlog of every kind, each exact."""
    for kind in KINDS:
        yield read_backlog(place / kind.replace(" ", "-"), kind, scale)


def read_backlog(logs: Path, kind: str, scale: float) -> Figure:
    """A backlog of one kind, written to `logs`."""
    ledger, database = KINDS[kind](logs, scale), logs.with_suffix(".db")
    with limited(LIMIT_MB * 1_000_000) as group, Watched(database, logs, flags=["--once"], group=group) as watched:
        peak = _watch(watched)
        watched.end()
    check(database, ledger)
    how = "and no more could be had (cgroup)" if group else "measured (VmHWM), nothing forbids more"
    name = f"peak memory, {ledger.size / 1e6:,.0f} MB of {kind}, exact"
    return Figure(name, peak, "MB", TARGET_MB, how, LIMIT_MB)


def _watch(watched: Watched) -> float:
    """The highest peak that was seen, until it ends."""
    peak = 0.0
    while True:
        try:
            watched.process.wait(GLANCE_S)
        except subprocess.TimeoutExpired:
            peak = max(peak, _peak(watched))
        else:
            return peak


def _peak(watched: Watched) -> float:
    try:
        return watched.peak_mb
    except (OSError, ValueError):  # it is ending
        return 0.0
