"""Who spends it: API keys, or any other name that a call carries."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.reader import Reader
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import Answer, GroupedPanel
from tokenmon.ui.panels.measures import Measure
from tokenmon.view import View

_NAMES = ("key", "integration", "account", "user", "project", "source_class", "host", "dialect")

GROUPS: tuple[Dimension, ...] = tuple(dimension for name in _NAMES if (dimension := by_name(name)))
"""What `b` walks: the dimensions that tell who made a call."""

OPENS_BY: tuple[str, ...] = ("key", "project", "integration")
"""The first of them that any call names is what the panel opens by; the last one in any case."""


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
        for name in OPENS_BY:
            by = by_name(name)
            assert by is not None
            found = await reader.breakdown(view, (by,), zone=self.look.zone, sort="name", limit=1)
            if self._is_open or not found.groups:
                return
            self.by = by
            if found.groups[0].values[0] is not None:
                break
        self._is_open = True

    def offered(self, width: int) -> list[Measure]:
        """A key has an id, a project does not."""
        return [measure for measure in super().offered(width) if measure.key != "key_id" or self.by.name == "key"]

    def action_group(self) -> None:
        """Group by the next name."""
        self.by = GROUPS[(GROUPS.index(self.by) + 1) % len(GROUPS)]
        self._is_open = True
        self.memory.put("keys.by", self.by.name)
        self.ask_again()
