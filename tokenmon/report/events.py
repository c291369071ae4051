"""`tokenmon events`: single calls, newest first, a page at a time, so that any number of them needs little memory."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tokenmon.dimensions import key_of
from tokenmon.exact import Value, csv_line, json_line
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.saying import say
from tokenmon.store.answers import StoredEvent
from tokenmon.text import many
from tokenmon.trace import FIELDS

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

PAGE = 500
WIDE = 110
"""Columns of a terminal from which the plain list shows years and ids."""


def row(event: StoredEvent) -> dict[str, Value]:
    """An event as scripts see it."""
    return {name: of(event) for name, of in FIELDS}


def run(question: Question, limit: int, before: str | None) -> int:
    """Print the events; a cut is said on stderr with the cursor to go on from."""

    async def answer(reader: "Reader") -> None:
        view, _ = question.view(await reader.span())
        left, cursor, write_page = limit, before, _page_writer(question)
        while True:
            page = await reader.events(view, limit=min(PAGE, left) if limit else PAGE, before=cursor)
            write_page(page.events)
            left -= len(page.events)
            cursor = page.more
            if cursor is None or not page.events:
                return
            if limit and left <= 0:
                say(f"tokenmon: cut after {many(limit, 'event')}; older: --before {cursor}")
                return

    ask(question, answer)
    return 0


def _page_writer(question: Question) -> Callable[[tuple[StoredEvent, ...]], None]:
    """Writes one page after another; the first has the headings."""
    first = [True]

    def write_page(events: tuple[StoredEvent, ...]) -> None:
        lines = _page(question, events, first[0])
        first[0] = False
        if lines:
            write("\n".join(lines))

    return write_page


def _page(question: Question, events: tuple[StoredEvent, ...], first: bool) -> list[str]:
    if question.form == "json":
        return [json_line(row(event)) for event in events]
    if question.form == "csv":
        heading = [csv_line(name for name, _ in FIELDS)] if first else []
        return [*heading, *(csv_line(row(event).values()) for event in events)]
    if not events:
        return ["No events."] if first else []
    lines = plain(question, events).splitlines()
    return lines if first else lines[2:]


def plain(question: Question, events: tuple[StoredEvent, ...]) -> str:
    """A table of events: local time, who, what, tokens and cost (`*` list price, `?` unknown)."""
    width, zone = terminal_width(), question.settings.zone()
    wide = width >= WIDE
    columns = [
        Column("Time"),
        Column("Model", label=True),
        Column("Key", label=True),
        Column("Input"),
        Column("Cached"),
        Column("Output"),
        Column("Cost"),
        Column("Status"),
        *([Column("ID")] if wide else []),
    ]
    rows = [
        [
            figures.clock(event.ts, zone)[0 if wide else 5 :],
            (event.names.model or "(none)") + (" (assumed)" if event.assumed else ""),
            key_of(event.names) or "-",
            figures.short_count(event.input),
            "-" if event.cache_read is None else figures.short_count(event.cache_read),
            figures.short_count(event.output),
            _cost(event),
            _state(event),
            *([event.id] if wide else []),
        ]
        for event in events
    ]
    return table(columns, rows, None, width)


def _cost(event: StoredEvent) -> str:
    if event.cost is None:
        return "?"
    return figures.short_money(event.cost) + ("*" if event.cost_kind == "list" else "")


def _state(event: StoredEvent) -> str:
    if event.status is not None:
        return str(event.status)
    return "failed" if event.is_error else "ok"
