"""How long every panel waits for its answers at a million events and at ten: the first time, and after each commit."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.bench import limits
from tests.bench.command import ingest
from tests.bench.figures import Figure
from tests.bench.filling import EVENTS, fill
from tests.bench.ingesting import NATIVE_LINES, NOW, write_native
from tokenmon.dimensions import Dimension, by_name
from tokenmon.ranges import bins
from tokenmon.store.reader import Reader
from tokenmon.view import View, Window

DAY = 86_400_000
HOUR = DAY // 24
SPANS = (1 / 24, 1, 7, 30, 60)
"""Days."""
SEARCHES = ("", "prod anth", "user-01")
REFRESHES = 5
INTERVAL = 2_000
"""Milliseconds between two refreshes."""

Question = Callable[[Reader, View], Awaitable[object]]


def dimension(name: str) -> Dimension:
    """One that is known to exist."""
    found = by_name(name)
    assert found is not None
    return found


KEY, MODEL, PROJECT, USER, DAY_OF = map(dimension, ("key", "model", "project", "user", "day"))


async def _summary(reader: Reader, view: View) -> None:
    """What the panel and the rows around it ask."""
    await reader.span()
    await reader.totals(view)
    for by in (MODEL, KEY):
        await _compared(by)(reader, view)
    await _timeline(MODEL)(reader, view)
    before, now = view.window.before(), view.window.end or NOW
    assert before is not None
    await reader.totals(view.at(before))
    for hours in (1, 2):
        await reader.totals(view.at(Window(now - hours * HOUR, now - (hours - 1) * HOUR)))
    await reader.alerts()
    await reader.health()


def _compared(by: Dimension) -> Question:
    async def ask(reader: Reader, view: View) -> None:
        before = view.window.before()
        assert before is not None
        await reader.breakdown(view, (by,), zone=UTC)
        await reader.breakdown(view.at(before), (by,), zone=UTC)

    return ask


def _timeline(by: Dimension) -> Question:
    return lambda reader, view: reader.chart(view, by, bins(view.window, UTC, 160))


def _by_day(zone: str) -> Question:
    return lambda reader, view: reader.breakdown(view, (DAY_OF,), zone=ZoneInfo(zone))


PANELS: tuple[tuple[str, Question, float], ...] = (
    ("Summary", _summary, 16),
    ("Figures over time", lambda reader, view: reader.course(view, bins(view.window, UTC, 24)), 3),
    ("Keys", _compared(KEY), 16),
    ("Models", _compared(MODEL), 16),
    ("Keys by project", _compared(PROJECT), 16),
    ("Timeline", _timeline(MODEL), 16),
    ("Timeline by user", _timeline(USER), 16),
    ("Events, a page of 500", lambda reader, view: reader.events(view, limit=500), 5),
    # Where something filters, the first draw reads every event of the range: a second at a million.
    ("Sessions", lambda reader, view: reader.sessions(View(view.window), limit=200), 16),
    ("Health", lambda reader, view: reader.health(), 16),
    ("report --by day, New York", _by_day("America/New_York"), 150),
    ("report --by day, Kolkata", _by_day("Asia/Kolkata"), 150),
)
"""Name, what it asks, and the milliseconds that a refresh may take."""


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
    yield from _figures(database)


def panels10m(place: Path, scale: float) -> Iterator[Figure]:
    """The same with ten million events and 2,000 series; runs only when it is named."""
    database = place / "10m.db"
    fill(database, int(EVENTS * scale))
    for figure in _figures(database):
        yield replace(figure, name=f"10 M: {figure.name}")


def _figures(database: Path) -> Iterator[Figure]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        days = limits.median(lambda: connection.execute("SELECT sum(n), sum(input), sum(output) FROM r1d").fetchall())
    connection.close()
    measured = asyncio.run(_measure(database))
    for name, _, target in PANELS:
        times = measured[name]
        yield Figure(f"{name}, first draw", times.first * 1_000, "ms", 150, "summing all days", days * 1_000)
        yield Figure(f"{name}, refresh", times.refresh * 1_000, "ms", target, "summing all days", days * 1_000)


async def _measure(database: Path) -> dict[str, Times]:
    measured = {name: Times() for name, _, _ in PANELS}
    for name, question, _ in PANELS:
        # A reader of its own, so that no panel profits from what another asked.
        async with await Reader.open(database) as reader:
            for offset, days in enumerate(SPANS):
                for search in SEARCHES:
                    window = Window(NOW - int(days * DAY) + 1_234_567 * (offset + 1), NOW)
                    await _ask(reader, View(window, search=search), question, measured[name], database)
    return measured


async def _ask(reader: Reader, view: View, question: Question, times: Times, database: Path) -> None:
    times.first = max(times.first, await _took(question, reader, view))
    again = []
    for number in range(1, REFRESHES + 1):
        _commit(database)
        await reader.revision()
        # A relative range has moved with the clock.
        start, end = view.window.start or 0, view.window.end or 0
        moved = view.at(Window(start + number * INTERVAL, end + number * INTERVAL))
        again.append(await _took(question, reader, moved))
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
