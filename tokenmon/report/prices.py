"""`tokenmon prices`: what a model costs, since when, from where. A price that is not known is not guessed: the answer
says so and shows how to write it down.
"""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from tokenmon.exact import exact_money, harmless, instant
from tokenmon.pricing import DatedPrice, open_book
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.report.unpriced import plain_lines as unpriced_lines
from tokenmon.store.answers import Unpriced
from tokenmon.wanted import wanted

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

HOUR_MS = 3_600_000


def run(model: str | None, overrides: Path | None, file: Path, cache: Path, question: Question) -> int:
    """Print the prices of a model, or where prices come from and what has none. `file` is where overrides may be
    written; `question` is about the user's database, which may not exist.
    """
    book = open_book(overrides, cache)
    own = f"Your own prices: {overrides}" if overrides is not None else f"Your own prices would be in {file}"
    if model is None:
        lines = [f"List prices: genai-prices {book.version}, {book.date}", own, ""]
        unpriced = _unpriced(question) if question.database.exists() else ()
        write("\n".join([*lines, *unpriced_lines(unpriced, file), *([""] if unpriced else []), ASK]))
        return 0
    provider, _, rest = model.partition("/")
    found = book.prices_of(model) or (book.prices_of(rest, provider) if rest else ())
    if found:
        write("\n".join([*plain_lines(found), "", f"List prices of {book.date}, USD per million tokens."]))
    else:
        write(unknown(model, file))
    return 0


ASK = "Ask for one: tokenmon prices gpt-5.1"


def _unpriced(question: Question) -> tuple[Unpriced, ...]:
    """What the database has without a price."""

    async def answer(reader: "Reader") -> tuple[Unpriced, ...]:
        return (await reader.health()).unpriced

    return ask(question, answer)


def unknown(model: str, file: Path) -> str:
    """What to do about a model without a price."""
    return (
        f"No price is known for {harmless(model)}; its cost is shown as unknown.\n"
        f"To set one, fill this in and add it to\n{harmless(str(file))}:\n\n" + "\n".join(wanted(model))
    )


def plain_lines(prices: tuple[DatedPrice, ...]) -> list[str]:
    """A table for each provider that sells the model, and where its prices are from."""
    sellers: dict[str, list[DatedPrice]] = {}
    for price in prices:
        sellers.setdefault(f"{price.provider}/{price.model}".strip("/"), []).append(price)
    lines: list[str] = []
    for name, own in sellers.items():
        sources = list(dict.fromkeys(price.source for price in own))
        notes = [f"[{number}] {harmless(source)}" for number, source in enumerate(sources[1:], 2)]
        title = f"{harmless(name)} ({harmless(sources[0])})"
        ways = [f"matched by {harmless(way)}" for way in dict.fromkeys(price.matched for price in own)]
        told = [line for way in ways for line in wrap(way, terminal_width(), subsequent_indent="  ")]
        lines += ["", title, *told, *_table(own, sources).splitlines(), *notes, *_fees(own[0])]
    return lines[1:]


def _table(prices: list[DatedPrice], sources: list[str]) -> str:
    columns = [
        Column("Since"),
        Column("For", label=True),
        *map(Column, ("Input", "Cache read", "Write 5m", "Write 1h", "Output")),
    ]
    rows: list[list[str]] = []
    for each in prices:
        mark = f" [{sources.index(each.source) + 1}]" if each.source != sources[0] else ""
        since = "always" if each.valid_from is None else instant(each.valid_from)[:10]
        rates = (each.input, each.cache_read, each.cache_write_5m, each.cache_write_1h, each.output)
        row = [since, _condition(each) + mark, *map(_rate, rates)]
        if row not in rows:  # several ways may lead to the same price
            rows.append(row)
    return table(columns, rows, None, terminal_width())


def _condition(price: DatedPrice) -> str:
    parts = [price.tier or "standard"]
    if price.above >= 0:
        parts.append(f"above {figures.short_count(price.above)} input")
    if price.daily is not None:
        first, last = (f"{at // HOUR_MS:02d}:{at % HOUR_MS // 60_000:02d}" for at in price.daily)
        parts.append(f"{first}-{last} UTC")
    return ", ".join(parts)


def _rate(nano: int | None) -> str:
    return "?" if nano is None else exact_money(nano)


def _fees(price: DatedPrice) -> list[str]:
    fees = []
    if price.request:
        fees.append(f"plus {exact_money(price.request)} for each request")
    if price.web_search is not None:
        fees.append(f"plus {exact_money(price.web_search // 1000)} for 1,000 web searches")
    return fees
