"""Blocks of five hours: where ccusage's begin, whatever is selected, clipped or waiting for its roll-up."""

import json
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.command import tokenmon
from tests.ingest.ingesting import native
from tests.store.asking import BASE, ask, call, calls, connect, raw_sums
from tests.store.filling import Call
from tests.store.test_reader import dimension, dirty_hours, inside, made, property_settings, ranges
from tokenmon.exact import instant
from tokenmon.store.answers import Breakdown
from tokenmon.store.buckets import block_label, blocks, is_in_block
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR
from tokenmon.view import Condition, View, Window

FIVE_HOURS = 5 * HOUR


def as_ccusage_does(times: Iterable[int]) -> list[int]:
    """Starts of its blocks, one call at a time: a call belongs to the block until more than five hours of it, or
    since the call before, have passed. Times are none of the very ends.
    """
    starts: list[int] = []
    last = 0
    for each in sorted(times):
        if not starts or each - starts[-1] > FIVE_HOURS or each - last > FIVE_HOURS:
            starts.append(each // HOUR * HOUR)
        last = each
    return starts


@given(st.lists(st.integers(0, 60 * HOUR).map(lambda at: at + (at % HOUR == 0)), min_size=1))
def test_blocks_begin_where_those_of_ccusage_do(times: list[int]) -> None:
    assert list(blocks(sorted({at // HOUR for at in times}))) == as_ccusage_does(times)


def block_of(starts: list[int], at: int) -> str:
    return block_label(max(start for start in starts if start <= at), UTC)


def by_block(path: Path, view: View, *more: str) -> Breakdown:
    async def asked(reader: Reader) -> Breakdown:
        by = (dimension("block"), *map(dimension, more))
        return await reader.breakdown(view, by, zone=UTC, limit=0)

    return ask(path, asked)


def starts_of(found: Iterable[Call]) -> list[int]:
    return list(blocks(sorted({each.ts // HOUR for each in found})))


SELECTIONS = (
    (View(), lambda call: True),
    (View(where=(Condition("model", "claude-opus-4-5"),)), lambda call: call.series == 2),
    (View(where=(Condition("status", "failed"),)), lambda call: bool(call.err)),
    (View(where=(Condition("session", "first"),)), lambda call: call.session == 1),
)


@property_settings
@given(
    calls(least=1),
    calls(most=5),
    dirty_hours,
    ranges,
    st.sampled_from(SELECTIONS),
)
def test_every_call_is_in_its_block_whatever_is_selected_clipped_or_dirty(
    found: list[Call], late: list[Call], dirty: list[int], window: Window, selection: tuple[View, object]
) -> None:
    late = [call(each.ts, each.series, each.h + 1000) for each in late]
    view, selects = selection
    chosen = [each for each in found + late if selects(each)]  # type: ignore[operator]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late, tuple(dirty))
        answer = by_block(path, view.at(window))
    starts, expected = starts_of(chosen), inside(chosen, window)
    labels = {block_of(starts, each.ts) for each in expected}
    assert {group.values[0] for group in answer.groups} == labels
    for group in answer.groups:
        own = [each for each in expected if block_of(starts, each.ts) == group.values[0]]
        assert group.sums == raw_sums(own)


def test_a_call_that_gave_way_to_another_copy_begins_no_block(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1), call(BASE + 2 * HOUR, 1, 2)], dirty=(BASE // HOUR,))
    with closing(connect(path)) as connection:
        connection.execute("DELETE FROM event WHERE h = 1")
    assert [group.values[0] for group in by_block(path, View()).groups] == [block_label(BASE + 2 * HOUR, UTC)]


def test_blocks_can_be_split_further(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1), call(BASE + HOUR, 2, 2), call(BASE + 5 * HOUR, 2, 3)])
    answer = by_block(path, View(), "model")
    first, second = block_label(BASE, UTC), block_label(BASE + FIVE_HOURS, UTC)
    assert [(group.values[0], group.sums.requests) for group in answer.groups] == [(first, 1), (first, 1), (second, 1)]
    days = by_block(path, View(), "day")
    assert sum(group.sums.requests for group in days.groups) == 3


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        (UTC, "2024-10-04T05:00+00:00..10:00"),
        (ZoneInfo("Europe/Berlin"), "2024-10-04T07:00+02:00..12:00"),
        (timezone(timedelta(hours=-3, minutes=-30)), "2024-10-04T01:30-03:30..06:30"),
    ],
)
def test_a_block_is_told_by_its_start_and_end_on_the_wall(zone: timezone, label: str) -> None:
    start = 1_728_018_000_000
    assert block_label(start, zone) == label
    assert is_in_block(label, start)
    assert is_in_block(label, start + FIVE_HOURS - 1)
    assert not is_in_block(label, start + FIVE_HOURS)
    assert not is_in_block(label, start - 1)


def test_a_report_by_block_marks_the_one_that_goes_on_and_its_labels_are_ranges(tmp_path: Path) -> None:
    now = time.time()
    log = tmp_path / "a.jsonl"
    moments = (now, now - 3_600 * 30, now - 3_600 * 30 + 60)
    log.write_bytes(b"".join(native(n, ts=instant(int(at * 1000)), cost_usd=1) for n, at in enumerate(moments)))
    words = ("report", str(log), "--by", "block", "--tz", "Asia/Kolkata")
    rows = json.loads(tokenmon(tmp_path, *words, "--json").out)["rows"]
    assert [row["requests"] for row in rows] == [2, 1]
    assert len(tokenmon(tmp_path, *words, "--csv").out.splitlines()) == 3
    plain = tokenmon(tmp_path, *words).out
    began, ended = (row["block"] for row in reversed(rows))
    assert f"{began[:10]} {began[11:16]}-now " in plain
    assert f"{ended[:10]} {ended[11:16]}-{ended[-5:]} " in plain
    whole = json.loads(tokenmon(tmp_path, *words, "--range", rows[0]["block"], "--json").out)
    assert whole["totals"]["requests"] == 2
    later = json.loads(tokenmon(tmp_path, *words, "--range", "24h", "--json").out)
    assert later["rows"] == rows[1:]
