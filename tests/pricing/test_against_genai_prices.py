"""Every model of the table costs what genai-prices itself says, through names that mean it by equality."""

import random
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from genai_prices import calc_price
from genai_prices.data import providers
from genai_prices.types import Usage

from tests.pricing.calls import call
from tokenmon.events import Event
from tokenmon.pricing import PriceBook
from tokenmon.pricing.table import Table, open_table

NANO = Decimal(10) ** 9


@pytest.fixture(scope="module")
def table(cache: Path) -> Table:
    return open_table(cache)


def theirs(event: Event, provider: str, **context: str) -> int:
    """The library's price in nano-USD."""
    read, short, long = event.cache_read or 0, event.cache_write_5m or 0, event.cache_write_1h or 0
    usage = Usage(
        input_tokens=event.input + read + short + long,
        cache_read_tokens=read,
        cache_write_tokens=short + long,
        cache_write_5m_tokens=short,
        cache_write_1h_tokens=long,
        output_tokens=event.output,
    )
    at = datetime.fromtimestamp(event.ts / 1000, UTC)
    price = calc_price(
        usage, event.names.model, provider_id=provider, genai_request_timestamp=at, price_context=context or None
    )
    return int((price.total_price * NANO).to_integral_value(ROUND_HALF_EVEN))


def vectors(model: str, provider: str, seed: str, tier: str = "") -> list[Event]:
    """A small, a middling and a large request, at different times."""
    dice = random.Random(seed)
    return [
        call(
            model,
            dice.randrange(most),
            dice.randrange(most // 4),
            provider=provider,
            tier=tier,
            at=at,
            cache_read=dice.randrange(most),
            cache_write_5m=dice.randrange(most // 8),
            cache_write_1h=dice.randrange(most // 8),
        )
        for most, at in ((1000, "2025-05-01T01:00"), (100_000, "2026-08-01T17:00"), (600_000, "2026-11-20T07:00"))
    ]


def test_every_listed_name_costs_what_genai_prices_says(book: PriceBook, table: Table) -> None:
    """Names that the library does not find are ids that nobody logs; costs we call unknown lack a class's price."""
    compared: set[int] = set()
    for provider in providers:
        for name, index in table.keys[provider.id].items():
            if provider.find_model(name) is None:
                continue
            for event in vectors(name, provider.id, name):
                ours = book.price(event).cost
                if ours is not None:
                    assert ours == theirs(event, provider.id), (provider.id, name, event)
                    compared.add(index)
    assert len(compared) >= 1900


@pytest.mark.parametrize(
    ("tier", "context"),
    [
        ("batch", {"processing": "batch"}),
        ("flex", {"service_tier": "flex"}),
        ("priority", {"service_tier": "priority"}),
    ],
)
def test_a_tier_that_genai_prices_tells_costs_what_it_says(
    book: PriceBook, table: Table, tier: str, context: dict[str, str]
) -> None:
    compared = 0
    found = {(provider.id, model.id) for provider in providers for model in provider.models if model.is_match(model.id)}
    for row in table.models:
        if tier in row.tiers and (row.provider, row.model) in found:
            event = vectors(row.model, row.provider, row.model, tier)[-1]
            cost = book.price(event).cost
            if cost is not None:
                assert cost == theirs(event, row.provider, **context), row.model
                compared += 1
    assert compared >= 20


def test_bedrock_names_cost_what_genai_prices_says(book: PriceBook) -> None:
    """Our prefix aliases against the library's looser matching."""
    compared = 0
    for provider in providers:
        for model in provider.models if provider.id == "aws" else ():
            for region in ("us.", "eu.", "global.", ""):
                name = region + model.id.removeprefix("regional.").removeprefix("global.")
                for event in vectors(name, "aws", name):
                    ours = book.price(event).cost
                    if ours is not None:
                        assert ours == theirs(event, "aws"), name
                        compared += 1
    assert compared >= 300


def test_aliases_of_models_agree_with_genai_prices(book: PriceBook) -> None:
    """Where the library knows our alias at all, it prices it the same."""
    for provider, name in (
        ("anthropic", "claude-3-7-sonnet-20250219"),
        ("anthropic", "claude-3-5-haiku-20241022"),
        ("anthropic", "claude-3-opus-20240229"),
        ("anthropic", "claude-opus-4.6"),
        ("anthropic", "claude-2.1"),
        ("google", "gemini-2.5-pro-preview-06-05"),
        ("google", "gemini-2.0-flash-001"),
        ("google", "gemini-1.5-pro-002"),
    ):
        for event in vectors(name, provider, name):
            assert book.price(event).cost == theirs(event, provider), name


def test_a_model_without_rates_is_unknown_where_genai_prices_says_nothing_is_due(book: PriceBook, table: Table) -> None:
    empty = [
        (provider.id, model.id)
        for provider in providers
        for model in provider.models
        if not isinstance(model.prices, list) and not vars(model.prices)
    ]
    assert len(empty) >= 100
    for provider_id, model_id in empty:
        assert book.price(call(model_id, 10, 10, provider=provider_id)).cost is None
