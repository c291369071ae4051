"""OpenCode's messages, a fork of their session, one of the newest store, and Kilo's."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

HOUR = 3_600_000
CREATED = 1_789_376_400_000
"""2026-09-14T09:00:00Z."""


def own_id(made: int, tail: str = "Qm4v0Kx1sT8aZb", counter: int = 1) -> str:
    """An id as OpenCode makes it at that moment."""
    return f"msg_{(made << 12 | counter) & (1 << 48) - 1:012x}{tail}"


def tokens(input: int, output: int, reasoning: int = 0, read: int = 0, write: int = 0, **more: Any) -> Json:
    """A message's counts."""
    return {"input": input, "output": output, "reasoning": reasoning, "cache": {"read": read, "write": write}} | more


def message(created: int, used: Json, cost: float = 0, **more: Any) -> Json:
    """An assistant's message, done two seconds after it began."""
    return {
        "id": own_id(created),
        "sessionID": "ses_60da5f57bffe",
        "role": "assistant",
        "time": {"created": created, "completed": created + 2_000},
        "parentID": own_id(created - 5),
        "modelID": "claude-sonnet-4-5",
        "providerID": "anthropic",
        "mode": "build",
        "path": {"cwd": "/home/dev/orbit", "root": "/home/dev/orbit"},
        "cost": cost,
        "tokens": used,
    } | more


def path(record: Json) -> str:
    """Where OpenCode keeps a message."""
    return f"message/{record['sessionID']}/{record['id']}.json"


ASKED: Json = {
    "id": own_id(CREATED - 5),
    "sessionID": "ses_60da5f57bffe",
    "role": "user",
    "time": {"created": CREATED - 5},
    "model": {"providerID": "anthropic", "modelID": "claude-sonnet-4-5"},
}
PRICED = message(CREATED, tokens(100, 200, 50, 3000, 400, total=3750), 0.0066)
UNPRICED = message(CREATED + HOUR, tokens(700, 80), providerID="LMStudio", modelID="qwen3-coder-30b")
RUNNING = message(CREATED + 2 * HOUR, tokens(0, 0), time={"created": CREATED + 2 * HOUR})
REFUSED = message(
    CREATED + 3 * HOUR,
    tokens(0, 0),
    error={"name": "APIError", "data": {"message": "slow down", "statusCode": 429, "isRetryable": True}},
)
STOPPED = message(
    CREATED + 4 * HOUR, tokens(0, 0), error={"name": "MessageAbortedError", "data": {"message": "The user stopped it"}}
)
COPY = PRICED | {"id": own_id(CREATED + 9 * HOUR), "sessionID": "ses_60ba00000ffe"}
NEWEST: Json = {
    "id": own_id(CREATED + 10 * HOUR),
    "sessionID": "ses_6095000",
    "role": "assistant",
    "agent": "build",
    "model": {"id": "gpt-5", "providerID": "openai", "variant": "high"},
    "content": [],
    "finish": "stop",
    "cost": 0.01,
    "tokens": tokens(10, 20, 30, 40),
    "time": {"created": CREATED + 10 * HOUR, "completed": CREATED + 10 * HOUR + 900},
}
BY_KILO = message(CREATED + 11 * HOUR, tokens(1, 2), 0.0001, sessionID="ses_6080000")

CASE = Case(
    dialect="opencode",
    files={
        **{f"opencode/storage/{path(record)}": (record,) for record in (ASKED, PRICED, UNPRICED, RUNNING, REFUSED)},
        **{f"opencode/storage/{path(record)}": (record,) for record in (STOPPED, COPY, NEWEST)},
        f"kilo/storage/{path(BY_KILO)}": (BY_KILO,),
    },
    calls=(
        Call(
            "2026-09-14T09:00:00.000Z", "anthropic", "claude-sonnet-4-5", 100, 250, 3000, 400,
            reasoning=50, cost_logged=0.0066, session="ses_60da5f57bffe", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T10:00:00.000Z", "lmstudio", "qwen3-coder-30b", 700, 80, 0, 0,
            reasoning=0, session="ses_60da5f57bffe", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T12:00:00.000Z", "anthropic", "claude-sonnet-4-5", 0, 0, 0, 0,
            reasoning=0, session="ses_60da5f57bffe", project="/home/dev/orbit", failed=True,
        ),
        Call(
            "2026-09-14T19:00:00.000Z", "openai", "gpt-5", 10, 50, 40, 0,
            reasoning=30, cost_logged=0.01, session="ses_6095000",
        ),
        Call(
            "2026-09-14T20:00:00.000Z", "anthropic", "claude-sonnet-4-5", 1, 2, 0, 0,
            reasoning=0, cost_logged=0.0001, session="ses_6080000", project="/home/dev/orbit",
        ),
    ),
)  # fmt: skip
