"""The app around the main screen: theme, signals, the store's revision, and a child that ingests.

It is a viewer: it never writes into the database and never reads a log. Everything that it shows it asks of the store's
read-only reader, every 250 ms finding out whether there is anything new to ask.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from tokenmon.settings import Settings, state_dir
from tokenmon.ui.asking import Connection
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.look import Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.screens.main import MainScreen
from tokenmon.ui.themes import ASCII, THEMES, glyphs_for, palette_for

POLL = 0.25
"""Seconds between two looks at the store's revision."""

INGESTER_CHECK = 2.0
"""Seconds between two looks at the lock."""

CLOCK = 60.0
"""Seconds after which a relative range is asked for again though nothing was written."""

MEMORY = "screen.json"
"""What the user chose, in the state directory."""

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""What ends the screen, with 128 + n."""


def _now() -> int:
    return time.time_ns() // 1_000_000


def default_interval(settings: Settings, environment: Mapping[str, str]) -> float:
    """Seconds between two refreshes: as set, else 2, else 5 over SSH."""
    return settings.interval or (5.0 if "SSH_CONNECTION" in environment else 2.0)


class TokenmonApp(App[None]):
    """The monitor of one database."""

    TITLE = "tokenmon"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    App.-ascii .card, App.-ascii .box { border: ascii $primary; }
    App.-ascii .-short .card { border: none; border-top: ascii $primary; }
    App.-ascii * { scrollbar-size: 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "quit", id="quit.always", show=False, priority=True, system=True),
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
    ) -> None:
        """`ingester`: who sees to it that somebody ingests; None only looks on. `memory`: None is the user's own."""
        environment = dict(os.environ) if environment is None else environment
        super().__init__(ansi_color=True if "NO_COLOR" in environment else None)
        for theme in THEMES:
            self.register_theme(theme)
        palette = palette_for(settings.theme, environment)
        self.theme = palette.theme
        self.animation_level = "none"
        glyphs = glyphs_for(settings.ascii, environment)
        self.set_class(glyphs is ASCII, "-ascii")
        self._connection = Connection(database)
        self._ingester = ingester
        self._follower: Worker[None] | None = None
        self._main = MainScreen(
            Look(settings.zone(), palette, glyphs),
            self._connection,
            ingester,
            memory or Memory(state_dir(environment, Path.home()) / MEMORY, database),
            paths=tuple(paths),
            range_text=settings.range,
            interval=default_interval(settings, environment),
            now=now,
        )

    def get_default_screen(self) -> MainScreen:
        """The only screen that is not a modal."""
        return self._main

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)

    def on_ready(self) -> None:
        """Everything is composed, so questions have somebody to answer to."""
        self._main.start()
        self._check_ingester()
        self.set_interval(INGESTER_CHECK, self._check_ingester)
        self.set_interval(CLOCK, self._main.clock_moved)
        self._follower = self.run_worker(self._follow_store, group="store", description="watch the store's revision")

    async def on_unmount(self) -> None:
        """No question may wait for an answer of a connection that is closed."""
        workers = list(self.workers)
        self.workers.cancel_all()
        for worker in workers:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()
        await self._connection.close()

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Ask nothing more."""
        self.workers.cancel_all()
        super().exit(result, return_code, message)

    def _end_by(self, number: signal.Signals) -> None:
        """End in order, with the code that a shell gives for this signal."""
        self.exit(return_code=128 + number)

    async def _follow_store(self) -> None:
        """Tell the screen whenever the store differs from what it was."""
        while True:
            if await self._connection.poll():
                self._main.store_changed()
            if not self._main.is_asking:
                await self._connection.close_retired(self._main.reader_in_use)
            await asyncio.sleep(POLL)

    def _check_ingester(self) -> None:
        if self._ingester is not None:
            self._ingester.check()
            self._main.draw_frame()


def run(settings: Settings, database: Path, paths: Sequence[str]) -> int:
    """Show the screen until the user leaves; the exit code."""
    ingester = Ingester(database, paths, settings)
    app = TokenmonApp(settings, database, paths, ingester=ingester)
    try:
        app.run(mouse=settings.mouse)
    finally:
        ingester.stop()
    return app.return_code or 0
