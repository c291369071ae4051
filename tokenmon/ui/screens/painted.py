"""How the main screen is painted from what is known: the frame with its hints, a panel or a notice in its place."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.theme import Theme
from textual.widgets import ContentSwitcher

from tokenmon.settings import Settings
from tokenmon.ui import notices
from tokenmon.ui.asking import Connection
from tokenmon.ui.choices import Choices
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.keys import told_by
from tokenmon.ui.look import Look
from tokenmon.ui.measured import Room
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.screens.frame import Frame
from tokenmon.ui.screens.live import LiveScreen
from tokenmon.ui.situation import Backlog, Situation
from tokenmon.ui.widgets.hint_row import Hint
from tokenmon.ui.widgets.kpi_strip import ROOMY, room_for
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness

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
        settings: Settings,
        paths: tuple[str, ...],
        now: Callable[[], int],
    ) -> None:
        super().__init__(connection, choices, now)
        self._settings = settings
        self.look = look
        self.memory = memory
        self._ingester = ingester
        self._paths = paths
        self._backlog = Backlog()
        self._painted: Situation | None = None

    def compose(self) -> ComposeResult:
        yield Frame(self.look, self.memory, str(self._connection.path), self.choices.budget)
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
    def room(self) -> Room:
        return room_for(*self.app.size, budget=self.choices.budget is not None)

    # -- painting

    def draw_frame(self) -> None:
        """Everything around the panel, from what is known; painting the same again costs nothing."""
        if not self._started or not self.is_attached or self.is_away:
            return
        question, situation = self._known.question, self._situation()
        self._painted = situation.as_told
        now = self._now() if question is None else question.now
        self._show_panel()
        self.query_one(Frame).draw(
            self._known,
            situation,
            Freshness(self._known.newest, now, self.choices.interval),
            range_text=self.choices.range or "all",
            chips=self.choices.chips,
            chosen=self.choices.panel,
            hints=tuple(self._hints()),
            pinned=tuple(self._hint(binding) for binding in told_by(type(self)) if binding.id in PINNED),
        )
        self.query_one("#too-small", Lines).show(notices.too_small(self.look, *self.app.size))

    def draw_situation(self) -> None:
        """Everything around the panel, if what the store and its ingester are up to is not what was painted."""
        if self._situation().as_told != self._painted:
            self.draw_frame()

    def _hints(self) -> Iterator[Hint]:
        """The panels' keys, the first keys of the screen, those of the panel, and the rest."""
        own = [binding for binding in told_by(type(self)) if binding.show and self._does_something(binding)]
        names = [self.look.keyboard.named(f"panel.{panel.ID}") for panel in PANELS]
        yield Hint(f"{names[0]}-{names[-1]}", "panel", "screen.walk(1)")
        yield from map(self._hint, (*own[:2], *(self.panel.hints if self._answers else ()), *own[2:]))

    @property
    def _answers(self) -> bool:
        """Whether the panel is shown, no notice in its place."""
        return self.query_one(ContentSwitcher).current != "notice"

    def _does_something(self, binding: Binding) -> bool:
        """Whether there is anything for a key to work on."""
        if binding.id == "clear":
            return bool(self.choices.chips or self.words)
        return binding.id != "export" or self._answers

    def _hint(self, binding: Binding) -> Hint:
        return Hint(self.look.keyboard.first(binding), binding.description, f"screen.do({binding.id!r})")

    def _situation(self) -> Situation:
        known, health, ingester, now = self._known, self._known.health, self._ingester, time.monotonic()
        backlog = health.backlog_bytes if health else 0
        self._backlog.look(backlog, health.backfill_bytes if health else 0, now)
        nothing_to_read = self._connection.waiting and not self._paths and ingester is not None
        at_work = ingester is None or ingester.at_work or nothing_to_read
        caught_up = nothing_to_read or (health is not None and health.caught_up)
        return Situation(
            error=self._connection.error or self._failure,
            shown_at=known.question.now if known.question is not None else None,
            waiting=self._connection.waiting and not nothing_to_read,
            empty=known.span is None,
            looking=ingester is not None and at_work and not caught_up,
            backlog=backlog,
            share=self._backlog.share,
            events=health.events if health else 0,
            seconds_left=self._backlog.seconds_left,
            paused_at=self.choices.paused_at,
            missed=self._missed,
            ingesting=at_work,
            silent_s=ingester.silent_s if ingester else 0.0,
            stuck_s=now - self._changed_at if backlog else 0.0,
            ingester=ingester.pid if ingester else None,
            foreign=ingester is not None and ingester.foreign,
            trouble=ingester.trouble if ingester else "",
            held_up=ingester.held_up if ingester else "",
            loading=self._loading,
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
            if panel.is_asking:
                self.expect_answer()

    def _notice(self) -> Text | None:
        known = self._known
        if known.question is None or known.span is None:
            looking = self._situation().looking
            size = self.app.size
            listed = notices.places(
                self.look, self._settings, self._paths, known.health, os.environ, Path.home(), size.width
            )
            return notices.first_start(self.look, listed, looking, size)
        if known.sums.requests == 0:
            range_text = self.choices.range or "all"
            return notices.nothing_found(self.look, known.question.view, range_text, known.newest, known.question.now)
        return None

    def on_panel_changed(self, message: Panel.Changed) -> None:
        """Say it in the rows around the panel."""
        self.draw_frame()

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size, and ask for the figures that there is room for now."""
        self.draw_frame()
        if self._known.question is not None and self._known.room != self.room:
            self.ask()

    def _look_changed(self, theme: Theme) -> None:
        """Everything has other colours; panels see to themselves."""
        self.query_one(SearchRow).draw()
        self.draw_frame()

    def toast(self, words: str, *, trouble: bool = False) -> None:
        """Say something for a moment, in place of what was said before."""
        self.app.clear_notifications()
        self.app.notify(words, timeout=TOAST, markup=False, severity="warning" if trouble else "information")
