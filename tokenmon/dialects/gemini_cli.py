"""Gemini CLI's recorded chats, in both shapes, and what a headless run prints at its end.

A chat is one document with all its messages, or lines after a header that names the session: the CLI turned from one
to the other and copies the whole chat when it resumes an old one. A message is written again whenever something of it
changes, so its id within its session is the call.

`input` is the prompt with the cache in it, as the API counts it; a rewriter's log that counts the cache apart shows in
its total. Thoughts stand beside the output and are billed as output, prompts of tools beside the input.

A headless run (`--output-format json` or `stream-json`) tells sums per model only. Each is one event marked as an
aggregate, known by session, model and time; without a time, by its place in the file. The same run's chat tells the
same calls one by one, so only one of the two should be watched.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.plain import Scene, each_valid, remembering
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "gemini-cli"
LINE_CAP = 64 * 1024 * 1024
ROLE = "gemini"
"""The `type` of a message by the model."""


class Chat(msgspec.Struct):
    """What earlier lines told."""

    session: str = ""


class Counts(NamedTuple):
    """What the CLI tells of a call, or of all calls to a model."""

    prompt: int | None
    output: int | None
    cached: int | None
    thoughts: int | None
    tool: int | None
    total: int | None


class Tokens(NamedTuple):
    """The disjoint counts of an event."""

    input: int
    output: int
    cache_read: int | None
    reasoning: int | None
    disagrees: bool


# -- chats


def read(record: Record, scene: Scene[Chat]) -> Parsed:
    """The call of a message, the calls of a whole chat, or the sums of a headless run."""
    changes = fields.mapping(record.get("$set"))
    _meet(record, changes, scene)
    if record.get("type") == ROLE:
        return _message(record, scene)
    for holder in (record, changes):
        if isinstance(holder.get("messages"), list):
            return each_valid(lambda message: _message(message, scene), holder["messages"])
    if "stats" in record:
        return _run(record, fields.mapping(record["stats"]), scene)
    return None


def _meet(record: Record, changes: Record, scene: Scene[Chat]) -> None:
    """Remember the session that a header, a document, a change of either, or a stream's first line names."""
    for named in (changes.get("sessionId"), record.get("sessionId"), record.get("session_id")):
        if isinstance(named, str) and named.strip():
            scene.memory.session = scene.clean(named)
            return


def _message(message: Record, scene: Scene[Chat]) -> Event | None:
    if message.get("type") != ROLE:
        return None
    tokens = _tokens(
        _counts(fields.mapping(message.get("tokens")), ("input", "output", "cached", "thoughts", "tool", "total"))
    )
    if tokens is None:
        return None
    ts, untimed = scene.moment(message.get("timestamp"), "timestamp")
    session, own = scene.memory.session, scene.clean(fields.harmless_string(message.get("id")))
    return Event(
        ts=ts,
        names=_names(message.get("model"), scene),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        reasoning=tokens.reasoning,
        id=f"{session}:{own}" if own else "",
        rewritten=bool(own),
        session=session,
        disagrees=tokens.disagrees,
        untimed=untimed,
    )


def _names(model: object, scene: Scene[Chat]) -> Names:
    return Names(
        dialect=NAME,
        integration=NAME,
        provider="google",
        model=scene.clean(fields.harmless_string(model)),
        source_class="agent",
        project=scene.clean(_project(scene.surroundings.path)),
    )


def _project(path: str) -> str:
    """The directory that the CLI made for the project: `tmp/PROJECT/chats/…`; a chat names only a hash of it."""
    parts = PurePath(path).parts[:-1]
    return parts[parts.index("chats") - 1] if "chats" in parts[1:] else ""


# -- headless runs


def _run(record: Record, stats: Mapping[str, Any], scene: Scene[Chat]) -> Parsed:
    """What a run used of each model."""
    ts, untimed = scene.moment(record.get("timestamp"), "timestamp")
    session = scene.memory.session
    events: list[Event] = []
    for model, metrics in fields.mapping(stats.get("models")).items():
        tokens = _sums(fields.mapping(metrics))
        if tokens is None or not (tokens.input or tokens.output or tokens.cache_read):
            continue
        names = _names(model, scene)
        events.append(
            Event(
                ts=ts,
                names=names,
                input=tokens.input,
                output=tokens.output,
                cache_read=tokens.cache_read,
                reasoning=tokens.reasoning,
                id="" if untimed or not session else f"{session}:{names.model}",
                session=session,
                basis=Basis.AGGREGATE,
                disagrees=tokens.disagrees,
                untimed=untimed,
            )
        )
    return tuple(events) or None


def _sums(metrics: Mapping[str, Any]) -> Tokens | None:
    """Sums of one model: `json` tells all, `stream-json` lumps thoughts and tools into its total."""
    if isinstance(metrics.get("tokens"), dict):
        return _tokens(_counts(metrics["tokens"], ("prompt", "candidates", "cached", "thoughts", "tool", "total")))
    told = _counts(metrics, ("input_tokens", "output_tokens", "cached", "", "", "total_tokens"))
    rest = (told.total or 0) - (told.prompt or 0) - (told.output or 0)
    return _tokens(told._replace(output=told.output + rest if told.output is not None and rest > 0 else told.output))


# -- counts


def _counts(counts: Mapping[str, Any], keys: tuple[str, ...]) -> Counts:
    return Counts(*(fields.count(counts.get(key), f"tokens.{key}") for key in keys))


def _tokens(told: Counts) -> Tokens | None:
    """The disjoint counts; None where nothing is told."""
    if not any(count is not None for count in told):
        return None
    prompt, output, cached, thoughts, tool, total = (count or 0 for count in told)
    inside = prompt + output + thoughts + tool
    apart = cached > 0 and total == inside + cached
    uncached = prompt if apart else max(prompt - cached, 0)
    return Tokens(
        input=fields.count(uncached + tool, "tokens.input") or 0,
        output=fields.count(output + thoughts, "tokens.output") or 0,
        cache_read=told.cached,
        reasoning=told.thoughts,
        disagrees=total > 0 and not apart and total != inside,
    )


# -- what the dialect is


def matches(record: Record) -> bool:
    """A header or document, a change of it, a message by the model, or a headless run's first or last line."""
    if "projectHash" in record and "sessionId" in record:
        return True
    if "$set" in record or "$rewindTo" in record:
        return True
    kind = record.get("type")
    if kind == ROLE:
        return "id" in record or "tokens" in record
    if kind == "init":
        return "session_id" in record and "model" in record
    stats = fields.mapping(record.get("stats"))
    return isinstance(stats.get("models"), dict) and (kind == "result" or "response" in record)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`GEMINI_DATA_DIR` as ccusage reads it (several, comma between them), else below `GEMINI_CLI_HOME` or home."""
    configured = [Path(part.strip()) for part in environment.get("GEMINI_DATA_DIR", "").split(",") if part.strip()]
    roots = configured or [Path(environment.get("GEMINI_CLI_HOME") or home) / ".gemini" / "tmp"]
    return tuple(Place(root, "Gemini CLI") for root in roots)


GEMINI_CLI = Dialect(
    name=NAME,
    matches=matches,
    reader=remembering(Chat, read, b'"tokens"', b'"stats"', b'"sessionId"', b'"session_id"'),
    line_cap=LINE_CAP,
    documents=("session-*.json",),
    places=places,
)
