"""A producer whose calls two dialects tell at once is told of: nobody can say from the sums that they are double."""

import json
from pathlib import Path

from tests.dialects.cases.otlp import CLAUDE
from tests.ingest.ingesting import claude, ingest, native, rows

TWICE = "SELECT subject, severity, count FROM alert WHERE kind = 'told twice' AND state <> 'ok'"


def test_transcripts_and_telemetry_of_the_same_weeks_are_told(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "transcript.jsonl").write_bytes(b"".join(claude(each, 159, request=each) for each in ("70", "71", "72")))
    ingest(database, logs)
    assert rows(database, TWICE) == []
    (logs / "telemetry.jsonl").write_text(json.dumps(CLAUDE) + "\n")
    ingest(database, logs)
    calls = rows(database, "SELECT count(*) FROM event JOIN series ON series.id = series WHERE dialect = 'otlp'")[0][0]
    assert 0 < calls < 3
    assert rows(database, TWICE) == [("claude-code: claude-code, otlp", "info", calls)]


def test_who_went_from_one_to_the_other_long_ago_is_left_in_peace(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    long_before = native(0, ts="2026-07-01T09:00:00Z", integration="claude-code")
    (logs / "earlier.jsonl").write_bytes(long_before)
    (logs / "transcript.jsonl").write_bytes(claude("71", 159))
    ingest(database, logs)
    assert rows(database, TWICE) == []
