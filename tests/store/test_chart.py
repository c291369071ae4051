"""A chart's bins equal the raw sums, now and after every commit."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.store.asking import BASE, DAY, SERIES_FLAGS, ask, call, calls, connect, raw_sums, times
from tests.store.filling import Call, add_events, add_series, add_source, create, fill, mark_dirty, set_meta
from tests.store.test_reader import MODELS, dimension, made
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import Chart, Sums
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR
from tokenmon.view import Condition, View, Window

MODEL = dimension("model")


def raw(found: list[Call], edges: list[int]) -> dict[str, list[tuple[int, int, int]]]:
    """By model: cost, tokens and requests of every bin."""
    bins = {model: [(0, 0, 0)] * (len(edges) - 1) for model in MODELS}
    for one in found:
        for i, (low, high) in enumerate(pairwise(edges)):
            if low <= one.ts < high:
                cost, tokens, requests = bins[MODELS[one.series - 1]][i]
                more = one.cost_logged if one.cost_logged is not None else one.cost_list or 0
                size = one.input + one.cache_read + one.cache_write_5m + one.cache_write_1h + one.output
                bins[MODELS[one.series - 1]][i] = (cost + more, tokens + size, requests + 1)
    return {model: of_model for model, of_model in bins.items() if any(requests for _, _, requests in of_model)}


def drawn(chart: Chart) -> dict[str, list[tuple[int, int, int]]]:
    return {
        series.label: list(zip(series.costs, series.tokens, series.requests, strict=True)) for series in chart.series
    }


@settings(max_examples=50, deadline=None)
@given(calls(), calls(most=6), st.sets(times, min_size=2, max_size=9).map(sorted))
def test_bins_at_any_edges_equal_the_raw_sums(found: list[Call], late: list[Call], edges: list[int]) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)

        async def twice(reader: Reader) -> list[Chart]:
            return [await reader.chart(View(), MODEL, edges) for _ in range(2)]

        one, other = ask(path, twice)
    assert drawn(one) == raw(found + late, edges)
    assert one == other


def test_a_shared_edge_whose_calls_cancel_out_keeps_its_tokens(tmp_path: Path) -> None:
    """One call rolled up before the edge, one waiting after it in a dirty hour: together no call, but tokens."""
    edges = [BASE + HOUR // 2, BASE + 5 * HOUR // 2, BASE + 13 * HOUR // 2]
    found, late = [call(BASE + HOUR, 1, 0, size=0)], [call(edges[1], 1, 1000)]
    path = made(tmp_path / "x.db", found, late)
    assert drawn(ask(path, lambda reader: reader.chart(View(), MODEL, edges))) == raw(found + late, edges)


HOURS = [BASE + i * HOUR for i in range(9)]
COMMITS = (
    *((8 * HOUR + HOUR // 2 + 60_000, 0, 0), (8 * HOUR + 60_000, 0, 1)),
    *((2 * HOUR, 1, 1), (12 * HOUR, 1, 1), (3 * HOUR, 2, 1)),
)
"""When a call is added to those of the first nine hours, and what `history` and `recent` are then."""


async def test_kept_bins_are_asked_again_when_history_grows(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 2, 1 + i % 4, i) for i in range(18)]
    path = made(tmp_path / "x.db", found)
    async with await Reader.open(path) as reader:
        assert drawn(await reader.chart(View(), MODEL, HOURS)) == raw(found, HOURS)
        for at, history, recent in COMMITS:
            more = call(BASE + at + 1, 2, 1000 + at)
            db = connect(path)
            add_events(db, [more])
            mark_dirty(db, [more.ts // HOUR])
            set_meta(db, {"history": history, "recent": recent})
            db.close()
            found.append(more)
            assert drawn(await reader.chart(View(), MODEL, HOURS)) == raw(found, HOURS)


async def test_the_largest_of_many_values_are_told_apart_and_follow_the_data(tmp_path: Path) -> None:
    db = create(tmp_path / "x.db")
    add_source(db)
    many = [add_series(db, Flag.LISTED, model="m", user=f"user-{i:03}") for i in range(90)]
    found = [Call(BASE + i % 8 * HOUR, series, i, input=100 - i, cost_list=100 - i) for i, series in enumerate(many)]
    fill(db, found)
    user = dimension("user")
    async with await Reader.open(tmp_path / "x.db") as reader:
        for newcomer in (None, Call(BASE + 9 * HOUR, many[80], 999, input=5, cost_list=1_000)):
            if newcomer is not None:
                add_events(db, [newcomer])
                mark_dirty(db, [newcomer.ts // HOUR])
                found.append(newcomer)
            chart = await reader.chart(View(), user, [*HOURS, BASE + 10 * HOUR], top=3)
            costs: dict[str, int] = {}
            for one in found:
                name = f"user-{one.series - many[0]:03}"
                costs[name] = costs.get(name, 0) + (one.cost_list or 0)
            largest = sorted(costs, key=lambda name: -costs[name])[:3]
            assert [series.label for series in chart.series] == [*largest, "Other (87)"]
            assert [sum(series.costs) for series in chart.series[:3]] == [costs[name] for name in largest]
            assert sum(chart.series[3].costs) == sum(costs.values()) - sum(costs[name] for name in largest)
    db.close()


@settings(max_examples=40, deadline=None)
@given(
    calls(), calls(most=6), st.sets(times, min_size=2, max_size=9).map(sorted), st.sampled_from(["", "status:failed"])
)
def test_the_course_of_a_view_is_the_raw_sums_of_every_bin(
    found: list[Call], late: list[Call], edges: list[int], search: str
) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)

        async def twice(reader: Reader) -> list[tuple[Sums, ...]]:
            return [await reader.course(View(search=search), edges) for _ in range(2)]

        one, other = ask(path, twice)
    counted = [each for each in found + late if each.err or not search]
    assert one == other
    assert one == tuple(
        replace(raw_sums([each for each in counted if low <= each.ts < high]), first=None, last=None)
        for low, high in pairwise(edges)
    )


async def test_a_course_follows_what_is_committed(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 2, 1 + i % 4, i) for i in range(18)]
    path = made(tmp_path / "x.db", found)
    async with await Reader.open(path) as reader:
        for at, history, recent in COMMITS:
            before = await reader.course(View(), [*HOURS, BASE + DAY])
            db = connect(path)
            add_events(db, [call(BASE + at + 1, 2, 1000 + at)])
            mark_dirty(db, [(BASE + at) // HOUR])
            set_meta(db, {"history": history, "recent": recent})
            db.close()
            after = await reader.course(View(), [*HOURS, BASE + DAY])
            changed = [i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
            assert changed == [min(at // HOUR, 8)]
            assert after[changed[0]].requests == before[changed[0]].requests + 1


def test_a_course_of_no_bin_is_empty(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    assert ask(path, lambda reader: reader.course(View(), [])) == ()
    assert ask(path, lambda reader: reader.course(View(search="nothing"), [BASE, BASE + 1])) == (Sums(cost=0),)


def test_a_chart_of_more_bins_than_an_answer_holds_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    with pytest.raises(UsageError, match="5,000 bins"):
        ask(path, lambda reader: reader.chart(View(), MODEL, range(BASE, BASE + 5_002)))


def test_what_is_not_among_the_largest_is_counted_as_other(tmp_path: Path) -> None:
    found = [call(BASE + i, series, series * 10 + i, size=100 // series) for series in (1, 2, 3, 4) for i in (1, 2)]
    path = made(tmp_path / "x.db", found)
    chart = ask(path, lambda reader: reader.chart(View(), MODEL, HOURS[:2], top=2))
    assert [series.label for series in chart.series] == ["gpt-4o", "claude-opus-4-5", "Other (2)"]
    whole = raw(found, HOURS[:2])
    assert chart.series[2].requests == (4,)
    assert chart.series[2].costs == (sum(whole[model][0][0] for model in ("gpt-4o-mini", "local/llama")),)


def test_a_chosen_value_comes_first(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i, i, i, size=100 // i) for i in (1, 2, 3, 4)])
    chart = ask(path, lambda reader: reader.chart(View(), MODEL, HOURS[:2], top=2, first="local/llama"))
    assert [series.label for series in chart.series] == ["local/llama", "gpt-4o", "Other (2)"]


def test_without_any_price_tokens_decide(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 4, 1, size=5)])
    assert SERIES_FLAGS[3] == 0
    chart = ask(path, lambda reader: reader.chart(View(), MODEL, HOURS[:2]))
    assert [(series.label, series.costs) for series in chart.series] == [("local/llama", (0,))]


def test_conditions_and_search_narrow_a_chart_and_the_window_does_not(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR, 1 + i % 4, i, err=i % 2 == 0) for i in range(8)]
    path = made(tmp_path / "x.db", found)

    def labels(view: View, by: str = "model") -> list[str]:
        chart = ask(path, lambda reader: reader.chart(view, dimension(by), HOURS))
        return sorted(series.label for series in chart.series)

    assert labels(View(search="gpt")) == ["gpt-4o", "gpt-4o-mini"]
    assert labels(View(where=(Condition("status", "failed"),))) == ["gpt-4o", "gpt-4o-mini"]
    assert labels(View(Window(BASE + DAY, None), search="gpt mini")) == ["gpt-4o-mini"]
    assert labels(View(), "session") == ["", "first", "second"]
    assert labels(View(search="nothing")) == []
    with pytest.raises(UsageError, match="split"):
        labels(View(), "day")


def test_too_few_edges_are_an_empty_chart(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    assert ask(path, lambda reader: reader.chart(View(), MODEL, [BASE])) == Chart((BASE,), ())


async def test_a_range_that_moves_keeps_no_bin_for_every_moment(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 2, 1 + i % 4, i) for i in range(40)]
    path = made(tmp_path / "x.db", found)
    async with await Reader.open(path) as reader:
        sizes = []
        for second in range(0, 200, 2):
            start = BASE + 1_000 * second + 7
            edges = [start, *(BASE + n * HOUR for n in range(1, 30)), BASE + 30 * HOUR + 1_000 * second]
            assert drawn(await reader.chart(View(), MODEL, edges)) == raw(found, edges)
            sizes.append(reader._charts._bins._size)
        assert sizes[-1] == sizes[0]
