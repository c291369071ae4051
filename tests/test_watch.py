"""Hints come soon, wake the one who waits, and their absence is noticed; nothing depends on them."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tail.loop import append, lines
from tokenmon.watch import Hints, Watch

LIMIT_S = 30.0


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


@pytest.fixture
def watch(logs: Path) -> Iterator[Watch]:
    watching = Watch([logs])
    yield watching
    watching.close()


def until(watch: Watch, path: Path) -> bool:
    """Whether a hint at `path` comes in good time."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        watch.wait(end - time.monotonic())
        if str(path) in watch.hints():
            return True
    return False


def tended(watch: Watch, armed: int) -> bool:
    """Whether tending leads to so many armed paths in good time; watchdog's threads need a moment to notice."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        watch.tend()
        if watch.armed() == armed:
            return True
        watch.wait(0.02)
    return False


def test_an_appended_line_is_a_hint(logs: Path, watch: Watch) -> None:
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")
    append(logs / "a.jsonl", lines(1, 2))
    assert until(watch, logs / "a.jsonl")
    assert watch.problems() == []


def test_a_file_in_a_new_directory_is_a_hint(logs: Path, watch: Watch) -> None:
    (logs / "deep").mkdir()
    append(logs / "deep" / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "deep" / "a.jsonl")


def test_a_renamed_file_is_a_hint_under_both_names(logs: Path, watch: Watch) -> None:
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")
    (logs / "a.jsonl").rename(logs / "a.jsonl.1")
    assert until(watch, logs / "a.jsonl.1")


def test_reading_and_the_database_wake_nobody(logs: Path) -> None:
    append(logs / "a.jsonl", lines(0, 1))
    watch = Watch([logs])
    for _ in range(3):
        (logs / "a.jsonl").read_bytes()
        append(logs / "usage.db-wal", b"x")
    append(logs / "last.jsonl", b"x")  # comes after the others
    assert watch.wait(LIMIT_S)
    assert watch.hints() == {str(logs / "last.jsonl")}
    watch.close()


def test_a_single_file_is_watched_whatever_its_name(logs: Path) -> None:
    log = logs / "usage.log"
    append(log, lines(0, 1))
    watch = Watch([log])
    watch.hints()
    append(log, lines(1, 2))
    assert until(watch, log)
    watch.close()


def test_waiting_ends_early_with_a_hint_and_in_time_without(logs: Path, watch: Watch) -> None:
    assert not watch.wait(0.01)
    append(logs / "a.jsonl", lines(0, 1))
    begun = time.monotonic()
    assert watch.wait(LIMIT_S)
    assert time.monotonic() - begun < LIMIT_S
    assert watch.hints()
    assert not watch.wait(0)


def test_a_root_that_appears_is_armed(tmp_path: Path) -> None:
    root = tmp_path / "later"
    watch = Watch([root])
    assert watch.armed() == 0
    assert watch.problems() == []
    root.mkdir()
    watch.tend()
    assert watch.armed() == 1
    append(root / "a.jsonl", lines(0, 1))
    assert until(watch, root / "a.jsonl")
    watch.close()


def test_fault_108_a_root_that_was_deleted_and_made_anew_is_armed_again(logs: Path, watch: Watch) -> None:
    logs.rmdir()
    assert tended(watch, 0)
    logs.mkdir()
    assert tended(watch, 1)
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")


def test_a_root_that_was_moved_away_is_armed_in_its_new_place(logs: Path, watch: Watch) -> None:
    logs.rename(logs.with_name("away"))
    logs.mkdir()
    watch.tend()
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")


def test_a_link_is_watched_where_it_leads(logs: Path) -> None:
    link = logs.with_name("link")
    link.symlink_to(logs)
    watch = Watch([link])
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")
    watch.close()


def test_roots_inside_one_another_are_watched_once(logs: Path) -> None:
    (logs / "sub").mkdir()
    watch = Watch([logs / "sub", logs])
    assert watch.armed() == 1
    append(logs / "sub" / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "sub" / "a.jsonl")
    watch.close()


def test_too_many_hints_are_dropped_and_told(logs: Path) -> None:
    hints = Hints(limit=3)
    for number in range(5):
        hints.add(f"/logs/{number}.jsonl")
    assert len(hints.take()) == 3
    assert hints.overflowed
    hints.add(os.fsencode("/logs/a.jsonl"))
    assert hints.take() == {"/logs/a.jsonl"}
    assert not hints.overflowed


def test_fault_108_a_dead_observer_is_replaced(logs: Path, watch: Watch) -> None:
    observer = watch._observer
    assert observer is not None
    observer.stop()
    observer.join(LIMIT_S)
    watch.tend()
    assert watch._observer is not observer
    append(logs / "a.jsonl", lines(0, 1))
    assert until(watch, logs / "a.jsonl")


def test_closing_ends_all_threads(logs: Path) -> None:
    before = set(threading.enumerate())
    watch = Watch([logs])
    watch.close()
    watch.tend()
    watch.close()
    left = [thread for thread in threading.enumerate() if thread not in before and "bserver" in type(thread).__name__]
    assert left == []


OUT_OF_DESCRIPTORS = """
import resource, sys
from tokenmon.watch import Watch
import watchdog.observers
now = [0.0]
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))
watch = Watch([sys.argv[1]], clock=lambda: now[0])
first = watch.problems()
for _ in range(5):
    watch.tend()
same = watch.problems()
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
watch.tend()
paused = watch.armed()
now[0] += 100
watch.tend()
print(len(first), first == same, paused, watch.armed(), len(watch.problems()))
print(first[0])
watch.close()
"""


def test_fault_106_a_machine_without_watches_left_is_told_once_and_tried_again_later(logs: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS, str(logs)], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout.splitlines()[0] == "1 True 0 1 0", result.stderr
    assert "periodically" in result.stdout


def test_watchdog_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, tokenmon.watch, tokenmon.tail; print('watchdog' in sys.modules, 'asyncio' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["False", "False"]
