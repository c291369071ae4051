"""An agent's token ledger and that of a daemon it spawned."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json


def entry(ts: str, input: int, output: int, thinking: int, cached: int, **more: Any) -> Json:
    """A line of a ledger."""
    return {"source": "main", "ts": ts, "input": input, "output": output, "thinking": thinking, "cached": cached} | more


CLAUDE = entry(
    "2026-09-14T09:00:00Z", 1200, 300, 0, 1000, model="claude-sonnet-4-5", endpoint="https://api.anthropic.com"
)
GEMINI = entry(
    "2026-09-14T09:01:00Z",
    1200,
    200,
    100,
    1000,
    model="gemini-2.5-pro",
    endpoint="https://generativelanguage.googleapis.com/v1beta",
)
DAEMON = entry(
    "2026-09-14T09:02:00Z",
    50,
    20,
    5,
    10,
    source="daemon",
    em_id="em-1",
    run_id="run-1",
    model="gpt-5",
    endpoint="https://api.openai.com/v1",
)

CASE = Case(
    dialect="lingtai",
    files={
        "monk/logs/token_ledger.jsonl": (CLAUDE, GEMINI, DAEMON),
        "monk/daemons/run-1/logs/token_ledger.jsonl": (DAEMON | {"ts": "2026-09-14T09:02:01Z"},),
    },
    calls=(
        Call(
            "2026-09-14T09:00:00.000Z", "anthropic", "claude-sonnet-4-5", 200, 300, 1000,
            reasoning=0, session="monk", project="monk",
        ),
        Call(
            "2026-09-14T09:01:00.000Z", "google", "gemini-2.5-pro", 200, 300, 1000,
            reasoning=100, session="monk", project="monk",
        ),
        Call("2026-09-14T09:02:00.000Z", "openai", "gpt-5", 40, 20, 10, reasoning=5, session="run-1", project="monk"),
    ),
)  # fmt: skip
