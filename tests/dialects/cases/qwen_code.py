"""Qwen Code: a chat with telemetry beside its calls, a branch that copies it under another session, an old document."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

CWD = "/home/dev/weather-map"
PROJECT = "-home-dev-weather-map"

VECTOR: Json = {
    "uuid": "q-a1",
    "sessionId": "q-1",
    "timestamp": "2026-09-14T09:00:04.000Z",
    "type": "assistant",
    "model": "qwen3-coder-plus",
    "usageMetadata": {
        "promptTokenCount": 4000,
        "candidatesTokenCount": 300,
        "thoughtsTokenCount": 100,
        "cachedContentTokenCount": 1000,
        "totalTokenCount": 4400,
    },
}


def record(own: str, kind: str, second: int, session: str = "q-1", **more: Any) -> Json:
    """A record of a chat."""
    at = f"2026-09-14T09:00:{second:02d}.000Z"
    about = {"uuid": own, "parentUuid": None, "sessionId": session, "timestamp": at, "type": kind}
    return about | {"cwd": CWD, "version": "0.18.1"} | more


def said(own: str, second: int, usage: Json | None, session: str = "q-1", **more: Any) -> Json:
    """What the model answered."""
    message = {"role": "model", "parts": [{"text": "ok"}]}
    return record(own, "assistant", second, session, model="coder-model", message=message, usageMetadata=usage, **more)


def usage(prompt: int, candidates: int, thoughts: int, cached: int, total: int) -> Json:
    """The counts of a call."""
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": total,
        "cachedContentTokenCount": cached,
    }


USER = record("q-u1", "user", 1, message={"role": "user", "parts": [{"text": 'count "usageMetadata":{}'}]})
TELEMETRY = record(
    "q-s1",
    "system",
    6,
    subtype="ui_telemetry",
    systemPayload={
        "uiEvent": {
            "event.name": "qwen-code.api_response",
            "response_id": "chatcmpl-1",
            "model": "coder-model",
            "input_token_count": 600,
            "output_token_count": 50,
            "total_token_count": 650,
        }
    },
)
RESULT = record("q-t1", "tool_result", 5, message={"role": "user", "parts": []}, toolCallResult={"status": "error"})
THOUGHTFUL = said("q-a2", 7, usage(600, 50, 30, 100, 650))
"""Behind an API that counts thoughts in the output."""
COPIED = {"forkedFrom": {"sessionId": "q-1", "messageUuid": "x"}, "sessionId": "q-2"}
OLD: Json = {
    "sessionId": "q-3",
    "projectHash": "5d41402abc4b2a76",
    "startTime": "2026-03-02T09:00:00.000Z",
    "lastUpdated": "2026-03-02T09:00:30.000Z",
    "messages": [
        {"id": "m1", "timestamp": "2026-03-02T09:00:01.000Z", "type": "user", "content": "hi"},
        {
            "id": "m2",
            "timestamp": "2026-03-02T09:00:04.000Z",
            "type": "qwen",
            "content": "ok",
            "model": "qwen3-coder-plus",
            "tokens": {"input": 700, "output": 40, "cached": 200, "thoughts": 10, "tool": 0, "total": 740},
        },
    ],
}

CASE = Case(
    dialect="qwen-code",
    files={
        f"projects/{PROJECT}/chats/q-1.jsonl": (
            USER,
            TELEMETRY,
            VECTOR | {"cwd": CWD},
            RESULT,
            b'{"uuid":"q-a9","sessionId":"q-1","type":"assistant","usageMetadata":null}',
            THOUGHTFUL,
            b'{"uuid":"q-a9","sessionId":"q-1","type":"assistant","usageMetadata":{"promptTok',
        ),
        f"projects/{PROJECT}/chats/q-2.jsonl": (
            USER | COPIED,
            VECTOR | {"cwd": CWD} | COPIED,
            THOUGHTFUL | COPIED,
            said("q-a3", 40, usage(900, 20, 0, 900, 920), "q-2"),
        ),
        "tmp/5d41402abc4b2a76/chats/session-2026-03-02T09-00-q3.json": (OLD,),
    },
    calls=(
        Call(
            "2026-09-14T09:00:04.000Z", "alibaba", "qwen3-coder-plus", 3000, 400, 1000, reasoning=100,
            session="q-1", project=CWD,
        ),
        Call(
            "2026-09-14T09:00:07.000Z", "alibaba", "coder-model", 500, 50, 100, reasoning=30,
            session="q-1", project=CWD,
        ),
        Call(
            "2026-09-14T09:00:40.000Z", "alibaba", "coder-model", 0, 20, 900, reasoning=0,
            session="q-2", project=CWD,
        ),
        Call(
            "2026-03-02T09:00:04.000Z", "alibaba", "qwen3-coder-plus", 500, 40, 200, reasoning=10,
            session="q-3", project="5d41402abc4b2a76",
        ),
    ),
    bad=1,
)  # fmt: skip
