"""A call that two dialects tell counts once where both know its request; where they do not, Health tells it: nobody
could say from the sums that they are double.
"""

import json
from pathlib import Path

import pytest

from tests.command import tokenmon
from tests.dialects.cases.otlp import CLAUDE, CLAUDE_SPAN, log, logs
from tests.ingest.ingesting import claude, ingest, native, rollups_are_exact, rows

TWICE = "SELECT subject, severity, count FROM alert WHERE kind = 'told twice' AND state <> 'ok'"
CALLS = """SELECT dialect, output FROM event JOIN series ON series.id = series WHERE output > 0 ORDER BY 1, 2"""

TRANSCRIPT = b"".join(claude(each, 159 + int(each), request=each) for each in ("70", "71", "72"))
TELEMETRY = json.dumps(CLAUDE).encode() + b"\n" + json.dumps(CLAUDE_SPAN).encode() + b"\n"
UNNUMBERED = logs("claude-code", log({"event.name": "api_request", "input_tokens": 9, "output_tokens": 7}, at=9))


@pytest.mark.parametrize("order", [("own", "told"), ("told", "own"), ("both",)], ids=" then ".join)
def test_a_call_in_transcript_and_telemetry_counts_once_as_the_transcript_tells_it(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    for step in order:
        if step != "told":
            (logs / "transcript.jsonl").write_bytes(TRANSCRIPT)
        if step != "own":
            (logs / "telemetry.jsonl").write_bytes(TELEMETRY)
        ingest(database, logs)
    assert rows(database, CALLS) == [("claude-code", 229), ("claude-code", 230), ("claude-code", 231)]
    assert rows(database, "SELECT count(*) FROM event") == [(4,)]  # a failure that no transcript tells
    assert rollups_are_exact(database)
    assert rows(database, TWICE) == []
    explained = tokenmon(tmp_path, "explain", "req_71", "--db", "t.db")
    assert explained.code == 0, explained.err
    assert "telemetry.jsonl" in explained.out
    assert "telemetry of the same request; the producer's own log counts" in explained.out


def test_telemetry_alone_counts_and_is_told_of_nobody(tmp_path: Path) -> None:
    (tmp_path / "telemetry.jsonl").write_bytes(TELEMETRY)
    ingest(tmp_path / "t.db", tmp_path / "telemetry.jsonl")
    assert rows(tmp_path / "t.db", CALLS) == [("otlp", 159)]
    assert rows(tmp_path / "t.db", TWICE) == []


def test_telemetry_that_names_no_request_is_told_beside_transcripts_of_the_same_weeks(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "transcript.jsonl").write_bytes(TRANSCRIPT)
    ingest(database, logs)
    assert rows(database, TWICE) == []
    (logs / "telemetry.jsonl").write_text(json.dumps(UNNUMBERED) + "\n")
    ingest(database, logs)
    assert rows(database, TWICE) == [("claude-code: claude-code, otlp", "info", 1)]


def test_who_went_from_one_to_the_other_long_ago_is_left_in_peace(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    long_before = native(0, ts="2026-07-01T09:00:00Z", integration="claude-code")
    (logs / "earlier.jsonl").write_bytes(long_before)
    (logs / "transcript.jsonl").write_bytes(claude("71", 159))
    ingest(database, logs)
    assert rows(database, TWICE) == []
