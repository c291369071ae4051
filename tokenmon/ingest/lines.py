"""From the bytes of one source to rows ready to be stored.

The dialect is decided by content: the first record that a dialect claims decides for the whole source, so that
lines before it are read by the right dialect as well. The loop over the lines is written flat, because it is the
one place that every byte of a gigabyte passes through.
"""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from tokenmon.dialects import DIALECTS, Dialect, Reader, by_name, recognise
from tokenmon.dialects.lookalike import looks_like_usage
from tokenmon.events import (
    Event,
    Limit,
    Parsed,
    Reject,
    identity_of_id,
    identity_of_place,
    identity_of_rewritten,
)
from tokenmon.ingest.rows import Rows
from tokenmon.source import RejectedLine, Row, Step
from tokenmon.tail.content import open_regular

SNIFF = 500
"""How many records of a piece are shown to the dialects. Not bytes: one long line at the start says nothing."""

UNKNOWN_LINE_CAP = 512 * 1024
"""Longest line that is kept in a source whose dialect is not known yet."""

_SMALL = 1024 * 1024
"""Largest file that a dialect may look at beside its source, bytes."""

_blank = re.compile(rb"\s*\Z").match
_decode = msgspec.json.decode


@dataclass
class Whereabouts:
    """`dialects.Surroundings` of one source."""

    path: str
    mtime_ms: int
    siblings: Callable[[str, str], Iterable[bytes] | None]
    """From this path and a part of a name to that sibling's lines."""

    def lines_of(self, name_contains: str) -> Iterable[bytes] | None:
        """All complete lines of the sibling source whose file name contains this; None where there is none."""
        return self.siblings(self.path, name_contains)

    def beside(self, name: str) -> bytes | None:
        """The small file of this name in the source's own directory; None where there is none."""
        try:
            with open(open_regular(os.path.join(os.path.dirname(self.path), name)), "rb") as file:
                data = file.read(_SMALL + 1)
        except OSError:
            return None
        return data if len(data) <= _SMALL else None


class SourceReader:
    """Turns one source's lines, in order, into rows, rejects and tallies."""

    def __init__(
        self,
        whereabouts: Whereabouts,
        rows: Rows,
        dialect: str,
        state: bytes,
        dialects: Sequence[Dialect] = DIALECTS,
    ) -> None:
        self.whereabouts = whereabouts
        self._rows = rows
        self._dialects = dialects
        self._dialect = by_name(dialect, dialects) if dialect else None
        self._missing = bool(dialect) and self._dialect is None
        """The dialect that read the source so far is not known any more."""
        self._told_foreign = False
        self._reader: Reader | None = self._dialect.reader(whereabouts, state) if self._dialect else None

    @property
    def dialect(self) -> Dialect | None:
        """None until a line was recognised."""
        return self._dialect

    @property
    def line_cap(self) -> int:
        """Longest line that is worth waiting for."""
        return self._dialect.line_cap if self._dialect else UNKNOWN_LINE_CAP

    def carries_nothing(self, data: bytes, start: int, end: int) -> bool:
        """Whether the head of a line already says that it carries no usage."""
        return self._dialect is not None and self._dialect.carries_nothing(data, start, end)

    def state(self) -> bytes:
        """What a later reader must be given to go on here."""
        return self._reader.state() if self._reader else b""

    def read(self, data: bytes, base: int, lineage: int, step: Step) -> None:
        """Read the lines of `data`, whose first byte is at offset `base`, into `step`."""
        if self._reader is None:
            self.decide(data)
        if self._dialect is None or self._reader is None:
            self._pass_over(data, base, step)
            return
        parse, nothing, price = self._reader.parse, self._dialect.carries_nothing, self._rows.book.price
        find, end, start, skipped = data.find, len(data), 0, 0
        rows = step.rows
        while start < end:
            stop = find(b"\n", start)
            if stop < 0:
                stop = end
            if nothing(data, start, stop):
                skipped += 1
                start = stop + 1
                continue
            line = data[start:stop]
            parsed = parse(line)
            if parsed is None:
                if not _blank(line):
                    skipped += 1
            elif type(parsed) is Event:
                cost, priced_as = price(parsed)
                if parsed.id:
                    if parsed.rewritten and not parsed.echo:
                        h = identity_of_rewritten(parsed.names, parsed.id, parsed.attempt)
                        rows.append(Row(parsed, h, base + start, zlib.crc32(line), cost, priced_as))
                    elif parsed.running or parsed.echo:
                        place = lineage, base + start, line
                        self._rows.add(parsed, step, base + start, zlib.crc32(line), place)
                        start = stop + 1
                        continue
                    else:
                        h = identity_of_id(parsed.names, parsed.id)
                        rows.append(Row(parsed, h, base + start, 0, cost, priced_as))
                else:
                    h = identity_of_place(lineage, base + start, line.rstrip(b"\r"))
                    rows.append(Row(parsed, h, base + start, 0, cost, priced_as))
                if parsed.disagrees:
                    step.tally.disagrees += 1
            elif not (type(parsed) is Reject and _blank(line)):
                self._unusual(parsed, line, base + start, lineage, step)
            start = stop + 1
        step.tally.skipped += skipped

    def _unusual(self, parsed: Parsed, line: bytes, offset: int, lineage: int, step: Step) -> None:
        """A reject, news of a limit, or several things on one line."""
        for index, each in enumerate(parsed if isinstance(parsed, tuple) else (parsed,)):
            if isinstance(each, Reject):
                step.tally.rejects += 1
                step.rejects.append(RejectedLine(offset, len(line), each.reason))
            elif isinstance(each, Limit):
                step.limits.append(each)
            elif isinstance(each, Event):
                place = (lineage, offset, b"%d:%b" % (index, line))
                self._rows.add(each, step, offset, zlib.crc32(line), place)

    def decide(self, data: bytes) -> int | None:
        """Where in `data` the first line begins that a dialect claims; it reads from now on."""
        start = seen = 0
        while start < len(data) and seen < SNIFF:
            stop = data.find(b"\n", start)
            stop = stop if stop >= 0 else len(data)
            record = record_of(data[start:stop])
            if record is not None:
                seen += 1
                dialect = recognise(record, self._dialects)
                if dialect is not None:
                    self._dialect, self._reader = dialect, dialect.reader(self.whereabouts, b"")
                    self._missing = False
                    return start
            start = stop + 1
        return None

    def waits(self, data: bytes) -> bool:
        """Whether the dialect that read the source so far is gone, and no other claims a line of `data`: such lines
        are left where they are, so that none is lost when a format comes back to the configuration.
        """
        return self._missing and self.decide(data) is None

    def _pass_over(self, data: bytes, base: int, step: Step) -> None:
        """No dialect claims any line of this piece. Records are only counted; what is none is told once."""
        offset, tally = base, step.tally
        for line in data.split(b"\n"):
            if not _blank(line):
                record = record_of(line)
                if record is None:
                    self._foreign(RejectedLine(offset, len(line), "not a JSON object"), step)
                else:
                    tally.unclaimed += 1
                    tally.lookalikes += looks_like_usage(record)
            offset += len(line) + 1

    def _foreign(self, line: RejectedLine, step: Step) -> None:
        """A line of a file that may be no log at all."""
        step.tally.rejects += 1
        if not self._told_foreign:
            self._told_foreign = True
            step.rejects.append(line)
        else:
            step.reasons[line.reason] = step.reasons.get(line.reason, 0) + 1


def record_of(line: bytes) -> dict[str, object] | None:
    """The line as a JSON object, if it is one."""
    try:
        record = _decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
