"""The native line: what a script writes when it has the choice, and what onWatch writes already.

It is our own format, so it is read strictly: a wrong field makes the line invalid, with a reason that names it.
`native.schema.json` beside this module is the published description; a test keeps the two equal.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tokenmon import text
from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Surroundings
from tokenmon.dialects.fields import EARLIEST, LATEST, Count, Dollars, Invalid, Moment
from tokenmon.events import NANO, Basis, Event, Names, Parsed, Reject

NAME = "native"
METADATA_BYTES = 4096
"""Longest metadata object after compaction."""
SOURCE_CLASSES = ("", "apikey", "web", "legacy", "agent")

_encode = msgspec.json.Encoder(order="sorted").encode


class Line(msgspec.Struct, gc=False):
    """One native line, field by field; the decoder checks types and bounds."""

    ts: Moment
    integration: str
    provider: str
    model: str
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    total_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cache_write_1h_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cost_usd: Dollars | None = None
    latency_ms: Count | None = None
    ttft_ms: Count | None = None
    account: str | None = None
    request_id: str | None = None
    metadata: dict[str, Any] | None = None
    api_key_id: str | None = None
    api_key_name: str | None = None
    user: str | None = None
    source_class: str | None = None
    session: str | None = None
    project: str | None = None
    endpoint: str | None = None
    requested_model: str | None = None
    stream: bool | None = None
    status: Annotated[int, msgspec.Meta(ge=0, le=fields.MAX_STATUS)] | None = None
    error: str | None = None


_COUNTS = tuple(field for field in Line.__struct_fields__ if field.endswith(("_tokens", "_ms")))
_TEXTS = (
    "account",
    "request_id",
    "api_key_id",
    "api_key_name",
    "user",
    "source_class",
    "session",
    "project",
    "endpoint",
    "requested_model",
    "error",
)
_decode = msgspec.json.Decoder(Line).decode


Tokens = tuple[int, int, int | None, int | None, int]
"""Input without cache, output, and cache writes kept for five minutes and for an hour; then the sum of all."""


class NativeReader:
    """Reads native lines; keeps nothing between them."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        """Whatever the source and wherever in it: a line tells everything."""

    def state(self) -> bytes:
        """Nothing: every line stands for itself."""
        return b""

    def parse(self, line: bytes) -> Parsed:
        """The event of a line, or why there is none."""
        try:
            try:
                decoded = _decode(line)
            except fields.BROKEN:
                if not fields.bare(line):
                    return None
                decoded = _careful(line)
            return self._event(decoded)
        except Invalid as reason:
            return Reject(str(reason))

    def _event(self, line: Line) -> Event:
        billed, output, write_5m, write_1h, total = _tokens(line)
        raw = (
            line.integration,
            line.provider,
            line.model,
            line.requested_model,
            line.account,
            line.api_key_id,
            line.api_key_name,
            line.user,
            line.source_class,
            line.project,
            line.endpoint,
        )
        ts = int(line.ts.timestamp() * 1000 + 0.5)
        if not EARLIEST <= ts < LATEST:
            raise Invalid(fields.OUT_OF_TIME.format("ts"))
        request_id = _request_id(line.request_id) if line.request_id else ""
        return Event(
            ts,
            _known.get(raw) or _new_names(line, raw),
            billed,
            output,
            line.cache_read_tokens,
            write_5m,
            write_1h,
            line.reasoning_tokens,
            None if line.cost_usd is None else round(line.cost_usd * NANO),
            0,  # web searches
            request_id,
            "",  # attempt
            False,  # rewritten
            False,  # replay
            False,  # has_speed
            _session(line.session) if line.session else "",
            request_id,
            True,  # keeps_details
            "" if line.metadata is None else _compacted(line.metadata),
            line.status,
            False,  # failed
            fields.error_text(line.error) if line.error else "",
            line.latency_ms,
            line.ttft_ms,
            line.stream,
            False,  # assumed
            Basis.EXACT,
            line.total_tokens is not None and line.total_tokens != total,
        )


_known: dict[tuple[str | None, ...], Names] = {}
"""Names that were cleaned already, by what the lines say; of all native sources."""


def _new_names(line: Line, raw: tuple[str | None, ...]) -> Names:
    source_class = (line.source_class or "").strip()
    if source_class not in SOURCE_CLASSES:
        raise Invalid("source_class is not apikey, web, legacy or agent")
    names = Names(
        dialect=NAME,
        integration=fields.required_name(line.integration, "integration"),
        provider=fields.required_name(line.provider, "provider").lower(),
        model=fields.required_name(line.model, "model"),
        requested_model=fields.name(line.requested_model, "requested_model"),
        account=fields.name(line.account, "account"),
        key_id=fields.name(line.api_key_id, "api_key_id"),
        key_name=fields.name(line.api_key_name, "api_key_name"),
        user=fields.name(line.user, "user"),
        source_class=source_class,
        project=fields.name(line.project, "project"),
        endpoint=fields.name(line.endpoint, "endpoint"),
    )
    if len(_known) >= fields.SHARED:
        _known.clear()
    _known[raw] = names
    return names


@lru_cache(fields.SHARED)
def _session(raw: str) -> str:
    return fields.name(raw, "session")


def _tokens(line: Line) -> Tokens:
    prompt, output, read, write = (
        line.prompt_tokens,
        line.completion_tokens,
        line.cache_read_tokens,
        line.cache_write_tokens,
    )
    write_1h = line.cache_write_1h_tokens
    cached = (read or 0) + (write or 0)
    if write_1h is not None:
        if write is None:
            cached += write_1h
        elif write_1h > write:
            raise Invalid("cache_write_1h_tokens is more than cache_write_tokens")
        else:
            write -= write_1h
    if prompt is not None and output is not None:
        if prompt < cached:
            raise Invalid("prompt_tokens is less than the cache tokens that it includes")
        return prompt - cached, output, write, write_1h, prompt + output
    billed, output = line.input_tokens, line.output_tokens
    if billed is None or output is None:
        raise Invalid(f"{_missing(line)} is missing")
    return billed, output, write, write_1h, billed + cached + output


def _missing(line: Line) -> str:
    if line.prompt_tokens is None and line.completion_tokens is None:
        if line.input_tokens is not None:
            return "output_tokens"
        if line.output_tokens is not None:
            return "input_tokens"
    return "prompt_tokens" if line.prompt_tokens is None else "completion_tokens"


def _request_id(raw: str) -> str:
    return raw.strip() if text.is_harmless(raw) else fields.name(raw, "request_id")


def _compacted(metadata: dict[str, Any]) -> str:
    try:
        compact = _encode(metadata)
    except (*fields.BROKEN, TypeError):
        raise Invalid("metadata is not valid JSON") from None
    if len(compact) > METADATA_BYTES:
        raise Invalid(f"metadata is longer than {METADATA_BYTES} bytes")
    return text.hide_secrets(text.sanitise(compact.decode()))


def _careful(line: bytes) -> Line:
    """The line again, field by field, to find what is wrong with it; null is absent."""
    record = fields.record_of(line)
    required = {field: fields.string(record.get(field), field) for field in ("integration", "provider", "model")}
    for field in ("ts", *required):
        if record.get(field) is None:
            raise Invalid(f"{field} is missing")
    metadata = record.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Invalid("metadata is not an object")
    optional: dict[str, Any] = {field: fields.count(record.get(field), field) for field in _COUNTS}
    optional |= {field: fields.string(record.get(field), field) for field in _TEXTS}
    return Line(
        ts=fields.strict_moment(record["ts"], "ts"),
        integration=required["integration"] or "",
        provider=required["provider"] or "",
        model=required["model"] or "",
        cost_usd=fields.dollars(record.get("cost_usd"), "cost_usd"),
        metadata=metadata,
        stream=fields.flag(record.get("stream"), "stream"),
        status=fields.count(record.get("status"), "status", fields.MAX_STATUS),
        **optional,
    )


def matches(record: Record) -> bool:
    """A time called `ts` beside an integration or token counts, and no schema of somebody else."""
    if "_schema" in record:
        return False
    if "integration" in record:
        return "ts" in record or "provider" in record
    return "ts" in record and "model" in record and ("prompt_tokens" in record or "input_tokens" in record)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """Where onWatch collects such lines: `ONWATCH_API_INTEGRATIONS_DIR`, else the directory that it makes."""
    configured = environment.get("ONWATCH_API_INTEGRATIONS_DIR", "").strip()
    return (Place(Path(configured) if configured else home / ".onwatch" / "api-integrations", "onWatch"),)


NATIVE = Dialect(name=NAME, label="any script", matches=matches, reader=NativeReader, places=places)
