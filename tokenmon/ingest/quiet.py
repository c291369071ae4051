"""Invalid lines are always counted and rarely told: at most 10 a source in five seconds of clock.

The clock counts and not the cycle, because cycles in a backlog follow each other without a pause.
"""

from tokenmon.source import RejectedLine

TOLD = 10
PERIOD_S = 5.0
_MAX_SOURCES = 10_000


class Quiet:
    """Chooses which rejected lines are kept with their place; the others are only counted."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, int]] = {}

    def allow(self, path: str, rejects: list[RejectedLine], now_s: float) -> list[RejectedLine]:
        """The first of `rejects` that may still be told for this source; `now_s` is a monotonic clock."""
        if not rejects:
            return rejects
        since, told = self._told.get(path, (now_s, 0))
        if now_s - since >= PERIOD_S:
            since, told = now_s, 0
        allowed = rejects[: max(0, TOLD - told)]
        if len(self._told) >= _MAX_SOURCES:
            self._told.clear()
        self._told[path] = (since, told + len(allowed))
        return allowed
