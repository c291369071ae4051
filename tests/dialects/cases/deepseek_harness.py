"""A session of DeepSeek Harness's, one forked from it, and one of a version that is not known."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json

NINE = 1_789_376_400_000
"""2026-09-14T09:00:00Z."""


def header(session: str, **more: Any) -> Json:
    """The first line of a log."""
    return {"type": "session", "version": 0, "id": session, "createdAt": NINE, "cwd": "/home/dev/orbit"} | more


def happened(kind: str, seq: int, **data: Any) -> Json:
    """One event, a second after the one before."""
    return {"type": kind, "seq": seq, "time": NINE + seq * 1000, "data": data}


def usage(input: int, output: int, read: int = 0, reasoning: int = 0) -> Json:
    """What a call used."""
    return {"inputTokens": input, "outputTokens": output, "cacheReadTokens": read, "reasoningTokens": reasoning}


def chunk(seq: int, step: int, used: Json, turn: int = 1) -> Json:
    """What a call used, as its stream tells it."""
    return happened("assistant/chunk", seq, turn=turn, step=step, chunk={"type": "usage", "usage": used})


def answer(seq: int, step: int, used: Json, turn: int = 1, model: str = "deepseek-v4-pro") -> Json:
    """What a call used, as its answer tells it."""
    source = {"kind": "model", "provider": "deepseek-official", "model": model}
    message = {"role": "assistant", "content": [], "source": source, "id": f"m-{seq}"}
    return happened("assistant/message", seq, turn=turn, step=step, message=message, usage=used)


REQUEST = happened(
    "request/header", 1, header={"config": {"provider": "deepseek-official", "model": "deepseek-v4-flash"}}
)
BEGUN = (
    happened("turn/start", 0, turn=1),
    REQUEST,
    chunk(2, 1, usage(2877, 95, 0, 18)),
    answer(3, 1, usage(2877, 90, 0, 18), model="deepseek-v4-flash"),
    answer(4, 2, usage(168, 25, 2816, 22)),
)
STOPPED = chunk(5, 3, usage(40, 7, 3000))

CASE = Case(
    dialect="deepseek-harness",
    files={
        "sessions/orbit/session-e128/session.jsonl": (header("e128"), *BEGUN, STOPPED),
        "sessions/orbit/session-f00d/session.jsonl": (
            header("f00d", parentSession="e128", seedLength=5),
            *BEGUN,
            happened("turn/start", 5, turn=2),
            answer(6, 1, usage(11, 3), turn=2),
        ),
        "sessions/orbit/session-later/session.jsonl": (header("later", version=1), answer(0, 1, usage(1, 1))),
    },
    calls=(
        Call(
            "2026-09-14T09:00:03.000Z", "deepseek", "deepseek-v4-flash", 2877, 90, 0,
            reasoning=18, session="e128", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:00:04.000Z", "deepseek", "deepseek-v4-pro", 168, 25, 2816,
            reasoning=22, session="e128", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:00:05.000Z", "deepseek", "deepseek-v4-flash", 40, 7, 3000,
            reasoning=0, session="e128", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:00:06.000Z", "deepseek", "deepseek-v4-pro", 11, 3, 0,
            reasoning=0, session="f00d", project="/home/dev/orbit",
        ),
    ),
)  # fmt: skip
