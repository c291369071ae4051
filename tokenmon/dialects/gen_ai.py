"""One model call as telemetry attributes tell it, whatever convention they follow.

The same number has had several names: OpenTelemetry's GenAI conventions of today and before, OpenLLMetry's `llm.*`,
OpenInference's `llm.token_count.*`, the details of Logfire, Sentry and the AI SDK. They are tried in that order, and
the first one there counts.
Most producers leave out what is 0, so a count that is missing is not reported rather than 0.
Sources: open-telemetry/semantic-conventions-genai, traceloop/openllmetry, Arize-ai/openinference, pydantic/logfire,
docs.sentry.io (AI agents module), ai-sdk.dev/docs/ai-sdk-core/telemetry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tokenmon import text
from tokenmon.dialects import fields
from tokenmon.dialects.fields import Cleaned
from tokenmon.events import MAX_COST, MAX_COUNT, NANO, Names

Attributes = Mapping[str, object]
"""Flat attributes by their dotted names."""

CALLS = frozenset({"chat", "text_completion", "generate_content", "embeddings", "completion", "embedding"})
"""Operations that are one call; everything else (agents, tools, workflows) sums up its children or calls no model."""
AI_SDK_CALLS = (".doGenerate", ".doStream", ".doEmbed")
"""How the AI SDK's operations end that are one call."""
KINDS = frozenset({"LLM", "EMBEDDING"})
"""OpenInference's kinds of spans that are one call."""

INPUT = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.tokens",
)
OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion",
)
CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "ai.usage.cachedInputTokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
CACHE_WRITE = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
)
REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "ai.usage.reasoningTokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
COST = ("gen_ai.usage.cost", "llm.usage.cost", "operation.cost", "llm.cost.total")
"""Vendors' extras, USD."""
RESPONSE_MODEL = (
    "gen_ai.response.model",
    "llm.response.model",
    "llm.model_name",
    "embedding.model_name",
)
REQUEST_MODEL = ("gen_ai.request.model", "llm.request.model", "ai.model.id")
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
RESPONSE_ID = ("gen_ai.response.id",)
SESSION = (
    "gen_ai.conversation.id",
    "session.id",
    "copilot_chat.session_id",
    "copilot_chat.chat_session_id",
    "traceloop.association.properties.session_id",
)
USER = ("enduser.id", "user.email", "user.id")
TIER = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
)
STANDARD_TIERS = ("", "auto", "default", "standard")
STREAMED = ("gen_ai.request.stream", "llm.is_streaming", "gen_ai.is_streaming")
STATUS = ("http.response.status_code", "http.status_code", "status_code")
ERROR = ("error.message", "error.type", "error")
FIRST_TOKEN_SECONDS = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
FIRST_TOKEN_MS = (
    "ttft_ms",
    "copilot_chat.time_to_first_token",
    "github.copilot.time_to_first_token",
    "ai.response.msToFirstChunk",
)
KEY_IDS = ("api_key.hash", "api_key_hash", "api_key.id", "api_key_id")
"""How the attribute ends that identifies the API key."""
KEY_NAMES = ("api_key.alias", "api_key_alias", "api_key.name", "api_key_name")
BILLED_BY = {"github": "github-copilot"}
"""Providers that call themselves by another name in telemetry: Copilot's own is `github`."""

_WHOLE = r"\s*-?[0-9]{1,40}\s*\Z"


@dataclass(frozen=True)
class Counts:
    """The tokens of one call as they are written; whether the input includes the cache they do not say."""

    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None
    total: int | None
    """What the producer says that they add up to."""

    @property
    def disagrees(self) -> bool:
        """Whether they do not, with the cache in the input or beside it."""
        sums = (self.input + self.output, self.input + self.output + self.cached)
        return bool(self.total) and self.total not in sums

    @property
    def cached(self) -> int:
        """Tokens read from and written to a cache."""
        return (self.cache_read or 0) + (self.cache_write or 0)

    @property
    def uncached(self) -> int:
        """Input without the cache, where it includes it; where it cannot, the input."""
        return self.input if self.cached > self.input else self.input - self.cached


def counts(attributes: Attributes) -> Counts | None:
    """The tokens of a call; None where neither input nor output is told. Invalid where one that bills is no count."""
    given, output = count(attributes, INPUT), count(attributes, OUTPUT)
    if given is None and output is None:
        return None
    return Counts(
        input=given or 0,
        output=output or 0,
        cache_read=count(attributes, CACHE_READ),
        cache_write=count(attributes, CACHE_WRITE),
        reasoning=fields.harmless_count(_number(first(attributes, REASONING))),
        total=fields.harmless_count(_number(first(attributes, TOTAL))),
    )


def names(attributes: Attributes, clean: Cleaned, *, dialect: str, integration: str, project: str, kind: str) -> Names:
    """Everything about a call that is text. `kind` is its source class."""
    response, requested = word(attributes, RESPONSE_MODEL), word(attributes, REQUEST_MODEL)
    provider = clean(word(attributes, PROVIDER)).lower()
    if "ai.operationId" in attributes:
        provider = provider.partition(".")[0]  # the AI SDK names which of its APIs: openai.responses
    tier = word(attributes, TIER).lower()
    key_id, key_name = _key(attributes)
    return Names(
        dialect=dialect,
        integration=integration,
        provider=BILLED_BY.get(provider, provider),
        model=clean(response or requested),
        requested_model=clean(requested) if response and requested != response else "",
        key_id=clean(key_id),
        key_name=clean(key_name),
        user=clean(word(attributes, USER)),
        source_class=kind,
        project=project,
        tier="" if tier in STANDARD_TIERS else clean(tier),
    )


def cost(attributes: Attributes, keys: tuple[str, ...] = COST) -> int | None:
    """What the producer says that the call cost, nano-USD; its 0 means that it knows no price."""
    dollars = _real(first(attributes, keys))
    return None if dollars is None or not 0 < dollars <= MAX_COST / NANO else round(dollars * NANO)


def first_token(attributes: Attributes) -> int | None:
    """Time to the first token, ms."""
    seconds = _real(first(attributes, FIRST_TOKEN_SECONDS))
    return duration(seconds * 1000) if seconds is not None else duration(_real(first(attributes, FIRST_TOKEN_MS)))


def duration(milliseconds: float | None) -> int | None:
    """A duration as it is kept, ms; None where it cannot be one."""
    return round(milliseconds) if milliseconds is not None and 0 <= milliseconds <= MAX_COUNT else None


def elapsed(attributes: Attributes, key: str) -> int | None:
    """A duration of that name, ms."""
    return duration(_real(attributes.get(key)))


def streamed(attributes: Attributes) -> bool | None:
    """Whether the answer came in pieces."""
    value = first(attributes, STREAMED)
    return value if isinstance(value, bool) else None


def status(attributes: Attributes) -> int | None:
    """HTTP status."""
    return fields.harmless_status(_number(first(attributes, STATUS)))


def error(attributes: Attributes) -> str:
    """Error text."""
    return fields.error_text(word(attributes, ERROR))


def is_call(attributes: Attributes) -> bool:
    """Whether these are the attributes of one model call and not of something around several."""
    kind = word(attributes, ("openinference.span.kind",)).upper()
    if kind:
        return kind in KINDS
    operation = word(attributes, ("gen_ai.operation.name", "llm.request.type"))
    if operation:
        return operation.lower() in CALLS
    return word(attributes, ("ai.operationId",)).endswith(AI_SDK_CALLS)


def first(attributes: Attributes, keys: tuple[str, ...]) -> object:
    """The value of the first name that is there."""
    for key in keys:
        value = attributes.get(key)
        if value is not None:
            return value
    return None


def word(attributes: Attributes, keys: tuple[str, ...]) -> str:
    """The first of them that is a text with something in it."""
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def count(attributes: Attributes, keys: tuple[str, ...]) -> int | None:
    """The first of these counts that is there; Invalid where it is none."""
    for key in keys:
        value = attributes.get(key)
        if value is not None:
            return fields.count(_number(value), key)
    return None


def _number(value: object) -> object:
    """A whole number that is written as text, as a number."""
    return int(value) if isinstance(value, str) and re.match(_WHOLE, value, re.ASCII) else value


def _real(value: object) -> float | None:
    try:
        return float(value) if fields.is_number(value) or isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _key(attributes: Attributes) -> tuple[str, str]:
    """The API key's identifier and its name; a key that somebody was careless enough to write down as a fingerprint."""
    keys = [key for key in attributes if "api_key" in key]
    if not keys:
        return "", ""
    identifier, name, secret = (
        word(attributes, tuple(key for key in keys if key.endswith(endings)))
        for endings in (KEY_IDS, KEY_NAMES, "api_key")
    )
    return identifier or (text.fingerprint(secret.strip()) if secret else ""), name
