"""Who spends it: API keys, or any other name that a call carries."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.reader import Reader
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import GroupedPanel
from tokenmon.ui.panels.groups import Answer
from tokenmon.ui.panels.measures import Measure
from tokenmon.ui.panels.spenders import spender
from tokenmon.view import View

_NAMES = ("key", "integration", "account", "user", "project", "source_class", "host", "dialect")

GROUPS: tuple[Dimension, ...] = tuple(dimension for name in _NAMES if (dimension := by_name(name)))
"""What `b` walks: the dimensions that tell who made a call."""


class KeysPanel(GroupedPanel):
    """What each key cost in the chosen window."""

    ID = "keys"
    TITLE = "Keys"
    ESSENTIAL = ("cost", "requests", "share", "change", "errors", "last")
    OPTIONAL = ("total", "input", "output", "trend", "key_id", "model", "cache_read", "cache_write")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "group", "group", id="keys.group", tooltip="group by key, integration, account, user, ..."),
    ]

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        kept = by_name(memory.get("keys.by", _NAMES))
        self.by = kept or GROUPS[0]
        self._is_open = kept is not None
        """Whether it is settled what the rows are."""

    async def load(self, reader: Reader, view: View) -> Answer:
        if not self._is_open:
            await self._open(reader, view)
        return await super().load(reader, view)

    async def _open(self, reader: Reader, view: View) -> None:
        """Group by keys where there are any, so that it never is one row that says nothing."""
        by = await spender(reader, view.window, self.look.zone)
        if by is not None and not self._is_open:
            self.by, self._is_open = by, True

    def offered(self, width: int) -> list[Measure]:
        """A key has an id, a project does not."""
        return [measure for measure in super().offered(width) if measure.key != "key_id" or self.by.name == "key"]

    def action_group(self) -> None:
        """Group by the next name."""
        self.by = GROUPS[(GROUPS.index(self.by) + 1) % len(GROUPS)]
        self._is_open = True
        self.memory.put("keys.by", self.by.name)
        self.ask_again()
