"""What telemetry tells of a request counts only while nobody else tells it, in whatever order they arrive."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.building import (
    a_copy,
    a_row,
    a_source,
    a_step,
    an_event,
    check_invariant,
    check_sessions,
    commit,
    events_in,
    rows_of,
)
from tokenmon.source import Row
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR, STEP
from tokenmon.store.writer import Writer
from tokenmon.view import View

FILED = """SELECT CAST(path AS TEXT), tokens FROM sighting JOIN source ON source.id = sighting.source
JOIN event ON event.h = sighting.h WHERE event.uid <> 3 ORDER BY 1, 2"""


def told(message: str, request: str, **fields: Any) -> Row:
    """A call as its producer's own log tells it."""
    return a_copy(message, request, request_id=request, **fields)


def echo(request: str, *, line: int = 0, **fields: Any) -> Row:
    """The same as telemetry tells it."""
    return a_row(an_event("t", rewritten=True, echo=True, request_id=request, **fields), line=line)


def store(path: Path, batches: Sequence[Sequence[tuple[str, Row]]]) -> None:
    """Commit one batch after another; every row comes from the file of its name."""
    sources = {name: a_source(name, i) for i, name in enumerate(("/own", "/side", "/otlp", "/span"), 1)}
    writer = Writer.open(path)
    sources |= {known.path: known for known in writer.checkpoints()}
    for batch in batches:
        steps = [
            a_step(sources[name], [row for own, row in batch if own == name]) for name in {own for own, _ in batch}
        ]
        for checkpoint in commit(writer, *steps).checkpoints:
            sources[checkpoint.path] = checkpoint
        check_invariant(path)
    writer.close()
    check_sessions(path)


def outputs(path: Path) -> list[object]:
    return [output for (output,) in rows_of(path, "SELECT output FROM event ORDER BY output")]


ECHO = ("/otlp", echo("r1", output=90, at=7, has_speed=True))
SPAN = ("/span", echo("r1", output=90, at=9, line=5))
CASES: dict[str, tuple[Sequence[tuple[str, Row]], list[int], list[tuple[str, int]]]] = {
    "telemetry alone counts once": ((ECHO, SPAN), [90], []),
    "the producer's own log counts, with its own counts": (
        (("/own", told("m", "r1", output=50)), ECHO, SPAN),
        [50],
        [("/otlp", 190), ("/span", 190)],
    ),
    "every request of a message is a call of its own": (
        (("/own", told("m", "r1", output=50)), ("/own", told("m", "r2", output=60)), ECHO),
        [50, 60],
        [("/otlp", 190)],
    ),
    "a request that nobody else tells counts": (
        (("/own", told("m", "r2", output=60)), ECHO, ("/otlp", echo("r2", output=60, at=3))),
        [60, 90],
        [("/otlp", 160)],
    ),
    "a line that grows keeps its echo out": (
        (("/own", told("m", "r1", output=5)), ("/own", told("m", "r1", output=50, at=1)), ECHO),
        [50],
        [("/otlp", 190)],
    ),
    "an echo of a side chain's own call is out": (
        (("/side", told("m", "r1", output=50, replay=True)), ECHO),
        [50],
        [("/otlp", 190)],
    ),
    "the request of a replay that gave way is told": (
        (("/own", told("m", "r0", output=5)), ("/side", told("m", "r1", output=50, replay=True)), ECHO),
        [5],
        [("/otlp", 190), ("/side", 150)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_request_counts_once_whatever_the_order_of_who_tells_it(tmp_path: Path, case: str) -> None:
    rows, expected, filed = CASES[case]
    for i, order in enumerate(permutations(rows)):
        one_by_one, at_once = tmp_path / f"{i}.db", tmp_path / f"{i}-at-once.db"
        store(one_by_one, [[row] for row in order])
        store(at_once, [order])
        assert outputs(one_by_one) == outputs(at_once) == expected
        assert rows_of(one_by_one, FILED) == rows_of(at_once, FILED) == filed


def test_a_line_without_a_request_and_one_that_is_no_copy_silence_nobody(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    plain = a_row(an_event("r1", request_id="r1", output=7, keeps_details=True))
    store(path, [[("/own", a_copy("m", output=5)), ("/own", plain)], [ECHO]])
    assert outputs(path) == [5, 7, 90]


def test_what_gave_way_is_a_duplicate_of_its_source(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store(path, [[ECHO], [("/own", told("m", "r1", output=50))], [ECHO]])
    tallies = rows_of(path, "SELECT CAST(path AS TEXT), events, duplicates FROM source ORDER BY path")
    assert tallies == [("/otlp", 0, 2), ("/own", 1, 0)]


@pytest.mark.parametrize("unit", [STEP, HOUR])
async def test_a_viewer_that_did_not_see_the_newest_echo_give_way_is_exact(tmp_path: Path, unit: int) -> None:
    """What comes up to where it stood lies before what such a viewer takes for settled."""
    path = tmp_path / "t.db"
    store(path, [[("/own", told("m", "r0", at=2 * unit))], [("/otlp", echo("r1", at=5 * unit))]])
    async with await Reader.open(path) as reader:
        assert (await reader.totals(View())).requests == 2
        gives_way = ("/side", told("m", "r1", at=5 * unit, replay=True))
        others = [("/own", a_row(an_event(each, at=at))) for each, at in (("x", 2 * unit + 9), ("y", 5 * unit + 9))]
        store(path, [[gives_way], *([each] for each in others)])
        assert (await reader.totals(View())).requests == 3


REQUESTS = st.sampled_from(["r1", "r2", "r3"])
ROWS = st.one_of(
    st.builds(
        lambda message, request, output, at, replay: (
            "/side" if replay else "/own",
            told(message, request, output=output, at=at, replay=replay, line=output + 10 * at),
        ),
        st.sampled_from("mn"),
        REQUESTS,
        st.integers(0, 3),
        st.integers(0, 3),
        st.booleans(),
    ),
    st.builds(
        lambda request, output, at, log: (
            "/otlp" if log else "/span",
            echo(request, output=output, at=at, has_speed=log, line=output + 10 * at),
        ),
        REQUESTS,
        st.integers(0, 3),
        st.integers(0, 3),
        st.booleans(),
    ),
)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.lists(ROWS, min_size=2, max_size=8))
def test_no_order_and_no_batches_change_what_is_stored(data: st.DataObject, rows: list[tuple[str, Row]]) -> None:
    shuffled = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=3))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    with TemporaryDirectory() as directory:
        first, second = Path(directory, "1.db"), Path(directory, "2.db")
        store(first, [rows])
        store(second, [batch for batch in batches if batch])
        assert events_in(first) == events_in(second)
