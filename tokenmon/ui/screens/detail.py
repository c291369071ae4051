"""One event in a window of its own; Esc, q and Enter close it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tokenmon.store.answers import StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.trace import REACH
from tokenmon.ui.look import Look
from tokenmon.ui.prices import Prices
from tokenmon.ui.widgets.event_detail import EventDetail


class DetailScreen(ModalScreen[None]):
    """Everything about an event; scrolls where it is longer than the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,q,enter", "dismiss", "close", id="detail.close"),
        Binding("l", "line", "line", id="detail.line"),
        Binding("j,down", "scroll(1)", show=False, id="detail.down"),
        Binding("k,up", "scroll(-1)", show=False, id="detail.up"),
        Binding("pagedown,space", "page(1)", show=False, id="detail.page.down"),
        Binding("pageup", "page(-1)", show=False, id="detail.page.up"),
        Binding("G,end", "ends(1)", show=False, id="detail.end"),
        Binding("g,home", "ends(-1)", show=False, id="detail.start"),
    ]

    DEFAULT_CSS = """
    DetailScreen { align: center middle; }
    DetailScreen Vertical {
        width: 84; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; padding: 0 1; background: $background;
    }
    DetailScreen EventDetail { height: auto; max-height: 100%; }
    """

    def __init__(
        self, look: Look, prices: Prices | None, reader: Reader | None, event: StoredEvent, *, with_line: bool
    ) -> None:
        super().__init__()
        self._event = event
        self._detail = EventDetail(look, REACH)
        self._detail.prices = prices
        self._detail.reader = reader
        self._detail.with_line = with_line

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Event"
            box.border_subtitle = "l line, Esc closes"
            yield self._detail

    def on_mount(self) -> None:
        self._detail.show(self._event, at_once=True)

    def action_line(self) -> None:
        """Show the line, or hide it."""
        self._detail.show_line(not self._detail.with_line)

    def action_scroll(self, step: int) -> None:
        """A row up or down."""
        self._detail.scroll_relative(y=step, animate=False)

    def action_ends(self, direction: int) -> None:
        """To the last row, or to the first."""
        self._detail.scroll_relative(y=direction * self._detail.virtual_size.height, animate=False)

    def action_page(self, step: int) -> None:
        """A screenful up or down."""
        self._detail.scroll_relative(y=step * (self._detail.size.height - 1), animate=False)
