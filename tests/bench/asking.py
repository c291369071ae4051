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
from tokenmon.ui.measured import Room, measure
from tokenmon.ui.panels.groups import COMPANIONS, TRENDS, compare
from tokenmon.ui.panels.measures import TREND
from tokenmon.ui.panels.sessions import MOST
from tokenmon.ui.panels.spend import load_spend
from tokenmon.ui.panels.spenders import spenders
from tokenmon.ui.panels.summary import RANKED, Earlier
from tokenmon.view import View, Window

DAY = 86_400_000
COLUMNS, BINS = 160, 24
"""Of a chart and of a sparkline."""
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
KEY_ID, PROVIDER = map(dimension, ("key_id", "provider"))


class _Summary:
    """What the panel and the rows around it ask, and what the panel keeps."""

    def __init__(self) -> None:
        self._earlier = Earlier()

    async def __call__(self, reader: Reader, view: View) -> None:
        view = replace(view, compared=view.window.before())
        await _figures_of(reader, view)
        async with reader.one_moment():
            await reader.breakdown(view, (MODEL,), zone=UTC, limit=RANKED)
            await reader.alerts()
            await self._earlier.costs(reader, view, MODEL, UTC)
            by, _ = await spenders(reader, view, UTC, RANKED)
            await self._earlier.costs(reader, view, by, UTC)
            await load_spend(reader, view, MODEL, UTC, COLUMNS, view.window.end or NOW)


async def _figures_of(reader: Reader, view: View) -> None:
    """The rows around every panel, where there is room for all of them."""
    async with reader.one_moment():
        await reader.span()
        await reader.health()
        sums = await reader.totals(view)
    async with reader.one_moment():
        await measure(sums, reader, view, view.window.end or NOW, Room(burn=True, bins=BINS), None, UTC)


def _compared(by: Dimension, *others: Dimension) -> Question:
    """What a table asks that shows other names beside its own."""

    async def ask(reader: Reader, view: View) -> None:
        async with reader.one_moment():
            await compare(reader, replace(view, compared=view.window.before()), by, UTC)
            await reader.chart(view, by, bins(view.window, UTC, TREND), top=TRENDS)
            for other in others:
                await reader.breakdown(view, (by, other), zone=UTC, limit=COMPANIONS)

    return ask


def _timeline(by: Dimension) -> Question:
    async def ask(reader: Reader, view: View) -> None:
        async with reader.one_moment():
            await load_spend(reader, view, by, UTC, COLUMNS, view.window.end or NOW)

    return ask


def _by_day(zone: str) -> Question:
    return lambda reader, view: reader.breakdown(view, (DAY_OF,), zone=ZoneInfo(zone))


PANELS: tuple[tuple[str, Question, float], ...] = (
    ("Summary with the figures", _Summary(), 16),
    ("Figures of every panel", _figures_of, 16),
    ("Keys", _compared(KEY, KEY_ID, PROVIDER, MODEL), 16),
    ("Models", _compared(MODEL, PROVIDER), 16),
    ("Keys by project", _compared(PROJECT, MODEL), 16),
    ("Timeline", _timeline(MODEL), 16),
    ("Timeline by user", _timeline(USER), 16),
    ("Events, a page of 500", lambda reader, view: reader.events(view, limit=500), 5),
    # Where something filters, the first draw reads every event of the range: a second at a million.
    ("Sessions", lambda reader, view: reader.sessions(View(view.window), limit=MOST), 16),
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
