"""How official limits are told to people, the same on the screen, in reports and in the status line.

A limit is what its provider last said, never an estimate; once its window has ended it is whole again, whatever was
said before. What a log calls `primary` or `five_hour` is told by the length of its window.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the status line starts without msgspec
    from tokenmon.events import Limit

NEARLY = 90
"""Percent of a limit from which it is told; it fires when all of it is used."""

STALE_MS = 8 * 24 * 3_600_000
"""What was told longer ago, and ended, is no news any more: the longest usual window is a week."""

BELIEVED = 10_000
"""Largest percentage that is believed: a limit may be overdrawn, but not a hundredfold."""

CLAUDE_CODE_WINDOWS = {"five_hour": 300, "seven_day": 10_080}
"""Lengths in minutes of the windows that Claude Code tells by name only."""

_HOUR = 60


def span(minutes: int) -> str:
    """The length of a window: `30m`, `5h` (providers also write 299 minutes), `7d`."""
    if minutes < _HOUR:
        return f"{minutes}m"
    hours = round(minutes / _HOUR)
    return f"{hours // 24}d" if hours >= 48 and not hours % 24 else f"{hours}h"


def label(name: str, minutes: int | None) -> str:
    """What a limit is called: the length of its window, after the model where it is of one model only."""
    if minutes is None:
        return name
    model = name.rpartition(" ")[0]
    return f"{model} {span(minutes)}" if model else span(minutes)


def title(limit: "Limit") -> str:
    """Whose limit it is, and which: `codex 5h`."""
    return f"{limit.dialect} {label(limit.name, limit.minutes)}"


def ends_at(limit: "Limit") -> int | None:
    """When the window ends at the latest, UTC milliseconds; None where nobody can know."""
    if limit.resets_at is not None or limit.minutes is None:
        return limit.resets_at
    return limit.ts + limit.minutes * 60_000


def is_reset(limit: "Limit", now_ms: int) -> bool:
    """Whether its window has ended, so that nothing of it is used."""
    end = ends_at(limit)
    return end is not None and end <= now_ms


def standing(limits: Iterable["Limit"], now_ms: int) -> tuple["Limit", ...]:
    """Those worth telling now: the most used first, at the end those that were reset."""
    told = [limit for limit in limits if limit.ts > now_ms - STALE_MS or not is_reset(limit, now_ms)]
    return tuple(sorted(told, key=lambda limit: (is_reset(limit, now_ms), -limit.used, title(limit), limit.plan)))


def clock(at_ms: int, now_ms: int, zone: tzinfo | None) -> str:
    """When something is, in a zone or in the machine's: `17:30` today, `Thu 17:30` within a week, else `Dec 03`."""
    then, now = (datetime.fromtimestamp(ms / 1_000, zone) for ms in (at_ms, now_ms))
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if abs(then - now) < timedelta(days=6, hours=12) else f"{then:%b %d}"
