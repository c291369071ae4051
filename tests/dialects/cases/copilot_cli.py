"""Telemetry files of Copilot CLI and of Copilot Chat, and the state of a session."""

from collections.abc import Mapping
from typing import Any

from tests.dialects.cases.case import Call, Case, Json

START = 1_789_376_400
"""2026-09-14T09:00:00Z, seconds."""
RESPONSE = "gen_ai.response.id"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_creation.input_tokens"


def usage(model: str, input: int, output: int) -> Json:
    """The attributes that every kind of record of a call has."""
    return {
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": input,
        "gen_ai.usage.output_tokens": output,
    }


def span(operation: str, identity: str, attributes: Mapping[str, Any], *, start: int = 0, end: int = 5) -> Json:
    """A span as the CLI writes it; `identity` is its trace and its own id with a colon between them."""
    trace, _, own = identity.partition(":")
    return {
        "type": "span",
        "traceId": trace,
        "spanId": own,
        "name": operation,
        "startTime": [START + start, 0],
        "endTime": [START + end, 0],
        "status": {"code": 0},
        "attributes": {"gen_ai.operation.name": operation, **attributes},
        "resource": {"attributes": {"service.name": "github-copilot"}},
    }


def log(name: str, attributes: Mapping[str, Any], *, at: int = 0, trace: str = "") -> Json:
    """A log record as VS Code writes it."""
    context = {"spanContext": {"traceId": trace, "spanId": "agent", "traceFlags": 1}} if trace else {}
    return {
        "hrTime": [START + at, 0],
        **context,
        "resource": {"_rawAttributes": [["service.name", "copilot-chat"]]},
        "attributes": {"event.name": name, **attributes},
        "_body": name,
    }


VECTOR: Json = {
    "type": "span",
    "traceId": "t1",
    "spanId": "s1",
    "name": "chat gpt-5",
    "startTime": [1789376400, 0],
    "endTime": [1789376405, 0],
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": "gpt-5",
        "gen_ai.response.id": "resp-1",
        "gen_ai.conversation.id": "cp-1",
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.output_tokens": 300,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.reasoning.output_tokens": 120,
    },
}
SUMMARY: Json = {
    **VECTOR,
    "spanId": "s0",
    "name": "invoke_agent",
    "endTime": [1789376406, 0],
    "attributes": {**VECTOR["attributes"], "gen_ai.operation.name": "invoke_agent"},
}
UNNAMED_SUMMARY: Json = {
    **SUMMARY,
    "spanId": "s00",
    "attributes": {key: value for key, value in SUMMARY["attributes"].items() if key != RESPONSE},
}

CLI: tuple[Json, ...] = (
    span(
        "chat",
        "t2:01",
        {
            **usage("claude-sonnet-4.6", 9000, 400),
            "gen_ai.provider.name": "github",
            "gen_ai.request.model": "auto",
            RESPONSE: "msg-1",
            CACHE_READ: 6000,
            CACHE_WRITE: 2000,
            "gen_ai.conversation.id": "cp-2",
            "github.copilot.nano_aiu": 1_830_000_000,
            "github.copilot.cost": 1,
        },
        end=12,
    ),
    span("execute_tool", "t2:02", {"gen_ai.tool.name": "bash"}, start=12, end=13),
    span(
        "chat",
        "t2:03",
        {
            **usage("claude-sonnet-4.6", 9800, 100),
            "gen_ai.provider.name": "github",
            RESPONSE: "msg-2",
            CACHE_READ: 9000,
        },
        start=13,
        end=15,
    ),
    span(
        "invoke_agent",
        "t2:04",
        {
            **usage("claude-sonnet-4.6", 18800, 500),
            "gen_ai.provider.name": "github",
            RESPONSE: "msg-2",
            CACHE_READ: 15000,
            "github.copilot.turn_count": 2,
        },
        end=15,
    ),
)

INFERENCE = "gen_ai.client.inference.operation.details"
CHAT: tuple[Json, ...] = (
    log("copilot_chat.session.start", {"session.id": "vs-1", "gen_ai.request.model": "gpt-5-mini"}, trace="t3"),
    log(
        INFERENCE,
        {**usage("gpt-5-mini", 1500, 60), "gen_ai.operation.name": "chat", RESPONSE: "req-1"},
        at=3,
        trace="t3",
    ),
    span(
        "chat",
        "t3:01",
        {
            **usage("gpt-5-mini", 1500, 60),
            "gen_ai.provider.name": "github",
            RESPONSE: "req-1",
            CACHE_READ: 1024,
            "copilot_chat.time_to_first_token": 640,
        },
        end=3,
    ),
    log(
        "copilot_chat.agent.turn",
        {"turn.index": 0, "gen_ai.usage.input_tokens": 1500, "gen_ai.usage.output_tokens": 60},
        at=4,
        trace="t3",
    ),
    log(INFERENCE, {**usage("gpt-5-mini", 700, 20), "gen_ai.operation.name": "chat", RESPONSE: "req-2"}, at=6),
)

METRICS: Json = {"resource": {"attributes": {}}, "scopeMetrics": [{"metrics": []}]}
STATE: tuple[Json, ...] = (
    {
        "type": "session.start",
        "data": {"sessionId": "cp-2", "producer": "copilot-agent"},
        "id": "e1",
        "timestamp": "2026-09-14T09:00:00.000Z",
        "parentId": None,
    },
    {
        "type": "session.shutdown",
        "data": {
            "totalNanoAiu": 3_000_000_000,
            "modelMetrics": {"claude-sonnet-4.6": {"usage": {"inputTokens": 18800, "outputTokens": 500}}},
        },
        "id": "e2",
        "timestamp": "2026-09-14T09:01:00.000Z",
        "parentId": "e1",
    },
)

CASE = Case(
    dialect="copilot-cli",
    files={
        "otel/a.jsonl": [VECTOR, SUMMARY, UNNAMED_SUMMARY, b"", *CLI],
        "otel/b.jsonl": [*CHAT, METRICS, VECTOR, b'{"type":"span","traceId":"t1","attributes":{"gen_ai.usage'],
        "otel/c.jsonl": [SUMMARY, CLI[0]],
        "session-state/cp-2/events.jsonl": STATE,
    },
    calls=(
        Call(
            "2026-09-14T09:00:05.000Z",
            "github-copilot",
            "gpt-5",
            200,
            300,
            cache_read=1000,
            reasoning=120,
            session="cp-1",
        ),
        Call(
            "2026-09-14T09:00:12.000Z",
            "github-copilot",
            "claude-sonnet-4.6",
            1000,
            400,
            cache_read=6000,
            cache_write_5m=2000,
            cost_logged=0.0183,
            session="cp-2",
        ),
        Call("2026-09-14T09:00:15.000Z", "github-copilot", "claude-sonnet-4.6", 800, 100, cache_read=9000),
        Call("2026-09-14T09:00:03.000Z", "github-copilot", "gpt-5-mini", 476, 60, cache_read=1024),
        Call("2026-09-14T09:00:06.000Z", "github-copilot", "gpt-5-mini", 700, 20),
    ),
    bad=1,
    others=({"type": "metric", "name": "gen_ai.client.token.usage", "dataPoints": []},),
)
