"""The real command in a terminal, over logs and a database that several screens and ingesters may share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.command import cache_home
from tests.ingest.ingesting import native
from tests.ui.terminal import Terminal, started


def call(number: int) -> bytes:
    """A line of a model of its own, so that it is seen on a screen."""
    return native(number, model=f"model-{number}")


def database_in(place: Path) -> Path:
    """The database that every screen of a place shows."""
    return place / "t.db"


def append(place: Path, lines: bytes) -> Path:
    """Write lines into the log of a place; the directory of its logs."""
    logs = place / "logs"
    logs.mkdir(exist_ok=True)
    with (logs / "a.jsonl").open("ab") as log:
        log.write(lines)
    return logs


@contextmanager
def screen(
    place: Path,
    *flags: str,
    size: tuple[int, int] = (80, 24),
    through: tuple[str, ...] = (),
    **environment: str,
) -> Iterator[Terminal]:
    """`tokenmon` over the logs of a place, started by `through` where something starts it."""
    words = [*through, sys.executable, "-m", "tokenmon", "--db", str(database_in(place)), "--range", "all", *flags]
    own = {"HOME": str(place), "XDG_STATE_HOME": str(place), "XDG_CACHE_HOME": cache_home()}
    own |= {"XDG_CONFIG_HOME": str(place / ".config"), "TZ": "UTC"}
    with started([*words, str(place / "logs")], size=size, answers=None, **{**own, **environment}) as window:
        yield window
