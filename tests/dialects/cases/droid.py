"""A session of Droid's: its transcript, and the settings with what it has used so far."""

from tests.dialects.cases.case import Call, Case, Json

START: Json = {
    "type": "session_start",
    "id": "3c9e",
    "title": "Orbit",
    "cwd": "/home/dev/orbit",
    "version": 2,
}
ANSWER: Json = {
    "type": "message",
    "id": "m1",
    "timestamp": "2026-09-14T08:59:00.000Z",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "done"}]},
}
SETTINGS: Json = {
    "model": "claude-opus-4-5-20251101",
    "providerLock": "anthropic",
    "providerLockTimestamp": "2026-09-13T08:00:00.000Z",
    "assistantActiveTimeMs": 81000,
    "tokenUsage": {
        "inputTokens": 100,
        "outputTokens": 200,
        "cacheCreationTokens": 400,
        "cacheReadTokens": 3000,
        "thinkingTokens": 50,
    },
}
FRESH: Json = {
    "model": "gpt-5",
    "tokenUsage": {
        "inputTokens": 0,
        "outputTokens": 0,
        "cacheCreationTokens": 0,
        "cacheReadTokens": 0,
        "thinkingTokens": 0,
    },
}

CASE = Case(
    dialect="droid",
    files={
        "sessions/-home-dev-orbit/3c9e.jsonl": (START, ANSWER),
        "sessions/-home-dev-orbit/3c9e.settings.json": (SETTINGS,),
        "sessions/-home-dev-orbit/77aa.settings.json": (FRESH,),
    },
    calls=(
        Call(
            "2026-09-14T09:00:00.000Z", "anthropic", "claude-opus-4-5-20251101", 100, 250, 3000, 400,
            reasoning=50, session="3c9e", project="-home-dev-orbit",
        ),
    ),
)  # fmt: skip
