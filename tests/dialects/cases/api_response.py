"""Answers of every API that is read, bare, wrapped, streamed and from batches, with copies between."""

from dataclasses import replace
from typing import Any

from tests.dialects.cases.case import Call, Case, Json

AT = 1_789_376_400
"""2026-09-14T09:00:00Z."""

CHAT: Json = {
    "id": "chatcmpl-9",
    "object": "chat.completion",
    "created": AT,
    "model": "gpt-5-2025-08-07",
    "usage": {
        "prompt_tokens": 1200,
        "completion_tokens": 300,
        "total_tokens": 1500,
        "prompt_tokens_details": {"cached_tokens": 1000},
        "completion_tokens_details": {"reasoning_tokens": 128},
    },
}
RESPONSE: Json = {
    "id": "resp_9",
    "object": "response",
    "created_at": AT,
    "model": "gpt-5",
    "usage": {
        "input_tokens": 1200,
        "input_tokens_details": {"cached_tokens": 1000},
        "output_tokens": 300,
        "output_tokens_details": {"reasoning_tokens": 128},
        "total_tokens": 1500,
    },
}
MESSAGE: Json = {
    "id": "msg_9",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "usage": {
        "input_tokens": 200,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 1000,
        "output_tokens": 300,
    },
}
GEMINI: Json = {
    "responseId": "g-9",
    "modelVersion": "gemini-2.5-pro",
    "usageMetadata": {
        "promptTokenCount": 1200,
        "cachedContentTokenCount": 1000,
        "candidatesTokenCount": 200,
        "thoughtsTokenCount": 100,
        "totalTokenCount": 1500,
    },
}
OPENROUTER: Json = {
    "id": "gen-9",
    "object": "chat.completion",
    "created": AT,
    "model": "anthropic/claude-sonnet-4.5",
    "usage": {
        "prompt_tokens": 1200,
        "completion_tokens": 300,
        "total_tokens": 1500,
        "cost": 0.0051,
        "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}
EMBEDDINGS: Json = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [],
    "usage": {"prompt_tokens": 1200, "total_tokens": 1200},
}
MISTRAL: Json = {
    "id": "cmpl-4c1d",
    "object": "chat.completion",
    "created": AT + 60,
    "model": "mistral-medium-2508",
    "choices": [],
    "usage": {
        "prompt_tokens": 900,
        "completion_tokens": 40,
        "total_tokens": 940,
        "prompt_tokens_details": {"cached_tokens": 512},
    },
}
DEEPSEEK: Json = {
    "id": "0b7e6c1a",
    "object": "chat.completion",
    "created": AT + 61,
    "model": "deepseek-chat",
    "choices": [],
    "usage": {
        "prompt_tokens": 700,
        "completion_tokens": 50,
        "total_tokens": 750,
        "prompt_cache_hit_tokens": 640,
        "prompt_cache_miss_tokens": 60,
    },
}
BYOK: Json = {
    "id": "gen-10",
    "object": "chat.completion",
    "created": AT + 62,
    "model": "openai/gpt-5",
    "provider": "OpenAI",
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "cost": 0.0001,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.00225},
    },
}


def chunk(usage: Json | None, **more: Any) -> Json:
    """A chunk of a stream of chat completions."""
    return {
        "id": "chatcmpl-s",
        "object": "chat.completion.chunk",
        "created": AT + 120,
        "model": "gpt-5-mini-2025-08-07",
        "choices": [],
        "service_tier": "flex",
        "usage": usage,
    } | more


STREAMED_CHAT: tuple[Json, ...] = (
    chunk(None, choices=[{"index": 0, "delta": {"content": "usage"}}]),
    chunk(None, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    chunk({"prompt_tokens": 80, "completion_tokens": 9, "total_tokens": 89, "completion_tokens_details": None}),
)
STREAMED_RESPONSE: tuple[Json, ...] = (
    {"type": "response.created", "response": RESPONSE | {"id": "resp_s", "status": "in_progress", "usage": None}},
    {"type": "response.output_text.delta", "delta": "the usage", "item_id": "i"},
    {
        "type": "response.completed",
        "response": RESPONSE
        | {"id": "resp_s", "status": "completed", "completed_at": AT + 3, "service_tier": "default"},
    },
)
MESSAGE_START: Json = {
    "type": "message_start",
    "message": MESSAGE
    | {
        "id": "msg_s",
        "content": [],
        "usage": {
            "input_tokens": 12,
            "cache_read_input_tokens": 2000,
            "cache_creation_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            "output_tokens": 1,
            "service_tier": "standard",
        },
    },
}
MESSAGE_DELTA: Json = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 77}}
STREAMED_MESSAGE: tuple[Json, ...] = (
    MESSAGE_START,
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": '"usage"'}},
    MESSAGE_DELTA,
    {"type": "message_stop"},
)
STREAMED_GEMINI: tuple[Json, ...] = tuple(
    {
        "candidates": [{"content": {"role": "model"}, "index": 0}],
        "modelVersion": "gemini-2.5-flash",
        "responseId": "g-s",
        "createTime": "2026-09-14T09:03:00.500Z",
        "usageMetadata": {"promptTokenCount": 50, "totalTokenCount": 50 + output} | {"candidatesTokenCount": output},
    }
    for output in (3, 8, 21)
)

WRAPPED: Json = {
    "ts": "2026-09-14T11:30:00.250+02:00",
    "user": "amal",
    "api_key_name": "ci",
    "project": "mail",
    "session": "s-1",
    "request_id": "req-1",
    "latency_ms": 812,
    "status": 200,
    "response": CHAT | {"id": "chatcmpl-w"},
}

OPENAI_BATCH: Json = {
    "id": "batch_req_1",
    "custom_id": "row-1",
    "response": {"status_code": 200, "request_id": "r-b1", "body": CHAT | {"id": "chatcmpl-b"}},
    "error": None,
}
OPENAI_BATCH_ERROR: Json = {
    "id": "batch_req_2",
    "custom_id": "row-2",
    "response": {"status_code": 400, "request_id": "r-b2", "body": {"error": {"message": "usage"}}},
    "error": None,
}
ANTHROPIC_BATCH: Json = {
    "custom_id": "row-3",
    "result": {
        "type": "succeeded",
        "message": MESSAGE
        | {"id": "msg_b", "usage": {"input_tokens": 10, "output_tokens": 5, "service_tier": "batch"}},
    },
}

_NOW = "2026-09-14T09:00:00.000Z"
_SAME = Call(_NOW, "openai", "gpt-5", input=200, cache_read=1000, output=300, reasoning=128)
_CLAUDE = replace(_SAME, provider="anthropic", model="claude-haiku-4-5-20251001", cache_write_5m=0, reasoning=None)
_DATED = replace(_SAME, model="gpt-5-2025-08-07")

CASE = Case(
    dialect="api-response",
    files={
        "answers.jsonl": (
            CHAT,
            RESPONSE,
            MESSAGE,
            b"null",
            GEMINI,
            OPENROUTER,
            EMBEDDINGS,
            MISTRAL,
            DEEPSEEK,
            BYOK,
            CHAT | {"id": "chatcmpl-none", "usage": None},
            CHAT | {"id": "chatcmpl-wrong", "usage": {"prompt_tokens": -1, "completion_tokens": 5}},
        ),
        "streams/all.jsonl": (*STREAMED_CHAT, *STREAMED_RESPONSE, *STREAMED_MESSAGE, *STREAMED_GEMINI),
        "wrapped/calls.jsonl": (
            WRAPPED,
            {"time": AT + 30, "who": "x", "answer": MESSAGE | {"id": "msg_w"}},
            {"ts": _NOW, "level": "info", "message": "usage is fine"},
            {"attempt": 2, "body": MISTRAL},
        ),
        "batches/out.jsonl": (OPENAI_BATCH, OPENAI_BATCH_ERROR, ANTHROPIC_BATCH),
    },
    calls=(
        _DATED,
        _SAME,
        _CLAUDE,
        replace(_SAME, provider="google", model="gemini-2.5-pro", reasoning=100),
        replace(
            _SAME, provider="openrouter", model="anthropic/claude-sonnet-4.5",
            cache_write_5m=0, reasoning=0, cost_logged=0.0051,
        ),
        Call(_NOW, "openai", "text-embedding-3-small", input=1200, output=0),
        Call("2026-09-14T09:01:00.000Z", "mistral", "mistral-medium-2508", input=388, output=40, cache_read=512),
        Call("2026-09-14T09:01:01.000Z", "deepseek", "deepseek-chat", input=60, output=50, cache_read=640),
        Call("2026-09-14T09:01:02.000Z", "openrouter", "openai/gpt-5", input=1000, output=100, cost_logged=0.00235),
        Call("2026-09-14T09:02:00.000Z", "openai", "gpt-5-mini-2025-08-07", input=80, output=9),
        replace(_SAME, ts="2026-09-14T09:00:03.000Z"),
        replace(
            _CLAUDE, input=12, output=77, cache_read=2000, cache_write_5m=100, cache_write_1h=200
        ),
        Call("2026-09-14T09:03:00.500Z", "google", "gemini-2.5-flash", input=50, output=21, cache_read=0),
        replace(_DATED, ts="2026-09-14T09:30:00.250Z", session="s-1", project="mail"),
        replace(_CLAUDE, ts="2026-09-14T09:00:30.000Z"),
        _DATED,
        replace(_CLAUDE, input=10, output=5, cache_read=None, cache_write_5m=None),
    ),
    bad=2,
)  # fmt: skip
