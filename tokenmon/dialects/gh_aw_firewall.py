"""gh-aw-firewall's `token-usage.jsonl`: one line per call that its proxy let through, in an old and a new form.

The line does not say whether its input includes the cache, so the provider decides. Its `*_total` fields run on since
the proxy started and are never used. The sister files beside it (audit, diagnostics, blocked requests) are known and
carry no usage.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Surroundings
from tokenmon.dialects.fields import Count, Invalid, Moment
from tokenmon.events import MAX_COST, MAX_COUNT, Event, Names, Parsed, Reject

NAME = "gh-aw-firewall"
NANO_PER_CREDIT = 10_000_000
"""An AI credit is a cent."""
SCHEMA = "token-usage/"
SISTERS = ("token-diag/", "token-tracker-audit/", "token-audit/", "blocked-request-diag/", "audit/")
"""Schemas of the files beside it."""
AUDITED = ("TRACK_", "WS_", "HTTP_")
"""How the events of its audit begin."""
EXCLUSIVE = ("anthropic",)
"""Providers whose input never includes the cache."""


class Line(msgspec.Struct, gc=False):
    """One line, old or new; what only describes the proxy is left out."""

    timestamp: Moment | None = None
    event: str | None = None
    request_id: str | None = None
    provider: str | None = None
    model: str | None = None
    path: str | None = None
    status: int | None = None
    streaming: bool | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    duration_ms: float | None = None
    x_initiator: str | None = None
    ai_credits_this_response: float | None = None
    schema: str | None = msgspec.field(default=None, name="_schema")


_decode = msgspec.json.Decoder(Line).decode
_TEXTS = ("event", "request_id", "provider", "model", "path", "x_initiator")
_COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


class FirewallReader:
    """Reads the proxy's lines; keeps nothing between them but what it has cleaned already."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        self._names: dict[tuple[str | None, ...], Names] = {}

    def state(self) -> bytes:
        """Nothing: every line stands for itself."""
        return b""

    def parse(self, line: bytes) -> Parsed:
        """The call of a line; nothing for the lines of the sister files."""
        try:
            try:
                decoded = _decode(line)
            except fields.BROKEN:
                if not fields.bare(line):
                    return None
                decoded = _line(fields.record_of(line))
            return self._event(decoded) if _tells_usage(decoded) else None
        except Invalid as reason:
            return Reject(str(reason))

    def _event(self, line: Line) -> Event:
        if line.timestamp is None:
            raise Invalid("timestamp is missing")
        if line.input_tokens is None or line.output_tokens is None:
            raise Invalid(f"{'input_tokens' if line.input_tokens is None else 'output_tokens'} is missing")
        names = self._names_of(line)
        billed, cache_write = _input_and_writes(line, names.provider)
        request_id = fields.name(line.request_id, "request_id")
        return Event(
            ts=fields.milliseconds(line.timestamp, "timestamp"),
            names=names,
            input=billed,
            output=line.output_tokens,
            cache_read=line.cache_read_tokens,
            cache_write_5m=cache_write,
            reasoning=line.reasoning_tokens,
            cost_logged=_cost(line.ai_credits_this_response),
            id=request_id,
            request_id=request_id,
            status=fields.harmless_status(line.status),
            latency_ms=_duration(line.duration_ms),
            streamed=line.streaming,
        )

    def _names_of(self, line: Line) -> Names:
        raw = (line.provider, line.model, line.path, line.x_initiator)
        names = self._names.get(raw)
        if names is None:
            if len(self._names) >= fields.CACHED:
                self._names.clear()
            names = self._names[raw] = Names(
                dialect=NAME,
                integration=NAME,
                provider=fields.name(_required(line.provider, "provider"), "provider").lower(),
                model=fields.name(_required(line.model, "model"), "model"),
                source_class="agent" if line.x_initiator == "agent" else "apikey",
                endpoint=fields.name((line.path or "").partition("?")[0], "path"),
            )
        return names


def _required(value: str | None, field: str) -> str:
    if value is None:
        raise Invalid(f"{field} is missing")
    if not value.strip():
        raise Invalid(f"{field} is empty")
    return value


def _tells_usage(line: Line) -> bool:
    """Whether this is a line of `token-usage.jsonl` and not of a sister file."""
    if line.schema is not None and not line.schema.startswith(SCHEMA):
        return False
    if line.event not in (None, "token_usage"):
        return False
    return line.schema is not None or line.input_tokens is not None or line.output_tokens is not None


def _input_and_writes(line: Line, provider: str) -> tuple[int, int | None]:
    """Input without cache, and cache writes: unknown where a provider has none and the proxy writes 0 for it."""
    given, read, write = line.input_tokens or 0, line.cache_read_tokens or 0, line.cache_write_tokens
    if provider in EXCLUSIVE:
        return given, write
    cached = read + (write or 0)
    # Copilot tells cache writes apart only in its precise split, where the input is what is left.
    precise = provider == "copilot" and bool(write)
    return (given if precise or cached > given else given - cached), write or None


def _cost(credits: float | None) -> int | None:
    """Credits as nano-USD."""
    if credits is None:
        return None
    cost = credits * NANO_PER_CREDIT
    if not 0 <= cost <= MAX_COST:
        raise Invalid("ai_credits_this_response is out of bounds")
    return round(cost)


def _duration(milliseconds: float | None) -> int | None:
    return round(milliseconds) if milliseconds is not None and 0 <= milliseconds <= MAX_COUNT else None


def _line(record: dict[str, Any]) -> Line:
    """The line again, field by field; what cannot be used and is not needed is absent."""
    schema, time = fields.harmless_string(record.get("_schema")), record.get("timestamp")
    if not _is_usage(record):
        return Line(schema=schema)
    known: dict[str, Any] = {field: fields.count(record.get(field), field) for field in _COUNTS}
    known |= {field: fields.harmless_string(record.get(field)) for field in _TEXTS}
    streaming = record.get("streaming")
    return Line(
        timestamp=None if time is None else fields.moment(time, "timestamp"),
        status=fields.harmless_status(record.get("status")),
        streaming=streaming if isinstance(streaming, bool) else None,
        reasoning_tokens=fields.harmless_count(record.get("reasoning_tokens")),
        duration_ms=_number(record.get("duration_ms")),
        ai_credits_this_response=_number(record.get("ai_credits_this_response")),
        schema=schema,
        **known,
    )


def _number(value: Any) -> float | None:
    try:
        return float(value) if fields.is_number(value) else None
    except OverflowError:
        return None


def _is_usage(record: Record) -> bool:
    """Whether a record has usage, so that its fields must be right."""
    schema, event = record.get("_schema"), record.get("event")
    if isinstance(event, str) and event != "token_usage":
        return False
    if isinstance(schema, str):
        return schema.startswith(SCHEMA)
    return "input_tokens" in record or "output_tokens" in record


def matches(record: Record) -> bool:
    """Its schema or a sister's; the old form by three fields that stand together nowhere else; the audit by two."""
    schema = record.get("_schema")
    if isinstance(schema, str):
        return schema.startswith((SCHEMA, *SISTERS))
    event = record.get("event")
    if isinstance(event, str) and event.startswith(AUDITED):
        return "rid" in record or "ts" in record
    return "input_tokens" in record and "duration_ms" in record and "path" in record


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """Where its proxy writes: `AWF_TOKEN_LOG_DIR`, else the directory of its container."""
    return (Place(Path(environment.get("AWF_TOKEN_LOG_DIR", "").strip() or "/var/log/api-proxy"), "gh-aw firewall"),)


GH_AW_FIREWALL = Dialect(name=NAME, matches=matches, reader=FirewallReader, places=places)
