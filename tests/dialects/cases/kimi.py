"""Kimi: a session of the old CLI with subagents, a session of Kimi Code with another; and forks of both.

Which of its copies a call is stored as is a matter of which was read first, so the forks are not in the case itself.
"""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

WORK = "9e107d9d372bb6826bd81d3542a419d6"
VECTOR: Json = {
    "timestamp": 1789376400.5,
    "message": {
        "type": "StatusUpdate",
        "payload": {
            "message_id": "km1",
            "token_usage": {"input_other": 100, "input_cache_read": 2500, "input_cache_creation": 10, "output": 40},
        },
    },
}
HEADER: Json = {"type": "metadata", "protocol_version": "1.3"}


def wire(kind: str, at: float, **payload: Any) -> Json:
    """A line of the old CLI."""
    return {"timestamp": 1789376400 + at, "message": {"type": kind, "payload": payload}}


def status(message_id: str | None, at: float, input: int, output: int, read: int = 0, write: int = 0) -> Json:
    """A call of the old CLI."""
    usage = {"input_other": input, "output": output, "input_cache_read": read, "input_cache_creation": write}
    return wire("StatusUpdate", at, context_usage=0.1, token_usage=usage, message_id=message_id)


def repeated(line: Json, at: float, agent: str | None) -> Json:
    """What a subagent told, in its parent's file."""
    return wire("SubagentEvent", at, parent_tool_call_id="t1", agent_id=agent, event=line["message"])


SECOND = status("km2", 9, 700, 60, 2600)
OF_SUBAGENT = status("km3", 12, 300, 30)
OF_OLD_SUBAGENT = status(None, 14, 50, 5)
OLD = (
    HEADER,
    wire("TurnBegin", 0, user_input='count "token_usage"'),
    VECTOR,
    wire("StatusUpdate", 5, context_usage=0.2, token_usage=None, message_id=None, plan_mode=True),
    SECOND,
    repeated(OF_SUBAGENT, 12.25, "a1"),
    repeated(OF_OLD_SUBAGENT, 14, None),
    wire("TurnEnd", 15),
)

NEW_HEADER: Json = {"type": "metadata", "protocol_version": "1.5", "created_at": 1789376500000}


def request(second: int, model: str = "kimi-k2.6", provider: str = "kimi", alias: str = "kimi-code/fast") -> Json:
    """Kimi Code asks a model."""
    asked = {"type": "llm.request", "kind": "loop", "provider": provider, "model": model, "modelAlias": alias}
    return asked | {"messageCount": 2, "turnStep": "1.1", "time": 1789376500000 + second * 1000}


def usage(second: int, input: int, output: int, read: int = 0, write: int = 0, alias: str = "kimi-code/fast") -> Json:
    """What Kimi Code used."""
    counts = {"inputOther": input, "output": output, "inputCacheRead": read, "inputCacheCreation": write}
    told = {"type": "usage.record", "model": alias, "usage": counts, "usageScope": "turn"}
    return told | {"time": 1789376500000 + second * 1000}


NEW: tuple[Json | bytes, ...] = (
    NEW_HEADER,
    request(1),
    {"type": "context.append_message", "message": {"role": "user", "content": "usage.record"}, "time": 1},
    usage(4, 120, 50, 3000, 20),
    request(5, "claude-sonnet-4-5", "anthropic", "work"),
    b'{"type":"usage.record","model":"work","usage":',
    usage(9, 120, 50, 3000, 20, "work"),
)
FORKS = {
    f"sessions/{WORK}/k-2/wire.jsonl": (*OLD, status("km4", 60, 80, 8)),
    "sessions/wd_weather-map_0123456789ab/session_n-2/agents/main/wire.jsonl": (
        *NEW,
        {"type": "forked", "time": 1789376560000},
        request(70),
        usage(72, 10, 1),
    ),
}
"""Each copies its parent's lines and goes on with a call of its own."""

CASE = Case(
    dialect="kimi",
    files={
        f"sessions/{WORK}/k-1/wire.jsonl": OLD,
        f"sessions/{WORK}/k-1/subagents/a1/wire.jsonl": (HEADER, OF_SUBAGENT),
        "sessions/wd_weather-map_0123456789ab/session_n-1/agents/main/wire.jsonl": NEW,
        "sessions/wd_weather-map_0123456789ab/session_n-1/agents/agent-1/wire.jsonl": (
            NEW_HEADER, request(1), usage(4, 120, 50, 3000, 20),
        ),
    },
    calls=(
        *(
            Call(at, "moonshotai", "kimi-for-coding", *counts, session=session, project=WORK)
            for at, session, counts in (
                ("2026-09-14T09:00:00.500Z", "k-1", (100, 40, 2500, 10)),
                ("2026-09-14T09:00:09.000Z", "k-1", (700, 60, 2600, 0)),
                ("2026-09-14T09:00:12.000Z", "k-1", (300, 30, 0, 0)),
                ("2026-09-14T09:00:14.000Z", "k-1", (50, 5, 0, 0)),
            )
        ),
        *(
            Call(at, provider, model, *counts, session=session, project="weather-map")
            for at, provider, model, session, counts in (
                ("2026-09-14T09:01:44.000Z", "moonshotai", "kimi-k2.6", "session_n-1", (120, 50, 3000, 20)),
                ("2026-09-14T09:01:49.000Z", "anthropic", "claude-sonnet-4-5", "session_n-1", (120, 50, 3000, 20)),
                ("2026-09-14T09:01:44.000Z", "moonshotai", "kimi-k2.6", "session_n-1", (120, 50, 3000, 20)),
            )
        ),
    ),
    bad=1,
)  # fmt: skip
