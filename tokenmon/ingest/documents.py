"""Documents: files that their producers write anew, or in place, with everything that they wrote before.

A document is known by its path, because an atomic rename gives it another inode with every change. It is read when the
state of the file changed and its content too. What was told at the last reading is not told again: a source remembers a
hash of each event, so that a copy counts as a duplicate once, and a long session costs what is new in it. Producers
that write in place are met half way now and then: what is no JSON at the moment is looked at again when it changes, and
is invalid only when nobody has written for a while.
"""

import os
import re
import zlib
from collections.abc import Callable, Iterable
from hashlib import blake2b

from msgspec.structs import replace

from tokenmon.dialects import by_name
from tokenmon.events import Event, Limit, Parsed, Reject
from tokenmon.ingest.kinds import Kinds, is_whole
from tokenmon.ingest.lines import Whereabouts
from tokenmon.ingest.named import NamedSources
from tokenmon.ingest.rows import Rows
from tokenmon.source import HEAD, Checkpoint, RejectedLine, Step
from tokenmon.tail import lineage_of
from tokenmon.tail.document import LARGEST, WholeFile

_HASH = 8
_parts_of = re.compile(r"[/:\s]").split
_REACH = 64 * 1024
_BRACES = 200
_LONG = 10
"""A number of so many digits, as times are, stands for nothing else."""
_MISSES = 3
"""So many ids that do not stand in the document, and none is looked for any more."""


class Documents:
    """The documents that are known, and how one is read."""

    def __init__(
        self,
        named: NamedSources,
        kinds: Kinds,
        rows: Rows,
        siblings: Callable[[str, str], Iterable[bytes] | None],
    ) -> None:
        self._named = named
        self._kinds = kinds
        self._rows = rows
        self._siblings = siblings

    def is_settled(self, path: str, found: os.stat_result) -> bool:
        """Whether the file is in the state in which it was read."""
        known = self._named.checkpoint(path)
        return known is not None and known.kind == "document" and not known.gone and _state(known) == (
            found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns,
        )  # fmt: skip

    def read(self, before: Checkpoint, file: WholeFile, step: Step, *, at_rest: bool) -> bool:
        """Add to `step` what is new in the document; false where it is half written and has to be looked at again."""
        after = replace(
            before,
            dev=file.dev,
            ino=file.ino,
            offset=file.size,
            head=file.digest,
            head_size=file.size,
            size=file.size,
            mtime_ns=file.mtime_ns,
            gone=False,
        )
        if not before.head or after.head != before.head:
            if file.data is None:
                parsed: Parsed = Reject(f"document larger than {LARGEST >> 20} MiB")
            elif is_whole(file.data):
                after, parsed = self._parse(after, file.data)
            elif at_rest:
                parsed = Reject("document is not JSON") if file.data.strip() else None
            else:
                return False
            after = replace(after, state=self._tell(parsed, after, file.data or b"", step))
            step.last_change_ms = file.mtime_ns // 1_000_000
        if after != before or not before.id:
            step.after = after
            self._named.advanced(after)
        return True

    def _parse(self, known: Checkpoint, data: bytes) -> tuple[Checkpoint, Parsed]:
        """What the document tells; nothing where it is nobody's."""
        dialect = by_name(known.dialect, self._kinds.dialects) if known.dialect else None
        dialect = dialect or self._kinds.dialect_of(known.path, data)
        if dialect is None:
            return known, None
        whereabouts = Whereabouts(known.path, known.mtime_ns // 1_000_000, self._siblings)
        lineage = known.lineage or lineage_of(data[:HEAD])
        return replace(known, dialect=dialect.name, lineage=lineage), dialect.reader(whereabouts, b"").parse(data)

    def _tell(self, parsed: Parsed, known: Checkpoint, data: bytes, step: Step) -> bytes:
        """Add what was not told at the last reading; returns the hashes of what was told now."""
        told, places = _Told(known.state), _Places(data)
        for each in parsed if isinstance(parsed, tuple) else (parsed,):
            if each is None or not told.is_new(each):
                continue
            if isinstance(each, Reject):
                step.tally.rejects += 1
                step.rejects.append(RejectedLine(0, known.size, each.reason))
            elif isinstance(each, Limit):
                step.limits.append(each)
            else:
                text = _text_of(each)
                self._rows.add(each, step, places.of(each), zlib.crc32(text), (known.lineage, 0, text))
        return told.state(whole=not isinstance(parsed, Reject))


def _state(checkpoint: Checkpoint) -> tuple[int, int, int, int]:
    return checkpoint.dev, checkpoint.ino, checkpoint.size, checkpoint.mtime_ns


def _text_of(told: Event | Limit | Reject) -> bytes:
    """What makes it itself. A time that is only the file's is the time of the first look."""
    if isinstance(told, Event) and told.untimed:
        told = replace(told, ts=0)
    return repr(told).encode("utf-8", "surrogatepass")


class _Told:
    """Hashes of what a document told, last time and this time."""

    def __init__(self, state: bytes) -> None:
        self._earlier = {state[at : at + _HASH] for at in range(0, len(state), _HASH)}
        self._now: dict[bytes, None] = {}

    def is_new(self, told: Event | Limit | Reject) -> bool:
        """Whether it was not told before."""
        each = blake2b(_text_of(told), digest_size=_HASH).digest()
        new = each not in self._earlier and each not in self._now
        self._now[each] = None
        return new

    def state(self, *, whole: bool) -> bytes:
        """What a later reading must be given; where this one was not of the whole, what was told before as well."""
        return b"".join(self._now if whole else self._earlier | self._now.keys())


class _Places:
    """Where events stand in their document, as far as their ids tell; they are looked for in the order of the text."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._from = 0
        self._misses = 0

    def of(self, event: Event) -> int:
        """Where the object begins that holds the event's id, 0 where that is not known."""
        for text in dict.fromkeys((event.id, event.attempt, event.request_id, _parts_of(event.id)[-1])):
            if text and self._misses < _MISSES:
                at = self._find(_written(text))
                if at >= 0:
                    self._misses = 0
                    return at
        self._misses += 1
        return 0

    def _find(self, written: re.Pattern[bytes]) -> int:
        """Where the object begins that holds this id, looked for after the last find and then from the start."""
        found = written.search(self._data, self._from) or written.search(self._data, 0, self._from)
        if found is None:
            return -1
        self._from = found.start()
        return _opening(self._data, self._from)


def _written(text: str) -> re.Pattern[bytes]:
    """An id as JSON has it: in quotes, or as a number; a short one only where its key says that it is an id."""
    own = re.escape(text.encode("utf-8", "surrogatepass"))
    if not (text.isascii() and text.isdigit()):
        return re.compile(b'"%b"' % own)
    key = rb'(?<!\\)"' if len(text) >= _LONG else rb'[iI]d"'
    return re.compile(b'"%b"|%b\\s*:\\s*%b(?![\\w.])' % (own, key, own))


def _opening(data: bytes, at: int) -> int:
    """The brace that opens the object around `at`, if no text has braces of its own; 0 where that is far away."""
    floor, inner = max(0, at - _REACH), 0
    for _ in range(_BRACES):
        opens, closes = data.rfind(b"{", floor, at), data.rfind(b"}", floor, at)
        if opens < 0:
            break
        if opens > closes and not inner:
            return opens
        inner += 1 if closes > opens else -1
        at = max(opens, closes)
    return 0
