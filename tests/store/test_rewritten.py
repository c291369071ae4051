from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.building import (
    START,
    a_copy,
    a_source,
    a_step,
    check_invariant,
    check_sessions,
    commit,
    events_in,
    rows_of,
)
from tokenmon.source import Row
from tokenmon.store.schema import HOUR
from tokenmon.store.writer import Writer


def store(path: Path, batches: Sequence[Sequence[Row]], *, live: Sequence[bool] = (True,)) -> None:
    """Commit one batch after another, each from a file of its own."""
    writer = Writer.open(path)
    for i, batch in enumerate(batches):
        commit(writer, a_step(a_source(f"/{i}", i + 1), batch), live=live[i % len(live)])
        check_invariant(path)
    writer.close()


def outputs(path: Path) -> list[object]:
    return [row[0] for row in rows_of(path, "SELECT output FROM event ORDER BY output")]


CASES = {
    "more tokens win, whatever else": (
        [a_copy("m", output=5, at=9, line=2, has_speed=True), a_copy("m", output=9)],
        [9],
    ),
    "of equal ones the one that tells the speed wins": (
        [a_copy("m", output=5, input=4, has_speed=True), a_copy("m", output=4, input=5, at=9)],
        [5],
    ),
    "then the later one": ([a_copy("m", output=5, input=4), a_copy("m", output=4, input=5, at=9)], [4]),
    "then the higher line hash": (
        [a_copy("m", output=5, input=4, line=2), a_copy("m", output=4, input=5, line=1)],
        [5],
    ),
    "attempts are calls of their own": ([a_copy("m", "r1", output=5), a_copy("m", "r2", output=9)], [5, 9]),
    "a replay gives way, however large": ([a_copy("m", "r1", output=5), a_copy("m", "r2", output=9, replay=True)], [5]),
    "all replays give way": (
        [a_copy("m", f"r{i}", output=i, replay=True) for i in range(3)] + [a_copy("m", "own", output=9)],
        [9],
    ),
    "a replay alone is the call": ([a_copy("m", "r2", output=9, replay=True)], [9]),
    "other calls are left alone": ([a_copy("m", output=5), a_copy("n", output=6, replay=True)], [5, 6]),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_069_one_copy_stays_whatever_the_order(tmp_path: Path, case: str) -> None:
    copies, expected = CASES[case]
    for i, order in enumerate(permutations(copies)):
        one_by_one, at_once = tmp_path / f"{i}.db", tmp_path / f"{i}-at-once.db"
        store(one_by_one, [[copy] for copy in order])
        store(at_once, [order])
        assert outputs(one_by_one) == outputs(at_once) == expected


def test_a_better_copy_moves_the_call_between_hours_sessions_and_sources(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store(path, [[a_copy("m", output=5, session="a")], [a_copy("m", output=9, at=HOUR, session="b")]])
    assert rows_of(path, "SELECT k FROM dirty") == [(START // HOUR,)]
    assert rows_of(path, "SELECT events, duplicates FROM source ORDER BY id") == [(0, 1), (1, 0)]
    assert rows_of(path, "SELECT name, n, tokens, last_ts - first_ts FROM session") == [
        ("a", 0, 0, 0),
        ("b", 1, 109, 0),
    ]
    writer = Writer.open(path)
    assert writer.rebuild(1) == 0
    writer.close()
    check_invariant(path)
    assert rows_of(path, "SELECT k, n, output FROM r1h") == [(START // HOUR + 1, 1, 9)]


def test_a_batch_says_how_many_calls_are_new(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "t.db")
    first = commit(writer, a_step(a_source(), [a_copy("m", output=1), a_copy("m", output=2), a_copy("n")]))
    second = commit(writer, a_step(first.checkpoints[0], [a_copy("m", output=3), a_copy("o")]))
    writer.close()
    assert [(done.events, done.duplicates) for done in (first, second)] == [(2, 1), (1, 1)]


copies = st.builds(
    a_copy,
    st.sampled_from("mno"),
    st.sampled_from(["", "r1", "r2"]),
    at=st.sampled_from([0, 1, HOUR, 30 * HOUR]),
    line=st.integers(0, 1 << 31),
    output=st.integers(0, 3),
    input=st.integers(0, 3),
    replay=st.booleans(),
    has_speed=st.booleans(),
    session=st.sampled_from(["", "a", "b"]),
)


@settings(max_examples=25, deadline=None)
@given(st.data(), st.lists(copies, min_size=1, max_size=8, unique_by=lambda row: row.line_hash))
def test_fault_069_no_order_and_no_repetition_changes_what_is_stored(data: st.DataObject, rows: list[Row]) -> None:
    shuffled = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=4))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    with TemporaryDirectory() as directory:
        first, second = Path(directory, "1.db"), Path(directory, "2.db")
        store(first, [rows])
        store(second, batches, live=data.draw(st.lists(st.booleans(), min_size=1, max_size=4)))
        assert events_in(first) == events_in(second)
        check_sessions(second)
        sessions = "SELECT name, n, err, tokens, cost, unpriced, first_ts, last_ts FROM session ORDER BY name"
        assert rows_of(first, sessions) == rows_of(second, sessions)
        assert rows_of(first, "SELECT sum(events) FROM source") == rows_of(second, "SELECT sum(events) FROM source")
