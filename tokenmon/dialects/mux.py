"""mux's chats, their archive, and the calls that it makes beside them (`headless-usage.jsonl`).

A message tells what all its steps used, in the AI SDK's words: input holds the cache and output the reasoning. Rows of
older versions may leave out either, which shows where the part is larger than the whole. Cache writes and the exact
cost stand in what the provider told beside it. Calls by tools, and those of models that refused before another
answered, are told apart and are calls of their own.

mux rewrites a chat whenever a message ends, moves old messages into an archive and copies whole chats into forks and
below the parents of sub-agents; a message keeps its id everywhere, and so is known by it alone.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.plain import Nothing, Scene, alone, each_of
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "mux"
LINE_CAP = 64 * 1024 * 1024
COUNTS = ("inputTokens", "outputTokens")


class Call(NamedTuple):
    """What is told of a call, wherever it stands."""

    id: str
    """Empty where there is none."""
    time: object
    told: Mapping[str, Any]
    """Its model, usage, and what the provider told."""


class Tokens(NamedTuple):
    """What a call used."""

    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The calls of an assistant's message, or one made beside the chat."""
    if "metadata" not in record:
        return _event(Call("", record.get("timestamp"), record), scene)
    if record.get("role") != "assistant":
        return None
    return each_of(lambda call: _event(call, scene), _calls(record, scene))


def _calls(record: Record, scene: Scene[Nothing]) -> list[Call]:
    """The message's own call and those that tools made while it was written."""
    metadata = fields.mapping(record.get("metadata"))
    own = scene.clean(fields.harmless_string(record.get("id")))
    time = metadata.get("timestamp", record.get("createdAt"))
    tools = metadata.get("toolModelUsages")
    return [Call(own, time, metadata)] + [
        Call(f"{own}:{number}" if own else "", told.get("timestamp", time), told)
        for number, told in enumerate(map(fields.mapping, tools if isinstance(tools, list) else ()))
    ]


def _event(call: Call, scene: Scene[Nothing]) -> Event | None:
    told = call.told
    usage, beside = fields.mapping(told.get("usage")), fields.mapping(told.get("providerMetadata"))
    tokens = _tokens(usage, beside)
    if tokens is None:
        return None
    ts, untimed = scene.moment(call.time, "timestamp")
    last = fields.mapping(told.get("contextUsage"))
    error = fields.error_text(fields.harmless_string(told.get("error")))
    return Event(
        ts=ts,
        names=_names(told, scene),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write,
        reasoning=tokens.reasoning,
        cost_logged=fields.cost_of_ticks(fields.mapping(beside.get("xai")).get("costInUsdTicks")),
        id=call.id,
        rewritten=bool(call.id),
        session=scene.clean(PurePath(scene.surroundings.path).parent.name),
        failed=bool(error),
        error=error,
        latency_ms=fields.harmless_duration(told.get("duration")),
        ttft_ms=fields.harmless_duration(told.get("ttftMs")),
        basis=Basis.AGGREGATE if last and last != usage else Basis.EXACT,
        untimed=untimed,
    )


def _tokens(usage: Mapping[str, Any], beside: Mapping[str, Any]) -> Tokens | None:
    given, output, read, reasoning = (
        fields.count(usage.get(field), f"usage.{field}") for field in (*COUNTS, "cachedInputTokens", "reasoningTokens")
    )
    write = fields.count(
        fields.mapping(beside.get("anthropic")).get("cacheCreationInputTokens"),
        "providerMetadata.anthropic.cacheCreationInputTokens",
    )
    if not (given or output or read or write):
        return None
    cached = (read or 0) + (write or 0)
    apart = (reasoning or 0) > (output or 0)
    return Tokens(
        input=(given or 0) - cached if (given or 0) >= cached else given or 0,
        output=fields.together(output, reasoning, "usage.outputTokens") if apart else output or 0,
        cache_read=read,
        cache_write=write,
        reasoning=reasoning,
    )


def _names(told: Mapping[str, Any], scene: Scene[Nothing]) -> Names:
    """mux writes `provider:model`."""
    provider, colon, model = (fields.harmless_string(told.get("model")) or "").partition(":")
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=scene.clean(provider).lower() if colon else "",
        model=scene.clean(model if colon else provider),
        source_class="agent",
    )


def matches(record: Record) -> bool:
    """A message with its parts and place in the history, or a call beside the chat that says where it came from."""
    metadata = fields.mapping(record.get("metadata"))
    if isinstance(record.get("parts"), list) and "role" in record:
        return "historySequence" in metadata or any(field in fields.mapping(metadata.get("usage")) for field in COUNTS)
    usage = fields.mapping(record.get("usage"))
    return "source" in record and "model" in record and any(field in usage for field in COUNTS)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """The sessions below `XUM_ROOT` or its older name `MUX_ROOT`, else below all homes that mux has had."""
    root = environment.get("XUM_ROOT") or environment.get("MUX_ROOT")
    roots = [Path(root)] if root else [home / name for name in (".mux", ".xum", ".cmux")]
    return tuple(Place(path / "sessions", "mux") for path in roots)


MUX = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b'"usage"', b'"toolModelUsages"'),
    line_cap=LINE_CAP,
    places=places,
)
