"""The main screen: what the user chose (panel, range, search, pause) and what is asked for it.

A question is asked when the store changed, at most once an interval, and at once when the user chose something else. A
relative range is resolved anew for every question. While the screen is paused its clock stands still, so that every panel
keeps showing the same moment.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from tokenmon import ranges
from tokenmon.store.answers import Health, Sums
from tokenmon.ui import notices
from tokenmon.ui.asking import STORE_ERRORS, Connection, Question
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.remembered import read_range, write_range
from tokenmon.ui.screens.help import HelpScreen, Section, written
from tokenmon.ui.screens.range_prompt import RangePrompt
from tokenmon.ui.widgets.hint_row import HintRow
from tokenmon.ui.widgets.keyed_table import KeyedTable
from tokenmon.ui.widgets.kpi_strip import KpiStrip, figures_of
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness, Situation, StatusRow, banner_of
from tokenmon.ui.widgets.tab_row import TabRow
from tokenmon.view import View, Window

RANGES = ("1h", "24h", "7d", "30d", "all")
"""What `t` walks; everything else is typed after `c`."""

INTERVALS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between two refreshes that `+` and `-` walk."""

HOUR = 3_600_000


class MainScreen(Screen[None]):
    """Status, figures, tabs, a panel, hints."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-cramped"), (notices.MIN_COLUMNS, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS: ClassVar = [(0, "-low"), (notices.MIN_ROWS, "-short"), (32, "-tall")]

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"panel({number - 1})", panel.TITLE, id=f"panel.{panel.ID}", tooltip=f"{panel.TITLE}", show=False)
            for number, panel in enumerate(PANELS, 1)
        ),
        Binding("tab", "walk(1)", "next panel", id="panel.next", tooltip="next panel", priority=True, show=False),
        Binding("shift+tab", "walk(-1)", "last panel", id="panel.previous", tooltip="previous panel", priority=True, show=False),
        Binding("t", "range(1)", "range", id="range.next", tooltip="next range: " + " ".join(RANGES)),
        Binding("T", "range(-1)", "range", id="range.previous", tooltip="previous range", show=False),
        Binding("c", "custom_range", "custom range", id="range.custom", tooltip="any range: today, mon.., FROM..TO", show=False),
        Binding("slash", "search", "search", id="search", tooltip="search names in every panel: prefix words, all must match"),
        Binding("p,space", "pause", "pause", id="pause", tooltip="stop and start following the data"),
        Binding("r", "refresh_now", "refresh", id="refresh", tooltip="refresh now", show=False),
        Binding("plus", "interval(1)", "slower", id="interval.longer", tooltip="refresh less often", show=False),
        Binding("minus", "interval(-1)", "faster", id="interval.shorter", tooltip="refresh more often", show=False),
        Binding("escape,backspace", "back", "back", id="back", tooltip="clear the search, then back to the first panel", show=False),
        Binding("question_mark,f1", "help", "help", id="help", tooltip="this list", show=False),
        Binding("q", "app.quit", "quit", id="quit", tooltip="quit (also ^C)", show=False),
    ]

    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #frame { height: 1fr; width: 1fr; }
    MainScreen StatusRow, MainScreen TabRow, MainScreen HintRow { background: $panel; }
    MainScreen #banner { display: none; }
    MainScreen #banner.-needed { display: block; }
    MainScreen ContentSwitcher { height: 1fr; }
    MainScreen #notice { height: 1fr; }
    MainScreen #too-small { display: none; height: 1fr; content-align: center middle; }
    MainScreen.-tall KpiStrip { margin: 1 0; }
    MainScreen.-cramped #frame, MainScreen.-low #frame { display: none; }
    MainScreen.-cramped #too-small, MainScreen.-low #too-small { display: block; }
    """

    def __init__(
        self,
        look: Look,
        connection: Connection,
        ingester: Ingester | None,
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
        self._range = range_text or read_range(connection.path)
        self._interval = interval
        self._now = now
        self._chosen = 0
        self._paused_at: int | None = None
        self._missed = False
        self._asked = 0
        self._asked_at = float("-inf")
        self._timer: Timer | None = None
        self._question: Question | None = None
        self._span: Window | None = None
        self._sums = Sums()
        self._before: Sums | None = None
        self._hour: tuple[Sums, Sums] | None = None
        self._health: Health | None = None
        self._largest_backlog = 0
        self._started = False

    def compose(self) -> ComposeResult:
        colours = Colours(len(self.look.palette.series) - 1)
        with Vertical(id="frame"):
            yield StatusRow(id="status")
            yield Lines(id="banner")
            yield KpiStrip()
            yield TabRow()
            yield SearchRow(self.look)
            with ContentSwitcher(initial="notice"):
                yield Lines(id="notice")
                for panel in PANELS:
                    yield panel(self.look, colours)
            yield HintRow()
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
        if self._paused_at is not None and self._question is not None:
            self._missed = True
            self.draw_frame()
            return
        left = self._asked_at + self._interval - time.monotonic()
        if left <= 0:
            self.ask()
        elif self._timer is None:
            self._timer = self.set_timer(left, self.ask)

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
        self.run_worker(self._ask(), group="frame", exclusive=True, description="ask the store")

    async def _ask(self) -> None:
        reader = self._connection.reader
        if reader is None:
            self.draw_frame()
            return
        now = self._now() if self._paused_at is None else self._paused_at
        try:
            self._span = await reader.span()
            if not self._range:
                self._range = ranges.smallest_holding(now, self._span.end if self._span else None)
            self._asked += 1
            question = Question(reader, View(self._window(now), search=self._words), now, self._asked)
            self._sums = await reader.totals(question.view)
            self._question = question
            self._show_panel()
            for panel in self.query(Panel):
                panel.ask(question)
            await self._ask_frame(question)
            self._connection.error = ""
        except STORE_ERRORS as error:
            self._connection.error = str(error) or type(error).__name__
        self.draw_frame()

    async def _ask_frame(self, question: Question) -> None:
        reader, view = question.reader, question.view
        earlier = view.window.before()
        self._before = None if earlier is None else await reader.totals(view.at(earlier))
        self._hour = None
        if self.app.size.width >= 100:
            last, before = (Window(question.now - hours * HOUR, question.now - (hours - 1) * HOUR) for hours in (1, 2))
            self._hour = await reader.totals(view.at(last)), await reader.totals(view.at(before))
        self._health = await reader.health()

    def _window(self, now: int) -> Window:
        """The range at this moment, with both ends where there is any event."""
        window = ranges.resolve(self._range, now, self.look.zone, self._span)
        if self._span is None or self._span.start is None or self._span.end is None:
            return window
        start = self._span.start if window.start is None else window.start
        end = max(now, self._span.end, start + 1) if window.end is None else window.end
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
        if not self._started:
            return
        size, situation = self.app.size, self._situation()
        now = self._now() if self._question is None else self._question.now
        newest = self._span.end - 1 if self._span and self._span.end is not None else None
        fresh = Freshness(newest, now, self._interval)
        self.query_one(StatusRow).draw(self.look, situation, RANGES, self._range, fresh, size.width)
        banner = banner_of(situation, self.look, str(self._connection.path))
        row = self.query_one("#banner", Lines)
        row.set_class(banner is not None, "-needed")
        row.show(banner or Text(""))
        approximately = self.look.glyphs.approximately
        figures = figures_of(self._sums, self._before, self._hour, partial=situation.partial, approximately=approximately)
        self.query_one(KpiStrip).draw(self.look, figures, size.width)
        self._draw_tabs()
        hints = [("1-" + str(len(PANELS)), "panel"), *((written(b.key.split(",")[0]), b.description) for b in self._hinted())]
        self.query_one(HintRow).draw(self.look, tuple(hints), size.width)
        self.query_one("#too-small", Lines).show(notices.too_small(self.look, size.width, size.height))
        self._show_panel()

    def _hinted(self) -> list[Binding]:
        own = [binding for binding in self.BINDINGS if isinstance(binding, Binding) and binding.show]
        return [*own[:2], *self.panel.hints, *own[2:]]

    def _draw_tabs(self) -> None:
        alerts = self._health.alerts if self._health else ()
        firing = {
            index: sum(alert.state == "firing" for alert in alerts) for index, panel in enumerate(PANELS) if not panel.NEEDS_EVENTS
        }
        self.query_one(TabRow).draw(self.look, tuple(panel.TITLE for panel in PANELS), self._chosen, firing)

    def _situation(self) -> Situation:
        health, ingester = self._health, self._ingester
        backlog = health.backlog_bytes if health else 0
        self._largest_backlog = max(self._largest_backlog, backlog) if backlog else 0
        done = 1 - backlog / self._largest_backlog if backlog else 0.0
        return Situation(
            error=self._connection.error,
            waiting=self._connection.waiting,
            empty=self._span is None,
            backlog=backlog,
            progress=f"{100 * done:.0f}%" if done > 0 else "",
            paused_at=self._paused_at,
            missed=self._missed,
            ingesting=ingester is None or ingester.pid is not None,
            trouble=ingester.trouble if ingester else "",
        )

    def _show_panel(self) -> None:
        """The panel, or a notice in its place while it would have nothing to show."""
        panel = self.panel
        notice = self._notice() if panel.NEEDS_EVENTS or self._question is None else None
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
        if self._question is None or self._span is None:
            found = self._health.places if self._health else ()
            looked_for = notices.places_looked_for(os.environ, Path.home())
            return notices.first_start(self.look, self._paths, found, looked_for)
        if self._sums.requests == 0:
            last = None if self._span.end is None else self._span.end - 1
            return notices.nothing_found(self.look, self._words, last, self._question.now)
        return None

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size; the last hour's burn is only asked for where it is shown."""
        self.draw_frame()
        if self._hour is None and event.size.width >= 100 and self._question is not None:
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
            return ranges.resolve(text, self._now(), self.look.zone, self._span)

        self.app.push_screen(RangePrompt(self.look, self._range, check), self._choose_range)

    def _choose_range(self, text: str | None) -> None:
        if text:
            self._range = text
            write_range(self._connection.path, text)
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
        """One step back: the search's words, its focus, then the first panel. Never out of the program."""
        search = self.query_one(SearchRow)
        if search.words:
            search.clear()
        elif search.typing:
            search.leave()
        else:
            self.action_panel(0)

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
        slower = [interval for interval in INTERVALS if interval > self._interval]
        faster = [interval for interval in INTERVALS if interval < self._interval]
        self._interval = (slower[:1] if step > 0 else faster[-1:] or [])[0] if (slower if step > 0 else faster) else self._interval
        self.draw_frame()

    def action_help(self) -> None:
        """Every key."""
        sections: list[Section] = [("Everywhere", _told(type(self))), ("Tables", _told(KeyedTable))]
        sections += [(panel.TITLE, bindings) for panel in PANELS if (bindings := self._own_keys(panel))]
        self.app.push_screen(HelpScreen(self.look, sections))

    def _own_keys(self, panel: type[Panel[Any]]) -> list[Binding]:
        return [binding for kind in panel.__mro__ if kind is not Panel and issubclass(kind, Panel) for binding in _told(kind)]

    def on_panel_failed(self, message: Panel.Failed) -> None:
        """Say it in the header; what was drawn before stays."""
        self._connection.error = message.error
        self.draw_frame()


def _told(kind: type) -> list[Binding]:
    """The bindings that a class declares itself and explains."""
    return [binding for binding in vars(kind).get("BINDINGS", ()) if isinstance(binding, Binding) and binding.tooltip]
