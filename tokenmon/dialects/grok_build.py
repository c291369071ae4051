"""Grok Build's updates: the line that ends a turn tells what all its model calls used, model by model.

Input holds the cache and output the reasoning. A turn holds what its sub-agents used, whose own sessions therefore
tell nothing; which sessions are theirs, the summary beside the updates says. The cost is what xAI charges, in
ticks; it is left out where Grok itself says that it is partial. A fork copies the updates under its own session and
stamps them anew, but leaves the agent's own time and the prompt's id: those are the call, and a copy gives way to it.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.fields import Invalid
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "grok-build"
LINE_CAP = 64 * 1024 * 1024
COPIED_MS = 60_000
"""A line stamped this long after the agent wrote it was copied."""
SESSIONS = "sessions"
"""The directory of the sessions, each in one that is named for its working directory."""
SUMMARY = "summary.json"
SUBAGENT = "subagent"
"""How the kinds of a sub-agent's session begin."""


class Session(msgspec.Struct):
    """What earlier lines told."""

    model: str = ""
    summed: bool | None = None
    """Another session's turns hold what this one used; None as long as there is no summary that would say so."""


class Tokens(NamedTuple):
    """What the calls of a turn used."""

    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None
    disagrees: bool


def read(record: Record, scene: Scene[Session]) -> Parsed:
    """The calls of a turn, one for each model; other updates may tell the model in use."""
    params = fields.mapping(record.get("params"))
    update = fields.mapping(params.get("update"))
    kind = update.get("sessionUpdate")
    if kind == "model_changed":
        scene.memory.model = _text(update.get("model_id"), scene) or scene.memory.model
    if kind != "turn_completed" or _is_summed(scene):
        return None
    usage = fields.mapping(update.get("usage"))
    told = [(_text(model, scene), fields.mapping(used)) for model, used in _by_model(usage)]
    rows = [(model, used, tokens) for model, used in told if (tokens := _tokens(used)) is not None]
    if not rows and (whole := _tokens(usage)) is not None:
        rows = [(told[0][0] if len(told) == 1 else "", usage, whole)]
    return tuple(_event(record, usage, model, used, tokens, scene) for model, used, tokens in rows) or None


def _is_one(calls: object) -> bool:
    """Whether it is the number; `True`, which equals it, is none."""
    return type(calls) is int and calls == 1


def _is_summed(scene: Scene[Session]) -> bool:
    """Whether the session is a sub-agent's."""
    if scene.memory.summed is None and (summary := scene.surroundings.beside(SUMMARY)) is not None:
        kind = fields.harmless_string(_object(summary).get("session_kind"))
        scene.memory.summed = (kind or "").startswith(SUBAGENT)
    return bool(scene.memory.summed)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        return fields.record_of(data)
    except Invalid:
        return {}


def _by_model(usage: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(fields.mapping(usage.get("modelUsage")).items())


def _event(
    record: Record, usage: Mapping[str, Any], model: str, used: Mapping[str, Any], tokens: Tokens, scene: Scene[Session]
) -> Event:
    params = fields.mapping(record.get("params"))
    told = fields.mapping(params.get("_meta")).get("agentTimestampMs")
    stamp = record.get("timestamp")
    ts, untimed = scene.moment(stamp if told is None else told, "timestamp")
    prompt = _text(fields.mapping(params.get("update")).get("prompt_id"), scene)
    names = _names(model or scene.memory.model or NAME, scene)
    return Event(
        ts=ts,
        names=names,
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write,
        reasoning=tokens.reasoning,
        cost_logged=None if _is_partial(usage) or _is_partial(used) else fields.cost_of_ticks(used.get("costUsdTicks")),
        id=f"{prompt}:{names.model}" if prompt else "",
        rewritten=bool(prompt),
        replay=bool(prompt) and told is not None and _is_late(stamp, ts),
        session=_text(params.get("sessionId"), scene) or scene.clean(PurePath(scene.surroundings.path).parent.name),
        assumed=not (model or scene.memory.model),
        basis=Basis.EXACT if _is_one(used.get("modelCalls")) else Basis.AGGREGATE,
        disagrees=tokens.disagrees,
        untimed=untimed,
    )


def _text(value: object, scene: Scene[Session]) -> str:
    return scene.clean(fields.harmless_string(value))


def _tokens(used: Mapping[str, Any]) -> Tokens | None:
    given, output, read, write = (
        fields.count(used.get(field), f"usage.{field}")
        for field in ("inputTokens", "outputTokens", "cachedReadTokens", "cacheCreationTokens")
    )
    if not (given or output or read or write):
        return None
    total = fields.harmless_count(used.get("totalTokens"))
    return Tokens(
        input=max((given or 0) - (read or 0) - (write or 0), 0),
        output=output or 0,
        cache_read=read,
        cache_write=write,
        reasoning=fields.harmless_count(used.get("reasoningTokens")),
        disagrees=bool(total) and total != (given or 0) + (output or 0),
    )


def _is_partial(used: Mapping[str, Any]) -> bool:
    """Whether Grok says that some calls are missing from the cost."""
    return used.get("costIsPartial") is True or used.get("usageIsIncomplete") is True


def _is_late(stamp: object, ts: int) -> bool:
    """Whether a line was stamped long after the agent's own time."""
    return (fields.harmless_moment(stamp) or 0) - ts > COPIED_MS


def _names(model: str, scene: Scene[Session]) -> Names:
    return Names(
        dialect=NAME,
        integration=NAME,
        provider="xai",
        model=model,
        source_class="agent",
        project=scene.clean(_project(scene.surroundings.path)),
    )


def _project(path: str) -> str:
    """The working directory, whose name with `%2F` for `/` Grok gives to the directory of its sessions."""
    parts = PurePath(path).parts[:-1]
    return unquote(parts[parts.index(SESSIONS) + 1]) if SESSIONS in parts[:-1] else ""


def matches(record: Record) -> bool:
    """A notification of the agent protocol about a session, as Grok stores it."""
    params = fields.mapping(record.get("params"))
    update = fields.mapping(params.get("update"))
    if "sessionUpdate" not in update:
        return False
    return "method" in record or "timestamp" in record or "sessionId" in params or "usage" in update


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """The sessions below `GROK_HOME`, else `~/.grok`."""
    return (Place(Path(environment.get("GROK_HOME") or home / ".grok") / SESSIONS, "Grok Build"),)


GROK_BUILD = Dialect(
    name=NAME,
    matches=matches,
    reader=remembering(Session, read, b'"turn_completed"', b'"model_changed"'),
    line_cap=LINE_CAP,
    places=places,
)
