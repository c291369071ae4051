"""The models of the made-up logs have list prices; of those that have none it is known why."""

from tests.dialects.cases import CASES
from tests.pricing.calls import call
from tokenmon.pricing import PriceBook

UNLISTED = {
    ("", "claude-sonnet-4"): "older versions of Cline and its forks do not say who serves a model",
    ("", "gpt-5"): "the same",
    ("", ""): "a request that failed before a model was chosen",
    ("alibaba", "coder-model"): "Qwen's plan calls whatever it serves so",
    ("alibaba", "qwen3-coder-plus"): "the price table has no prices of Alibaba's",
    ("lmstudio", "qwen3-coder-30b"): "runs on the user's own machine",
    ("moonshotai", "kimi-for-coding"): "Kimi's plan calls whatever it serves so",
    ("ollama", "qwen3:32b"): "runs on the user's own machine",
    ("xai", "grok-build"): "implied by the format where the log names none",
    ("xai", "grok-code"): "made up; the log tells its cost",
    ("xai", "grok-mini"): "made up; its cost is partial",
}


def test_every_model_of_the_made_up_logs_is_priced_or_known_to_have_no_price(book: PriceBook) -> None:
    named = {(each.provider, each.model) for case in CASES for each in case.calls}
    unlisted = {(who, model) for who, model in named if not book.price(call(model, 1_000, provider=who)).cost}
    assert unlisted == set(UNLISTED)
