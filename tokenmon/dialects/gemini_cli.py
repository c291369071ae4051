"""Gemini CLI's recorded chats, in both shapes, and what a headless run prints at its end.

A chat is one document with all its messages, or lines after a header that names the session: the CLI turned from one
to the other, and copies the whole chat when it resumes an old one. After a change of the history all messages that
are left are written once more.

A headless run (`--output-format json` or `stream-json`) tells sums per model only. Each is one event marked as an
aggregate, known by session, model and time; without a time, by its place in the file. The same run's chat tells the
same calls one by one, so only one of the two should be watched.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.gemini_chats import call_of
from tokenmon.dialects.gemini_usage import Tokens, tokens_of, told
from tokenmon.dialects.plain import Scene, each_of, remembering
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "gemini-cli"
LINE_CAP = 64 * 1024 * 1024
ROLE = "gemini"
"""The `type` of a message by the model."""
FORKS_ROLE = "qwen"
"""The same in the documents of its fork."""

_NAMES = Names(dialect=NAME, integration=NAME, provider="google", source_class="agent")


class Chat(msgspec.Struct):
    """What earlier lines told."""

    session: str = ""


def read(record: Record, scene: Scene[Chat]) -> Parsed:
    """The call of a message, the calls of a whole chat, or the sums of a headless run."""
    changes = fields.mapping(record.get("$set"))
    _meet(record, changes, scene)
    if record.get("type") == ROLE:
        return _message(record, scene)
    for holder in (record, changes):
        if isinstance(holder.get("messages"), list):
            return each_of(lambda message: _message(message, scene), map(fields.mapping, holder["messages"]))
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
    return call_of(message, scene.memory.session, _NAMES, scene)


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
        names = _NAMES._replace(model=scene.clean(model))
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
    """Sums of one model: `json` tells all of them; `stream-json` leaves the thoughts to what is left of the total."""
    if isinstance(metrics.get("tokens"), dict):
        keys = ("prompt", "candidates", "cached", "thoughts", "tool", "total")
        return tokens_of(told(metrics["tokens"], keys, "tokens"), "tokens")
    counts = told(metrics, ("input_tokens", "output_tokens", "cached", "", "", "total_tokens"), "models")
    rest = (counts.total or 0) - (counts.prompt or 0)
    if counts.output is not None and rest > counts.output:
        counts = counts._replace(output=rest)
    return tokens_of(counts, "models")


# -- what the dialect is


def matches(record: Record) -> bool:
    """A header or document, a change of it, a message by the model, or a headless run's first or last line."""
    if "projectHash" in record and "sessionId" in record:
        return not of_fork(record)
    if "$set" in record or "$rewindTo" in record:
        return True
    kind = record.get("type")
    if kind == ROLE:
        return "id" in record or "tokens" in record
    if kind == "init":
        return "session_id" in record and "model" in record
    stats = fields.mapping(record.get("stats"))
    return isinstance(stats.get("models"), dict) and (kind == "result" or "response" in record)


def of_fork(record: Record) -> bool:
    """Whether this is a document of Qwen Code, which differs only in how it calls the model."""
    messages = record.get("messages")
    return isinstance(messages, list) and any(fields.mapping(each).get("type") == FORKS_ROLE for each in messages)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`GEMINI_DATA_DIR` as ccusage reads it (several, comma between them), else below `GEMINI_CLI_HOME` or home."""
    configured = listed(environment, "GEMINI_DATA_DIR")
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
