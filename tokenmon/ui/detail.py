"""One event looked at closely: what is known of it, what it was charged for, and the line that it came from.

`trace` does what takes time, in a thread; `text_of` lays out whatever is known by then. Values are folded, not cut.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from tokenmon.dimensions import key_of
from tokenmon.doubts import DOUBTS
from tokenmon.errors import TokenmonError
from tokenmon.events import NAMES
from tokenmon.exact import exact_money, instant
from tokenmon.store.answers import Copy, StoredEvent
from tokenmon.text import hide_secrets
from tokenmon.trace import Bill, FoundLine, Seen, bill, find_record, look_at, why_not
from tokenmon.ui import formatting
from tokenmon.ui.look import Look, spread
from tokenmon.ui.prices import Prices
from tokenmon.ui.widgets.lines import pieces

if TYPE_CHECKING:
    from tokenmon.pricing import Origin

LABEL = 13
"""Cells of the names of facts."""


@dataclass(frozen=True)
class Traced:
    """What was found out about an event."""

    event: StoredEvent
    bill: Bill | None = None
    """None while it is not known, or where there is no price book."""
    no_bill: str = "reading prices"
    """Why there is none."""
    line: FoundLine | None = None
    no_line: str = ""
    """Why there is none."""
    seen: tuple[Seen, ...] = ()
    """Where else the call was seen."""


async def trace(event: StoredEvent, copies: Sequence[Copy], prices: Prices | None, reach: int) -> Traced:
    """Price an event, find its line and look at its copies; `reach` bounds how long that may take."""
    charged, no_bill = await _bill(event, prices)
    line, no_line = await asyncio.to_thread(_line, event, reach)
    seen = await asyncio.to_thread(look_at, copies, line, reach) if copies else ()
    return Traced(event, charged, no_bill, line, no_line, seen)


async def _bill(event: StoredEvent, prices: Prices | None) -> tuple[Bill | None, str]:
    if prices is None:
        return None, "no price book"
    try:
        return bill(event, await prices.book()), ""
    except TokenmonError as error:
        return None, error.line()


def _line(event: StoredEvent, reach: int) -> tuple[FoundLine | None, str]:
    try:
        found = find_record(event, reach)
    except OSError as error:
        return None, f"cannot be read: {why_not(error)}"
    return found, "" if found else "no longer there: the file has changed since"


def text_of(look: Look, traced: Traced, width: int, *, with_line: bool) -> Text:
    """Everything in rows of at most `width` cells."""
    parts = [_facts(look, traced.event, width), _price(look, traced, width), _speed(look, traced.event, width)]
    parts.append(_source(look, traced, width, with_line=with_line))
    return Text("\n\n").join([_title(look, traced.event, width), *(part for part in parts if part.plain)])


def _title(look: Look, event: StoredEvent, width: int) -> Text:
    label, value = ("request", look.name(event.request_id)) if event.request_id else ("event", event.id)
    return _entry(look, label, value, width, f"bold {look.palette.text}")


_TOLD = ("provider", "model", "requested_model", "project", "key_id", "key_name")
"""Names that have a place of their own among the facts."""


def _facts(look: Look, event: StoredEvent, width: int) -> Text:
    names, palette = event.names, look.palette
    asked = f" (asked for {names.requested_model})" if names.requested_model else ""
    implied = ", implied by the format" if event.assumed else ""
    status = str(event.status or ("failed" if event.is_error else "ok"))
    listed = {
        "time": f"{formatting.local(event.ts, look.zone):%Y-%m-%d %H:%M:%S}",
        "status": f"{status}{'! failed' if event.is_error and event.status else ''}",
        "error": event.error or "",
        "quality": "; ".join(doubt.told for doubt in DOUBTS if doubt.name in event.doubts and doubt.name != "unpriced"),
        "key": key_of(names),
        "provider": names.provider,
        "model": f"{names.model or look.glyphs.dash}{asked}{implied}",
        "project": names.project,
        "session": event.session,
        **{name.replace("_", " "): value for name, value in zip(NAMES, names, strict=True) if name not in _TOLD},
        "event": event.id if event.request_id else "",
        "metadata": event.metadata or "",
    }
    styles = {"status": palette.bad if event.is_error else palette.good, "error": palette.bad, "quality": palette.warn}
    return _entries(look, listed, width, styles)


def _entries(look: Look, listed: dict[str, str], width: int, styles: dict[str, str]) -> Text:
    """Facts below each other; what is not known is left out."""
    rows = [
        _entry(look, label, hide_secrets(look.name(value)), width, styles.get(label, look.palette.text))
        for label, value in listed.items()
        if value
    ]
    return Text("\n").join(rows)


def _entry(look: Look, label: str, value: str, width: int, style: str) -> Text:
    """A label and its value, which goes on in the next row where it is long."""
    entry = Text(label[: LABEL - 1].ljust(LABEL), look.palette.muted)
    return entry.append(f"\n{' ' * LABEL}".join(_folded(value, max(8, width - LABEL))), style)


def _folded(text: str, width: int) -> list[str]:
    """All of `text` in rows of at most `width` cells, between words where they are short enough."""
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows[-1] else word
        parts = [longer] if cell_len(longer) <= width else pieces(word, width)
        if parts[:1] == [longer] or not rows[-1]:
            rows.pop()
        rows += parts
    return rows


# -- what it cost


def _price(look: Look, traced: Traced, width: int) -> Text:
    event, charged = traced.event, traced.bill
    if charged is None:
        return _entries(look, {"price": traced.no_bill}, width, {"price": look.palette.muted})
    rows = _classes(look, charged, width)
    rows.append(_entries(look, _compared(event, charged), width, {"unpriced": look.palette.warn}))
    return Text("\n").join(row for row in rows if row.plain)


def _compared(event: StoredEvent, charged: Bill) -> dict[str, str]:
    """Where the cost comes from, and how what was logged compares with the list."""
    difference = charged.difference or 0
    more = "more" if difference >= 0 else "less"
    return {
        "logged": "" if event.cost_logged is None else exact_money(event.cost_logged),
        "list price": "" if event.cost_list is None else exact_money(event.cost_list),
        "difference": "" if charged.difference is None else f"{exact_money(abs(difference))} {more} logged than listed",
        "priced as": f"{event.priced_as} ({charged.table})" if event.priced_as else "",
        "matched by": "" if charged.origin is None else charged.origin.matched,
        "price since": "" if charged.origin is None else _since(charged.origin),
        "changed": "prices have changed since it was priced" if _is_outdated(event, charged) else "",
        "unpriced": "no price is known, so the cost is not known either" if event.cost is None else "",
        "not logged": ", ".join(charged.unreported),
    }


def _since(origin: "Origin") -> str:
    """From when the price holds, and where it is from."""
    return ("always" if origin.since is None else instant(origin.since)[:10]) + f", {origin.source}"


def _is_outdated(event: StoredEvent, charged: Bill) -> bool:
    """The stored list price is not the sum: the ingester has not priced it anew yet."""
    return charged.total is not None and bool(charged.classes) and charged.total != event.cost_list


def _classes(look: Look, charged: Bill, width: int) -> list[Text]:
    """`cache read  1,557 x $0.30/1M  $0.0004671`, in columns; exact where there is room, else rounded."""
    if not charged.classes:
        return [Text("nothing was charged", look.palette.muted)]
    exact = _arithmetic(look, charged, width, _exact)
    return exact if all("\n" not in row.plain for row in exact) else _arithmetic(look, charged, width, _rounded)


def _arithmetic(look: Look, charged: Bill, width: int, money: Callable[[int | None], str]) -> list[Text]:
    palette = look.palette
    labels = [each.label.replace("_", " ") for each in charged.classes]
    counts = [f"{each.tokens:,}" for each in charged.classes]
    prices = [_exact(each.per_million) + ("" if each.per_million is None else "/1M") for each in charged.classes]
    *amounts, total = _aligned(
        [money(amount) for amount in (*(each.amount for each in charged.classes), charged.total)]
    )
    columns = [max(map(len, texts)) for texts in (labels, counts, prices)]
    rows = []
    for label, count, price, amount in zip(labels, counts, prices, amounts, strict=True):
        row = Text(label.ljust(columns[0]), palette.muted)
        row.append(f" {count.rjust(columns[1])}", palette.text).append(f" x {price.rjust(columns[2])}", palette.muted)
        rows.append(_beside(row, Text(amount, palette.text), width))
    return [*rows, _beside(Text("sum", palette.muted), Text(total, f"bold {palette.text}"), width)]


def _aligned(amounts: list[str]) -> list[str]:
    """Amounts with their points below each other."""
    decimals = [len(amount.partition(".")[2]) for amount in amounts]
    return [
        amount + "0" * (max(decimals) - own) if own else amount for amount, own in zip(amounts, decimals, strict=True)
    ]


def _beside(left: Text, right: Text, width: int) -> Text:
    """An amount at the right edge; in a row of its own where there is no room beside what it is for."""
    if left.cell_len + 2 + right.cell_len > width:
        return left.append("\n").append_text(spread(Text(""), right, width))
    return spread(left, right, width)


def _exact(nano: int | None) -> str:
    return "?" if nano is None else exact_money(nano)


def _rounded(nano: int | None) -> str:
    return "?" if nano is None else formatting.money(nano)


# -- how fast it was, and where it stands


def _speed(look: Look, event: StoredEvent, width: int) -> Text:
    if event.latency_ms is None and event.ttft_ms is None:
        return Text("")
    parts = [f"latency {formatting.latency(event.latency_ms)}"]
    if event.ttft_ms is not None:
        parts.append(f"first token {formatting.latency(event.ttft_ms)}")
    if event.latency_ms and event.output:
        parts.append(f"{formatting.count(round(1_000 * event.output / event.latency_ms))} tok/s")
    return Text("  ".join(parts), look.palette.text)


def _source(look: Look, traced: Traced, width: int, *, with_line: bool) -> Text:
    event, line = traced.event, traced.line
    number = f"line {line.number:,}, " if line is not None and line.number is not None else ""
    muted, text = look.palette.muted, look.palette.text
    is_row = event.source_kind == "tables"
    at = "" if is_row else f"{number}byte {event.source_offset:,}"
    rows = [_entries(look, {"source": event.source_path, "at": at}, width, {})]
    rows += [_entry(look, "also in", f"{each.place}: {each.told}", width, muted) for each in traced.seen]
    if with_line:
        told = line.shown() if line is not None else traced.no_line
        label = "row" if is_row else "line"
        rows.append(_entries(look, {label: told}, width, {label: text if line is not None else look.palette.warn}))
    return Text("\n").join(row for row in rows if row.plain)
