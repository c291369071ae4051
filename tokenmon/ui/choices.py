"""What the user chose: panel, range, filters, interval and pause, and which of it is there again at the next start.

What is set, by a flag, a variable or the file, wins over what was chosen at an earlier start, and is not kept as a
choice. Panels keep their own choices.
"""

from tokenmon import ranges
from tokenmon.errors import UsageError
from tokenmon.settings import THEMES, Settings
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.view import Condition, Window

RANGES = ("today", "1h", "24h", "7d", "month", "30d", "all")
"""What the range's key walks; everything else is typed."""

INTERVALS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between two refreshes that can be chosen."""

AUTO = THEMES[0]
"""The theme that goes by the terminal's background."""


class Choices:
    """The choices of this run."""

    def __init__(self, settings: Settings, memory: Memory, interval: float, now: int) -> None:
        """`interval`: seconds between two refreshes where none is set and none was chosen."""
        self._memory = memory
        self.zone = settings.zone()
        self.budget = settings.budget
        """What may be spent; None where that is not set."""
        self.panel = _index_of(memory.get("panel"))
        """Index of the panel that is shown."""
        self.chips: tuple[Condition, ...] = ()
        """What everything is narrowed to, the newest last."""
        self.range = settings.range or memory.get("range")
        """In the grammar of `ranges`; empty until it is known what there is."""
        self.interval = settings.interval or _seconds(memory.get("interval")) or interval
        """Seconds between two refreshes."""
        self.theme = theme_of(settings, memory)
        self.paused_at: int | None = None
        """The moment at which the clock stands still, UTC milliseconds; None while it goes on."""
        self._check_range(now)

    def _check_range(self, now: int) -> None:
        """A range that was remembered or set may make no sense any more."""
        try:
            self.window(now, None)
        except UsageError:
            self.range = ""

    def window(self, now: int, span: Window | None) -> Window:
        """The range at this moment, with both ends where there is any event; `span` is first to last event."""
        window = ranges.resolve(self.range or "all", now, self.zone, span)
        if span is None or span.start is None or span.end is None:
            return window
        start = span.start if window.start is None else window.start
        end = max(now, span.end, start + 1) if window.end is None else window.end
        return Window(start, end)

    def compared(self, window: Window, now: int) -> Window | None:
        """The span that the range, which is `window` at this moment, is fairly compared with."""
        return ranges.compared(self.range or "all", window, now, self.zone)

    @property
    def is_fixed(self) -> bool:
        """Whether the range does not move with the clock."""
        return self.paused_at is not None or ranges.is_fixed(self.range or "all")

    def open_on(self, now: int, last: int) -> None:
        """Without a choice, look at the smallest range that holds the last event."""
        self.range = ranges.smallest_holding(now, last)

    def take_panel(self, index: int) -> None:
        """Show this panel."""
        self.panel = index % len(PANELS)
        self._memory.put("panel", PANELS[self.panel].ID)

    def take_range(self, text: str) -> None:
        """Look at this range."""
        self.range = text
        self._memory.put("range", text)

    def walk_ranges(self, step: int) -> None:
        """The next or previous range; from any other one to the first."""
        at = RANGES.index(self.range) + step if self.range in RANGES else 0
        self.take_range(RANGES[at % len(RANGES)])

    def walk_intervals(self, step: int) -> None:
        """Refresh more seldom (1) or more often (-1)."""
        others = [interval for interval in INTERVALS if (interval - self.interval) * step > 0]
        if others:
            self.interval = min(others) if step > 0 else max(others)
            self._memory.put("interval", f"{self.interval:g}")

    def take_theme(self, name: str) -> None:
        """Look like this from now on."""
        self.theme = name
        self._memory.put("theme", name)

    def narrow(self, condition: Condition) -> None:
        """Add a condition as the newest; it replaces one for the same field."""
        self.chips = (*(chip for chip in self.chips if chip.field != condition.field), condition)


def theme_of(settings: Settings, memory: Memory) -> str:
    """The theme that is set, else the one that was chosen, else the one that fits the terminal."""
    return settings.theme if settings.is_set("theme") else memory.get("theme", THEMES) or AUTO


def _index_of(panel: str) -> int:
    names = [each.ID for each in PANELS]
    return names.index(panel) if panel in names else 0


def _seconds(text: str) -> float:
    return float(text) if text in {f"{interval:g}" for interval in INTERVALS} else 0.0
