"""The official limits that Codex logs with its counters (`RateLimitSnapshot` of codex-rs/protocol).

Nothing in them can cost the line: what cannot be used is left out. The account's own windows have no id, or the
dialect's name for one; those of single models carry their name before the window's. The plan is what the log calls it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tokenmon.dialects import fields
from tokenmon.dialects.fields import Cleaned
from tokenmon.events import Limit
from tokenmon.limits import BELIEVED

WINDOWS = ("primary", "secondary")
LONGEST = 10 * 366 * 24 * 60
"""Longest window that is believed, minutes."""


def limits_of(told: Any, ts: int, dialect: str, clean: Cleaned) -> Iterator[Limit]:
    """The limits of a `rate_limits` object that was logged at `ts`, UTC milliseconds."""
    limits = fields.mapping(told)
    identity, model = limits.get("limit_id"), limits.get("limit_name")
    if identity is not None:
        identity, model = clean(fields.harmless_string(identity)), clean(fields.harmless_string(model))
    of = "" if not identity or identity == dialect else f"{model or identity} "
    for window in WINDOWS:
        values = limits.get(window)
        if not isinstance(values, dict):
            continue
        used = fields.percentage(values.get("used_percent"), BELIEVED)
        if used is not None:
            yield Limit(
                ts=ts,
                dialect=dialect,
                name=of + window,
                used=used,
                minutes=fields.harmless_count(values.get("window_minutes"), LONGEST) or None,
                resets_at=_reset(values, ts),
                plan=clean(fields.harmless_string(limits.get("plan_type"))),
            )


def _reset(window: Mapping[str, Any], ts: int) -> int | None:
    """When the window is whole again: at a moment (seconds), or in older versions so many seconds after the line."""
    at = fields.harmless_moment(window.get("resets_at"))
    if at is not None:
        return at
    seconds = fields.harmless_count(window.get("resets_in_seconds"), LONGEST * 60)
    return None if seconds is None else ts + seconds * 1_000
