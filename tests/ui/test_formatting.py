"""Numbers are spelled alike everywhere, and never so that they say more or less than is known."""

from datetime import UTC, timedelta, timezone

import pytest

from tests.ui.filling import NOW
from tokenmon.store.answers import AlertRow
from tokenmon.ui import formatting


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0.00"),
        (110_200_000_000, "$110.2"),
        (35_620_000_000, "$35.62"),
        (834_000_000, "$0.834"),
        (26_000_000, "$0.026"),
        (7_100_000, "$0.0071"),
        (600_000, "$0.0006"),
        (1, "<$0.0001"),
        (999_600_000, "$1.00"),
        (99_996_000_000, "$100.0"),
        (1_234_000_000_000, "$1,234"),
        (12_300_000_000_000, "$12.3K"),
        (1_200_000_000_000_000, "$1.2M"),
        (-35_620_000_000, "-$35.62"),
    ],
)
def test_money_has_the_precision_of_its_size(nano: int, text: str) -> None:
    assert formatting.money(nano) == text


def test_an_unknown_cost_is_never_zero() -> None:
    assert formatting.cost(None) == "? n/a"
    assert formatting.cost(0) == "$0.00"


def test_a_cost_that_misses_requests_is_marked() -> None:
    assert formatting.cost(1_000_000_000, unpriced=3) == "~$1.00"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0"),
        (649, "649"),
        (999, "999"),
        (1_000, "1.0K"),
        (13_204, "13.2K"),
        (99_960, "100K"),
        (286_000, "286K"),
        (999_600, "1.0M"),
        (84_000_000, "84.0M"),
        (1_500_000_000, "1.5B"),
        (3_200_000_000_000, "3.2T"),
    ],
)
def test_counts_have_at_most_five_characters(number: int | None, text: str) -> None:
    assert formatting.count(number) == text
    assert len(text) <= 5


def test_a_share_of_nothing_is_not_zero_percent() -> None:
    assert formatting.percent(0, 0) == "-"
    assert formatting.percent(1, 3) == "33%"
    assert formatting.percent(13, 1_000, 1) == "1.3%"


@pytest.mark.parametrize(
    ("size", "text"),
    [(512, "512 B"), (34_000, "34 KB"), (4_100_000, "4.1 MB"), (412_000_000, "412 MB"), (2_000_000_000_000, "2.0 TB")],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert formatting.data_size(size) == text


def test_lengths_use_their_largest_unit() -> None:
    assert [formatting.span(s * 1_000) for s in (-5, 44, 900, 7_300, 270_000)] == ["0s", "44s", "15m", "2h", "3d"]


def test_times_are_the_viewers() -> None:
    assert formatting.clock(NOW, UTC) == "14:32:07"
    assert formatting.clock(NOW, timezone(timedelta(hours=5, minutes=45))) == "20:17:07"


def test_a_moment_of_another_day_says_its_date() -> None:
    assert formatting.moment(NOW - 3_600_000, UTC, NOW) == "13:32:07"
    assert formatting.moment(NOW - 86_400_000, UTC, NOW) == "Nov 20 14:32"
    assert formatting.moment(NOW - 400 * 86_400_000, UTC, NOW) == "2024-10-17"


def test_a_column_of_times_says_the_day_where_it_is_another_one() -> None:
    days = (0, 1, 400)
    assert [formatting.day_or_time(NOW - d * 86_400_000, UTC, NOW) for d in days] == ["14:32", "Nov 20", "2024-10"]
    assert formatting.day_or_time(None, UTC, NOW) == "-"


def test_an_impossible_time_does_not_end_the_screen() -> None:
    assert formatting.moment(10**18, UTC, NOW)
    assert formatting.moment(-(10**18), UTC, NOW)


def test_labels_of_an_axis_have_the_decimals_of_their_step() -> None:
    assert [formatting.axis_money(n * 250_000_000, 250_000_000) for n in range(3)] == ["$0.00", "$0.25", "$0.50"]
    assert formatting.axis_money(2_500_000_000, 2_500_000_000) == "$2.50"
    assert formatting.axis_money(20_000_000_000, 10_000_000_000) == "$20"


def test_an_alert_names_what_it_is_about_once() -> None:
    about_file = AlertRow(1, "reject", "/var/log/llm/usage.jsonl", "info", "info", "3 invalid lines", 3, NOW)
    about_key = AlertRow(2, "errors", "data-eng", "warning", "firing", "data-eng error rate 8.1%", 1, NOW)
    assert formatting.alert(about_file) == "usage.jsonl: 3 invalid lines"
    assert formatting.alert(about_key) == "data-eng error rate 8.1%"
