"""Cline, Roo Code and Kilo Code: a task of each, as VS Code keeps them."""

import json
from typing import Any

from tests.dialects.cases.case import Call, Case, Json

STORAGE = "Code/User/globalStorage"
CLINE, ROO, KILO = "saoudrizwan.claude-dev", "rooveterinaryinc.roo-cline", "kilocode.kilo-code"
PROJECT = "/home/dev/weather-map"
ENVIRONMENT = f"<environment_details>\n# Current Workspace Directory ({PROJECT}) Files\n"

REQUEST = f"<model>no</model>{ENVIRONMENT}<model>claude-sonnet-4</model>"


def said(say: str, second: int, text: str, **more: Any) -> Json:
    """A message of a task."""
    return {"ts": 1789376400000 + second * 1000, "type": "say", "say": say, "text": text} | more


def call(second: int, told: Json, **more: Any) -> Json:
    """A call."""
    return said("api_req_started", second, json.dumps(told), **more)


def counts(input: int, output: int, writes: int, reads: int, cost: float) -> Json:
    """What is told of a call once it is answered."""
    return {"tokensIn": input, "tokensOut": output, "cacheWrites": writes, "cacheReads": reads, "cost": cost}


MODEL = {"modelInfo": {"modelId": "claude-sonnet-4-5", "providerId": "anthropic", "mode": "act"}}
VECTOR = call(5, {"request": ENVIRONMENT} | counts(100, 20, 400, 3000, 0.0031), conversationHistoryIndex=1, **MODEL)
ASKED: Json = {"ts": 1789376406000, "type": "ask", "ask": "tool", "text": '{"tool":"readFile","api_req_started":1}'}
CLINES: tuple[Json, ...] = (
    said("text", 1, "count api_req_started"),
    VECTOR,
    ASKED,
    call(7, {}),
    call(8, counts(50, 5, 0, 0, 0), **MODEL),
    call(9, {"cancelReason": "user_cancelled"} | counts(0, 0, 0, 0, 0)),
    said("subagent_usage", 10, json.dumps({"source": "subagents"} | counts(900, 90, 0, 0, 0.02)), **MODEL),
    said("deleted_api_reqs", 11, json.dumps(counts(7000, 700, 0, 0, 0.5))),
    said("api_req_started", 12, "half a requ"),
)
ROOS: tuple[Json, ...] = (
    call(3, {"request": REQUEST} | counts(4, 30, 12000, 0, 0.05)),
    call(6, {"apiProtocol": "anthropic"} | counts(12010, 40, 0, 12000, 0.004)),
    call(9, {"apiProtocol": "openai", "cancelReason": "streaming_failed", "streamingFailedMessage": "overloaded"}
         | counts(800, 0, 0, 0, 0)),
)  # fmt: skip
KILOS: tuple[Json, ...] = (
    call(3, {"apiProtocol": "openai", "request": "<model>gpt-5</model>"} | counts(500, 10, 0, 200, 0.001)),
)


def task(messages: tuple[Json, ...]) -> bytes:
    """A document."""
    return json.dumps(messages, separators=(",", ":")).encode()


CASE = Case(
    dialect="cline",
    files={
        f"{STORAGE}/{CLINE}/tasks/1789376400000/ui_messages.json": (task(CLINES),),
        f"{STORAGE}/{ROO}/tasks/7c1f/ui_messages.json": (task(ROOS),),
        f"{STORAGE}/{KILO}/tasks/9e2a/ui_messages.json": (task(KILOS),),
    },
    calls=(
        Call(
            "2026-09-14T09:00:05.000Z", "anthropic", "claude-sonnet-4-5", 100, 20, 3000, 400, cost_logged=0.0031,
            session="1789376400000", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:08.000Z", "anthropic", "claude-sonnet-4-5", 50, 5, 0, 0,
            session="1789376400000", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:10.000Z", "anthropic", "claude-sonnet-4-5", 900, 90, cost_logged=0.02,
            session="1789376400000", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:03.000Z", "", "claude-sonnet-4", 4, 30, 0, 12000, cost_logged=0.05,
            session="7c1f", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:06.000Z", "", "claude-sonnet-4", 10, 40, 12000, 0, cost_logged=0.004,
            session="7c1f", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:09.000Z", "", "claude-sonnet-4", 800, 0, 0, 0,
            session="7c1f", project=PROJECT, failed=True,
        ),
        Call("2026-09-14T09:00:03.000Z", "", "gpt-5", 300, 10, 200, 0, cost_logged=0.001, session="9e2a"),
    ),
    others=(*CLINES, *ROOS, *KILOS),
)  # fmt: skip
