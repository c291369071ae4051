"""What each key of the main screen does. How it is painted is in `painted`, when and what is asked in `live`, and what
is chosen in `choices`."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from tokenmon import ranges
from tokenmon.exact import Value, harmless, json_line, plain
from tokenmon.settings import Settings
from tokenmon.ui.asking import Connection
from tokenmon.ui.bell import Bell
from tokenmon.ui.choices import RANGES, Choices
from tokenmon.ui.command import report_command
from tokenmon.ui.exporting import Excerpt, Format, write_new
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.keys import quiet, told_at, told_by, told_on
from tokenmon.ui.look import Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.timeline import TimelinePanel
from tokenmon.ui.screens.export import ExportPrompt
from tokenmon.ui.screens.help import HelpScreen, Section
from tokenmon.ui.screens.painted import PaintedScreen
from tokenmon.ui.screens.palette import Palette, commands_of
from tokenmon.ui.screens.range_prompt import RangePrompt
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.keyed_table import KeyedTable
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.view import Window

SHOWN = 60
"""Columns of a copied value that the toast shows."""

LAST_FORMAT = "export"
"""What the format used last is kept as."""


class MainScreen(PaintedScreen):
    """The only screen that is not a modal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            quiet(str(n), f"panel({n - 1})", f"panel.{panel.ID}", f"{panel.TITLE} panel")
            for n, panel in enumerate(PANELS, 1)
        ),
        quiet("tab,right_square_bracket", "walk(1)", "panel.next", "next panel"),
        quiet("shift+tab,left_square_bracket", "walk(-1)", "panel.previous", "previous panel"),
        Binding("t", "range(1)", "range", id="range.next", tooltip="next range: " + " ".join(RANGES)),
        Binding("slash", "search", "search", id="search", tooltip="search names in every panel; all words must match"),
        Binding("p,space", "pause", "pause", id="pause", tooltip="stop and start following the data"),
        Binding("e", "export", "export", id="export", tooltip="write the panel to a new file: CSV, JSON or Markdown"),
        Binding("ctrl+p,colon", "palette", "palette", id="palette", tooltip="everything that can be done, by name"),
        Binding("x", "clear", "clear", id="clear", tooltip="clear all filters and the search"),
        quiet("T", "range(-1)", "range.previous", "previous range"),
        quiet("c", "custom_range", "range.custom", "any range: today, mon.., FROM..TO"),
        quiet("r", "refresh_now", "refresh", "refresh now"),
        quiet("plus", "interval(1)", "interval.longer", "refresh less often"),
        quiet("minus", "interval(-1)", "interval.shorter", "refresh more often"),
        quiet("y", "copy", "copy", "copy the name in the row under the cursor"),
        quiet("Y", "copy_row", "copy.row", "copy the row under the cursor as JSON"),
        quiet("z", "maximise", "maximise", "the panel alone, and back"),
        quiet("escape,backspace", "back", "back", "one step back: search, newest filter, first panel"),
        Binding("question_mark,f1", "help", "help", show=False, id="help", tooltip="this list"),
        Binding("q", "app.quit", "quit", show=False, id="quit", tooltip="quit (also ^C)"),
    ]

    def __init__(
        self,
        look: Look,
        connection: Connection,
        ingester: Ingester | None,
        memory: Memory,
        choices: Choices,
        *,
        settings: Settings,
        paths: tuple[str, ...],
        now: Callable[[], int],
    ) -> None:
        super().__init__(look, connection, ingester, memory, choices, settings=settings, paths=paths, now=now)
        self._bell = Bell()

    @property
    def is_away(self) -> bool:
        """A bell is for those who do not look."""
        return super().is_away and not self._settings.bell

    def draw_frame(self) -> None:
        """Everything around the panel, and the bell."""
        super().draw_frame()
        health = self._known.health
        if self._settings.bell and health is not None and self._bell.is_due(health.alerts):
            self.app.bell()

    # -- what the user chooses

    async def action_do(self, name: str) -> None:
        """What the key of this name does."""
        for node, binding in told_at(self.panel.focus_target()):
            if binding.id == name:
                await self.app.run_action(binding.action, node)
                return

    def action_panel(self, index: int) -> None:
        """Show another panel."""
        if self.query_one(SearchRow).typing:
            self.query_one(SearchRow).leave()
        self.choices.take_panel(index)
        self.draw_frame()

    def action_walk(self, step: int) -> None:
        """Show the next or previous panel."""
        self.action_panel((self.choices.panel + step) % len(PANELS))

    def action_range(self, step: int) -> None:
        """The next or previous range; from a custom one to the first."""
        self.choices.walk_ranges(step)
        self._chosen_anew()

    def action_custom_range(self) -> None:
        """Ask for a range."""

        def check(text: str) -> Window:
            return ranges.resolve(text, self._now(), self.look.zone, self._known.span)

        self.app.push_screen(RangePrompt(self.look, self.choices.range or "all", check), self.action_take_range)

    def action_take_range(self, text: str | None) -> None:
        """Look at this range; at no other one without a text."""
        if text:
            self.choices.take_range(text)
            self._chosen_anew()

    def action_interval(self, step: int) -> None:
        """Refresh more or less often."""
        self.choices.walk_intervals(step)
        self.draw_frame()

    def action_search(self) -> None:
        """Type words."""
        self.query_one(SearchRow).open()

    def on_search_row_changed(self, message: SearchRow.Changed) -> None:
        """Every panel answers for other words."""
        self.ask()

    def on_search_row_left(self, message: SearchRow.Left) -> None:
        """The panel takes the keys again."""
        showing = self.query_one(ContentSwitcher).current != "notice"
        self.set_focus(self.panel.focus_target() if showing else None, scroll_visible=False)

    def on_panel_drilled(self, message: Panel.Drilled) -> None:
        """Narrow everything to a row; the same row again leads to its Timeline."""
        show = message.show
        if message.condition in self.choices.chips:
            show = show or TimelinePanel.ID
        else:
            self.choices.narrow(message.condition)
            self._chosen_anew()
        if show:
            self.action_panel([panel.ID for panel in PANELS].index(show))

    def action_drop(self, index: int) -> None:
        """Take one filter away."""
        chips = self.choices.chips
        self.choices.chips = (*chips[:index], *chips[index + 1 :])
        self._chosen_anew()

    def action_clear(self) -> None:
        """No filter and no search any more."""
        self.query_one(SearchRow).clear()
        if self.choices.chips:
            self.choices.chips = ()
            self._chosen_anew()

    def action_back(self) -> None:
        """One step back: search, the panel's choice, newest filter, first panel. Never out of the program."""
        search = self.query_one(SearchRow)
        if search.words:
            search.clear()
        elif search.typing:
            search.leave()
        elif self.panel.step_back():
            return
        elif self.choices.chips:
            self.action_drop(len(self.choices.chips) - 1)
        else:
            self.action_panel(0)

    def _chosen_anew(self) -> None:
        self.draw_frame()
        self.ask()

    def action_maximise(self) -> None:
        """The panel alone, with status and hints, or everything again."""
        self.toggle_class("-alone")

    def action_help(self) -> None:
        """Every key."""
        tables = told_by(KeyedTable)
        sections: list[Section] = [("Everywhere", [*told_by(MainScreen), *told_on(self.app)]), ("Tables", tables)]
        for panel in self.query(Panel):
            own = [
                binding
                for node, binding in told_at(panel.focus_target())
                if panel in node.ancestors_with_self and binding not in tables
            ]
            sections.append((panel.TITLE, own))
        self.app.push_screen(HelpScreen(self.look, [(title, told) for title, told in sections if told]))

    def action_palette(self) -> None:
        """Everything that can be done, by name."""
        self.app.push_screen(Palette(self.look, commands_of(self.panel, self.look)))

    # -- what the user takes away

    def action_copy(self) -> None:
        """What the row under the cursor is called."""
        row = self._row()
        name = plain(next(iter(row.values()), None))
        if row and not name:
            self.toast("this row has no name to copy")
        else:
            self._send(name)

    def action_copy_row(self) -> None:
        """The row under the cursor as JSON."""
        row = self._row()
        self._send(json_line(row) if row else "")

    def action_copy_command(self) -> None:
        """The command line that answers for the same view."""
        choices, database = self.choices, self._connection.path
        self._send(
            report_command(self._settings, database, self._table(), choices.range or "all", choices.chips, self.words)
        )

    def _send(self, text: str) -> None:
        """Nobody tells whether the terminal took it, so the toast says what was sent and claims nothing."""
        if not text:
            self.toast("there is nothing under the cursor to copy")
            return
        text = harmless(text)
        self.app.copy_to_clipboard(text)
        shown = self.look.name(text)
        self.toast(f"sent to the terminal's clipboard: {self.look.fit(shown, min(SHOWN, cell_len(shown)))}")

    def action_export(self) -> None:
        """Ask for a format and write the panel."""
        if self._table().columns:
            prompt = ExportPrompt(self.look, self.panel.TITLE, self.memory.get(LAST_FORMAT))
            self.app.push_screen(prompt, self._export)
        else:
            self.toast("there is nothing here to export")

    def _export(self, form: Format | None) -> None:
        question = self._known.question
        if form is None or question is None:
            return
        self.memory.put(LAST_FORMAT, form.name)
        range_text = self.choices.range or "all"
        excerpt = Excerpt(self.panel.ID, self._table(), question.view, range_text, self.look.zone, self._now())
        text = form.text_of(excerpt)
        if self.app.is_web:  # the file would be the server's, not the visitor's
            self.app.deliver_text(io.StringIO(text), save_filename=f"{excerpt.name}.{form.name}")
            return
        try:
            path = write_new(Path.cwd(), excerpt.name, form.name, text)
        except OSError as error:  # the directory may be read-only, full, or gone
            self.toast(f"cannot write a file into the current directory: {error.strerror}", trouble=True)
        else:
            self.toast(f"wrote {self.look.name(os.fspath(path))}")

    def _table(self) -> Table:
        """What the panel shows; nothing where a notice is in its place."""
        return self.panel.table() if self.query_one(ContentSwitcher).current == self.panel.ID else Table()

    def _row(self) -> dict[str, Value]:
        table = self._table()
        return {} if table.chosen is None else dict(zip(table.columns, table.rows[table.chosen], strict=True))
