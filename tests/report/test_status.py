"""`status`: exit codes for a monitor, states of sources, and the document of the design."""

import json
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from tokenmon.events import Limit
from tokenmon.exact import json_text
from tokenmon.report.output import cells
from tokenmon.report.status import document, exit_code, plain_lines
from tokenmon.store.answers import AlertRow, DialectHealth, Health, SourceHealth, Unpriced

NOW = 1_763_647_402_123
SOURCE = SourceHealth(
    path="/logs/a.jsonl",
    dialect="native",
    offset=100,
    size=100,
    events=5,
    skipped=1,
    rejects=2,
    duplicates=3,
    expired=0,
    lost_bytes=0,
    unclaimed=4,
    gone=False,
    last_event=NOW - 5000,
    last_change=NOW - 90_000,
    error="",
    doubts=(0, 2, 0, 0, 1, 0),
    reasons=(("model is missing", 2),),
)
DIALECT = DialectHealth("native", 1, 5, 1, 2, 3, SOURCE.doubts, SOURCE.reasons)
ALERT = AlertRow(1, "invalid-lines", "/logs/a.jsonl", "warning", "firing", "2 invalid lines", 2, NOW)
HEALTH = Health(
    path="/state/x.db",
    size_bytes=4096,
    events=5,
    series=1,
    schema_version=1,
    ingester_pid=42,
    ingester_alive_at=NOW - 1000,
    backlog_bytes=0,
    watermark=None,
    prices_version="0.2.3",
    prices_date="2026-11-01",
    dirty_hours=0,
    sources=(SOURCE,),
    sources_total=1,
    alerts=(),
    unpriced=(Unpriced("mystery", 2, 300, "acme"),),
    dialects=(DIALECT,),
)


@pytest.mark.parametrize(
    ("changed", "name", "lag"),
    [
        ({}, "fresh", 0),
        ({"offset": 10}, "late", 90),
        ({"offset": 10, "last_change": NOW - 30_000}, "fresh", 30),
        ({"offset": 10, "gone": True}, "fresh", 0),
        ({"error": "permission denied"}, "failed", 0),
        ({"error": "no such file", "gone": True}, "fresh", 0),
        ({"offset": 10, "last_change": None}, "fresh", 0),
        ({"offset": 10, "last_change": NOW + 5000}, "fresh", 0),
    ],
)
def test_a_source_is_as_far_behind_as_its_bytes_wait(changed: dict[str, int | str], name: str, lag: int) -> None:
    source = replace(SOURCE, **changed)  # type: ignore[arg-type]
    assert (source.state(NOW), source.lag_ms(NOW) // 1000) == (name, lag)


@pytest.mark.parametrize(
    ("health", "code"),
    [
        (HEALTH, 0),
        (replace(HEALTH, sources=(replace(SOURCE, offset=1),)), 0),
        (replace(HEALTH, alerts=(replace(ALERT, state="info"),)), 0),
        (replace(HEALTH, alerts=(ALERT,)), 1),
        (replace(HEALTH, ingester_pid=None), 2),
        (replace(HEALTH, ingester_alive_at=NOW - 61_000), 2),
        (replace(HEALTH, alerts=(ALERT,), sources=(replace(SOURCE, error="x"),)), 2),
    ],
)
def test_the_exit_code_is_for_a_monitor(health: Health, code: int) -> None:
    assert exit_code(health, NOW) == code


def test_the_document_is_the_one_of_the_design() -> None:
    found = document(replace(HEALTH, alerts=(ALERT, replace(ALERT, state="ok"))), NOW)
    assert list(found) == [
        *("schema", "database", "ingester", "backlog_bytes", "prices", "dialects", "sources", "alerts", "unpriced"),
        "limits",
    ]
    assert found["schema"] == "tokenmon.status/1"
    assert found["database"] == {
        "path": "/state/x.db",
        "size_bytes": 4096,
        "events": 5,
        "series": 1,
        "schema_version": 1,
    }
    assert found["ingester"] == {"running": True, "pid": 42, "alive_at": "2025-11-20T14:03:21.123Z"}
    assert found["prices"] == {"version": "0.2.3", "date": "2026-11-01"}
    assert found["sources"] == [
        {
            "path": "/logs/a.jsonl",
            "dialect": "native",
            "state": "fresh",
            "offset": 100,
            "size": 100,
            "lag_seconds": 0,
            "events": 5,
            "skipped": 1,
            "rejects": 2,
            "duplicates": 3,
            "unclaimed": 4,
            "unpriced": 0,
            "assumed": 2,
            "disagrees": 0,
            "untimed": 0,
            "empty": 1,
            "future": 0,
            "reasons": [{"reason": "model is missing", "lines": 2}],
            "last_event_at": "2025-11-20T14:03:17.123Z",
            "last_change_at": "2025-11-20T14:01:52.123Z",
            "error": None,
        }
    ]
    assert found["alerts"] == [
        {
            "id": 1,
            "kind": "invalid-lines",
            "severity": "warning",
            "state": "firing",
            "title": "2 invalid lines",
            "count": 2,
            "since": "2025-11-20T14:03:22.123Z",
        }
    ]
    (unpriced,) = json.loads(json_text(found))["unpriced"]
    assert {name: unpriced[name] for name in ("model", "provider", "tier", "requests", "total_tokens")} == {
        "model": "mystery",
        "provider": "acme",
        "tier": None,
        "requests": 2,
        "total_tokens": 300,
    }
    assert unpriced["override"].startswith('[[price]]\nmodel = "mystery"\nprovider = "acme"\n')
    assert found["dialects"] == [
        {
            "dialect": "native",
            "sources": 1,
            "events": 5,
            "skipped": 1,
            "rejects": 2,
            "duplicates": 3,
            "unpriced": 0,
            "assumed": 2,
            "disagrees": 0,
            "untimed": 0,
            "empty": 1,
            "future": 0,
            "reasons": [{"reason": "model is missing", "lines": 2}],
        }
    ]


def test_people_see_what_is_wrong_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    failed = replace(SOURCE, path="/logs/" + "x" * 90, error="permission denied", last_change=0)
    lines = plain_lines(replace(HEALTH, sources=(SOURCE, failed), ingester_pid=None, sources_total=900), NOW, UTC)
    text = "\n".join(lines)
    assert "not running" in text
    assert "mystery (acme): 2 requests" in text
    assert "2 assumed, 1 empty" in text
    assert "2 invalid in native: model is missing" in text
    assert text.index("failed") < text.index("fresh")
    assert f"{failed.path}: permission denied" in text
    assert "900 sources in all" in text
    assert all(cells(line) <= 80 for line in lines if "permission denied" not in line)


def test_long_alerts_are_folded_and_paths_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = "/logs/" + "x" * 90 + "-1.jsonl"
    title = "4 lines with a total that is not the sum of its parts; the parts count"
    unpriced = replace(ALERT, kind="unpriced model", title="no price is known", subject="mystery")
    lines = plain_lines(replace(HEALTH, alerts=(replace(ALERT, subject=path, title=title), unpriced)), NOW, UTC)
    assert f"           {path}" in lines
    assert all(cells(line) <= 80 for entry in lines for line in entry.splitlines() if path not in line)
    assert sum("mystery" in line for line in lines) == 1, "what has no price is told once"


def test_an_alert_says_what_it_is_about() -> None:
    lines = plain_lines(replace(HEALTH, alerts=(ALERT,)), NOW, UTC)
    assert any(line.startswith("warning    2 invalid lines: /logs/a.jsonl (since ") for line in lines)


def test_of_many_alerts_that_say_the_same_a_few_are_told_and_more_of_those_that_fire() -> None:
    notes = [replace(ALERT, id=n, state="info", severity="info", subject=f"/logs/{n}.jsonl") for n in range(9)]
    fires = [replace(ALERT, id=n, subject=f"/other/{n}.jsonl") for n in range(9, 109)]
    lines = plain_lines(replace(HEALTH, alerts=(*notes, *fires)), NOW, UTC)
    assert sum("/logs/" in line and line.startswith("info ") for line in lines) == 3
    assert sum("/other/" in line and line.startswith("warning ") for line in lines) == 10
    assert f"info       {ALERT.kind}: 6 more of these; --json lists them" in lines
    assert f"warning    {ALERT.kind}: 90 more of these; --json lists them" in lines


HOURS = Limit(NOW - 60_000, "codex", "primary", 58.0, 300, NOW + 3_600_000, "pro")
ENDED = Limit(NOW - 60_000, "codex", "secondary", 97.0, 10_080, NOW - 1_000, "pro")


def test_limits_say_what_is_used_and_a_window_that_has_ended_is_whole_again() -> None:
    with_limits = replace(HEALTH, limits=(ENDED, HOURS))
    listed: Any = document(with_limits, NOW)["limits"]
    used, ended = listed
    assert (used["name"], used["used_percent"], used["reset"], used["window_minutes"]) == ("primary", 58.0, False, 300)
    assert (ended["used_percent"], ended["reset"], ended["told_percent"]) == (0, True, 97.0)
    lines = [line for line in plain_lines(with_limits, NOW, UTC) if line.startswith("limit ")]
    assert lines == [
        "limit      codex 5h: 58% used, whole again 15:03",
        "limit      codex 7d: whole again since 14:03",
    ]
