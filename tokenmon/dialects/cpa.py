"""Usage events of CLIProxyAPI: the records of its queue, and the lines that CPA-Manager and its successor export.

Versions and their readers spell every field in several ways, nest the counts or not, and write times as text, seconds
or milliseconds; the first spelling that holds something counts (CPA-Manager's own order). A record that splits its
tokens itself is believed. Else who answered decides: Claude's input excludes the cache, everybody else's includes it;
Gemini's reasoning is beside its output, everybody else's inside.

A request that is tried again leaves a record for each try, all with one request id, so identity is CPA-Manager's: the
fields it hashes, less what its versions changed. So a queue record and its export are one call. The time is when the
request began. Keys are kept as the start of their SHA-256, which is all that an export has of them.
"""

import re
from hashlib import sha256
from typing import Any, NamedTuple

from tokenmon import text
from tokenmon.dialects import around, fields, usage
from tokenmon.dialects.base import Dialect, Record
from tokenmon.dialects.codex import NAME as CODEX
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.dialects.usage import Tokens
from tokenmon.events import Event, Names, Parsed

NAME = "cpa"
NAMED_NOTHING = ("", "-", "unknown")
"""What is written where a name is not known."""
BREAKDOWN = 2
"""Version of the split that is understood."""
KEY_DIGITS = 12
"""Hex digits that are kept of a key's hash."""

_MARKS = (
    "auth_index",
    "authIndex",
    "AuthIndex",
    "auth_type",
    "authType",
    "executor_type",
    "executorType",
    "accounting_version",
)
"""Only CLIProxyAPI writes these."""
_TIMES = ("timestamp", "time", "created_at", "createdAt", "created", "request_time", "requestTime", "timestamp_ms")
_REQUESTS = ("request_id", "requestId", "id")
_MODELS = ("resolved_model", "resolvedModel", "model", "model_name", "modelName")
_REQUESTED = ("alias", "requested_model", "requestedModel")
_PROVIDERS = ("provider", "type", "auth_provider_snapshot", "authProviderSnapshot")
_EXECUTORS = ("executor_type", "executorType")
_ENDPOINTS = ("endpoint", "api", "request", "operation")
_PATHS = ("path", "url_path", "urlPath", "route")
_METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|OPTIONS|HEAD)\s+(?=\S)"
_AUTH_TYPES = ("auth_type", "authType")
_AUTH_INDICES = ("auth_index", "authIndex", "AuthIndex")
_ACCOUNTS = ("account_snapshot", "accountSnapshot", "auth_label_snapshot", "authLabelSnapshot")
_SOURCES = ("source", "account", "email")
_KEYS = ("api_key", "apiKey", "key")
_KEY_HASHES = ("api_key_hash", "apiKeyHash")
_PROJECTS = ("auth_project_id_snapshot", "authProjectIdSnapshot", "project_id", "projectId")
_LATENCIES = ("latency_ms", "latencyMs", "duration_ms", "durationMs", "elapsed_ms", "elapsedMs")
_FIRST_TOKEN = ("ttft_ms", "ttftMs", "time_to_first_token_ms", "timeToFirstTokenMs")
_FAILED = ("failed", "is_failed", "isFailed")
_SUCCEEDED = ("success", "ok")
_STATUS = ("status", "status_code", "statusCode", "http_status", "httpStatus")
_FAIL_STATUS = ("fail_status_code", "failStatusCode")
_ERRORS = ("error", "error_message", "errorMessage", "fail_summary", "failSummary", "fail_body", "failBody")
_REQUESTED_TIERS = ("request_service_tier", "requestServiceTier", "service_tier", "serviceTier")
_RESPONSE_TIERS = ("response_service_tier", "responseServiceTier")
_MODES = ("cache_input_mode", "cacheInputMode")
_COUNTS = (
    ("input_tokens", "inputTokens", "prompt_tokens", "promptTokens"),
    ("output_tokens", "outputTokens", "completion_tokens", "completionTokens"),
    ("reasoning_tokens", "reasoningTokens"),
    ("cached_tokens", "cachedTokens"),
    ("cache_tokens", "cacheTokens"),
    ("cache_read_tokens", "cacheReadTokens", "cache_read_input_tokens", "cacheReadInputTokens"),
    (
        "cache_creation_tokens",
        "cacheCreationTokens",
        "cache_creation_input_tokens",
        "cacheCreationInputTokens",
        "cache_write_tokens",
        "cacheWriteTokens",
    ),
    ("total_tokens", "totalTokens", "total"),
)
"""In the order of `Counts`."""

COMPATIBLE = "openai"
"""Who answered where it was anybody who speaks like OpenAI, whatever the way in is called."""
_COMPATIBLE = ("openai-compatibility", "openai-compatible-")
_TELLING = tuple(name for names in _COUNTS for name in names if name.lower().endswith("tokens"))
_EXCLUSIVE = ("claude", "anthropic")
_BESIDE = ("gemini", "aistudio", "antigravity", "vertex", "interaction")
"""Whose reasoning is not in the output."""

_BILLS = (
    (r"claude|anthropic", "anthropic"),
    (CODEX, "openai"),
    (r"gemini|aistudio|ai-studio|antigravity|vertex|interaction", "google"),
)
"""Any other name is the provider's own."""


class Counts(NamedTuple):
    """The counts of a record, whatever is counted inside what."""

    input: int | None
    output: int | None
    reasoning: int | None
    cached: int | None
    """Read from or written to a cache, in the older of two fields for both."""
    cache: int | None
    """The newer of the two."""
    read: int | None
    written: int | None
    total: int | None

    @property
    def either(self) -> int:
        """What the two fields for both say, which is never added up."""
        return max(self.cached or 0, self.cache or 0)

    @property
    def cache_read(self) -> int | None:
        """Read from a cache: what the fields for both hold beyond the finer ones was read, too."""
        if self.read is None and self.cached is None and self.cache is None:
            return None
        rest = self.either - (self.read or 0) - (self.written or 0)
        return fields.together(self.read, max(0, rest), "cached_tokens")


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The try of a request."""
    if not matches(record):
        return None
    clean, who = scene.clean, _answerer(record)
    counts = _counts(record)
    tokens = _split(record) or _tokens(counts, record, who)
    failed, status, error = _outcome(record)
    if tokens is None:
        if not failed:
            return None
        tokens = Tokens(0, 0)
    ts = _time(record)
    request = _name(record, _REQUESTS)
    return Event(
        ts=scene.moment(None, "timestamp")[0] if ts is None else ts,
        names=_names(record, who, scene),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write_5m,
        reasoning=tokens.reasoning,
        id=_identity(record, request, counts, failed),
        request_id=clean(request),
        status=status,
        failed=failed,
        error=error,
        keeps_details=bool(error),
        latency_ms=_milliseconds(record, _LATENCIES),
        ttft_ms=_milliseconds(record, _FIRST_TOKEN),
        disagrees=tokens.disagrees,
        untimed=ts is None,
    )


def _identity(record: Record, request: str, counts: Counts, failed: bool) -> str:
    """What CPA-Manager hashes, but for the source, which its exports mask, and the time, which is the event's own."""
    parts = (
        request,
        _name(record, _MODELS),
        _name(record, _AUTH_INDICES),
        counts.input or 0,
        counts.output or 0,
        counts.reasoning or 0,
        counts.either,
        failed,
        _milliseconds(record, _LATENCIES) or 0,
    )
    return "|".join(map(str, parts))


def _names(record: Record, who: str, scene: Scene[Nothing]) -> Names:
    clean = scene.clean
    model, requested = clean(_name(record, _MODELS)), clean(_name(record, _REQUESTED))
    provider = clean(_name(record, _PROVIDERS)).lower()
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=_bills(provider, who),
        model=model or requested,
        requested_model=requested if requested != model and model else "",
        account=clean(_name(record, _ACCOUNTS) or _masked(record)),
        key_id=_key(record),
        source_class="apikey",
        project=clean(_name(record, _PROJECTS)),
        tier=clean(_tier(record, who)),
        endpoint=clean(_endpoint(record)),
    )


def _bills(provider: str, who: str) -> str:
    """Who bills behind the proxy's name for a way in."""
    if who == COMPATIBLE:
        return provider
    return next((bills for pattern, bills in _BILLS if re.search(pattern, provider)), provider)


# -- counts


def _answerer(record: Record) -> str:
    """Everything that tells who answered, in lower case; the model only where nothing else does."""
    executor, provider = _name(record, _EXECUTORS).lower(), _name(record, _PROVIDERS).lower()
    if executor == "openaicompatexecutor" or provider.startswith(_COMPATIBLE):
        return COMPATIBLE
    return f"{executor} {provider}".strip() or _name(record, _MODELS).lower()


def _split(record: Record) -> Tokens | None:
    """The tokens as the record itself splits them, where it vouches for that."""
    split = fields.mapping(record.get("token_breakdown"))
    if split.get("schema_version") != BREAKDOWN or split.get("quality") != "complete":
        return None
    prompt, answer = fields.mapping(split.get("input")), fields.mapping(split.get("output"))
    given, output = _own(prompt, "uncached_tokens"), _own(answer, "total_tokens")
    read, written = _own(prompt, "cache_read_tokens"), _own(prompt, "cache_write_tokens")
    if given is None or output is None:
        return None
    return Tokens(given, output, read, written or None, reasoning=_own(answer, "reasoning_tokens"))


def _own(split: Record, name: str) -> int | None:
    return fields.count(split.get(name), f"token_breakdown.{name}")


def _tokens(counts: Counts, record: Record, who: str) -> Tokens | None:
    """The tokens by the rules of who answered."""
    read, written = counts.cache_read, counts.written
    if counts.input is None and counts.output is None and read is None:
        return None
    prompt, output, cached = counts.input or 0, counts.output or 0, (read or 0) + (written or 0)
    is_exclusive = _is_exclusive(record, who, prompt, cached)
    if not _is(who, _EXCLUSIVE) and _is(who, _BESIDE):
        output = fields.together(output, counts.reasoning, "reasoning_tokens")
    said = prompt + output
    with_reasoning = said + (counts.reasoning or 0)  # what CPA-Manager makes up where there is no total
    sums = (said + (cached if is_exclusive else 0), said, with_reasoning, with_reasoning + counts.either)
    return Tokens(
        input=prompt if is_exclusive else max(0, prompt - cached),
        output=output,
        cache_read=read,
        cache_write_5m=written if written or _is(who, _EXCLUSIVE) else None,
        reasoning=counts.reasoning,
        disagrees=bool(counts.total) and counts.total not in sums,
    )


def _is_exclusive(record: Record, who: str, prompt: int, cached: int) -> bool:
    """Whether the input leaves out the cache: as the record says, else by who answered, else by the numbers."""
    mode = next((mode for mode in (around.text(holder, _MODES) for holder in _holders(record)) if mode), "")
    if mode in ("included_in_input", "separate_from_input"):
        return mode == "separate_from_input"
    return _is(who, _EXCLUSIVE) or (not who and cached > prompt)


def _is(who: str, markers: tuple[str, ...]) -> bool:
    return any(marker in who for marker in markers)


def _holders(record: Record) -> list[Record]:
    """Where counts are: nested, in one of two objects, or not."""
    nested = (record.get("tokens"), record.get("usage"))
    return [*(holder for holder in nested if isinstance(holder, dict)), record]


def _counts(record: Record) -> Counts:
    holders = _holders(record)
    return Counts(*(_count(holders, names) for names in _COUNTS))


def _count(holders: list[Record], names: tuple[str, ...]) -> int | None:
    """The first count that is not 0, else 0 where one is."""
    found: int | None = None
    for holder in holders:
        for name in names:
            value = holder.get(name)
            if value is not None:
                found = fields.count(_digits(value), name)
                if found:
                    return found
    return found


def _digits(value: Any) -> Any:
    """A number that stands in a text."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*\d{1,12}\s*", value) else value


# -- who and how


def _name(record: Record, names: tuple[str, ...]) -> str:
    """The first of these fields that names something."""
    for name in names:
        if record.get(name) is not None:
            found = around.text(record, (name,))
            if found.lower() not in NAMED_NOTHING:
                return found
    return ""


def _key(record: Record) -> str:
    """The key that the caller used, by the start of its hash."""
    given = _name(record, _KEY_HASHES)
    if not re.fullmatch(r"[0-9a-f]{64}", given):
        key = _name(record, _KEYS)
        given = sha256(key.encode("utf-8", "surrogatepass")).hexdigest() if key else ""
    return f"key-{given[:KEY_DIGITS]}" if given else ""


def _masked(record: Record) -> str:
    """Whose credential answered: a mail address without its middle, what may be a secret by its fingerprint."""
    source = _name(record, _SOURCES)
    name, at, host = source.partition("@")
    if at:
        return f"{name[:3]}***@{host}"
    if source.startswith(("m:", "h:")):  # masked by an export
        return source
    is_key = "key" in _name(record, _AUTH_TYPES).lower() or source == _name(record, _KEYS)
    return text.fingerprint(source) if source and (is_key or len(source) >= 32) else source


def _tier(record: Record, who: str) -> str:
    """The tier that was billed: of Codex, whose answers say default even in fast mode, the one asked for."""
    asked, told = _name(record, _REQUESTED_TIERS), _name(record, _RESPONSE_TIERS)
    said = (asked or told) if CODEX in who else (told or asked)
    return usage.tier({"service_tier": said}, {})


def _endpoint(record: Record) -> str:
    """The path, without its method."""
    return re.sub(_METHOD, "", _name(record, _PATHS) or _name(record, _ENDPOINTS)).partition("?")[0]


def _time(record: Record) -> int | None:
    """When the request began, UTC milliseconds."""
    times = {name: _digits_of_time(record.get(name)) for name in _TIMES}
    return around.moment(times, _TIMES)


def _digits_of_time(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*\d{9,14}\s*", value) else value


def _milliseconds(record: Record, names: tuple[str, ...]) -> int | None:
    """A duration; 0 is written where it is not known."""
    found = (fields.harmless_count(_digits(record.get(name))) for name in names)
    return next((count for count in found if count), None)


def _outcome(record: Record) -> tuple[bool, int | None, str]:
    """Whether it failed, its HTTP status, and why it failed."""
    fail = fields.mapping(record.get("fail"))
    statuses = (*(fail.get(name) for name in _STATUS), *(record.get(name) for name in (*_FAIL_STATUS, *_STATUS)))
    counts = (fields.harmless_status(_digits(status)) for status in statuses)
    status = next((count for count in counts if count), None)
    said = next((record[name] for name in _FAILED if isinstance(record.get(name), bool)), None)
    fine = next((record[name] for name in _SUCCEEDED if isinstance(record.get(name), bool)), None)
    reason = next((record[name] for name in _ERRORS if record.get(name)), None) or fail.get("body")
    if said is None:
        said = not fine if fine is not None else (status or 0) >= 400 or bool(reason)
    return said, status, fields.error_text(fields.harmless_string(reason)) if said else ""


def matches(record: Record) -> bool:
    """A line of an export by its hash, a record of the queue by a field of its credentials, with counts."""
    if "event_hash" in record and "timestamp" in record and "model" in record:
        return True
    if not any(mark in record for mark in _MARKS):
        return False
    return any(name in holder for holder in _holders(record) for name in _TELLING)


CPA = Dialect(name=NAME, label="CLIProxyAPI", matches=matches, reader=alone(read, b'okens"'))
