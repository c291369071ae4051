"""`tokenmon explain`: one event from its line to its cost, so that every number can be traced.

The line is read from its source at the stored offset, cleaned, secrets hidden; the price is calculated again, class
by class, with the price that was valid at the event's own time.
"""

import sys
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from tokenmon.errors import TokenmonError
from tokenmon.events import NAMES
from tokenmon.exact import exact_money, harmless, instant
from tokenmon.pricing import PriceBook, open_book
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.store.answers import StoredEvent
from tokenmon.text import clip
from tokenmon.trace import LINE_CHARACTERS, Bill, bill, find_line, why_not

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader


def run(question: Question, text: str, cache: Path) -> int:
    """Print everything known about the event with this id or request id."""

    async def answer(reader: "Reader") -> StoredEvent | None:
        return await reader.event(text)

    event = ask(question, answer)
    if event is None:
        raise TokenmonError(
            f"no event has the id {text[:80]!a}",
            "give a whole request id, or the id that `tokenmon events --json` gives",
        )
    book = open_book(question.settings.prices, cache)
    write("\n".join([*facts(event, question.settings.zone()), "", *line_of(event), "", *price_of(event, book)]))
    return 0


_TOLD = ("model", "requested_model", "dialect")
"""Names that have a place of their own among the facts."""


def facts(event: StoredEvent, zone: tzinfo) -> list[str]:
    """What the event is, one fact a line; what is unknown is left out."""
    names = event.names
    asked = f" (asked for {names.requested_model})" if names.requested_model else ""
    listed = {
        "event": event.id,
        "request": event.request_id or "",
        "time": f"{figures.clock(event.ts, zone)} local, {instant(event.ts)}",
        "model": f"{names.model or '(none)'}{asked}{', implied by the format' if event.assumed else ''}",
        **{name.replace("_", " "): text for name, text in zip(NAMES, names, strict=True) if name not in _TOLD},
        "session": event.session,
        "status": "" if event.status is None else str(event.status),
        "error": event.error or "",
        "latency": "" if event.latency_ms is None else f"{event.latency_ms:,} ms",
        "dialect": names.dialect,
        "metadata": clip(event.metadata or "", LINE_CHARACTERS),
    }
    return [f"{label:<12} {harmless(value)}" for label, value in listed.items() if value]


def line_of(event: StoredEvent) -> list[str]:
    """Where the line is, and the line; however far into the source, since ^C ends the wait."""
    place = f"source       {harmless(event.source_path)}"
    try:
        found = find_line(event.source_path, event.source_offset, sys.maxsize, kind=event.source_kind)
    except OSError as error:
        return [f"{place}, byte {event.source_offset:,}", f"line         cannot be read: {why_not(error)}"]
    if found is None:
        return [f"{place}, byte {event.source_offset:,}", "line         no longer there: the file has changed since"]
    return [f"{place}:{found.number}, byte {event.source_offset:,}", f"line         {found.shown()}"]


def price_of(event: StoredEvent, book: PriceBook) -> list[str]:
    """Tokens x price of each class, their sum, and how it compares with what was logged."""
    charged = bill(event, book)
    lines = [_classes(charged) if charged.classes else "Nothing was charged."]
    if charged.unreported:
        lines.append(f"The log does not report {', '.join(charged.unreported)}.")
    lines.append("")
    if event.cost_logged is not None:
        lines.append(f"logged       {exact_money(event.cost_logged)}, written by the producer")
    if event.cost_list is not None:
        listed = f"list price   {exact_money(event.cost_list)}, priced as {harmless(event.priced_as)}"
        lines.append(f"{listed} ({charged.table})")
    if charged.difference is not None:
        more = "more" if charged.difference >= 0 else "less"
        lines.append(f"difference   {exact_money(abs(charged.difference))} {more} logged than listed")
    if event.cost is None:
        lines.append(
            f"cost         unknown: no price for this; `tokenmon prices {harmless(event.names.model)}` says more"
        )
    return lines


def _classes(charged: Bill) -> str:
    columns = [Column("Class", label=True), Column("Count"), Column("Price per million"), Column("Amount")]
    rows = [[each.label, f"{each.tokens:,}", _exact(each.per_million), _exact(each.amount)] for each in charged.classes]
    return table(columns, rows, ["Sum", "", "", _exact(charged.total)], terminal_width())


def _exact(nano: int | None) -> str:
    return "?" if nano is None else exact_money(nano)
