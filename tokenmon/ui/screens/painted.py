"""How the main screen is painted from what is known: the frame with its hints, a panel or a notice in its place."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.theme import Theme
from textual.widgets import ContentSwitcher

from tokenmon.ui import notices
from tokenmon.ui.asking import Connection
from tokenmon.ui.choices import Choices
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.keys import told_by
from tokenmon.ui.look import Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.screens.frame import Frame
from tokenmon.ui.screens.live import LiveScreen
from tokenmon.ui.widgets.hint_row import Hint
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness, Situation

ROOMY = 100
"""Columns from which the last hour's burn is shown."""

TOAST = 3.0
"""Seconds that a toast stays."""

PINNED = ("help", "quit")
"""The bindings at the right end of the hint row, whatever its width."""


class PaintedScreen(LiveScreen):
    """Status, figures, tabs, a panel, hints."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-cramped"), (notices.MIN_COLUMNS, "-narrow"), (ROOMY, "-normal"), (150, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (notices.MIN_ROWS, "-short"), (32, "-tall")]  # noqa: RUF012

    DEFAULT_CSS = """
    PaintedScreen { layout: vertical; }
    PaintedScreen #too-small { display: none; height: 1fr; content-align: left middle; }
    PaintedScreen.-tall KpiStrip { margin: 1 0; }
    PaintedScreen.-alone KpiStrip, PaintedScreen.-alone TabRow { display: none; }
    PaintedScreen.-cramped Frame, PaintedScreen.-low Frame { display: none; }
    PaintedScreen.-cramped #too-small, PaintedScreen.-low #too-small { display: block; }
    """

    def __init__(
        self,
        look: Look,
        connection: Connection,
        ingester: Ingester | None,
        memory: Memory,
        choices: Choices,
        *,
        paths: tuple[str, ...],
        now: Callable[[], int],
    ) -> None:
        super().__init__(connection, choices, now)
        self.look = look
        self.memory = memory
        self._ingester = ingester
        self._paths = paths
        self._largest_backlog = 0
        self._started = False

    def compose(self) -> ComposeResult:
        yield Frame(self.look, self.memory, str(self._connection.path))
        yield Lines(id="too-small")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._look_changed)

    def start(self) -> None:
        """Everything is composed: paint."""
        self._started = True
        self.draw_frame()

    @property
    def panel(self) -> Panel[Any]:
        """The chosen panel."""
        kind = PANELS[self.choices.panel]
        found: Panel[Any] = self.query_one(f"#{kind.ID}", kind)
        return found

    @property
    def words(self) -> str:
        return self.query_one(SearchRow).words

    @property
    def roomy(self) -> bool:
        return self.app.size.width >= ROOMY

    # -- painting

    def draw_frame(self) -> None:
        """Everything around the panel, from what is known; painting the same again costs nothing."""
        if not self._started or not self.is_attached or self.is_away:
            return
        question = self._known.question
        now = self._now() if question is None else question.now
        self.query_one(Frame).draw(
            self._known,
            self._situation(),
            Freshness(self._known.newest, now, self.choices.interval),
            range_text=self.choices.range or "all",
            chips=self.choices.chips,
            chosen=self.choices.panel,
            hints=tuple(self._hints()),
            pinned=tuple(self._hint(binding) for binding in told_by(type(self)) if binding.id in PINNED),
        )
        self.query_one("#too-small", Lines).show(notices.too_small(self.look, *self.app.size))
        self._show_panel()

    def _hints(self) -> Iterator[Hint]:
        """The panels' keys, the first keys of the screen, those of the panel, and the rest."""
        own = [binding for binding in told_by(type(self)) if binding.show]
        names = [self.look.keyboard.named(f"panel.{panel.ID}") for panel in PANELS]
        yield Hint(f"{names[0]}-{names[-1]}", "panel", "screen.walk(1)")
        yield from map(self._hint, (*own[:2], *self.panel.hints, *own[2:]))

    def _hint(self, binding: Binding) -> Hint:
        return Hint(self.look.keyboard.first(binding), binding.description, f"screen.do({binding.id!r})")

    def _situation(self) -> Situation:
        health, ingester = self._known.health, self._ingester
        backlog = health.backlog_bytes if health else 0
        self._largest_backlog = max(self._largest_backlog, backlog) if backlog else 0
        done = 1 - backlog / self._largest_backlog if backlog else 0.0
        return Situation(
            error=self._connection.error or self._failure,
            waiting=self._connection.waiting,
            empty=self._known.span is None,
            backlog=backlog,
            progress=f"{100 * done:.0f}%" if done > 0 else "",
            paused_at=self.choices.paused_at,
            missed=self._missed,
            ingesting=ingester is None or ingester.at_work,
            trouble=ingester.trouble if ingester else "",
        )

    def _show_panel(self) -> None:
        """The panel, or a notice in its place while it would have nothing to show."""
        panel = self.panel
        notice = self._notice() if panel.NEEDS_EVENTS or self._known.question is None else None
        if notice is not None:
            self.query_one("#notice", Lines).show(notice)
        wanted = "notice" if notice is not None else panel.ID
        switcher = self.query_one(ContentSwitcher)
        if switcher.current != wanted:
            switcher.current = wanted
            if not self.query_one(SearchRow).typing:
                self.set_focus(None if notice is not None else panel.focus_target(), scroll_visible=False)
            panel.catch_up()

    def _notice(self) -> Text | None:
        known = self._known
        if known.question is None or known.span is None:
            found = known.health.places if known.health else ()
            looked_for = notices.places_looked_for(os.environ, Path.home())
            return notices.first_start(self.look, self._paths, found, looked_for)
        if known.sums.requests == 0:
            return notices.nothing_found(self.look, known.question.view, known.newest, known.question.now)
        return None

    def on_panel_changed(self, message: Panel.Changed) -> None:
        """Say it in the rows around the panel."""
        self.draw_frame()

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size; the last hour's burn is only asked for where it is shown."""
        self.draw_frame()
        if self._known.hour is None and self.roomy and self._known.question is not None:
            self.ask()

    def _look_changed(self, theme: Theme) -> None:
        """Everything has other colours; panels see to themselves."""
        self.query_one(SearchRow).draw()
        self.draw_frame()

    def toast(self, words: str, *, trouble: bool = False) -> None:
        """Say something for a moment, in place of what was said before."""
        self.app.clear_notifications()
        self.app.notify(words, timeout=TOAST, markup=False, severity="warning" if trouble else "information")
