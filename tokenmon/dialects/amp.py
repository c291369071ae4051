"""Amp's threads: one document each, whose ledger tells every call; what of it was cached, the message made by it tells.

Newer threads have no ledger, and a message's own usage is the call. In a thread begun before that and continued after,
a message later than the whole ledger is a call too. A call is known by the message that it made, whichever of the two
tells of it, because the ledger may be written after the message.

Counts are disjoint. Amp bills in credits of its own, which are no dollars, so that only list prices apply.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from urllib.parse import unquote

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.fields import Invalid
from tokenmon.dialects.plain import Nothing, Scene, alone, each_of
from tokenmon.events import Event, Names, Parsed

NAME = "amp"
WHO_BILLS = (("claude", "anthropic"), ("gpt", "openai"), ("o3", "openai"), ("gemini", "google"), ("grok", "x-ai"))
"""Whose models Amp uses, by the beginning of their names; a thread does not say who serves them."""
FILE = "file://"


class Told(NamedTuple):
    """What is told of one call, as it is written."""

    own: str
    """Which call of the thread it is."""
    time: Any
    model: Any
    input: Any
    output: Any
    cache_read: Any
    cache_write: Any
    whole_input: Any
    """All input of the call, where its message tells that."""
    total: Any


def read(thread: Record, scene: Scene[Nothing]) -> Parsed:
    """All calls of a thread."""
    names = Names(dialect=NAME, integration=NAME, source_class="agent", project=scene.clean(_project(thread)))
    session = scene.clean(fields.harmless_string(thread.get("id")) or PurePath(scene.surroundings.path).stem)
    return each_of(lambda call: _event(call, thread.get("created"), names, session, scene), _calls(thread))


def _calls(thread: Record) -> Iterator[Told]:
    ledger = [fields.mapping(entry) for entry in _list(fields.mapping(thread.get("usageLedger")).get("events"))]
    usages = dict(_usages(_list(thread.get("messages"))))
    yield from _of_ledger(ledger, usages)
    named = {_text(entry.get("toMessageId")) for entry in ledger}
    newest = max((_instant(entry.get("timestamp")) for entry in ledger), default=None)
    for own, usage in usages.items():
        if newest is None or (own not in named and _instant(usage.get("timestamp")) > newest):
            yield _of_message(own, usage)


def _usages(messages: list[Any]) -> Iterator[tuple[str, Record]]:
    """The usage of each answer, by its id, else by its time, else by its place in the thread."""
    for index, message in enumerate(map(fields.mapping, messages)):
        usage = message.get("usage")
        if message.get("role") == "assistant" and isinstance(usage, dict):
            time = usage.get("timestamp") or message.get("timestamp")
            model = usage.get("model") or message.get("model")
            own = _text(message.get("messageId")) or _text(time) or f"#{index}"
            yield own, usage | {"timestamp": time, "model": model}


def _of_ledger(ledger: list[Record], usages: Mapping[str, Record]) -> Iterator[Told]:
    made: dict[str, int] = {}
    for index, entry in enumerate(ledger):
        message, tokens = _text(entry.get("toMessageId")), fields.mapping(entry.get("tokens"))
        own, earlier = message or _text(entry.get("id")) or f"#{index}", made.get(message, 0)
        made[message] = earlier + 1
        # Several calls may have made one message; what was cached is told once, so it is the first one's.
        usage = usages.get(message, {}) if message and not earlier else {}
        yield Told(
            f"{own}:{earlier}" if message and earlier else own,
            entry.get("timestamp") or usage.get("timestamp"),
            entry.get("model") or usage.get("model"),
            tokens.get("input"),
            tokens.get("output"),
            tokens.get("cacheReadInputTokens", usage.get("cacheReadInputTokens")),
            tokens.get("cacheCreationInputTokens", usage.get("cacheCreationInputTokens")),
            usage.get("totalInputTokens"),
            tokens.get("total"),
        )


def _of_message(own: str, usage: Record) -> Told:
    return Told(
        own,
        usage.get("timestamp"),
        usage.get("model"),
        usage.get("inputTokens"),
        usage.get("outputTokens"),
        usage.get("cacheReadInputTokens"),
        usage.get("cacheCreationInputTokens"),
        None,
        usage.get("totalTokens"),
    )


def _event(call: Told, created: Any, names: Names, session: str, scene: Scene[Nothing]) -> Event | None:
    given, output = fields.count(call.input, "input"), fields.count(call.output, "output")
    cache_read, cache_write = fields.count(call.cache_read, "cache read"), fields.count(call.cache_write, "cache write")
    if given is None and output is None and cache_read is None and cache_write is None:
        return None
    cached = (cache_read or 0) + (cache_write or 0)
    includes_cache = cached > 0 and given == fields.harmless_count(call.whole_input)
    billed = (given or 0) - cached if includes_cache else given or 0
    ts, untimed = scene.moment(created if call.time is None else call.time, "timestamp")
    total = fields.harmless_count(call.total)
    model = scene.clean(fields.harmless_string(call.model))
    return Event(
        ts=ts,
        names=names._replace(model=model, provider=_provider(model)),
        input=max(billed, 0),
        output=output or 0,
        cache_read=cache_read,
        cache_write_5m=cache_write,
        id=f"{session}:{scene.clean(call.own)}",
        rewritten=True,
        session=session,
        disagrees=bool(total) and total not in ((given or 0) + (output or 0), billed + (output or 0) + cached),
        untimed=untimed or call.time is None,
    )


def _provider(model: str) -> str:
    lower = model.lower()
    return next((provider for beginning, provider in WHO_BILLS if lower.startswith(beginning)), "")


def _project(thread: Record) -> str:
    """The first directory of the workspace."""
    trees = _list(fields.mapping(fields.mapping(thread.get("env")).get("initial")).get("trees"))
    place = fields.harmless_string(fields.mapping(trees[0]).get("uri")) if trees else None
    return unquote(place.removeprefix(FILE)) if place and place.startswith(FILE) else place or ""


# -- careful reading


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """An id, which may be a number; empty where it is neither."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _instant(value: Any) -> float:
    """A time to compare with others; before all of them where there is none."""
    try:
        return fields.moment(value, "timestamp").timestamp()
    except Invalid:
        return 0.0


# -- what the dialect is


def matches(record: Record) -> bool:
    """A thread: it has a ledger, or its id says so."""
    own = record.get("id")
    if not isinstance(own, str):
        return False
    return "usageLedger" in record or (own.startswith("T-") and isinstance(record.get("messages"), list))


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`AMP_DATA_DIR` as ccusage reads it (several, comma between them), else the user's data directory."""
    configured = listed(environment, "AMP_DATA_DIR")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    return tuple(Place(root / "threads", "Amp") for root in configured or [data / "amp"])


AMP = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b'"usageLedger"', b'"usage"'),
    line_cap=64 * 1024 * 1024,
    documents=("T-*.json",),
    places=places,
)
