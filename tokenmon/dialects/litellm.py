"""LiteLLM's records of a call: the standard logging payload that its callbacks get, and the rows of its spend logs.

Both say the same in two shapes: a payload has epoch seconds and objects, a row ISO times, and texts that hold JSON.
The prompt includes what was read from and written to a cache. An answer out of LiteLLM's own cache is a request without
tokens that costs nothing. What LiteLLM charged is kept as logged, since it can be wrong beside the list
price; but it writes 0 where it knows no price, so 0 for a call with tokens is unknown.

A call is its id and the second when it began, so that a payload and a row of one call are one, and ids that a small
server draws twice are two. The trace is shared by retries: it groups, as LiteLLM's own session does. Sources:
`StandardLoggingPayload` in litellm/types/utils.py, `SpendLogsPayload` in litellm/proxy/_types.py and their builders.
"""

import re
from typing import Any, TypedDict

import msgspec

from tokenmon import text
from tokenmon.dialects import around, fields, usage
from tokenmon.dialects.base import Dialect, Record, Surroundings
from tokenmon.dialects.fields import Cleaned, Invalid
from tokenmon.dialects.plain import Nothing, PlainReader, Scene, each_of
from tokenmon.dialects.usage import Tokens
from tokenmon.events import MAX_COUNT, NANO, Event, Names, Parsed, Reject

NAME = "litellm"
LINE_CAP = 64 * 1024 * 1024
"""Payloads hold the whole conversation, bytes."""
MOST_TAGS = 20
"""Request tags that are kept, fewer where they are long."""
METADATA_BYTES = 4096
DOCUMENTS = ("time-*_*.json", "*spend?logs*.json", "*SpendLogs*.json")
"""What its loggers for object stores call a payload (`time-09-00-00-000123_chatcmpl-1.json`), and people an export."""
BATCHES = ("retrieve_batch", "aretrieve_batch")
"""Calls that tell what a whole batch used."""
ERROR_FIELDS = ("error_message", "error_class")

WORDS = (b'"prompt_tokens"', b'"spend"')
"""One of these is in every payload and in every row."""
NOTHING = Tokens(0, 0)
"""What a request used that reached no model."""
SPELLED = (
    ("prompt_tokens_details", "input_tokens_details"),
    ("completion_tokens_details", "output_tokens_details"),
)
"""What chat completions call a part of the usage, and what the Responses API calls it."""
_HASH = re.compile(r"[0-9a-f]{64}\Z|litellm[\w-]{0,40}\Z")
"""What LiteLLM keeps of a key: its SHA-256, or the name that stands for the master key."""


class Answer(TypedDict, total=False):
    """What is read of the answer, which may be large."""

    usage: Any
    service_tier: Any


class Call(TypedDict, total=False):
    """What is read of a payload or of a row. The decoder passes over the rest: nearly all is the conversation."""

    api_key: Any
    cache_hit: Any
    call_type: Any
    completionStartTime: Any
    completion_tokens: Any
    custom_llm_provider: Any
    endTime: Any
    end_user: Any
    error_information: Any
    error_str: Any
    id: Any
    litellm_call_id: Any
    metadata: Any
    model: Any
    model_group: Any
    model_map_information: msgspec.Raw
    prompt_tokens: Any
    request_id: Any
    request_tags: Any
    response: Answer | str | None
    response_cost: Any
    session_id: Any
    spend: Any
    startTime: Any
    status: Any
    stream: Any
    team_id: Any
    total_tokens: Any
    trace_id: Any
    user: Any


_decode = msgspec.json.Decoder(Call).decode


class LiteLlmReader(PlainReader[Nothing]):
    """Reads lines, and whole documents: a payload, or an array of rows as an export of the table has it."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        super().__init__(read, WORDS, Scene(surroundings, Nothing()))

    def parse(self, line: bytes) -> Parsed:
        """What a line or a document is; of an array every row that is LiteLLM's."""
        if WORDS[0] not in line and WORDS[1] not in line:
            return fields.without_usage(line)
        try:
            call = _decode(line)
        except fields.BROKEN:
            return self._unusual(line)
        try:
            return read(call, self._scene)
        except Invalid as reason:
            return Reject(str(reason))

    def _unusual(self, line: bytes) -> Parsed:
        if not fields.bare(line).startswith(b"["):
            return super().parse(line)
        try:
            rows = [row for row in fields.value_of(line) if isinstance(row, dict) and matches(row)]
            return each_of(self._call, rows) if rows else Reject("line is not a JSON object")
        except Invalid as reason:
            return Reject(str(reason))

    def _call(self, row: Record) -> Event | None:
        return read(row, self._scene)


def read(record: Record, scene: Scene[Nothing]) -> Event | None:
    """The call of a payload or of a row."""
    if not matches(record):
        return None
    metadata, answer = _object(record.get("metadata")), _object(record.get("response"))
    failed = "failure" in (record.get("status"), metadata.get("status"))
    status, error = _error(record, metadata)
    counts = _counts(record, metadata, answer)
    tokens, cost = _billed(record, counts)
    if tokens is None and not failed and not cost:
        return None
    tokens = tokens or NOTHING
    begun, ended = around.moment(record, ("startTime",)), around.moment(record, ("endTime", "startTime"))
    call = around.text(record, ("id", "request_id"))
    tier = usage.BATCH if record.get("call_type") in BATCHES else usage.tier(answer, counts)
    streamed = record.get("stream")
    return Event(
        ts=scene.moment(None, "endTime")[0] if ended is None else ended,
        names=_names(record, metadata, tier, scene.clean),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write_5m,
        cache_write_1h=tokens.cache_write_1h,
        reasoning=tokens.reasoning,
        cost_logged=cost,
        id=scene.clean(call if begun is None or not call else f"{call} {begun // 1000}"),
        rewritten=bool(call),
        session=scene.clean(around.text(record, ("session_id", "trace_id"))),
        request_id=scene.clean(call),
        metadata=_tags(record.get("request_tags")),
        status=status,
        failed=failed,
        error=error if failed else "",
        keeps_details=failed and bool(error),
        latency_ms=_between(begun, ended),
        ttft_ms=_first_token(record, begun, ended),
        streamed=streamed if isinstance(streamed, bool) else None,
        disagrees=tokens.disagrees,
        untimed=ended is None,
    )


def _billed(record: Record, counts: Record) -> tuple[Tokens | None, int | None]:
    """Tokens, and what LiteLLM charged in nano-USD, where it knows that."""
    if str(record.get("cache_hit")).lower() == "true":
        return NOTHING, 0
    tokens, cost = usage.chat(counts, ""), _cost(record)
    is_free = tokens is None or not any(tokens[:5])
    return tokens, cost if cost or is_free else None


def _names(record: Record, metadata: Record, tier: str, clean: Cleaned) -> Names:
    group = clean(around.text(record, ("model_group",)))
    model = clean(around.text(record, ("model",))) or group
    key = around.text(metadata, ("user_api_key_hash",)) or around.text(record, ("api_key",))
    team = around.text(metadata, ("user_api_key_team_alias", "user_api_key_team_id"))
    user = around.text(record, ("end_user",)) or around.text(metadata, ("user_api_key_end_user_id",))
    route = around.text(metadata, ("user_api_key_request_route",))
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=clean(around.text(record, ("custom_llm_provider",))).lower(),
        model=model,
        requested_model=group if group != model else "",
        account=clean(team or around.text(record, ("team_id",))),
        key_id=key if _HASH.match(key) else text.fingerprint(key) if key else "",
        key_name=clean(around.text(metadata, ("user_api_key_alias",))),
        user=clean(user or around.text(record, ("user",)) or around.text(metadata, ("user_api_key_user_id",))),
        source_class="apikey",
        project=clean(around.text(metadata, ("user_api_key_project_alias", "user_api_key_project_id"))),
        tier=clean(tier),
        endpoint=clean(route or around.text(record, ("call_type",))),
    )


def _counts(record: Record, metadata: Record, answer: Record) -> Record:
    """The usage object with all details: the record's own counts, and the rest from where versions have put it."""
    places = (metadata.get("usage_object"), answer.get("usage"), metadata.get("additional_usage_values"))
    details = next((dict(place) for place in map(_object, places) if place), {})
    for name, other in SPELLED:
        details[name] = details.get(name) or details.get(other)
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if (own := record.get(name)) is not None:
            details[name] = own
    return details


def _cost(record: Record) -> int | None:
    """What LiteLLM charged, nano-USD."""
    for name in ("response_cost", "spend"):
        if fields.is_number(record.get(name)):
            dollars = fields.dollars(record[name], name)
            return None if dollars is None else round(dollars * NANO)
    return None


def _error(record: Record, metadata: Record) -> tuple[int | None, str]:
    """HTTP status and text of an error."""
    told = _object(record.get("error_information")) or _object(metadata.get("error_information"))
    if not told and not record.get("error_str"):
        return None, ""
    code = around.text(told, ("error_code",))
    message = around.text(record, ("error_str",)) or around.text(told, ERROR_FIELDS)
    return int(code) if re.fullmatch(r"[1-5]\d\d", code) else None, fields.error_text(message)


def _first_token(record: Record, begun: int | None, ended: int | None) -> int | None:
    """Time to the first token of a stream; without one LiteLLM writes the end in its place."""
    first = around.moment(record, ("completionStartTime",))
    return None if first is None or ended is None or first >= ended else _between(begun, first)


def _between(begun: int | None, ended: int | None) -> int | None:
    if begun is None or ended is None:
        return None
    return ended - begun if 0 <= ended - begun <= MAX_COUNT else None


def _tags(value: Any) -> str:
    """Request tags as metadata."""
    found = _unpacked(value)
    if not found:
        return ""
    tags = [text.name(tag) for tag in found[:MOST_TAGS] if isinstance(tag, str)] if isinstance(found, list) else []
    while tags:
        packed = msgspec.json.encode({"request_tags": tags})
        if len(packed) <= METADATA_BYTES:
            return packed.decode()
        tags.pop()
    return ""


def _object(value: Any) -> Record:
    """An object, also one that stands in a text; an empty one in place of anything else."""
    if value is None:  # as most are
        return {}
    return value if isinstance(value, dict) else fields.mapping(_unpacked(value))


def _unpacked(value: Any) -> Any:
    """What a text holds as JSON, which some exports pack twice."""
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value = msgspec.json.decode(value)
        except fields.BROKEN:
            return None
    return value


def matches(record: Record) -> bool:
    """A payload by its counts, its cost and what only LiteLLM says beside; a row by its three oldest columns."""
    if "response_cost" in record and "prompt_tokens" in record:
        return any(name in record for name in ("litellm_call_id", "model_map_information", "call_type"))
    return "spend" in record and "request_id" in record and "startTime" in record


LITELLM = Dialect(
    name=NAME,
    label="LiteLLM",
    matches=matches,
    reader=LiteLlmReader,
    line_cap=LINE_CAP,
    documents=DOCUMENTS,
)
