"""Answers equal the raw sums, at every moment and for every view."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.asking import BASE, DAY, SERIES_FLAGS, ask, call, calls, connect, raw_sums, times
from tests.store.filling import (
    Call,
    add_events,
    add_series,
    add_session,
    add_source,
    create,
    fill,
    mark_dirty,
    set_meta,
)
from tokenmon.dimensions import DIMENSIONS, Dimension, by_name
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store import pages
from tokenmon.store.answers import Breakdown, Sums
from tokenmon.store.reader import Reader
from tokenmon.store.requests import request_hash
from tokenmon.store.schema import HOUR
from tokenmon.view import Condition, View, Window

MODELS = ("gpt-4o", "claude-opus-4-5", "gpt-4o-mini", "local/llama")
spans = st.tuples(st.none() | times, st.none() | times)
ranges = spans.map(lambda span: Window(*sorted(span)) if None not in span else Window(*span))  # type: ignore[type-var]


def dimension(name: str) -> Dimension:
    found = by_name(name)
    assert found is not None
    return found


def made(path: Path, found: list[Call], stale: list[Call] | None = None, dirty: tuple[int, ...] = ()) -> Path:
    """A database of four series with these events."""
    db = create(path)
    for model, flags in zip(MODELS, SERIES_FLAGS, strict=True):
        add_series(db, flags, model=model, key_name="" if model == "gpt-4o" else "ci", key_id="k1", user="")
    for name in (b"/logs/a.jsonl", b"/logs/b\xff.jsonl"):
        add_source(db, name)
    for session in ("first", "second"):
        add_session(db, session)
    fill(db, found, stale or ())
    mark_dirty(db, dirty)
    db.close()
    return path


def inside(found: list[Call], window: Window) -> list[Call]:
    return [
        one
        for one in found
        if (window.start is None or one.ts >= window.start) and (window.end is None or one.ts < window.end)
    ]


dirty_hours = st.lists(st.integers(BASE // HOUR, BASE // HOUR + 40), max_size=5)
property_settings = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@property_settings
@given(
    calls(),
    calls(most=8),
    st.lists(st.integers(BASE // HOUR, BASE // HOUR + 40), max_size=5),
    st.lists(ranges, min_size=1, max_size=4),
)
def test_any_range_equals_the_raw_sums_whatever_is_dirty(
    found: list[Call], late: list[Call], dirty: list[int], windows: list[Window]
) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late, tuple(dirty))

        async def totals(reader: Reader) -> list[Sums]:
            return [await reader.totals(View(window)) for window in (*windows, *windows)]

        answers = ask(path, totals)
    assert answers == [raw_sums(inside(found + late, window)) for window in (*windows, *windows)]


@property_settings
@given(calls(least=1), calls(most=4), ranges, st.sampled_from(DIMENSIONS), st.sampled_from(DIMENSIONS))
def test_groups_add_up_to_the_raw_sums_by_every_dimension(
    found: list[Call], late: list[Call], window: Window, one: Dimension, other: Dimension
) -> None:
    late = [call(event.ts, event.series, event.h + 1000) for event in late]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)
        answer = ask(path, lambda reader: reader.breakdown(View(window), (one, other), zone=UTC, limit=0))
    expected = inside(found + late, window)
    assert answer.totals == raw_sums(expected)
    assert sum(group.sums.requests for group in answer.groups) == len(expected)
    assert sum(group.sums.total for group in answer.groups) == answer.totals.total
    assert len({group.values for group in answer.groups}) == answer.groups_total == len(answer.groups)
    if one.of_names is not None:
        assert {group.values[0] for group in answer.groups} == {
            {"model": MODELS[event.series - 1], "key": "k1" if event.series == 1 else "ci", "key_id": "k1",
             "key_name": None if event.series == 1 else "ci"}.get(one.name)
            for event in expected
        }  # fmt: skip
    if one.of_event == "session":
        names = {None: None, 1: "first", 2: "second"}
        for group in answer.groups:
            of_session = [event for event in expected if names[event.session] == group.values[0]]
            assert group.sums.requests <= len(of_session)


def test_what_no_producer_reports_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 4, 1), call(BASE + 1, 2, 2)])
    answer = ask(path, lambda reader: reader.breakdown(View(), (dimension("model"),), zone=UTC))
    assert [group.values for group in answer.groups] == [("claude-opus-4-5",), ("local/llama",)]
    logged, unknown = (group.sums for group in answer.groups)
    assert (logged.cost, logged.cost_list, logged.cache_read, logged.reasoning) == (70, None, None, 2)
    assert (unknown.cost, unknown.unpriced, unknown.reasoning, unknown.cache_base) == (None, 1, None, None)
    assert (answer.totals.cost, answer.totals.unpriced) == (70, 1)


def test_nothing_costs_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    assert ask(path, lambda reader: reader.totals(View(Window(BASE + 1, BASE + 5)))) == Sums(cost=0)
    assert ask(path, lambda reader: reader.totals(View(Window(BASE + 5, BASE)))) == Sums(cost=0)
    empty = made(tmp_path / "empty.db", [])
    assert ask(empty, lambda reader: reader.totals(View())) == Sums(cost=0)
    assert ask(empty, lambda reader: reader.span()) is None


def by_model(path: Path, **how: object) -> Breakdown:
    async def asked(reader: Reader) -> Breakdown:
        return await reader.breakdown(View(), (dimension("model"),), zone=UTC, **how)  # type: ignore[arg-type]

    return ask(path, asked)


def order(answer: Breakdown) -> list[str | None]:
    return [group.values[0] for group in answer.groups]


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """One event of each series, the first the dearest; the last has no price."""
    return made(tmp_path / "four.db", [call(BASE + i, i, i, size=100 // i) for i in (1, 2, 3, 4)])


def test_dearest_first_and_unknown_last(four: Path) -> None:
    assert order(by_model(four)) == ["gpt-4o", "claude-opus-4-5", "gpt-4o-mini", "local/llama"]
    assert order(by_model(four, sort="cost", descending=False))[-1] == "local/llama"


def test_missing_values_come_last_in_both_directions(four: Path) -> None:
    up, down = (by_model(four, sort="reasoning", descending=way) for way in (False, True))
    assert order(up)[0] == order(down)[0] == "claude-opus-4-5"
    assert order(up)[1:] == order(down)[1:] == ["gpt-4o", "gpt-4o-mini", "local/llama"]


def test_names_sort_upwards_unless_told_otherwise(four: Path) -> None:
    assert order(by_model(four, sort="name")) == sorted(MODELS)
    assert order(by_model(four, sort="name", descending=True)) == sorted(MODELS, reverse=True)


@pytest.mark.parametrize(
    "sort", ["requests", "errors", "input", "cache_read", "cache_write", "output", "total", "last"]
)
def test_every_column_sorts(four: Path, sort: str) -> None:
    up, down = (order(by_model(four, sort=sort, descending=way)) for way in (False, True))
    assert set(up) == set(down) == set(MODELS)
    if sort == "last":
        assert up == list(MODELS)
        assert down == list(reversed(MODELS))


def test_a_column_that_is_not_one_is_refused(four: Path) -> None:
    with pytest.raises(UsageError, match="sorted by"):
        by_model(four, sort="cost; DROP TABLE event")


def test_a_cut_keeps_the_largest_and_the_totals(four: Path) -> None:
    whole, part = by_model(four, limit=0), by_model(four, limit=2)
    assert part.groups == whole.groups[:2]
    assert (part.groups_total, part.truncated, part.totals) == (4, True, whole.totals)
    assert not whole.truncated


def requests(path: Path, *where: tuple[str, str], search: str = "") -> int:
    view = View(where=tuple(Condition(*pair) for pair in where), search=search)
    return ask(path, lambda reader: reader.totals(view)).requests


def test_conditions_are_exact_and_anded(four: Path) -> None:
    assert requests(four, ("model", "gpt-4o")) == 1
    assert requests(four, ("key", "ci")) == 3
    assert requests(four, ("key", "k1")) == 1
    assert requests(four, ("key_name", "")) == 1
    assert requests(four, ("key", "ci"), ("model", "gpt-4o")) == 0
    assert requests(four, ("model", "GPT-4o")) == 0


def test_conditions_on_events_are_answered_from_events(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR, 1 + i % 4, i, err=i % 5 == 0) for i in range(20)]
    path = made(tmp_path / "x.db", found)
    assert requests(path, ("status", "failed")) == 4
    assert requests(path, ("status", "ok")) == 16
    assert requests(path, ("status", "500")) == 4
    assert requests(path, ("status", "404")) == 0
    assert requests(path, ("source", "/logs/a.jsonl")) == 10
    assert requests(path, ("source", "/logs/b\udcff.jsonl")) == 10
    assert requests(path, ("session", "first")) == sum(1 for one in found if one.session == 1)
    assert requests(path, ("session", "")) == sum(1 for one in found if one.session is None)
    assert requests(path, ("session", "none such")) == 0
    assert requests(path, ("session", "first"), ("model", "gpt-4o")) == sum(
        1 for one in found if one.session == 1 and one.series == 1
    )


@pytest.mark.parametrize("condition", [("status", "maybe"), ("day", "2026-11-20"), ("nonsense", "x")])
def test_a_condition_that_means_nothing_is_refused(four: Path, condition: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        requests(four, condition)


def test_a_source_that_is_shown_can_be_asked_for(four: Path) -> None:
    answer = ask(four, lambda reader: reader.breakdown(View(), (dimension("source"),), zone=UTC))
    for group in answer.groups:
        assert requests(four, ("source", group.values[0] or "")) == group.sums.requests


def test_search_filters_numbers(four: Path) -> None:
    assert requests(four, search="gpt") == 2
    assert requests(four, search="gpt mini") == 1
    assert requests(four, search="nothing-like-it") == 0
    assert requests(four, search="--- ") == 4


def searched(path: Path, text: str) -> tuple[int, ...]:
    """Identities of the events that a search finds; every answer must agree about their number, cost and tokens."""

    async def asked(reader: Reader) -> tuple[int, ...]:
        view = View(search=text)
        events = (await reader.events(view)).events
        totals = await reader.totals(view)
        groups = (await reader.breakdown(view, (dimension("model"),), zone=UTC)).groups
        days = (await reader.breakdown(view, (dimension("day"), dimension("source")), zone=UTC)).groups
        chart = await reader.chart(view, dimension("key"), [BASE - DAY, BASE + 3 * HOUR, BASE + 50 * DAY])
        again = await reader.totals(view)
        for requests, cost in (
            (totals.requests, totals.cost or 0),
            (again.requests, again.cost or 0),
            (sum(group.sums.requests for group in groups), sum(group.sums.cost or 0 for group in groups)),
            (sum(group.sums.requests for group in days), sum(group.sums.cost or 0 for group in days)),
            (sum(sum(s.requests) for s in chart.series), sum(sum(s.costs) for s in chart.series)),
        ):
            assert (requests, cost) == (len(events), sum(event.cost or 0 for event in events))
        return tuple(place[1] for event in events if (place := pages.parse_id(event.id)))

    return ask(path, asked)


@pytest.fixture
def dozen(tmp_path: Path) -> Path:
    """Twelve events of all series, 0 the dearest; sessions `first` and `second`, sources `a` and `b`."""
    return made(
        tmp_path / "dozen.db", [call(BASE + i * HOUR, 1 + i % 4, i, size=1000 - i, err=i % 5 == 0) for i in range(12)]
    )


def test_every_answer_honours_what_only_events_know(dozen: Path) -> None:
    def expected(test: Callable[[Call], bool]) -> tuple[int, ...]:
        found = [call(BASE + i * HOUR, 1 + i % 4, i, size=1000 - i, err=i % 5 == 0) for i in range(12)]
        return tuple(one.h for one in reversed(found) if test(one))

    def cost(one: Call) -> int | None:
        return one.cost_list if one.cost_logged is None else one.cost_logged

    def tokens(one: Call) -> int:
        return one.input + one.cache_read + one.cache_write_5m + one.cache_write_1h + one.output

    assert searched(dozen, "status:failed") == expected(lambda one: bool(one.err))
    assert searched(dozen, "status:5xx gpt") == expected(lambda one: bool(one.err) and one.series in (1, 3))
    assert searched(dozen, "status:200") == expected(lambda one: one.status == 200)
    assert searched(dozen, "status:404") == ()
    assert searched(dozen, "cost:>0.000005") == expected(lambda one: (cost(one) or 0) > 5_000)
    assert searched(dozen, "cost:<=0.00000495") == expected(lambda one: cost(one) is not None and cost(one) <= 4950)  # type: ignore[operator]
    assert searched(dozen, "tokens:>=4k") == expected(lambda one: tokens(one) >= 4_000)
    assert searched(dozen, "session:fir") == expected(lambda one: one.session == 1)
    assert searched(dozen, "session:x") == ()
    assert searched(dozen, "source:A.JSON key:ci") == expected(lambda one: one.source == 1 and one.series != 1)
    assert searched(dozen, "latency:>1ms") == ()
    assert searched(dozen, "cost:> status: model:") == expected(lambda one: True)


def test_a_whole_request_id_is_found_exactly(dozen: Path) -> None:
    db = connect(dozen)
    for request, i in (("req-Zürich", 3), ("twice", 4), ("twice", 5), ("gpt", 6), ("gone", 77)):
        db.execute("INSERT INTO request VALUES (1, ?, ?, ?)", (request_hash(request), BASE + i * HOUR, i))
    db.close()
    assert searched(dozen, "req-Zürich") == searched(dozen, ' "req-Zürich" ') == (3,)
    assert searched(dozen, "twice") == (5, 4)
    assert searched(dozen, pages.id_of(BASE + 7 * HOUR, 7)) == (7,)
    assert searched(dozen, "req-Züric") == searched(dozen, "gone") == searched(dozen, "twice nothing") == ()
    assert len(searched(dozen, "gpt")) == 6


async def test_a_kept_condition_follows_what_is_committed(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR, 1, i, err=i % 2 == 0) for i in range(6)]
    path = made(tmp_path / "x.db", found)
    async with await Reader.open(path) as reader:
        view, other = View(search="status:failed session:first"), View(where=(Condition("session", "first"),))
        for at, history in ((5 * HOUR + 1, 0), (7 * HOUR, 0), (HOUR + 5, 1), (9 * HOUR, 1), (2 * HOUR, 2)):
            before = [await reader.totals(each) for each in (view, other)]
            db = connect(path)
            add_events(db, [replace(call(BASE + at, 2, 500 + at, err=True), session=1)])
            mark_dirty(db, [(BASE + at) // HOUR])
            set_meta(db, {"history": history})
            db.close()
            after = [await reader.totals(each) for each in (view, other)]
            assert [sums.requests for sums in after] == [sums.requests + 1 for sums in before]


async def test_a_search_finds_names_that_came_after_it_was_first_asked(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    async with await Reader.open(path) as reader:
        assert (await reader.totals(View(search="gpt"))).requests == 1
        db = connect(path)
        series = add_series(db, Flag.LISTED, model="gpt-9")
        add_events(db, [Call(BASE + 1, series, 2, cost_list=3)])
        mark_dirty(db, [BASE // HOUR])
        db.close()
        assert (await reader.totals(View(search="gpt"))).requests == 2


def test_fault_084_a_broken_search_index_does_not_end_search(four: Path) -> None:
    db = connect(four)
    db.execute("PRAGMA writable_schema=ON")
    db.execute("DELETE FROM series_fts_data")
    db.close()
    assert requests(four, search="gpt") == 2


def test_an_edge_before_the_events_that_are_left_moves_to_the_hour_and_says_so(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 2, 1, i) for i in range(20)]
    path = made(tmp_path / "x.db", found)
    db = connect(path)
    db.execute("DELETE FROM event WHERE ts < ?", (BASE + 5 * HOUR,))
    set_meta(db, {"watermark": BASE + 5 * HOUR})
    db.close()

    def asked(window: Window, by: str = "model") -> Breakdown:
        return ask(path, lambda reader: reader.breakdown(View(window), (dimension(by),), zone=UTC))

    early = asked(Window(BASE + HOUR + 1, BASE + 3 * HOUR + 1))
    assert (early.snapped, early.totals.requests) == (True, 6)
    late = asked(Window(BASE + 6 * HOUR + 1, BASE + 8 * HOUR))
    assert (late.snapped, late.totals.requests) == (False, 3)
    assert asked(Window()).totals == raw_sums(found)
    assert asked(Window(), "hour").totals == raw_sums(found)
    scanned = asked(Window(), "session")
    assert (scanned.snapped, scanned.totals.requests) == (True, 10)
    window = ask(path, lambda reader: reader.span())
    assert window == Window(BASE, found[-1].ts + 1)


async def test_a_reader_sees_what_is_committed_and_keeps_what_cannot_change(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i * HOUR, 1, i) for i in range(10)])
    async with await Reader.open(path) as reader:
        view = View(Window(BASE + 1, None))
        assert (await reader.totals(view)).requests == 9
        before = await reader.revision()
        db = connect(path)
        add_events(db, [call(BASE + 9 * HOUR + 5, 2, 100), call(BASE + 12 * HOUR, 3, 101)])
        mark_dirty(db, [BASE // HOUR + 9, BASE // HOUR + 12])
        assert await reader.revision() != before
        assert (await reader.totals(view)).requests == 11
        db.execute("BEGIN")
        add_series(db, Flag.LISTED, model="new")
        db.execute("COMMIT")
        add_events(db, [Call(BASE + 2 * HOUR, 5, 102, cost_list=3)])
        mark_dirty(db, [BASE // HOUR + 2])
        set_meta(db, {"history": 1})
        db.close()
        answer = await reader.breakdown(view, (dimension("model"),), zone=UTC)
        assert answer.totals.requests == 12
        assert "new" in [group.values[0] for group in answer.groups]
        assert await reader.span() == Window(BASE, BASE + 12 * HOUR + 1)


def test_stored_names_are_harmless_on_the_way_out(tmp_path: Path) -> None:
    db = create(tmp_path / "x.db")
    series = add_series(db, Flag.LISTED, model="evil\x1b]0;x\x07")
    add_source(db)
    fill(db, [Call(BASE, series, 1, cost_list=1)])
    db.close()
    answer = ask(tmp_path / "x.db", lambda reader: reader.breakdown(View(), (dimension("model"),), zone=UTC))
    shown = answer.groups[0].values[0]
    assert shown is not None
    assert shown.isprintable()
    assert requests(tmp_path / "x.db", ("model", shown)) == 1


def test_days_of_a_year_are_one_group_each(tmp_path: Path) -> None:
    found = [call(BASE + i * 7 * DAY, 1 + i % 4, i) for i in range(53)]
    path = made(tmp_path / "x.db", found)
    answer = ask(path, lambda reader: reader.breakdown(View(), (dimension("day"),), zone=UTC))
    assert answer.groups_total == 53
    assert [group.values[0] for group in answer.groups] == sorted(group.values[0] or "" for group in answer.groups)
