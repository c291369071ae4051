"""Whenever it dies, stops or is told to end, everything is there once, and offsets are those of whole batches."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from tests.command import tokenmon
from tests.faults.ten import append
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
from tests.store.building import check_invariant
from tests.store.test_migrations import first_version
from tokenmon.errors import LockHeld
from tokenmon.settings import Settings
from tokenmon.store.migrations import VERSION

DAY_S = 24 * 3600
COMMITTED = ("INTO event(", "UPDATE source SET", "COMMIT")
"""What the transaction of a batch does, in this order."""


def struck(how: str, *steps: str) -> tuple[str, ...]:
    """tokenmon, to which something happens at a statement."""
    return ("tests.faults.struck", how, "|".join(steps))


def dies(database: Path, logs: Path, *steps: str, flags: Iterable[str] = ()) -> None:
    """Read what there is and die before the last of these statements."""
    with Running(database, logs, flags=["--once", *flags], program=struck("die", *steps)) as running:
        assert running.wait()[0] == -signal.SIGKILL


def offset(database: Path) -> int:
    """How far the only log is stored."""
    return int(rows(database, "SELECT off FROM source")[0][0])


def is_sound(database: Path) -> bool:
    return rows(database, "PRAGMA integrity_check") == [("ok",)]


# -- killed


def test_fault_004_killed_between_the_rows_and_the_commit_nothing_of_the_batch_is_there(
    database: Path, logs: Path
) -> None:
    ingest(database, logs)
    before = offset(database)
    append(logs, range(10, 30))
    for last in (2, 3):
        dies(database, logs, *COMMITTED[:last])
        assert (inputs(database), offset(database)) == (expected(range(10)), before)
    ingest(database, logs)
    assert inputs(database) == expected(range(30))
    assert offset(database) == (logs / "a.jsonl").stat().st_size
    assert rollups_are_exact(database)


def test_fault_005_killed_just_after_the_commit_nothing_is_counted_again(database: Path, logs: Path) -> None:
    dies(database, logs, *COMMITTED, "")
    assert inputs(database) == expected(range(10))
    assert offset(database) == (logs / "a.jsonl").stat().st_size
    ingest(database, logs)
    assert inputs(database) == expected(range(10))
    assert rows(database, "SELECT duplicates FROM source") == [(0,)]


PRUNING = ("pruned_run", "DELETE FROM event", "DELETE FROM note", "COMMIT", "DELETE FROM event", "DELETE FROM request")


@pytest.mark.parametrize("last", range(1, len(PRUNING) + 1))
def test_fault_006_killed_while_it_prunes_every_sum_stays_and_the_next_run_ends_it(
    database: Path, logs: Path, last: int
) -> None:
    append(logs, range(3_000, 20_000, 3_600))
    (logs / "b.jsonl").write_bytes(native(0, ts=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
    ingest(database, logs)
    sums = rows(database, "SELECT sum(n), sum(input) FROM r16d")
    dies(database, logs, *PRUNING[:last], flags=["--retention-days", "1"])
    assert rows(database, "SELECT sum(n), sum(input) FROM r16d") == sums
    check_invariant(database)
    ingest(database, logs, settings=Settings(retention_days=1))
    assert stored(database) == 1
    assert rows(database, "SELECT sum(n), sum(input) FROM r16d") == sums
    assert tokenmon(database.parent, "verify", "--db", str(database)).code == 0


MIGRATING = (
    "BEGIN IMMEDIATE",
    "ALTER TABLE source ADD COLUMN lookalikes",
    "INSERT INTO doubt",
    "PRAGMA user_version=2",
    "COMMIT",
)


@pytest.mark.parametrize("last", MIGRATING)
def test_fault_007_killed_while_it_migrates_there_is_no_half_schema(database: Path, logs: Path, last: str) -> None:
    first_version(database)
    schema = rows(database, "SELECT sql FROM sqlite_schema ORDER BY name")
    dies(database, logs, last)
    assert rows(database, "PRAGMA user_version") == [(1,)]
    assert rows(database, "SELECT sql FROM sqlite_schema ORDER BY name") == schema
    ingest(database, logs)
    assert rows(database, "PRAGMA user_version") == [(VERSION,)]
    assert stored(database) == 3 + 10
    check_invariant(database)


def test_fault_007_killed_while_the_first_schema_is_made_it_is_made_at_the_next_start(
    database: Path, logs: Path
) -> None:
    dies(database, logs, "CREATE TABLE source")
    ingest(database, logs)
    assert inputs(database) == expected(range(10))


def test_fault_008_killed_while_the_log_is_written_back_nothing_is_damaged(database: Path, logs: Path) -> None:
    append(logs, range(10, 3_000))
    half = 200_000
    program = struck(str(half), *COMMITTED, "wal_checkpoint")
    with Running(database, logs, program=program) as running:
        assert running.wait()[0] == -signal.SIGXFSZ
    assert 0 < database.stat().st_size <= half < Path(f"{database}-wal").stat().st_size
    assert is_sound(database)
    assert inputs(database) == expected(range(3_000))
    append(logs, range(3_000, 3_010))
    ingest(database, logs)
    assert inputs(database) == expected(range(3_010))
    assert database.stat().st_size > half


# -- told to end


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGHUP)],
)
def test_fault_011_a_second_signal_ends_it_at_once_whatever_it_is_at(
    database: Path, logs: Path, first: int, second: int
) -> None:
    """The batch hangs, so that the first signal cannot end it."""
    with Running(database, logs, program=struck("hang", *COMMITTED)) as running:
        assert running.process.stdout is not None
        running.process.stdout.readline()
        running.process.send_signal(first)
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(0.3)
        running.process.send_signal(second)
        assert running.process.wait(60) == -second
    assert stored(database) == 0
    ingest(database, logs)
    assert inputs(database) == expected(range(10))


# -- stopped, slept, set


def set_clock(clock: Path, seconds: int) -> None:
    """In one step, as it may be read at any time."""
    fresh = clock.with_name("fresh")
    fresh.write_text(str(seconds))
    fresh.replace(clock)


def test_fault_012_stopped_and_continued_it_catches_up_and_still_leads(database: Path, logs: Path) -> None:
    with Running(database, logs) as running:
        until(lambda: stored(database) == 10)
        running.process.send_signal(signal.SIGSTOP)
        append(logs, range(10, 20))
        with Running(database, logs, flags=["--no-wait"]) as other:
            assert other.wait()[0] == LockHeld.exit_code
        assert stored(database) == 10
        running.process.send_signal(signal.SIGCONT)
        until(lambda: stored(database) == 20)
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected(range(20))


def test_fault_015_a_machine_that_slept_catches_up(database: Path, logs: Path) -> None:
    """Stopped, and the clock of the wall is eight hours on when it wakes."""
    clock = database.parent / "clock"
    set_clock(clock, 0)
    with Running(database, logs, program=("tests.faults.shifted", str(clock))) as running:
        until(lambda: stored(database) == 10)
        running.process.send_signal(signal.SIGSTOP)
        append(logs, range(10, 20))
        set_clock(clock, 8 * 3600)
        running.process.send_signal(signal.SIGCONT)
        until(lambda: stored(database) == 20)
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected(range(20))


def test_fault_014_a_clock_that_steps_by_a_day_delays_and_drops_nothing(database: Path, logs: Path) -> None:
    clock, kept = database.parent / "clock", ["--retention-days", "1"]
    set_clock(clock, 0)
    fresh = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7_200 - n)) for n in range(4)]
    (logs / "a.jsonl").write_bytes(native(0, ts=fresh[0]))
    with Running(database, logs, flags=kept, program=("tests.faults.shifted", str(clock))) as running:
        until(lambda: stored(database) == 1)
        for number, days in ((1, 1), (2, -1), (3, 0)):
            set_clock(clock, days * DAY_S)
            with (logs / "a.jsonl").open("ab") as file:
                file.write(native(number, ts=fresh[number]))
            until(lambda number=number: stored(database) == number + 1)  # type: ignore[misc]
            assert tokenmon(database.parent, "status", "--db", str(database)).code == 0
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected(range(4))
    assert rows(database, "SELECT sum(expired) FROM source") == [(0,)]


# -- power loss

CONSUMED = "SELECT path, off, (SELECT count(*) FROM event WHERE source = source.id) FROM source"
FRAME, HEADER = 24 + 8192, 32
"""Bytes of a frame of SQLite's log, and of the log's own header."""


def frames_in_database(database: Path) -> int:
    """How many frames of the log were, or are being, written back, as its index says: they were synced before."""
    with open(f"{database}-shm", "rb") as index:
        index.seek(128)
        return int.from_bytes(index.read(4), sys.byteorder)


def copy_after_power_loss(database: Path, target: Path, random: Random) -> None:
    """The files as they are now, of the log no more than what was surely on the disk and a part of what was not."""
    target.write_bytes(database.read_bytes())
    log = Path(f"{database}-wal").read_bytes()
    surely = HEADER + frames_in_database(database) * FRAME
    Path(f"{target}-wal").write_bytes(log[: random.randint(min(surely, len(log)), len(log))])


def test_fault_013_after_a_power_loss_at_any_moment_no_offset_is_ahead_of_its_rows(database: Path, logs: Path) -> None:
    total, random = 40_000, Random(13)
    for name in range(4):
        (logs / f"{name}.jsonl").write_bytes(natives(range(10_000 * name, 10_000 * (name + 1))))
    (logs / "a.jsonl").unlink()
    copies = [database.with_name(f"copy-{number}.db") for number in range(12)]
    with Running(database, logs) as running:
        until(lambda: Path(f"{database}-shm").exists())
        for copy in copies:
            time.sleep(random.uniform(0, 0.2))
            running.process.send_signal(signal.SIGSTOP)
            os.waitpid(running.process.pid, os.WUNTRACED)
            copy_after_power_loss(database, copy, random)
            running.process.send_signal(signal.SIGCONT)
    for copy in copies:
        assert is_sound(copy)
        is_filled = rows(copy, "PRAGMA user_version") == [(VERSION,)]
        for path, end, events in rows(copy, CONSUMED) if is_filled else ():
            assert events == Path(os.fsdecode(path)).read_bytes()[:end].count(b"\n")
    ingest(copies[-1], logs)
    assert inputs(copies[-1]) == expected(range(total))
