"""Costs that were worked out by hand or taken from the vendors' pages: the book must give them to the last nano-USD."""

import pytest

from tests.pricing.calls import call, usd
from tokenmon.events import Event
from tokenmon.pricing import PriceBook, Priced

M = 1_000_000


def test_a_claude_code_call_costs_each_class_apart(book: PriceBook) -> None:
    event = call(
        "claude-sonnet-4-5-20250929",
        10,
        159,
        at="2026-09-14T09:00:09",
        cache_read=2000,
        cache_write_5m=1000,
        cache_write_1h=2000,
    )
    assert book.price(event) == Priced(usd("0.018765"), "anthropic/claude-sonnet-4-5")


def test_gpt_5_codex_is_priced_as_gpt_5(book: PriceBook) -> None:
    event = call("gpt-5-codex", 2000, 500, provider="openai", at="2026-09-14T09:00:10", cache_read=8000)
    assert book.price(event) == Priced(usd("0.0085"), "openai/gpt-5")


@pytest.mark.parametrize(
    ("event", "cost"),
    [
        (
            call(
                "claude-sonnet-4-5-20250929",
                15,
                350,
                cache_read=20_000,
                cache_write_5m=1000,
                cache_write_1h=2000,
                web_searches=2,
            ),
            "0.047045",
        ),
        (call("gpt-5.1", 176, 300, provider="openai", cache_read=1024), "0.003348"),
        (call("gpt-5.2", 904, 700, provider="openai", cache_read=4096), "0.0120988"),
        (call("gemini-2.5-pro", 610, 250, provider="google", cache_read=400), "0.0033125"),
        (call("gemini-2.5-pro", 2000, 350, provider="google", cache_read=3000), "0.006375"),
        (call("gpt-5-2025-08-07", 200, 300, provider="openai", cache_read=1000), "0.003375"),
        (call("claude-haiku-4-5-20251001", 200, 300, cache_read=1000), "0.0018"),
        (call("text-embedding-3-small", 1200, 0, provider="openai"), "0.000024"),
    ],
)
def test_a_call_of_the_known_vectors_costs_this(book: PriceBook, event: Event, cost: str) -> None:
    assert book.price(event).cost == usd(cost)


@pytest.mark.parametrize(
    ("provider", "model", "rates"),
    [
        ("anthropic", "claude-opus-4-5", ("5", "25", "0.5", "6.25", "10")),
        ("anthropic", "claude-opus-4-1", ("15", "75", "1.5", "18.75", "30")),
        ("anthropic", "claude-sonnet-4-5", ("3", "15", "0.3", "3.75", "6")),
        ("anthropic", "claude-sonnet-4-6", ("3", "15", "0.3", "3.75", "6")),
        ("anthropic", "claude-haiku-4-5", ("1", "5", "0.1", "1.25", "2")),
        ("anthropic", "claude-opus-5-5", ("4", "20", "0.2", "5", "8")),
        ("openai", "gpt-5", ("1.25", "10", "0.125", "1.25", "1.25")),
        ("openai", "gpt-5.1", ("1.25", "10", "0.125", "1.25", "1.25")),
        ("openai", "gpt-5.2", ("1.75", "14", "0.175", "1.75", "1.75")),
        ("openai", "gpt-5.5", ("5", "30", "0.5", "5", "5")),
        ("google", "gemini-2.5-pro", ("1.25", "10", "0.125", "1.25", "1.25")),
        ("google", "gemini-2.5-flash", ("0.3", "2.5", "0.03", "0.3", "0.3")),
        ("google", "gemini-3-pro-preview", ("2", "12", "0.2", "2", "2")),
        ("mistral", "mistral-large-latest", ("2", "6", "2", "2", "2")),
        ("deepseek", "deepseek-chat", ("0.27", "1.1", "0.07", "0.27", "0.27")),
        ("groq", "llama-3.3-70b-versatile", ("0.59", "0.79", "0.59", "0.59", "0.59")),
        ("openrouter", "qwen/qwen3-coder", ("0.3", "1", "0.1", "0.3", "0.3")),
        ("x-ai", "grok-4", ("3", "15", "0.75", "3", "3")),
    ],
)
def test_current_models_cost_what_their_vendors_say(
    book: PriceBook, provider: str, model: str, rates: tuple[str, ...]
) -> None:
    """A cache class without a rate of its own costs what input costs."""
    k = 1000  # few enough to stay below every tier
    calls = (
        call(model, k, provider=provider),
        call(model, 0, k, provider=provider),
        call(model, provider=provider, cache_read=k),
        call(model, provider=provider, cache_write_5m=k),
        call(model, provider=provider, cache_write_1h=k),
    )
    assert [book.price(one).cost for one in calls] == [usd(rate) // k for rate in rates]


def test_a_price_holds_from_its_day_on(book: PriceBook) -> None:
    """OpenAI cut o3 by four fifths on 2025-06-10."""
    before = call("o3", M, provider="openai", at="2025-06-01")
    after = call("o3", M, provider="openai", at="2025-06-11")
    assert (book.price(before).cost, book.price(after).cost) == (usd("10"), usd("2"))


def test_a_tier_prices_the_whole_request_by_its_total_input(book: PriceBook) -> None:
    model = "claude-sonnet-4-5"
    assert book.price(call(model, 200_000)).cost == usd("0.6")
    assert book.price(call(model, 200_001)).cost == usd("1.200006")
    assert book.price(call(model, 1, 100, cache_read=200_000)).cost == usd("0.122256")
    assert book.price(call(model, 0, 100, cache_read=200_000)).cost == usd("0.0615")


def test_a_price_may_depend_on_the_time_of_day(book: PriceBook) -> None:
    def costs(at: str) -> int | None:
        return book.price(call("deepseek-chat", M, provider="deepseek", at=at)).cost

    assert costs("2025-03-10T17:00") == usd("0.135")
    assert costs("2025-03-10T16:30") == usd("0.135")
    assert costs("2025-03-10T16:29:59") == usd("0.27")
    assert costs("2025-03-10T00:30") == usd("0.27")
    assert costs("2025-03-10T00:29:59") == usd("0.135")


def test_a_fee_for_the_request_is_added_once(book: PriceBook) -> None:
    prices = [price for price in book.prices_of("sonar", "perplexity") if price.request]
    assert prices
    fee = prices[0].request
    without = prices[0].input or 0
    assert book.price(call("sonar", M, provider="perplexity")).cost == without + fee


def test_half_a_nano_dollar_is_rounded_to_even(book: PriceBook) -> None:
    """12.5 nano-USD per cached token of gemini-3.1-flash-lite in batches."""
    costs = [
        book.price(call("gemini-3.1-flash-lite", provider="google", tier="batch", cache_read=n)).cost for n in (1, 3, 2)
    ]
    assert costs == [12, 38, 25]
