"""Where a number comes from: one event's exact values, its line in its source, and what it was charged for.

The screen asks while somebody waits, so looking for a line is bounded: a line is found at once by its offset, but its
number only by counting, and a place inside an archive only by unpacking all that is before it.
"""

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from tokenmon.dialects import DIALECTS, Table
from tokenmon.events import NAMES, Event
from tokenmon.exact import Value, harmless, instant, money
from tokenmon.source import Kind
from tokenmon.store.answers import Copy, StoredEvent, Why
from tokenmon.tail.compressed import content_of
from tokenmon.tail.content import Content, Plain, open_regular
from tokenmon.tail.database import AnotherShape, Changed, Database, Place, TooLarge, TooSlow, reading
from tokenmon.text import clip, hide_secrets, sanitise

if TYPE_CHECKING:  # prices take a while to import, and a screen may never show one
    from tokenmon.pricing import Origin, PriceBook, PricedClass

# -- exact values


def _text(value: str | None) -> Value:
    return harmless(value) if value else None


def _name(index: int) -> Callable[[StoredEvent], Value]:
    return lambda event: _text(event.names[index])


def _metadata(text: str | None) -> Value:
    """The stored JSON object, harmless; text that is none stays text."""
    if not text:
        return None
    shown = harmless(text)
    try:
        return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(shown)))
    except msgspec.DecodeError:
        return shown


FIELDS: tuple[tuple[str, Callable[[StoredEvent], Value]], ...] = (
    ("id", lambda event: event.id),
    ("ts", lambda event: instant(event.ts)),
    ("dialect", lambda event: _text(event.names.dialect)),
    ("source_path", lambda event: harmless(event.source_path)),
    ("source_offset", lambda event: event.source_offset),
    *((name, _name(index)) for index, name in enumerate(NAMES) if name != "dialect"),
    ("session", lambda event: _text(event.session)),
    ("request_id", lambda event: _text(event.request_id)),
    ("input_tokens", lambda event: event.input),
    ("cache_read_tokens", lambda event: event.cache_read),
    ("cache_write_5m_tokens", lambda event: event.cache_write_5m),
    ("cache_write_1h_tokens", lambda event: event.cache_write_1h),
    ("output_tokens", lambda event: event.output),
    ("reasoning_tokens", lambda event: event.reasoning),
    ("total_tokens", lambda event: as_event(event).total),
    ("cost_usd", lambda event: money(event.cost)),
    ("cost_logged_usd", lambda event: money(event.cost_logged)),
    ("cost_list_usd", lambda event: money(event.cost_list)),
    ("cost_kind", lambda event: event.cost_kind),
    ("priced_as", lambda event: _text(event.priced_as)),
    ("assumed", lambda event: event.assumed),
    ("latency_ms", lambda event: event.latency_ms),
    ("ttft_ms", lambda event: event.ttft_ms),
    ("status", lambda event: event.status),
    ("error", lambda event: _text(event.error)),
    ("metadata", lambda event: _metadata(event.metadata)),
    ("quality", lambda event: " ".join(event.doubts) or None),
)
"""One object of `events --json`; CSV and what the screen exports have the same columns."""


# -- the line

LINE_BYTES = 64 * 1024
"""How much of a line is read: agents' lines run to megabytes, and their usage would not be seen anyway."""

LINE_CHARACTERS = 1_000
"""How much of it is shown."""

REACH = 64 << 20
"""Bytes before a line that are read to count its number, or unpacked to get to it, while somebody waits."""

BLOCK = 1 << 20

ROWS = 2_000
"""Of a database that are looked at together."""

FIRST: Place = (-(1 << 63), "")
"""Before every row."""


@dataclass(frozen=True)
class FoundLine:
    """A line as it stands in its source."""

    number: int | None
    """Counted from 1; None where counting takes too long."""
    start: bytes
    """At most LINE_BYTES of it."""

    def shown(self, characters: int = LINE_CHARACTERS) -> str:
        """Its beginning, harmless, with secrets hidden."""
        return clip(hide_secrets(sanitise(self.start.decode("utf-8", "replace"))), characters)


def find_line(path: str, offset: int, reach: int = REACH, *, kind: Kind = "lines") -> FoundLine | None:
    """The line that starts at `offset` of a source's content; None where no line starts there any more.

    Of a document (`kind`) what follows the offset, on one line: the message where its place is known, else the
    beginning. OSError where the source cannot be read or is a database. Memory is bounded, and `reach` bounds the time.
    """
    if kind == "tables":
        raise OSError("it is in a database")
    fd = open_regular(path)
    try:
        content = content_of(fd, path)
        if offset > reach and not isinstance(content, Plain):
            raise OSError("too far into the archive to be unpacked for a look; `tokenmon explain` takes the time")
        number = _number(content, offset) if offset <= reach else None
        follows = offset == 0 or kind == "document" or content.exact(offset - 1, 1, offset - 1) == b"\n"
        start = content.exact(offset, LINE_BYTES, offset) if follows else b""
    finally:
        os.close(fd)
    if kind == "document":
        return FoundLine(number, b" ".join(start.split())) if offset == 0 or start.startswith(b"{") else None
    return FoundLine(number, start.partition(b"\n")[0].rstrip(b"\r")) if start else None


def find_record(event: StoredEvent, reach: int = REACH) -> FoundLine | None:
    """The line of an event, or the row where it is one of a database's; as `find_line`."""
    if event.source_kind == "tables" and event.line_hash is not None:
        return _find_row(event.source_path, event.line_hash)
    return find_line(event.source_path, event.source_offset, reach, kind=event.source_kind)


def _find_row(path: str, line_hash: int) -> FoundLine | None:
    """The record of a row by its hash; what it takes to look through a database is bounded by the look's patience."""
    for again in (True, False):
        try:
            with reading(path) as database:
                return next((FoundLine(None, each[:LINE_BYTES]) for each in _rows(database, path, line_hash)), None)
        except TooSlow as error:
            raise OSError("finding its row in the database takes too long") from error
        except Changed as error:
            if not again:
                raise OSError("the database is being written at the moment") from error
    return None


def _rows(database: Database, path: str, line_hash: int) -> Iterator[bytes]:
    """Records of this hash in any table that a dialect reads."""
    tables = [table for dialect in DIALECTS for table in dialect.tables]
    named = [table for table in tables if fnmatchcase(os.path.basename(path), table.files)]
    for table in named or tables:
        with suppress(AnotherShape):
            for key in _keys(database, table):
                with suppress(TooLarge):
                    record = database.record(table.record, key)
                    if record is not None and zlib.crc32(record) == line_hash:
                        yield record


def _keys(database: Database, table: Table) -> Iterator[int | str]:
    """The keys of all rows, those that were written last at the end."""
    at: Place | None = FIRST
    while at is not None:
        places = database.places(table.places, at, ROWS)
        yield from (key for _, key in places)
        at = places[-1] if len(places) == ROWS else None


def where(path: str, offset: int, kind: Kind, line: FoundLine | None) -> str:
    """Path, line and byte of a place, for people; the rows of a database have none."""
    number = f":{line.number:,}" if line is not None and line.number is not None else ""
    return f"{harmless(path)}{number}{'' if kind == 'tables' else f', byte {offset:,}'}"


def _number(content: Content, offset: int) -> int:
    """The number of the line at `offset`, counted from 1."""
    newlines = at = 0
    while at < offset:
        block = content.exact(at, min(BLOCK, offset - at), at)
        if not block:
            break
        newlines, at = newlines + block.count(b"\n"), at + len(block)
    return newlines + 1


# -- other places

WHY: dict[Why, str] = {
    "echo": "telemetry of the same request; the producer's own log counts",
    "replay": "a side chain's replay; the call itself counts",
    "tokens": "has fewer tokens; the copy with the most counts",
    "speed": "does not tell the speed; the copy that does counts",
    "time": "is older; the latest copy counts",
    "known": "says the same; the one read first counts",
    "file": "in a copy of the whole file, which is read once",
}
"""Why a copy of a call does not count, for people."""


@dataclass(frozen=True)
class Seen:
    """Another place of a call, as it is now."""

    copy: Copy
    line: FoundLine | None
    """None where it cannot be read."""
    problem: str = ""
    """Why there is none."""

    @property
    def place(self) -> str:
        """Path, line and byte, for people."""
        return where(self.copy.path, self.copy.offset, self.copy.kind, self.line)

    @property
    def told(self) -> str:
        """Why it does not count, and what hinders looking at it."""
        return WHY[self.copy.why] + (f" ({self.problem})" if self.problem else "")


def look_at(copies: Iterable[Copy], line: FoundLine | None, reach: int = REACH) -> tuple[Seen, ...]:
    """Copies with their lines. A copy of a whole file is only believed where it holds the very line that counts."""
    found = (_seen(copy, reach) for copy in copies)
    return tuple(each for each in found if each.copy.why != "file" or _is_same(each.line, line))


def _seen(copy: Copy, reach: int) -> Seen:
    try:
        line = find_line(copy.path, copy.offset, reach, kind=copy.kind)
    except OSError as error:
        return Seen(copy, None, why_not(error))
    return Seen(copy, line, "" if line else "the file has changed since")


def _is_same(one: FoundLine | None, other: FoundLine | None) -> bool:
    return one is not None and (other is None or one.start == other.start)


def why_not(error: OSError) -> str:
    """Why a source cannot be read, for people."""
    if isinstance(error, FileNotFoundError):
        return "the file is not there any more"
    return harmless(error.strerror or str(error))


# -- the price


@dataclass(frozen=True)
class Bill:
    """What an event was charged for, by the price that was valid at its own time."""

    classes: "tuple[PricedClass, ...]"
    """Token classes and fees; empty where nothing was charged."""
    total: int | None
    """Their sum, nano-USD; None where one of them has no price."""
    unreported: tuple[str, ...]
    """Token classes that the log does not report, in words."""
    difference: int | None
    """How much more was logged than the list price, nano-USD; None where only one of the two is known."""
    table: str
    """Name, version and date of the price table."""
    origin: "Origin | None" = None
    """Which price it is; None where none is known."""


def bill(event: StoredEvent, book: "PriceBook") -> Bill:
    """The price of each class of an event, and their sum."""
    classes = book.explain(as_event(event))
    amounts = [each.amount for each in classes if each.amount is not None]
    counts = {
        "cache reads": event.cache_read,
        "5-minute cache writes": event.cache_write_5m,
        "1-hour cache writes": event.cache_write_1h,
    }
    both = event.cost_logged is not None and event.cost_list is not None
    return Bill(
        classes,
        total=sum(amounts) if len(amounts) == len(classes) else None,
        unreported=tuple(label for label, count in counts.items() if count is None),
        difference=(event.cost_logged or 0) - (event.cost_list or 0) if both else None,
        table=f"genai-prices {book.version}, {book.date}",
        origin=book.origin(as_event(event)),
    )


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
