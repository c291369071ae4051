"""Runs the app at a size over a database, waits for what must come, and reads the terminal's rows."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot

from tests.ui.filling import NOW
from tokenmon.settings import Settings
from tokenmon.ui.app import TokenmonApp
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.memory import Memory
from tokenmon.ui.screens.main import MainScreen

ENVIRONMENT = {"LANG": "C.UTF-8", "TERM": "xterm-256color"}


class Driver:
    """One running app."""

    def __init__(self, app: TokenmonApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever lies over it."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def rows(self) -> list[str]:
        """Every row of the terminal as it is composed now."""
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """All rows."""
        return "\n".join(self.rows)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the app work until something holds; fail after ten seconds with what is on the screen."""
        for _ in range(1_000):
            await self.pilot.pause(0.01)
            if holds():
                return
        raise AssertionError(f"it never came to this; the screen shows\n{self.text}")

    async def shows(self, *words: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(word in self.text for word in words))

    async def press(self, *keys: str) -> None:
        """Press keys one after another."""
        await self.pilot.press(*keys)

    def fits(self) -> bool:
        """Whether no row is wider than the terminal."""
        return max(cell_len(row.rstrip()) for row in self.rows) <= self.app.size.width


@asynccontextmanager
async def driven(
    database: Path,
    size: tuple[int, int] = (80, 24),
    now: Callable[[], int] = lambda: NOW,
    environment: Mapping[str, str] = ENVIRONMENT,
    ingester: Ingester | None = None,
    **settings: object,
) -> AsyncIterator[Driver]:
    """The app over a database; without an `ingester` nobody of its own reads anything."""
    chosen = Settings(**{"tz": "UTC", "theme": "dark", "interval": 1.0, **settings})  # type: ignore[arg-type]
    memory = Memory(database.with_name("screen.json"), database)
    paths = ingester.paths if ingester is not None else ()
    app = TokenmonApp(chosen, database, paths, ingester=ingester, memory=memory, environment=environment, now=now)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot)
        app.exit()
