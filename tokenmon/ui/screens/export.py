"""Asks in which form a panel is exported: a key, or Enter for the one used last."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tokenmon.ui.exporting import FORMATS, Format
from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines, clickable


class ExportPrompt(ModalScreen[Format]):
    """Dismissed with a format, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "dismiss", "close", id="export.close"),
        Binding("enter", "last_used", "the one used last", id="export.again"),
        *(Binding(each.key, f"take({at})", each.title, id=f"export.{each.name}") for at, each in enumerate(FORMATS)),
    ]

    DEFAULT_CSS = """
    ExportPrompt { align: center middle; }
    ExportPrompt Vertical {
        width: 50; max-width: 100%; height: 6; border: round $primary; padding: 0 1; background: $background;
    }
    ExportPrompt Lines { height: 4; }
    """

    def __init__(self, look: Look, title: str, last: str) -> None:
        """`last`: the name of the format used last; empty where there is none."""
        super().__init__()
        self._look = look
        self._title = title
        self._last = next((each for each in FORMATS if each.name == last), FORMATS[0])

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = f"Export {self._title}"
            box.border_subtitle = "Esc closes"
            yield Lines(id="export-formats")

    def on_mount(self) -> None:
        keyboard, palette = self._look.keyboard, self._look.palette
        rows = []
        for at, each in enumerate(FORMATS):
            action = f"screen.take({at})"
            key = keyboard.named(f"export.{each.name}")
            row = Text().append(f" {key}  ", clickable(f"bold {palette.primary}", action))
            row.append(each.title, clickable(palette.text, action))
            if each is self._last:
                row.append(f"   {keyboard.named('export.again')}", f"bold {palette.primary}")
            rows.append(row)
        rows.append(Text(" a new file in the current directory", palette.muted))
        self.query_one("#export-formats", Lines).show(Text("\n").join(rows))

    def action_take(self, index: int) -> None:
        """Write it like this."""
        self.dismiss(FORMATS[index])

    def action_last_used(self) -> None:
        """Write it as the last time."""
        self.dismiss(self._last)
