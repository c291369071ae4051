"""The usage objects of the big APIs, read to counts that share no token: the rules are the API's, wherever it stands.

Prompt counts include what was read from and written to a cache everywhere but at Anthropic and Bedrock; reasoning is
part of the output everywhere but at Gemini, and at xAI, whose own total says so. What is subtracted never makes a count
negative. A count that is not reported is None. Sources: the APIs' references and SDKs (formats.md 11).
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tokenmon.dialects import fields
from tokenmon.events import MAX_COUNT, NANO

Usage = Mapping[str, Any]


class Tokens(NamedTuple):
    """The counts of one call, as an `Event` has them."""

    input: int
    """Neither read from nor written to a cache."""
    output: int
    """With reasoning."""
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    web_searches: int = 0
    disagrees: bool = False
    """A total or a sum in the object is not what its parts add up to."""


def chat(usage: Usage, prefix: str = "usage.") -> Tokens | None:
    """OpenAI chat completions and embeddings, and those who speak like it: OpenRouter, Mistral, DeepSeek, LiteLLM, ...

    None where not one count is recognised; Invalid where one cannot be right.
    """
    prompt, output = _count(usage, "prompt_tokens", prefix), _count(usage, "completion_tokens", prefix)
    details = fields.mapping(usage.get("prompt_tokens_details"))
    inner = f"{prefix}prompt_tokens_details."
    read = _first(
        _count(details, "cached_tokens", inner),
        _count(usage, "prompt_cache_hit_tokens", prefix),  # DeepSeek
        _count(usage, "cache_read_input_tokens", prefix),  # LiteLLM
        _count(usage, "cached_tokens", prefix),  # Moonshot
    )
    flat = _first(
        _count(details, "cache_write_tokens", inner),
        _count(details, "cache_creation_tokens", inner),  # LiteLLM, as is the next
        _count(usage, "cache_creation_input_tokens", prefix),
    )
    if prompt is None and (missed := _count(usage, "prompt_cache_miss_tokens", prefix)) is not None:
        prompt = missed + (read or 0)
    if prompt is None and output is None and read is None and flat is None:
        return None
    split = fields.mapping(details.get("cache_creation_token_details"))
    reasoning = _reasoning(usage, "completion_tokens_details", "reasoning_tokens")
    return _inclusive(prompt, output, read, _writes(flat, split, inner), reasoning, _total(usage, "total_tokens"))


def responses(usage: Usage, prefix: str = "usage.") -> Tokens | None:
    """OpenAI's Responses API; as `chat`."""
    prompt, output = _count(usage, "input_tokens", prefix), _count(usage, "output_tokens", prefix)
    details = fields.mapping(usage.get("input_tokens_details"))
    inner = f"{prefix}input_tokens_details."
    read, written = _count(details, "cached_tokens", inner), _count(details, "cache_write_tokens", inner)
    if prompt is None and output is None and read is None and written is None:
        return None
    reasoning = _reasoning(usage, "output_tokens_details", "reasoning_tokens")
    return _inclusive(prompt, output, read, (written, None, False), reasoning, _total(usage, "total_tokens"))


def gemini(usage: Usage, prefix: str = "usageMetadata.") -> Tokens | None:
    """Gemini's `usageMetadata`, as the API spells it and as its Python SDK does; as `chat`.

    It leaves out what is 0, so that cache reads are reported wherever the prompt is. Tokens that tools fed into the
    prompt are beside its count, and so are thoughts beside the candidates'.
    """
    prompt = _spelled(usage, "promptTokenCount", prefix)
    read = _spelled(usage, "cachedContentTokenCount", prefix)
    tools = _spelled(usage, "toolUsePromptTokenCount", prefix)
    answer = _first(_spelled(usage, "candidatesTokenCount", prefix), _spelled(usage, "responseTokenCount", prefix))
    thoughts = _spelled(usage, "thoughtsTokenCount", prefix)
    if all(count is None for count in (prompt, read, tools, answer, thoughts)):
        return None
    if read is None and prompt is not None:
        read = 0
    total = _total(usage, "totalTokenCount") or _total(usage, _snake("totalTokenCount"))
    output = fields.together(answer, thoughts, f"{prefix}thoughtsTokenCount")
    asked = fields.together(prompt, tools, f"{prefix}toolUsePromptTokenCount")
    return _inclusive(asked, output, read, (None, None, False), thoughts, total)


# -- Anthropic and Bedrock: exclusive; Anthropic tells bit by bit while it streams

_MESSAGE_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
)
_MESSAGE_EXTRAS = ("output_tokens_details.thinking_tokens", "server_tool_use.web_search_requests")

MessageCounts = dict[str, int]
"""The counts that a usage object of Anthropic's reports, by their dotted names."""


def messages(usage: Usage, prefix: str = "usage.") -> Tokens | None:
    """Anthropic's Messages API; as `chat`."""
    return message_tokens(message_counts(usage, prefix))


def message_counts(usage: Usage, prefix: str = "usage.") -> MessageCounts:
    """What is reported; of a stream, where every later object is cumulative, the later replaces the earlier."""
    found = {name: fields.count(_at(usage, name), f"{prefix}{name}") for name in _MESSAGE_COUNTS}
    found |= {name: fields.harmless_count(_at(usage, name)) for name in _MESSAGE_EXTRAS}
    return {name: count for name, count in found.items() if count is not None}


def message_tokens(counts: MessageCounts) -> Tokens | None:
    """The tokens of a call; None where nothing that is billed is reported."""
    if not any(name in counts for name in _MESSAGE_COUNTS):
        return None
    flat = counts.get("cache_creation_input_tokens")
    split = {name.rpartition(".")[2]: count for name, count in counts.items() if name.startswith("cache_creation.")}
    write_5m, write_1h, disagrees = _writes(flat, split, "")
    return Tokens(
        counts.get("input_tokens", 0),
        counts.get("output_tokens", 0),
        counts.get("cache_read_input_tokens"),
        write_5m,
        write_1h,
        counts.get("output_tokens_details.thinking_tokens"),
        counts.get("server_tool_use.web_search_requests", 0),
        disagrees,
    )


def others(counts: Usage) -> Iterator[tuple[str, Usage]]:
    """What Anthropic did beside the message within the same request, which its own counts leave out: (a name, usage).

    Summaries of what came before, and answers of an advisor, which has a model of its own. (Claude Platform docs,
    compaction: add up `usage.iterations`.)
    """
    iterations = counts.get("iterations")
    for index, iteration in enumerate(iterations if isinstance(iterations, list) else ()):
        kind = fields.mapping(iteration).get("type")
        if kind in ("compaction", "advisor_message"):
            yield f"{kind}:{index}", iteration


def converse(usage: Usage, prefix: str = "usage.") -> Tokens | None:
    """Bedrock's Converse API, whose input leaves out the cache; as `chat`."""
    given, output = _count(usage, "inputTokens", prefix), _count(usage, "outputTokens", prefix)
    read, written = _count(usage, "cacheReadInputTokens", prefix), _count(usage, "cacheWriteInputTokens", prefix)
    if given is None and output is None and read is None and written is None:
        return None
    said, total = (given or 0) + (output or 0), _total(usage, "totalTokens")
    is_right = total in (None, said, said + (read or 0) + (written or 0))
    return Tokens(given or 0, output or 0, read, written, disagrees=not is_right)


# -- cost and tier

BATCH = "batch"
STANDARD_TIERS = ("", "standard", "default", "auto", "on_demand", "traffic_type_unspecified")


def cost(usage: Usage, prefix: str = "usage.") -> int | None:
    """What OpenRouter charged, nano-USD: with the caller's own key, its fee and beside it the provider's part."""
    charged = usage.get("cost")
    if not fields.is_number(charged):
        return None
    dollars = fields.dollars(charged, f"{prefix}cost") or 0.0
    if usage.get("is_byok") is True:
        upstream = fields.mapping(usage.get("cost_details")).get("upstream_inference_cost")
        dollars += fields.dollars(upstream, f"{prefix}cost_details.upstream_inference_cost") or 0.0
    return round(dollars * NANO)


def tier(answer: Usage, usage: Usage) -> str:
    """What changes the price besides the tokens; empty is standard.

    OpenAI tells it in the answer, Anthropic, OpenRouter and Google in the usage; Anthropic's fast mode is priced by
    itself, whatever the service tier.
    """
    if usage.get("speed") == "fast":
        return "fast"
    places = (
        answer.get("service_tier"),
        usage.get("service_tier"),
        usage.get("trafficType"),
        usage.get("traffic_type"),
    )
    said = next((place for place in places if isinstance(place, str)), "").strip().lower()
    return "" if said in STANDARD_TIERS else said.removeprefix("on_demand_")


# -- helpers


def _inclusive(
    prompt: int | None,
    output: int | None,
    read: int | None,
    writes: tuple[int | None, int | None, bool],
    reasoning: int | None,
    total: int | None,
) -> Tokens:
    """Tokens where the prompt includes the cache."""
    write_5m, write_1h, disagrees = writes
    fresh = (prompt or 0) - (read or 0) - (write_5m or 0) - (write_1h or 0)
    said = (prompt or 0) + (output or 0)
    if reasoning and total == said + reasoning:  # xAI: beside the output
        output, said = fields.together(output, reasoning, "reasoning_tokens"), total
    wrong = disagrees or fresh < 0 or (total is not None and total != said)
    return Tokens(max(0, fresh), output or 0, read, write_5m, write_1h, reasoning, disagrees=wrong)


def _writes(flat: int | None, split: Usage, prefix: str) -> tuple[int | None, int | None, bool]:
    """Cache writes kept for five minutes and for an hour, and whether the sum disagrees with these parts of it.

    What the parts leave out of a larger sum is kept for five minutes.
    """
    short = _count(split, "ephemeral_5m_input_tokens", prefix)
    long = _count(split, "ephemeral_1h_input_tokens", prefix)
    if short is None and long is None:
        return flat, None, False
    rest = 0 if flat is None else flat - (short or 0) - (long or 0)
    return (short or 0) + rest if rest > 0 else short, long, rest != 0


def _count(usage: Usage, name: str, prefix: str) -> int | None:
    count = usage.get(name)
    return None if count is None else fields.count(count, f"{prefix}{name}")


def _spelled(usage: Usage, name: str, prefix: str) -> int | None:
    """A count under Gemini's name of it, else as its Python SDK spells that."""
    snake = _snake(name)
    return _first(_count(usage, name, prefix), _count(usage, snake, prefix))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _reasoning(usage: Usage, details: str, name: str) -> int | None:
    return fields.harmless_count(fields.mapping(usage.get(details)).get(name))


def _total(usage: Usage, name: str) -> int | None:
    """An own total, which is only compared: absent where it cannot be one."""
    return fields.harmless_count(usage.get(name), 10 * MAX_COUNT)


def _at(usage: Usage, name: str) -> Any:
    outer, _, inner = name.rpartition(".")
    return (fields.mapping(usage.get(outer)) if outer else usage).get(inner)


def _first(*counts: int | None) -> int | None:
    """The first count that is reported."""
    for count in counts:
        if count is not None:
            return count
    return None
