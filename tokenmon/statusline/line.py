"""The line itself: what today and this session cost, how fast, and what is left of the limits."""

import os
import sys
import time
from datetime import datetime, timedelta, tzinfo

from tokenmon import directories
from tokenmon.limits import CLAUDE_CODE_WINDOWS, clock, label
from tokenmon.statusline.keeping import keep
from tokenmon.statusline.told import Status, status_of
from tokenmon.statusline.where import where
from tokenmon.store.glance import Cost, Glance, Told, glance

NANO = 1_000_000_000
MOST_BYTES = 1 << 20
"""More is not Claude Code's."""
BETWEEN = " | "


def run(database: str = "") -> int:
    """Read a status from stdin, keep its limits, print the line. Always 0."""
    now_ms = time.time_ns() // 1_000_000
    environment = os.environ
    status, place = status_of(_stdin()), where(environment, database)
    keep(directories.told_limits(environment, place.home), status.limits, now_ms)
    found = glance(place.database, status.session, day(now_ms, place.zone), now_ms)
    _print(text(status, found, now_ms, place.zone))
    return 0


def _stdin() -> bytes:
    """What was handed over; nothing where a person typed the command."""
    try:
        if sys.stdin is None or sys.stdin.isatty():
            return b""
        return sys.stdin.buffer.read(MOST_BYTES)
    except (OSError, ValueError):
        return b""


def _print(line: str) -> None:
    try:
        os.write(1, line.encode("utf-8", "replace") + b"\n")
    except OSError:
        return


def day(now_ms: int, zone: tzinfo | None) -> tuple[int, int]:
    """The span of the day that it is in a zone, UTC milliseconds."""
    midnight = datetime.fromtimestamp(now_ms / 1_000, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # Of the wall clock, so that a day with a change of clocks has 23 hours or 25.
    return int(midnight.timestamp()) * 1_000, int((midnight + timedelta(days=1)).timestamp()) * 1_000


def text(status: Status, found: Glance, now_ms: int, zone: tzinfo | None) -> str:
    """`today $4.21 | session $0.38 | $1.20/h | 5h 42% left until 17:30`."""
    stands = "" if found.as_of is None else f" (at {clock(found.as_of, now_ms, zone)})"
    parts = [f"today {_cost(found.today)}{stands}"]
    session = _session(status, found)
    if session is not None:
        parts.append(f"session {_cost(session)}")
    if found.hour is not None and found.as_of is None and found.hour.nano:
        parts.append(f"{_cost(found.hour)}/h")
    parts += [_left(limit, now_ms, zone) for limit in status.limits or _known(found, now_ms)]
    return BETWEEN.join(parts)


def _session(status: Status, found: Glance) -> Cost | None:
    """What the database knows while somebody ingests; else Claude Code's own estimate."""
    if found.session is not None and found.as_of is None:
        return found.session
    return found.session if status.cost is None else Cost(round(status.cost * NANO), False)


def _known(found: Glance, now_ms: int) -> tuple[Told, ...]:
    """What an earlier session was told of the windows that have not ended."""
    return tuple(
        limit
        for limit in found.limits
        if limit.name in CLAUDE_CODE_WINDOWS and limit.resets_at is not None and limit.resets_at > now_ms
    )


def _left(limit: Told, now_ms: int, zone: tzinfo | None) -> str:
    """What is left of a limit, and until when; nothing of a window that has ended is used."""
    name = label(limit.name, CLAUDE_CODE_WINDOWS.get(limit.name))
    name = "".join(sign if sign.isprintable() else "?" for sign in name[:30])
    if limit.resets_at is not None and limit.resets_at <= now_ms:
        return f"{name} reset"
    until = "" if limit.resets_at is None else f" until {clock(limit.resets_at, now_ms, zone)}"
    return f"{name} {max(0, 100 - limit.used):.0f}% left{until}"


def _cost(cost: Cost | None) -> str:
    """`$4.21`, `~$4.21` where calls are missing in it, `?` where nothing is known."""
    if cost is None or cost.nano is None:
        return "?"
    return f"{'~' if cost.misses else ''}{_dollars(cost.nano)}"


def _dollars(nano: int) -> str:
    """Cents are enough; less than half of one is not nothing."""
    if 0 < nano < NANO // 200:
        return "<$0.01"
    return f"${max(0, nano) / NANO:,.{0 if nano >= 1_000 * NANO else 2}f}"
