"""Several processes on one database: one of them writes, and whoever is killed or loses the lock, every call counts
once and goes on being shown."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, cache_home, tokenmon
from tests.faults.screens import append, call, database_in, screen
from tests.ingest.ingesting import Running, expected, inputs, native, natives, rollups_are_exact, stored, until
from tokenmon.errors import CannotCreateDatabase
from tokenmon.store.lock import Lock, holder


def leader(database: Path) -> int:
    """The process that ingests, once one does."""
    until(lambda: holder(database) is not None)
    found = holder(database)
    assert found is not None
    return found[0]


def test_fault_087_whoever_is_killed_the_screens_that_are_left_read_on(tmp_path: Path) -> None:
    logs, database = append(tmp_path, call(0)), database_in(tmp_path)
    with Running(database, logs) as service, screen(tmp_path) as first:
        first.shows("model-0")
        assert leader(database) == service.process.pid
        with screen(tmp_path) as second:
            second.shows("model-0")
            service.end(signal.SIGKILL)
            append(tmp_path, call(1))
            for window in (first, second):
                window.shows("model-0", "model-1")
            os.kill(first.pid, signal.SIGKILL)
            append(tmp_path, call(2))
            second.shows("model-0", "model-1", "model-2")
            second.type(b"q")
            assert second.end() == 0
    assert holder(database) is None
    assert inputs(database) == expected(range(3))


def test_fault_088_a_screen_whose_ingester_is_killed_starts_another_at_once(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path) as window:
        window.shows("model-0")
        os.kill(leader(database_in(tmp_path)), signal.SIGKILL)
        append(tmp_path, call(1))
        window.shows("model-0", "model-1")
    assert inputs(database_in(tmp_path)) == expected(range(2))


def test_fault_089_an_ingester_whose_lock_file_was_deleted_locks_a_new_one(tmp_path: Path) -> None:
    logs, database = append(tmp_path, call(0)), database_in(tmp_path)
    with Running(database, logs) as running:
        until(lambda: stored(database) == 1)
        Path(f"{database}.lock").unlink()
        until(lambda: holder(database) is not None)
        assert leader(database) == running.process.pid
        assert running.end(signal.SIGTERM)[0] == 0


def test_fault_089_an_ingester_whose_lock_another_took_meanwhile_steps_down(tmp_path: Path) -> None:
    logs, database = append(tmp_path, call(0)), database_in(tmp_path)
    with Running(database, logs) as running:
        until(lambda: stored(database) == 1)
        Path(f"{database}.lock").unlink()
        lock = Lock.take(database, wait=False)
        _, said = running.process.communicate(timeout=60)
        lock.release()
    assert running.process.returncode == 1
    assert f"process {os.getpid()} has it now" in said.decode()


_WITHOUT_LOCKS = """
import fcntl, sys
fcntl.flock = lambda descriptor, operation: None
from tokenmon.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""A file system that locks nothing: every process believes to be the only one."""


def test_fault_089_of_three_writers_without_a_lock_one_goes_on_and_every_line_counts_once(tmp_path: Path) -> None:
    lines, database = 30_000, database_in(tmp_path)
    logs = append(tmp_path, natives(range(lines)))
    words = [sys.executable, "-c", _WITHOUT_LOCKS, "--ingest-only", "--db", str(database), str(logs)]
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": cache_home(), "PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen(words, stderr=subprocess.PIPE, env=environment) for _ in range(3)]
    try:

        def one_is_left() -> bool:
            nonlocal lines
            append(tmp_path, native(lines))
            lines += 1
            return sum(writer.poll() is None for writer in writers) == 1

        until(one_is_left, 60)
        until(lambda: stored(database) == lines)
    finally:
        for writer in writers:
            writer.kill()
    assert sorted(writer.wait() for writer in writers) == [-signal.SIGKILL, 1, 1]
    assert sum(b"another ingester writes into this database" in writer.communicate()[1] for writer in writers) == 2
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", str(database), str(logs)).code == 0
    assert inputs(database) == expected(range(lines))
    assert rollups_are_exact(database)


def test_fault_090_a_directory_where_no_lock_can_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    logs = append(tmp_path, call(0))
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "t.db", str(logs)).code == 0
    (tmp_path / "t.db.lock").unlink()
    (tmp_path / "t.db.lock").mkdir()  # stops root, too, whom no permission does
    done = tokenmon(tmp_path, "--ingest-only", "--once", "--db", "t.db", str(logs))
    assert (done.code, done.out) == (CannotCreateDatabase.exit_code, "")
    assert done.err.count("\n") == 1
    assert "cannot write the lock" in done.err
    assert "t.db.lock" in done.err


def test_fault_091_the_lock_decides_and_not_the_process_id_in_its_file(tmp_path: Path) -> None:
    logs, database = append(tmp_path, call(0)), database_in(tmp_path)
    Path(f"{database}.lock").write_text(f"{os.getpid()}\n")
    assert holder(database) is None
    with Running(database, logs, flags=["--once", "--no-wait"]) as running:
        running.process.communicate(timeout=60)
        assert running.process.returncode == 0
    assert inputs(database) == expected(range(1))


def test_fault_092_a_screen_waits_for_a_database_and_makes_none(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    database = database_in(tmp_path)
    elsewhere = Lock.take(database, wait=False)  # somebody else is about to make it
    with screen(tmp_path) as window:
        window.shows("Looking for usage for the first time")
        assert not database.exists()
        elsewhere.release()
        window.shows("model-0")


@pytest.mark.parametrize("lines", [1, 20_000], ids=["idle", "in a backlog"])
def test_fault_094_the_ingester_of_a_killed_screen_ends_by_itself_and_the_next_reads_on(
    tmp_path: Path, lines: int
) -> None:
    logs, database = append(tmp_path, natives(range(lines))), database_in(tmp_path)
    with screen(tmp_path) as window:
        until(lambda: stored(database) > 0)
        os.kill(window.pid, signal.SIGKILL)
        until(lambda: holder(database) is None)
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", str(database), str(logs)).code == 0
    assert inputs(database) == expected(range(lines))
