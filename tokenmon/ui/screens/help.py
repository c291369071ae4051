"""Every key with what it does, made from the bindings themselves, so that help cannot differ from the program; `i`
shows in place of that what each is called in `[keys]`."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines, wrapped

WIDTH = 76
"""Columns of the window, where there are so many."""

FRAME = 5
"""Columns of border, padding and scroll bar."""

KEYS = 18
"""Columns before what keys do."""

Section = tuple[str, Sequence[Binding]]
"""A title and its keys."""


class HelpScreen(ModalScreen[None]):
    """A list of keys; any of Esc, q and ? closes it."""

    _names: bool = False
    """Whether ids are shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace,question_mark,f1,enter", "dismiss", "close", id="help.close"),
        Binding("j", "scroll('down')", show=False, id="help.down"),
        Binding("k", "scroll('up')", show=False, id="help.up"),
        Binding("i", "names", show=False, id="help.names"),
    ]

    DEFAULT_CSS = f"""
    HelpScreen {{ align: center middle; }}
    HelpScreen VerticalScroll {{
        width: {WIDTH}; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; padding: 0 1; background: $background; scrollbar-size: 1 1;
    }}
    HelpScreen Lines {{ height: auto; }}
    """

    def __init__(self, look: Look, sections: Sequence[Section]) -> None:
        super().__init__()
        self._look = look
        self._sections = sections

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as scroll:
            scroll.border_title = "Keys"
            yield Lines(id="help-text")

    def action_names(self) -> None:
        """What keys are called in the configuration, or again what they do."""
        self._names = not self._names
        self._draw()

    def _draw(self) -> None:
        key = self._look.keyboard.named("help.names")
        words = "what they do" if self._names else "ids for [keys] in config.toml"
        self.query_one(VerticalScroll).border_subtitle = Content(f"{key} {words}, Esc closes")
        self.query_one("#help-text", Lines).show(self._text(), layout=True)

    def on_resize(self, event: Resize) -> None:
        """Fold for another width."""
        self._draw()

    def action_scroll(self, where: str) -> None:
        """One row up or down."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_down if where == "down" else scroll.scroll_up)(animate=False)

    def _text(self) -> Text:
        palette = self._look.palette
        width = min(WIDTH, self.app.size.width) - FRAME
        lines = []
        for title, bindings in self._sections:
            lines.append(Text(title, f"bold {palette.text}"))
            for binding in bindings:
                keys = Text("").append(f"  {self._look.keyboard.all(binding):<{KEYS - 2}}", f"bold {palette.primary}")
                first, *rest = wrapped((binding.id or "") if self._names else binding.tooltip, width - KEYS)
                lines.append(keys.append(first, palette.muted))
                lines += [Text(" " * KEYS + part, palette.muted) for part in rest]
        return Text("\n").join(lines)
