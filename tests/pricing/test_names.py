"""A price is never guessed: which names find a price, and which must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.calls import call
from tests.pricing.conftest import Overriding
from tokenmon.pricing import PriceBook, Priced
from tokenmon.pricing.spelling import spellings

UNKNOWN = Priced(None, "")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("google", "gemini-2.5-pro-zzz"),
        ("openai", "acme-coder-9"),
        ("acme", "acme-coder-9"),
        ("openai", "gpt-5-codex-hyper"),
        ("openai", "gpt-5-latest"),
        ("openai", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-preview"),
        ("anthropic", "claude-sonnet-4-5-20251399"),
        ("anthropic", "claude"),
        ("mistral", "devstral-medium-latest"),
        ("aws", "apac.anthropic.claude-opus-5-5"),
        ("mux-gateway", "anthropic/claude-sonnet-4-5"),
        ("google-antigravity", "gemini-3-pro-high"),
        ("alibaba", "qwen3-coder-plus"),
        ("moonshotai", "kimi-for-coding"),
        ("anthropic", ""),
        ("", "claude-sonnet-4-5"),
        ("", ""),
    ],
)
def test_a_name_that_is_not_listed_has_no_price(book: PriceBook, provider: str, model: str) -> None:
    assert book.price(call(model, 10, 10, provider=provider)) == UNKNOWN


def test_a_gateway_that_is_not_a_provider_is_not_looked_up_elsewhere(book: PriceBook) -> None:
    assert book.price(call("gpt-5", 10, 10, provider="my-gateway")) == UNKNOWN
    assert book.price(call("openai/gpt-5", 10, 10, provider="my-gateway")) == UNKNOWN
    assert book.price(call("openai/gpt-5", 10, 10, provider="litellm")).priced_as == "openai/gpt-5"


@pytest.mark.parametrize(
    ("provider", "model", "priced_as"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "Claude-Sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-2025-09-29", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-20250514", "anthropic/claude-sonnet-4-0"),
        ("anthropic", "claude-opus-4-1-20250805", "anthropic/claude-opus-4-1"),
        ("anthropic", "claude-3-7-sonnet-20250219", "anthropic/claude-3-7-sonnet-latest"),
        ("anthropic", "claude-3-5-haiku-20241022", "anthropic/claude-3-5-haiku-latest"),
        ("anthropic", "anthropic/claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("google", "claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
        ("vertex", "claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("copilot", "claude-haiku-4.5", "github-copilot/claude-haiku-4.5"),
        ("Z-AI", "glm-4.6", "zai/GLM-4.6"),
        ("openrouter", "qwen/qwen3-coder", "openrouter/qwen/qwen3-coder"),
        ("openai", "gpt-5.1-codex-max", "openai/gpt-5.1"),
        ("azure", "gpt-5", "openai/gpt-5"),
        ("azure-openai-responses", "gpt-5", "openai/gpt-5"),
        ("openai-codex", "gpt-5.2-codex", "openai/gpt-5.2"),
        ("openai-native", "gpt-5", "openai/gpt-5"),
        ("google-gemini-cli", "gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("google-antigravity", "claude-sonnet-4-5", "google/claude-sonnet-4-5"),
        ("xai", "grok-code-fast-1", "x-ai/grok-code-fast-1"),
        ("amazon-bedrock", "anthropic.claude-opus-4-5-20251101-v1:0", "aws/regional.anthropic.claude-opus-4-5-v1:0"),
        ("aws", "us.anthropic.claude-opus-4-5-20251101-v1:0", "aws/regional.anthropic.claude-opus-4-5-v1:0"),
        ("bedrock", "global.anthropic.claude-opus-4-5-20251101-v1:0", "aws/global.anthropic.claude-opus-4-5-v1:0"),
        ("anthropic", "us.anthropic.claude-opus-4-5-20251101-v1:0", "aws/regional.anthropic.claude-opus-4-5-v1:0"),
        ("anthropic", "us.anthropic.claude-opus-5-5", "aws/regional.anthropic.claude-opus-5-5"),
        ("anthropic", "global.anthropic.claude-opus-5-5", "aws/global.anthropic.claude-opus-5-5"),
        ("aws", "amazon.nova-lite-v1", "aws/amazon.nova-lite-v1:0"),
    ],
)
def test_an_alias_a_date_or_a_revision_is_understood(
    book: PriceBook, provider: str, model: str, priced_as: str
) -> None:
    assert book.price(call(model, 10, 10, provider=provider)).priced_as == priced_as


def test_a_release_with_a_price_of_its_own_is_not_priced_as_its_family(book: PriceBook) -> None:
    for model in ("gpt-4o-2024-05-13", "gpt-4o-20240513"):
        assert book.price(call(model, 10, 10, provider="openai")).priced_as == "openai/gpt-4o-2024-05-13"


def test_an_alias_may_move_in_time(book: PriceBook) -> None:
    def priced_as(at: str) -> str:
        return book.price(call("codex-auto-review", 10, 10, provider="openai", at=at)).priced_as

    assert priced_as("2026-03-04T23:59:59") == ""
    assert priced_as("2026-03-05") == "openai/gpt-5.4"
    assert priced_as("2026-04-23") == "openai/gpt-5.5"


def test_a_model_without_any_price_in_the_table_is_unknown_and_not_free(book: PriceBook) -> None:
    """genai-prices answers 0 for these."""
    unpriced = book.price(call("auto", 10, 10, provider="openrouter"))
    assert unpriced == UNKNOWN


@given(st.text(max_size=40))
def test_spellings_only_ever_take_a_suffix_off(model: str) -> None:
    names = list(spellings(model))
    assert names[0] == model.lower()
    assert len(set(names)) == len(names)
    assert model.lower().startswith(names[-1])


def test_new_names_without_end_do_not_grow_the_book(book: PriceBook) -> None:
    for number in range(20_000):
        assert book.price(call(f"made-up-{number}", 1, 1, provider="nobody")) == UNKNOWN
    assert len(book._plans) <= 16_384


@pytest.mark.parametrize(
    ("provider", "model", "matched"),
    [
        ("anthropic", "claude-sonnet-4-5", "the very name"),
        ("anthropic", "Claude-Sonnet-4-5", "the very name"),
        ("anthropic", "claude-sonnet-4-5-20250929", "its date or revision left out, or spelled as listed"),
        ("anthropic", "claude-sonnet-4-5@20250929", "its date or revision left out, or spelled as listed"),
        ("openai", "gpt-5-codex", "another name that genai-prices lists it under"),
        ("anthropic", "claude-opus-4.5", "alias (genai-prices' matcher of this model; the dotted spelling is"),
        ("openai", "codex-auto-review", "alias (ccusage's table of what Codex's automatic review runs on"),
        ("vertex", "gemini-2.5-pro", "provider alias (gh-aw-firewall writes gemini and vertex"),
        ("litellm", "openai/gpt-5", "alias (LiteLLM, provider/model naming"),
        ("azure", "gpt-5", "at openai's standard price, by genai-prices' account, the very name"),
    ],
)
def test_it_is_told_how_a_name_was_matched(book: PriceBook, provider: str, model: str, matched: str) -> None:
    origin = book.origin(call(model, 10, 10, provider=provider))
    assert origin is not None
    assert origin.matched.startswith(matched)
    assert origin.source.startswith("genai-prices ")
    assert origin.priced_as == book.price(call(model, 10, 10, provider=provider)).priced_as
    assert any(price.matched == origin.matched for price in book.prices_of(model, provider))


def test_what_has_no_price_was_not_matched(book: PriceBook) -> None:
    assert book.origin(call("acme-coder-9", 10, 10, provider="openai")) is None


def test_a_users_own_price_and_alias_are_told_as_such(overriding: Overriding) -> None:
    book = overriding(
        '[[price]]\nmodel = "acme-1"\ninput = 2\noutput = 8\n[[alias]]\nmodel = "team"\nas = "openai/gpt-5"\n'
    )
    own, alias = (book.origin(call(model, 10, 10, provider="acme")) for model in ("acme-1", "team"))
    assert own is not None
    assert alias is not None
    assert (own.matched, own.since) == ("your own price", None)
    assert own.source.endswith("prices.toml")
    assert alias.matched == "your own alias for openai/gpt-5"
