"""The collector's files of a small company: a bot, a crawler, and the agents of its developers."""

from collections.abc import Mapping
from typing import Any

from tests.dialects.cases.case import Call, Case, Json

START = 1_789_376_400
"""2026-09-14T09:00:00Z, seconds."""


def value(raw: Any) -> Json:
    """A value as protobuf's JSON has it."""
    if isinstance(raw, bool):
        return {"boolValue": raw}
    if isinstance(raw, int):
        return {"intValue": str(raw)}
    if isinstance(raw, float):
        return {"doubleValue": raw}
    if isinstance(raw, list):
        return {"arrayValue": {"values": [value(each) for each in raw]}}
    if isinstance(raw, dict):
        return {"kvlistValue": {"values": pairs(raw)}}
    return {"stringValue": raw}


def pairs(attributes: Mapping[str, Any]) -> list[Json]:
    """Attributes as a list of keys and values."""
    return [{"key": key, "value": value(raw)} for key, raw in attributes.items()]


def nanoseconds(seconds: float) -> str:
    """That many seconds after the start."""
    return str(START * 1_000_000_000 + round(seconds * 1_000_000_000))


def span(identity: str, attributes: Mapping[str, Any], *, start: float = 0, end: float = 2.5, **more: Any) -> Json:
    """A span; `identity` is its trace and its own id with a colon between them."""
    trace, _, own = identity.partition(":")
    times = {"startTimeUnixNano": nanoseconds(start), "endTimeUnixNano": nanoseconds(end)}
    return {"traceId": trace, "spanId": own, "kind": 3, **times, "attributes": pairs(attributes)} | more


def spans(service: str, *those: Json, scope: str = "otel.openai", version: str = "1.0") -> Json:
    """A batch of spans."""
    scoped = {"scope": {"name": scope, "version": version}, "spans": list(those)}
    return {"resourceSpans": [{"resource": {"attributes": pairs({"service.name": service})}, "scopeSpans": [scoped]}]}


def log(attributes: Mapping[str, Any], *, at: float = 0, **more: Any) -> Json:
    """A log record."""
    return {"timeUnixNano": nanoseconds(at), "attributes": pairs(attributes)} | more


def logs(service: str, *those: Json, scope: str = "") -> Json:
    """A batch of log records."""
    scoped = {"scope": {"name": scope}, "logRecords": list(those)}
    return {"resourceLogs": [{"resource": {"attributes": pairs({"service.name": service})}, "scopeLogs": [scoped]}]}


def chat(model: str, input: int, output: int, **more: Any) -> Json:
    """The attributes of a chat by today's convention; two underscores are a dot."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": input,
        "gen_ai.usage.output_tokens": output,
    } | {key.replace("__", "."): each for key, each in more.items()}


CACHE_READ = "gen_ai__usage__cache_read__input_tokens"
RESPONSE = "gen_ai__response__id"

VECTOR = spans(
    "checkout-bot",
    span(
        "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331",
        chat("gpt-5", 1200, 300, **{CACHE_READ: 1000}),
        name="chat gpt-5",
    ),
)

AGENT = spans(
    "checkout-bot",
    span("aa01:01", {**chat("gpt-5", 3000, 80), "gen_ai.operation.name": "invoke_agent"}, end=9),
    span("aa01:02", chat("gpt-5", 1000, 30, **{RESPONSE: "chatcmpl-a1"}, gen_ai__conversation__id="c-9"), end=3),
    span(
        "aa01:03",
        {**chat("gpt-5", 1000, 30), "gen_ai.response.id": "chatcmpl-a1"},
        end=3.2,
        kind=1,
        name="the same call, seen by the framework around it",
    ),
    span("aa01:04", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}, end=4),
    span(
        "aa01:05",
        chat("gpt-5", 2000, 50, **{RESPONSE: "chatcmpl-a2"}, gen_ai__request__model="gpt-5-chat"),
        start=4,
        end=9,
        status={"code": 2, "message": "length limit"},
    ),
)

LEGACY = spans(
    "crawler",
    span(
        "bb01:01",
        {
            "llm.request.type": "chat",
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.usage.prompt_tokens": 40,
            "gen_ai.usage.completion_tokens": 200,
            "gen_ai.usage.cache_read_input_tokens": 3000,
            "gen_ai.usage.cache_creation_input_tokens": 500,
            "llm.is_streaming": True,
        },
    ),
    span(
        "bb01:02",
        {
            "llm.request.type": "chat",
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.usage.prompt_tokens": 5000,
            "gen_ai.usage.completion_tokens": 100,
            "gen_ai.usage.cache_read_input_tokens": 3000,
        },
        end=5,
    ),
    scope="opentelemetry.instrumentation.anthropic",
    version="0.33.0",
)

OPENINFERENCE = spans(
    "crawler",
    span("cc01:01", {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 900}, kind=1),
    span(
        "cc01:02",
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "openai",
            "llm.model_name": "gpt-4o-mini",
            "llm.token_count.prompt": 900,
            "llm.token_count.completion": 60,
            "llm.token_count.prompt_details.cache_read": 512,
            "llm.token_count.completion_details.reasoning": 20,
            "llm.cost.total": 0.000123,
            "session.id": "crawl-7",
        },
        kind=1,
    ),
    span(
        "cc01:03",
        {
            "openinference.span.kind": "EMBEDDING",
            "llm.provider": "openai",
            "embedding.model_name": "text-embedding-3-small",
            "llm.token_count.prompt": 1200,
        },
        kind=1,
    ),
    span("cc01:04", {"openinference.span.kind": "LLM", "llm.token_count.prompt": -1}, kind=1),
    scope="openinference.instrumentation.langchain",
)

SNAKE: Json = {
    "resource_spans": [
        {
            "scope_spans": [
                {
                    "spans": [
                        {
                            "trace_id": "DD01",
                            "span_id": "01",
                            "kind": "SPAN_KIND_CLIENT",
                            "start_time_unix_nano": START * 1_000_000_000,
                            "end_time_unix_nano": (START + 1) * 1_000_000_000,
                            "attributes": [
                                {"key": "gen_ai.operation.name", "value": {"string_value": "generate_content"}},
                                {"key": "gen_ai.provider.name", "value": {"string_value": "gcp.gemini"}},
                                {"key": "gen_ai.response.model", "value": {"string_value": "gemini-2.5-pro"}},
                                {"key": "gen_ai.usage.input_tokens", "value": {"int_value": 70}},
                                {"key": "gen_ai.usage.output_tokens", "value": {"int_value": 7}},
                            ],
                        }
                    ]
                }
            ]
        }
    ]
}

CLAUDE_COMMON = {"session.id": "s-77", "user.email": "dev@example.org", "organization.id": "org-5"}
CLAUDE = logs(
    "claude-code",
    log({"event.name": "user_prompt", **CLAUDE_COMMON}, body={"stringValue": "claude_code.user_prompt"}),
    log(
        {
            "event.name": "api_request",
            "model": "claude-sonnet-4-5-20250929",
            "input_tokens": "10",
            "output_tokens": "159",
            "cache_read_tokens": "2000",
            "cache_creation_tokens": "3000",
            "cost_usd": "0.0156",
            "duration_ms": "4210",
            "request_id": "req_71",
            "speed": "normal",
            **CLAUDE_COMMON,
        },
        at=9,
        body={"stringValue": "claude_code.api_request"},
    ),
    log(
        {
            "event.name": "api_error",
            "model": "claude-sonnet-4-5-20250929",
            "error": "Overloaded",
            "status_code": "529",
            "attempt": 11,
            "event.sequence": 12,
            **CLAUDE_COMMON,
        },
        at=12,
        body={"stringValue": "claude_code.api_error"},
    ),
    scope="com.anthropic.claude_code.events",
)
CLAUDE_SPAN = spans(
    "claude-code",
    span(
        "ee01:01",
        {
            "model": "claude-sonnet-4-5-20250929",
            "input_tokens": 10,
            "output_tokens": 159,
            "cache_read_tokens": 2000,
            "cache_creation_tokens": 3000,
            "request_id": "req_71",
        },
        end=9.001,
        kind=1,
        name="claude_code.llm_request",
    ),
)

GEMINI_COMMON = {"session.id": "g-5", "event.timestamp": "2026-09-14T09:00:04.000Z", "prompt_id": "g-5########1"}
GEMINI = logs(
    "gemini-cli",
    log(
        {
            "event.name": "gemini_cli.api_response",
            "model": "gemini-2.5-pro",
            "input_token_count": 4000,
            "output_token_count": 300,
            "cached_content_token_count": 1000,
            "thoughts_token_count": 100,
            "tool_token_count": 0,
            "total_token_count": 4400,
            "status_code": 200,
            "duration_ms": 3100,
            "finish_reasons": ["stop"],
            **GEMINI_COMMON,
        },
        at=4,
    ),
    log(
        {
            "event.name": "gen_ai.client.inference.operation.details",
            "gen_ai.operation.name": "generate_content",
            "gen_ai.request.model": "gemini-2.5-pro",
            "gen_ai.response.id": "g-r1",
            "gen_ai.usage.input_tokens": 4000,
            "gen_ai.usage.output_tokens": 300,
            **GEMINI_COMMON,
        },
        at=4,
    ),
    log({"event.name": "gemini_cli.api_error", "model": "gemini-2.5-pro", "error": "quota", **GEMINI_COMMON}, at=5),
)

HISTOGRAM: Json = {"name": "gen_ai.client.token.usage", "histogram": {"dataPoints": [{"sum": 9}]}}
METRICS: Json = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [HISTOGRAM]}]}]}
OTHER = spans("checkout-bot", span("ff01:01", {"http.request.method": "GET"}))

CASE = Case(
    dialect="otlp",
    files={
        "collector/traces.jsonl": [VECTOR, OTHER, AGENT, b'{"resourceSpans":[{"resource":', LEGACY, VECTOR, SNAKE],
        "collector/traces-2.jsonl": [OPENINFERENCE, AGENT, CLAUDE_SPAN],
        "collector/logs.jsonl": [CLAUDE, GEMINI, METRICS, CLAUDE],
    },
    calls=(
        Call("2026-09-14T09:00:02.500Z", "openai", "gpt-5", 200, 300, cache_read=1000, project="checkout-bot"),
        Call("2026-09-14T09:00:03.000Z", "openai", "gpt-5", 1000, 30, session="c-9", project="checkout-bot"),
        Call("2026-09-14T09:00:09.000Z", "openai", "gpt-5", 2000, 50, project="checkout-bot", failed=True),
        Call(
            "2026-09-14T09:00:02.500Z",
            "anthropic",
            "claude-sonnet-4-5",
            40,
            200,
            cache_read=3000,
            cache_write_5m=500,
            project="crawler",
        ),
        Call(
            "2026-09-14T09:00:05.000Z", "anthropic", "claude-sonnet-4-5", 5000, 100, cache_read=3000, project="crawler"
        ),
        Call("2026-09-14T09:00:01.000Z", "gcp.gemini", "gemini-2.5-pro", 70, 7),
        Call(
            "2026-09-14T09:00:02.500Z",
            "openai",
            "gpt-4o-mini",
            388,
            60,
            cache_read=512,
            reasoning=20,
            cost_logged=0.000123,
            session="crawl-7",
            project="crawler",
        ),
        Call("2026-09-14T09:00:02.500Z", "openai", "text-embedding-3-small", 1200, 0, project="crawler"),
        Call(
            "2026-09-14T09:00:09.000Z",
            "anthropic",
            "claude-sonnet-4-5-20250929",
            10,
            159,
            cache_read=2000,
            cache_write_5m=3000,
            cost_logged=0.0156,
            session="s-77",
        ),
        Call("2026-09-14T09:00:12.000Z", "anthropic", "claude-sonnet-4-5-20250929", 0, 0, session="s-77", failed=True),
        Call(
            "2026-09-14T09:00:04.000Z",
            "google",
            "gemini-2.5-pro",
            3000,
            400,
            cache_read=1000,
            reasoning=100,
            session="g-5",
        ),
        Call("2026-09-14T09:00:05.000Z", "google", "gemini-2.5-pro", 0, 0, session="g-5", failed=True),
    ),
    bad=2,
    others=(logs("checkout-bot", log({"event.name": "user.login"})),),
)
