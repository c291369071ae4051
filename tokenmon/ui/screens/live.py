"""When the store is asked: at once when the user chose something else, else when it changed, at most once an interval.

Nothing is asked while nobody looks: a terminal that lost the focus minutes ago is asked for once, when it has it again.
While the screen is paused its clock stands still, so that every panel keeps showing the same moment; all that is asked
then is how many events came since.
"""

import time
from collections.abc import Callable
from typing import Any

from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker

from tokenmon.store.reader import Reader
from tokenmon.ui.asking import STORE_ERRORS, Connection, Question
from tokenmon.ui.choices import Choices
from tokenmon.ui.measured import Measured, Room
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.screens.frame import Known, ask_rest
from tokenmon.view import View

BUSY = 0.25
"""Seconds after which it is looked again whether the last question is answered."""

LOADING = 0.3
"""Seconds after which it is said that an answer takes its time."""

RETRY = 5.0
"""Seconds after which a question that failed is asked again."""

SETTLING = 2
"""How often in a row it is asked at once again because the store changed between the figures and the panel."""

AWAY = 300_000
"""Milliseconds without the focus after which nobody looks."""


class LiveScreen(Screen[None]):
    """A screen that shows what the store answers; a subclass says what there is to search for and how it is drawn."""

    def __init__(self, connection: Connection, choices: Choices, now: Callable[[], int]) -> None:
        super().__init__()
        self.choices = choices
        self._connection = connection
        self._now = now
        self._known = Known()
        self._failure = ""
        self._missed = 0
        self._asked = 0
        self._asked_at = float("-inf")
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None
        self._left_at: int | None = None
        self._behind = False
        self._started = False
        self._loading = False
        self._loading_timer: Timer | None = None
        self._moment: int | None = None
        """The store's revision that the figures are of; None where it changed while they were asked for."""
        self._drawn: tuple[int, int | None] | None = None
        """The question that the panel answered last, and the revision that its answer is of."""
        self._settled = 0
        self._changed_at = time.monotonic()

    @property
    def words(self) -> str:
        """What is searched for."""
        return ""

    @property
    def room(self) -> Room:
        """What there is room for."""
        return Room()

    def draw_frame(self) -> None:
        """Paint what is known."""
        raise NotImplementedError

    def end(self) -> None:
        """The program ends: neither an answer that still comes nor a last change of size may lead to a question."""
        self._started = False
        for panel in self.query(Panel):
            panel.end()

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self._focus_moved, init=False)

    # -- reasons to ask

    def store_changed(self) -> None:
        """The store holds something new: ask now, or when the interval is over."""
        self._changed_at = time.monotonic()
        self._ask_in_time()

    def _ask_in_time(self) -> None:
        if self.is_away:
            self._behind = True
            return
        interval = self.choices.interval if self._known.span is not None else BUSY
        left = self._asked_at + interval - time.monotonic()
        if left <= 0 and not self.is_asking:
            self._settled = 0
            self._follow()
        elif self._timer is None:
            self._timer = self.set_timer(max(left, BUSY), self._ask_when_free)

    def _ask_when_free(self) -> None:
        self._timer = None
        self._ask_in_time()

    def clock_moved(self) -> None:
        """A relative range covers another span by now."""
        if self.is_away:
            self._behind = True
        elif not self.choices.is_fixed:
            self.ask()

    def _focus_moved(self, focused: bool) -> None:
        """The terminal gave the focus to something else, or has it again."""
        self._left_at = None if focused else self._now()
        if focused and self._behind:
            self._behind = False
            self._follow()

    @property
    def is_away(self) -> bool:
        """Whether nobody has looked for minutes, as far as the terminal tells."""
        return self._left_at is not None and self._now() - self._left_at > AWAY

    @property
    def is_behind(self) -> bool:
        """Whether something came that nobody has looked at."""
        return self._behind

    @property
    def is_asking(self) -> bool:
        """Whether the last question waits for its answer: data that comes fast must not cut every answer off."""
        return (self._worker is not None and self._worker.is_running) or any(p.is_asking for p in self.query(Panel))

    @property
    def asked(self) -> int:
        """How many questions were asked so far."""
        return self._asked

    @property
    def reader_in_use(self) -> Reader | None:
        """Whom the panels ask when they are shown."""
        return self._known.question.reader if self._known.question is not None else None

    # -- asking

    def _follow(self) -> None:
        """Ask for what is new; while paused, only how much that is."""
        if self.choices.paused_at is not None and self._known.question is not None:
            self._start(self._count_missed)
        else:
            self.ask()

    def ask(self) -> None:
        """Ask everything that is visible, for this moment."""
        self._start(self._ask)

    def _start(self, question: Callable[[], Any]) -> None:
        if not self._started:
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._asked_at = time.monotonic()
        self.expect_answer()
        self._worker = self.run_worker(question, group="frame", exclusive=True, description="ask the store")

    async def _ask(self) -> None:
        reader = self._connection.reader
        if reader is None:
            self.draw_frame()
            return
        choices = self.choices
        now = self._now() if choices.paused_at is None else choices.paused_at
        try:
            async with reader.one_moment():
                before = await reader.revision()
                span = await reader.span()
                newest = await reader.newest(now)
                if not choices.range and newest is not None:
                    choices.open_on(now, newest)
                self._asked += 1
                window, health = choices.window(now, span), await reader.health()
                compared = None if health.backlog_bytes else choices.compared(window, now)
                view = View(window, choices.chips, self.words, compared)
                question = Question(reader, view, now, self._asked)
                sums = await reader.totals(question.view)
                for panel in self.query(Panel):  # its turn comes before that of the rest
                    panel.ask(question)
            known = Known(question, span, newest, Measured(sums), health, self.room)
            if self._known.question is None:  # on a first start every tenth of a second counts
                self._known = known
                self.draw_frame()
            async with reader.one_moment():
                self._known = await ask_rest(known, question, self.room, choices.budget, choices.zone)
                self._moment = before if await reader.revision() == before else None
            self._failure, self._missed = "", 0
        except STORE_ERRORS as error:
            self._failed(str(error) or type(error).__name__)
        self.draw_frame()
        self.call_later(self._settle)

    def _failed(self, error: str) -> None:
        """What was drawn before stays; it is asked again after a while, as nothing else might ask."""
        self._failure = error
        if self._timer is None:
            self._timer = self.set_timer(max(RETRY, self.choices.interval), self._ask_when_free)

    async def _count_missed(self) -> None:
        """How many events the store has more than what is shown."""
        reader, shown = self._connection.reader, self._known.health
        if reader is None or shown is None:
            return
        try:
            self._missed = max(0, (await reader.health()).events - shown.events)
        except STORE_ERRORS as error:
            self._failed(str(error) or type(error).__name__)
        self.draw_frame()

    # -- answers

    def expect_answer(self) -> None:
        """Say that it is loading if the answer does not come soon."""
        if self._loading_timer is None or not self.is_asking:
            if self._loading_timer is not None:
                self._loading_timer.stop()
            self._loading_timer = self.set_timer(LOADING, self._look_at_loading)

    def _look_at_loading(self) -> None:
        """Nothing looks again once the answer is there."""
        self._loading_timer = self.set_timer(BUSY, self._look_at_loading) if self.is_asking else None
        if self._loading is not self.is_asking:
            self._loading = self.is_asking
            self.draw_frame()

    def on_panel_answered(self, message: Panel.Answered) -> None:
        """Figures and panel are of one moment, or it is asked again at once."""
        self._drawn = message.question, message.moment
        self._settle()

    def _settle(self) -> None:
        """An answer came: it is not loading any more, and what is of two moments is asked for again."""
        if self._loading and not self.is_asking:
            self._loading = False
            self.draw_frame()
        question = self._known.question
        if question is None or self._drawn is None or self._drawn[0] != question.revision or self.is_asking:
            return
        if self._moment is not None and self._moment == self._drawn[1]:
            self._settled = 0
        elif self._settled < SETTLING and not self._failure:
            self._settled += 1
            self.ask()

    # -- the clock

    def action_pause(self) -> None:
        """Stop or start following the data; collecting it goes on."""
        self.choices.paused_at = None if self.choices.paused_at is not None else self._now()
        self._missed = 0
        self.draw_frame()
        if self.choices.paused_at is None:
            self.ask()

    def action_refresh_now(self) -> None:
        """Ask again at once, for this moment even while paused."""
        if self.choices.paused_at is not None:
            self.choices.paused_at, self._missed = self._now(), 0
        self.ask()

    def on_panel_failed(self, message: Panel.Failed) -> None:
        """Say it in the header; what was drawn before stays."""
        self._failed(message.error)
        self.draw_frame()
