"""The commands on real files: from a line in a log to JSON, CSV and a table, and the rule which database it is in."""

import csv
import fcntl
import io
import json
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.command import Done, environment_of, tokenmon

CALLS: list[dict[str, Any]] = [
    {"ts": "2026-11-18T10:00:00Z", "model": "gpt-5.1", "cost_usd": 0.1, "api_key_name": "ci", "request_id": "req-one"},
    {"ts": "2026-11-19T10:00:00Z", "model": "gpt-5.1", "cost_usd": 0.2, "api_key_name": "=cmd()", "status": 500},
    {"ts": "2026-11-19T23:30:00Z", "model": "mystery-9", "prompt_tokens": 7, "metadata": {"branch": "main"}},
]


def line(call: dict[str, Any]) -> str:
    base = {"integration": "test", "provider": "openai", "prompt_tokens": 100, "completion_tokens": 10}
    return json.dumps({**base, **call}) + "\n"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    (directory / "a.jsonl").write_text("".join(map(line, CALLS)))
    return directory


def databases(home: Path) -> list[str]:
    return sorted(path.name for path in (home / ".local/state/tokenmon").glob("*.db"))


def report(home: Path, *words: str) -> Any:
    done = tokenmon(home, "report", *words, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_a_report_is_exact_and_has_the_fields_of_the_design(tmp_path: Path, logs: Path) -> None:
    found = report(tmp_path, "logs", "--by", "model", "--tz", "UTC")
    assert list(found) == ["schema", "generated_at", "range", "by", "rows", "rows_total", "truncated", "totals"]
    assert found["range"] == {"from": "2026-11-18T10:00:00.000Z", "to": "2026-11-19T23:30:00.001Z", "tz": "UTC"}
    assert [row["model"] for row in found["rows"]] == ["gpt-5.1", "mystery-9"]
    priced, unpriced = found["rows"]
    assert (priced["requests"], priced["errors"], priced["cost_usd"], priced["cost_logged_usd"]) == (2, 1, 0.3, 0.3)
    assert (unpriced["cost_usd"], unpriced["unpriced_requests"]) == (None, 1)
    totals = found["totals"]
    assert (totals["requests"], totals["input_tokens"], totals["cache_read_tokens"]) == (3, 207, None)
    assert (totals["cost_usd"], totals["total_tokens"], totals["first_event_at"]) == (
        0.3,
        237,
        "2026-11-18T10:00:00.000Z",
    )


def test_without_groups_json_has_totals_only_and_plain_goes_by_day(tmp_path: Path, logs: Path) -> None:
    assert (report(tmp_path, "logs")["rows"], report(tmp_path, "logs")["totals"]["requests"]) == ([], 3)
    done = tokenmon(tmp_path, "report", "logs")
    assert done.code == 0
    assert "2026-11-18" in done.out
    assert "~$0.300" in done.out
    assert "without 1 of 3 requests" in done.out
    assert all(len(text) <= 80 for text in done.out.splitlines())


def test_days_are_local_to_the_zone(tmp_path: Path, logs: Path) -> None:
    def days(zone: str) -> dict[str, int]:
        rows = report(tmp_path, "logs", "--by", "day", "--tz", zone)["rows"]
        return {row["day"]: row["requests"] for row in rows}

    assert days("UTC") == {"2026-11-18": 1, "2026-11-19": 2}
    assert days("+01:00") == {"2026-11-18": 1, "2026-11-19": 1, "2026-11-20": 1}
    hours = report(tmp_path, "logs", "--by", "hour", "--tz", "Asia/Kathmandu")["rows"]
    assert hours[0]["hour"] == "2026-11-18T15:00+05:45"


def test_an_empty_range_is_zeros_and_nulls(tmp_path: Path, logs: Path) -> None:
    totals = report(tmp_path, "logs", "--range", "2020-01-01..2020-01-02")["totals"]
    zero = {"requests", "errors", "unpriced_requests", "total_tokens", "cost_usd"}
    assert {name for name, value in totals.items() if value is not None} == zero
    assert tokenmon(tmp_path, "report", "logs", "--range", "2020-01-01..2020-01-02").code == 0


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        (["--where", "model=gpt-5.1"], 2),
        (["--where", "key=ci"], 1),
        (["--where", "key="], 1),
        (["--where", "status=failed"], 1),
        (["--where", "status=ok"], 2),
        (["--where", "model=gpt-5.1", "--where", "status=500"], 1),
        (["--search", "myst"], 1),
        (["--search", "gpt ci"], 1),
        (["--search", '"; DROP'], 0),
        (["--range", "2026-11-19..2026-11-19"], 2),
        (["--range", "2026-11-19T10:00..2026-11-19T23:30", "--tz", "UTC"], 1),
    ],
)
def test_filters_are_exact_and_anded(tmp_path: Path, logs: Path, words: list[str], requests: int) -> None:
    assert report(tmp_path, "logs", *words)["totals"]["requests"] == requests


def test_a_cut_is_by_value_and_announced(tmp_path: Path, logs: Path) -> None:
    found = report(tmp_path, "logs", "--by", "model", "--sort", "requests", "--asc", "--limit", "1")
    assert ([row["model"] for row in found["rows"]], found["rows_total"], found["truncated"]) == (
        ["mystery-9"],
        2,
        True,
    )
    assert found["totals"]["requests"] == 3
    done = tokenmon(tmp_path, "report", "logs", "--by", "model", "--limit", "1", "--csv")
    assert "1 of 2 rows" in done.err


def test_csv_is_safe_for_spreadsheets(tmp_path: Path, logs: Path) -> None:
    done = tokenmon(tmp_path, "report", "logs", "--by", "key", "--csv")
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert set(rows) == {"ci", "'=cmd()", ""}
    assert rows["ci"]["cost_usd"] == "0.1"
    assert rows[""]["cost_usd"] == ""


# -- events and explain


def events(home: Path, *words: str) -> tuple[list[Any], Done]:
    done = tokenmon(home, "events", "logs", *words, "--json")
    assert done.code == 0
    return [json.loads(text) for text in done.out.splitlines()], done


def test_events_are_newest_first_and_pages_follow_each_other(tmp_path: Path, logs: Path) -> None:
    everything, done = events(tmp_path)
    assert [event["ts"][:16] for event in everything] == ["2026-11-19T23:30", "2026-11-19T10:00", "2026-11-18T10:00"]
    assert done.err == ""
    first, cut = events(tmp_path, "--limit", "2")
    cursor = cut.err.rpartition("--before ")[2].strip()
    rest, last = events(tmp_path, "--limit", "2", "--before", cursor)
    assert first + rest == everything
    assert last.err == ""


def test_an_event_is_traced_to_its_line_by_either_id(tmp_path: Path, logs: Path) -> None:
    found = events(tmp_path)[0]
    newest, oldest = found[0], found[2]
    assert newest["metadata"] == {"branch": "main"}
    assert (newest["cost_kind"], newest["cost_usd"]) == ("unknown", None)
    assert (oldest["cost_kind"], oldest["request_id"]) == ("logged", "req-one")
    assert oldest["source_path"] == str(logs / "a.jsonl")
    assert newest["source_offset"] == len("".join(map(line, CALLS[:2])))
    done = tokenmon(tmp_path, "explain", newest["id"], "--path", "logs")
    assert done.code == 0
    assert f"{logs / 'a.jsonl'}:3, byte {newest['source_offset']}" in done.out
    assert '"branch": "main"' in done.out
    assert "cost         unknown" in done.out
    by_request = tokenmon(tmp_path, "explain", "req-one", "--path", "logs").out
    assert "logged       $0.10" in by_request
    assert "Sum" in by_request


def test_an_unknown_id_is_said(tmp_path: Path, logs: Path) -> None:
    done = tokenmon(tmp_path, "explain", "req-on", "--path", "logs")
    assert (done.code, done.out) == (1, "")
    assert "no event has the id" in done.err


# -- which database


def test_own_paths_have_their_own_database_and_it_is_private(tmp_path: Path, logs: Path) -> None:
    report(tmp_path, "logs")
    report(tmp_path, str(logs) + "/")
    [name] = databases(tmp_path)
    assert name.startswith("logs-")
    state = tmp_path / ".local/state/tokenmon"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / name).stat().st_mode) == 0o600


def test_a_second_report_reads_what_was_appended(tmp_path: Path, logs: Path) -> None:
    assert report(tmp_path, "logs")["totals"]["requests"] == 3
    with (logs / "a.jsonl").open("a") as file:
        file.write(line({"ts": "2026-11-20T10:00:00Z", "model": "gpt-5.1"}))
    assert report(tmp_path, "logs")["totals"]["requests"] == 4


def test_db_without_paths_is_about_its_own_and_only_reads(tmp_path: Path, logs: Path) -> None:
    (tmp_path / ".claude/projects").mkdir(parents=True)
    assert report(tmp_path, "logs", "--db", "x.db")["totals"]["requests"] == 3
    with (logs / "a.jsonl").open("a") as file:
        file.write(line({"ts": "2026-11-20T10:00:00Z", "model": "gpt-5.1"}))
    assert report(tmp_path, "--db", "x.db")["totals"]["requests"] == 3
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db").code == 0
    assert report(tmp_path, "--db", "x.db")["totals"]["requests"] == 4
    assert databases(tmp_path) == []


def test_a_known_path_may_be_missing(tmp_path: Path, logs: Path) -> None:
    report(tmp_path, "logs")
    for path in logs.iterdir():
        path.unlink()
    logs.rmdir()
    assert report(tmp_path, "logs")["totals"]["requests"] == 3
    assert tokenmon(tmp_path, "report", "logs", "elsewhere").code == 66


def test_configured_paths_and_database_serve_every_command(tmp_path: Path, logs: Path) -> None:
    config = tmp_path / ".config/tokenmon/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'paths = ["{logs}"]\ndb = "${{HOME}}/own.db"\ntz = "Asia/Kathmandu"\n')
    found = report(tmp_path)
    assert (found["totals"]["requests"], found["range"]["tz"]) == (3, "Asia/Kathmandu")
    assert (tmp_path / "own.db").exists()
    assert databases(tmp_path) == []


def test_without_a_terminal_the_monitor_is_the_plain_report(tmp_path: Path, logs: Path) -> None:
    done = tokenmon(tmp_path, "logs", "--range", "all")
    assert done.code == 0
    assert done.out == tokenmon(tmp_path, "report", "logs").out


# -- status and exit codes that need a database


def test_status_says_that_nobody_ingests(tmp_path: Path, logs: Path) -> None:
    report(tmp_path, "logs")
    done = tokenmon(tmp_path, "status", "logs", "--json")
    found = json.loads(done.out)
    assert done.code == 2
    assert list(found) == [
        *("schema", "database", "ingester", "backlog_bytes", "prices", "dialects", "sources", "alerts", "unpriced"),
        "limits",
    ]
    assert found["ingester"]["running"] is False
    [source] = found["sources"]
    assert (source["path"], source["state"], source["lag_seconds"]) == (str(logs / "a.jsonl"), "fresh", 0)
    assert (source["events"], source["dialect"]) == (3, "native")
    [unpriced] = found["unpriced"]
    assert (unpriced["model"], unpriced["requests"], unpriced["total_tokens"]) == ("mystery-9", 1, 17)
    assert "not running" in tokenmon(tmp_path, "status", "logs").out


def test_a_database_that_cannot_be_created_is_73(tmp_path: Path, logs: Path) -> None:
    (tmp_path / "file").write_text("")
    done = tokenmon(tmp_path, "report", "logs", "--db", "file/x.db")
    assert (done.code, done.out) == (73, "")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", [["report", "--json"], ["events", "--json"], []])
def test_a_source_that_cannot_be_read_is_2_after_the_answer(tmp_path: Path, logs: Path, words: list[str]) -> None:
    (logs / "b.jsonl.gz").write_bytes(b"no archive at all")
    done = tokenmon(tmp_path, *words, "logs")
    assert done.code == 2
    assert "gpt-5.1" in done.out or '"requests": 3' in done.out or "2026-11-18" in done.out
    assert done.err.count("\n") == 1
    assert tokenmon(tmp_path, "--ingest-only", "--once", "logs").code == 2


def test_another_ingester_is_75_with_no_wait(tmp_path: Path, logs: Path) -> None:
    report(tmp_path, "logs", "--db", "x.db")
    with open(tmp_path / "x.db.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = tokenmon(tmp_path, "--ingest-only", "--once", "--no-wait", "--db", "x.db")
        assert (done.code, done.err.count("\n")) == (75, 1)
        assert report(tmp_path, "logs", "--db", "x.db")["totals"]["requests"] == 3


def test_fault_078_a_newer_database_is_refused_with_65(tmp_path: Path, logs: Path) -> None:
    report(tmp_path, "logs", "--db", "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("PRAGMA user_version = 9999")
    for words in (["report"], ["status"], ["--ingest-only", "--once"], ["report", "logs"]):
        done = tokenmon(tmp_path, *words, "--db", "x.db")
        assert (done.code, done.out) == (65, "")
        assert done.err.count("\n") == 1


def test_a_closed_pipe_is_no_failure(tmp_path: Path, logs: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tokenmon", "events", "logs", "--json"],
        env=environment_of(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(60) == 0


def test_status_is_fine_while_somebody_ingests_and_2_when_that_ends(tmp_path: Path, logs: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tokenmon", "--ingest-only", "logs"],
        env=environment_of(tmp_path),
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while (done := tokenmon(tmp_path, "status", "logs", "--json")).code != 0 and time.monotonic() < until:
        assert done.code in (2, 3)
    assert done.code == 0
    assert json.loads(done.out)["ingester"] == {
        "running": True,
        "pid": process.pid,
        "alive_at": json.loads(done.out)["ingester"]["alive_at"],
    }
    assert report(tmp_path, "logs")["totals"]["requests"] == 3
    process.terminate()
    assert process.wait(10) == 0
    assert tokenmon(tmp_path, "status", "logs").code == 2


# -- the other commands


def test_sample_writes_logs_that_a_report_counts(tmp_path: Path) -> None:
    done = tokenmon(tmp_path, "sample", "made", "--events", "60", "--seed", "7")
    assert (done.code, done.out) == (0, "")
    assert report(tmp_path, "made")["totals"]["requests"] == 60
    (tmp_path / "file").write_text("")
    assert tokenmon(tmp_path, "sample", "file/below").code == 1


def test_prices_are_told_or_said_to_be_unknown(tmp_path: Path) -> None:
    known = tokenmon(tmp_path, "prices", "claude-sonnet-4-5")
    assert (known.code, "$15.00" in known.out) == (0, True)
    unknown = tokenmon(tmp_path, "prices", "mystery-9")
    assert (unknown.code, "No price is known" in unknown.out) == (0, True)
    assert "genai-prices" in tokenmon(tmp_path, "prices").out


def test_an_override_is_used_by_the_next_report(tmp_path: Path, logs: Path) -> None:
    own = tmp_path / ".config/tokenmon/prices.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[[price]]\nmodel = "mystery-9"\ninput = 1000000\noutput = 0\n')
    found = report(tmp_path, "logs", "--where", "model=mystery-9")["totals"]
    assert (found["cost_usd"], found["cost_logged_usd"], found["unpriced_requests"]) == (7, None, 0)
    own.write_text("[[price]]\nmodle = 1\n")
    done = tokenmon(tmp_path, "report", "logs")
    assert (done.code, str(own) in done.err) == (78, True)
