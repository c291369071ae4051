"""Chooses the columns of a table; every change is seen at once behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.columns import Column
from tokenmon.ui.widgets.keyed_table import KeyedRow, KeyedTable

LAYOUT = (Column("shown", "", 3), Column("label", "", 9), Column("tells", "", 50))


@dataclass(frozen=True)
class Offer:
    """A column to show or hide."""

    key: str
    label: str
    tells: str
    shown: bool
    has_room: bool
    """Whether it would be seen in a terminal of this width."""


class ColumnsScreen(ModalScreen[None]):
    """A list of columns; Space shows or hides one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "show or hide", id="columns.toggle"),
        Binding("escape,q,C", "dismiss", "close", id="columns.close"),
    ]

    DEFAULT_CSS = """
    ColumnsScreen { align: center middle; }
    ColumnsScreen Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; padding: 0 1; background: $background;
    }
    ColumnsScreen KeyedTable { height: auto; max-height: 100%; background: $background; }
    """

    def __init__(self, look: Look, offers: Callable[[], Sequence[Offer]], toggle: Callable[[str], None]) -> None:
        """`offers` tells what is shown by now, `toggle` shows or hides the column of a key."""
        super().__init__()
        self._look = look
        self._offers = offers
        self._toggle = toggle

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Columns"
            box.border_subtitle = "Space shows or hides, Esc closes"
            yield KeyedTable()

    def on_mount(self) -> None:
        table = self.query_one(KeyedTable)
        table.show_header = False
        self._draw()
        table.focus()

    def _draw(self) -> None:
        self.query_one(KeyedTable).show(LAYOUT, [KeyedRow(offer.key, self._cells(offer)) for offer in self._offers()])

    def _cells(self, offer: Offer) -> tuple[Text, ...]:
        palette = self._look.palette
        tells = offer.tells if offer.has_room or not offer.shown else "not now; " + offer.tells
        return (
            Text("[x]" if offer.shown else "[ ]", palette.primary, no_wrap=True),
            Text(offer.label, f"bold {palette.text}", no_wrap=True),
            self._look.label(tells, LAYOUT[2].width, palette.muted),
        )

    def on_data_table_row_selected(self, event: KeyedTable.RowSelected) -> None:
        """Enter and a second click do as Space."""
        event.stop()
        self.action_choose()

    def action_choose(self) -> None:
        """Show or hide the column under the cursor."""
        key = self.query_one(KeyedTable).cursor_key
        if key is not None:
            self._toggle(key)
            self._draw()
