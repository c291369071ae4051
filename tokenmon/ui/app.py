"""The app around the main screen: theme, signals, the store's revision, and a child that ingests.

It is a viewer: it never writes into the database and never reads a log. Everything that it shows it asks of the store's
read-only reader, every 250 ms finding out whether there is anything new to ask.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.timer import Timer
from textual.worker import Worker

from tokenmon import crash
from tokenmon.settings import Settings, cache_dir, state_dir
from tokenmon.ui.asking import Connection
from tokenmon.ui.background import Sieve, asked, theme_for
from tokenmon.ui.choices import Choices, theme_of
from tokenmon.ui.driver import ThriftyDriver, driver_after
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.keymap import keyboard_of
from tokenmon.ui.look import Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.events import EventsPanel
from tokenmon.ui.prices import Prices
from tokenmon.ui.screens.main import MainScreen
from tokenmon.ui.themes import ASCII, THEMES, Palette, glyphs_for, palette_for

POLL = 0.25
"""Seconds between two looks at the store's revision."""

QUIET_POLL = 0.5
"""The same, once nothing has changed for so long as LIVELY."""

LIVELY = 10.0
"""Seconds after a change for which the next one is expected."""

INGESTER_CHECK = 2.0
"""Seconds between two looks at the lock."""

CLOCK = 60.0
"""Seconds after which a relative range is asked for again though nothing was written."""

SETTLED = 0.08
"""Seconds without another size after which a resize is over."""

GIVE_UP = 1.0
"""Seconds after which a question that cannot be cancelled is left behind: the thread that answers may have died."""

MEMORY = "screen.json"
"""What the user chose, in the state directory."""

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""What ends the screen, with 128 + n."""


def _now() -> int:
    return time.time_ns() // 1_000_000


def default_interval(environment: Mapping[str, str]) -> float:
    """Seconds between two refreshes where none is set or chosen: 2, but 5 over SSH."""
    return 5.0 if "SSH_CONNECTION" in environment else 2.0


class TokenmonApp(App[None]):
    """The monitor of one database."""

    TITLE = "tokenmon"
    ENABLE_COMMAND_PALETTE = False
    """Textual's own key and commands; ours are the main screen's."""
    CSS = """
    Toast {
        width: auto; max-width: 100%; padding: 0 1; margin-top: 0; background: $background; color: $foreground;
        border: round $primary;
        &.-information, &.-warning { border: round $primary; }
    }
    Input:ansi > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    App.-ascii .card, App.-ascii .box, App.-ascii Palette #--container { border: ascii $primary; }
    App.-ascii Toast, App.-ascii Toast.-information, App.-ascii Toast.-warning { border: ascii $primary; }
    App.-ascii EventsPanel EventDetail { border-left: ascii $primary; }
    App.-ascii .-short .card { border: none; border-top: ascii $primary; }
    App.-ascii * { scrollbar-size: 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "quit", id="quit.always", show=False, priority=True, system=True),
        Binding("ctrl+l", "redraw", "redraw", id="redraw", show=False, system=True),
        Binding("ctrl+z", "suspend_process", "suspend", id="suspend", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        settings: Settings,
        database: Path,
        paths: Sequence[str],
        *,
        ingester: Ingester | None = None,
        memory: Memory | None = None,
        environment: Mapping[str, str] | None = None,
        now: Callable[[], int] = _now,
        sieve: Sieve | None = None,
    ) -> None:
        """`ingester`: who sees to it that somebody ingests; None only looks on. `memory`: None is the user's own.

        `sieve`: what the terminal was asked through; None where it is not ours to talk to.
        """
        environment = dict(os.environ) if environment is None else environment
        super().__init__(driver_after(sieve) if sieve else None, ansi_color=True if "NO_COLOR" in environment else None)
        for theme in THEMES:
            self.register_theme(theme)
        memory = memory or Memory(state_dir(environment, Path.home()) / MEMORY, database)
        self._environment = environment
        self._choices = Choices(settings, memory, default_interval(environment), now())
        glyphs = glyphs_for(settings.ascii, environment)
        self._sieve = sieve
        self._look = Look(settings.zone(), self._palette(self._choices.theme), glyphs, keyboard_of(settings))
        self.theme = self._look.palette.theme
        self.animation_level = "none"
        self.set_class(glyphs is ASCII, "-ascii")
        self._connection = Connection(database)
        self._ingester = ingester
        self._is_ready = False
        self._ended_by: signal.Signals | None = None
        """What arrived before there was anything to end."""
        self._burst: Timer | None = None
        self._settled_size: Size | None = None
        self._follower: Worker[None] | None = None
        self._prices = Prices(settings.prices, cache_dir(environment, Path.home()))
        self._main = MainScreen(
            self._look,
            self._connection,
            ingester,
            memory,
            self._choices,
            settings=settings,
            paths=tuple(paths),
            now=now,
        )

    def get_default_screen(self) -> MainScreen:
        """The only screen that is not a modal."""
        return self._main

    def on_load(self) -> None:
        """Before the terminal is touched."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)

    def on_mount(self) -> None:
        self.set_keymap(dict(self._look.keyboard.remapped))
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())

    def on_ready(self) -> None:
        """Everything is composed, so questions have somebody to answer to."""
        self._main.query_one(EventsPanel).use(self._prices)
        self._main.start()
        self._check_ingester()
        self.set_interval(INGESTER_CHECK, self._check_ingester)
        self.set_interval(CLOCK, self._main.clock_moved)
        self._follower = self.run_worker(self._follow_store, group="store", description="watch the store's revision")
        if self._sieve is not None:
            self._sieve.opened.set()
        self._is_ready = True
        if self._ended_by is not None:
            self._end_by(self._ended_by)

    async def on_unmount(self) -> None:
        """No question may wait for an answer of a connection that is closed."""
        ended = asyncio.gather(*(worker.wait() for worker in self.workers), return_exceptions=True)
        self.workers.cancel_all()
        if (await asyncio.wait([ended], timeout=GIVE_UP))[0]:
            await self._connection.close()

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Ask nothing more."""
        self._main.end()
        self.workers.cancel_all()
        super().exit(result, return_code, message)

    def _fatal_error(self) -> None:
        """Textual would show the variables of every frame: whatever a log holds is in them."""
        self.bell()
        self.panic(Text(crash.told(sys.exception())))

    def action_take_theme(self, name: str) -> None:
        """Look different from now on: every widget has this `Look`, and paints anew when Textual's theme changes."""
        self._choices.take_theme(name)
        if "NO_COLOR" in self._environment:
            self._main.toast("NO_COLOR is set: there are no colours until it is not")
        self._look.palette = self._palette(name)
        self.theme = self._look.palette.theme

    def _palette(self, theme: str) -> Palette:
        return palette_for(theme_for(theme, self._sieve), self._environment)

    def on_resize(self, event: Resize) -> None:
        """Lay out once, at the end of a burst: a window that is dragged larger sends a size every few milliseconds."""
        if self._burst is not None:
            self._burst.stop()
        if self._settled_size in (None, event.size):
            self._settled_size = event.size
            return
        event.prevent_default()
        self._burst = self.set_timer(SETTLED, partial(self._settle, event.size))

    def _settle(self, size: Size) -> None:
        self._burst, self._settled_size = None, size
        self.post_message(Resize(size, size))

    def action_redraw(self) -> None:
        """Send the whole screen again, after something else wrote on it."""
        if isinstance(self._driver, ThriftyDriver):
            self._driver.forget()
        self.screen.refresh()

    def _end_by(self, number: signal.Signals) -> None:
        """End in order, with the code that a shell gives for this signal; as soon as everything is there."""
        if self._is_ready:
            self.exit(return_code=128 + number)
        else:
            self._ended_by = number

    def end_with_thread(self, died: threading.ExceptHookArgs) -> None:
        """The screen cannot do without any of its threads: end, and say why, rather than show what is not true."""
        if died.exc_value is not None:
            self.call_later(self._fail, died.exc_value)

    def _fail(self, error: BaseException) -> None:
        raise error

    async def _follow_store(self) -> None:
        """Tell the screen whenever the store differs from what it was."""
        changed_at = time.monotonic()
        while True:
            if await self._connection.poll():
                changed_at = time.monotonic()
                self._main.store_changed()
            if self._connection.has_retired and not self._main.is_asking:
                await self._connection.close_retired(self._main.reader_in_use)
            await asyncio.sleep(POLL if time.monotonic() - changed_at < LIVELY else QUIET_POLL)

    def _check_ingester(self) -> None:
        if self._ingester is not None:
            self._ingester.check()
            self._main.draw_situation()

    def action_suspend_process(self) -> None:
        """Stop as Ctrl+Z does elsewhere, with all that was started together; not where no shell could go on with it."""
        if os.getpgrp() != os.getsid(0):
            os.killpg(0, signal.SIGTSTP)


def _end(number: int, frame: FrameType | None) -> None:
    """Of a signal that comes before the app listens: what was begun is put in order on the way."""
    raise SystemExit(128 + number)


def run(settings: Settings, database: Path, paths: Sequence[str]) -> int:
    """Show the screen until the user leaves; the exit code."""
    for number in SIGNALS:
        signal.signal(number, _end)
    memory = Memory(state_dir(os.environ, Path.home()) / MEMORY, database)
    with asked(theme_of(settings, memory), os.environ) as sieve:
        ingester = Ingester(database, paths, settings)
        app = TokenmonApp(settings, database, paths, ingester=ingester, memory=memory, sieve=sieve)
        threading.excepthook = app.end_with_thread
        try:
            app.run(mouse=settings.mouse)
        finally:
            ingester.stop()
    return 1 if app.return_code is None else app.return_code  # of an error in a thread there is no code
