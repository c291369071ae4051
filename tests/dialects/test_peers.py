"""What other readers of the same logs get wrong, end to end: real files, and by hand what they add up to.

Prices are those of claude-sonnet-4-5 (3/15, cache 0.30 read, 3.75 and 6 written) and gpt-5-codex (1.25/10, cache 0.125)
per million.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.dialects.samples import CLAUDE, CLAUDE_OTHERS, Json, codex_count, codex_meta, codex_turn, codex_usage
from tests.ingest.ingesting import ingest, rows
from tokenmon.events import NANO

SONNET = "claude-sonnet-4-5-20250929"


def said(output: int, *, second: int = 9, counts: Json | None = None, inner: Json | None = None, **top: Any) -> Json:
    """A line of the sample transcript with other counts."""
    line = copy.deepcopy(CLAUDE) | {"timestamp": f"2026-09-14T09:00:{second:02d}.000Z"} | top
    line["message"] |= {"usage": {"input_tokens": 10, "output_tokens": output} | (counts or {})} | (inner or {})
    return line


def at(second: int) -> str:
    return f"2026-09-14T09:00:{second:02d}.000Z"


ONE, TWO = codex_usage(1000, 800, 50, 20), codex_usage(3000, 2000, 90, 30)
THREE = codex_usage(3100, 2000, 95, 35)
STEP = codex_usage(2000, 1200, 40, 10)
ROLLOUT = (codex_meta(), codex_turn(), codex_count(ONE, ONE, at(10)), codex_count(TWO, STEP, at(20)))


def child(thread: str, *own: Json) -> tuple[Json, ...]:
    """A thread that begins with the history of the sample, stamped anew."""
    born = "2026-09-14T10:00:00.000Z"
    copied = [copy.deepcopy(line) | {"timestamp": born} for line in ROLLOUT]
    return (codex_meta(thread, born, parent_thread_id="t-1"), *copied, *own)


def rollout(name: str) -> str:
    return f"sessions/2026/09/14/rollout-2026-09-14T09-00-00-{name}.jsonl"


@dataclass(frozen=True)
class Expected:
    """What the files add up to."""

    calls: int
    input: int
    cache_read: int
    output: int
    cost: float | None = None
    """USD; None where it is not what the case is about."""


FILES = Mapping[str, Sequence[Json | str]]
FAILURES: dict[str, tuple[FILES, Expected]] = {
    "the first line of a streaming call wins": (
        {"p/a.jsonl": [said(9), said(80, second=10), said(159, second=12)]},
        Expected(1, 10, 0, 159, (10 * 3 + 159 * 15) / 1e6),
    ),
    "copies without a request id are counted": (
        {"p/a.jsonl": [said(5, requestId=None)], "p/b.jsonl": [said(5, requestId=None, sessionId="s-2")]},
        Expected(1, 10, 0, 5),
    ),
    "a side chain's replay is counted": (
        {
            "p/a.jsonl": [said(5)],
            "p/s/subagents/agent-1.jsonl": [
                said(5, requestId="req_2", isSidechain=True, counts={"cache_read_input_tokens": 50_000})
            ],
        },
        Expected(1, 10, 0, 5),
    ),
    "the copies in sub-agents' files are counted": (
        {f"p/s/subagents/agent-{number}.jsonl": [said(5, sessionId=f"s-{number}")] for number in range(3)},
        Expected(1, 10, 0, 5),
    ),
    "a line of null or an array loses the whole file": (
        {"p/a.jsonl": ["null", said(5), "[1,2,3]", said(6, inner={"id": "msg_2"}), '"text"', "{"]},
        Expected(2, 20, 0, 11),
    ),
    "spaced JSON is not read": (
        {"p/a.jsonl": [json.dumps(said(5), separators=(" , ", " : "))]},
        Expected(1, 10, 0, 5),
    ),
    "a null in a field nobody needs loses the line": (
        {"p/a.jsonl": [said(5, requestId=None, cwd=None, version=None, costUSD=None, counts={"speed": None})]},
        Expected(1, 10, 0, 5),
    ),
    "a cache write for an hour costs as one for five minutes": (
        {"p/a.jsonl": [CLAUDE]},
        Expected(1, 10, 2000, 159, 0.018765),
    ),
    "a logged cost is ignored": (
        {"p/a.jsonl": [said(5, costUSD=0.5)]},
        Expected(1, 10, 0, 5, 0.5),
    ),
    "web searches cost nothing": (
        {"p/a.jsonl": [said(5, counts={"server_tool_use": {"web_search_requests": 3}})]},
        Expected(1, 10, 0, 5, (10 * 3 + 5 * 15) / 1e6 + 0.03),
    ),
    "fast mode costs as standard": (
        {"p/a.jsonl": [said(5, counts={"speed": "fast"}, inner={"model": "claude-opus-4-6"})]},
        Expected(1, 10, 0, 5, 6 * (10 * 5 + 5 * 25) / 1e6),
    ),
    "batch costs as standard": (
        {"p/a.jsonl": [said(5, counts={"service_tier": "batch"})]},
        Expected(1, 10, 0, 5, (10 * 3 + 5 * 15) / 2e6),
    ),
    "a line of megabytes is dropped": (
        {"p/a.jsonl": [*CLAUDE_OTHERS, said(5, toolUseResult="x" * 3_000_000)]},
        Expected(1, 10, 0, 5),
    ),
    "the words of a user are counted": (
        {"p/a.jsonl": [{"type": "user", "sessionId": "s-1", "message": {"content": json.dumps(CLAUDE)}}, said(5)]},
        Expected(1, 10, 0, 5),
    ),
    "an advisor's call is not seen": (
        {
            "p/a.jsonl": [
                said(5, counts={"iterations": [{"type": "advisor_message", "input_tokens": 7, "output_tokens": 1}]})
            ]
        },
        Expected(2, 17, 0, 6),
    ),
    "the audit of the desktop app repeats its calls": (
        {
            "x/local_1/.claude/projects/p/a.jsonl": [said(5)],
            "x/local_1/audit.jsonl": [
                {"type": "system", "session_id": "s", "_audit_timestamp": at(8)},
                {"session_id": "s", "_audit_timestamp": at(9)} | said(5, requestId=None),
                {"type": "result", "session_id": "s", "_audit_timestamp": at(10), "usage": {"input_tokens": 10}},
            ],
        },
        Expected(1, 10, 0, 5),
    ),
    "an unknown model is priced by a guess": (
        {"p/a.jsonl": [said(5, inner={"model": "claude-sonnet-4-5-zzz"})]},
        Expected(1, 10, 0, 5, 0.0),
    ),
    "a counter written again is counted again": (
        {rollout("t"): [*ROLLOUT, codex_count(TWO, STEP, at(21)), codex_count(TWO, STEP, at(22))]},
        Expected(2, 1000, 2000, 90, (1000 * 1.25 + 2000 * 0.125 + 90 * 10) / 1e6),
    ),
    "a log of totals alone is dropped": (
        {rollout("t"): [codex_meta(), codex_turn(), codex_count(ONE, None, at(10)), codex_count(TWO, None, at(20))]},
        Expected(2, 1000, 2000, 90),
    ),
    "a fork counts its parent's calls again": (
        {
            rollout("t-1"): list(ROLLOUT),
            rollout("t-2"): child("t-2", codex_count(THREE, None, "2026-09-14T10:01:00.000Z")),
        },
        Expected(3, 1100, 2000, 95),
    ),
    "a sub-agent's own calls are dropped": (
        {
            rollout("t-1"): list(ROLLOUT),
            **{
                rollout(name): [codex_meta(name, parent_thread_id="t-1"), codex_turn(), codex_count(STEP, STEP, at(30))]
                for name in ("a-1", "a-2")
            },
        },
        Expected(4, 1000 + 2 * 800, 2000 + 2 * 1200, 90 + 2 * 40),
    ),
    "a client of another name is not read": (
        {rollout("t"): [codex_meta(originator="somebody_elses_client"), *ROLLOUT[1:]]},
        Expected(2, 1000, 2000, 90),
    ),
    "what is only archived is missed": (
        {"archived_sessions/rollout-2026-09-14T09-00-00-t.jsonl": list(ROLLOUT)},
        Expected(2, 1000, 2000, 90),
    ),
    "what is archived and still there is counted twice": (
        {"archived_sessions/rollout-2026-09-14T09-00-00-t.jsonl": list(ROLLOUT), rollout("t"): list(ROLLOUT)},
        Expected(2, 1000, 2000, 90),
    ),
    "reasoning is billed beside the output": (
        {rollout("t"): [codex_meta(), codex_turn(), codex_count(codex_usage(0, 0, 50, 40), None, at(10))]},
        Expected(1, 0, 0, 50, 50 * 10 / 1e6),
    ),
    "two calls that look alike are merged": (
        {rollout(name): [codex_meta(name), codex_turn(), codex_count(ONE, ONE, at(10))] for name in ("one", "other")},
        Expected(2, 400, 1600, 100),
    ),
    "both families of counters are counted": (
        {
            rollout("t"): [
                *ROLLOUT,
                {"timestamp": at(20), "type": "token_usage_record", "payload": {"usage": STEP}},
            ]
        },
        Expected(2, 1000, 2000, 90),
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_of_others_is_none_of_ours(failure: str, tmp_path: Path) -> None:
    files, expected = FAILURES[failure]
    for name, lines in files.items():
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    ingest(tmp_path / "t.db", tmp_path / "logs")
    sums = "count(*), sum(input), sum(cache_read), sum(output), sum(coalesce(cost_logged, cost_list, 0))"
    ((calls, given, read, output, cost),) = rows(tmp_path / "t.db", f"SELECT {sums} FROM event")
    assert (calls, given, read, output) == (expected.calls, expected.input, expected.cache_read, expected.output)
    if expected.cost is not None:
        assert cost == round(expected.cost * NANO)


def test_a_session_over_midnight_is_of_two_days(tmp_path: Path) -> None:
    late, early = "2026-09-14T23:59:59.000Z", "2026-09-15T00:00:01.000Z"
    (tmp_path / "logs").mkdir()
    lines = [said(5, timestamp=late), said(7, timestamp=early, inner={"id": "msg_2"}, requestId="req_2")]
    (tmp_path / "logs" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ingest(tmp_path / "t.db", tmp_path / "logs")
    days = "SELECT ts / 86400000, sum(output) FROM event GROUP BY 1 ORDER BY 1"
    assert [output for _, output in rows(tmp_path / "t.db", days)] == [5, 7]


def test_a_compressed_rollout_is_the_same_rollout(tmp_path: Path) -> None:
    text = "".join(json.dumps(line) + "\n" for line in ROLLOUT).encode()
    plain, packed = tmp_path / "logs" / rollout("t"), tmp_path / "logs" / "archived_sessions" / "rollout-t.jsonl.zst"
    for path, content in ((plain, text), (packed, zstd.compress(text))):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    ingest(tmp_path / "both.db", tmp_path / "logs")
    plain.unlink()
    ingest(tmp_path / "one.db", tmp_path / "logs")
    for database in ("both.db", "one.db"):
        assert rows(tmp_path / database, "SELECT count(*), sum(output) FROM event") == [(2, 90)]
