"""How long every panel waits for its answers at a million events: the first time, and after each commit."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from tests.bench import limits
from tests.bench.command import ingest
from tests.bench.figures import Figure
from tests.bench.ingesting import NATIVE_LINES, NOW, write_native
from tokenmon.dimensions import Dimension, by_name
from tokenmon.ranges import bins
from tokenmon.store.reader import Reader
from tokenmon.view import View, Window

DAY = 86_400_000
SPANS = (("24h", 1), ("7d", 7), ("30d", 30), ("60d", 60))
SEARCHES = ("", "prod anth", "user-01")
REFRESHES = 5

Question = Callable[[Reader, View], Awaitable[object]]


def dimension(name: str) -> Dimension:
    """One that is known to exist."""
    found = by_name(name)
    assert found is not None
    return found


KEY, MODEL = dimension("key"), dimension("model")


async def _summary(reader: Reader, view: View) -> None:
    await reader.totals(view)
    await reader.breakdown(view, (MODEL,), zone=UTC, limit=10)
    await reader.breakdown(view, (KEY,), zone=UTC, limit=10)
    await _timeline(reader, view)


async def _timeline(reader: Reader, view: View) -> None:
    await reader.chart(view, MODEL, bins(view.window, UTC, 160))


PANELS: tuple[tuple[str, Question], ...] = (
    ("Summary", _summary),
    ("Keys", lambda reader, view: reader.breakdown(view, (KEY,), zone=UTC)),
    ("Models", lambda reader, view: reader.breakdown(view, (MODEL,), zone=UTC)),
    ("Timeline", _timeline),
    ("Events", lambda reader, view: reader.events(view, limit=50)),
    ("Health", lambda reader, view: reader.health()),
)


@dataclass
class Times:
    """Seconds, the worst over all spans and searches."""

    first: float = 0.0
    refresh: float = 0.0


def panels(place: Path, scale: float) -> Iterator[Figure]:
    """Every panel's questions over four spans, plain and filtered."""
    logs, lines, database = place / "logs", int(NATIVE_LINES * scale), place / "native.db"
    if not database.exists():
        write_native(logs, lines)
        ingest(database, [logs], place)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        days = limits.median(lambda: connection.execute("SELECT sum(n), sum(input), sum(output) FROM r1d").fetchall())
    connection.close()
    measured = asyncio.run(_measure(database))
    for name, times in measured.items():
        yield Figure(f"{name}, first draw", times.first * 1_000, "ms", 150, "summing all days", days * 1_000)
        yield Figure(f"{name}, refresh", times.refresh * 1_000, "ms", 16, "summing all days", days * 1_000)


async def _measure(database: Path) -> dict[str, Times]:
    measured = {name: Times() for name, _ in PANELS}
    for name, question in PANELS:
        # A reader of its own, so that no panel profits from what another asked.
        async with await Reader.open(database) as reader:
            for offset, (_, days) in enumerate(SPANS):
                for search in SEARCHES:
                    window = Window(NOW - days * DAY + 1_234_567 * (offset + 1), NOW)
                    await _ask(reader, View(window, search=search), question, measured[name], database)
    return measured


async def _ask(reader: Reader, view: View, question: Question, times: Times, database: Path) -> None:
    times.first = max(times.first, await _took(question, reader, view))
    again = []
    for _ in range(REFRESHES):
        _commit(database)
        await reader.revision()
        again.append(await _took(question, reader, view))
    times.refresh = max(times.refresh, statistics.median(again))


async def _took(question: Question, reader: Reader, view: View) -> float:
    began = time.perf_counter()
    await question(reader, view)
    return time.perf_counter() - began


def _commit(database: Path) -> None:
    """Something changes, as after every batch of the ingester."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('bench', ?)", (time.time_ns(),))
    connection.close()
