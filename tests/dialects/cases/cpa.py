"""CLIProxyAPI's queue and an export of CPA-Manager: every way in, a retry, and calls that stand in both files."""

from dataclasses import replace
from hashlib import sha256

from tests.dialects.cases.case import Call, Case, Json

KEY = "sk-made-up-key-of-team-a"

CODEX: Json = {
    "timestamp": "2026-09-14T11:00:00.123456789+02:00",
    "latency_ms": 4210,
    "ttft_ms": 610,
    "source": "alice@example.com",
    "auth_index": "a1b2c3",
    "client_ip": "192.0.2.10",
    "tokens": {
        "input_tokens": 1200,
        "output_tokens": 300,
        "reasoning_tokens": 128,
        "cached_tokens": 1000,
        "cache_read_tokens": 1000,
        "cache_read_tokens_present": True,
        "cache_creation_tokens": 0,
        "total_tokens": 1500,
    },
    "failed": False,
    "generate": True,
    "fail": {"status_code": 200, "body": ""},
    "accounting_version": 2,
    "token_breakdown": {
        "schema_version": 2,
        "quality": "complete",
        "total_tokens": 1500,
        "input": {"total_tokens": 1200, "uncached_tokens": 200, "cache_read_tokens": 1000, "cache_write_tokens": 0},
        "output": {"total_tokens": 300, "non_reasoning_tokens": 172, "reasoning_tokens": 128},
        "unclassified_tokens": 0,
    },
    "provider": "codex",
    "executor_type": "CodexExecutor",
    "model": "gpt-5",
    "alias": "coder",
    "endpoint": "POST /v1/responses",
    "auth_type": "oauth",
    "api_key": KEY,
    "request_id": "3f9c1d20",
    "reasoning_effort": "medium",
    "service_tier": "priority",
    "response_service_tier": "default",
}
EXPORTED: Json = {
    "request_id": "3f9c1d20",
    "event_hash": sha256(b"made up").hexdigest(),
    "timestamp_ms": 1789376400123,
    "timestamp": "2026-09-14T09:00:00.123456789Z",
    "provider": "codex",
    "executor_type": "CodexExecutor",
    "model": "coder",
    "requested_model": "coder",
    "resolved_model": "gpt-5",
    "endpoint": "POST /v1/responses",
    "method": "POST",
    "path": "/v1/responses",
    "auth_type": "oauth",
    "auth_index": "a1b2c3",
    "source": "ali***@example.com",
    "source_hash": sha256(b"alice@example.com").hexdigest(),
    "api_key_hash": sha256(KEY.encode()).hexdigest(),
    "service_tier": "priority",
    "cache_input_mode": "included_in_input",
    "input_tokens": 1200,
    "output_tokens": 300,
    "reasoning_tokens": 128,
    "cached_tokens": 1000,
    "cache_tokens": 0,
    "cache_read_tokens": 1000,
    "cache_creation_tokens": 0,
    "total_tokens": 1500,
    "latency_ms": 4210,
    "ttft_ms": 610,
    "failed": False,
    "created_at_ms": 1789376404500,
}
CLAUDE: Json = {
    "timestamp": "2026-09-14T09:01:00Z",
    "latency_ms": 2000,
    "source": "sk-ant-made-up-00000000000000000000",
    "auth_index": "d4",
    "tokens": {
        "input_tokens": 200,
        "output_tokens": 300,
        "reasoning_tokens": 40,
        "cached_tokens": 1000,
        "cache_read_tokens": 1000,
        "cache_creation_tokens": 500,
        "total_tokens": 2000,
    },
    "failed": False,
    "provider": "claude",
    "model": "claude-haiku-4-5-20251001",
    "alias": "claude-haiku-4-5-20251001",
    "endpoint": "POST /v1/messages",
    "auth_type": "apikey",
    "api_key": "unknown",
    "request_id": "77aa",
    "service_tier": "default",
}
GEMINI: Json = CLAUDE | {
    "timestamp": 1789376520,
    "provider": "gemini-cli",
    "model": "gemini-2.5-pro",
    "alias": "gemini-2.5-pro",
    "request_id": "77ab",
    "tokens": {
        "input_tokens": 1200,
        "output_tokens": 200,
        "reasoning_tokens": 100,
        "cached_tokens": 1000,
        "total_tokens": 1500,
    },
}
FAILED: Json = CODEX | {
    "timestamp": "2026-09-14T09:03:00Z",
    "request_id": "88bb",
    "latency_ms": 90,
    "tokens": dict.fromkeys(CODEX["tokens"], 0),
    "token_breakdown": {},
    "failed": True,
    "fail": {"status_code": 429, "body": "usage limit reached for sk-made-up-key-of-team-a"},
}
RETRIED: Json = CODEX | {"timestamp": "2026-09-14T09:03:00.150Z", "request_id": "88bb"}
FLAT: Json = {
    "time": "1789376640000",
    "requestId": "99cc",
    "modelName": "gpt-5",
    "type": "openai",
    "authIndex": 4,
    "promptTokens": "1200",
    "completionTokens": 300,
    "cachedTokens": 1000,
    "reasoningTokens": 128,
    "totalTokens": 1500,
    "statusCode": 200,
}

_FIRST = Call(
    "2026-09-14T09:00:00.123Z", "openai", "gpt-5", input=200, output=300, cache_read=1000, reasoning=128
)  # fmt: skip

CASE = Case(
    dialect="cpa",
    files={
        "queue.jsonl": (
            CODEX,
            CLAUDE,
            b'{"timestamp":"2026-09-14T09:00:00Z","auth_index":"x","tokens":{"input_tokens":-5}}',
            FAILED,
            RETRIED,
            {"level": "info", "msg": "no tokens", "tokens": 5},
            GEMINI,
            CODEX,
        ),
        "usage-events.jsonl": (EXPORTED, FLAT),
    },
    calls=(
        _FIRST,
        replace(
            _FIRST, ts="2026-09-14T09:01:00.000Z", provider="anthropic", model="claude-haiku-4-5-20251001",
            cache_write_5m=500, reasoning=40,
        ),
        replace(_FIRST, ts="2026-09-14T09:02:00.000Z", provider="google", model="gemini-2.5-pro", reasoning=100),
        replace(_FIRST, ts="2026-09-14T09:03:00.000Z", input=0, output=0, cache_read=0, reasoning=0, failed=True),
        replace(_FIRST, ts="2026-09-14T09:03:00.150Z"),
        replace(_FIRST, ts="2026-09-14T09:04:00.000Z"),
    ),
    bad=1,
)  # fmt: skip
