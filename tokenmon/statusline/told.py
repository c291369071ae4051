"""What Claude Code tells a status line: one JSON object on stdin, of which every part may be missing.

Fields as in https://code.claude.com/docs/en/statusline: percentages may exceed 100, times are seconds since 1970, and a
window is left out once it has ended.
"""

import json
import math
import re
from typing import Any, NamedTuple

from tokenmon.limits import BELIEVED
from tokenmon.store.glance import Told

LATEST_S = 4_133_980_800
"""First second that is not believed any more: the year 2101."""


_PLAIN = re.compile("[a-z0-9_]{1,64}").fullmatch
"""How Claude Code calls a window."""


class Status(NamedTuple):
    """What is known of the session."""

    session: str = ""
    cost: float | None = None
    """Claude Code's own estimate for this session, USD."""
    limits: tuple[Told, ...] = ()


def status_of(text: bytes) -> Status:
    """What a status says; junk says nothing."""
    try:
        status = json.loads(text)
    except (ValueError, RecursionError):
        return Status()
    if not isinstance(status, dict):
        return Status()
    session = status.get("session_id")
    return Status(
        session if isinstance(session, str) else "",
        _number(_object(status.get("cost")).get("total_cost_usd"), 1e6),
        limits_of(status),
    )


def limits_of(status: dict[str, Any]) -> tuple[Told, ...]:
    """The windows of `rate_limits`. They are kept and shown: what is not called in plain words is none."""
    limits = []
    for name, window in _object(status.get("rate_limits")).items():
        used = _number(_object(window).get("used_percentage"), BELIEVED)
        if used is not None and _PLAIN(name):
            resets_at = _number(window.get("resets_at"), LATEST_S)
            limits.append(Told(name, used, None if resets_at is None else int(resets_at) * 1_000))
    return tuple(limits)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object, most: float) -> float | None:
    """A number between 0 and `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and 0 <= value <= most else None
