"""LiteLLM's payloads and spend-log rows: cached answers, failures, JSON in texts, and a call that stands in both."""

import json
from dataclasses import replace

from tests.dialects.cases.case import Call, Case, Json

PAYLOAD: Json = {
    "id": "chatcmpl-1",
    "litellm_call_id": "c-1",
    "trace_id": "tr-1",
    "session_id": "sess-1",
    "call_type": "acompletion",
    "stream": True,
    "response_cost": 0.0123,
    "status": "success",
    "custom_llm_provider": "anthropic",
    "total_tokens": 7100,
    "prompt_tokens": 6600,
    "completion_tokens": 500,
    "startTime": 1789376400.25,
    "endTime": 1789376403.5,
    "completionStartTime": 1789376401.0,
    "model": "claude-sonnet-4-5",
    "model_group": "sonnet",
    "metadata": {
        "user_api_key_alias": "team-a",
        "usage_object": {
            "prompt_tokens": 6600,
            "completion_tokens": 500,
            "cache_read_input_tokens": 5000,
            "cache_creation_input_tokens": 1000,
        },
    },
    "cache_hit": False,
    "request_tags": ["ci"],
    "end_user": "u1",
}
HASH = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"
ROW: Json = {
    "request_id": "chatcmpl-2",
    "call_type": "acompletion",
    "api_key": HASH,
    "spend": 0.00345,
    "total_tokens": 1500,
    "prompt_tokens": 1200,
    "completion_tokens": 300,
    "startTime": "2026-09-14T09:01:00.000Z",
    "endTime": "2026-09-14T09:01:02.250Z",
    "completionStartTime": "2026-09-14T09:01:02.250Z",
    "model": "gpt-5",
    "model_group": "gpt-5",
    "custom_llm_provider": "openai",
    "user": "default_user_id",
    "team_id": "t-7",
    "end_user": "",
    "cache_hit": "False",
    "cache_key": "Cache OFF",
    "session_id": "sess-2",
    "status": "success",
    "metadata": json.dumps(
        {
            "user_api_key_alias": "batch-jobs",
            "user_api_key_team_alias": "research",
            "additional_usage_values": {"prompt_tokens_details": {"cached_tokens": 1000}},
        }
    ),
    "request_tags": json.dumps(["nightly"]),
    "messages": "{}",
    "response": "{}",
}
SAME_AS_PAYLOAD: Json = ROW | {
    "request_id": "chatcmpl-1",
    "startTime": "2026-09-14T09:00:00.250Z",
    "endTime": "2026-09-14T09:00:03.500Z",
    "completionStartTime": "2026-09-14T09:00:01.000Z",
    "model": "claude-sonnet-4-5",
    "model_group": "sonnet",
    "custom_llm_provider": "anthropic",
    "spend": 0.0123,
    "total_tokens": 7100,
    "prompt_tokens": 6600,
    "completion_tokens": 500,
    "session_id": "sess-1",
    "metadata": json.dumps(json.dumps(PAYLOAD["metadata"])),
}
CACHED: Json = PAYLOAD | {
    "id": "chatcmpl-1_cache_hit1789376460.5",
    "litellm_call_id": "c-3",
    "cache_hit": True,
    "response_cost": 0.0,
    "startTime": 1789376460.0,
    "endTime": 1789376460.5,
}
CACHED_ROW: Json = ROW | {"request_id": "chatcmpl-2_cache_hit1789376520.0", "cache_hit": "True", "spend": 0.0}
FAILED: Json = PAYLOAD | {
    "id": "c-4",
    "litellm_call_id": "c-4",
    "status": "failure",
    "response_cost": 0,
    "total_tokens": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "startTime": 1789376580.0,
    "endTime": 1789376581.0,
    "metadata": {"user_api_key_alias": "team-a"},
    "error_str": "litellm.RateLimitError: slow down",
    "error_information": {"error_code": "429", "error_class": "RateLimitError", "error_message": "slow down"},
    "response": {},
}
FAILED_ROW: Json = ROW | {
    "request_id": "c-5",
    "status": "failure",
    "model": "",
    "model_group": "",
    "custom_llm_provider": "",
    "spend": 0.0,
    "total_tokens": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "startTime": "2026-09-14T09:05:00Z",
    "endTime": "2026-09-14T09:05:00.100Z",
    "metadata": json.dumps({"status": "failure", "error_information": {"error_code": "401"}}),
}
UNPRICED: Json = PAYLOAD | {
    "id": "chatcmpl-6",
    "litellm_call_id": "c-6",
    "response_cost": 0.0,
    "custom_llm_provider": "vertex_ai",
    "model": "gemini-2.5-pro",
    "model_group": "gemini",
    "total_tokens": 110,
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "startTime": 1789376700.0,
    "endTime": 1789376701.0,
    "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 64}}},
}

EXPORTED: Json = ROW | {
    "request_id": "chatcmpl-7",
    "startTime": "2026-09-14T09:06:00+00:00",
    "endTime": "2026-09-14 09:06:02.250",
    "session_id": "sess-3",
}

_FIRST = Call(
    "2026-09-14T09:00:03.500Z", "anthropic", "claude-sonnet-4-5", input=600, output=500, cache_read=5000,
    cache_write_5m=1000, cost_logged=0.0123, session="sess-1",
)  # fmt: skip
_SECOND = Call(
    "2026-09-14T09:01:02.250Z", "openai", "gpt-5", input=200, output=300, cache_read=1000, cost_logged=0.00345,
    session="sess-2",
)  # fmt: skip

CASE = Case(
    dialect="litellm",
    files={
        "payloads.jsonl": (
            PAYLOAD,
            CACHED,
            b'{"message":"Initialized","level":"INFO","timestamp":"2026-09-14T09:00:00"}',
            FAILED,
            UNPRICED,
            PAYLOAD,
            PAYLOAD | {"id": "chatcmpl-9", "prompt_tokens": -4},
        ),
        "export/spend_logs.json": (json.dumps([ROW, EXPORTED, ROW | {"spend": -1}], indent=1).encode(),),
        "bucket/2026-09-14/time-09-00-00-250000_chatcmpl-1.json": (PAYLOAD,),
        "spend_logs.jsonl": (ROW, SAME_AS_PAYLOAD, CACHED_ROW, FAILED_ROW, ROW),
    },
    calls=(
        _FIRST,
        _SECOND,
        Call(
            "2026-09-14T09:01:00.500Z", "anthropic", "claude-sonnet-4-5", input=0, output=0, cost_logged=0,
            session="sess-1",
        ),
        Call(_SECOND.ts, "openai", "gpt-5", input=0, output=0, cost_logged=0, session="sess-2"),
        Call(
            "2026-09-14T09:03:01.000Z", "anthropic", "claude-sonnet-4-5", input=0, output=0, cost_logged=0,
            session="sess-1", failed=True,
        ),
        replace(_SECOND, ts="2026-09-14T09:06:02.250Z", session="sess-3"),
        Call("2026-09-14T09:05:00.100Z", "", "", input=0, output=0, cost_logged=0, session="sess-2", failed=True),
        Call(
            "2026-09-14T09:05:01.000Z", "vertex_ai", "gemini-2.5-pro", input=36, output=10, cache_read=64,
            session="sess-1",
        ),
    ),
    bad=2,
)  # fmt: skip
