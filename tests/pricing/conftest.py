"""One price book for the tests that only ask; those that need another open their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import price_cache
from tokenmon.pricing import PriceBook, open_book

Overriding = Callable[[str], PriceBook]


@pytest.fixture(scope="session")
def cache() -> Path:
    """A cache directory in which the table is compiled once."""
    return price_cache()


@pytest.fixture(scope="session")
def book(cache: Path) -> PriceBook:
    """The price book without overrides."""
    return open_book(None, cache)


@pytest.fixture
def overriding(cache: Path, tmp_path: Path) -> Overriding:
    """Opens a price book with the text of an override file."""

    def opened(text: str) -> PriceBook:
        path = tmp_path / "prices.toml"
        path.write_text(text, "utf-8")
        return open_book(path, cache)

    return opened
