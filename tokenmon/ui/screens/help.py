"""Every key with what it does, made from the bindings themselves, so that help cannot differ from the program."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from tokenmon.ui.keys import written
from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines

Section = tuple[str, Sequence[Binding]]
"""A title and its keys."""


class HelpScreen(ModalScreen[None]):
    """A list of keys; any of Esc, q and ? closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "close", id="help.close"),
        Binding("j", "scroll('down')", show=False, id="help.down"),
        Binding("k", "scroll('up')", show=False, id="help.up"),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; padding: 0 1; background: $background; scrollbar-size: 1 1;
    }
    HelpScreen Lines { height: auto; }
    """

    def __init__(self, look: Look, sections: Sequence[Section]) -> None:
        super().__init__()
        self._look = look
        self._sections = sections

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as scroll:
            scroll.border_title = "Keys"
            scroll.border_subtitle = "Esc closes"
            yield Lines(id="help-text")

    def on_mount(self) -> None:
        self.query_one("#help-text", Lines).show(self._text(), layout=True)

    def action_scroll(self, where: str) -> None:
        """One row up or down."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_down if where == "down" else scroll.scroll_up)(animate=False)

    def _text(self) -> Text:
        palette = self._look.palette
        lines = []
        for title, bindings in self._sections:
            lines.append(Text(title, f"bold {palette.text}"))
            for binding in bindings:
                line = Text(f"  {written(binding.key):<16}", f"bold {palette.primary}")
                lines.append(line.append(binding.tooltip or binding.description, palette.muted))
        return Text("\n").join(lines)
