"""Gemini CLI: a chat of lines whose messages are written again, one by a side agent, a document, headless runs."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

PROJECT = "weather-map"


def header(session: str, **more: Any) -> Json:
    """The first line of a chat."""
    started = {"startTime": "2026-09-14T09:00:00.000Z", "lastUpdated": "2026-09-14T09:00:00.000Z"}
    return {"sessionId": session, "projectHash": "5d41402abc4b2a76"} | started | more


def message(own: str, second: int, tokens: Json | None, model: str = "gemini-2.5-pro", **more: Any) -> Json:
    """A message by the model."""
    at = f"2026-09-14T09:00:{second:02d}.000Z"
    written: Json = {"id": own, "timestamp": at, "type": "gemini", "content": "ok", "thoughts": [], "tokens": tokens}
    return written | {"model": model} | more


def tokens(input: int, output: int, cached: int, thoughts: int, tool: int = 0, total: int | None = None) -> Json:
    """The counts of a message, as the API gives them."""
    own = input + output + thoughts + tool if total is None else total
    return {"input": input, "output": output, "cached": cached, "thoughts": thoughts, "tool": tool, "total": own}


def user(own: str) -> Json:
    """What the user asked."""
    return {"id": own, "timestamp": "2026-09-14T09:00:01.000Z", "type": "user", "content": 'count "tokens":{"input":9}'}


VECTOR: Json = {
    "id": "gm2",
    "timestamp": "2026-09-14T09:00:09.000Z",
    "type": "gemini",
    "content": "ok",
    "model": "gemini-2.5-pro",
    "tokens": {"input": 5000, "output": 200, "cached": 3000, "thoughts": 150, "tool": 0, "total": 5350},
}
UPDATED: Json = {"$set": {"lastUpdated": "2026-09-14T09:00:10.000Z"}}
OLD = message("gm5", 20, tokens(900, 40, 0, 0), "gemini-2.5-flash")
CHECKPOINT: Json = {"$set": {"messages": [user("u1"), VECTOR], "lastUpdated": "2026-09-14T09:00:30.000Z"}}
DOCUMENT = header("gs-2") | {
    "messages": [user("u3"), OLD, message("gm6", 25, None), message("gm7", 26, {"input": -1}), None]
}

STATS: Json = {
    "session_id": "gs-4",
    "response": "done",
    "stats": {
        "models": {
            "gemini-2.5-flash": {
                "api": {"totalRequests": 2, "totalErrors": 0, "totalLatencyMs": 3120},
                "tokens": {
                    "input": 700,
                    "prompt": 1500,
                    "candidates": 90,
                    "total": 1640,
                    "cached": 800,
                    "thoughts": 30,
                    "tool": 20,
                },
            },
            "gemini-2.5-pro": {"api": {"totalRequests": 0}, "tokens": {"prompt": 0, "candidates": 0, "total": 0}},
        },
        "tools": {"totalCalls": 1},
    },
}
STREAM: tuple[Json, ...] = (
    {"type": "init", "timestamp": "2026-09-14T10:00:00.000Z", "session_id": "gs-5", "model": "auto"},
    {"type": "message", "timestamp": "2026-09-14T10:00:01.000Z", "role": "user", "content": "hi"},
    {"type": "tool_use", "timestamp": "2026-09-14T10:00:02.000Z", "tool_name": "ls", "tool_id": "1", "parameters": {}},
    {
        "type": "result",
        "timestamp": "2026-09-14T10:00:05.000Z",
        "status": "success",
        "stats": {
            "total_tokens": 1130,
            "input_tokens": 1000,
            "output_tokens": 100,
            "cached": 600,
            "input": 400,
            "duration_ms": 4000,
            "tool_calls": 1,
            "models": {
                "gemini-2.5-pro": {
                    "total_tokens": 1130,
                    "input_tokens": 1000,
                    "output_tokens": 100,
                    "cached": 600,
                    "input": 400,
                }
            },
        },
    },
)

CASE = Case(
    dialect="gemini-cli",
    files={
        f"tmp/{PROJECT}/chats/session-2026-09-14T09-00-gs1.jsonl": (
            header("gs-1", kind="main"),
            user("u1"),
            message("gm1", 4, None),
            message("gm1", 4, tokens(800, 60, 0, 20, tool=100)),
            b"\x00half a li",
            b'{"id":"gm9","type":"gemini","timestamp":"2026-09-14T09:00:05.000Z","tokens":null}',
            VECTOR | {"tokens": VECTOR["tokens"] | {"output": 50, "total": 5200}},
            UPDATED,
            VECTOR,
            VECTOR | {"toolCalls": [{"id": "t", "name": "read_file", "args": {}, "status": "success"}]},
            CHECKPOINT,
            {"$rewindTo": "gm2"},
        ),
        f"tmp/{PROJECT}/chats/gs-1/gs-3.jsonl": (
            header("gs-3", kind="subagent"),
            message("gm1", 7, tokens(400, 10, 100, 0, total=510)),
        ),
        f"tmp/{PROJECT}/chats/session-2026-09-14T09-00-gs2.json": (DOCUMENT,),
        "headless/runs.jsonl": (STATS, *STREAM),
    },
    calls=(
        Call(
            "2026-09-14T09:00:04.000Z", "google", "gemini-2.5-pro", 900, 80, 0, reasoning=20,
            session="gs-1", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:09.000Z", "google", "gemini-2.5-pro", 2000, 350, 3000, reasoning=150,
            session="gs-1", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:07.000Z", "google", "gemini-2.5-pro", 400, 10, 100, reasoning=0,
            session="gs-3", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:20.000Z", "google", "gemini-2.5-flash", 900, 40, 0, reasoning=0,
            session="gs-2", project=PROJECT,
        ),
        Call("2026-09-14T09:00:00.000Z", "google", "gemini-2.5-flash", 720, 120, 800, reasoning=30, session="gs-4"),
        Call("2026-09-14T10:00:05.000Z", "google", "gemini-2.5-pro", 400, 130, 600, session="gs-5"),
    ),
    bad=2,
)  # fmt: skip
