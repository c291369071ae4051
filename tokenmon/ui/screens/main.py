"""The main screen: what the user chose (panel, range, search, pause) and what is asked for it.

A question is asked when the store changed, at most once an interval, and at once when the user chose something else.
A relative range is resolved anew for every question. While the screen is paused its clock stands still, so that every
panel keeps showing the same moment.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import ContentSwitcher
from textual.worker import Worker

from tokenmon import ranges
from tokenmon.store.reader import Reader
from tokenmon.ui import notices
from tokenmon.ui.asking import STORE_ERRORS, Connection, Question
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.keys import quiet, told_by, written
from tokenmon.ui.look import Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.timeline import TimelinePanel
from tokenmon.ui.screens.frame import RANGES, Frame, Known, ask_rest
from tokenmon.ui.screens.help import HelpScreen, Section
from tokenmon.ui.screens.range_prompt import RangePrompt
from tokenmon.ui.widgets.keyed_table import KeyedTable
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness, Situation
from tokenmon.ui.widgets.tab_row import TabRow
from tokenmon.view import Condition, View, Window

INTERVALS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between two refreshes that `+` and `-` walk."""

ROOMY = 100
"""Columns from which the last hour's burn is shown."""

BUSY = 0.25
"""Seconds after which it is looked again whether the last question is answered."""


class MainScreen(Screen[None]):
    """Status, figures, tabs, a panel, hints."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-cramped"), (notices.MIN_COLUMNS, "-narrow"), (ROOMY, "-normal"), (150, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (notices.MIN_ROWS, "-short"), (32, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        *(quiet(str(n), f"panel({n - 1})", f"panel.{panel.ID}", panel.TITLE) for n, panel in enumerate(PANELS, 1)),
        quiet("tab", "walk(1)", "panel.next", "next panel", priority=True),
        quiet("shift+tab", "walk(-1)", "panel.previous", "previous panel", priority=True),
        Binding("t", "range(1)", "range", id="range.next", tooltip="next range: " + " ".join(RANGES)),
        quiet("T", "range(-1)", "range.previous", "previous range"),
        quiet("c", "custom_range", "range.custom", "any range: today, mon.., FROM..TO"),
        Binding("slash", "search", "search", id="search", tooltip="search names in every panel; all words must match"),
        Binding("p,space", "pause", "pause", id="pause", tooltip="stop and start following the data"),
        quiet("r", "refresh_now", "refresh", "refresh now"),
        quiet("plus", "interval(1)", "interval.longer", "refresh less often"),
        quiet("minus", "interval(-1)", "interval.shorter", "refresh more often"),
        quiet("escape,backspace", "back", "back", "one step back: search, newest filter, first panel"),
        quiet("x", "clear", "clear", "clear all filters and the search"),
        quiet("question_mark,f1", "help", "help", "this list"),
        quiet("q", "app.quit", "quit", "quit (also ^C)"),
    ]

    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #too-small { display: none; height: 1fr; content-align: left middle; }
    MainScreen.-tall KpiStrip { margin: 1 0; }
    MainScreen.-cramped Frame, MainScreen.-low Frame { display: none; }
    MainScreen.-cramped #too-small, MainScreen.-low #too-small { display: block; }
    """

    def __init__(
        self,
        look: Look,
        connection: Connection,
        ingester: Ingester | None,
        memory: Memory,
        *,
        paths: tuple[str, ...],
        range_text: str,
        interval: float,
        now: Callable[[], int],
    ) -> None:
        super().__init__()
        self.look = look
        self._connection = connection
        self._ingester = ingester
        self._paths = paths
        self._memory = memory
        self._range = range_text or memory.get("range")
        self._chips: tuple[Condition, ...] = ()
        self._interval = interval
        self._now = now
        self._chosen = 0
        self._paused_at: int | None = None
        self._missed = False
        self._failure = ""
        self._asked = 0
        self._asked_at = float("-inf")
        self._timer: Timer | None = None
        self._known = Known()
        self._worker: Worker[None] | None = None
        self._largest_backlog = 0
        self._started = False

    def compose(self) -> ComposeResult:
        yield Frame(self.look, self._memory, str(self._connection.path))
        yield Lines(id="too-small")

    def start(self) -> None:
        """Everything is composed: paint."""
        self._check_range()
        self._started = True
        self.draw_frame()

    # -- questions

    @property
    def panel(self) -> Panel[Any]:
        """The chosen panel."""
        found: Panel[Any] = self.query_one(f"#{PANELS[self._chosen].ID}", PANELS[self._chosen])
        return found

    def store_changed(self) -> None:
        """The store holds something new: ask now, or when the interval is over."""
        if self._paused_at is not None and self._known.question is not None:
            self._missed = True
            self.draw_frame()
            return
        left = self._asked_at + self._interval - time.monotonic()
        if left <= 0 and not self.is_asking:
            self.ask()
        elif self._timer is None:
            self._timer = self.set_timer(max(left, BUSY), self._ask_when_free)

    @property
    def is_asking(self) -> bool:
        """Whether the last question waits for its answer: data that comes fast must not cut every answer off."""
        return (self._worker is not None and self._worker.is_running) or any(p.is_asking for p in self.query(Panel))

    @property
    def reader_in_use(self) -> Reader | None:
        """Whom the panels ask when they are shown."""
        return self._known.question.reader if self._known.question is not None else None

    def _ask_when_free(self) -> None:
        self._timer = None
        self.store_changed()

    def clock_moved(self) -> None:
        """A relative range covers another span by now."""
        if self._paused_at is None and not ranges.is_fixed(self._range or "all"):
            self.ask()

    def ask(self) -> None:
        """Ask everything that is visible, for this moment."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._asked_at = time.monotonic()
        self._worker = self.run_worker(self._ask, group="frame", exclusive=True, description="ask the store")

    async def _ask(self) -> None:
        reader = self._connection.reader
        if reader is None:
            self.draw_frame()
            return
        now = self._now() if self._paused_at is None else self._paused_at
        try:
            span = await reader.span()
            if not self._range and span is not None and span.end is not None:
                self._range = ranges.smallest_holding(now, span.end - 1)
            self._asked += 1
            question = Question(reader, View(self._window(now, span), self._chips, self._words), now, self._asked)
            sums = await reader.totals(question.view)
            for panel in self.query(Panel):
                panel.ask(question)
            known = Known(question, span, sums)
            self._known = await ask_rest(known, question, hour=self.app.size.width >= ROOMY)
            self._failure = ""
        except STORE_ERRORS as error:
            self._failure = str(error) or type(error).__name__
        self.draw_frame()

    def _window(self, now: int, span: Window | None) -> Window:
        """The range at this moment, with both ends where there is any event."""
        window = ranges.resolve(self._range or "all", now, self.look.zone, span)
        if span is None or span.start is None or span.end is None:
            return window
        start = span.start if window.start is None else window.start
        end = max(now, span.end, start + 1) if window.end is None else window.end
        return Window(start, end)

    def _check_range(self) -> None:
        """A range that was remembered or set may make no sense any more."""
        if self._range:
            try:
                ranges.resolve(self._range, self._now(), self.look.zone, None)
            except STORE_ERRORS:
                self._range = ""

    # -- painting

    def draw_frame(self) -> None:
        """Everything around the panel, from what is known; painting the same again costs nothing."""
        if not self._started or not self.is_attached:
            return
        question = self._known.question
        fresh = Freshness(self._known.newest, self._now() if question is None else question.now, self._interval)
        self.query_one(Frame).draw(
            self._known,
            self._situation(),
            fresh,
            range_text=self._range or "all",
            chips=self._chips,
            chosen=self._chosen,
            hints=[(written(binding.key.split(",")[0]), binding.description) for binding in self._hinted()],
        )
        self.query_one("#too-small", Lines).show(notices.too_small(self.look, *self.app.size))
        self._show_panel()

    def _hinted(self) -> list[Binding]:
        own = [binding for binding in self.BINDINGS if isinstance(binding, Binding) and binding.show]
        return [*own[:2], *self.panel.hints, *own[2:]]

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
            paused_at=self._paused_at,
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

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size; the last hour's burn is only asked for where it is shown."""
        self.draw_frame()
        if self._known.hour is None and event.size.width >= ROOMY and self._known.question is not None:
            self.ask()

    # -- what the user chooses

    @property
    def _words(self) -> str:
        return self.query_one(SearchRow).words

    def action_panel(self, index: int) -> None:
        """Show another panel."""
        if self.query_one(SearchRow).typing:
            self.query_one(SearchRow).leave()
        self._chosen = index
        self.draw_frame()

    def action_walk(self, step: int) -> None:
        """Show the next or previous panel."""
        self.action_panel((self._chosen + step) % len(PANELS))

    def on_tab_row_picked(self, message: TabRow.Picked) -> None:
        """A click chooses a panel."""
        self.action_panel(message.index)

    def action_range(self, step: int) -> None:
        """The next or previous range; from a custom one to the first."""
        at = RANGES.index(self._range) + step if self._range in RANGES else 0
        self._choose_range(RANGES[at % len(RANGES)])

    def action_custom_range(self) -> None:
        """Ask for a range."""

        def check(text: str) -> Window:
            return ranges.resolve(text, self._now(), self.look.zone, self._known.span)

        self.app.push_screen(RangePrompt(self.look, self._range or "all", check), self._choose_range)

    def _choose_range(self, text: str | None) -> None:
        if text:
            self._range = text
            self._memory.put("range", text)
            self.draw_frame()
            self.ask()

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

    def action_back(self) -> None:
        """One step back: the search, the newest filter, then the first panel. Never out of the program."""
        search = self.query_one(SearchRow)
        if search.words:
            search.clear()
        elif search.typing:
            search.leave()
        elif self._chips:
            self._narrow(self._chips[:-1])
        else:
            self.action_panel(0)

    def action_clear(self) -> None:
        """No filter and no search any more."""
        self.query_one(SearchRow).clear()
        self._narrow(())

    def on_panel_drilled(self, message: Panel.Drilled) -> None:
        """Narrow everything to a row; the same row again leads to when it was."""
        condition, show = message.condition, message.show
        if condition in self._chips:
            show = show or TimelinePanel.ID
        else:
            self._narrow((*(chip for chip in self._chips if chip.field != condition.field), condition))
        if show:
            self.action_panel([panel.ID for panel in PANELS].index(show))

    def _narrow(self, chips: tuple[Condition, ...]) -> None:
        """Ask everything for these conditions."""
        if chips != self._chips:
            self._chips = chips
            self.draw_frame()
            self.ask()

    def action_pause(self) -> None:
        """Stop or start following the data; collecting it goes on."""
        self._paused_at = None if self._paused_at is not None else self._now()
        self._missed = False
        self.draw_frame()
        if self._paused_at is None:
            self.ask()

    def action_refresh_now(self) -> None:
        """Ask again at once, for this moment even while paused."""
        if self._paused_at is not None:
            self._paused_at, self._missed = self._now(), False
        self.ask()

    def action_interval(self, step: int) -> None:
        """Refresh more or less often."""
        others = [interval for interval in INTERVALS if (interval - self._interval) * step > 0]
        if others:
            self._interval = min(others) if step > 0 else max(others)
            self.draw_frame()

    def action_help(self) -> None:
        """Every key."""
        sections: list[Section] = [("Everywhere", told_by(type(self))), ("Tables", told_by(KeyedTable))]
        for panel in PANELS:
            kinds = [kind for kind in panel.__mro__ if issubclass(kind, Panel)]
            if own := [binding for kind in kinds for binding in told_by(kind)]:
                sections.append((panel.TITLE, own))
        self.app.push_screen(HelpScreen(self.look, sections))

    def on_panel_failed(self, message: Panel.Failed) -> None:
        """Say it in the header; what was drawn before stays."""
        self._failure = message.error
        self.draw_frame()
