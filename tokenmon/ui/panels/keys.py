"""Who spends it: API keys, or any other name that a call carries."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tokenmon.dimensions import Dimension, by_name
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import GroupedPanel
from tokenmon.ui.widgets.keyed_table import Column

GROUPS: tuple[Dimension, ...] = tuple(
    dimension for name in ("key", "project", "user", "integration", "account", "host") if (dimension := by_name(name))
)
"""What `b` walks: the dimensions that tell who made a call."""


class KeysPanel(GroupedPanel):
    """What each key cost in the chosen window."""

    ID = "keys"
    TITLE = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "group", "group", id="keys.group", tooltip="group by key, project, user, integration, ..."),
    ]

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self.by = GROUPS[0]

    def action_group(self) -> None:
        """Group by the next name."""
        self.by = GROUPS[(GROUPS.index(self.by) + 1) % len(GROUPS)]
        self.ask_again()

    def columns(self, width: int) -> Sequence[Column]:
        wide = width >= 100
        columns = [
            self.heading("requests", "REQS", 6),
            *([self.heading("input", "IN", 7), self.heading("output", "OUT", 7)] if wide else []),
            *([self.heading("total", "TOKENS", 7)] if wide else []),
            self.heading("cost", "COST", 8),
            self.heading("share", "SHARE", 16 if width >= 120 else 9, number=False),
            *([self.heading("change", "CHANGE", 7)] if width >= 70 else []),
            *([self.heading("errors", "ERR", 6)] if width >= 80 else []),
            *([self.heading("last", "SEEN", 7)] if width >= 80 else []),
        ]
        return self.with_names(columns, width, self.by.label.upper(), 40)
