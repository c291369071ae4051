"""Claude Code's status objects, as `tokenmon statusline` keeps them and raw."""

from typing import Any

from tests.dialects.cases.case import Case, Json
from tokenmon.events import Limit


def kept(at: int, **windows: Any) -> Json:
    """A line of the log that the status line keeps."""
    return {"timestamp": at, "rate_limits": windows}


def window(used: float, resets_at: int) -> Json:
    """One window, as Claude Code spells it."""
    return {"used_percentage": used, "resets_at": resets_at}


def raw(**more: Any) -> Json:
    """What Claude Code hands over, without limits."""
    return {
        "hook_event_name": "Status",
        "session_id": "5f1c",
        "transcript_path": "/home/dev/.claude/projects/-home-dev-alpha/5f1c.jsonl",
        "cwd": "/home/dev/alpha",
        "model": {"id": "claude-opus-4-8", "display_name": "Opus"},
        "workspace": {"current_dir": "/home/dev/alpha", "project_dir": "/home/dev/alpha"},
        "version": "2.1.80",
        "cost": {"total_cost_usd": 0.38, "total_duration_ms": 5400000},
        "context_window": {"context_window_size": 200000, "used_percentage": 8},
        **more,
    }


EVENING, WEEK = 1_789_390_800, 1_789_900_000

CASE = Case(
    dialect="claude-code-status",
    files={
        "limits.jsonl": [
            kept(1_789_376_100_000, five_hour=window(12, EVENING), seven_day=window(40.5, WEEK)),
            b'{"timestamp": 1789376200000, "rate_limits": {"five_hour": {"used_percentage": 19',
            kept(1_789_376_300_000, five_hour=window(23.5, EVENING), seven_day=window(41.2, WEEK)),
            kept(1_789_376_200_000, five_hour=window(19, EVENING), seven_day=window(41, WEEK)),
            kept(1_789_376_350_000, five_hour={"used_percentage": None}, seven_day=[]),
            b"null",
        ],
        "raw.jsonl": [
            raw(),
            raw(rate_limits={"spend_limit": window(104.5, 1_790_787_200), "five_hour": None}),
        ],
    },
    calls=(),
    limits=(
        Limit(1_789_376_300_000, "claude-code", "five_hour", 23.5, 300, EVENING * 1000),
        Limit(1_789_376_300_000, "claude-code", "seven_day", 41.2, 10_080, WEEK * 1000),
        Limit(1_789_376_400_000, "claude-code", "spend_limit", 104.5, None, 1_790_787_200_000),
    ),
    bad=2,
)
