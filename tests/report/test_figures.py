"""Numbers as text: exact where scripts read them, short where people do."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmon.exact import dollars, exact_money, instant
from tokenmon.report.figures import clock, short_count, short_money


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"),
        (1, "0.000000001"),
        (18_765_000, "0.018765"),
        (10**9, "1"),
        (1_500_000_000, "1.5"),
        (-20, "-0.00000002"),
    ],
)
def test_dollars_have_up_to_nine_decimals_and_no_noise(nano: int, text: str) -> None:
    assert dollars(nano) == text


@given(st.integers(-(10**18), 10**18))
def test_dollars_are_exact(nano: int) -> None:
    assert Decimal(dollars(nano)) * 10**9 == nano


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0.00"),
        (1, "<$0.0001"),
        (600_000, "$0.0006"),
        (7_100_000, "$0.0071"),
        (18_765_000, "$0.019"),
        (834_000_000, "$0.834"),
        (999_999_999, "$1.00"),
        (1_234_560_000_000, "$1,234.56"),
    ],
)
def test_money_is_short_for_people(nano: int, text: str) -> None:
    assert short_money(nano) == text


def test_exact_money_keeps_two_decimals_at_least() -> None:
    assert exact_money(3 * 10**9) == "$3.00"
    assert exact_money(1_234_000_000_030) == "$1,234.00000003"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0K"),
        (12_910, "12.9K"),
        (999_949, "999.9K"),
        (999_950, "1.0M"),
        (10**13, "10.0T"),
    ],
)
def test_counts_are_short_for_people(count: int, text: str) -> None:
    assert short_count(count) == text


def test_instants_are_utc_with_milliseconds() -> None:
    assert instant(1_763_647_402_123) == "2025-11-20T14:03:22.123Z"
    assert instant(0) == "1970-01-01T00:00:00.000Z"
    assert clock(1_763_647_402_123, ZoneInfo("Asia/Kathmandu")) == "2025-11-20 19:48:22"
