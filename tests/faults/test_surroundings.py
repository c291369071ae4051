"""Hints that come late, too often or never: the scan finds what they lose, and says so where it is alone."""

import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.ingesting import (
    Running,
    expected,
    ingest,
    inputs,
    native,
    natives,
    rollups_are_exact,
    rows,
    stored,
    until,
)
from tests.soak.watched import Watched
from tests.tail.loop import append
from tests.test_watch import until as until_hint
from tokenmon.watch import Hints, Watch

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
NEVER = ["--scan-interval", "3600"]
"""The scan does not come in time."""


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def test_fault_105_what_an_overflowing_queue_lost_is_found_by_the_scan(tmp_path: Path, logs: Path) -> None:
    """More is written while the ingester cannot look than the kernel keeps for it."""
    database, most = tmp_path / "t.db", int(QUEUE.read_text())
    (logs / "a.jsonl").write_bytes(native(0))
    with Watched(database, logs, flags=["--scan-interval", "0.5"]) as watched:
        until(lambda: stored(database) == 1)
        watched.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, watched.process.pid, os.WSTOPPED)
        with (logs / "x.tmp").open("wb", 0) as one, (logs / "y.tmp").open("wb", 0) as other:
            for _ in range(most):
                one.write(b"x")
                other.write(b"y")
        append(logs / "a.jsonl", natives(range(1, 5)))
        append(logs / "late.jsonl", natives(range(5, 9)))
        watched.process.send_signal(signal.SIGCONT)
        until(lambda: stored(database) == 9)
        until(lambda: "overflow" in watched.said)
    assert inputs(database) == expected(range(9))


def alerts(database: Path) -> list[str]:
    """What is told at the moment."""
    return [str(title) for (title,) in rows(database, "SELECT title FROM alert WHERE state IN ('firing', 'info')")]


def test_fault_106_without_watches_left_the_scan_goes_on_alone_and_that_is_said(tmp_path: Path, logs: Path) -> None:
    database, away = tmp_path / "t.db", tmp_path / "away"
    ingest(database, logs)
    logs.rename(away)
    with Running(database, logs, flags=["--scan-interval", "0.5"]) as running:
        process = running.process.pid
        until(lambda: bool(alerts(database)))  # the directory is missing: there is nothing to do
        _, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
        highest = max(map(int, os.listdir(f"/proc/{process}/fd")))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (highest + 2, hard))  # enough to read, not to watch
        append(away / "a.jsonl", natives(range(3)))
        away.rename(logs)
        until(lambda: stored(database) == 3)
        until(lambda: any("it is looked at periodically" in title for title in alerts(database)))
        append(logs / "a.jsonl", natives(range(3, 6)))
        until(lambda: stored(database) == 6)
    assert inputs(database) == expected(range(6))


def test_fault_107_where_no_events_come_the_scan_finds_every_line(tmp_path: Path, logs: Path) -> None:
    """A log that is written by another name, elsewhere, tells its directory nothing, as on a network file system."""
    database, elsewhere = tmp_path / "t.db", tmp_path / "elsewhere.jsonl"
    append(elsewhere, native(0))
    os.link(elsewhere, logs / "a.jsonl")
    watch = Watch([logs])
    watch.hints()
    append(elsewhere, native(1))
    append(logs / "last.jsonl", b"")
    assert until_hint(watch, logs / "last.jsonl")
    append(elsewhere, native(2))
    assert watch.hints() == set()
    watch.close()
    with Running(database, logs, flags=["--scan-interval", "0.5"]):
        until(lambda: stored(database) == 3)
        append(elsewhere, natives(range(3, 7)))
        until(lambda: stored(database) == 7)
    assert inputs(database) == expected(range(7))


def test_fault_108_a_directory_that_was_made_anew_gives_hints_again(tmp_path: Path, logs: Path) -> None:
    database = tmp_path / "t.db"
    append(logs / "a.jsonl", native(0))
    with Running(database, logs, flags=NEVER):
        until(lambda: stored(database) == 1)
        shutil.rmtree(logs)
        logs.mkdir()
        written = iter(range(1, 10_000))

        def is_noticed() -> bool:
            append(logs / "b.jsonl", native(next(written)))
            return stored(database) > 1

        until(is_noticed)
        last = next(written)
        append(logs / "b.jsonl", native(last))
        until(lambda: stored(database) == last + 1)
    assert inputs(database) == expected(range(last + 1))


def test_fault_109_a_storm_on_twenty_files_is_twenty_hints(logs: Path) -> None:
    hints = Hints()
    for number in range(100_000):
        hints.add(f"/logs/{number % 20}.jsonl")
        hints.add(f"/logs/{number}.tmp")
    assert len(hints.take()) == 20
    assert not hints.wait(0)
    assert not hints.overflowed


def test_fault_109_a_line_in_a_storm_is_hinted_at_and_the_noise_is_not(logs: Path) -> None:
    watch = Watch([logs])
    files = [os.open(logs / f"{number}.tmp", os.O_CREAT | os.O_WRONLY) for number in range(20)]
    for _ in range(20):
        append(logs / "a.jsonl", native(0))
        for _ in range(50):
            for file in files:
                os.write(file, b" ")
    append(logs / "last.jsonl", native(0))
    seen: set[str] = set()
    while str(logs / "last.jsonl") not in seen:
        assert watch.wait(10)
        seen |= watch.hints()
    for file in files:
        os.close(file)
    watch.close()
    assert seen == {str(logs / "a.jsonl"), str(logs / "last.jsonl")}


@pytest.fixture(name="other_device")
def _other_device(tmp_path: Path) -> Iterator[Path]:
    """A directory on another file system, where this machine has one that anybody may write to."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(prefix="tokenmon-", dir=place) as directory:
        yield Path(directory)


@pytest.mark.parametrize("running", [False, True])
def test_fault_110_the_same_files_with_other_inodes_and_devices_count_once(
    tmp_path: Path, logs: Path, other_device: Path, running: bool
) -> None:
    """A container that starts anew has its logs from a copy, below the same path."""
    database, mounted = tmp_path / "t.db", tmp_path / "mounted"
    for number in range(5):
        (logs / str(number)).mkdir()
        append(logs / str(number) / "a.jsonl", natives(range(number * 10, number * 10 + 9)))
    mounted.symlink_to(logs)
    if running:
        with Running(database, mounted, flags=["--scan-interval", "0.5"]):
            until(lambda: stored(database) == 45)
            move(mounted, logs, other_device / "copy")
            until(lambda: stored(database) == 50)
    else:
        ingest(database, mounted)
        move(mounted, logs, other_device / "copy")
        ingest(database, mounted)
    assert inputs(database) == expected(range(50))
    assert rows(database, "SELECT sum(duplicates), sum(lost_bytes) FROM source") == [(0, 0)]
    assert rollups_are_exact(database)


def move(mounted: Path, logs: Path, copy: Path) -> None:
    """Everything is copied, the copy takes the place, and every file gets a line more."""
    shutil.copytree(logs, copy)
    shutil.rmtree(logs)
    for number in range(5):
        append(copy / str(number) / "a.jsonl", native(number * 10 + 9))
    mounted.with_name("new").symlink_to(copy)
    mounted.with_name("new").replace(mounted)
