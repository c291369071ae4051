"""Asks for a range in the one grammar that reports use, too; what is wrong with it is said at once."""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tokenmon.errors import UsageError
from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines

EXAMPLES = "6h  3d  week  mon..  09:00..  2026-11-01..2026-11-15"
"""As many as fit the narrowest terminal."""


class RangePrompt(ModalScreen[str]):
    """Dismissed with the range, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "close", id="range.close")]

    DEFAULT_CSS = """
    RangePrompt { align: center middle; }
    RangePrompt Vertical {
        width: 72; max-width: 100%; height: 5; border: round $primary; padding: 0 1; background: $background;
    }
    """

    def __init__(self, look: Look, range_text: str, check: Callable[[str], object]) -> None:
        """`check` raises UsageError for what is no range."""
        super().__init__()
        self._look = look
        self._range = range_text
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Range"
            box.border_subtitle = "Enter takes it, Esc closes"
            yield Input(self._range, compact=True)
            yield Lines(id="range-examples")
            yield Lines(id="range-error")

    def on_mount(self) -> None:
        self.query_one("#range-examples", Lines).show(Text(EXAMPLES, self._look.palette.muted))
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the range, or say why not."""
        event.stop()
        text = event.value.strip()
        try:
            self._check(text)
        except UsageError as error:
            self.query_one("#range-error", Lines).show(Text(self._look.name(str(error)), self._look.palette.bad))
            return
        self.dismiss(text)

    def action_give_up(self) -> None:
        """Leave the range as it is."""
        self.dismiss(None)
