"""Any span is the signed sum of its parts, from few buckets."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from tokenmon.store.cover import RAW, TOP, WIDTHS, Part, adding, corrections, cover, nearest, runs, snap
from tokenmon.store.schema import HOUR

DAY = 24 * HOUR
edges = st.one_of(
    st.integers(-40 * DAY, 60 * DAY),
    st.integers(-1000, 1000).map(lambda hour: hour * HOUR),
    st.integers(-60, 60).map(lambda day: day * DAY),
)
spans = st.tuples(edges, edges).map(lambda pair: (min(pair), max(pair)))
moments = st.lists(st.one_of(edges, st.integers(-3 * HOUR, 3 * HOUR)), max_size=40)


def weight(parts: Iterable[Part], at: int) -> int:
    """How often a moment is counted."""
    return sum(
        part.sign for part in parts if (part.start is None or part.start <= at) and (part.end is None or at < part.end)
    )


@given(spans, moments)
def test_a_cover_counts_the_span_once_and_nothing_else(span: tuple[int, int], at: list[int]) -> None:
    start, end = span
    for moment in (*at, start, end, start - 1, end - 1):
        assert weight(cover(start, end).parts, moment) == (start <= moment < end)
        assert weight(cover(start, None).parts, moment) == (start <= moment)
        assert weight(cover(None, end).parts, moment) == (moment < end)
        assert weight(adding(start, end), moment) == (start <= moment < end)
        assert weight(adding(start, None), moment) == (start <= moment)
        assert weight(adding(None, end), moment) == (moment < end)


@given(spans)
def test_parts_are_whole_buckets_and_few(span: tuple[int, int]) -> None:
    parts = cover(*span).parts
    for part in parts:
        assert part.start is not None
        assert part.end is not None
        assert part.start % WIDTHS[part.level] == 0
        assert part.end % WIDTHS[part.level] == 0
        if part.level < TOP:
            most = WIDTHS[part.level + 1]
            assert part.end - part.start <= most
    per_level = Counter(part.level for part in parts)
    assert all(count <= 2 for count in per_level.values())


@given(spans, st.lists(st.integers(-50, 50), max_size=12), moments)
def test_dirty_hours_are_read_raw_when_only_adding(span: tuple[int, int], hours: list[int], at: list[int]) -> None:
    holes = runs(sorted(set(hours)), HOUR)
    parts = adding(*span, holes)
    for moment in at:
        assert weight(parts, moment) == (span[0] <= moment < span[1])
        if moment // HOUR in hours:
            assert not weight([part for part in parts if part.level != RAW], moment)


@given(spans, st.lists(st.integers(-50, 50), max_size=12), moments)
def test_a_correction_swaps_roll_ups_for_events_in_dirty_hours(
    span: tuple[int, int], hours: list[int], at: list[int]
) -> None:
    covering = cover(*span)
    parts = (*covering.parts, *corrections(covering.rolled, runs(sorted(set(hours)), HOUR)))
    for moment in at:
        assert weight(parts, moment) == (span[0] <= moment < span[1])
        if moment // HOUR in hours:
            assert weight([part for part in parts if part.level != RAW], moment) == 0


@given(st.integers(-(10**12), 10**12), st.sampled_from(WIDTHS[1:]))
def test_nearest_is_at_most_half_a_bucket_away(edge: int, wide: int) -> None:
    rounded = nearest(edge, wide)
    assert rounded is not None
    assert rounded % wide == 0
    assert abs(rounded - edge) * 2 <= wide


def test_an_edge_older_than_the_events_moves_out_to_the_hour() -> None:
    floors = (100 * HOUR, None, None, None, None)
    assert snap(7 * HOUR + 1, floors, up=False) == 7 * HOUR
    assert snap(7 * HOUR + 1, floors, up=True) == 8 * HOUR
    assert snap(100 * HOUR + 1, floors, up=False) == 100 * HOUR + 1
    assert snap(None, floors, up=True) is None


def test_an_edge_older_than_the_hours_moves_out_to_six_of_them() -> None:
    floors = (1000 * HOUR, 600 * HOUR, None, None, None)
    assert snap(7 * HOUR + 1, floors, up=False) == 6 * HOUR
    assert snap(7 * HOUR, floors, up=True) == 12 * HOUR
    assert snap(601 * HOUR + 1, floors, up=True) == 602 * HOUR


@given(spans, st.integers(-500, 500), st.integers(-500, 500))
def test_a_snapped_span_reads_nothing_that_is_gone(span: tuple[int, int], raw: int, hourly: int) -> None:
    floors = (max(raw, hourly) * HOUR, min(raw, hourly) * HOUR, None, None, None)
    start, end = snap(span[0], floors, up=False), snap(span[1], floors, up=True)
    assert start is not None
    assert end is not None
    assert start <= span[0]
    assert end >= span[1]
    for part in (*cover(start, end).parts, *adding(start, end)):
        floor = floors[part.level] if part.level < TOP else None
        assert part.start is not None
        assert floor is None or part.start >= floor
