"""The user's own prices win over everything, and a mistake in them is named with file, line and field."""

import re
from pathlib import Path

import pytest

from tests.pricing.calls import call, usd
from tests.pricing.conftest import Overriding
from tokenmon.errors import ConfigError
from tokenmon.pricing import PriceBook, Priced, open_book

M = 1_000_000
UNKNOWN = Priced(None, "")


def test_an_unknown_model_gets_the_price_the_user_gives(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = "acme-coder-9"
provider = "acme"
input = 3
output = 15.5
cache_read = 0.3
""")
    event = call("Acme-Coder-9", M, M, provider="acme", cache_read=M, cache_write_1h=M)
    assert book.price(event) == Priced(usd("21.8"), "acme/acme-coder-9")
    assert book.price(call("acme-coder-9", M, provider="other")) == UNKNOWN


def test_an_override_wins_over_the_table_also_for_dated_names(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = ["claude-sonnet-4-5", "gpt-5"]
input = 1
output = 2
""")
    for provider, model in (("anthropic", "claude-sonnet-4-5-20250929"), ("openai", "gpt-5-2025-08-07")):
        assert book.price(call(model, M, M, provider=provider)).cost == usd("3")
    assert book.price(call("gpt-5-mini", M, provider="openai")).cost == usd("0.25")


def test_a_dated_override_leaves_what_was_before_it(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = "gpt-5"
from = "2026-01-01"
input = 1
output = 2
[[price]]
model = "gpt-5"
from = 2026-06-01
input = 0.5
output = 2
[[price]]
model = "gpt-5"
from = 2026-07-01T12:00:00+02:00
input = 0.25
output = 2
""")
    days = ("2025-12-31T23:59:59", "2026-01-01", "2026-06-01", "2026-07-01T09:59:59", "2026-07-01T10:00:00")
    costs = [book.price(call("gpt-5", M, provider="openai", at=day)).cost for day in days]
    assert costs == [usd("1.25"), usd("1"), usd("0.5"), usd("0.5"), usd("0.25")]


def test_a_free_model_costs_nothing_which_is_not_unknown(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = "llama-local"
free = true
""")
    assert book.price(call("llama-local", M, M, provider="ollama", tier="batch")) == Priced(0, "ollama/llama-local")
    assert book.price(call("llama-other", M, M, provider="ollama")) == UNKNOWN


def test_an_override_may_have_tiers_by_input(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = "acme"
input = 1
output = 2
tiers = [{ above = 100, input = 10 }, { above = 1000, input = 100, output = 200 }]
""")
    costs = [book.price(call("acme", n, 1, provider="x")).cost for n in (100, 101, 1001)]
    assert costs == [100_000 + 2000, 1_010_000 + 2000, 100_100_000 + 200_000]


def test_a_service_tier_of_an_override_is_its_own_or_our_factor_of_it(overriding: Overriding) -> None:
    book = overriding("""
[[price]]
model = "claude-sonnet-4-5"
input = 1
output = 2
[[price]]
model = "acme"
tier = "batch"
input = 7
output = 7
""")
    assert book.price(call("claude-sonnet-4-5", M, tier="batch")).cost == usd("0.5")
    assert book.price(call("claude-sonnet-4-5", M, tier="fast")) == UNKNOWN
    assert book.price(call("claude-sonnet-4-5", 0, web_searches=1)).cost == usd("0.01")
    assert book.price(call("acme", M, provider="x", tier="batch")).cost == usd("7")
    assert book.price(call("acme", M, provider="x")) == UNKNOWN


def test_an_alias_says_what_a_model_really_is(overriding: Overriding) -> None:
    book = overriding("""
[[alias]]
model = "team-sonnet"
as = "anthropic/claude-sonnet-4-5"
[[alias]]
model = ["fast-one"]
provider = "gateway"
as = "openrouter/qwen/qwen3-coder"
""")
    assert book.price(call("team-sonnet", M // 10, provider="gw")) == Priced(usd("0.3"), "anthropic/claude-sonnet-4-5")
    assert book.price(call("fast-one", 1000, provider="gateway")).priced_as == "openrouter/qwen/qwen3-coder"
    assert book.price(call("fast-one", 1000, provider="other")) == UNKNOWN


def test_an_alias_may_lead_to_the_users_own_price(overriding: Overriding) -> None:
    book = overriding("""
[[alias]]
model = "a"
as = "acme/b"
[[price]]
model = "b"
provider = "acme"
input = 1
output = 1
""")
    assert book.price(call("a", M, provider="gw")) == Priced(usd("1"), "acme/b")


def test_the_fingerprint_changes_with_the_overrides_only(overriding: Overriding, book: PriceBook) -> None:
    text = '[[price]]\nmodel = "a"\ninput = 1\noutput = 1\n'
    first, again, other = overriding(text), overriding(text), overriding(text + "# changed\n")
    assert first.fingerprint == again.fingerprint
    assert len({first.fingerprint, other.fingerprint, book.fingerprint}) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[price]]\nmodel = "a"\ninput = "3"\noutput = 1\n', 3, "price input: must be a number"),
        ('[[price]]\nmodel = "a"\ninput = 3\n', 1, "price output: is missing"),
        ('[[price]]\nmodel = "a"\ninput = -3\noutput = 1\n', 3, "price input: must be between 0"),
        ('[[price]]\nmodel = "a"\ninput = nan\noutput = 1\n', 3, "price input: must be between 0"),
        ('[[price]]\nmodel = "a"\ninput = true\noutput = 1\n', 3, "price input: must be a number"),
        ('[[price]]\nmodel = "a"\ninput = 1e-30\noutput = 1\n', 3, "price input: has more decimals"),
        ("[[price]]\ninput = 3\noutput = 1\n", 1, "price model: must be a name"),
        ('[[price]]\nmodel = ""\ninput = 3\noutput = 1\n', 2, "price model: must be a name"),
        ('[[price]]\nmodel = "a"\nfree = true\ninput = 1\n', 4, "price input: a free model has no rates"),
        ('[[price]]\nmodel = "a"\nfree = 1\n', 3, "price free: must be true or false"),
        ('[[price]]\nmodel = "a"\nfrom = "soon"\ninput = 1\noutput = 1\n', 3, "price from: must be a date"),
        ('[[price]]\nmodel = "a"\nfrom = 2026\ninput = 1\noutput = 1\n', 3, "price from: must be a date"),
        ('[[price]]\nmodel = "a"\ninptu = 1\noutput = 1\n', 3, "inptu: unknown field, did you mean input"),
        ('[[price]]\nmodel = "a"\ninput = 1\noutput = 1\ntiers = [{ input = 1 }]\n', 5, "above must be a number"),
        ('[[price]]\nmodel = "a"\ninput = 1\noutput = 1\n\n[[price]]\nmodel = "b"\ninput = 1\n', 6, "price output"),
        ('[[alias]]\nmodel = "a"\nas = "gpt-5"\n', 3, 'alias as: must be "provider/model"'),
        ('[[alias]]\nmodel = "a"\nas = "openai/gpt-99"\n', 3, "openai/gpt-99 has no price"),
        ('[price]\nmodel = "a"\n', 1, "price: must be written as"),
        ('[[prices]]\nmodel = "a"\n', 1, "unknown key 'prices'"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(
    overriding: Overriding, tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        overriding(text)
    assert str(caught.value).startswith(f"{tmp_path / 'prices.toml'}:{line}: ")
    assert caught.value.exit_code == 78


def test_a_file_that_is_no_toml_is_named_with_its_line(overriding: Overriding, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2") as caught:
        overriding("[[price]]\nmodel = \n")
    assert str(tmp_path / "prices.toml") in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, cache: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(ConfigError, match=re.escape(str(path))):
            open_book(path, cache)
