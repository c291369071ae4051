"""Calendar buckets follow the clock on the wall, whatever it does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmon.store.buckets import Bucket, floor, label, spans
from tokenmon.store.schema import HOUR

BERLIN, KOLKATA, HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")
ZONES = [UTC, BERLIN, KOLKATA, HOWE, ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kathmandu")]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def labels(start: str, end: str, bucket: Bucket, zone: ZoneInfo) -> list[str]:
    return [label(low, bucket, zone) for low, _ in spans(at(start), at(end), bucket, zone)]


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    assert labels("2026-10-25T00:00+00:00", "2026-10-25T03:00+00:00", "hour", BERLIN) == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_the_hour_that_does_not_come_is_no_bucket() -> None:
    assert labels("2026-03-29T00:00+00:00", "2026-03-29T02:00+00:00", "hour", BERLIN) == [
        "2026-03-29T01:00+01:00",
        "2026-03-29T03:00+02:00",
    ]


def test_days_at_a_clock_change_have_23_and_25_hours() -> None:
    lengths = [
        (high - low) // HOUR
        for day in ("2026-03-29T12:00+00:00", "2026-10-25T12:00+00:00")
        for low, high in spans(at(day), at(day) + 1, "day", BERLIN)
    ]
    assert lengths == [23, 25]


def test_half_hour_zones_have_half_hour_edges() -> None:
    (low, _), *_ = spans(at("2026-11-20T00:00+00:00"), at("2026-11-20T01:00+00:00"), "hour", KOLKATA)
    assert low == at("2026-11-19T23:30+00:00")
    assert label(low, "hour", KOLKATA) == "2026-11-20T05:00+05:30"
    assert labels("2026-11-20T18:00+00:00", "2026-11-20T19:00+00:00", "day", KOLKATA) == ["2026-11-20", "2026-11-21"]


def test_weeks_are_iso_weeks_and_months_have_their_length() -> None:
    assert labels("2026-12-31T12:00+00:00", "2027-01-04T12:00+00:00", "week", BERLIN) == ["2026-W53", "2027-W01"]
    assert labels("2026-01-31T12:00+00:00", "2026-03-01T12:00+00:00", "month", BERLIN) == [
        "2026-01",
        "2026-02",
        "2026-03",
    ]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(start=st.integers(at("2011-12-25T00:00+00:00"), at("2027-01-01T00:00+00:00")), length=st.integers(1, 80 * HOUR))
@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month"])
def test_buckets_follow_each_other_without_gaps(zone: ZoneInfo, bucket: Bucket, start: int, length: int) -> None:
    found = list(spans(start, start + length, bucket, zone))
    assert found[0][0] <= start < start + length <= found[-1][1]
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert all(low < high for low, high in found)
    if bucket != "hour":
        assert all(floor(moment, bucket, zone) == low for low, high in found for moment in (low, high - 1))
        assert len({label(low, bucket, zone) for low, _ in found}) == len(found)


def test_a_day_that_a_zone_skipped_is_no_bucket() -> None:
    apia = ZoneInfo("Pacific/Apia")
    start = datetime(2011, 12, 29, 12, tzinfo=apia)
    days = [
        label(low, "day", apia)
        for low, _ in spans(at(start.isoformat()), at((start + timedelta(2)).isoformat()), "day", apia)
    ]
    assert days == ["2011-12-29", "2011-12-31"]
