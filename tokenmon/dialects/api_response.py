"""Raw answers of the big APIs, one on each line, bare or one level deep in a record that the user's own code wrote.

The claim is broad, so it rests on how an API marks its answers (`object`, `type` and `role`, `modelVersion`), never on
the word usage; coding agents and gateways, which also keep such answers in their records, have dialects of their own.

What stands around an answer is read by the short list of fields in `around`. Who bills is what is said there; else what
the answer shows; else the vendor to whom a model of that plain name belongs; else nobody, and the price is unknown.

An API's id is the call, with its time of creation where it has one, because small servers draw their ids from a
thousand numbers. So the chunks of a stream, which grow, and a copy in another file are one call. Anthropic's stream
names the call only in its first event: what follows belongs to the last one begun under the same request id.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tokenmon import text
from tokenmon.dialects import around, fields, litellm, usage
from tokenmon.dialects.base import Dialect, Record
from tokenmon.dialects.fields import Cleaned
from tokenmon.dialects.plain import Scene, remembering
from tokenmon.dialects.usage import MessageCounts, Tokens
from tokenmon.events import Event, Names, Parsed

NAME = "api-response"
LINE_CAP = 64 * 1024 * 1024
"""Usage follows the content: images, or thousands of embeddings, bytes."""
MOST_OPEN = 64
"""Streams whose beginning is remembered."""
GOOGLE = "google"
AWS = "aws"

_TRANSCRIPTS = ("sessionId", "parentUuid", "isSidechain")
"""Fields of coding agents, whose records hold such answers as well."""


# -- the APIs


@dataclass(frozen=True)
class Api:
    """How one API's answers are told and read."""

    is_answer: Callable[[Record], bool]
    usage: tuple[str, ...]
    """Where the usage object is, as the API spells it and as its SDK does."""
    tokens: Callable[[Record, str], Tokens | None]
    ids: tuple[str, ...] = ("id",)
    models: tuple[str, ...] = ("model",)
    times: tuple[str, ...] = ("created",)
    biller: str = ""
    """Who bills where only one vendor has this API."""


def _is_chat(answer: Record) -> bool:
    kind = answer.get("object")
    if not isinstance(kind, str) or not kind.startswith(("chat.completion", "text_completion")):
        return False
    return "choices" in answer or "usage" in answer


def _is_response(answer: Record) -> bool:
    return answer.get("object") == "response" and isinstance(answer.get("id"), str) and "model" in answer


def _is_embeddings(answer: Record) -> bool:
    return answer.get("object") == "list" and "prompt_tokens" in fields.mapping(answer.get("usage"))


def _is_message(answer: Record) -> bool:
    if answer.get("type") != "message" or answer.get("role") != "assistant" or not isinstance(answer.get("model"), str):
        return False
    counts = answer.get("usage")
    return isinstance(counts, dict) and ("input_tokens" in counts or "output_tokens" in counts)


def _is_gemini(answer: Record) -> bool:
    if not any(isinstance(answer.get(name), dict) for name in GEMINI_USAGE):
        return False
    return any(name in answer for name in ("modelVersion", "model_version", "responseId", "response_id", "candidates"))


def _is_converse(answer: Record) -> bool:
    return "stopReason" in answer and "metrics" in answer and "inputTokens" in fields.mapping(answer.get("usage"))


GEMINI_USAGE = ("usageMetadata", "usage_metadata")

RESPONSES = Api(_is_response, ("usage",), usage.responses, times=("completed_at", "created_at"))
MESSAGES = Api(_is_message, ("usage",), usage.messages, times=())
GEMINI = Api(
    _is_gemini,
    GEMINI_USAGE,
    usage.gemini,
    ids=("responseId", "response_id"),
    models=("modelVersion", "model_version"),
    times=("createTime", "create_time"),
    biller=GOOGLE,
)
CONVERSE = Api(_is_converse, ("usage",), usage.converse, ids=(), models=(), times=(), biller=AWS)
APIS = (
    Api(_is_chat, ("usage",), usage.chat),
    RESPONSES,
    Api(_is_embeddings, ("usage",), usage.chat),
    MESSAGES,
    GEMINI,
    CONVERSE,
)


# -- finding an answer


class Found(msgspec.Struct):
    """An answer, or an event of Anthropic's stream, and what stands around it."""

    answer: Record
    api: Api | None
    """None for an event of a stream."""
    wrapper: Record
    """What the user's own record says besides; empty where there is none."""
    is_batch: bool = False


def _found(record: Record) -> Found | None:
    """The answer that a record is or holds."""
    if any(name in record for name in _TRANSCRIPTS) or record.get("type") == "assistant" or litellm.matches(record):
        return None
    found = _bare(record, {})
    if found is not None:
        return found
    for value in record.values():
        if isinstance(value, dict):
            found = _bare(value, record) or _from_batch(record, value)
            if found is not None:
                found.is_batch = found.is_batch or _is_googles_batch(record)
                return found
    return None


def _bare(value: Record, wrapper: Record) -> Found | None:
    """The answer that this object is; Responses' stream carries it in its last event."""
    kind = value.get("type")
    if kind in ("message_start", "message_delta"):
        return Found(value, None, wrapper)
    if isinstance(kind, str) and kind.startswith("response."):
        value = fields.mapping(value.get("response"))
    api = next((api for api in APIS if api.is_answer(value)), None)
    return None if api is None else Found(value, api, wrapper)


def _from_batch(record: Record, value: Record) -> Found | None:
    """The answer in a line of the results of OpenAI's batches (`body`) or Anthropic's (`message`)."""
    if "custom_id" not in record:
        return None
    for name in ("body", "message"):
        inner = value.get(name)
        found = _bare(inner, {**record, **value}) if isinstance(inner, dict) else None
        if found is not None:
            found.is_batch = True
            return found
    return None


def _is_googles_batch(record: Record) -> bool:
    """Results of Gemini's batches are `key` and `response`; Vertex writes when each was processed."""
    return record.keys() == {"key", "response"} or ("processed_time" in record and "request" in record)


# -- reading it


class Told(NamedTuple):
    """What an answer itself tells of its call."""

    tokens: Tokens
    id: str
    """The answer's, as the API gave it."""
    model: str
    provider: str
    tier: str
    mark: str = ""
    """What tells this call from others with the same id."""
    ts: int | None = None
    cost: int | None = None
    streamed: bool | None = None
    failed: bool = False


class Begun(msgspec.Struct):
    """What the first event of a stream of Anthropic's tells, and the counts so far."""

    id: str
    model: str
    tier: str
    counts: MessageCounts


class Streams(msgspec.Struct):
    """The streams last begun, by the request id around their events."""

    open: dict[str, Begun] = {}


def read(record: Record, scene: Scene[Streams]) -> Parsed:
    """The call of a record; nothing where it holds no answer or the answer has no usage."""
    found = _found(record)
    if found is None:
        return None
    told = _streamed(found, scene) if found.api is None else _told(found, found.api)
    events = tuple(_event(each, found.wrapper, scene) for each in told)
    return events[0] if len(events) == 1 else events or None


def _told(found: Found, api: Api) -> Iterator[Told]:
    """The call of an answer, and what was done beside it."""
    answer = found.answer
    name, counts = next(((name, answer[name]) for name in api.usage if isinstance(answer.get(name), dict)), ("", {}))
    tokens = api.tokens(counts, f"{name}.")
    if tokens is None or (api is GEMINI and _is_unfinished(answer)):
        return
    model, created = around.text(answer, api.models), answer.get("created")
    if api is RESPONSES:
        tokens = tokens._replace(web_searches=_searches(answer.get("output")))
    told = Told(
        tokens,
        around.text(answer, api.ids),
        model,
        _provider(answer, counts, model, api),
        usage.BATCH if found.is_batch else usage.tier(answer, counts),
        mark=f" {created}" if fields.is_number(created) else "",
        ts=around.moment(answer, api.times),
        cost=usage.cost(counts),
        streamed=True if answer.get("object") == "chat.completion.chunk" else None,
        failed=answer.get("status") == "failed",
    )
    yield told
    if api is MESSAGES:
        yield from _beside(told, counts)


def _beside(told: Told, counts: Record) -> Iterator[Told]:
    """Calls that Anthropic made of its own within this one; a cost that is told is that of all of them."""
    cost = None if told.cost is None else 0
    for name, each in usage.others(counts):
        tokens = usage.messages(each, f"usage.{name.partition(':')[0]}.")
        if tokens is not None:
            model = around.text(each, MESSAGES.models) or told.model
            yield told._replace(tokens=tokens, model=model, mark=f":{name}", cost=cost)


def _streamed(found: Found, scene: Scene[Streams]) -> Iterator[Told]:
    """The call so far, by an event of Anthropic's stream."""
    request, event = scene.clean(around.text(found.wrapper, around.REQUESTS)), found.answer
    message = fields.mapping(event.get("message"))
    if MESSAGES.is_answer(message):
        _begin(scene.memory.open, request, message, scene)
    begun = scene.memory.open.get(request)
    if begun is None:
        return
    counts = fields.mapping(event.get("usage"))
    begun.counts |= usage.message_counts(counts)
    tokens = usage.message_tokens(begun.counts)
    if tokens is None or not begun.id:
        return
    provider = _provider({"id": begun.id}, {}, begun.model, MESSAGES)
    told = Told(tokens, begun.id, begun.model, provider, begun.tier, streamed=True)
    yield told
    yield from _beside(told, counts)


def _begin(streams: dict[str, Begun], request: str, message: Record, scene: Scene[Streams]) -> None:
    """Remember the beginning of a stream, and forget the oldest of too many."""
    counts = fields.mapping(message.get("usage"))
    begun = Begun(
        id=scene.clean(around.text(message, MESSAGES.ids)),
        model=scene.clean(around.text(message, MESSAGES.models)),
        tier=scene.clean(usage.tier(message, counts)),
        counts=usage.message_counts(counts, "message.usage."),
    )
    streams.pop(request, None)
    streams[request] = begun
    if len(streams) > MOST_OPEN:
        del streams[next(iter(streams))]


def _event(told: Told, wrapper: Record, scene: Scene[Streams]) -> Event:
    """The call, with what stands around its answer."""
    clean, tokens = scene.clean, told.tokens
    said = around.moment(wrapper, around.TIMES)
    ts = told.ts if said is None else said
    return Event(
        ts=scene.moment(None, "time")[0] if ts is None else ts,
        names=_names(told, wrapper, clean),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write_5m,
        cache_write_1h=tokens.cache_write_1h,
        reasoning=tokens.reasoning,
        cost_logged=told.cost,
        web_searches=tokens.web_searches,
        id=clean(told.id + told.mark) if told.id else "",
        rewritten=bool(told.id),
        session=clean(around.text(wrapper, around.SESSIONS)),
        request_id=clean(around.text(wrapper, around.REQUESTS) or told.id),
        status=around.status(wrapper),
        failed=told.failed,
        latency_ms=around.duration(wrapper, around.LATENCIES),
        ttft_ms=around.duration(wrapper, around.FIRST_TOKEN),
        streamed=told.streamed,
        disagrees=tokens.disagrees,
        untimed=ts is None,
    )


def _names(told: Told, wrapper: Record, clean: Cleaned) -> Names:
    asked, secret = clean(around.text(wrapper, around.MODELS)), around.text(wrapper, around.SECRETS)
    model = clean(told.model) or asked
    return Names(
        dialect=NAME,
        integration=clean(around.text(wrapper, around.INTEGRATIONS)) or NAME,
        provider=clean(around.text(wrapper, around.PROVIDERS)).lower() or told.provider,
        model=model,
        requested_model=asked if asked != model else "",
        account=clean(around.text(wrapper, around.ACCOUNTS)),
        key_id=clean(around.text(wrapper, around.KEYS)) or (text.fingerprint(secret) if secret else ""),
        key_name=clean(around.text(wrapper, around.KEY_NAMES)),
        user=clean(around.text(wrapper, around.USERS)),
        source_class="apikey",
        project=clean(around.text(wrapper, around.PROJECTS)),
        tier=clean(told.tier),
        endpoint=clean(around.text(wrapper, around.ENDPOINTS).partition("?")[0]),
    )


def _searches(output: object) -> int:
    """How many web searches OpenAI made for a response; opening a page or looking in it costs nothing beside tokens."""
    items = [fields.mapping(item) for item in output] if isinstance(output, list) else []
    actions = (fields.mapping(item.get("action")) for item in items if item.get("type") == "web_search_call")
    return sum(action.get("type", "search") == "search" for action in actions)


def _is_unfinished(answer: Record) -> bool:
    """Whether this is a chunk of a stream without ids, and not the last one: its counts come again, grown."""
    candidates = answer.get("candidates")
    if around.text(answer, GEMINI.ids) or not isinstance(candidates, list) or not candidates:
        return False
    endings = (one.get("finishReason") or one.get("finish_reason") for one in candidates if isinstance(one, dict))
    return not any(endings)


# -- who bills

_FAMILIES = (
    ("anthropic", r"claude-"),
    ("openai", r"(?:ft:)?(?:gpt-(?!oss)|chatgpt-|codex-|davinci-|babbage-|o[134](?:-|\Z)|text-embedding-(?:3|ada)-)"),
    (GOOGLE, r"(?:models/)?gemini-"),
    ("mistral", r"[^/:]*stral[^/:]*\Z|open-mixtral-"),
    ("deepseek", r"deepseek-(?:chat|reasoner)\Z"),
    ("x-ai", r"grok-"),
)
"""Plain names of models that only their vendor sells under them; a reseller's have a slash or a colon."""

_ISSUERS = (("msg_bdrk_", AWS), ("msg_vrtx_", GOOGLE), ("gen-", "openrouter"))
"""How ids begin that tell who gave them."""


def _provider(answer: Record, counts: Record, model: str, api: Api) -> str:
    """Who bills, as far as the answer shows; empty where it does not."""
    if api.biller:
        return api.biller
    if fields.is_number(counts.get("cost")):
        return "openrouter"
    issued = around.text(answer, ("id",))
    issuer = next((provider for start, provider in _ISSUERS if issued.startswith(start)), "")
    if issuer:
        return issuer
    if "prompt_cache_hit_tokens" in counts:
        return "deepseek"
    if "x_groq" in answer:
        return "groq"
    if "prompt_filter_results" in answer:
        return "azure"
    return next((provider for provider, family in _FAMILIES if re.match(family, model)), "")


def matches(record: Record) -> bool:
    """An API's answer, bare, in a record of the user's or in a batch's results; or the start of Anthropic's stream."""
    found = _found(record)
    if found is None or found.api is not None:
        return found is not None
    message = found.answer.get("message")
    return isinstance(message, dict) and MESSAGES.is_answer(message)


API_RESPONSE = Dialect(
    name=NAME,
    label="answers of APIs",
    matches=matches,
    reader=remembering(Streams, read, b'"usage'),
    line_cap=LINE_CAP,
)
