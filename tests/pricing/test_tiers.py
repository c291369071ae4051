"""Service tiers, fast mode and web searches: a price that the log asks for by name, or none."""

import pytest

from tests.pricing.calls import call, usd
from tokenmon.pricing import PriceBook, Priced

M = 1_000_000
UNKNOWN = Priced(None, "")


@pytest.mark.parametrize("tier", ["", "standard", "default", "Standard"])
def test_the_standard_tier_has_several_names(book: PriceBook, tier: str) -> None:
    assert book.price(call("claude-opus-4-6", 1000, tier=tier)).cost == usd("0.005")


@pytest.mark.parametrize(
    ("provider", "model", "tier", "at", "cost"),
    [
        ("anthropic", "claude-opus-4-6", "fast", "2026-11-20", "30"),
        ("anthropic", "claude-opus-4-7", "fast", "2026-11-20", "30"),
        ("anthropic", "claude-opus-4-8", "fast", "2026-11-20", "10"),
        ("anthropic", "claude-opus-5", "fast", "2026-11-20", "10"),
        ("anthropic", "claude-haiku-4-5", "batch", "2025-12-01", "0.5"),  # ours: before genai-prices knows one
        ("anthropic", "claude-haiku-4-5", "batch", "2026-11-20", "0.5"),
        ("openai", "gpt-5", "flex", "2025-12-01", "0.625"),
        ("openai", "gpt-5", "flex", "2026-11-20", "0.625"),
        ("openai", "gpt-5", "batch", "2025-12-01", "0.625"),
        ("openai", "gpt-5.3-codex", "fast", "2026-04-01", "3.5"),
        ("openai", "gpt-5.3-codex", "priority", "2026-11-20", "3.5"),
        ("openai", "gpt-5.5", "fast", "2026-11-20", "12.5"),
        ("openai", "gpt-5-mini", "priority", "2026-11-20", "0.45"),
        ("openai", "gpt-5.2", "priority", "2026-02-01", "3.5"),
        ("openai", "gpt-5.2", "priority", "2026-11-20", "3.5"),
        ("google", "gemini-2.5-flash", "batch", "2026-01-01", "0.15"),
    ],
)
def test_a_tier_has_its_own_price(book: PriceBook, provider: str, model: str, tier: str, at: str, cost: str) -> None:
    assert book.price(call(model, 1000, provider=provider, tier=tier, at=at)).cost == usd(cost) // 1000


def test_fast_mode_multiplies_cache_and_output_too(book: PriceBook) -> None:
    event = call("claude-opus-4-6", 1000, 1000, tier="fast", cache_read=1000, cache_write_5m=1000, cache_write_1h=1000)
    standard = call("claude-opus-4-6", 1000, 1000, cache_read=1000, cache_write_5m=1000, cache_write_1h=1000)
    assert book.price(event).cost == 6 * (book.price(standard).cost or 0)


def test_our_batch_price_meets_the_tables_without_a_step(book: PriceBook) -> None:
    """Half price holds on both sides of the day from which genai-prices tells it, cache hits of Gemini as standard."""
    for provider, model in (("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-4o"), ("google", "gemini-2.5-pro")):
        before, after = (
            book.price(call(model, 1000, 1000, provider=provider, tier="batch", at=at, cache_read=1000))
            for at in ("2026-10-13T23:59:59", "2026-10-14")
        )
        assert before == after
        assert before.cost


@pytest.mark.parametrize(
    ("provider", "model", "tier", "at"),
    [
        ("anthropic", "claude-sonnet-4-5", "fast", "2026-11-20"),
        ("anthropic", "claude-sonnet-4-5", "priority", "2026-11-20"),
        ("anthropic", "claude-sonnet-4-5", "express", "2026-11-20"),
        ("openai", "gpt-5-mini", "priority", "2026-01-01"),
        ("openai", "gpt-5", "batch", "2024-01-01"),
        ("azure", "gpt-5", "batch", "2026-11-20"),
        ("openrouter", "qwen/qwen3-coder", "flex", "2026-11-20"),
    ],
)
def test_a_tier_without_a_known_price_is_never_priced_as_standard(
    book: PriceBook, provider: str, model: str, tier: str, at: str
) -> None:
    assert book.price(call(model, 1000, provider=provider, tier=tier, at=at)) == UNKNOWN


def test_web_searches_are_added_and_never_multiplied(book: PriceBook) -> None:
    assert book.price(call("claude-opus-4-6", web_searches=3)).cost == usd("0.03")
    assert book.price(call("claude-opus-4-6", web_searches=3, tier="fast")).cost == usd("0.03")
    assert book.price(call("claude-opus-4-6", web_searches=3, tier="batch")).cost == usd("0.03")


def test_web_searches_without_a_price_make_the_cost_unknown(book: PriceBook) -> None:
    assert book.price(call("grok-3", 10, 10, provider="x-ai")).cost is not None
    assert book.price(call("grok-3", 10, 10, provider="x-ai", web_searches=1)) == UNKNOWN


def test_a_class_without_a_price_matters_only_when_it_is_used(book: PriceBook) -> None:
    assert book.price(call("text-embedding-3-small", 1000, 0, provider="openai")).cost == usd("0.00002")
    assert book.price(call("text-embedding-3-small", 1000, 1, provider="openai")) == UNKNOWN


def test_a_cost_beyond_belief_is_unknown_so_that_sums_never_overflow(book: PriceBook) -> None:
    assert book.price(call("o1-pro", 10**8, provider="openai")) == UNKNOWN
    assert book.price(call("o1-pro", 10**7, provider="openai")).cost == usd("1500")
