"""DeepSeek Harness's sessions: a log of events, of which an answer's last one tells what its call used.

The same step first tells it in a chunk, which counts only where no answer follows. Counts are disjoint but for the
reasoning, which the output holds. A forked session begins with the events of its parent, and says how many: they are
the parent's calls. A log of another version than the one that is known here may mean something else and is not read.
A log has one header: what looks like another further down changes nothing of what the first one told.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.events import Event, Names, Parsed

NAME = "deepseek-harness"
LINE_CAP = 64 * 1024 * 1024
VERSION = 0
"""The version of the format that is known here."""
PROVIDERS = {"deepseek-official": "deepseek"}
"""Who bills what the harness sends through a route of this name; any other route stands for itself."""


class Session(msgspec.Struct):
    """What earlier lines told."""

    id: str = ""
    project: str = ""
    foreign: bool = False
    """Its log is of another version."""
    seed: int = 0
    """So many events were copied from its parent."""
    turn: int = 0
    provider: str = ""
    model: str = ""


def read(record: Record, scene: Scene[Session]) -> Parsed:
    """The call of an answer, or of a chunk that tells its usage; other events tell where the session stands."""
    kind, data = record.get("type"), fields.mapping(record.get("data"))
    if kind == "session" and not scene.memory.id:
        _meet(record, scene)
    elif scene.memory.foreign or (fields.harmless_count(record.get("seq")) or 0) < scene.memory.seed:
        return None
    elif kind == "turn/start":
        scene.memory.turn = fields.harmless_count(data.get("turn")) or scene.memory.turn
    elif kind == "request/header":
        _switch(fields.mapping(fields.mapping(data.get("header")).get("config")), scene)
    elif kind == "assistant/message":
        return _call(record, data, fields.mapping(data.get("usage")), scene)
    elif kind == "assistant/chunk":
        return _call(record, data, fields.mapping(fields.mapping(data.get("chunk")).get("usage")), scene, draft=True)
    return None


def _meet(header: Record, scene: Scene[Session]) -> None:
    memory = scene.memory
    memory.id = scene.clean(fields.harmless_string(header.get("id")))
    memory.project = scene.clean(fields.harmless_string(header.get("cwd")))
    memory.foreign = header.get("version") != VERSION
    memory.seed = fields.harmless_count(header.get("seedLength")) or 0 if header.get("parentSession") else 0


def _switch(config: Mapping[str, Any], scene: Scene[Session]) -> None:
    model = scene.clean(fields.harmless_string(config.get("model")))
    if model:
        scene.memory.model = model
        scene.memory.provider = _provider(config, scene)


def _provider(source: Mapping[str, Any], scene: Scene[Session]) -> str:
    route = scene.clean(fields.harmless_string(source.get("provider"))).lower()
    return PROVIDERS.get(route, route)


def _call(
    record: Record, data: Mapping[str, Any], usage: Mapping[str, Any], scene: Scene[Session], *, draft: bool = False
) -> Event | None:
    given, output, read, write = (
        fields.count(usage.get(field), f"usage.{field}")
        for field in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
    )
    if not (given or output or read or write):
        return None
    memory = scene.memory
    ts, untimed = scene.moment(record.get("time"), "time")
    turn = fields.harmless_count(data.get("turn"))
    step = fields.harmless_count(data.get("step")) or 0
    return Event(
        ts=ts,
        names=_names(fields.mapping(fields.mapping(data.get("message")).get("source")), scene),
        input=given or 0,
        output=output or 0,
        cache_read=read,
        cache_write_5m=write,
        reasoning=fields.harmless_count(usage.get("reasoningTokens")),
        id=f"{memory.id}:{memory.turn if turn is None else turn}:{step}" if memory.id else "",
        rewritten=bool(memory.id),
        replay=draft and bool(memory.id),
        session=memory.id,
        untimed=untimed,
    )


def _names(source: Mapping[str, Any], scene: Scene[Session]) -> Names:
    model = scene.clean(fields.harmless_string(source.get("model")))
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=_provider(source, scene) if model else scene.memory.provider,
        model=model or scene.memory.model,
        source_class="agent",
        project=scene.memory.project,
    )


def matches(record: Record) -> bool:
    """A header with its version and the time of its making, or a numbered event of a kind with a stroke."""
    kind = record.get("type")
    if kind == "session":
        return "version" in record and "createdAt" in record
    return isinstance(kind, str) and "/" in kind and "seq" in record and "time" in record


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """The sessions below `DSH_HOME`, else `~/.dsh`."""
    return (Place(Path(environment.get("DSH_HOME") or home / ".dsh") / "sessions", "DeepSeek Harness"),)


DEEPSEEK_HARNESS = Dialect(
    name=NAME,
    matches=matches,
    reader=remembering(Session, read, b'"usage"', b'"session"', b'"turn/start"', b'"request/header"'),
    line_cap=LINE_CAP,
    places=places,
)
