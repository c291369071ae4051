"""How far each source is stored, moved forward by compare-and-set in the transaction of the rows it covers.

So two ingesters that somehow run at once cannot both advance a source: the second finds another offset, or a source
it did not number, and steps down.
"""

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tokenmon.errors import SteppedDown
from tokenmon.source import KEPT_GONE, Checkpoint, Step

MOST_REJECTS = 100
"""Invalid lines kept per source; the tally counts all."""

MOST_REASONS = 50
"""Different reasons counted per source; all others are counted together."""

OTHER_REASONS = "(other reasons)"

_FIELDS = (
    *("path", "dev", "ino", "lineage", "off", "head", "head_size", "tail", "tail_size", "skipping", "size"),
    *("mtime_ns", "dialect", "state", "gone", "kind"),
)
_TALLIES = (
    *("events", "duplicates", "skipped", "rejects", "expired", "disagrees", "lost_bytes"),
    *("unclaimed", "lookalikes"),
)

_KEYWORDS = ("id", *("offset" if name == "off" else name for name in _FIELDS))
"""What a checkpoint calls them, after its id."""
_GONE = f"""SELECT id, {", ".join(_FIELDS)} FROM source WHERE gone AND kind = 'lines'
ORDER BY last_seen DESC, id DESC LIMIT {KEPT_GONE}"""
_LOAD = f"SELECT id, {', '.join(_FIELDS)} FROM source WHERE NOT (gone AND kind = 'lines') ORDER BY id"
_FORGOTTEN = f"""SELECT id FROM (SELECT id FROM source WHERE gone AND kind = 'lines' AND duplicates = 0
AND (last_event IS NULL OR last_event < ?) ORDER BY last_seen DESC, id DESC LIMIT -1 OFFSET {KEPT_GONE})
WHERE id < (SELECT max(id) FROM source)"""
_ADD = f"INSERT INTO source({', '.join(_FIELDS)}, first_seen, last_seen) VALUES ({', '.join('?' * len(_FIELDS))}, ?, ?)"
_ADVANCE = f"UPDATE source SET {', '.join(f'{name} = ?' for name in _FIELDS)}, last_seen = ? WHERE id = ? AND off = ?"
_TALLY = f"UPDATE source SET {', '.join(f'{name} = {name} + ?' for name in _TALLIES)} WHERE id = ?"
_REJECT = f"""INSERT OR IGNORE INTO reject(source, off, length, reason, at)
SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM reject WHERE source = ?1) < {MOST_REJECTS}"""
_REASON = f"""INSERT INTO reason(source, reason, n)
SELECT ?1, CASE WHEN EXISTS (SELECT 1 FROM reason WHERE source = ?1 AND reason = ?2)
  OR (SELECT count(*) FROM reason WHERE source = ?1) < {MOST_REASONS} THEN ?2 ELSE '{OTHER_REASONS}' END, ?3 WHERE true
ON CONFLICT(source, reason) DO UPDATE SET n = n + excluded.n"""
_DOUBT = """INSERT INTO doubt(source, name, n) VALUES (?, ?, ?)
ON CONFLICT(source, name) DO UPDATE SET n = n + excluded.n"""


_UNREAD = "dialect = '' AND events = 0 AND NOT gone"
"""Sources of which nothing was stored, because no dialect claimed a line."""
_FORGET = f"""UPDATE source SET off = 0, head = x'', head_size = 0, tail = x'', tail_size = 0, skipping = 0, size = 0,
mtime_ns = 0, skipped = 0, rejects = 0, unclaimed = 0, lookalikes = 0 WHERE {_UNREAD}"""


def _another() -> SteppedDown:
    return SteppedDown("another ingester writes into this database", "it goes on; this one ends")


class Sources:
    """The writing side of `source` and `reject`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known = self._advanced = self._newest()

    def committed(self) -> None:
        """What was advanced is stored now: whatever source is numbered from here on is somebody else's."""
        self._known = self._advanced

    def _newest(self) -> int:
        newest: int = self._connection.execute("SELECT coalesce(max(id), 0) FROM source").fetchone()[0]
        return newest

    def checkpoints(self) -> list[Checkpoint]:
        """Every source as it was last stored; of files that are gone the last ones, in the order in which they went."""
        self._known = self._newest()
        gone = self._connection.execute(_GONE).fetchall()
        return [_checkpoint(row) for row in (*reversed(gone), *self._connection.execute(_LOAD))]

    def forget_gone(self, watermark: int) -> None:
        """Drop files that went long ago and of which no event is left, none being older than the watermark."""
        ids = self._connection.execute(_FORGOTTEN, (watermark,)).fetchall()
        for table, column in (("reject", "source"), ("reason", "source"), ("doubt", "source"), ("source", "id")):
            self._connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)

    def advance(self, steps: Sequence[Step], now_ms: int) -> list[Checkpoint]:
        """Move each source to its next checkpoint, which comes back with the source's id."""
        if self._newest() != self._known:
            raise _another()
        numbers: dict[Checkpoint, int] = {}
        stored: list[Checkpoint] = []
        for step in steps:
            source = step.before.id or numbers.get(step.before, 0)
            if source:
                self._move(source, step, now_ms)
            else:
                source = self._insert(step.after, now_ms)
            numbers[step.after] = source
            stored.append(msgspec.structs.replace(step.after, id=source))
        self._advanced = self._newest()
        return stored

    def _insert(self, checkpoint: Checkpoint, now_ms: int) -> int:
        source = self._connection.execute(_ADD, (*_values(checkpoint), now_ms, now_ms)).lastrowid
        assert source is not None
        return source

    def _move(self, source: int, step: Step, now_ms: int) -> None:
        cursor = self._connection.execute(_ADVANCE, (*_values(step.after), now_ms, source, step.before.offset))
        if cursor.rowcount != 1:
            raise _another()

    def forget_unclaimed(self) -> None:
        """Read sources that no dialect claimed from their start again. Reload the checkpoints after it."""
        self._connection.execute(f"DELETE FROM reject WHERE source IN (SELECT id FROM source WHERE {_UNREAD})")
        self._connection.execute(_FORGET)

    def note(self, source: int, step: Step) -> None:
        """Keep what Health shows besides the tallies."""
        if step.last_change_ms is not None:
            self._connection.execute("UPDATE source SET last_change = ? WHERE id = ?", (step.last_change_ms, source))
        if step.error is not None:
            self._connection.execute("UPDATE source SET error = ? WHERE id = ?", (step.error, source))

    def saw(self, last_events: Iterable[tuple[int, int]]) -> None:
        """(source, time) of newest events."""
        self._connection.executemany(
            "UPDATE source SET last_event = max(coalesce(last_event, ?2), ?2) WHERE id = ?1", last_events
        )

    def tally(self, tallies: Iterable[tuple[int, ...]]) -> None:
        """Add counts, each a tuple in the order of `source.Tally` with the source's id behind."""
        self._connection.executemany(_TALLY, tallies)

    def reject(self, lines: Iterable[tuple[int, int, int, str]], now_ms: int) -> None:
        """Keep (source, offset, length, reason) of invalid lines."""
        self._connection.executemany(_REJECT, [(*line, now_ms) for line in lines])

    def count_reasons(self, counts: Mapping[tuple[int, str], int]) -> None:
        """Add to how often lines of a source were invalid for a reason."""
        self._connection.executemany(_REASON, [(*key, n) for key, n in counts.items()])

    def path(self, source: int) -> str:
        """Where a source is or last was."""
        return os.fsdecode(self._connection.execute("SELECT path FROM source WHERE id = ?", (source,)).fetchone()[0])


def count_doubts(connection: sqlite3.Connection, counts: Mapping[tuple[int, str], int]) -> None:
    """Add to how many calls of a source may be doubted in a way, by name; numbers below 0 take away."""
    connection.executemany(_DOUBT, [(*key, n) for key, n in counts.items() if n])


def signed(number: int) -> int:
    """Device and inode numbers are unsigned, SQLite's integers are not."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _values(checkpoint: Checkpoint) -> tuple[object, ...]:
    return (
        os.fsencode(checkpoint.path),
        signed(checkpoint.dev),
        signed(checkpoint.ino),
        checkpoint.lineage,
        checkpoint.offset,
        checkpoint.head,
        checkpoint.head_size,
        checkpoint.tail,
        checkpoint.tail_size,
        checkpoint.skipping,
        checkpoint.size,
        checkpoint.mtime_ns,
        checkpoint.dialect,
        checkpoint.state,
        checkpoint.gone,
        checkpoint.kind,
    )


def _checkpoint(row: tuple[object, ...]) -> Checkpoint:
    values: dict[str, Any] = dict(zip(_KEYWORDS, row, strict=True))
    values["path"] = os.fsdecode(values["path"])
    values["dev"] %= 1 << 64
    values["ino"] %= 1 << 64
    values["skipping"] = bool(values["skipping"])
    values["gone"] = bool(values["gone"])
    return Checkpoint(**values)
