"""An event's detail, in a pane or a window of its own: it is looked up once the cursor rests, and never on the loop."""

from functools import partial

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.timer import Timer

from tokenmon.store.answers import Copy, StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.ui.asking import STORE_ERRORS
from tokenmon.ui.detail import Traced, text_of, trace
from tokenmon.ui.look import Look
from tokenmon.ui.prices import Prices
from tokenmon.ui.widgets.lines import Lines

REST = 0.12
"""Seconds without another event after which the one that is shown is looked up."""

SCROLLBAR = 2
"""Its column and a blank before it are left free, so that nothing is folded anew when it appears."""


class EventDetail(VerticalScroll, can_focus=False):
    """What `show` was given last."""

    DEFAULT_CSS = """
    EventDetail { scrollbar-size: 1 1; height: 1fr; }
    EventDetail Lines { height: auto; }
    """

    def __init__(self, look: Look, reach: int) -> None:
        """`reach`: how many bytes may be read to find a line."""
        super().__init__()
        self.prices: Prices | None = None
        """Where prices are known from; None: nowhere."""
        self.reader: Reader | None = None
        """Who knows where else a call was seen."""
        self._look = look
        self._reach = reach
        self._timer: Timer | None = None
        self._traced: Traced | None = None
        self.with_line = False

    def compose(self) -> ComposeResult:
        yield Lines()

    def show(self, event: StoredEvent | None, *, at_once: bool = False) -> None:
        """Show another event, or nothing; unless `at_once`, when no other follows for a moment."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if event is None:
            self._traced = None
            self.draw()
        elif at_once:
            self._traced = Traced(event)
            self.draw()
            self._look_up(event)
        elif self._traced is None or self._traced.event != event:
            self._timer = self.set_timer(REST, lambda: self._look_up(event))
        else:
            self.draw()  # colours may be others

    def show_line(self, shown: bool) -> None:
        """With or without the line itself."""
        self.with_line = shown
        self.draw()

    def _look_up(self, event: StoredEvent) -> None:
        work = partial(self._trace, event)
        self.run_worker(work, group="detail", exclusive=True, description="trace an event")  # type: ignore[arg-type]

    async def _trace(self, event: StoredEvent) -> None:
        self._traced = await trace(event, await self._copies(event), self.prices, self._reach)
        self.draw()

    async def _copies(self, event: StoredEvent) -> tuple[Copy, ...]:
        """Where else the call was seen; without a database to ask, nowhere."""
        try:
            return await self.reader.copies(event) if self.reader is not None else ()
        except STORE_ERRORS:
            return ()

    def draw(self) -> None:
        """Paint what is known."""
        text, width = Text(""), self.container_size.width - SCROLLBAR
        if self._traced is not None and width > 0:
            text = text_of(self._look, self._traced, width, with_line=self.with_line)
        lines = self.query_one(Lines)
        before = lines.text
        lines.show(text, layout=text.plain.count("\n") != before.count("\n"))
        if self.with_line and text.plain != before:  # it is the last fact, and what was asked for
            self.call_after_refresh(self.scroll_end, animate=False)

    def on_resize(self, event: Resize) -> None:
        """Fold for another width."""
        self.draw()
