"""A file tried without a database: its first lines go the way of all lines, and each tells what it became.

It is the very reader of the ingester that is asked, a line at a time, so that what is shown here is what would be
stored; only copies in other files are not known.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal

from tokenmon.dialects import Dialect, by_name
from tokenmon.dialects.custom import Format
from tokenmon.dialects.lookalike import usage_fields
from tokenmon.errors import UsageError
from tokenmon.events import Limit
from tokenmon.ingest.documents import Documents
from tokenmon.ingest.kinds import Kinds
from tokenmon.ingest.lines import SourceReader, Whereabouts, record_of
from tokenmon.ingest.named import NamedSources
from tokenmon.ingest.rows import Rows
from tokenmon.pricing import PriceBook
from tokenmon.source import Checkpoint, RejectedLine, Row, Step, Tally, Totals
from tokenmon.tail import OpenSource
from tokenmon.tail.content import open_regular
from tokenmon.tail.document import read_whole
from tokenmon.tail.opened import Buffer

PIECE = 256 * 1024
SHOWN_FIELDS = 12
"""Fields of an unclaimed record that are named."""
KEPT = 4096
"""Bytes of a line that are kept to be shown."""

Outcome = Literal["event", "limit", "skipped", "invalid", "unclaimed"]


@dataclass(frozen=True)
class Tried:
    """What one line became."""

    number: int
    """Counted from 1; of a document 1."""
    offset: int
    start: bytes
    """Its first bytes."""
    outcome: Outcome
    reason: str = ""
    """Why it is invalid, or no line of the format."""
    rows: tuple[Row, ...] = ()
    limits: tuple[Limit, ...] = ()
    again: int = 0
    """The line that told the same call before; 0 where none did."""
    usage: tuple[str, ...] = ()
    """Unclaimed only: fields that look like usage."""
    objections: tuple[tuple[str, str], ...] = ()
    """Unclaimed only: configured formats, and why the line is not theirs."""


@dataclass(frozen=True)
class Trial:
    """What the first lines of a file became."""

    path: str
    dialect: Dialect | None
    """None where no line was claimed."""
    decided_by: int
    """The line that was claimed; 0 where none was."""
    is_document: bool
    lines: tuple[Tried, ...]
    more: bool
    """There are more lines than were tried."""


def try_file(
    path: str, book: PriceBook, dialects: Sequence[Dialect], formats: Sequence[Format], limit: int | None
) -> Trial:
    """Read the first `limit` lines, all where it is None. Raises OSError; UsageError for a database."""
    real = os.path.realpath(path)
    kinds, rows = Kinds(dialects), Rows(book, lambda dialect, name: Totals())
    kind = kinds.of_name(os.path.basename(real)) or kinds.of_content(real)
    if kind == "tables":
        raise UsageError(f"{path!a} is a database, whose rows are not tried", "tokenmon report FILE reads it")
    if kind == "document":
        return _try_document(path, real, kinds, rows, limit)
    source = OpenSource(real, open_regular(real), Buffer())
    with closing(source):
        source.checkpoint = Checkpoint(path=real, dev=source.key[0], ino=source.key[1], lineage=0)
        whereabouts = Whereabouts(real, source.mtime_ns // 1_000_000, _no_siblings)
        attempt = _Attempt(SourceReader(whereabouts, rows, "", b"", dialects), formats)
        pieces = attempt.lines_of(source)
        lines = tuple(islice(pieces, limit))
        more = next(pieces, None) is not None
    return Trial(path, attempt.reader.dialect, attempt.decided_by, False, lines, more)


def _no_siblings(path: str, name: str) -> None:
    """A file is tried by itself."""


def _try_document(path: str, real: str, kinds: Kinds, rows: Rows, limit: int | None) -> Trial:
    """A document is one line, with all its calls."""
    documents, file = Documents(NamedSources(()), kinds, rows, _no_siblings), read_whole(real)
    before = Checkpoint(path=real, dev=file.dev, ino=file.ino, lineage=0, kind="document")
    step = Step(before, before, [], [], Tally())
    documents.read(before, file, step, at_rest=True)
    dialect = by_name(step.after.dialect, kinds.dialects)
    start = (file.data or b"")[:KEPT]
    made = partial(Tried, 1, 0, start)
    tried = [made("event", rows=(row,)) for row in islice(step.rows, limit)]
    tried += [made("limit", limits=(each,)) for each in islice(step.limits, limit)]
    tried += [made("invalid", reason=reject.reason) for reject in step.rejects]
    if not tried:
        usage = tuple(islice(usage_fields(record_of(file.data or b"") or {}), SHOWN_FIELDS))
        tried = [made("skipped") if dialect is not None else made("unclaimed", usage=usage)]
    return Trial(path, dialect, 0, True, tuple(tried), limit is not None and len(step.rows) > limit)


class _Attempt:
    """Lines of one source on their way through its reader."""

    def __init__(self, reader: SourceReader, formats: Sequence[Format]) -> None:
        self.reader = reader
        self.decided_by = 0
        self._formats = formats
        self._number = 0
        self._seen: dict[tuple[int, int], int] = {}

    def lines_of(self, source: OpenSource) -> Iterator[Tried]:
        """The lines of a source to its end, an unfinished one included."""
        while True:
            piece = source.read(PIECE, self.reader.line_cap, True, self.reader.carries_nothing)
            if piece is None:
                break
            source.checkpoint = piece.after
            if piece.data:
                yield from self.lines_in(piece.data, piece.start)
            elif piece.skipped_long is not None:
                yield self._passed("invalid", piece.skipped_long)
            elif piece.unwanted:
                yield self._passed("skipped", RejectedLine(piece.start, 0, ""))
        unfinished = source.unterminated()
        if unfinished is not None:
            yield self._passed("invalid", unfinished)

    def lines_in(self, data: bytes, base: int) -> Iterator[Tried]:
        """The lines of a piece; the dialect is decided from all of it, as when it is ingested."""
        if self.reader.dialect is None:
            offset = self.reader.decide(data)
            if offset is not None:
                self.decided_by = self._number + data.count(b"\n", 0, offset) + 1
        for line in data.removesuffix(b"\n").split(b"\n"):
            self._number += 1
            if line.strip():
                yield self._tried(line, base)
            base += len(line) + 1

    def _passed(self, outcome: Outcome, line: RejectedLine) -> Tried:
        self._number += 1
        return Tried(self._number, line.offset, b"", outcome, line.reason)

    def _tried(self, line: bytes, offset: int) -> Tried:
        place = Checkpoint(path="", dev=0, ino=0, lineage=0)
        step = Step(place, place, [], [], Tally())
        self.reader.read(line, offset, 0, step)
        if not self.decided_by and self.reader.dialect is not None:
            self.decided_by = self._number
        make = partial(Tried, self._number, offset, line[:KEPT])
        if step.rows:
            return make("event", rows=tuple(step.rows), limits=tuple(step.limits), again=self._again(step.rows))
        if step.limits:
            return make("limit", limits=tuple(step.limits))
        if step.tally.rejects:
            return make("invalid", reason=step.rejects[0].reason if step.rejects else "not a JSON object")
        if step.tally.unclaimed:
            record = record_of(line) or {}
            usage = tuple(islice(usage_fields(record), SHOWN_FIELDS))
            objections = tuple((each.name, each.objection(record)) for each in self._formats)
            return make("unclaimed", usage=usage, objections=objections)
        return make("skipped", reason=self._why_skipped(line))

    def _why_skipped(self, line: bytes) -> str:
        """What a configured format says of a line of its file that is no call; nothing where it says nothing."""
        dialect, record = self.reader.dialect, record_of(line)
        own = next((each for each in self._formats if dialect is not None and each.name == dialect.name), None)
        return own.objection(record) if own is not None and record is not None else ""

    def _again(self, rows: Iterable[Row]) -> int:
        """The line that told the first of these calls already."""
        before = 0
        for row in rows:
            key = (0 if row.event.rewritten else row.event.ts, row.identity)
            before = before or self._seen.get(key, 0)
            self._seen.setdefault(key, self._number)
        return before
