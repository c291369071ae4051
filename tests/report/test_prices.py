"""`prices`: what a model costs and from where; what is unknown is not guessed, and its mending is shown."""

import tomllib
from pathlib import Path

import pytest

from tests.command import price_cache
from tokenmon.pricing import open_book
from tokenmon.report.output import cells
from tokenmon.report.prices import plain_lines, unknown


@pytest.fixture
def cache() -> Path:
    return price_cache()


def test_every_price_of_a_model_fits_80_columns(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = plain_lines(open_book(None, cache).prices_of("claude-sonnet-4-5"))
    assert any(line.startswith("anthropic/claude-sonnet-4-5 (genai-prices") for line in lines)
    assert any("$3.00" in line and "$15.00" in line for line in lines)
    assert all(cells(line) <= 80 for line in lines)


def test_an_own_price_is_shown_with_its_file_and_date(cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[[price]]\nmodel = "acme-1"\nprovider = "acme"\nfrom = 2026-01-01\ninput = 2\noutput = 8\n')
    lines = plain_lines(open_book(own, cache).prices_of("acme-1"))
    assert str(own) in lines[0]
    assert any(line.startswith("2026-01-01") and "$8.00" in line for line in lines)


def test_the_shown_override_is_a_valid_one(cache: Path, tmp_path: Path) -> None:
    model = 'my "odd" model'
    text = unknown(model, tmp_path / "prices.toml")
    assert "No price is known" in text
    snippet = text.partition("\n\n")[2].replace("input = ", "input = 3").replace("output =", "output = 15")
    assert tomllib.loads(snippet)["price"][0]["model"] == model
    (tmp_path / "prices.toml").write_text(snippet)
    assert open_book(tmp_path / "prices.toml", cache).prices_of(model)
