"""Updates of a session of Grok Build's and of a fork of it."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

NINE = 1_789_376_400
"""2026-09-14T09:00:00Z, in seconds as Grok stamps its lines."""


def used(input: int, output: int, read: int = 0, write: int = 0, reasoning: int = 0, **more: Any) -> Json:
    """What Grok tells of a model's calls."""
    return {
        "inputTokens": input,
        "outputTokens": output,
        "totalTokens": input + output,
        "cachedReadTokens": read,
        "cacheCreationTokens": write,
        "reasoningTokens": reasoning,
        "modelCalls": 3,
    } | more


def update(at: int, session: str = "019e-a", stamped: int | None = None, **what: Any) -> Json:
    """A line of updates."""
    return {
        "timestamp": at if stamped is None else stamped,
        "method": "_x.ai/session/update",
        "params": {"sessionId": session, "update": what, "_meta": {"eventId": "e", "agentTimestampMs": at * 1000}},
    }


def turn(at: int, prompt: str, usage: Json | None, session: str = "019e-a", stamped: int | None = None) -> Json:
    """The end of a turn."""
    return update(
        at, session, stamped, sessionUpdate="turn_completed", prompt_id=prompt, stop_reason="end_turn", usage=usage
    )


def by_model(**models: Json) -> Json:
    """A turn's usage with one row for each model."""
    rows = {name.replace("_", "-"): row for name, row in models.items()}
    fields = [name for name in next(iter(rows.values())) if name != "costUsdTicks"]
    whole: Json = {name: sum(row[name] for row in rows.values()) for name in fields}
    return whole | {"modelUsage": rows, "numTurns": 1}


CHUNK = update(NINE, sessionUpdate="agent_message_chunk", content={"type": "text", "text": '"turn_completed"'})
ONE = turn(NINE + 10, "p-1", by_model(grok_code=used(1200, 300, 1000, 50, 120, costUsdTicks=33_750_000)))
TWO = turn(
    NINE + 3600,
    "p-2",
    by_model(
        grok_code=used(800, 80, 600, 0, 20, costUsdTicks=200_000_000),
        grok_mini=used(200, 20, 100, 0, 10, costUsdTicks=0),
    ),
)
PARTIAL = turn(NINE + 7200, "p-3", used(100, 10, costUsdTicks=5_000_000, costIsPartial=True))
CANCELLED = turn(NINE + 7300, "p-4", None)
AFTER_FORK = turn(NINE + 10_800, "p-5", by_model(grok_code=used(50, 5)), "019e-b")

CASE = Case(
    dialect="grok-build",
    files={
        "sessions/%2Fhome%2Fdev%2Forbit/019e-a/updates.jsonl": (CHUNK, ONE, ONE, TWO, PARTIAL, CANCELLED),
        "sessions/%2Fhome%2Fdev%2Forbit/019e-b/updates.jsonl": (
            turn(
                NINE + 10,
                "p-1",
                by_model(grok_code=used(1200, 300, 1000, 50, 120, costUsdTicks=33_750_000)),
                "019e-b",
                NINE + 9000,
            ),
            AFTER_FORK,
        ),
    },
    calls=(
        Call(
            "2026-09-14T09:00:10.000Z", "xai", "grok-code", 150, 300, 1000, 50,
            reasoning=120, cost_logged=0.003375, session="019e-a", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T10:00:00.000Z", "xai", "grok-code", 200, 80, 600, 0,
            reasoning=20, cost_logged=0.02, session="019e-a", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T10:00:00.000Z", "xai", "grok-mini", 100, 20, 100, 0,
            reasoning=10, session="019e-a", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T11:00:00.000Z", "xai", "grok-build", 100, 10, 0, 0,
            reasoning=0, session="019e-a", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T12:00:00.000Z", "xai", "grok-code", 50, 5, 0, 0,
            reasoning=0, session="019e-b", project="/home/dev/orbit",
        ),
    ),
)  # fmt: skip
