"""One call counts once, however often and wherever it was written; any order of files gives the same totals."""

import itertools
import json
import random
import signal
from pathlib import Path

import pytest

from tests.ingest.ingesting import Running, claude, ingest, native, rollups_are_exact, rows, stored, until

SUMS = "SELECT count(*), sum(input), sum(cache_read), sum(output), sum(cost_list), min(ts), max(ts) FROM event"


def test_a_call_written_while_it_streams_counts_with_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "s.jsonl"
    log.write_bytes(claude("1", 9, second=1) + claude("1", 9, second=2) + claude("1", 159, second=3))
    ingest(tmp_path / "t.db", log)
    assert rows(tmp_path / "t.db", "SELECT count(*), output FROM event") == [(1, 159)]


def test_a_call_that_grows_after_a_restart_is_replaced(tmp_path: Path) -> None:
    log, database = tmp_path / "s.jsonl", tmp_path / "t.db"
    log.write_bytes(claude("1", 9, second=1))
    ingest(database, log)
    with log.open("ab") as file:
        file.write(claude("1", 159, second=3))
    ingest(database, log)
    assert rows(database, "SELECT count(*), output FROM event") == [(1, 159)]
    assert rollups_are_exact(database)


def test_the_same_id_at_another_time_is_another_call_where_ids_are_not_rewritten(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    log.write_bytes(native(1, request_id="x") * 2 + native(2, request_id="x"))
    ingest(tmp_path / "t.db", log)
    assert rows(tmp_path / "t.db", "SELECT count(*) FROM event") == [(2,)]


@pytest.mark.parametrize("seed", range(6))
def test_fault_069_any_order_split_and_copy_gives_the_same_totals(tmp_path: Path, seed: int) -> None:
    """Sessions, their resumed copies and a side chain's replays, ingested file by file in a shuffled order."""
    calls = [claude(str(n), 50 + n, request=str(n), second=n) for n in range(12)]
    early = [claude(str(n), 5, request=str(n), second=max(0, n - 1)) for n in range(12)]
    replays = [claude(str(n), 50 + n, request=f"other-{n}", second=n, isSidechain=True) for n in range(4)]
    chance = random.Random(seed)
    lines = calls + early + replays + chance.sample(calls, 6)
    chance.shuffle(lines)
    cuts = [0, *sorted(chance.sample(range(1, len(lines)), 4)), len(lines)]
    database, logs = tmp_path / "t.db", tmp_path / "logs"
    logs.mkdir()
    for number, (start, stop) in enumerate(itertools.pairwise(cuts)):
        (logs / f"{number}.jsonl").write_bytes(b"".join(lines[start:stop]))
        if chance.random() < 0.5:
            ingest(database, logs)
    ingest(database, logs)
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "all.jsonl").write_bytes(b"".join(calls))
    ingest(tmp_path / "plain.db", plain)
    assert rows(database, SUMS) == rows(tmp_path / "plain.db", SUMS)
    assert rollups_are_exact(database)


@pytest.mark.parametrize("together", [True, False])
def test_a_forked_thread_does_not_count_its_parents_calls_again(tmp_path: Path, together: bool) -> None:
    """The child's file repeats the parent's counters, stamped anew; read with it or long after it."""
    sessions, database = tmp_path / "sessions", tmp_path / "t.db"
    sessions.mkdir()
    parent, child = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"
    files = [
        (f"rollout-2026-09-14T09-00-00-{parent}.jsonl", _rollout(parent, "09:00", [100, 250, 400])),
        (
            f"rollout-2026-09-14T10-00-00-{child}.jsonl",
            _rollout(child, "10:00", [100, 250], forked_from=parent) + _turn("10:05") + _counter("10:06:00", 250, 900),
        ),
    ]
    for name, content in files:
        (sessions / name).write_bytes(content)
        if not together:
            ingest(database, sessions)
    ingest(database, sessions)
    assert rows(database, "SELECT count(*), sum(input) FROM event") == [(4, 400 + 650)]


def test_a_fork_is_known_though_only_half_of_its_parent_is_there(tmp_path: Path) -> None:
    """A tree that is being copied from another machine."""
    sessions, database = tmp_path / "sessions", tmp_path / "t.db"
    sessions.mkdir()
    parent, child = "019a0000-0000-7000-8000-000000000006", "019a0000-0000-7000-8000-000000000007"
    first = sessions / f"rollout-2026-09-14T09-00-00-{parent}.jsonl"
    whole = _rollout(parent, "09:00", [100, 250, 400])
    first.write_bytes(_rollout(parent, "09:00", [100]))
    copied = _rollout(child, "10:00", [100, 250, 400], forked_from=parent)
    own = _turn("10:05") + _counter("10:06:00", 400, 900)
    (sessions / f"rollout-2026-09-14T10-00-00-{child}.jsonl").write_bytes(copied + own)
    ingest(database, sessions)
    first.write_bytes(whole)
    ingest(database, sessions)
    assert rows(database, "SELECT input FROM event ORDER BY ts") == [(100,), (150,), (150,), (500,)]


def _rollout(thread: str, clock: str, totals: list[int], forked_from: str = "") -> bytes:
    meta: dict[str, object] = {"id": thread, "timestamp": f"2026-09-14T{clock}:00.000Z", "cwd": "/home/dev/beta"}
    if forked_from:
        meta["forked_from_id"] = forked_from
    head = _line(f"{clock}:00", "session_meta", meta) + _turn(clock)
    counters = [_counter(f"{clock}:01" if forked_from else f"{clock}:1{n}", before, total)
                for n, (before, total) in enumerate(itertools.pairwise([0, *totals]))]  # fmt: skip
    return head + b"".join(counters)


def _turn(clock: str) -> bytes:
    return _line(f"{clock}:01", "turn_context", {"cwd": "/home/dev/beta", "model": "gpt-5-codex"})


def _counter(clock: str, before: int, total: int) -> bytes:
    usage = {"input_tokens": total, "cached_input_tokens": 0, "output_tokens": 0, "total_tokens": total}
    last = usage | {"input_tokens": total - before, "total_tokens": total - before}
    info = {"total_token_usage": usage, "last_token_usage": last}
    return _line(clock, "event_msg", {"type": "token_count", "info": info})


def _line(clock: str, kind: str, payload: dict[str, object]) -> bytes:
    record = {"timestamp": f"2026-09-14T{clock}.000Z", "type": kind, "payload": payload}
    return json.dumps(record).encode() + b"\n"


def test_a_thread_goes_on_after_a_restart_where_it_was(tmp_path: Path) -> None:
    """Counters are running totals: without what came before, the next one would count everything again."""
    thread, log, database = "019a0000-0000-7000-8000-000000000003", tmp_path / "rollout-x.jsonl", tmp_path / "t.db"
    log.write_bytes(_rollout(thread, "09:00", [100, 250]))
    ingest(database, log)
    with log.open("ab") as file:
        file.write(_counter("09:30:00", 100, 250) + _counter("09:31:00", 250, 900))
    ingest(database, log)
    assert rows(database, "SELECT input FROM event ORDER BY ts") == [(100,), (150,), (650,)]


def test_another_thread_in_the_same_file_begins_anew_while_running(tmp_path: Path) -> None:
    """Overwritten in place by another rollout: nothing of the first one's state may reach it."""
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    first, second = "019a0000-0000-7000-8000-000000000004", "019a0000-0000-7000-8000-000000000005"
    (logs / "rollout-x.jsonl").write_bytes(_rollout(first, "09:00", [100, 250]))
    with Running(database, logs) as running:
        until(lambda: stored(database) == 2)
        (logs / "rollout-x.jsonl").write_bytes(_rollout(second, "11:00", [250, 400, 700]))
        until(lambda: stored(database) == 5)
        assert running.end(signal.SIGTERM)[0] == 0
    assert rows(database, "SELECT input FROM event ORDER BY ts") == [(100,), (150,), (250,), (150,), (300,)]
    assert rows(database, "SELECT count(DISTINCT session) FROM event") == [(2,)]
