"""The grammar of ranges, and the bins of charts, across changes of clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmon.errors import UsageError
from tokenmon.ranges import DAY, HOUR, MINUTE, WEEK, WIDTHS, bins, compared, is_fixed, resolve, smallest_holding
from tokenmon.view import Window

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "America/Havana",
        "Pacific/Apia",
    )
]


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


NOW = ms("2026-11-20T14:03:22.123")  # a Friday


def resolved(text: str, zone: ZoneInfo = BERLIN, now: int = NOW) -> Window:
    return resolve(text, now, zone)


@pytest.mark.parametrize(("text", "length"), [("90m", 90 * MINUTE), ("24h", DAY), ("7d", 7 * DAY), ("2w", 2 * WEEK)])
def test_so_much_is_up_to_now(text: str, length: int) -> None:
    assert resolved(text) == Window(NOW - length, NOW)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-20", "2026-11-21"),
        ("yesterday", "2026-11-19", "2026-11-20"),
        ("week", "2026-11-16", "2026-11-23"),
        ("month", "2026-11-01", "2026-12-01"),
        ("2026-11-01..2026-11-20", "2026-11-01", "2026-11-21"),
        ("2026-11-20..2026-11-20", "2026-11-20", "2026-11-21"),
        ("2026-11-01..2026-11-20T12:00", "2026-11-01", "2026-11-20T12:00"),
        ("2026-11-01 08:30 .. 2026-11-01 09:00:30.5", "2026-11-01T08:30", "2026-11-01T09:00:30.500"),
        ("2026-11-01T00:00Z..2026-11-02T00:00+05:30", "2026-11-01T00:00+00:00", "2026-11-02T00:00+05:30"),
        ("mon..", "2026-11-16", None),
        ("fri..", "2026-11-20", None),
        ("saturday..", "2026-11-14", None),
        ("mon..wed", "2026-11-16", "2026-11-19"),
        ("09:00..", "2026-11-20T09:00", None),
        ("15:00..", "2026-11-19T15:00", None),
        ("22:00..06:00", "2026-11-19T22:00", "2026-11-20T06:00"),
        ("2026-11-01..", "2026-11-01", None),
        ("yesterday..today", "2026-11-19", "2026-11-21"),
        (" TODAY ", "2026-11-20", "2026-11-21"),
    ],
)
def test_the_grammar_is_local_and_half_open(text: str, first: str, last: str | None) -> None:
    assert resolved(text) == Window(ms(first), None if last is None else ms(last))


def test_all_is_the_span_of_the_events() -> None:
    assert resolved("all") == Window()
    assert resolve("all", NOW, BERLIN, Window(1, 2)) == Window(1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0h",
        "-1h",
        "1y",
        "24",
        "..",
        "..today",
        "2026-13-01..",
        "2026-02-30..",
        "tomorrow",
        "mondays..",
        "25:00..",
        "1h..2h",
        "2026-11-20..2026-11-19",
        "2026-11-20T10:00..2026-11-20T10:00",
        "a..b..c",
        "９h",
        "9999999999d",
        "0000-01-01..",
        "9999-12-31..9999-12-31",
    ],
)
def test_nonsense_is_a_usage_error_with_examples(text: str) -> None:
    with pytest.raises(UsageError) as wrong:
        resolved(text)
    assert wrong.value.hint


@given(st.text(max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        window = resolved(text)
    except UsageError:
        return
    assert window.start is None or window.end is None or window.start < window.end


def test_a_day_is_as_long_as_its_clock_says() -> None:
    short, long = resolved("2026-03-29..2026-03-29"), resolved("2026-10-25..2026-10-25")
    assert short == Window(ms("2026-03-29"), ms("2026-03-29") + 23 * HOUR)
    assert long == Window(ms("2026-10-25"), ms("2026-10-25") + 25 * HOUR)


def test_a_day_that_has_no_midnight_begins_when_it_begins() -> None:
    assert resolved("2018-11-04..2018-11-04", SAO_PAULO) == Window(
        ms("2018-11-04T03:00+00:00"), ms("2018-11-05T02:00+00:00")
    )


@given(st.dates(datetime(1971, 1, 1).date(), datetime(2037, 1, 1).date()), st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(day: object, zone: ZoneInfo) -> None:
    now = ms(f"{day}T12:00", zone)
    assert resolved("yesterday", zone, now).end == resolved("today", zone, now).start
    week, today = resolved("week", zone, now), resolved("today", zone, now)
    assert week.start is not None
    assert today.start is not None
    assert week.start <= today.start


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("2026-11-01..2026-11-20", True),
        ("2026-11-01t00:00z..2026-11-20", True),
        ("2026-11-01..", False),
        ("24h", False),
        ("all", False),
        ("mon..wed", False),
        ("09:00..", False),
    ],
)
def test_only_explicit_ends_stand_still(text: str, fixed: bool) -> None:
    assert is_fixed(text) is fixed


def test_the_smallest_range_that_holds_an_event_is_chosen() -> None:
    assert smallest_holding(NOW, NOW - DAY) == "24h"
    assert smallest_holding(NOW, NOW - DAY - 1) == "7d"
    assert smallest_holding(NOW, NOW - 30 * DAY) == "30d"
    assert smallest_holding(NOW, NOW - 31 * DAY) == "all"
    assert smallest_holding(NOW, None) == "all"


# -- bins


def lengths(edges: tuple[int, ...], unit: int = HOUR) -> list[float]:
    return [(b - a) / unit for a, b in pairwise(edges)]


def test_hours_of_a_changed_day_are_bins_of_their_own() -> None:
    assert lengths(bins(resolved("2026-03-29..2026-03-29"), BERLIN, 30)) == [1] * 23
    assert lengths(bins(resolved("2026-10-25..2026-10-25"), BERLIN, 30)) == [1] * 25


def test_wider_bins_take_a_change_of_clocks_in() -> None:
    assert lengths(bins(resolved("2026-03-29..2026-03-29"), BERLIN, 8)) == [2, 3, 3, 3, 3, 3, 3, 3]
    assert lengths(bins(resolved("2026-10-25..2026-10-25"), BERLIN, 4)) == [7, 6, 6, 6]
    assert lengths(bins(resolved("2026-10-24..2026-10-26"), BERLIN, 3)) == [24, 25, 24]


def test_a_zone_of_quarters_has_its_own_hours() -> None:
    edges = bins(resolved("2026-11-20..2026-11-20", KATHMANDU), KATHMANDU, 24)
    assert len(edges) == 25
    assert all((edge + 345 * MINUTE) % HOUR == 0 for edge in edges)


def test_a_change_of_half_an_hour_keeps_hours_on_the_clock() -> None:
    edges = bins(resolved("2026-10-04..2026-10-04", LORD_HOWE), LORD_HOWE, 24)
    assert lengths(edges) == [1, 1, 0.5, *[1] * 21]


def test_weeks_begin_on_monday_and_double_when_there_are_too_many() -> None:
    window = resolved("2020-01-01..2026-11-20")
    weekly, fewer = bins(window, BERLIN, 400), bins(window, BERLIN, 100)
    inner = weekly[1:-1]
    assert all(datetime.fromtimestamp(edge / 1000, BERLIN).strftime("%a %H:%M") == "Mon 00:00" for edge in inner)
    assert set(fewer[1:-1]) <= set(bins(resolved("2019-12-01..2027-01-01"), BERLIN, 400))
    assert 50 <= len(fewer) - 1 <= 100


def test_the_smallest_width_that_fits_is_taken() -> None:
    for width in WIDTHS[:-2]:
        window = Window(ms("2026-11-20"), ms("2026-11-20") + 20 * width)
        assert lengths(bins(window, BERLIN, 20), width) == [1] * 20


CHANGES = st.sampled_from(
    [ms(text, ZoneInfo("UTC")) for text in ("2026-03-29", "2026-10-25", "2026-10-03", "2011-12-30", "2018-11-04")]
)
"""Days on which some zone changes its clocks, or leaves a day out."""
starts = st.one_of(
    st.integers(0, 2_100_000_000_000), st.builds(lambda day, off: day + off, CHANGES, st.integers(-2 * DAY, DAY))
)
windows = st.builds(
    lambda start, length: Window(start, start + length),
    starts,
    st.one_of(st.integers(1, 400 * DAY), st.integers(1, 3 * DAY)),
)


@given(windows, st.integers(1, 300), st.sampled_from(ZONES))
def test_bins_are_exactly_the_window_and_few_enough(window: Window, at_most: int, zone: ZoneInfo) -> None:
    edges = bins(window, zone, at_most)
    assert (edges[0], edges[-1]) == (window.start, window.end)
    assert 1 <= len(edges) - 1 <= at_most
    assert list(edges) == sorted(set(edges))
    for edge in edges[1:-1]:
        assert datetime.fromtimestamp(edge / 1000, zone).second == 0


@given(windows, st.integers(2, 300), st.sampled_from(ZONES), st.integers(1, HOUR))
def test_only_the_ends_move_with_the_clock(window: Window, at_most: int, zone: ZoneInfo, later: int) -> None:
    assert window.start is not None
    assert window.end is not None
    edges = bins(window, zone, at_most)
    moved = bins(Window(window.start + later, window.end + later), zone, at_most)
    inner = range(window.start + later + 1, window.end)
    if min(lengths(edges[1:-1]), default=0) == min(lengths(moved[1:-1]), default=1):
        assert {edge for edge in edges[1:-1] if edge in inner} == {edge for edge in moved[1:-1] if edge in inner}


@given(starts, st.sampled_from(ZONES))
def test_a_day_has_a_bin_for_every_hour_of_its_clock(at: int, zone: ZoneInfo) -> None:
    day = resolved("today", zone, at)
    assert day.start is not None
    assert day.end is not None
    edges = bins(day, zone, 26)
    if (day.end - day.start) % HOUR == 0:
        assert lengths(edges) == [1] * ((day.end - day.start) // HOUR)
    for edge in edges[1:-1]:
        before, after = (datetime.fromtimestamp(at / 1000, zone) for at in (edge - 1, edge))
        # Where the clock leaps over a full hour, as by half an hour on Lord Howe, the bin begins where it lands.
        assert after.minute == 0 or after.utcoffset() != before.utcoffset()


def test_a_window_without_ends_has_no_bins() -> None:
    with pytest.raises(ValueError, match="both ends"):
        bins(Window(0, None), BERLIN, 10)


def against(text: str, now: int = NOW) -> Window | None:
    return compared(text, resolve(text, now, BERLIN), now, BERLIN)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-19", "2026-11-19T14:03:22.123"),
        ("yesterday", "2026-11-18", "2026-11-19"),
        ("week", "2026-11-09", "2026-11-13T14:03:22.123"),
        ("month", "2026-10-01", "2026-10-20T14:03:22.123"),
        ("24h", "2026-11-18T14:03:22.123", "2026-11-19T14:03:22.123"),
        ("2026-11-10..2026-11-12", "2026-11-07", "2026-11-10"),
        ("2026-11-20..2026-11-30", "2026-11-19T09:56:37.877", "2026-11-20"),
    ],
)
def test_what_is_not_over_is_compared_with_as_much_of_what_was_before(text: str, first: str, last: str) -> None:
    assert against(text) == Window(ms(first), ms(last))


@pytest.mark.parametrize("text", ["all", "mon..", "2027-01-01..2027-01-02"])
def test_what_has_no_length_or_has_not_begun_is_compared_with_nothing(text: str) -> None:
    assert against(text) is None


def test_the_last_day_of_a_long_month_is_compared_with_no_more_than_the_whole_month_before() -> None:
    march = ms("2026-03-31T20:00")
    assert against("month", march) == Window(ms("2026-02-01"), ms("2026-03-01"))


def test_a_day_after_a_change_of_clocks_is_compared_until_the_same_time_of_day() -> None:
    assert against("today", ms("2026-10-26T14:00")) == Window(ms("2026-10-25"), ms("2026-10-25T14:00"))
    assert against("today", ms("2026-10-25T14:00")) == Window(ms("2026-10-24"), ms("2026-10-24T14:00"))
