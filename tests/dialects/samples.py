"""Made-up records of each dialect, as values that tests change."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.dialects.cases import CASES
from tokenmon.dialects import by_name
from tokenmon.dialects.base import Reader
from tokenmon.events import Event, Parsed, Reject

Json = dict[str, Any]


@dataclass
class Place:
    """Surroundings of a source that stands nowhere."""

    path: str = "/logs/some.jsonl"
    mtime_ms: int = 1_789_376_400_000
    siblings: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    neighbours: Mapping[str, bytes] = field(default_factory=dict)

    def lines_of(self, name_contains: str) -> Iterable[bytes] | None:
        """The lines of the sibling of that name."""
        return self.siblings.get(name_contains)

    def beside(self, name: str) -> bytes | None:
        """The content of the file of that name."""
        return self.neighbours.get(name)


def reader(dialect: str, place: Place | None = None, state: bytes = b"") -> Reader:
    """A reader of that dialect."""
    found = by_name(dialect)
    assert found is not None
    return found.reader(place or Place(), state)


def line(record: Any) -> bytes:
    """A record as a line."""
    return json.dumps(record, separators=(",", ":")).encode()


def parse(dialect: str, record: Json | bytes) -> Parsed:
    """What one line turns out to be."""
    return reader(dialect).parse(record if isinstance(record, bytes) else line(record))


def events_of(parsed: Parsed) -> Iterator[Event]:
    """The events of a line; a reject fails the test."""
    assert not isinstance(parsed, Reject), parsed.reason
    if isinstance(parsed, Event):
        yield parsed
    elif isinstance(parsed, tuple):
        yield from (each for each in parsed if isinstance(each, Event))


def event(dialect: str, record: Json | bytes) -> Event:
    """The only event of a line."""
    (only,) = events_of(parse(dialect, record))
    return only


def reason(dialect: str, record: Json | bytes) -> str:
    """Why a line is invalid, or its only part."""
    parsed = parse(dialect, record)
    if isinstance(parsed, tuple):
        (parsed,) = parsed
    assert isinstance(parsed, Reject), parsed
    return parsed.reason


def read(dialect: str, records: Iterable[Json | bytes], place: Place | None = None) -> list[Event]:
    """The events of a file."""
    one = reader(dialect, place)
    return [each for raw in records for each in events_of(one.parse(raw if isinstance(raw, bytes) else line(raw)))]


NATIVE: Json = {
    "ts": "2026-05-02T08:15:30Z",
    "integration": "mail-sorter",
    "provider": "openai",
    "account": "team-b",
    "model": "gpt-4.1-mini",
    "request_id": "r-77",
    "prompt_tokens": 840,
    "completion_tokens": 95,
    "total_tokens": 935,
    "cost_usd": 0.0021,
    "latency_ms": 1130,
    "metadata": {"job": "nightly"},
}

FIREWALL: Json = {
    "_schema": "token-usage/v0.28.4",
    "timestamp": "2026-08-20T11:04:05.678Z",
    "event": "token_usage",
    "request_id": "9d2f",
    "provider": "anthropic",
    "model": "claude-sonnet-4-6",
    "path": "/v1/messages?beta=true",
    "status": 200,
    "streaming": True,
    "input_tokens": 12,
    "output_tokens": 380,
    "cache_read_tokens": 15000,
    "cache_write_tokens": 900,
    "duration_ms": 5210,
    "response_bytes": 2710,
    "ai_credits_this_response": 1.37,
    "ai_credits_total": 9.81,
}
FIREWALL_OLD: Json = {
    name: value for name, value in FIREWALL.items() if name not in ("_schema", "event") and "credits" not in name
}
FIREWALL_SISTERS: tuple[Json, ...] = (
    {"ts": 1789376400000, "event": "TRACK_START", "rid": "9d2f", "provider": "anthropic"},
    {"ts": 1789376400000, "event": "TRACK_END", "rid": "9d2f", "result": "no_usage", "status": 200},
    {"ts": 1789376400000, "event": "WS_START", "rid": "9d2f"},
    {"_schema": "token-diag/v0.28.4", "event": "HTTP_USAGE", "timestamp": "2026-08-20T11:04:05Z", "input_tokens": 5},
    {"_schema": "blocked-request-diag/v0.28.4", "timestamp": "2026-08-20T11:04:05Z", "model": "gpt-5"},
)

CLAUDE: Json = {
    "type": "assistant",
    "sessionId": "s-1",
    "cwd": "/home/dev/alpha",
    "gitBranch": "main",
    "version": "2.0.14",
    "isSidechain": False,
    "requestId": "req_1",
    "uuid": "u1",
    "timestamp": "2026-09-14T09:00:09.000Z",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": "tool_use",
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 3000,
            "cache_read_input_tokens": 2000,
            "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
            "output_tokens": 159,
            "service_tier": "standard",
        },
    },
}
CLAUDE_OTHERS: tuple[Json, ...] = (
    {"type": "user", "sessionId": "s-1", "uuid": "u0", "message": {"role": "user", "content": "hello"}},
    {"type": "system", "sessionId": "s-1", "subtype": "init", "content": "x"},
    {"type": "summary", "summary": "A day", "leafUuid": "u9"},
    {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
    {"type": "progress", "sessionId": "s-1", "data": {"type": "hook_progress"}},
    {"type": "attachment", "sessionId": "s-1", "attachment": {"type": "file"}},
    {"type": "queue-operation", "operation": "enqueue", "sessionId": "s-1", "timestamp": "2026-09-14T09:00:00Z"},
    {"type": "pr-link", "sessionId": "s-1", "url": "https://example.org"},
)


def codex_meta(thread: str = "t-1", at: str = "2026-09-14T09:00:00.000Z", **more: Any) -> Json:
    """The first line of a rollout."""
    payload = {"id": thread, "timestamp": at, "cwd": "/home/dev/beta", "originator": "codex_cli_rs"} | more
    return {"timestamp": at, "type": "session_meta", "payload": payload}


def codex_turn(model: str | None = "gpt-5-codex", at: str = "2026-09-14T09:00:01.000Z", **more: Any) -> Json:
    """The start of a turn."""
    return {"timestamp": at, "type": "turn_context", "payload": {"cwd": "/home/dev/beta", "model": model} | more}


def codex_usage(input: int, cached: int, output: int, reasoning: int = 0, **more: int) -> Json:
    """A usage object."""
    return {
        "input_tokens": input,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": input + output,
    } | more


def codex_count(total: Json | None, last: Json | None = None, at: Any = "2026-09-14T09:00:10.000Z") -> Json:
    """A counter; without both usages only news about limits."""
    info = {name: value for name, value in (("total_token_usage", total), ("last_token_usage", last)) if value}
    return {"timestamp": at, "type": "event_msg", "payload": {"type": "token_count", "info": info or None}}


CODEX: tuple[Json, ...] = (
    codex_meta(),
    codex_turn(effort="high"),
    codex_count(codex_usage(10000, 8000, 500, 200), codex_usage(10000, 8000, 500, 200)),
)
CODEX_EXEC: tuple[Json, ...] = (
    {"type": "thread.started", "thread_id": "0199-ab"},
    {"type": "turn.started"},
    {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "hi"}},
    {
        "type": "turn.completed",
        "timestamp": "2026-09-14T09:00:00Z",
        "model": "gpt-5.2-codex",
        "usage": {"input_tokens": 120, "cached_input_tokens": 20, "output_tokens": 30},
    },
)

SAMPLES: dict[str, tuple[Json, ...]] = {
    "claude-code": (CLAUDE, *CLAUDE_OTHERS),
    "codex": (
        *CODEX,
        *CODEX_EXEC,
        {"timestamp": "2026-09-14T09:00:02Z", "type": "response_item", "payload": {"type": "message", "content": []}},
        {"timestamp": "2026-09-14T09:00:02Z", "type": "compacted", "payload": {"message": "…"}},
    ),
    "gh-aw-firewall": (FIREWALL, FIREWALL_OLD, *FIREWALL_SISTERS),
    "native": (NATIVE, {name: value for name, value in NATIVE.items() if name != "metadata"}),
    **{case.dialect: case.records for case in CASES},
}
"""Records of each dialect, with and without usage."""
