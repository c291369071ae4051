"""Amp: a thread with a ledger, one that goes on without it, and one of the newer kind."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

PROJECT = "/home/dev/weather map"


def answer(own: int | None, second: int | None, model: str, **counts: int) -> Json:
    """A message by the model."""
    usage: Json = {"model": model} | counts
    if second is not None:
        usage["timestamp"] = f"2026-09-14T09:00:{second:02d}.000Z"
    known = {} if own is None else {"messageId": own}
    return {"role": "assistant", **known, "content": [{"type": "text", "text": 'the "usage" of it'}], "usage": usage}


def usage(input: int, output: int, read: int, write: int) -> dict[str, int]:
    """A message's counts."""
    return {
        "inputTokens": input,
        "outputTokens": output,
        "cacheReadInputTokens": read,
        "cacheCreationInputTokens": write,
        "totalInputTokens": input + read + write,
    }


def entry(own: str, second: int, to: int | None, input: int, output: int, **more: Any) -> Json:
    """A line of the ledger."""
    told: Json = {
        "id": own,
        "timestamp": f"2026-09-14T09:00:{second:02d}.000Z",
        "model": "claude-sonnet-4-5",
        "credits": 1.5,
        "tokens": {"input": input, "output": output},
        "operationType": "inference",
    }
    return told | ({} if to is None else {"fromMessageId": to - 1, "toMessageId": to}) | more


def thread(own: str, messages: list[Json], ledger: list[Json] | None = None) -> Json:
    """A whole document."""
    about: Json = {"v": 7, "id": own, "created": 1789376399000, "title": "Rain"}
    workspace = {"initial": {"trees": [{"displayName": "weather map", "uri": "file:///home/dev/weather%20map"}]}}
    kept: Json = {} if ledger is None else {"usageLedger": {"events": ledger}}
    return about | {"messages": messages, "env": workspace} | kept


QUESTION: Json = {"role": "user", "messageId": 0, "content": [{"type": "text", "text": "hi"}]}
LEDGER = thread(
    "T-1",
    [QUESTION, answer(1, None, "claude-sonnet-4-5", **usage(100, 20, 3000, 400))],
    [
        entry("e1", 5, 1, 100, 20),
        entry("e2", 6, 1, 10, 2, model="gpt-5"),
        entry("e3", 9, None, 50, 5, model="gemini-2.5-pro"),
    ],
)
GROWN = thread(
    "T-2",
    [
        QUESTION,
        answer(1, 4, "claude-sonnet-4-5", **usage(100, 20, 0, 0)),
        answer(3, 30, "claude-sonnet-4-5", **usage(7, 9, 120, 0)),
    ],
    [entry("e1", 5, 1, 100, 20)],
)
NEW = thread("T-3", [QUESTION, answer(None, 10, "claude-haiku-4-5-20251001", **usage(10, 178, 11372, 986))])

CASE = Case(
    dialect="amp",
    files={f"threads/{thread['id']}.json": (thread,) for thread in (LEDGER, GROWN, NEW)},
    calls=(
        Call(
            "2026-09-14T09:00:05.000Z", "anthropic", "claude-sonnet-4-5", 100, 20, 3000, 400,
            session="T-1", project=PROJECT,
        ),
        Call("2026-09-14T09:00:06.000Z", "openai", "gpt-5", 10, 2, session="T-1", project=PROJECT),
        Call("2026-09-14T09:00:09.000Z", "google", "gemini-2.5-pro", 50, 5, session="T-1", project=PROJECT),
        Call(
            "2026-09-14T09:00:05.000Z", "anthropic", "claude-sonnet-4-5", 100, 20, 0, 0,
            session="T-2", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:30.000Z", "anthropic", "claude-sonnet-4-5", 7, 9, 120, 0,
            session="T-2", project=PROJECT,
        ),
        Call(
            "2026-09-14T09:00:10.000Z", "anthropic", "claude-haiku-4-5-20251001", 10, 178, 11372, 986,
            session="T-3", project=PROJECT,
        ),
    ),
)  # fmt: skip
