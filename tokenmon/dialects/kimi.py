"""Kimi's `wire.jsonl`, of the old CLI and of the newer Kimi Code. The counts are disjoint in both.

The old CLI names no model; its default stands in and is marked as assumed. A fork copies the lines of its parent as
they are, so the session is no part of a call's identity: that is the response's id and its time. A parent's file
repeats what its subagents tell in their own files; it is read only where a subagent of the first versions has none.

Kimi Code tells the model in the request before the usage. Its usage has no id, and a fork or a new version writes the
whole file anew; what all copies share is when the agent was created, which agent it was and how many calls it made.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.events import Event, Names, Parsed

NAME = "kimi"
LINE_CAP = 64 * 1024 * 1024
ASSUMED_MODEL = "kimi-for-coding"
"""What the old CLI uses unless it is told another model."""
PROVIDER = "moonshotai"
PROVIDERS = {"": PROVIDER, "kimi": PROVIDER, "google_genai": "google", "openai-responses": "openai"}
"""Who bills, by Kimi Code's name of the API; the name itself where it is not here."""
OLD_KEYS = ("input_other", "output", "input_cache_read", "input_cache_creation")
KEYS = ("inputOther", "output", "inputCacheRead", "inputCacheCreation")


class Wire(msgspec.Struct):
    """What earlier lines of Kimi Code told."""

    created: str = ""
    """When the agent was created, as written; copies of the file keep it."""
    calls: int = 0
    """How many were read."""
    provider: str = ""
    """As the last request named it, like the following two."""
    model: str = ""
    alias: str = ""


class Whereabouts(msgspec.Struct):
    """What the path tells."""

    project: str = ""
    session: str = ""
    agent: str = ""


def read(record: Record, scene: Scene[Wire]) -> Parsed:
    """The call of a line, if it tells one."""
    kind = record.get("type")
    if kind == "usage.record":
        return _usage(record, scene)
    if kind == "llm.request":
        _request(record, scene)
    elif kind == "metadata":
        created = record.get("created_at")
        scene.memory.created = str(created) if fields.is_number(created) else ""
    else:
        return _status(record, fields.mapping(record.get("message")), scene)
    return None


# -- the old CLI


def _status(record: Record, message: Record, scene: Scene[Wire]) -> Event | None:
    payload = fields.mapping(message.get("payload"))
    if message.get("type") == "SubagentEvent" and not payload.get("agent_id"):
        return _status(record, fields.mapping(payload.get("event")), scene)
    if message.get("type") != "StatusUpdate":
        return None
    counts = _counts(payload.get("token_usage"), OLD_KEYS, "token_usage")
    if counts is None:
        return None
    names = Names(dialect=NAME, integration=NAME, provider=PROVIDER, model=ASSUMED_MODEL, source_class="agent")
    own = fields.harmless_string(payload.get("message_id"))
    return _event(counts, names, scene.clean(own), record.get("timestamp"), scene, assumed=True)


# -- Kimi Code


def _request(record: Record, scene: Scene[Wire]) -> None:
    at = scene.memory
    at.provider, at.model, at.alias = (
        scene.clean(fields.harmless_string(record.get(field))) for field in ("provider", "model", "modelAlias")
    )


def _usage(record: Record, scene: Scene[Wire]) -> Event | None:
    at, told = scene.memory, scene.clean(fields.harmless_string(record.get("model")))
    counts = _counts(record.get("usage"), KEYS, "usage")
    if counts is None:
        return None
    index, at.calls = at.calls, at.calls + 1
    of_request = told in ("", at.alias, at.model)
    model = (at.model if of_request else "") or told
    provider = at.provider.lower() if of_request else ""
    names = Names(
        dialect=NAME,
        integration=NAME,
        provider=PROVIDERS.get(provider, provider),
        model=model,
        requested_model=told if told != model else "",
        source_class="agent",
    )
    where = whereabouts(scene.surroundings.path)
    agent = scene.clean(fields.harmless_string(record.get("agentId"))) or where.agent
    root = at.created or where.session
    return _event(counts, names, f"{root}:{agent}:{index}" if root else "", record.get("time"), scene)


# -- both


def _counts(usage: Any, keys: tuple[str, ...], within: str) -> tuple[int | None, ...] | None:
    """Input, output, cache reads and writes; None where there is none of them."""
    found = tuple(fields.count(fields.mapping(usage).get(key), f"{within}.{key}") for key in keys)
    return found if any(count is not None for count in found) else None


def _event(
    counts: tuple[int | None, ...], names: Names, own: str, time: Any, scene: Scene[Wire], assumed: bool = False
) -> Event:
    billed_input, output, cache_read, cache_write = counts
    ts, untimed = scene.moment(time, "timestamp" if assumed else "time")
    where = whereabouts(scene.surroundings.path)
    return Event(
        ts=ts,
        names=names._replace(project=scene.clean(where.project)),
        input=billed_input or 0,
        output=output or 0,
        cache_read=cache_read,
        cache_write_5m=cache_write,
        id=own,
        session=scene.clean(where.session),
        assumed=assumed,
        untimed=untimed,
    )


def whereabouts(path: str) -> Whereabouts:
    """`sessions/PROJECT/SESSION/…`, then `agents/AGENT/…` or `subagents/AGENT/…`; empty where it is another."""
    parts = PurePath(path).parts
    if "sessions" not in parts[:-3]:
        return Whereabouts()
    project, session, *deeper = parts[parts.index("sessions") + 1 :]
    agent = deeper[1] if len(deeper) > 2 and deeper[0] in ("agents", "subagents") else ""
    return Whereabouts(_project(project), session, agent)


def _project(directory: str) -> str:
    """A working directory's name: `wd_NAME_HASH`; the old CLI keeps only a hash."""
    name, _, _ = directory.removeprefix("wd_").rpartition("_")
    return name if name and directory.startswith("wd_") else directory


# -- what the dialect is


def matches(record: Record) -> bool:
    """The first line of a wire, a message in the old envelope, or the newer lines about a call."""
    kind = record.get("type")
    if kind == "metadata":
        return "protocol_version" in record
    if kind == "usage.record":
        return "usage" in record
    if kind == "llm.request":
        return "model" in record
    message = fields.mapping(record.get("message"))
    return kind is None and "timestamp" in record and "payload" in message and "type" in message


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """Each of the two has its variable; `KIMI_DATA_DIR` (several, comma between them) is ccusage's for the old one."""
    old = listed(environment, "KIMI_DATA_DIR") or [Path(environment.get("KIMI_SHARE_DIR") or home / ".kimi")]
    new = [Path(environment.get("KIMI_CODE_HOME") or home / ".kimi-code")]
    return (
        *(Place(root / "sessions", "Kimi CLI") for root in old),
        *(Place(root / "sessions", "Kimi Code") for root in new),
    )


KIMI = Dialect(
    name=NAME,
    matches=matches,
    reader=remembering(Wire, read, b'"token_usage"', b'"usage.record"', b'"llm.request"', b'"protocol_version"'),
    line_cap=LINE_CAP,
    places=places,
)
