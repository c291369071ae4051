"""Everything that can be done here by name, found by a few of its letters; Textual's palette with our own commands.

Actions come from the bindings of what is on the screen, so that there is no second list; what has no key of its own
(a range, a theme) is offered beside them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.command import CommandInput, CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.style import Style
from textual.widgets import LoadingIndicator

from tokenmon.ranges import CALENDAR
from tokenmon.settings import THEMES
from tokenmon.ui.choices import RANGES
from tokenmon.ui.keys import told_at
from tokenmon.ui.look import Look
from tokenmon.ui.panels.base import Panel

WIDTH = 70
"""Columns of a command with its key, where the terminal has them."""

MARGIN = 7
"""Columns of border, padding and scrollbar."""


@dataclass(frozen=True)
class Command:
    """Something that can be done."""

    title: str
    key: str
    """As people write it; empty where there is none."""
    node: DOMNode
    action: str

    async def run(self) -> None:
        """Do it, where it belongs to."""
        await self.node.app.run_action(self.action, self.node)


def commands_of(panel: Panel[Any], look: Look) -> Iterable[Command]:
    """What can be done while a panel is shown: its own actions first, moving about in it last."""
    screen, told = panel.screen, list(told_at(panel.focus_target()))
    for node, binding in sorted(told, key=lambda each: not isinstance(each[0], (Panel, Screen, App))):
        yield Command(_title(binding), look.keyboard.all(binding), node, binding.action)
    for text in (*RANGES, *CALENDAR):
        yield Command(f"Range: {text}", "", screen, f"take_range({text!r})")
    for name in THEMES:
        yield Command(f"Theme: {name}", "", screen, f"app.take_theme({name!r})")
    yield Command("Copy the command for this view", "", screen, "copy_command")


def _title(binding: Binding) -> str:
    return binding.tooltip[:1].upper() + binding.tooltip[1:]


class Commands(Provider):
    """Finds the commands that its palette was opened with."""

    async def startup(self) -> None:
        """The palette is the screen on top by now."""
        palette = self.app.screen
        assert isinstance(palette, Palette)
        self._look, self._commands = palette.look, palette.commands

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in self._commands:
            yield DiscoveryHit(self._line(command, ()), command.run, command.title)

    async def search(self, query: str) -> Hits:
        """Those whose title holds these letters in this order, best matches first."""
        matcher = self.matcher(query)
        for command in self._commands:
            score, letters = matcher.fuzzy_search.match(query, command.title)
            if score > 0:
                begins = command.title.casefold().startswith(query.casefold())
                score *= 2 if begins else 1
                yield Hit(score, self._line(command, letters), command.run, command.title)

    def _line(self, command: Command, letters: Sequence[int]) -> Content:
        """The title at the left, the found letters marked, and all of the key at the right."""
        palette = self._look.palette
        room = min(WIDTH, self.app.size.width - MARGIN) - cell_len(command.key)
        line = Content(self._look.fit(command.title, room - 1))
        for at in letters:
            line = line.stylize(self.match_style or "", at, at + 1)
        return line + Content.from_rich_text(Text(" " + command.key, f"bold {palette.primary}"))


class Found(CommandList):
    """The list; without colours the chosen line is in reverse, which Textual leaves out of the styles of lines."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """A line's style, in reverse where its rules say so."""
        style = super().get_visual_style(*component_classes, partial=partial)
        reverse = any(self.get_component_styles(name).text_style.reverse for name in component_classes)
        return style + Style(reverse=True) if reverse else style


class Palette(CommandPalette):
    """A line to type in above the list."""

    DEFAULT_CSS = """
    Palette #--container {
        margin: 1 0; width: 76; max-width: 100%; height: auto; max-height: 100%; visibility: visible;
        border: round $primary; padding: 0 1; background: $background;
    }
    Palette #--input { height: 1; border: none; &.--list-visible { border: none; } }
    Palette LoadingIndicator { display: none; }
    Palette CommandInput, Palette CommandInput:focus { height: 1; border: none; padding: 0; }
    Palette #--results { overlay: none; height: auto; }
    Palette CommandList, Palette CommandList:focus {
        height: auto; max-height: 18; border: none; scrollbar-size: 1 1; background: $background;
    }
    Palette CommandList > .option-list--option { padding: 0; text-style: none; }
    Palette CommandList > .option-list--option-highlighted { padding: 0; }
    Palette:ansi CommandList > .option-list--option-highlighted {
        background: ansi_default; color: ansi_default; text-style: reverse;
    }
    """

    def __init__(self, look: Look, commands: Iterable[Command]) -> None:
        super().__init__([Commands], placeholder="an action, a panel, a range, a theme")
        self.look = look
        self.commands = tuple(commands)

    def compose(self) -> ComposeResult:
        with Vertical(id="--container"):
            with Horizontal(id="--input"):
                yield CommandInput(placeholder=self._placeholder, select_on_focus=False)
            with Vertical(id="--results"):
                yield Found()
                yield LoadingIndicator()

    def on_mount(self) -> None:
        self.query_one(CommandInput).cursor_blink = False
