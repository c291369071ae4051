"""An explanation adds up to the very cost, and the dated prices of a model say where they are from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.calls import call, ms, usd
from tests.pricing.conftest import Overriding
from tokenmon.pricing import PriceBook, PricedClass

TOKENS = st.integers(0, 3_000_000)
MAYBE = st.none() | TOKENS
MODELS = st.sampled_from(
    [
        ("anthropic", "claude-sonnet-4-5-20250929", ""),
        ("anthropic", "claude-opus-4-6", "fast"),
        ("anthropic", "claude-haiku-4-5", "batch"),
        ("openai", "gpt-5-nano", "flex"),
        ("openai", "gpt-5.4", ""),
        ("google", "gemini-2.5-flash-lite", "batch"),
        ("google", "gemini-3.1-flash-lite", "batch"),
        ("deepseek", "deepseek-chat", ""),
        ("perplexity", "sonar", ""),
        ("openai", "text-embedding-3-small", ""),
        ("openai", "acme", ""),
    ]
)


@given(MODELS, TOKENS, TOKENS, MAYBE, MAYBE, MAYBE, st.integers(0, 4), st.sampled_from(["2025-01-05", "2026-11-20"]))
def test_the_lines_sum_exactly_to_the_cost(
    book: PriceBook,
    names: tuple[str, str, str],
    fresh: int,
    output: int,
    read: int | None,
    short: int | None,
    long: int | None,
    searches: int,
    day: str,
) -> None:
    provider, model, tier = names
    event = call(
        model,
        fresh,
        output,
        provider=provider,
        tier=tier,
        at=day,
        cache_read=read,
        cache_write_5m=short,
        cache_write_1h=long,
        web_searches=searches,
    )
    cost = book.price(event).cost
    amounts = [line.amount for line in book.explain(event)]
    if cost is None:
        assert not amounts or None in amounts
    else:
        assert sum(amount for amount in amounts if amount is not None) == cost
        assert None not in amounts


def test_an_explanation_has_a_line_for_everything_charged(book: PriceBook) -> None:
    event = call("claude-sonnet-4-5", 10, 159, cache_read=2000, cache_write_5m=0, web_searches=1)
    assert book.explain(event) == (
        PricedClass("input", 10, usd("3"), usd("0.00003")),
        PricedClass("cache_read", 2000, usd("0.3"), usd("0.0006")),
        PricedClass("output", 159, usd("15"), usd("0.002385")),
        PricedClass("web_search", 1, usd("10000"), usd("0.01")),
    )


def test_an_unknown_model_is_explained_by_its_tokens(book: PriceBook) -> None:
    assert book.explain(call("acme", 10, 5)) == (
        PricedClass("input", 10, None, None),
        PricedClass("output", 5, None, None),
    )


def test_the_missing_price_is_seen_in_its_line(book: PriceBook) -> None:
    lines = book.explain(call("text-embedding-3-small", 1_000_000, 5, provider="openai"))
    assert [line.amount for line in lines] == [usd("0.02"), None]


def test_dated_prices_are_newest_first_with_their_source(book: PriceBook) -> None:
    prices = [price for price in book.prices_of("o3", "openai") if not price.tier]
    assert [(price.valid_from, price.input) for price in prices] == [(ms("2025-06-10"), usd("2")), (None, usd("10"))]
    assert {price.source for price in prices} == {f"genai-prices {book.version}"}


def test_dated_prices_tell_tiers_and_times_of_the_day(book: PriceBook) -> None:
    tiers = [(price.above, price.input) for price in book.prices_of("claude-sonnet-4-5", "anthropic") if not price.tier]
    assert tiers == [(-1, usd("3")), (200_000, usd("6"))]
    hour = 3_600_000
    daily = {price.daily: price.input for price in book.prices_of("deepseek-chat", "deepseek")}
    assert daily[(hour // 2, 33 * hour // 2)] == usd("0.27")
    assert daily[(33 * hour // 2, 24 * hour)] == usd("0.135")


def test_without_a_provider_everyone_who_lists_the_model_is_named(book: PriceBook, overriding: Overriding) -> None:
    assert {price.provider for price in book.prices_of("gpt-5")} >= {"openai"}
    assert book.prices_of("acme-coder-9") == ()
    mine = overriding('[[price]]\nmodel = "acme-coder-9"\nprovider = "acme"\ninput = 1\noutput = 2\n')
    (price,) = mine.prices_of("acme-coder-9")
    assert (price.provider, price.input, price.source.endswith("prices.toml")) == ("acme", usd("1"), True)
    (price,) = overriding('[[price]]\nmodel = "acme-coder-9"\nfree = true\n').prices_of("acme-coder-9")[:1]
    assert (price.provider, price.model, price.input) == ("", "acme-coder-9", 0)


@pytest.mark.parametrize("tier", ["batch", "fast"])
def test_our_own_factors_are_named_as_the_source(book: PriceBook, tier: str) -> None:
    sources = {price.source for price in book.prices_of("claude-opus-4-6", "anthropic") if price.tier == tier}
    assert f"genai-prices {book.version}, {tier} factor by tokenmon" in sources
