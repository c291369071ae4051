"""The ingester as people run it: a process that is killed, told to stop, watched, and joined by others."""

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.ingest.ingesting import Running, expected, inputs, native, natives, rollups_are_exact, rows, stored, until
from tokenmon.errors import LockHeld


def test_an_appended_line_is_stored_while_it_runs(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(natives(range(3)))
    with Running(database, logs) as running:
        until(lambda: stored(database) == 3)
        with (logs / "a.jsonl").open("ab") as file:
            file.write(native(3))
        (logs / "b.jsonl").write_bytes(native(4))
        until(lambda: stored(database) == 5)
        code, said = running.end(signal.SIGTERM)
    assert code == 0
    assert "a.jsonl: 3 events" in said
    assert inputs(database) == expected(range(5))
    assert rollups_are_exact(database)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_fault_010_a_signal_under_full_load_ends_it_with_zero_and_whole_batches(tmp_path: Path, number: int) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    for name in range(4):
        (logs / f"{name}.jsonl").write_bytes(natives(range(name * 20_000, (name + 1) * 20_000)))
    with Running(database, logs) as running:
        until(lambda: stored(database) > 0)
        code, _ = running.end(number)
    assert code == 0
    assert not Path(f"{database}-wal").exists()
    counted = rows(database, "SELECT source, count(*) FROM event GROUP BY 1")
    assert counted == rows(database, "SELECT id, events FROM source WHERE events > 0 ORDER BY 1")


def test_killed_again_and_again_it_counts_every_line_once(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    total = 60_000
    for name in range(6):
        (logs / f"{name}.jsonl").write_bytes(natives(range(name * 10_000, (name + 1) * 10_000)))
    for round_ in range(5):
        before = stored(database)
        with Running(database, logs) as running:
            until(lambda seen=before: stored(database) > seen or stored(database) == total)  # type: ignore[misc]
            code, _ = running.end(signal.SIGKILL)
        assert code == -signal.SIGKILL, round_
    with Running(database, logs, flags=["--once"]) as running:
        running.process.communicate(timeout=60)
    assert inputs(database) == expected(range(total))
    assert rollups_are_exact(database)
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_fault_086_a_second_ingester_waits_or_is_told_who_leads_and_every_line_counts_once(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    with Running(database, logs) as first:
        until(lambda: stored(database) == 1)
        with Running(database, logs) as waiting, Running(database, logs, flags=["--no-wait"]) as second:
            _, said = second.process.communicate(timeout=60)
            assert second.process.returncode == LockHeld.exit_code
            assert str(first.process.pid) in said.decode()
            with (logs / "a.jsonl").open("ab") as file:
                file.write(natives(range(1, 2_000)))
            until(lambda: stored(database) == 2_000)
            assert b"waiting for it" in waiting.said()
            code, told = waiting.end(signal.SIGTERM)
            assert (code, "events" in told) == (0, False)
    assert inputs(database) == expected(range(2_000))


def test_fault_088_a_waiting_ingester_reads_on_where_the_first_was_killed(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    with Running(database, logs) as first:
        until(lambda: stored(database) == 1)
        with Running(database, logs) as second:
            first.end(signal.SIGKILL)
            with (logs / "a.jsonl").open("ab") as file:
                file.write(native(1))
            until(lambda: stored(database) == 2)
            assert second.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected(range(2))


def test_it_ends_when_the_screen_that_started_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    monkeypatch.setenv("TOKENMON_PARENT", str(os.getpid() + 1))
    with Running(database, logs) as running:
        running.process.communicate(timeout=60)
        assert running.process.returncode == 0


def test_once_with_a_source_that_cannot_be_read_is_told_and_exits_2(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    (logs / "b.jsonl.gz").write_bytes(b"this is no archive at all")
    with Running(database, logs, flags=["--once"]) as running:
        _, said = running.process.communicate(timeout=60)
        assert running.process.returncode == 2
    assert "b.jsonl.gz" in said.decode()
    assert stored(database) == 1
    assert [kind for (kind,) in rows(database, "SELECT kind FROM alert WHERE state = 'firing'")] == ["source fails"]


def test_the_log_can_be_json(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(natives(range(3)) + b"bad\n")
    with Running(database, logs, flags=["--once", "--log-format", "json"]) as running:
        _, said = running.process.communicate(timeout=60)
    assert '"events":3,"rejects":1' in said.decode()
