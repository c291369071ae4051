"""Calls and how they are written, in four dialects; read back by Python's own parser, not by ours.

What counts of a call is its number, which no other call has, and its output tokens.
"""

import json
from functools import cache
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call as one line or message tells it."""

    number: int
    output: int


FIRST = 1_000_000
"""Numbers are all of the same width, so that a line can be written over another."""


def native(number: int, output: int, padding: int = 0, **more: object) -> bytes:
    """A native line, with an id where `more` says one. It ends with what no other line has."""
    record = {
        "ts": f"2026-{1 + number % 9:02}-{1 + number % 28:02}T{number % 24:02}:00:{number % 60:02}Z",
        "integration": "writer", "provider": "openai", "model": "gpt-5-mini", "pad": "x" * padding, **more,
        "output_tokens": output, "input_tokens": number,
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


def with_id(number: int, output: int, padding: int = 0) -> bytes:
    """A native line that may be written again anywhere and counts once."""
    return native(number, output, padding, request_id=f"q-{number}")


def claude(number: int, output: int, padding: int = 0) -> bytes:
    """A line of Claude Code's: the call as far as it was written when it had used so much."""
    record = {
        "type": "assistant", "sessionId": f"s-{number % 3}", "requestId": f"req_{number}", "pad": "x" * padding,
        "timestamp": f"2026-09-{1 + number % 28:02}T09:00:{(number + output) % 60:02}.000Z",
        "uuid": f"u-{number}-{output}",
        "message": {
            "id": f"msg_{number}", "role": "assistant", "model": "claude-sonnet-4-5",
            "usage": {"output_tokens": output, "input_tokens": number},
        },
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


LINES = {"native": native, "ids": with_id, "claude": claude}
"""How a call is written in a file of that family. A family is a part of the file's name."""


def family(name: str) -> str:
    """Of a file's name, whatever was put before or behind it."""
    return next((family for family in LINES if family in name), "native")


def chat(session: str, calls: list[Call]) -> bytes:
    """A document of Gemini CLI's."""
    messages = [
        {
            "id": f"g-{number}", "type": "gemini", "model": "gemini-2.5-pro", "timestamp": "2026-09-14T09:00:09.000Z",
            "tokens": {"input": number, "output": output, "cached": 0, "total": number + output},
        }
        for number, output in calls
    ]  # fmt: skip
    return json.dumps({"sessionId": session, "projectHash": "p", "messages": messages}).encode()


def told_by(document: bytes) -> tuple[str, list[Call]] | None:
    """Name and calls of a chat; None where it is half written."""
    try:
        record = json.loads(document)
    except ValueError:
        return None
    tokens = [message["tokens"] for message in record["messages"]]
    return record["sessionId"], [Call(each["input"], each["output"]) for each in tokens]


def calls_of_chat(document: bytes) -> list[Call]:
    """Its calls; none where it is half written."""
    told = told_by(document)
    return told[1] if told else []


@cache
def call_of(line: bytes) -> Call | None:
    """The call of a line; None where it is none. What a hole left before it is no part of it."""
    try:
        return _call(json.loads(_bare(line)))
    except ValueError:
        return None


@cache
def calls_within(line: bytes) -> tuple[Call, ...]:
    """All that could be taken for a call where lines run into each other, as each once stood at the file's end."""
    return _in_a_row(line)[0]


@cache
def is_whole(rest: bytes) -> bool:
    """Whether what stands behind the last newline is nothing but calls, or a hole: it may be taken once it rests."""
    return not _in_a_row(rest)[1]


def _in_a_row(line: bytes) -> tuple[tuple[Call, ...], str]:
    """Calls without anything between them, and what follows."""
    text, found = _bare(line).decode(), []
    while text.startswith("{"):
        try:
            record, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            break
        found.append(_call(record))
        text = text[end:]
    return tuple(found), text


def _bare(line: bytes) -> bytes:
    """Without a hole; a few NULs are none, and make the line invalid."""
    bare = line.lstrip(b"\0")
    return line if 0 < len(line) - len(bare) < 4 else bare


def _call(record: dict[str, Any]) -> Call:
    usage = record["message"]["usage"] if "message" in record else record
    return Call(usage["input_tokens"], usage["output_tokens"])
