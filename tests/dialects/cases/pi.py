"""pi's sessions with a fork, an OpenClaw archive with its checkpoint, and one of oh-my-pi."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

VECTOR: Json = {
    "type": "message",
    "id": "pa",
    "timestamp": "2026-09-14T09:00:05.000Z",
    "message": {
        "role": "assistant",
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "usage": {
            "input": 100,
            "output": 200,
            "cacheRead": 3000,
            "cacheWrite": 400,
            "totalTokens": 3700,
            "cost": {"total": 0.0057},
        },
    },
}
"""formats.md 6."""


def header(session: str, cwd: str, **more: Any) -> Json:
    """The first line of a session."""
    stamp = "2026-09-14T08:59:58.120Z"
    return {"type": "session", "version": 3, "id": session, "timestamp": stamp, "cwd": cwd} | more


def usage(input: int, output: int, read: int = 0, write: int = 0, cost: float = 0, **more: Any) -> Json:
    """A usage object."""
    total = {"totalTokens": input + output + read + write, "cost": {"input": 0, "output": 0, "total": cost}}
    return {"input": input, "output": output, "cacheRead": read, "cacheWrite": write} | total | more


def answer(own: str, at: str, used: Json, **more: Any) -> Json:
    """An assistant's message."""
    message = {"role": "assistant", "content": [{"type": "text", "text": "…"}], "usage": used, "stopReason": "stop"}
    return {"type": "message", "id": own, "parentId": None, "timestamp": at, "message": message | more}


OPENAI = {"api": "openai-responses", "provider": "openai", "model": "gpt-5"}
LOCAL = {"api": "openai-completions", "provider": "ollama", "model": "qwen3:32b"}

ASKED: Json = {
    "type": "message",
    "id": "1f00aa01",
    "timestamp": "2026-09-14T09:00:00.000Z",
    "message": {"role": "user", "content": 'why is "usage":{"input":9,"output":9} wrong?'},
}
BY_OPENAI = answer(
    "1f00aa02", "2026-09-14T09:01:00.250Z", usage(40, 60, read=500, cost=0.0007125), **OPENAI, responseId="resp_5a17"
)
UNPRICED = answer("1f00aa03", "2026-09-14T09:02:00.000Z", usage(700, 80), **LOCAL)
FAILED = answer(
    "1f00aa04",
    "2026-09-14T09:03:00.000Z",
    usage(0, 0),
    **OPENAI | {"stopReason": "error", "errorMessage": "429 slow down", "errorStatus": 429},
)
STOPPED = answer("1f00aa05", "2026-09-14T09:03:30.000Z", usage(0, 0), **OPENAI | {"stopReason": "aborted"})
AFTER_FORK = answer("1f00aa06", "2026-09-14T10:00:00.000Z", usage(12, 34, cost=0.000355), **OPENAI)

SNAPSHOT: Json = {
    "type": "custom",
    "customType": "model-snapshot",
    "id": "c0",
    "timestamp": "2026-09-15T07:00:00.000Z",
    "data": {"timestamp": 1789455600000, "provider": "Google", "modelApi": "google", "modelId": "gemini-2.5-pro"},
}
NAMELESS = answer("c1", "2026-09-15T07:00:09.000Z", usage(200, 300, read=1000, cost=0.003375))
MIRROR = answer("c2", "2026-09-15T07:00:10.000Z", usage(5, 5), provider="openclaw", model="delivery-mirror")
CLAW = (header("9e5b", "/home/dev/claw"), SNAPSHOT, NAMELESS, MIRROR)

OMP = (
    {"type": "title", "title": "Orbit"},
    header("2c77", "/home/dev/orbit", title="Orbit"),
    {"type": "model_change", "id": "d0", "timestamp": "2026-09-16T07:00:00.000Z", "model": "anthropic/claude-opus-4-5"},
    {
        "type": "model_change",
        "id": "d1",
        "timestamp": "2026-09-16T07:00:01.000Z",
        "role": "smol",
        "model": "anthropic/claude-haiku-4-5",
    },
    answer(
        "d2",
        "2026-09-16T07:00:09.000Z",
        usage(
            10,
            50,
            read=100,
            write=900,
            cost=0.01,
            reasoningTokens=20,
            cttl={"ephemeral5m": 600, "ephemeral1h": 300},
            orchestration={"input": 5, "output": 6, "cacheRead": 7},
            totalTokens=1078,
            server={"webSearch": 1},
        ),
        duration=8123.4,
        ttft=612,
    ),
)

CASE = Case(
    dialect="pi",
    files={
        "agent/sessions/--home-dev-orbit--/2026-09-14T08-59-58-120Z_71c2.jsonl": (
            header("71c2", "/home/dev/orbit"),
            {"type": "model_change", "id": "0", "provider": "anthropic", "modelId": "claude-sonnet-4-5"},
            ASKED,
            VECTOR,
            BY_OPENAI,
            b'{"type":"message","id":"1f00aa09","message":{"role":"assistant","usage":{"input":1,"outp',
            UNPRICED,
            FAILED,
            STOPPED,
        ),
        "agent/sessions/--home-dev-fork--/2026-09-14T09-59-00-000Z_8d03.jsonl": (
            header("8d03", "/home/dev/fork", timestamp="2026-09-14T09:59:00.000Z", parentSession="/home/dev/x.jsonl"),
            ASKED,
            VECTOR,
            BY_OPENAI,
            AFTER_FORK,
        ),
        ".openclaw/agents/main/sessions/9e5b.jsonl.reset.2026-09-15T08-00-00.000Z": CLAW,
        ".openclaw/agents/main/sessions/9e5b.checkpoint.5b0f6a9e-7d2b-4b39-9a53-0f1f6f1c2a11.jsonl": CLAW[:3],
        ".omp/agent/sessions/--home-dev-orbit--/2026-09-16T07-00-00-000Z_2c77.jsonl": OMP,
    },
    calls=(
        Call(
            "2026-09-14T09:00:05.000Z", "anthropic", "claude-sonnet-4-5", 100, 200, 3000, 400,
            cost_logged=0.0057, session="71c2", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:01:00.250Z", "openai", "gpt-5", 40, 60, 500, 0,
            cost_logged=0.0007125, session="71c2", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:02:00.000Z", "ollama", "qwen3:32b", 700, 80, 0, 0,
            session="71c2", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:03:00.000Z", "openai", "gpt-5", 0, 0, 0, 0,
            session="71c2", project="/home/dev/orbit", failed=True,
        ),
        Call(
            "2026-09-14T10:00:00.000Z", "openai", "gpt-5", 12, 34, 0, 0,
            cost_logged=0.000355, session="8d03", project="/home/dev/fork",
        ),
        Call(
            "2026-09-15T07:00:09.000Z", "google", "gemini-2.5-pro", 200, 300, 1000, 0,
            cost_logged=0.003375, session="9e5b", project="/home/dev/claw",
        ),
        Call(
            "2026-09-16T07:00:09.000Z", "anthropic", "claude-opus-4-5", 15, 56, 107, 600, 300, 20,
            cost_logged=0.01, session="2c77", project="/home/dev/orbit",
        ),
    ),
    bad=1,
)  # fmt: skip
