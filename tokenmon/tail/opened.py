"""An open source is read a piece at a time, and a piece is whole lines.

A line is consumed only with its newline, so the offset always stands where a line begins. The exceptions are few and
each is a value, never a guess:

* a line that grows beyond the cap, or whose head already says that it carries no usage, is passed over to its newline
  in bounded memory, over any number of reads and restarts (`Checkpoint.skipping`);
* a run of NULs where a line should begin (the hole that copytruncate leaves when the producer does not append) is
  passed over at once, holes without being read;
* a last line without a newline that has come to rest and is a complete JSON object is taken; the newline that may
  follow later is then an empty line.

Reading changes nothing but the buffer: only `Register.advanced` moves a source on, so a piece that could not be stored
is simply read again. The bytes before the offset are read together with the new ones and must have the hash that the
checkpoint says; so what is taken never comes from another file's middle.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from tokenmon.source import HEAD, TAIL, Checkpoint, RejectedLine
from tokenmon.tail.compressed import Unready, content_of
from tokenmon.tail.content import CorruptArchive, Key, Plain, digest, leads_to

PASS_BYTES = 8 * 1024 * 1024
"""At most so many bytes are looked at in one read while something is passed over: about a millisecond."""

_SEARCH = 256 * 1024
_GLANCE = 4096
_BOM = b"\xef\xbb\xbf"
_NULS = bytes(4)
"""Fewer NULs are a line in a foreign encoding (UTF-16), which its dialect rejects."""

Unwanted = Callable[[bytes, int, int], bool]
"""Whether the line that begins `data[start:end]` is known to carry no usage."""


def wanted(data: bytes, start: int, end: int) -> bool:
    """Every line is wanted whole."""
    return False


@dataclass(frozen=True, slots=True)
class Piece:
    """What one read took from a source: lines, or one thing that was passed over."""

    start: int
    """Offset of `data`."""
    data: bytes
    """Complete lines with their newlines; only a settled last line has none. Empty where something was passed over."""
    skipped_long: RejectedLine | None
    """What was passed over, where it should be told."""
    before: Checkpoint
    """Where the piece begins. Its lineage is known, which that of a source without a line was not."""
    after: Checkpoint
    """Where the piece ends; the dialect and its state are still those of `before`."""
    more: bool
    """There is more to read now."""
    unwanted: bool = False
    """A line was passed over because its head said that it carries no usage."""


class Buffer:
    """The one buffer that all sources are read into, one after another."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def of(self, size: int) -> bytearray:
        """The buffer, at least `size` long."""
        if len(self._bytes) < size:
            self._bytes = bytearray(size)
        return self._bytes


def lineage_of(first: bytes) -> int:
    """What a file and all its copies have in common: a hash of the first line, at most `HEAD` bytes of it; not 0.

    `first` holds the first bytes of the content.
    """
    line = first[:HEAD].split(b"\n", 1)[0].rstrip(b"\r")
    return int.from_bytes(blake2b(line, digest_size=8, person=b"lineage").digest(), "big", signed=True) or 1


def has_lineage(first: bytes) -> bool:
    """Whether `lineage_of` these first bytes stays what it is, however the file grows."""
    return len(first) >= HEAD or b"\n" in first


def _is_complete(line: bytes) -> bool:
    """Whether `line` is a whole JSON object or array; a number may still grow and a torn object is none."""
    if line.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


class OpenSource:
    """A source held open. It stays readable when its name goes away, and nobody else can get its inode."""

    def __init__(self, path: str, fd: int, buffer: Buffer) -> None:
        self.path = path
        """A name of the file, as far as is known."""
        self.content = content_of(fd, path)
        self.checkpoint: Checkpoint
        """Where it goes on; set by the register."""
        self._fd = fd
        self._buffer = buffer
        self.look()

    def look(self) -> None:
        """Take size and modification time anew."""
        found = os.fstat(self._fd)
        self.key: Key = (found.st_dev, found.st_ino)
        self.size = found.st_size
        """Bytes of the file itself."""
        self.mtime_ns = found.st_mtime_ns

    @property
    def closed(self) -> bool:
        return self._fd < 0

    @property
    def compressed(self) -> bool:
        return not isinstance(self.content, Plain)

    @property
    def unread(self) -> int:
        """Bytes known unread: a partial line counts; of an archive all or none."""
        if self.compressed:
            return 0 if self.checkpoint.size == self.size else self.size
        return max(0, self.size - self.checkpoint.offset)

    def still_named(self) -> bool:
        """Whether the path still leads here; otherwise the file was renamed or deleted and lives by this descriptor."""
        return leads_to(self.path, self.key)

    def close(self) -> None:
        """Let go of the file; more than once is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def unterminated(self) -> RejectedLine | None:
        """What is left of a file that is gone: a last line that never was finished."""
        left = 0 if self.compressed else self.unread
        if not left:
            return None
        return RejectedLine(self.checkpoint.offset, left, "the last line was never finished")

    # -- reading

    def read(self, cap: int, line_cap: int, at_rest: bool, unwanted: Unwanted = wanted) -> Piece | None:
        """The next piece of at most `cap` bytes (more only for one line of up to `line_cap`); None where none is ready.

        `at_rest`: nobody has written for a while, so that a complete last line may be taken without its newline.
        Raises OSError, `CorruptArchive` among them.
        """
        self.look()
        if isinstance(self.content, Unready):  # by now it may be begun
            self.content = content_of(self._fd, self.path)
        before = self.checkpoint
        lead, room = before.tail_size, min(cap, line_cap + 1)
        buffer = self._buffer.of(lead + room)
        with memoryview(buffer)[: lead + room] as view:
            filled = self.content.read_at(before.offset - lead, view, before.offset - lead)
            if lead and digest(view[:lead]) != before.tail:
                return None
        got = filled - lead
        if before.skipping:
            return self._pass_line(before, buffer, lead, filled, room)
        if got <= 0:
            return self._at_end(before, at_rest)
        if before.lineage == 0:
            before = replace(before, lineage=lineage_of(self.content.first(HEAD)))
        if buffer[lead] == 0 and ((lead and buffer[lead - 1] == 0) or buffer.startswith(_NULS, lead, filled)):
            return self._pass_nuls(before, buffer, lead, filled, room, at_rest)
        cut = buffer.rfind(b"\n", lead, filled) + 1
        if cut:
            return self._lines(
                before, buffer, lead, cut, filled - lead == room or (cut < filled and self.content.finished)
            )
        if got < room:
            return self._last_line(before, got, at_rest)
        return self._long_line(before, bytes(buffer[lead : lead + min(got, _GLANCE)]), got, line_cap, at_rest, unwanted)

    def _lines(self, before: Checkpoint, buffer: bytearray, lead: int, cut: int, more: bool) -> Piece:
        with memoryview(buffer) as view:
            data = bytes(view[lead:cut])
            tail = bytes(view[max(0, cut - TAIL) : cut])
        if (
            data.find(b"\0") >= 0 and (nul := data.find(b"\n" + _NULS)) >= 0
        ):  # a run of NULs inside: stop where it begins
            data = data[: nul + 1]
            tail = (bytes(buffer[:lead]) + data)[-TAIL:]
            more = True
        start = before.offset
        end = start + len(data)
        if start == 0 and data.startswith(_BOM):
            start, data = len(_BOM), data[len(_BOM) :]
        return self._piece(before, start, data, end, tail=tail, more=more)

    def _at_end(self, before: Checkpoint, at_rest: bool) -> Piece | None:
        if self.content.torn and at_rest:
            raise CorruptArchive(0, "the archive ends in the middle", self.path)
        if self.content.finished and before.size != self.size:  # remembered, so that it need not be read again
            return self._piece(before, before.offset, b"", before.offset, more=False)
        return None

    def _last_line(self, before: Checkpoint, size: int, at_rest: bool) -> Piece | None:
        """Bytes without a newline up to the end: a line that is still written, or a settled one."""
        if not at_rest and not self.content.finished:
            return None
        start, end = before.offset, before.offset + size
        line = self.content.exact(start, size, start - before.tail_size)
        if start == 0 and line.startswith(_BOM):
            start, line = len(_BOM), line[len(_BOM) :]
        if _is_complete(line):
            return self._piece(before, start, line, end, more=False)
        if self.content.torn:
            raise CorruptArchive(0, "the archive ends in the middle", self.path)
        if self.content.finished:
            reject = RejectedLine(start, len(line), "the last line was never finished")
            return self._piece(before, start, b"", end, reject=reject, more=False)
        return None

    def _long_line(
        self, before: Checkpoint, glance: bytes, got: int, line_cap: int, at_rest: bool, unwanted: Unwanted
    ) -> Piece | None:
        """A line longer than the piece: passed over, read whole, or waited for."""
        start = before.offset
        if unwanted(glance, 0, len(glance)):
            return self._piece(before, start, b"", start + got, skipping=True, more=True, unwanted=True)
        keep = start - before.tail_size
        limit = start + line_cap + 1
        end, seen = self._find_newline(start + got, limit, keep)
        if end:
            line = self.content.exact(start, end - start, keep)
            if start == 0 and line.startswith(_BOM):
                start, line = len(_BOM), line[len(_BOM) :]
            return self._piece(before, start, line, end, more=True)
        if seen < limit:
            return self._last_line(before, seen - start, at_rest)
        reject = RejectedLine(start, seen - start, f"line longer than {line_cap / 1024:,.0f} KiB")
        return self._piece(before, start, b"", seen, reject=reject, skipping=True, more=True)

    def _find_newline(self, position: int, limit: int, keep: int) -> tuple[int, int]:
        """Where the line ends, newline included (0 where not before `limit`), and how far was looked."""
        buffer = self._buffer.of(_SEARCH)
        with memoryview(buffer) as view:
            while position < limit:
                size = min(_SEARCH, limit - position)
                filled = self.content.read_at(position, view[:size], keep)
                newline = buffer.find(b"\n", 0, filled)
                if newline >= 0:
                    return position + newline + 1, position + newline + 1
                position += filled
                if filled < size:
                    break
        return 0, position

    def _pass_line(self, before: Checkpoint, buffer: bytearray, lead: int, filled: int, room: int) -> Piece | None:
        """Go on to the newline that ends an unwanted line."""
        position, low = before.offset, lead
        at_end = filled < lead + room
        while (newline := buffer.find(b"\n", low, filled)) < 0:
            if filled > low:
                position += filled - low
                if buffer[low] == 0:
                    position = self.content.next_data(position)
            if at_end or position - before.offset >= PASS_BYTES:
                if position == before.offset:
                    return None
                return self._piece(before, position, b"", position, skipping=True, more=not at_end)
            buffer, filled = self._fill(position)
            low, at_end = 0, filled < _SEARCH
        end = position + newline + 1 - low
        return self._piece(before, end, b"", end, more=True)

    def _pass_nuls(
        self, before: Checkpoint, buffer: bytearray, lead: int, filled: int, room: int, at_rest: bool
    ) -> Piece | None:
        """Pass over NULs up to the line after them. While none follows they wait: the place may be written to."""
        start = before.offset
        continued = lead > 0 and buffer[lead - 1] == 0
        run = bytes(buffer[lead:filled])
        position = start
        at_end = filled < lead + room
        while not (rest := run.lstrip(b"\0")) and not at_end and position - start < PASS_BYTES:
            position = self.content.next_data(position + len(run))
            buffer, filled = self._fill(position)
            run, at_end = bytes(buffer[:filled]), filled < _SEARCH
        end = position + len(run) - len(rest)
        if not rest and at_end and not at_rest:
            return None
        reject = None if continued else RejectedLine(start, end - start, "NUL bytes where a line should begin")
        return self._piece(before, end, b"", end, reject=reject, more=bool(rest) or not at_end)

    def _fill(self, position: int) -> tuple[bytearray, int]:
        buffer = self._buffer.of(_SEARCH)
        with memoryview(buffer)[:_SEARCH] as view:
            return buffer, self.content.read_at(position, view, max(0, position - TAIL))

    def _piece(
        self,
        before: Checkpoint,
        start: int,
        data: bytes,
        end: int,
        *,
        tail: bytes | None = None,
        reject: RejectedLine | None = None,
        skipping: bool = False,
        more: bool,
        unwanted: bool = False,
    ) -> Piece:
        """A piece that ends at `end`, with the checkpoint that follows from it."""
        if tail is None:
            size = min(TAIL, end)
            tail = self.content.exact(end - size, size, end - size)
        head, head_size, lineage = before.head, before.head_size, before.lineage
        if head_size < HEAD and head_size < end:
            first = self.content.first(min(HEAD, end))
            head, head_size = digest(first), len(first)
            if before.offset and not has_lineage(first[: before.offset]):  # taken at rest, the first line went on
                lineage = lineage_of(self.content.first(HEAD))
        ended = not self.compressed or (self.content.finished and not more)
        after = replace(
            before,
            lineage=lineage,
            offset=end,
            head=head,
            head_size=head_size,
            tail=digest(tail) if tail else b"",
            tail_size=len(tail),
            skipping=skipping,
            size=self.size if ended else 0,
            mtime_ns=self.mtime_ns,
        )
        return Piece(start, data, reject, before, after, more, unwanted)
