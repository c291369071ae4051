"""Databases of other programs: rows that were written since the last look, in the order in which they were.

A dialect says which column grows when a row is written; what is behind the largest value that was seen is not looked at
again, but for as far as its writers may commit in another order. Of that stretch a source remembers which rows it read,
and how they looked. A look takes as many turns as it needs, and goes on where it was after a restart.
"""

import os
import zlib
from collections.abc import Callable, Iterable
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from tokenmon.dialects import Dialect, Reader, Table
from tokenmon.dialects.fields import Invalid, value_of
from tokenmon.events import Event, Limit, Reject
from tokenmon.ingest.kinds import Kinds
from tokenmon.ingest.lines import Whereabouts
from tokenmon.ingest.named import NamedSources
from tokenmon.ingest.rows import Rows
from tokenmon.source import Checkpoint, RejectedLine, Step
from tokenmon.tail.database import (
    LARGEST,
    PATIENCE_S,
    AnotherShape,
    Changed,
    Database,
    Place,
    TooLarge,
    TooSlow,
    reading,
    state_of,
)

PAGE = 2_000
"""Rows of a turn, at most."""

TURN_BYTES = 32 << 20
"""After so many bytes a turn is over."""

REMEMBERED = 10_000
"""Rows that may be met again are remembered up to this number. Others are read anew, and found to be counted."""

_FIRST = -(1 << 63)


class _Stretch(msgspec.Struct):
    """How far one table was read."""

    at: Place | None = None
    """Where a look goes on; None where none is under way."""
    newest: int = _FIRST
    """The largest cursor that was seen."""
    read: dict[str, tuple[int, bytes]] = msgspec.field(default_factory=dict)
    """Cursor and hash of the rows that may be met again, by key."""


_State = dict[str, _Stretch]
"""By the SELECT of the table's places."""


class Tables:
    """The databases that are known, and how one is read."""

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

    def is_settled(self, path: str) -> bool:
        """Whether neither the database nor its log was written since all of it was read."""
        known = self._named.checkpoint(path)
        if known is None or known.kind != "tables" or known.gone or not known.head:
            return False
        try:
            return known.head == state_of(path)
        except OSError:
            return False

    def read(self, path: str, before: Checkpoint, step: Step) -> bool:
        """Add the next rows to `step`; true where there are more. Raises OSError."""
        found, state = os.stat(path, follow_symlinks=False), state_of(path)
        after = replace(
            before,
            dev=found.st_dev,
            ino=found.st_ino,
            offset=found.st_size,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            gone=False,
        )
        look = _Look(Whereabouts(path, found.st_mtime_ns // 1_000_000, self._siblings), before.state)
        try:
            with reading(path) as database:
                look.take(database, self._kinds.tables_of(path))
        except Changed:
            return True
        except TooSlow:  # until it changes: trying again would take as long
            look.refuse(f"database cannot be read in {PATIENCE_S:g} seconds")
        look.tell(step, self._rows)
        dialect = look.dialect.name if look.dialect else ""
        step.after = replace(after, head=b"" if look.more else state, dialect=dialect, state=look.state())
        step.last_change_ms = found.st_mtime_ns // 1_000_000
        self._named.advanced(step.after)
        return look.more


class _Look:
    """One turn at one database."""

    def __init__(self, whereabouts: Whereabouts, state: bytes) -> None:
        self._whereabouts = whereabouts
        self._stretches: _State = msgspec.msgpack.decode(state, type=_State) if state else {}
        self._told: list[tuple[Event | Limit | Reject, bytes]] = []
        self.dialect: Dialect | None = None
        self.more = False
        """The look is not at its end."""

    def state(self) -> bytes:
        """How far the tables were read."""
        return msgspec.msgpack.encode(self._stretches)

    def take(self, database: Database, candidates: Iterable[tuple[Dialect, list[Table]]]) -> None:
        """Read the next rows of the first dialect that has a table here."""
        for dialect, tables in candidates:
            for table in tables:
                try:
                    self._take_rows(database, table, dialect)
                except AnotherShape:
                    continue
                self.dialect = dialect
            if self.dialect is not None:
                return

    def refuse(self, reason: str) -> None:
        """Nothing more can be read."""
        self._told.append((Reject(reason), b""))

    def tell(self, step: Step, rows: Rows) -> None:
        """Add what was read."""
        for told, record in self._told:
            if isinstance(told, Reject):
                step.tally.rejects += 1
                step.rejects.append(RejectedLine(0, len(record), told.reason))
            elif isinstance(told, Limit):
                step.limits.append(told)
            else:
                rows.add(told, step, 0, zlib.crc32(record), (0, 0, record))

    def _take_rows(self, database: Database, table: Table, dialect: Dialect) -> None:
        stretch = self._stretches.get(table.places, _Stretch())
        begin = (max(_FIRST, stretch.newest - table.late - 1), "\U0010ffff")
        places = database.places(table.places, stretch.at or begin, PAGE)
        reader = dialect.reader(self._whereabouts, b"")
        bytes_read, last = 0, None
        for cursor, key in places:
            if bytes_read > TURN_BYTES:
                stretch.at = last
                break
            last = cursor, key
            stretch.newest = max(stretch.newest, cursor)
            try:
                record = database.record(table.record, key)
            except TooLarge:
                self.refuse(f"row larger than {LARGEST >> 20} MiB")
                continue
            if record is None:
                continue
            bytes_read += len(record)
            row, looks = str(key), (cursor, _hash(record))
            if stretch.read.get(row) != looks and _is_of(dialect, record):
                self._parse(reader, record)
            stretch.read[row] = looks
        else:
            stretch.at = last if len(places) == PAGE else None
        met_again = [row for row, looks in stretch.read.items() if looks[0] >= stretch.newest - table.late]
        stretch.read = {row: stretch.read[row] for row in met_again[-REMEMBERED:]}
        self._stretches[table.places] = stretch
        self.more |= stretch.at is not None

    def _parse(self, reader: Reader, record: bytes) -> None:
        parsed = reader.parse(record)
        each = parsed if isinstance(parsed, tuple) else (parsed,)
        self._told += [(told, record) for told in each if told is not None]


def _is_of(dialect: Dialect, record: bytes) -> bool:
    """Whether the record is this dialect's, or so broken that it says so itself."""
    try:
        value = value_of(record)
    except Invalid:
        return True
    return isinstance(value, dict) and dialect.matches(value)


def _hash(record: bytes) -> bytes:
    return blake2b(record, digest_size=8).digest()
