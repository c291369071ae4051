"""Prices: what each event costs by the list, from a table that is dated, offline and never guessed at.

`open_book` gives the only thing others need. genai-prices itself is imported by `compile` alone, in its own process.
"""

from tokenmon.pricing.book import DatedPrice, Origin, PriceBook, Priced, PricedClass, open_book

__all__ = ["DatedPrice", "Origin", "PriceBook", "Priced", "PricedClass", "open_book"]
