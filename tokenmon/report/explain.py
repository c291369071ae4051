"""`tokenmon explain`: one event from its line to its cost, so that every number can be traced.

The line is read from its source at the stored offset, cleaned, secrets hidden; the price is calculated again, class
by class, with the price that was valid at the event's own time.
"""

import sys
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from tokenmon.doubts import DOUBTS
from tokenmon.errors import TokenmonError
from tokenmon.events import NAMES
from tokenmon.exact import exact_money, harmless, instant
from tokenmon.pricing import PriceBook, open_book
from tokenmon.report import figures
from tokenmon.report.output import Column, folded, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.store.answers import Copy, StoredEvent
from tokenmon.text import clip
from tokenmon.trace import LINE_CHARACTERS, Bill, bill, find_record, look_at, where, why_not

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader


def run(question: Question, text: str, cache: Path) -> int:
    """Print everything known about the event with this id or request id."""

    async def answer(reader: "Reader") -> tuple[StoredEvent, tuple[Copy, ...]] | None:
        event = await reader.event(text)
        return None if event is None else (event, await reader.copies(event))

    found = ask(question, answer)
    if found is None:
        raise TokenmonError(
            f"no event has the id {text[:80]!a}",
            "give a whole request id, or the id that `tokenmon events --json` gives",
        )
    book = open_book(question.settings.prices, cache)
    event, copies = found
    parts = facts(event, question.settings.zone()), line_of(event, copies), price_of(event, book)
    write("\n\n".join("\n".join(part) for part in parts))
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
        "quality": "; ".join(doubt.told for doubt in DOUBTS if doubt.name in event.doubts),
        "metadata": clip(event.metadata or "", LINE_CHARACTERS),
    }
    return [line for label, value in listed.items() if value for line in _folded(label, harmless(value))]


def line_of(event: StoredEvent, copies: Sequence[Copy] = ()) -> list[str]:
    """Where the line is, the line, and where else the call was seen; however far into a source: ^C ends the wait.

    Paths and the line are not folded, so that they can be copied.
    """
    found, problem = None, "no longer there: the file has changed since"
    try:
        found = find_record(event, sys.maxsize)
    except OSError as error:
        problem = f"cannot be read: {why_not(error)}"
    label = "row" if event.source_kind == "tables" else "line"
    return [
        f"source       {where(event.source_path, event.source_offset, event.source_kind, found)}",
        f"{label:<12} {problem if found is None else found.shown()}",
        *(
            line
            for seen in look_at(copies, found, reach=sys.maxsize)
            for line in (f"also in      {seen.place}", *_folded("", seen.told))
        ),
    ]


def price_of(event: StoredEvent, book: PriceBook) -> list[str]:
    """Tokens x price of each class, their sum, and how it compares with what was logged."""
    charged = bill(event, book)
    lines = [_classes(charged) if charged.classes else "Nothing was charged."]
    if charged.unreported:
        lines += wrap(f"The log does not report {', '.join(charged.unreported)}.", terminal_width())
    lines.append("")
    if event.cost_logged is not None:
        lines.append(f"logged       {exact_money(event.cost_logged)}, written by the producer")
    if event.cost_list is not None:
        lines.append(f"list price   {exact_money(event.cost_list)}, priced as {harmless(event.priced_as)}")
    if charged.origin is not None:
        since = "always" if charged.origin.since is None else instant(charged.origin.since)[:10]
        lines += _folded("price", f"{harmless(charged.origin.source)}, since {since} ({charged.table})")
        lines += _folded("matched by", harmless(charged.origin.matched))
    if charged.difference is not None:
        more = "more" if charged.difference >= 0 else "less"
        lines.append(f"difference   {exact_money(abs(charged.difference))} {more} logged than listed")
    if event.cost is None:
        asked = f"tokenmon prices {harmless(event.names.model)}" if event.names.model else "tokenmon prices"
        lines += _folded("cost", f"unknown: no price for this; `{asked}` says more")
    return lines


def _folded(label: str, text: str) -> list[str]:
    """A fact in as many lines as it takes."""
    return folded(f"{label:<12} ", text)


def _classes(charged: Bill) -> str:
    columns = [Column("Class", label=True), Column("Count"), Column("Price per million"), Column("Amount")]
    rows = [[each.label, f"{each.tokens:,}", _exact(each.per_million), _exact(each.amount)] for each in charged.classes]
    return table(columns, rows, ["Sum", "", "", _exact(charged.total)], terminal_width())


def _exact(nano: int | None) -> str:
    return "?" if nano is None else exact_money(nano)
