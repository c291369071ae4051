"""One call counts once, however often and wherever it was written; any order of files gives the same totals."""

import itertools
import random
from pathlib import Path

import pytest

from tests.ingest.ingesting import claude, ingest, native, rollups_are_exact, rows

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
def test_any_order_split_and_copy_gives_the_same_totals(tmp_path: Path, seed: int) -> None:
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
