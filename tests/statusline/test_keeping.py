"""The limits on their way from the status line to the screen."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.command import tokenmon
from tests.ingest.ingesting import ingest, rows
from tests.statusline.showing import NOW, show, status, window
from tokenmon.dialects import found_places
from tokenmon.statusline.keeping import MOST_BYTES, keep, merged
from tokenmon.store.glance import Told

NOW_MS = int(NOW * 1000)


def log_of(home: Path) -> Path:
    return home / ".local" / "state" / "tokenmon" / "statusline" / "limits.jsonl"


def lines(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_of(home).read_text().splitlines()]


def used(line: dict[str, Any]) -> dict[str, float]:
    return {name: each["used_percentage"] for name, each in line["rate_limits"].items()}


def test_what_is_news_is_kept_once_and_privately(tmp_path: Path) -> None:
    for percent in (10, 10, 11.5, 11.5):
        show(tmp_path, status(rate_limits={"five_hour": window(percent), "seven_day": window(3, 80_000)}))
    assert [used(line) for line in lines(tmp_path)] == [
        {"five_hour": 10, "seven_day": 3},
        {"five_hour": 11.5, "seven_day": 3},
    ]
    assert stat.S_IMODE(log_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(log_of(tmp_path).parent.stat().st_mode) == 0o700


def test_a_session_at_rest_does_not_take_back_what_a_busy_one_told(tmp_path: Path) -> None:
    show(tmp_path, status(rate_limits={"five_hour": window(40)}))
    show(tmp_path, status(session_id="at rest", rate_limits={"five_hour": window(25), "seven_day": window(3, 80_000)}))
    assert used(lines(tmp_path)[-1]) == {"five_hour": 40, "seven_day": 3}


def test_a_new_window_begins_with_what_is_used_of_it(tmp_path: Path) -> None:
    show(tmp_path, status(rate_limits={"five_hour": window(90)}))
    show(tmp_path, status(rate_limits={"five_hour": window(2, 25_000)}))
    assert used(lines(tmp_path)[-1]) == {"five_hour": 2}


def test_without_limits_nothing_is_kept(tmp_path: Path) -> None:
    show(tmp_path, status())
    show(tmp_path, b"junk")
    assert not log_of(tmp_path).exists()


def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    for number in range(2_000):
        keep(str(tmp_path), (Told("five_hour", number / 100, NOW_MS + 100_000),), NOW_MS + number)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) < 2 * MOST_BYTES + 1_000


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    log_of(tmp_path).parent.mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    os.symlink(tmp_path / "precious", log_of(tmp_path))
    show(tmp_path, status(rate_limits={"five_hour": window(40)}))
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    log_of(tmp_path).parent.mkdir(parents=True)
    os.mkfifo(log_of(tmp_path))
    assert "60% left" in show(tmp_path, status(rate_limits={"five_hour": window(40)}))


@pytest.mark.parametrize("last", [b"", b"\n", b"junk\n", b"[]\n", b'{"rate_limits": 5}\n', b"\xff\n", b"{" * 9_000])
def test_whatever_the_log_ends_with_news_is_added(tmp_path: Path, last: bytes) -> None:
    (tmp_path / "limits.jsonl").write_bytes(last)
    keep(str(tmp_path), (Told("five_hour", 5, None),), NOW_MS)
    assert (tmp_path / "limits.jsonl").read_bytes().startswith(last)
    assert b'"used_percentage": 5}' in (tmp_path / "limits.jsonl").read_bytes()[len(last) :]


TOLD = st.builds(
    Told, st.sampled_from(["five_hour", "seven_day"]), st.integers(0, 100), st.none() | st.sampled_from([10**9, 10**10])
)
TOGETHER = st.lists(TOLD, unique_by=lambda limit: limit.name).map(tuple)


@given(TOGETHER, TOGETHER)
def test_what_was_told_is_no_news_the_second_time(known: tuple[Told, ...], told: tuple[Told, ...]) -> None:
    assert merged(merged(known, told) or known, told) is None


def test_the_ingester_reads_it_and_status_shows_it(tmp_path: Path) -> None:
    show(tmp_path, status(rate_limits={"five_hour": window(91.5)}))
    places = found_places({}, tmp_path)
    assert [(place.label, place.path) for place in places] == [("Claude Code's limits", log_of(tmp_path).parent)]
    assert tokenmon(tmp_path, "--ingest-only", "--once").code == 0
    shown = tokenmon(tmp_path, "status")
    assert "limit      claude-code 5h: 91.5% used, whole again " in shown.out
    assert "claude-code 5h limit: 91% used, reset " in shown.out
    (limit,) = json.loads(tokenmon(tmp_path, "status", "--json").out)["limits"]
    assert (limit["dialect"], limit["name"], limit["used_percent"]) == ("claude-code", "five_hour", 91.5)


def test_the_older_of_two_logs_takes_nothing_back(tmp_path: Path) -> None:
    ends = int(NOW + 7_200)
    for name, at, percent in (("limits.jsonl", NOW_MS, 50), ("limits.jsonl.1", NOW_MS - 9_000, 30)):
        windows = {"five_hour": {"used_percentage": percent, "resets_at": ends}}
        (tmp_path / name).write_text(json.dumps({"timestamp": at, "rate_limits": windows}) + "\n")
    ingest(tmp_path / "t.db", tmp_path)
    assert rows(tmp_path / "t.db", "SELECT used, ts FROM allowance") == [(50, NOW_MS)]
