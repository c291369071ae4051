"""Clocks that can be set. To be imported before tokenmon: what it takes for the system's clocks are these.

A step moves the wall clock alone, as an administrator or NTP does; time that passes moves both.
"""

import time

_wall, _monotonic = time.time, time.monotonic


class Clock:
    """How far both clocks are from the real ones, seconds."""

    def __init__(self) -> None:
        self._stepped = 0.0
        self._passed = 0.0

    def step(self, seconds: float) -> None:
        """The wall clock is set, back or forth."""
        self._stepped += seconds

    def go_on(self, seconds: float) -> None:
        """Time passes."""
        self._passed += seconds

    def wall(self) -> float:
        """Seconds since 1970."""
        return _wall() + self._stepped + self._passed

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return _monotonic() + self._passed


CLOCK = Clock()
time.time, time.monotonic = CLOCK.wall, CLOCK.monotonic
