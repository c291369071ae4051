"""Lines whose values are none: counts, costs and times that nobody can mean. A bad value never becomes a number."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.command import tokenmon
from tests.dialects.samples import SAMPLES, Json, parse
from tests.fuzz.mutations import at, places_in, put, without
from tests.ingest.ingesting import claude, expected, ingest, inputs, native, natives, rollups_are_exact, rows
from tests.store import filling
from tests.ui.driving import driven
from tokenmon.dialects import DIALECTS
from tokenmon.events import MAX_COST, MAX_COUNT, NANO, Event
from tokenmon.settings import Settings
from tokenmon.store.schema import COUNTS, HOUR
from tokenmon.ui.panels import PANELS

BAD: tuple[Any, ...] = (-1, True, False, "12", "", 0.5, 1e308, 2**63, 10**30, [], {}, [7], MAX_COUNT + 1)
"""What is no count, whatever the field."""


SPELLED = ("copilot-cli", "cpa", "otlp")
"""Dialects whose producers write numbers as text."""

SIGNED = ("opencode",)
"""Dialects whose input may be below 0, by what the cache is above it."""

Tokens = tuple[int | None, ...]


def tokens(dialect: str, record: Json) -> list[Tokens]:
    """The token counts of every call that a line tells."""
    parsed = parse(dialect, record)
    calls = [each for each in (parsed if isinstance(parsed, tuple) else (parsed,)) if isinstance(each, Event)]
    return [tuple(getattr(call, count) for count in COUNTS) for call in calls]


def as_absent(dialect: str, record: Json, place: Any) -> list[Tokens]:
    """What is told without a number, and with null in its place; and as it is told with it."""
    others = without(record, place), put(record, place, None), record
    return [each for other in others for each in tokens(dialect, other)]


EVERY = pytest.mark.parametrize("dialect", [each.name for each in DIALECTS])


def numbers(dialect: str) -> Iterator[tuple[Json, Any]]:
    """Every whole number of every sample: the record, and where in it."""
    for record in SAMPLES[dialect]:
        yield from ((record, place) for place in places_in(record) if type(at(record, place)) is int)


@EVERY
def test_fault_060_a_count_that_is_none_is_invalid_or_as_if_it_were_absent(dialect: str) -> None:
    for record, place in numbers(dialect):
        harmless = as_absent(dialect, record, place)
        if dialect in SPELLED:
            harmless += tokens(dialect, put(record, place, 12))
        for bad in BAD[dialect in SIGNED :]:
            assert all(each in harmless for each in tokens(dialect, put(record, place, bad))), (place, bad)


@EVERY
def test_fault_060_a_float_without_a_fraction_is_the_same_count_or_none(dialect: str) -> None:
    for record, place in numbers(dialect):
        found = tokens(dialect, put(record, place, float(at(record, place))))
        assert all(each in as_absent(dialect, record, place) for each in found), place


POLICY = {
    b"0": 0, b"12": 12, b"1.0": 1, b"1e3": 1000, b"10000000000": MAX_COUNT,
    b"-1": None, b"NaN": None, b"Infinity": None, b"1e400": None, b"9223372036854775808": None, b"1" + b"0" * 30: None,
    b"9" * 5000: None, b"1.5": None, b'"12"': None, b"true": None, b"null": None, b"10000000001": None,
}  # fmt: skip


def test_fault_060_the_policy_of_counts_is_kept_through_the_store(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(b"".join(native(0) + native(1, prompt_tokens=424242).replace(b"424242", each) for each in POLICY))
    ingest(database, log)
    assert inputs(database) == sorted(
        [*[1000] * len(POLICY), *(count for count in POLICY.values() if count is not None)]
    )
    assert rows(database, "SELECT rejects FROM source") == [(list(POLICY.values()).count(None),)]
    assert rollups_are_exact(database)


# -- sums

CALLS, WEIGHT = 20_000, 50
"""A million calls, fifty of them in each: what matters is what they add up to."""


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a million calls, each as large and as dear as one may be; their hour is still to be rebuilt."""
    path = tmp_path_factory.mktemp("huge") / "t.db"
    size, cost, start = WEIGHT * MAX_COUNT, WEIGHT * MAX_COST, 490_000 * HOUR
    with closing(filling.create(path)) as db:
        filling.add_source(db)
        filling.add_session(db, "s")
        filling.add_series(db, flags=63, model="m", provider="p", integration="i", project="p", key_name="k")
        sizes: dict[str, Any] = dict.fromkeys(COUNTS, size)
        calls = (
            filling.Call(start + n, 1, n, **sizes, cost_logged=cost, cost_list=cost, session=1) for n in range(CALLS)
        )
        filling.add_events(db, calls)
        filling.roll_up(db)
        filling.mark_dirty(db, [490_000])
    return path


@pytest.mark.parametrize("by", ["model", "session", "day", "source"])
def test_fault_061_a_million_of_the_largest_calls_are_added_up(huge: Path, by: str) -> None:
    done = tokenmon(huge.parent, "report", "--by", by, "--json", "--db", "t.db")
    assert done.code == 0, done.err
    totals = json.loads(done.out)["totals"]
    assert totals["total_tokens"] == 5 * CALLS * WEIGHT * MAX_COUNT
    assert totals["cost_usd"] == CALLS * WEIGHT * MAX_COST // NANO


async def test_fault_061_every_panel_shows_a_million_of_the_largest_calls(huge: Path) -> None:
    async with driven(huge, (120, 40), now=lambda: 490_001 * HOUR, range="all") as driver:
        for number, panel in enumerate(PANELS, 1):
            await driver.press(str(number))
            await driver.shows(panel.TITLE)
            await driver.until(lambda: "loading" not in driver.text.lower())
            assert "overflow" not in driver.text
            assert driver.fits()


def test_fault_061_the_largest_calls_are_taken_in_and_larger_ones_are_not(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    largest = native(0, prompt_tokens=MAX_COUNT, completion_tokens=MAX_COUNT, cost_usd=MAX_COST / NANO, session="s")
    larger = native(1, prompt_tokens=MAX_COUNT + 1) + native(1, cost_usd=MAX_COST / NANO + 0.01)
    log.write_bytes(largest * 2_000 + larger)
    ingest(database, log)
    assert rows(database, "SELECT n, cost FROM session") == [(2_000, 2_000 * MAX_COST)]
    assert rows(database, "SELECT rejects FROM source") == [(2,)]
    assert rollups_are_exact(database)


# -- keys


def test_fault_062_of_a_key_told_twice_the_last_one_is_stored(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0).replace(b'"prompt_tokens"', b'"prompt_tokens": 7, "prompt_tokens"') + native(1))
    ingest(database, log)
    assert inputs(database) == expected([0, 1])


# -- times

WHEN = 1_777_709_730_000
"""2026-05-02T08:15:30Z."""
NATIVE_TIMES: dict[Any, int | None] = {
    "2026-05-02T08:15:30Z": WHEN,
    "2026-05-02t08:15:30z": WHEN,
    "2026-05-02T10:15:30+02:00": WHEN,
    "2026-05-02T08:15:30.123456789Z": WHEN + 123,
    "2026-05-02T08:15:30": None,
    "2026-05-02 08:15:30": None,
    "2026-06-30T23:59:60Z": None,
    "0001-01-01T00:00:00Z": None,
    "9999-12-31T23:59:59Z": None,
    "9999-12-31T23:59:59-23:59": None,
    "2026-02-30T00:00:00Z": None,
    "soon": None,
    "": None,
    WHEN // 1000: None,
    WHEN: None,
    -1: None,
    1e300: None,
}
AGENT_TIMES: dict[Any, int | None] = {
    "2026-05-02T08:15:30.000Z": WHEN,
    "2026-05-02 08:15:30": WHEN,
    "2026-05-02T10:15:30+02:00": WHEN,
    WHEN // 1000: WHEN,
    WHEN / 1000: WHEN,
    WHEN: WHEN,
    WHEN * 1000: None,
    WHEN * 1_000_000: None,
    -1: None,
    1e300: None,
    "0001-01-01T00:00:00Z": None,
    "9999-12-31T23:59:59-23:59": None,
    "2026-06-30T23:59:60Z": None,
    "soon": None,
}


@pytest.mark.parametrize("times", [NATIVE_TIMES, AGENT_TIMES], ids=["native", "agent"])
def test_fault_063_a_time_is_read_as_it_is_meant_or_costs_its_line(
    tmp_path: Path, times: dict[Any, int | None]
) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    if times is NATIVE_TIMES:
        log.write_bytes(native(0) + b"".join(native(0, ts=each) for each in times))
    else:
        log.write_bytes(claude("x", 1) + b"".join(claude(str(n), 1, timestamp=each) for n, each in enumerate(times)))
    ingest(database, log)
    good = sorted(ts for ts in times.values() if ts is not None)
    assert [ts for (ts,) in rows(database, "SELECT ts FROM event ORDER BY ts")][: len(good)] == good
    assert rows(database, "SELECT events, rejects FROM source") == [(1 + len(good), len(times) - len(good))]


def at_day(days: float) -> str:
    """A time so many days from now, as a native line has it."""
    return datetime.fromtimestamp(time.time() + days * 86_400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_fault_063_a_time_of_the_future_is_flagged_and_pins_nothing_that_is_kept(tmp_path: Path) -> None:
    """Not even what is kept: that goes by the clock, and not by the newest event."""
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    days = (-100, -40, -20, -1 / 24, 2, 400)
    log.write_bytes(b"".join(native(n, ts=at_day(day)) for n, day in enumerate(days)))
    ingest(database, log, settings=Settings(retention_days=30))
    assert inputs(database) == expected([2, 3, 4, 5])
    done = tokenmon(tmp_path, "events", "--where", "quality=future", "--json", "--db", "t.db")
    assert sorted(json.loads(line)["input_tokens"] for line in done.out.splitlines()) == expected([4, 5])
    ingest(database, log, settings=Settings(retention_days=30))
    assert inputs(database) == expected([2, 3, 4, 5])


# -- costs


def test_fault_064_a_cost_that_is_none_costs_its_line(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    bad = (b"NaN", b"Infinity", b"1e308", b"1e400", b"-0.1", b'"0.1"', b"true", b"[]", b"2000.01")
    log.write_bytes(
        b"".join(native(1, cost_usd=424242).replace(b"424242", each) + native(0, cost_usd=0.5) for each in bad)
    )
    ingest(database, log)
    assert inputs(database) == expected([0] * len(bad))
    assert rows(database, "SELECT sum(cost_logged), max(typeof(cost_logged)) FROM event") == [
        (len(bad) * NANO // 2, "integer")
    ]
    assert rows(database, "SELECT rejects FROM source") == [(len(bad),)]


# -- unknown fields


def test_fault_065_unknown_fields_are_passed_over_however_many_and_large(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    many = native(1, **{f"PRIVATE_{n}": n for n in range(10_000)})
    large = claude("1", 5, content="PRIVATE" * 150_000)
    log.write_bytes(native(0) + many + native(2))
    (tmp_path / "b.jsonl").write_bytes(claude("0", 5) + large)
    ingest(database, log, tmp_path / "b.jsonl")
    assert inputs(database) == sorted([10, 10, *expected(range(3))])
    assert rows(database, "SELECT sum(rejects) FROM source") == [(0,)]
    for file in tmp_path.glob("t.db*"):
        assert b"PRIVATE" not in file.read_bytes()


# -- what is older than what is kept


def test_fault_071_a_file_older_than_what_is_kept_is_counted_and_not_stored_again(tmp_path: Path) -> None:
    """An old backup comes back: whole, and with other lines in front, so that nothing tells it is a copy."""
    logs, database, keep = tmp_path / "logs", tmp_path / "t.db", Settings(retention_days=30)
    logs.mkdir()
    old = b"".join(native(n, ts=at_day(-60), request_id=f"r{n}") for n in range(5))
    (logs / "a.jsonl").write_bytes(old + native(9, ts=at_day(-1)))
    ingest(database, logs)
    before = rows(database, "SELECT sum(n), sum(input) FROM r16d")
    ingest(database, logs, settings=keep)
    assert inputs(database) == expected([9])
    (logs / "b.jsonl").write_bytes(natives([50], ts=at_day(-1)) + old)
    ingest(database, logs, settings=keep)
    assert inputs(database) == expected([9, 50])
    assert rows(database, "SELECT events, expired FROM source ORDER BY id DESC LIMIT 1") == [(1, 5)]
    assert rows(database, "SELECT sum(n) - 1, sum(input) - 1050 FROM r16d") == before
    assert rows(database, "SELECT kind, count FROM alert WHERE state <> 'ok'") == [("expired events", 5)]
