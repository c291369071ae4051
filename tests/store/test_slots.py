"""Calendar buckets and shared edges: every event in exactly one slot, in any zone."""

from collections import defaultdict
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.asking import DAY, ask, call, calls, raw_sums, times
from tests.store.filling import Call
from tests.store.test_cover import weight
from tests.store.test_reader import MODELS, dimension, inside, made
from tokenmon.store.answers import Breakdown
from tokenmon.store.breakdown import MOST_BUCKETS
from tokenmon.store.cover import cover
from tokenmon.store.schema import HOUR
from tokenmon.store.slots import shared
from tokenmon.view import Condition, View, Window

ZONES: tuple[tzinfo, ...] = (UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Kathmandu"))


def written(at: int, bucket: str, zone: tzinfo) -> str:
    """A bucket as the design writes it, straight from the calendar."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    forms = {"hour": "%Y-%m-%dT%H:00", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
    offset = local.isoformat()[-6:] if bucket == "hour" else ""
    return local.strftime(forms[bucket]) + offset


@settings(max_examples=60, deadline=None)
@given(
    calls(least=1),
    calls(most=5),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(ZONES),
    st.tuples(times, times).map(sorted),
    st.sampled_from(["", "model", "search"]),
)
def test_buckets_of_any_zone_equal_the_raw_sums(
    found: list[Call], late: list[Call], bucket: str, zone: tzinfo, edges: list[int], narrowed: str
) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    window = Window(edges[0], edges[1] + 1)
    view, expected = View(window), inside(found + late, window)
    if narrowed == "model":
        view, expected = view.only("model", MODELS[0]), [one for one in expected if one.series == 1]
    elif narrowed == "search":
        view, expected = View(window, search="gpt"), [one for one in expected if one.series in (1, 3)]
    groups = defaultdict(list)
    for one in expected:
        groups[written(one.ts, bucket, zone)].append(one)
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)
        answer = ask(path, lambda reader: reader.breakdown(view, (dimension(bucket),), zone=zone, limit=0))
    assert {group.values[0]: group.sums for group in answer.groups} == {
        label: raw_sums(of_label) for label, of_label in groups.items()
    }
    starts = [group.sums.first or 0 for group in answer.groups]
    assert starts == sorted(starts)


@settings(max_examples=40, deadline=None)
@given(calls(least=1), calls(most=5), st.sampled_from(ZONES))
def test_days_by_model_equal_the_raw_sums(found: list[Call], late: list[Call], zone: tzinfo) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    groups = defaultdict(list)
    for one in found + late:
        groups[written(one.ts, "day", zone), MODELS[one.series - 1]].append(one)
    by = (dimension("day"), dimension("model"))
    view = View(where=(Condition("key_id", "k1"),))
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)
        answer = ask(path, lambda reader: reader.breakdown(view, by, zone=zone, limit=0))
    assert {group.values: group.sums for group in answer.groups} == {
        values: raw_sums(of_values) for values, of_values in groups.items()
    }


@given(st.integers(-12 * 4, 14 * 4), st.integers(2, 20), st.integers(0, 23))
def test_neighbours_share_their_edge_and_nothing_is_lost(quarters: int, days: int, hour: int) -> None:
    start = 20_000 * DAY + quarters * HOUR // 4
    edges = [start + day * DAY for day in range(days + 1)]
    parts = [(i, cover(edges[i], edges[i + 1]).parts) for i in range(days)]
    slots, between = shared(parts)
    weights: dict[int, int] = defaultdict(int)
    at = start + DAY + hour * HOUR
    for slot, of_slot in slots:
        found = weight(of_slot, at)
        if slot in between:
            before, after = between[slot]
            weights[before] += found
            weights[after] -= found
        else:
            weights[slot] += found
    assert {slot: found for slot, found in weights.items() if found} == {1: 1}


def test_far_from_utc_most_of_an_edge_is_read_once() -> None:
    edges = [20_000 * DAY + 8 * HOUR + day * DAY for day in range(11)]
    parts = [(i, cover(edges[i], edges[i + 1]).parts) for i in range(10)]
    slots, between = shared(parts)
    assert len(between) == 9
    assert sum(len(list(of_slot)) for _, of_slot in slots) < sum(len(of_slot) for _, of_slot in parts)


def test_more_buckets_than_an_answer_holds_are_cut_from_the_old_end_and_said(tmp_path: Path) -> None:
    hours = MOST_BUCKETS + 40  # whole days, so that no bucket is empty
    found = [call(20_000 * DAY + i * HOUR + 5, 1 + i % 2, i, size=i) for i in range(hours)]
    path = made(tmp_path / "x.db", found)

    def by_hour(view: View) -> Breakdown:
        return ask(path, lambda reader: reader.breakdown(view, (dimension("hour"),), zone=UTC, limit=0))

    for view in (View(), View(where=(Condition("status", "ok"),))):
        answer = by_hour(view)
        assert (len(answer.groups), answer.truncated, answer.bounded) == (MOST_BUCKETS, True, True)
        assert answer.groups[0].sums.first == found[40].ts
        assert answer.totals == raw_sums(found)
    whole = by_hour(View(Window(found[40].ts, None)))
    assert (len(whole.groups), whole.truncated) == (MOST_BUCKETS, False)
