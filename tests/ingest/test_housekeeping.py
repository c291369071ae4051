"""What the ingester does besides reading: price again, prune, notice names of this machine, keep the search sound."""

import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.dialects.samples import codex_count, line
from tests.ingest.ingesting import ingest, native, natives, rollups_are_exact, rows
from tokenmon.budget import parse_budget
from tokenmon.errors import LockHeld, NotOurDatabase
from tokenmon.ingest import Service
from tokenmon.settings import Settings

SHOWN = "SELECT sum(cost_list), sum(cost_list IS NULL) FROM event"


def test_a_new_price_reaches_events_that_were_stored_without_one(tmp_path: Path) -> None:
    log, database, prices = tmp_path / "a.jsonl", tmp_path / "t.db", tmp_path / "prices.toml"
    log.write_bytes(natives(range(4), model="acme-coder-9"))
    ingest(database, log)
    assert rows(database, SHOWN) == [(None, 4)]
    prices.write_text('[[price]]\nmodel = "acme-coder-9"\ninput = 1\noutput = 2\n')
    ingest(database, log, settings=Settings(prices=prices))
    tokens, output = rows(database, "SELECT sum(input), sum(output) FROM event")[0]
    assert rows(database, SHOWN) == [(1_000 * tokens + 2_000 * output, 0)]
    assert rollups_are_exact(database)


def test_old_events_go_and_their_totals_stay(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    log.write_bytes(native(1, ts="2026-01-05T10:20:00Z") + native(2, ts=now))
    ingest(database, log)
    ingest(database, log, settings=Settings(retention_days=30))
    assert rows(database, "SELECT count(*) FROM event") == [(1,)]
    assert rows(database, "SELECT sum(n), sum(input) FROM r16d") == [(2, 2003)]


@pytest.mark.parametrize(("budget", "state"), [("2/day", "firing"), ("2.40/day", "info"), ("90/day", None)])
def test_a_budget_is_told_when_it_is_nearly_used_and_fires_when_it_is(
    tmp_path: Path, budget: str, state: str | None
) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    now, long_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "2026-01-05T10:20:00Z"
    log.write_bytes(native(1, ts=now, cost_usd=2.0) + native(2, ts=long_ago, cost_usd=500.0))
    ingest(database, log, settings=Settings(tz="UTC", budget=parse_budget(budget)))
    alerts = rows(database, "SELECT state, title FROM alert WHERE kind = 'budget'")
    assert [each for each, _ in alerts] == ([state] if state else [])
    assert not alerts or "of the budget of" in alerts[0][1]


@pytest.mark.parametrize(("used", "ends", "state"), [(99, 3_600, "info"), (100, 3_600, "firing"), (100, -1, None)])
def test_a_limit_of_a_log_is_told_until_its_window_ends(
    tmp_path: Path, used: float, ends: int, state: str | None
) -> None:
    log, database = tmp_path / "rollout-1.jsonl", tmp_path / "t.db"
    record = codex_count(None, at=time.time() - 60)
    window = {"used_percent": used, "window_minutes": 300, "resets_at": int(time.time()) + ends}
    record["payload"]["rate_limits"] = {"primary": window}
    log.write_bytes(line(record) + b"\n")
    ingest(database, log)
    alerts = rows(database, "SELECT state FROM alert WHERE kind = 'limit'")
    assert alerts == ([(state,)] if state else [])
    assert rows(database, "SELECT used FROM allowance") == [(used,)]


def test_a_budget_counts_what_no_log_says_at_list_prices(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    log.write_bytes(native(1, ts=now, prompt_tokens=10_000_000))
    ingest(database, log, settings=Settings(budget=parse_budget("2.50/week")))
    assert rows(database, "SELECT state FROM alert WHERE kind = 'budget'") == [("firing",)]


def test_everything_was_read_once_is_remembered(tmp_path: Path) -> None:
    """Only then an empty database is known to be empty."""
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    ingest(database, logs)
    assert rows(database, "SELECT value FROM meta WHERE name = 'caught_up'") == [(1,)]


def test_an_event_older_than_what_is_kept_is_refused_and_counted(tmp_path: Path) -> None:
    log, database, keep = tmp_path / "a.jsonl", tmp_path / "t.db", Settings(retention_days=30)
    log.write_bytes(native(1, ts=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))))
    ingest(database, log, settings=keep)
    with log.open("ab") as file:
        file.write(native(2, ts="2026-01-05T10:20:00Z"))
    ingest(database, log, settings=keep)
    assert rows(database, "SELECT events, expired FROM source") == [(1, 1)]


def test_events_carry_the_machine_they_were_read_on(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(1))
    ingest(database, log)
    with log.open("ab") as file:
        file.write(native(2))
    ingest(database, log)
    assert rows(database, "SELECT host FROM series") == [(socket.gethostname(),)]


def test_fault_084_a_damaged_search_index_is_mended_at_the_next_start(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(1))
    ingest(database, log)
    _execute(database, "INSERT INTO series_fts(series_fts) VALUES ('delete-all')")
    search = "SELECT count(*) FROM series_fts WHERE series_fts MATCH '\"mail\"*'"
    assert rows(database, search) == [(0,)]
    ingest(database, log)
    assert rows(database, search) == [(1,)]


def test_a_quiet_file_has_its_turn_beside_a_large_one(tmp_path: Path) -> None:
    """With a cap of one piece a cycle, both are in the first batch."""
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(natives(range(60_000)))
    (logs / "b.jsonl").write_bytes(native(1, integration="quiet"))
    told = ingest(database, logs, settings=Settings(bytes_per_file=65_536))
    assert {Path(each.path).name for each in told[0].files} == {"a.jsonl", "b.jsonl"}
    assert len(told) > 1


def test_a_failed_commit_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is full for a while: the same ingester goes on when there is room."""
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(natives(range(10)))
    monkeypatch.setattr("tokenmon.ingest.service.RETRY_S", (0.0,))
    asked: list[int] = []

    def room_after_a_while() -> bool:
        asked.append(1)
        if len(asked) == 5:
            _execute(database, "DROP TRIGGER full")
        return False

    with Service(Settings(), database, [str(logs)], once=True, wait=False, stop=room_after_a_while) as service:
        full = "BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        _execute(database, f"CREATE TRIGGER full {full}")
        service.run(lambda progress: None)
    assert len(asked) >= 5
    assert rows(database, "SELECT count(*), count(DISTINCT input) FROM event") == [(10, 10)]


def _execute(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql)


def test_a_second_service_in_the_same_database_is_refused(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(1))
    with (
        Service(Settings(), database, [str(log)], once=True, wait=False),
        pytest.raises(LockHeld, match="another process"),
    ):
        Service(Settings(), database, [str(log)], once=True, wait=False)


def test_a_database_removed_while_running_ends_the_ingester_loudly(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(1))
    with Service(Settings(), database, [str(log)], once=True, wait=False) as service:
        database.unlink()
        with pytest.raises(NotOurDatabase, match="removed or replaced"):
            service.run(lambda progress: None)
