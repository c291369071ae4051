"""OTLP-JSON: what the OpenTelemetry collector's `file` exporter writes, one export batch of any number of calls a line.

What counts. A span counts if it is one model call (`gen_ai.is_call`) and tells input or output; spans of agents, tools
and workflows sum up their children and do not. A log record counts if it is an inference event of the GenAI
conventions, or a request of Claude Code's or Gemini CLI's own telemetry. Metrics know no single call and never count.

Identity. Exporters retry, collectors fan out, and two instrumentations around one another both write the call, so
every event is `rewritten`: its id is the trace with `gen_ai.response.id`, else the trace with the span. The id of the
response is not enough alone, because local servers draw theirs from a few hundred. Of several spans of one response
the leaf is kept: the one that says it left the process (kind CLIENT), before those around it and before log records,
which are `replay`. Where Gemini CLI and Copilot Chat write an inference event, they write the same call another way
beside it, which tells more: their inference events do not count.

Input. The conventions say that the input includes the cache; several instrumentations for Anthropic left it out. A
call whose cache is larger than its input proves that its instrumentation leaves it out, and that is remembered for
the (service, scope, version) in the rest of the source. Calls before the first proof are read by the convention.

Claude Code's telemetry knows the request id of a call, its transcripts know that and the message id. So what it tells
is an echo: it gives way to a transcript that tells the same request, and counts where there is none. Gemini CLI's
telemetry and its chats share no id of a call, only the session, and their times are not the same; two calls of equal
counts in a session are no rarity, so that the one cannot be found for the other, and both count ("told twice").
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from tokenmon.dialects import fields, gen_ai
from tokenmon.dialects.base import Dialect, Record
from tokenmon.dialects.claude_code import NAME as CLAUDE_CODE
from tokenmon.dialects.fields import EARLIEST, LATEST, Invalid
from tokenmon.dialects.gemini_cli import NAME as GEMINI_CLI
from tokenmon.dialects.gen_ai import Attributes, Counts
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.events import Event, Names, Parsed, Reject
from tokenmon.text import hide_secrets

NAME = "otlp"
LINE_CAP = 64 * 1024 * 1024
"""A batch holds hundreds of spans with their prompts, bytes."""
DIGITS = 30
"""Digits of an instant that are read; with more it is out of time anyway."""
NEVER = 10**DIGITS
REMEMBERED = 256
"""Instrumentations whose input is known to leave the cache out, at most."""
LONGEST_NAME = 256
"""Characters of an attribute's name; one that is longer is none of those read here.

Names of objects stand before the names of all that is in them, so that a line could otherwise grow without end.
"""
CLIENT = (3, "3", "SPAN_KIND_CLIENT")
FAILED = (2, "2", "STATUS_CODE_ERROR")
INFERENCE = "gen_ai.client.inference.operation.details"
TOLD_TWICE = (GEMINI_CLI, "copilot-chat")
"""Services that write every inference event beside another record of the same call."""
COPILOT = ("copilot-chat", "github-copilot")
CLAUDE = "claude_code."
GEMINI = "gemini_cli."
CLAUDE_SPAN = "claude_code.llm_request"
SIGNALS = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "resourceMetrics", "resource_metrics")
WORDS = (b"ai.usage", b"llm.usage", b"token_count", b"input_tokens", b"api_error")
"""One of them is in every batch that has a call."""
METRICS = (b'{"resourceMetrics"', b'{"resource_metrics"')


class Verdicts(msgspec.Struct):
    """What the source has told about its instrumentations."""

    exclusive: list[str] = []
    """Those whose input leaves the cache out, as service, scope and version."""


class Origin(msgspec.Struct, frozen=True):
    """Who wrote a span or a log record."""

    service: str
    scope: str
    version: str

    @property
    def key(self) -> str:
        """As it is remembered: a hash, since what is remembered is stored, and anything may stand in a name."""
        names = "\0".join((self.service, self.scope, self.version))
        return blake2b(names.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


OtlpScene = Scene[Verdicts]


def read(record: Record, scene: OtlpScene) -> Parsed:
    """The calls of a batch. One that is wrong costs itself; the first of them says why the line is not whole."""
    found: list[Event | Reject] = []
    wrong: list[Reject] = []
    for reading, parts in ((_span_events, _spans(record)), (_log_events, _logs(record))):
        for origin, part in parts:
            try:
                found.extend(reading(part, origin, scene))
            except Invalid as reason:
                wrong.append(Reject(str(reason)))
    if not found:
        return wrong[0] if wrong else None
    return (*found, *wrong[:1])


# -- spans


def _span_events(span: Record, origin: Origin, scene: OtlpScene) -> Iterator[Event]:
    attributes = _attributes(span)
    if span.get("name") == CLAUDE_SPAN:
        if _told(attributes, "request_id"):  # without it, it cannot be told from the log record of the same request
            yield from _claude_request(span, attributes, origin, scene, is_log=False)
        return
    counts = gen_ai.counts(attributes) if gen_ai.is_call(attributes) else None
    if counts is None:
        return
    start, end = _nanoseconds(span, "startTimeUnixNano"), _nanoseconds(span, "endTimeUnixNano")
    condition = fields.mapping(span.get("status"))
    failed = condition.get("code") in FAILED
    said = fields.error_text(fields.harmless_string(condition.get("message"))) if failed else ""
    yield _generic(
        attributes,
        counts,
        origin,
        scene,
        moment=end or start,
        call=_identity(span, attributes),
        replay=span.get("kind") not in CLIENT,
        latency_ms=gen_ai.duration((end - start) / 1_000_000) if start and end else None,
        failed=failed,
        error=said or gen_ai.error(attributes),
    )


def _identity(record: Record, attributes: Attributes) -> str:
    """The trace with the id of the response, else with the span; empty where there is neither."""
    trace, span = _id(record, "traceId"), _id(record, "spanId")
    response = gen_ai.word(attributes, gen_ai.RESPONSE_ID)
    if response:
        return f"{trace}\0{response}"
    return f"{trace}:{span}" if trace and span else ""


def _generic(
    attributes: Attributes,
    counts: Counts,
    origin: Origin,
    scene: OtlpScene,
    *,
    moment: int,
    call: str,
    replay: bool,
    latency_ms: int | None,
    failed: bool,
    error: str,
) -> Event:
    """A call that follows the conventions."""
    ts, untimed = _time(moment, scene)
    service = scene.clean(origin.service)
    names = gen_ai.names(
        attributes,
        scene.clean,
        dialect=NAME,
        integration=service or NAME,
        project=service,
        kind="agent" if origin.service in COPILOT else "apikey",
    )
    return Event(
        ts=ts,
        untimed=untimed,
        names=names,
        input=_uncached(counts, origin, scene.memory),
        output=counts.output,
        cache_read=counts.cache_read,
        cache_write_5m=counts.cache_write,
        reasoning=counts.reasoning,
        cost_logged=gen_ai.cost(attributes),
        id=call,
        rewritten=bool(call),
        replay=replay and bool(call),
        session=scene.clean(gen_ai.word(attributes, gen_ai.SESSION)),
        request_id=scene.clean(gen_ai.word(attributes, gen_ai.RESPONSE_ID)),
        status=gen_ai.status(attributes),
        failed=failed,
        error=error,
        latency_ms=latency_ms,
        ttft_ms=gen_ai.first_token(attributes),
        streamed=gen_ai.streamed(attributes),
        disagrees=counts.disagrees,
    )


def _uncached(counts: Counts, origin: Origin, verdicts: Verdicts) -> int:
    """Input without the cache, by what the source has proved about this instrumentation."""
    known = verdicts.exclusive
    if counts.cached > counts.input and origin.key not in known and len(known) < REMEMBERED:
        known.append(origin.key)
    return counts.input if origin.key in known else counts.uncached


# -- log records


def _log_events(log: Record, origin: Origin, scene: OtlpScene) -> Iterator[Event]:
    attributes = _attributes(log)
    event = _event_name(log, attributes, origin)
    if event == f"{CLAUDE}api_request":
        yield from _claude_request(log, attributes, origin, scene, is_log=True)
    elif event == f"{CLAUDE}api_error":
        yield _failure(log, attributes, scene, _claude_call(log, attributes), _claude_names(attributes, origin, scene))
    elif event == f"{GEMINI}api_response":
        yield from _gemini_response(log, attributes, origin, scene)
    elif event == f"{GEMINI}api_error":
        yield _failure(log, attributes, scene, _gemini_call(log, attributes), _gemini_names(attributes, origin, scene))
    elif event == INFERENCE and origin.service not in TOLD_TWICE:
        yield from _inference(log, attributes, origin, scene)


def _event_name(log: Record, attributes: Attributes, origin: Origin) -> str:
    """The event's whole name; Claude Code writes it into the body and only its end into the attribute."""
    name = gen_ai.word(attributes, ("event.name",))
    body = _text(_get(log, "body"))
    told = (name, fields.harmless_string(_get(log, "eventName")) or "", body)
    for candidate in told:
        if candidate.startswith((CLAUDE, GEMINI)) or candidate == INFERENCE:
            return candidate
    return CLAUDE + name if origin.service == CLAUDE_CODE else name


def _inference(log: Record, attributes: Attributes, origin: Origin, scene: OtlpScene) -> Iterator[Event]:
    counts = gen_ai.counts(attributes) if gen_ai.is_call(attributes) else None
    if counts is not None:
        yield _generic(
            attributes,
            counts,
            origin,
            scene,
            moment=_log_moment(log),
            call=_identity(log, attributes),
            replay=True,
            latency_ms=None,
            failed=bool(gen_ai.word(attributes, ("error.type",))),
            error=gen_ai.error(attributes),
        )


def _claude_request(
    record: Record, attributes: Attributes, origin: Origin, scene: OtlpScene, *, is_log: bool
) -> Iterator[Event]:
    """A request of Claude Code, from its log record or its span; Anthropic's counts exclude each other."""
    given, output = gen_ai.count(attributes, ("input_tokens",)), gen_ai.count(attributes, ("output_tokens",))
    if given is None and output is None:
        return
    ts, untimed = _time(_nanoseconds(record, "endTimeUnixNano") or _log_moment(record), scene)
    call, request = _claude_call(record, attributes), scene.clean(_told(attributes, "request_id"))
    yield Event(
        ts=ts,
        untimed=untimed,
        names=_claude_names(attributes, origin, scene),
        input=given or 0,
        output=output or 0,
        cache_read=gen_ai.count(attributes, ("cache_read_tokens",)),
        cache_write_5m=gen_ai.count(attributes, ("cache_creation_tokens",)),
        cost_logged=gen_ai.cost(attributes, ("cost_usd",)),
        id=call,
        rewritten=bool(call),
        has_speed=is_log,  # and the cost, which its span does not tell
        session=scene.clean(_told(attributes, "session.id")),
        request_id=request,
        latency_ms=gen_ai.elapsed(attributes, "duration_ms"),
        ttft_ms=gen_ai.first_token(attributes),
        echo=bool(request),
    )


def _claude_call(record: Record, attributes: Attributes) -> str:
    """The request; before Claude Code told it, its number within the session."""
    request = _told(attributes, "request_id")
    return f"{CLAUDE}{request}" if request else _numbered(record, attributes, ("event.sequence",))


def _claude_names(attributes: Attributes, origin: Origin, scene: OtlpScene) -> Names:
    return Names(
        dialect=NAME,
        integration=scene.clean(origin.service) or CLAUDE_CODE,
        provider="anthropic",
        model=scene.clean(_told(attributes, "model")),
        account=scene.clean(_told(attributes, "organization.id")),
        user=scene.clean(gen_ai.word(attributes, gen_ai.USER)),
        source_class="agent",
        tier="fast" if _told(attributes, "speed") == "fast" else "",
    )


def _gemini_response(log: Record, attributes: Attributes, origin: Origin, scene: OtlpScene) -> Iterator[Event]:
    """A response to Gemini CLI: its input includes the cache, its thoughts and tools stand beside output and input."""
    prompt, output = gen_ai.count(attributes, ("input_token_count",)), gen_ai.count(attributes, ("output_token_count",))
    if prompt is None and output is None:
        return
    cached = gen_ai.count(attributes, ("cached_content_token_count",))
    thoughts = gen_ai.count(attributes, ("thoughts_token_count",))
    tools = gen_ai.count(attributes, ("tool_token_count",)) or 0
    total = fields.harmless_count(attributes.get("total_token_count")) or 0
    whole = (prompt or 0) + (output or 0) + (thoughts or 0) + tools
    ts, untimed = _time(_log_moment(log), scene)
    call = _gemini_call(log, attributes)
    yield Event(
        ts=ts,
        untimed=untimed,
        names=_gemini_names(attributes, origin, scene),
        input=fields.together(max(0, (prompt or 0) - (cached or 0)), tools, "input_token_count"),
        output=fields.together(output, thoughts, "output_token_count"),
        cache_read=cached,
        reasoning=thoughts,
        id=call,
        rewritten=bool(call),
        session=scene.clean(_told(attributes, "session.id")),
        status=gen_ai.status(attributes),
        latency_ms=gen_ai.elapsed(attributes, "duration_ms"),
        disagrees=bool(total) and total != whole,
    )


def _gemini_call(record: Record, attributes: Attributes) -> str:
    """Gemini CLI gives a response no id: its prompt and the moment tell it apart."""
    return _numbered(record, attributes, ("prompt_id", "event.timestamp", "model"))


def _gemini_names(attributes: Attributes, origin: Origin, scene: OtlpScene) -> Names:
    return Names(
        dialect=NAME,
        integration=scene.clean(origin.service) or GEMINI_CLI,
        provider="google",
        model=scene.clean(_told(attributes, "model")),
        user=scene.clean(gen_ai.word(attributes, gen_ai.USER)),
        source_class="agent",
    )


def _failure(log: Record, attributes: Attributes, scene: OtlpScene, call: str, names: Names) -> Event:
    """A request that an agent gave up."""
    ts, untimed = _time(_log_moment(log), scene)
    request = scene.clean(_told(attributes, "request_id"))
    return Event(
        ts=ts,
        untimed=untimed,
        names=names,
        input=0,
        output=0,
        id=call,
        rewritten=bool(call),
        echo=bool(call and request),
        session=scene.clean(_told(attributes, "session.id")),
        request_id=request,
        status=gen_ai.status(attributes),
        failed=True,
        error=gen_ai.error(attributes),
        latency_ms=gen_ai.elapsed(attributes, "duration_ms"),
    )


def _numbered(record: Record, attributes: Attributes, keys: tuple[str, ...]) -> str:
    """An id made of the session, these attributes and the moment; empty without a session or without any of them."""
    session, told = _told(attributes, "session.id"), [attributes.get(key) for key in keys]
    if not session or not any(told):
        return ""
    short = (hide_secrets(str(each)[: fields.CONSIDERED])[: fields.ERROR_LENGTH] for each in told)
    return "\0".join((session, *short, str(_log_moment(record))))


def _told(attributes: Attributes, key: str) -> str:
    return gen_ai.word(attributes, (key,))


# -- the shape of OTLP: protobuf's JSON, whose fields may be spelled in both ways and whose 64-bit numbers may be text


def _spans(record: Record) -> Iterator[tuple[Origin, Record]]:
    for resource in _objects(record, "resourceSpans"):
        service = _service(resource)
        for scoped in (*_objects(resource, "scopeSpans"), *_objects(resource, "instrumentationLibrarySpans")):
            origin = _origin(service, scoped)
            yield from ((origin, span) for span in _objects(scoped, "spans"))


def _logs(record: Record) -> Iterator[tuple[Origin, Record]]:
    for resource in _objects(record, "resourceLogs"):
        service = _service(resource)
        for scoped in _objects(resource, "scopeLogs"):
            origin = _origin(service, scoped)
            yield from ((origin, log) for log in _objects(scoped, "logRecords"))


def _service(resource: Record) -> str:
    return _told(_attributes(fields.mapping(resource.get("resource"))), "service.name")


def _origin(service: str, scoped: Record) -> Origin:
    scope = fields.mapping(scoped.get("scope") or scoped.get("instrumentationLibrary"))
    name, version = (fields.harmless_string(scope.get(key)) or "" for key in ("name", "version"))
    return Origin(service, name, version)


def _get(record: Record, key: str) -> Any:
    """A field by its JSON name, or by its protobuf name."""
    value = record.get(key)
    return record.get(_SNAKE.get(key, key)) if value is None else value


def _objects(record: Record, key: str) -> Iterator[Record]:
    found = _get(record, key)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def _id(record: Record, key: str) -> str:
    return (fields.harmless_string(_get(record, key)) or "").lower()


def _attributes(record: Record) -> dict[str, object]:
    """The attributes of a span, a log record or a resource, flat."""
    flat: dict[str, object] = {}
    _flatten(record.get("attributes"), "", flat)
    return flat


def _flatten(pairs: object, prefix: str, flat: dict[str, object]) -> None:
    """Add what a list of keys and values tells; an object within it adds its own keys behind a dot."""
    if not isinstance(pairs, list):
        return
    for pair in pairs:
        if not isinstance(pair, dict):
            continue
        key, value = pair.get("key"), pair.get("value")
        if not isinstance(key, str) or not isinstance(value, dict) or len(prefix) + len(key) > LONGEST_NAME:
            continue
        for kind, inner in value.items():
            if kind in _SCALARS:
                flat[prefix + key] = inner
            elif kind in _OBJECTS and isinstance(inner, dict):
                _flatten(inner.get("values"), f"{prefix}{key}.", flat)


def _text(value: object) -> str:
    """A log record's body, where it is a text."""
    found = _get(value, "stringValue") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _nanoseconds(record: Record, key: str) -> int:
    """An instant since 1970, as text or as a number; 0 is none."""
    value = _get(record, key)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:DIGITS])
    if not fields.is_number(value) or not value > 0:
        return 0
    return int(min(value, NEVER))


def _log_moment(log: Record) -> int:
    return _nanoseconds(log, "timeUnixNano") or _nanoseconds(log, "observedTimeUnixNano")


def _time(nanoseconds: int, scene: OtlpScene) -> tuple[int, bool]:
    """An instant in UTC milliseconds, and whether the file's last modification stands in for it."""
    if not nanoseconds:
        return scene.moment(None, "timeUnixNano")
    ts = (nanoseconds + 500_000) // 1_000_000
    if not EARLIEST <= ts < LATEST:
        raise Invalid(fields.OUT_OF_TIME.format("timeUnixNano"))
    return ts, False


_SNAKE = {
    "resourceSpans": "resource_spans",
    "scopeSpans": "scope_spans",
    "resourceLogs": "resource_logs",
    "scopeLogs": "scope_logs",
    "logRecords": "log_records",
    "traceId": "trace_id",
    "spanId": "span_id",
    "startTimeUnixNano": "start_time_unix_nano",
    "endTimeUnixNano": "end_time_unix_nano",
    "timeUnixNano": "time_unix_nano",
    "observedTimeUnixNano": "observed_time_unix_nano",
    "eventName": "event_name",
    "stringValue": "string_value",
}
"""The protobuf names of the fields read here."""
_SCALARS = frozenset(
    {"stringValue", "intValue", "doubleValue", "boolValue", "string_value", "int_value", "double_value", "bool_value"}
)
"""Kinds of values that are read; arrays and bytes tell nothing that is wanted here."""
_OBJECTS = ("kvlistValue", "kvlist_value")


# -- what the dialect is


def carries_nothing(data: bytes, start: int, end: int) -> bool:
    """Whether the head says that the batch holds metrics, which know no single call."""
    return data.startswith(METRICS, start, end)


def matches(record: Record) -> bool:
    """A batch of spans, log records or metrics."""
    return any(isinstance(record.get(signal), list) for signal in SIGNALS)


OTLP = Dialect(
    name=NAME,
    label="OpenTelemetry",
    matches=matches,
    reader=remembering(Verdicts, read, *WORDS),
    line_cap=LINE_CAP,
    carries_nothing=carries_nothing,
)
