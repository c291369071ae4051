"""Qwen Code's recorded chats: lines in `projects`, and documents like Gemini CLI's in `tmp`, where it kept them first.

A line with `usageMetadata` is a call; telemetry lines beside it tell the same again. `/branch` copies every record
under another session and keeps its uuid and time, so the uuid alone is the call, and a copy gives way to its original.
The words are Gemini's, but behind most models stands an API that counts thoughts in the output: the total tells.
"""

from collections.abc import Mapping
from pathlib import Path

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.gemini_chats import call_of, project_of
from tokenmon.dialects.gemini_cli import FORKS_ROLE, of_fork
from tokenmon.dialects.gemini_usage import tokens_of, told
from tokenmon.dialects.plain import Nothing, Scene, alone, each_of
from tokenmon.events import Event, Names, Parsed

NAME = "qwen-code"
LINE_CAP = 64 * 1024 * 1024
KEYS = (
    "promptTokenCount",
    "candidatesTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
)
OWN = ("usageMetadata", "systemPayload", "toolCallResult")
"""Each of them stands beside a record's uuid nowhere else."""

_NAMES = Names(dialect=NAME, integration=NAME, provider="alibaba", source_class="agent")


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The call of a line, or the calls of a document."""
    messages = record.get("messages")
    if isinstance(messages, list):
        session = scene.clean(fields.harmless_string(record.get("sessionId")))
        return each_of(lambda message: _message(message, session, scene), map(fields.mapping, messages))
    if record.get("type") != "assistant":
        return None
    tokens = tokens_of(told(fields.mapping(record.get("usageMetadata")), KEYS, "usageMetadata"), "usageMetadata")
    if tokens is None:
        return None
    ts, untimed = scene.moment(record.get("timestamp"), "timestamp")
    own = scene.clean(fields.harmless_string(record.get("uuid")))
    return Event(
        ts=ts,
        names=_NAMES._replace(
            model=scene.clean(fields.harmless_string(record.get("model"))),
            project=scene.clean(_project(record, scene)),
        ),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        reasoning=tokens.reasoning,
        id=own,
        rewritten=bool(own),
        replay=bool(own) and "forkedFrom" in record,
        session=scene.clean(fields.harmless_string(record.get("sessionId"))),
        disagrees=tokens.disagrees,
        untimed=untimed,
    )


def _message(message: Record, session: str, scene: Scene[Nothing]) -> Event | None:
    return call_of(message, session, _NAMES, scene) if message.get("type") == FORKS_ROLE else None


def _project(record: Record, scene: Scene[Nothing]) -> str:
    return fields.harmless_string(record.get("cwd")) or project_of(scene.surroundings.path)


# -- what the dialect is


def matches(record: Record) -> bool:
    """A record with a uuid and Gemini's words in it, or a document with messages by the fork's model."""
    if "projectHash" in record and "sessionId" in record:
        return of_fork(record)
    if "uuid" not in record or "sessionId" not in record:
        return False
    return any(field in record for field in OWN) or "parts" in fields.mapping(record.get("message"))


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`QWEN_DATA_DIR` as ccusage reads it (several, comma between them), else `QWEN_RUNTIME_DIR`, else `~/.qwen`."""
    configured = listed(environment, "QWEN_DATA_DIR")
    runtime = environment.get("QWEN_RUNTIME_DIR")
    roots = configured or [Path(runtime) if runtime else home / ".qwen"]
    return tuple(Place(root / kept, "Qwen Code") for root in roots for kept in ("projects", "tmp"))


QWEN_CODE = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b'"usageMetadata"', b'"tokens"'),
    line_cap=LINE_CAP,
    documents=("session-*.json",),
    places=places,
)
