"""How official limits are told: names, when they are whole again, what is worth telling."""

from zoneinfo import ZoneInfo

import pytest

from tokenmon.events import Limit
from tokenmon.limits import STALE_MS, clock, is_reset, label, span, standing, title

NOW = 1_789_376_400_000
"""Monday 2026-09-14T09:00:00Z."""
HOUR = 3_600_000
UTC, KOLKATA = ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")


def limit(name: str = "primary", used: float = 12, ends: int | None = HOUR, **more: object) -> Limit:
    values: dict[str, object] = {"minutes": 300, "resets_at": None if ends is None else NOW + ends} | more
    return Limit(NOW - HOUR, "codex", name, used, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(30, "30m"), (60, "1h"), (299, "5h"), (300, "5h"), (1440, "24h"), (2880, "2d"), (10_079, "7d"), (10_080, "7d")],
)
def test_a_window_is_told_by_its_length(minutes: int, text: str) -> None:
    assert span(minutes) == text


def test_a_limit_of_one_model_names_it_and_one_without_a_length_keeps_its_name() -> None:
    assert title(limit()) == "codex 5h"
    assert title(limit("GPT-5.3 Spark primary")) == "codex GPT-5.3 Spark 5h"
    assert label("spend_limit", None) == "spend_limit"


def test_a_window_that_has_ended_is_whole_again() -> None:
    assert not is_reset(limit(ends=1), NOW)
    assert is_reset(limit(ends=0), NOW)


def test_a_window_ends_with_its_length_where_nobody_says_when() -> None:
    told = limit(ends=None)
    assert not is_reset(told, NOW)
    assert is_reset(told, NOW + 4 * HOUR)
    assert not is_reset(limit(ends=None, minutes=None), NOW + 1_000 * HOUR)


def test_the_most_used_is_told_first_and_what_was_reset_long_ago_not_at_all() -> None:
    used, more, ended = limit(used=3), limit("secondary", used=80), limit("third", used=99, ends=-1)
    assert standing([used, ended, more], NOW) == (more, used, ended)
    assert standing([used, ended, more], NOW + STALE_MS) == ()


@pytest.mark.parametrize(
    ("ends", "zone", "text"),
    [
        (HOUR // 2, UTC, "09:30"),
        (HOUR // 2, KOLKATA, "15:00"),
        (24 * HOUR, UTC, "Tue 09:00"),
        (144 * HOUR, UTC, "Sun 09:00"),
        (168 * HOUR, UTC, "Sep 21"),
    ],
)
def test_a_reset_is_told_on_the_clock_of_the_zone(ends: int, zone: ZoneInfo, text: str) -> None:
    assert clock(NOW + ends, NOW, zone) == text
