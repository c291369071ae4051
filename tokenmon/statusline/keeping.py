"""The limits as a small log of their own, which the ingester reads like any other: only it writes the database.

A line is written only when something is news. Every open session shows what its own last answer said, so a session at
rest repeats old percentages: within one window the larger one is the newer one.
"""

import json
import os
from collections.abc import Iterable

from tokenmon import directories
from tokenmon.statusline.told import limits_of
from tokenmon.store.glance import Told

NAME = "limits.jsonl"
MOST_BYTES = 64 * 1024
"""A longer log makes room: it becomes the older of two."""
LAST = 4_096
"""How much of the end is looked at for the last line, bytes."""
SAME_MS = 120_000
"""Ends of one window may be told this far apart."""
_SAFELY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Neither a link nor a pipe in the log's place may lead the prompt astray, or hold it up."""


def keep(directory: str, limits: tuple[Told, ...], now_ms: int) -> None:
    """Write a line where there is news; whatever hinders that, the prompt goes on."""
    if not limits:
        return
    path = os.path.join(directory, NAME)
    try:
        news = merged(_last(path), limits)
        if news is None:
            return
        directories.make(directory)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFELY, 0o600)
        try:
            os.write(descriptor, _line(news, now_ms))
            full = os.fstat(descriptor).st_size > MOST_BYTES
        finally:
            os.close(descriptor)
        if full:
            os.replace(path, f"{path}.1")
    except (OSError, ValueError):
        return


def merged(known: Iterable[Told], told: Iterable[Told]) -> tuple[Told, ...] | None:
    """What is known now of all windows; None where nothing of it is news."""
    windows = {limit.name: limit for limit in known}
    before = dict(windows)
    for limit in told:
        if _is_news(windows.get(limit.name), limit):
            windows[limit.name] = limit
    return tuple(windows.values()) if windows != before else None


def _is_news(known: Told | None, told: Told) -> bool:
    if known is None or known.resets_at is None or told.resets_at is None:
        return known != told
    if abs(told.resets_at - known.resets_at) <= SAME_MS:
        return told.used > known.used
    return told.resets_at > known.resets_at


def _line(limits: tuple[Told, ...], now_ms: int) -> bytes:
    """As Claude Code spells it, with the time."""
    windows = {
        limit.name: {"used_percentage": limit.used}
        | ({} if limit.resets_at is None else {"resets_at": limit.resets_at // 1_000})
        for limit in limits
    }
    return json.dumps({"timestamp": now_ms, "rate_limits": windows}).encode() + b"\n"


def _last(path: str) -> tuple[Told, ...]:
    """What the last line of the log says; nothing where there is none."""
    try:
        with open(os.open(path, os.O_RDONLY | _SAFELY), "rb", buffering=0) as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - LAST))
            lines = log.read(LAST).splitlines()
        record = json.loads(lines[-1]) if lines else None
    except (OSError, ValueError, RecursionError):
        return ()
    return limits_of(record) if isinstance(record, dict) else ()
