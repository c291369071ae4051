"""When the terminal's bell rings: once for every critical alert that begins while the screen is open."""

from collections.abc import Iterable

from tokenmon.store.answers import AlertRow


class Bell:
    """What it rang for already."""

    def __init__(self) -> None:
        self._known: set[tuple[int, int]] | None = None

    def is_due(self, alerts: Iterable[AlertRow]) -> bool:
        """Whether there is a critical alert that was not there the last time; the first time tells what is old."""
        critical = {
            (alert.id, alert.since) for alert in alerts if alert.state == "firing" and alert.severity == "critical"
        }
        due = self._known is not None and not critical <= self._known
        self._known = critical | (self._known or set())
        return due
