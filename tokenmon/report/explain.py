"""`tokenmon explain`: one event from its line to its cost, so that every number can be traced.

The line is read from its source at the stored offset, cleaned, secrets hidden; the price is calculated again, class
by class, with the price that was valid at the event's own time.
"""

import gzip
import os
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tokenmon.errors import TokenmonError
from tokenmon.events import NAMES, Event
from tokenmon.exact import harmless, instant
from tokenmon.pricing import PriceBook, PricedClass, open_book
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.store.answers import StoredEvent
from tokenmon.text import clip, hide_secrets, sanitise

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

LINE_BYTES = 64 * 1024
"""How much of a line is read: agents' lines run to megabytes, and their usage would not be seen anyway."""

LINE_CHARACTERS = 1_000
"""How much of it is shown."""

BLOCK = 1 << 20


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


# -- the line


@dataclass(frozen=True)
class FoundLine:
    """A line as it stands in its source."""

    number: int
    """Counted from 1."""
    start: bytes
    """At most LINE_BYTES of it."""


def line_of(event: StoredEvent) -> list[str]:
    """Where the line is, and the line."""
    place = f"source       {harmless(event.source_path)}"
    try:
        found = find_line(event.source_path, event.source_offset)
    except (OSError, EOFError) as error:
        return [f"{place}, byte {event.source_offset:,}", f"line         cannot be read: {_why(error)}"]
    if found is None:
        return [f"{place}, byte {event.source_offset:,}", "line         no longer there: the file has changed since"]
    shown = clip(hide_secrets(sanitise(found.start.decode("utf-8", "replace"))), LINE_CHARACTERS)
    return [f"{place}:{found.number}, byte {event.source_offset:,}", f"line         {shown}"]


def find_line(path: str, offset: int) -> FoundLine | None:
    """The line that starts at `offset` of a source's content; None where no line starts there."""
    with _opened(path) as file:
        newlines, last, at = 0, b"\n", 0
        while at < offset:
            block = file.read(min(BLOCK, offset - at))
            if not block:
                return None
            newlines += block.count(b"\n")
            last, at = block[-1:], at + len(block)
        start = file.readline(LINE_BYTES)
    return FoundLine(newlines + 1, start.rstrip(b"\r\n")) if last == b"\n" and start else None


def _opened(path: str) -> BinaryIO | gzip.GzipFile:
    if path.endswith(".zst"):
        raise OSError("compressed with zstd; unpack it to see the line")
    if not os.path.isfile(path):
        raise OSError("the file is not there any more")
    return gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")


def _why(error: OSError | EOFError) -> str:
    return getattr(error, "strerror", None) or str(error)


# -- the price


def price_of(event: StoredEvent, book: PriceBook) -> list[str]:
    """Tokens x price of each class, their sum, and how it compares with what was logged."""
    classes = book.explain(as_event(event))
    lines = [_classes(classes) if classes else "Nothing was charged.", *_unreported(event), ""]
    if event.cost_logged is not None:
        lines.append(f"logged       {figures.exact_money(event.cost_logged)}, written by the producer")
    if event.cost_list is not None:
        listed = f"list price   {figures.exact_money(event.cost_list)}, priced as {harmless(event.priced_as)}"
        lines.append(f"{listed} (genai-prices {book.version}, {book.date})")
    if event.cost_logged is not None and event.cost_list is not None:
        difference = event.cost_logged - event.cost_list
        more = "more" if difference >= 0 else "less"
        lines.append(f"difference   {figures.exact_money(abs(difference))} {more} logged than listed")
    if event.cost is None:
        lines.append(
            f"cost         unknown: no price for this; `tokenmon prices {harmless(event.names.model)}` says more"
        )
    return lines


def _classes(classes: tuple[PricedClass, ...]) -> str:
    columns = [Column("Class", label=True), Column("Count"), Column("Price per million"), Column("Amount")]
    rows = [[each.label, f"{each.tokens:,}", _exact(each.per_million), _exact(each.amount)] for each in classes]
    amounts = [each.amount for each in classes if each.amount is not None]
    whole = sum(amounts) if len(amounts) == len(classes) else None
    return table(columns, rows, ["Sum", "", "", _exact(whole)], terminal_width())


def _exact(nano: int | None) -> str:
    return "?" if nano is None else figures.exact_money(nano)


def _unreported(event: StoredEvent) -> list[str]:
    counts = {
        "cache reads": event.cache_read,
        "5-minute cache writes": event.cache_write_5m,
        "1-hour cache writes": event.cache_write_1h,
    }
    missing = [label for label, count in counts.items() if count is None]
    return [f"The log does not report {', '.join(missing)}."] if missing else []


def as_event(event: StoredEvent) -> Event:
    """The event as the price book takes it."""
    return Event(
        ts=event.ts,
        names=event.names,
        input=event.input,
        output=event.output,
        cache_read=event.cache_read,
        cache_write_5m=event.cache_write_5m,
        cache_write_1h=event.cache_write_1h,
        reasoning=event.reasoning,
        cost_logged=event.cost_logged,
        web_searches=event.web_searches,
        status=event.status,
        failed=event.is_error,
        streamed=event.streamed,
        assumed=event.assumed,
        basis=event.basis,
    )
