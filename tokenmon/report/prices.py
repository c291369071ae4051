"""`tokenmon prices`: what a model costs, since when, from where. A price that is not known is not guessed: the answer
says so and shows how to write it down.
"""

from itertools import groupby
from pathlib import Path

import msgspec

from tokenmon.pricing import DatedPrice, open_book
from tokenmon.report import figures
from tokenmon.report.output import Column, harmless, table, terminal_width, write

HOUR_MS = 3_600_000


def run(model: str | None, overrides: Path | None, file: Path, cache: Path) -> int:
    """Print the prices of a model, or where prices come from. `file` is where overrides may be written."""
    book = open_book(overrides, cache)
    own = f"Your own prices: {overrides}" if overrides is not None else f"Your own prices would be in {file}"
    if model is None:
        write(f"List prices: genai-prices {book.version}, {book.date}\n{own}\n\nAsk for one: tokenmon prices gpt-5.1")
        return 0
    provider, _, rest = model.partition("/")
    found = book.prices_of(model) or (book.prices_of(rest, provider) if rest else ())
    if found:
        write("\n".join([*plain_lines(found), "", f"List prices of {book.date}, USD per million tokens."]))
    else:
        write(unknown(model, file))
    return 0


def unknown(model: str, file: Path) -> str:
    """What to do about a model without a price."""
    name = msgspec.json.encode(harmless(model)).decode()
    return (
        f"No price is known for {harmless(model)}; its cost is shown as unknown.\n"
        f"To set one, add this to {file}, with your own numbers (USD per million tokens):\n\n"
        f"[[price]]\nmodel = {name}\ninput = 3.00\noutput = 15.00\ncache_read = 0.30"
    )


def plain_lines(prices: tuple[DatedPrice, ...]) -> list[str]:
    """A table for each provider that sells the model."""
    lines: list[str] = []
    for (provider, model, source), group in groupby(prices, lambda each: (each.provider, each.model, each.source)):
        of = f"{provider}/{model}" if provider else model
        lines += ["", f"{harmless(of)} ({harmless(source)})", *_table(tuple(group))]
    return lines[1:]


def _table(prices: tuple[DatedPrice, ...]) -> list[str]:
    columns = [
        Column("Since"),
        Column("For", label=True),
        *map(Column, ("Input", "Cache read", "Write 5m", "Write 1h", "Output")),
    ]
    rows = [
        [
            "always" if each.valid_from is None else figures.instant(each.valid_from)[:10],
            _condition(each),
            *map(_rate, (each.input, each.cache_read, each.cache_write_5m, each.cache_write_1h, each.output)),
        ]
        for each in prices
    ]
    return [table(columns, rows, None, terminal_width()), *_fees(prices[0])]


def _condition(price: DatedPrice) -> str:
    parts = [price.tier or "standard"]
    if price.above >= 0:
        parts.append(f"above {figures.short_count(price.above)} input")
    if price.daily is not None:
        first, last = (f"{at // HOUR_MS:02d}:{at % HOUR_MS // 60_000:02d}" for at in price.daily)
        parts.append(f"{first}-{last} UTC")
    return ", ".join(parts)


def _rate(nano: int | None) -> str:
    return "?" if nano is None else figures.exact_money(nano)


def _fees(price: DatedPrice) -> list[str]:
    fees = []
    if price.request:
        fees.append(f"plus {figures.exact_money(price.request)} for each request")
    if price.web_search is not None:
        fees.append(f"plus {figures.exact_money(price.web_search // 1000)} for 1,000 web searches")
    return fees
