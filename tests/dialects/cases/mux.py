"""A chat of mux's with its archive, a fork's copy, and calls beside it."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

NINE = 1_789_376_400_000
"""2026-09-14T09:00:00Z."""


def usage(input: int, output: int, cached: int | None = None, reasoning: int | None = None) -> Json:
    """What the AI SDK tells."""
    told = {"inputTokens": input, "outputTokens": output, "totalTokens": input + output}
    parts = {"cachedInputTokens": cached, "reasoningTokens": reasoning}
    return told | {name: count for name, count in parts.items() if count is not None}


def message(own: str, at: int, used: Json | None, model: str = "anthropic:claude-sonnet-4-5", **more: Any) -> Json:
    """An assistant's message."""
    metadata = {"historySequence": 1, "timestamp": at, "model": model, "usage": used}
    return {
        "id": own,
        "role": "assistant",
        "parts": [{"type": "text", "text": "done"}],
        "metadata": metadata | more,
        "workspaceId": "a1",
    }


ASKED: Json = {
    "id": "user-1",
    "role": "user",
    "parts": [{"type": "text", "text": "go"}],
    "metadata": {"historySequence": 0, "timestamp": NINE},
    "workspaceId": "a1",
}
CACHED = message(
    "assistant-1",
    NINE,
    usage(3500, 250, 3000, 50),
    providerMetadata={"anthropic": {"cacheCreationInputTokens": 400}},
    contextUsage=usage(3500, 250, 3000, 50),
    duration=8123.4,
    ttftMs=612,
)
WITH_TOOLS = message(
    "assistant-2",
    NINE + 60_000,
    usage(100, 10),
    "openai:gpt-5",
    toolModelUsages=[
        {
            "toolName": "advisor",
            "model": "xai:grok-4",
            "timestamp": NINE + 50_000,
            "usage": usage(7, 3, 0),
            "providerMetadata": {"xai": {"costInUsdTicks": 33_750_000}},
        }
    ],
)
OLDER = message("assistant-0", NINE - 60_000, usage(40, 5, 600, 30), "google:gemini-2.5-pro")
BY_SUBAGENT = message("assistant-3", NINE + 90_000, usage(11, 2)) | {"workspaceId": "c3"}
BESIDE: Json = {
    "timestamp": NINE + 120_000,
    "source": "status",
    "model": "openai:gpt-5-mini",
    "usage": usage(50, 5),
}

CASE = Case(
    dialect="mux",
    files={
        "sessions/a1/chat.jsonl": (ASKED, CACHED, WITH_TOOLS),
        "sessions/a1/chat-archive.jsonl": (OLDER,),
        "sessions/a1/headless-usage.jsonl": (BESIDE,),
        "sessions/a1/subagent-transcripts/c3/chat.jsonl": (BY_SUBAGENT,),
        "sessions/c3/chat.jsonl": (BY_SUBAGENT,),
    },
    calls=(
        Call("2026-09-14T08:59:00.000Z", "google", "gemini-2.5-pro", 40, 35, 600, reasoning=30, session="a1"),
        Call(
            "2026-09-14T09:00:00.000Z", "anthropic", "claude-sonnet-4-5", 100, 250, 3000, 400,
            reasoning=50, session="a1",
        ),
        Call("2026-09-14T09:00:50.000Z", "xai", "grok-4", 7, 3, 0, cost_logged=0.003375, session="a1"),
        Call("2026-09-14T09:01:00.000Z", "openai", "gpt-5", 100, 10, session="a1"),
        Call("2026-09-14T09:01:30.000Z", "anthropic", "claude-sonnet-4-5", 11, 2, session="c3"),
        Call("2026-09-14T09:02:00.000Z", "openai", "gpt-5-mini", 50, 5, session="a1"),
    ),
)  # fmt: skip
