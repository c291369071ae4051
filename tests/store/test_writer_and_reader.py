"""A reader that stays open beside a writer answers exactly after every commit, whatever it keeps between questions."""

import asyncio
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.building import START, a_copy, a_row, a_source, a_step, an_event, looking_at
from tests.store.test_reader import dimension
from tokenmon.events import Names
from tokenmon.source import Row
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR, STEP
from tokenmon.store.writer import Writer
from tokenmon.view import View, Window

EDGES = [START + i * HOUR // 2 for i in range(-2, 30)]
WINDOWS = (
    Window(),
    Window(START + HOUR // 3, None),
    Window(START + HOUR, START + 9 * HOUR + 5),
    Window(None, START + 4 * HOUR),
    Window(START + 6 * HOUR + STEP // 2, START + 12 * HOUR + 3 * STEP + 1),
)
WITHIN = (0, 1, STEP + 3, HOUR // 2, HOUR - 2 * STEP, HOUR - STEP, HOUR - 1)
moments = st.builds(lambda hour, within: hour * HOUR + within, st.integers(0, 12), st.sampled_from(WITHIN))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A plain call, or one of several copies of one."""
    at, call = draw(moments), str(draw(st.integers(0, 6)))
    if draw(st.booleans()):
        return a_copy(call, at=at, output=draw(st.integers(1, 9)))
    names = Names(dialect="native", integration="cron", provider="openai", model=draw(st.sampled_from("ab")))
    return a_row(an_event(call, at=at, names=names), cost=draw(st.sampled_from([None, 7])))


batches = st.lists(
    st.tuples(st.lists(rows(), max_size=5), st.booleans(), st.sampled_from(["", "rebuild", "prune"])),
    min_size=1,
    max_size=6,
)


def stored(path: Path, window: Window) -> tuple[int, int]:
    """Calls and output tokens of a window, from the events."""
    start, end = window.start or 0, window.end or 1 << 60
    with looking_at(path) as connection:
        question = "SELECT count(*), coalesce(sum(output), 0) FROM event WHERE ts >= ? AND ts < ?"
        found: tuple[int, int] = connection.execute(question, (start, end)).fetchone()
    return found


def outermost(path: Path, window: Window) -> tuple[int | None, int | None]:
    """The first and the last time in a window, from the events."""
    with looking_at(path) as connection:
        question = "SELECT min(ts), max(ts) FROM event WHERE ts >= ? AND ts < ?"
        found: tuple[int | None, int | None] = connection.execute(question, (window.start, window.end)).fetchone()
    return found


def bins(path: Path) -> list[int]:
    return [stored(path, Window(low, high))[0] for low, high in pairwise(EDGES)]


async def compare(path: Path, writer: Writer, found: list[tuple[list[Row], bool, str]]) -> None:
    source = a_source()
    gone = 0
    async with await Reader.open(path) as reader:
        for batch, live, then in found:
            committed = writer.commit([a_step(source, batch)], backlog=0, now_ms=START, live=live)
            source = committed.checkpoints[0]
            if then == "rebuild":
                writer.rebuild(5.0)
            elif then == "prune":
                before = stored(path, Window())[0]
                assert writer.prune(START + HOUR, 5.0)
                gone += before - stored(path, Window())[0]
            for window in WINDOWS:
                sums = await reader.totals(View(window))
                if gone and window.start is None:
                    assert sums.requests == stored(path, window)[0] + gone
                elif not gone or (window.start or 0) >= START + HOUR:
                    assert (sums.requests, sums.output or 0) == stored(path, window)
            if not gone:
                chart = await reader.chart(View(), dimension("model"), EDGES)
                assert [sum(of_bin) for of_bin in zip(*(s.requests for s in chart.series), strict=True)] == (
                    bins(path) if chart.series else []
                )


@settings(max_examples=25, deadline=None)
@given(batches)
def test_answers_follow_every_commit_exactly(found: list[tuple[list[Row], bool, str]]) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "state" / "x.db"
        writer = Writer.open(path)
        try:
            asyncio.run(compare(path, writer, found))
        finally:
            writer.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(rows(), max_size=12), st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=8).map(sorted))
def test_a_range_that_moves_with_the_clock_stays_exact(found: list[Row], steps: list[int]) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "state" / "x.db"
        writer = Writer.open(path)

        async def follow() -> None:
            source = a_source()
            async with await Reader.open(path) as reader:
                for number, step in enumerate(steps):
                    batch = [a_row(an_event(f"new-{number}", at=10 * HOUR + step, output=3)), *found[number::8]]
                    source = writer.commit([a_step(source, batch)], backlog=0, now_ms=START, live=True).checkpoints[0]
                    for length in (HOUR // 2, 3 * HOUR, 9 * HOUR + 7):
                        end = START + 10 * HOUR + step + 2_000
                        for window in (Window(end - length, end), Window(end - 2 * length, end - length)):
                            sums = await reader.totals(View(window))
                            by_model = await reader.breakdown(View(window), (dimension("model"),), zone=UTC)
                            assert (sums.requests, sums.output or 0) == stored(path, window)
                            assert (sums.first, sums.last) == outermost(path, window)
                            assert by_model.totals == sums
                            assert sum(group.sums.requests for group in by_model.groups) == sums.requests

        try:
            asyncio.run(follow())
        finally:
            writer.close()
