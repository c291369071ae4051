"""Sessions of pi, and of oh-my-pi and OpenClaw, which keep theirs with pi's session manager.

One dialect for the three: their headers and messages are the same to the letter, and the first line decides for a
file, so nothing in it could tell whose it is. Who wrote it is the integration, by the directory that each has to
itself, else by what OpenClaw alone notes about its models.

Counts are disjoint. A fork, a branch, an archive or a checkpoint copies lines unchanged below another header, so the
session is no part of a call's identity: that is when it was made, what it used, and the id of its answer, else of its
line. A line older than the session that it is in was copied there and gives way to the call itself, so that the call
stays with the session that made it. So does a line without ids: the first version of the format has none, and gets
them when an old session is opened again.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.events import Event, Names, Parsed

NAME = "pi"
LINE_CAP = 64 * 1024 * 1024
OPENCLAW = "openclaw"
WRITERS = {
    ".omp": "oh-my-pi",
    ".openclaw": OPENCLAW,
    ".clawdbot": OPENCLAW,
    ".moltbot": OPENCLAW,
    ".moldbot": OPENCLAW,
}
"""Who writes below a directory of this name."""
SNAPSHOT = "model-snapshot"
"""What OpenClaw notes when a model takes over."""
COUNTS = ("input", "output", "cacheRead", "cacheWrite")


class Session(msgspec.Struct):
    """What earlier lines told."""

    id: str = ""
    began: int = 0
    """When it began, UTC milliseconds; 0 where that is not told."""
    project: str = ""
    provider: str = ""
    model: str = ""
    """The model in use, for messages that do not name theirs."""
    writer: str = ""
    """Who wrote the file, where a line tells it."""


class Tokens(NamedTuple):
    """What a call used."""

    input: int
    output: int
    cache_read: int | None
    cache_write_5m: int | None
    cache_write_1h: int | None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(count or 0 for count in self)


def read(record: Record, scene: Scene[Session]) -> Parsed:
    """The call of an assistant's message; other lines tell whose session it is and which model is in use."""
    kind, message = record.get("type"), fields.mapping(record.get("message"))
    if kind == "message":
        return _call(record, message, scene) if message.get("role") == "assistant" else None
    if kind == "session":
        _meet(record, scene)
    elif kind == "model_change":
        _switch(record, scene)
    elif kind == "custom" and record.get("customType") == SNAPSHOT:
        scene.memory.writer = OPENCLAW
        _switch(fields.mapping(record.get("data")), scene)
    return None


def _meet(header: Record, scene: Scene[Session]) -> None:
    scene.memory.id = scene.clean(fields.harmless_string(header.get("id")))
    scene.memory.project = scene.clean(fields.harmless_string(header.get("cwd")))
    scene.memory.began = fields.harmless_moment(header.get("timestamp")) or 0
    _switch(header, scene)


def _switch(change: Record, scene: Scene[Session]) -> None:
    """Remember the model in use: two fields, or oh-my-pi's `provider/model` for one of several roles."""
    provider, model = (fields.harmless_string(change.get(field)) for field in ("provider", "modelId"))
    both = fields.harmless_string(change.get("model"))
    if not model and both and change.get("role") in (None, "default"):
        provider, _, model = both.partition("/")
    if model:
        scene.memory.provider, scene.memory.model = scene.clean(provider).lower(), scene.clean(model)


def _call(record: Record, message: Record, scene: Scene[Session]) -> Event | None:
    usage = fields.mapping(message.get("usage"))
    tokens = _tokens(usage)
    if tokens is None or message.get("provider") == OPENCLAW:  # its copy of what it sent to a chat: no model was asked
        return None
    failed = message.get("stopReason") == "error"
    if not tokens.total and not failed:
        return None
    told = record.get("timestamp")
    ts, untimed = scene.moment(message.get("timestamp") if told is None else told, "timestamp")
    answer = _text(message.get("responseId"), scene)
    own = answer or _text(record.get("id"), scene)
    known = bool(own) or not untimed
    return Event(
        ts=ts,
        names=_names(message, scene),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write_5m,
        cache_write_1h=tokens.cache_write_1h,
        reasoning=fields.harmless_count(usage.get("reasoningTokens")),
        cost_logged=fields.logged_cost(fields.mapping(usage.get("cost")).get("total")),
        web_searches=fields.harmless_count(fields.mapping(usage.get("server")).get("webSearch")) or 0,
        id=_identity(None if untimed else ts, tokens) if known else "",
        attempt=own,
        rewritten=known,
        replay=known and (not own or ts < scene.memory.began),
        session=scene.memory.id,
        request_id=answer,
        status=fields.harmless_status(message.get("errorStatus")),
        failed=failed,
        error=fields.error_text(fields.harmless_string(message.get("errorMessage"))) if failed else "",
        latency_ms=fields.harmless_duration(message.get("duration")),
        ttft_ms=fields.harmless_duration(message.get("ttft")),
        disagrees=_disagrees(usage, tokens),
        untimed=untimed,
    )


def _identity(ts: int | None, tokens: Tokens) -> str:
    """When a call was made and what it used: the same in all copies, with and without ids, whatever stands before."""
    return ":".join(map(str, (ts, *tokens)))


def _text(value: object, scene: Scene[Session]) -> str:
    return scene.clean(fields.harmless_string(value))


def _tokens(usage: Mapping[str, Any]) -> Tokens | None:
    """The counts of a usage object, the ones of a provider's own orchestration included, as they are billed, too."""
    given, read, write = (
        fields.count(usage.get(field), f"usage.{field}") for field in ("input", "cacheRead", "cacheWrite")
    )
    output = fields.count(usage.get("output"), "usage.output")
    if given is None and output is None and read is None and write is None:
        return None
    beside = fields.mapping(usage.get("orchestration"))
    more, more_read, more_output = (
        fields.count(beside.get(field), f"usage.orchestration.{field}") or 0
        for field in ("input", "cacheRead", "output")
    )
    hour = min(fields.harmless_count(fields.mapping(usage.get("cttl")).get("ephemeral1h")) or 0, write or 0)
    return Tokens(
        input=fields.together(given, more, "usage.input"),
        output=fields.together(output, more_output, "usage.output"),
        cache_read=None if read is None and not more_read else fields.together(read, more_read, "usage.cacheRead"),
        cache_write_5m=None if write is None else write - hour,
        cache_write_1h=hour or None,
    )


def _disagrees(usage: Mapping[str, Any], tokens: Tokens) -> bool:
    total = fields.harmless_count(usage.get("totalTokens"))
    return bool(total) and total != tokens.total


def _names(message: Record, scene: Scene[Session]) -> Names:
    model = _text(message.get("model"), scene)
    return Names(
        dialect=NAME,
        integration=_writer(scene),
        provider=_text(message.get("provider"), scene).lower() or scene.memory.provider,
        model=model or scene.memory.model,
        source_class="agent",
        project=scene.memory.project,
    )


def _writer(scene: Scene[Session]) -> str:
    """Who wrote the file: the innermost directory that one of them has to itself, else what a line told."""
    parts = reversed(PurePath(scene.surroundings.path).parts)
    return next((WRITERS[part] for part in parts if part in WRITERS), scene.memory.writer or NAME)


def matches(record: Record) -> bool:
    """A header, a change of the model, or an assistant's message with a usage that is spelt as nobody else's."""
    kind = record.get("type")
    if kind == "session":
        return "cwd" in record and "timestamp" in record
    if kind == "model_change":
        return "modelId" in record or "model" in record
    if kind == "custom":
        return record.get("customType") == SNAPSHOT
    message = fields.mapping(record.get("message"))
    usage = fields.mapping(message.get("usage"))
    return kind == "message" and message.get("role") == "assistant" and any(field in usage for field in COUNTS)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """The agents' directories as their variables name them, else below home; all that OpenClaw has ever had."""
    own = environment.get("PI_CODING_AGENT_DIR", "")
    other = environment.get("OMP_CODING_AGENT_DIR", "")
    state = environment.get("OPENCLAW_STATE_DIR", "") or environment.get("CLAWDBOT_STATE_DIR", "")
    claws = [Path(state)] if state else [home / name for name, writer in WRITERS.items() if writer == OPENCLAW]
    return (
        Place((Path(own) if own else home / ".pi" / "agent") / "sessions", "pi"),
        Place((Path(other) if other else home / ".omp" / "agent") / "sessions", "oh-my-pi"),
        *(Place(claw / "agents", "OpenClaw") for claw in claws),
    )


PI = Dialect(
    name=NAME,
    matches=matches,
    reader=remembering(Session, read, b'"usage"', b'"session"', b'"model_change"', b'"model-snapshot"'),
    line_cap=LINE_CAP,
    places=places,
)
