"""What Claude Code hands to a status-line command, logged: official limits, and never a call.

`tokenmon statusline` keeps such a log of what is news in it, with the time; a log of the raw objects, which have no
time, is read as well. Percentages may exceed 100, times are seconds since 1970. Source:
https://code.claude.com/docs/en/statusline
"""

from collections.abc import Mapping
from pathlib import Path

from tokenmon import directories
from tokenmon.dialects import claude_code, fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import Limit, Parsed
from tokenmon.limits import BELIEVED, CLAUDE_CODE_WINDOWS

NAME = "claude-code-status"
KNOWN = (*CLAUDE_CODE_WINDOWS, "spend_limit")
MANY = 20
"""Windows of one line that are looked at."""


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The limits of a line; nothing where it has none, as for users who pay by the token."""
    windows = fields.mapping(record.get("rate_limits"))
    if not windows:
        return None
    ts, _ = scene.moment(record.get("timestamp"), "timestamp")
    told = []
    for name, window in list(windows.items())[:MANY]:
        window = fields.mapping(window)
        used = fields.percentage(window.get("used_percentage"), BELIEVED)
        if used is not None:
            resets_at = fields.harmless_moment(window.get("resets_at"))
            told.append(Limit(ts, claude_code.NAME, scene.clean(name), used, CLAUDE_CODE_WINDOWS.get(name), resets_at))
    return tuple(told) or None


def matches(record: Record) -> bool:
    """Limits with Claude Code's names for them, or the whole object that it hands over."""
    if "type" in record or "payload" in record:
        return False
    windows = record.get("rate_limits")
    if isinstance(windows, dict) and any(name in windows for name in KNOWN):
        return True
    return "transcript_path" in record and isinstance(record.get("workspace"), dict)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """Where `tokenmon statusline` keeps what it was told."""
    return (Place(Path(directories.told_limits(environment, str(home))), "Claude Code's limits"),)


CLAUDE_CODE_STATUS = Dialect(name=NAME, matches=matches, reader=alone(read, b'"rate_limits"'), places=places)
