"""Alerts that the user has seen. They fire on, for whoever else looks, but are not counted on the screen any more.

An alert is known by its number and by when it began: one that stopped and begins again is a new one, and one that only
counts higher is not.
"""

from collections.abc import Iterable

from tokenmon.store.answers import AlertRow
from tokenmon.ui.memory import Memory

_NAME = "acknowledged"

_MOST = 16
"""That are kept, the newest; more do not fit into a value of the memory."""


class Acknowledged:
    """What was seen of one database, kept with the other choices of the user."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def holds(self, alert: AlertRow) -> bool:
        """Whether it was seen since it began."""
        return _mark(alert) in self._marks()

    def turn(self, alert: AlertRow) -> None:
        """See it, or see it no more."""
        mark, marks = _mark(alert), self._marks()
        kept = [each for each in marks if each != mark] if mark in marks else [*marks, mark]
        self._memory.put(_NAME, " ".join(kept[-_MOST:]))

    def firing(self, alerts: Iterable[AlertRow]) -> int:
        """How many fire that were not seen."""
        return sum(alert.state == "firing" and not self.holds(alert) for alert in alerts)

    def _marks(self) -> list[str]:
        return self._memory.get(_NAME).split()


def _mark(alert: AlertRow) -> str:
    return f"{alert.id}@{alert.since}"
