from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.building import (
    NAMES_OF_TESTS,
    START,
    a_copy,
    a_row,
    a_source,
    a_step,
    an_event,
    check_invariant,
    check_sessions,
    commit,
    rows_of,
)
from tokenmon.events import Event
from tokenmon.source import Row
from tokenmon.store.rollups import rebuild
from tokenmon.store.schema import HOUR, LEVELS
from tokenmon.store.writer import Writer

NAMES = [NAMES_OF_TESTS._replace(project=project) for project in "abc"]

plain_rows = st.builds(
    lambda call, at, project, fields, cost: a_row(
        an_event(call, at=at, names=NAMES[project], session="s", **fields), cost=cost
    ),
    st.text("abcdefgh", min_size=1, max_size=3),
    st.integers(0, 40 * 24 * HOUR) | st.sampled_from([0, HOUR - 1, HOUR, 24 * HOUR, 384 * HOUR - 1]),
    st.integers(0, 2),
    st.fixed_dictionaries(
        {"input": st.integers(0, 10**10), "output": st.integers(0, 9)},
        optional={
            "cache_read": st.integers(0, 9),
            "cache_write_5m": st.integers(0, 9),
            "cache_write_1h": st.integers(0, 9),
            "reasoning": st.integers(0, 9),
            "cost_logged": st.integers(0, 10**15),
            "status": st.sampled_from([200, 429, 500]),
        },
    ),
    st.none() | st.integers(0, 10**9),
)
copies = st.builds(
    a_copy, st.sampled_from("mn"), at=st.integers(0, 3 * HOUR), output=st.integers(0, 9), line=st.integers(0, 99)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(plain_rows | copies, max_size=12), st.booleans(), st.booleans()), max_size=5))
def test_live_cold_and_rebuilt_roll_ups_all_equal_the_events(batches: list[tuple[list[Row], bool, bool]]) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory, "t.db")
        writer = Writer.open(path)
        for i, (rows, live, then_rebuild) in enumerate(batches):
            commit(writer, a_step(a_source(str(i), i + 1), rows), live=live)
            check_invariant(path)
            if then_rebuild:
                writer.rebuild(0)
                check_invariant(path)
        assert writer.rebuild(60) == 0
        writer.close()
        check_invariant(path)
        check_sessions(path)


def test_many_hours_and_series_are_rebuilt_as_exactly_as_few(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    projects = [NAMES_OF_TESTS._replace(project=str(i)) for i in range(250)]
    rows = [a_row(an_event(str(i), at=i * HOUR // 7, names=projects[i % 250])) for i in range(3000)]
    checkpoint = commit(writer, a_step(a_source(), rows), live=False).checkpoints[0]
    assert writer.rebuild(60) == 0
    check_invariant(path)
    again = [a_row(an_event(f"x{i}", at=(i % 2) * HOUR, names=projects[i % 250])) for i in range(500)]
    commit(writer, a_step(checkpoint, again), live=False)
    assert writer.rebuild(60) == 0
    check_invariant(path)
    assert rows_of(path, "SELECT sum(n) FROM r16d") == [(3500,)]
    writer.close()


def test_a_dirty_hour_is_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    first = commit(writer, a_step(a_source(), [a_row(an_event("a"))]), live=False).checkpoints[0]
    commit(writer, a_step(first, [a_row(an_event("b", at=1)), a_row(an_event("c", at=HOUR))]), live=True)
    assert rows_of(path, "SELECT k, n FROM r1h") == [(START // HOUR + 1, 1)]
    assert rows_of(path, "SELECT k FROM dirty") == [(START // HOUR,)]
    assert writer.rebuild(1) == 0
    check_invariant(path)
    writer.close()


def test_a_rebuild_without_time_still_does_the_oldest_hour(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "t.db")
    rows = [a_row(an_event(str(i), at=i * HOUR)) for i in range(5)]
    commit(writer, a_step(a_source(), rows), live=False)
    assert [writer.rebuild(0) for _ in range(6)] == [4, 3, 2, 1, 0, 0]
    check_invariant(writer.path)
    writer.close()


def test_a_rebuild_that_dies_changes_nothing(tmp_path: Path) -> None:
    def dies() -> float:
        ticks.append(1)
        if len(ticks) > 3:
            raise KeyboardInterrupt
        return 0.0

    ticks: list[int] = []
    writer = Writer.open(tmp_path / "t.db")
    commit(writer, a_step(a_source(), [a_row(an_event(str(i), at=i * HOUR)) for i in range(9)]), live=False)
    with pytest.raises(KeyboardInterrupt):
        rebuild(writer._connection, 1, clock=dies)
    assert rows_of(writer.path, "SELECT count(*) FROM dirty") == [(9,)]
    check_invariant(writer.path)
    assert writer.rebuild(1) == 0
    writer.close()


# -- retention


def stored(path: Path) -> list[list[tuple[object, ...]]]:
    return [rows_of(path, f"SELECT * FROM {level} ORDER BY k, series") for level, _ in LEVELS]


def test_events_before_the_watermark_go_and_every_sum_stays(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    rows = [a_row(an_event(str(i), at=i * HOUR // 3, request_id=str(i), keeps_details=True)) for i in range(60)]
    commit(writer, a_step(a_source(), rows), live=False)
    assert writer.prune(START + 10 * HOUR + 5, 60)
    assert writer.get_meta("watermark") == START + 10 * HOUR
    for table in ("event", "note", "request"):
        assert rows_of(path, f"SELECT count(*), min(ts) FROM {table}") == [(30, START + 10 * HOUR)]
    check_invariant(path)
    writer.rebuild(60)
    check_invariant(path)
    assert rows_of(path, "SELECT sum(n) FROM r16d") == [(60,)]
    before = stored(path)
    assert writer.prune(START, 60)
    assert writer.get_meta("watermark") == START + 10 * HOUR
    assert stored(path) == before
    writer.close()


def test_lines_older_than_the_watermark_are_refused_and_counted(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "t.db")
    assert writer.prune(START + HOUR, 60)
    done = commit(writer, a_step(a_source(), [a_row(an_event("old")), a_copy("old"), a_row(an_event("new", at=HOUR))]))
    assert (done.events, done.expired, done.duplicates) == (1, 2, 0)
    assert rows_of(writer.path, "SELECT events, expired FROM source") == [(1, 2)]
    writer.close()


def test_fault_083_pruning_in_slices_keeps_every_sum(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    commit(
        writer, a_step(a_source(), [a_row(an_event(str(i), at=i * HOUR, request_id="r")) for i in range(6)]), live=False
    )
    calls = 0
    while not writer.prune(START + 4 * HOUR, 0):
        calls += 1
        check_invariant(path)
        assert calls < 20
    assert rows_of(path, "SELECT count(*) FROM event") == [(2,)]
    writer.rebuild(60)
    assert rows_of(path, "SELECT sum(n) FROM r16d") == [(6,)]
    writer.close()


def test_a_call_whose_stored_copy_is_about_to_be_pruned_is_not_counted_again(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    first = commit(writer, a_step(a_source(), [a_copy("n"), a_copy("m", at=HOUR, output=5)])).checkpoints[0]
    assert not writer.prune(START + 2 * HOUR, 0)
    assert rows_of(path, "SELECT count(*) FROM event") == [(1,)]
    done = commit(writer, a_step(first, [a_copy("m", output=9, at=2 * HOUR)]))
    assert (done.events, done.duplicates) == (0, 1)
    assert writer.rebuild(60) == 0
    assert writer.prune(START + 2 * HOUR, 60)
    assert rows_of(path, "SELECT sum(n) FROM r1h") == [(2,)]
    writer.close()


# -- new prices


class Free:
    cost = 0
    priced_as = "openai/free"


class Unknown:
    cost = None
    priced_as = ""


def test_new_prices_move_events_to_the_right_series_and_every_sum_follows(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    rows = [a_row(an_event(str(i), at=i * HOUR, cost_logged=4 if i % 2 else None, session="s")) for i in range(6)]
    commit(writer, a_step(a_source(), rows))
    seen: list[Event] = []

    def book(event: Event) -> Free | Unknown:
        seen.append(event)
        return Unknown() if event.ts < START + 2 * HOUR else Free()

    assert writer.reprice(book, 60, None) is None
    check_invariant(path)
    check_sessions(path)
    assert writer.rebuild(60) == 0
    check_invariant(path)
    assert rows_of(path, "SELECT DISTINCT priced_as FROM event JOIN series ON id = series ORDER BY 1") == [
        ("",),
        ("openai/free",),
    ]
    assert rows_of(path, "SELECT cost, unpriced FROM session") == [(12, 1)]
    assert seen[0].names == NAMES_OF_TESTS
    assert (seen[0].cache_read, seen[1].cost_logged) == (None, 4)


def test_unchanged_prices_touch_nothing(tmp_path: Path) -> None:
    class Same:
        cost = 7
        priced_as = "openai/gpt-5"

    writer = Writer.open(tmp_path / "t.db")
    commit(writer, a_step(a_source(), [a_row(an_event(str(i), at=i)) for i in range(9)]))
    assert writer.reprice(lambda event: Same(), 60, None) is None
    assert writer.get_meta("history") is None
    assert rows_of(writer.path, "SELECT * FROM dirty") == []
    writer.close()


def test_pricing_again_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenmon.store.reprice.CHUNK", 4)
    writer = Writer.open(tmp_path / "t.db")
    times = [0, 1, 1, 1, 1, 1, 1, 2, 3, 3, 9]
    commit(writer, a_step(a_source(), [a_row(an_event(str(i), at=at)) for i, at in enumerate(times)]))
    cursor = writer.reprice(lambda event: Free(), 0, None)
    cursors = [cursor]
    while cursor is not None:
        cursor = writer.reprice(lambda event: Free(), 0, cursor)
        cursors.append(cursor)
    assert cursors == [START + 1, START + 2, START + 9, None]
    assert rows_of(writer.path, "SELECT count(*) FROM event WHERE cost_list = 0") == [(11,)]
    writer.close()


def test_series_without_events_are_forgotten_after_pricing_again(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "t.db")
    commit(writer, a_step(a_source(), [a_row(an_event("a"))]))
    writer.reprice(lambda event: Free(), 60, None)
    writer.rebuild(60)
    assert rows_of(writer.path, "SELECT id, priced_as FROM series") == [(2, "openai/free")]
    assert writer.search_index_is_sound()
    writer.close()
