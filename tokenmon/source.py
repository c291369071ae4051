"""A source is one log file; its checkpoint says how much of it is stored.

Identity of a file is device and inode, a hash of the consumed head, a hash of the tail before the offset, and a
lineage that an original shares with its copies (design, section 3). The store keeps checkpoints in the same
transaction as the rows they cover; `tail` decides which checkpoint a file continues.
"""

from typing import Literal, NamedTuple

import msgspec

from tokenmon.events import Event, Limit

Kind = Literal["lines", "document", "tables"]
"""How a source is read: on from the offset, whole whenever it changed, or row by row out of a database."""

HEAD = 1024
"""Bytes of the head that are hashed, fewer while fewer are consumed."""

TAIL = 64
"""Bytes before the offset that are hashed."""

KEPT_GONE = 10_000
"""So many files that are gone are remembered, the last ones, to recognise copies of them. A copy of one that went
before is read from its start, which counts nothing twice and only takes time."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ARCHIVES = (GZIP, ZSTD)
"""What compressed logs begin with, whatever their names."""


def is_log_name(name: str) -> bool:
    """Whether a file of this name is read when it is found in a directory: `x.jsonl`, `x.jsonl.1`, `x.ndjson.gz`."""
    return (".jsonl" in name or ".ndjson" in name) and not name.endswith((".swp", ".swo", ".swx", ".lock", "~"))


class Checkpoint(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How far one file has been stored. A new value for every step; the store compares and sets."""

    id: int = 0
    """Row in the store; 0 while it has none (the writer numbers it)."""
    path: str
    """Where it is or last was; undecodable bytes as surrogates (`os.fsdecode`)."""
    dev: int
    ino: int
    lineage: int
    """Signed 64-bit; the same for a file and its copies."""
    offset: int = 0
    """Bytes stored, always just past a newline unless `skipping`; in the content, where compressed."""
    head: bytes = b""
    head_size: int = 0
    """How many bytes `head` covers: min(HEAD, offset)."""
    tail: bytes = b""
    tail_size: int = 0
    skipping: bool = False
    """Inside a line that is not wanted: everything to the next newline is passed over."""
    size: int = 0
    """Size when last looked at (of the file itself, where compressed)."""
    mtime_ns: int = 0
    dialect: str = ""
    """Name of the dialect, empty until a line was recognised."""
    state: bytes = b""
    """What the dialect's reader must know to go on after the offset."""
    gone: bool = False
    """The path no longer leads to this file; kept so that its copies are recognised."""
    kind: Kind = "lines"
    """Of a document `head` is a hash of all of it, and its path is its identity; so is that of a database."""


class Tally(msgspec.Struct, gc=False):
    """What became of the lines of one source since the last commit; added to the source's row."""

    events: int = 0
    """Events stored for the first time (counted by the writer)."""
    duplicates: int = 0
    """Events already known (counted by the writer)."""
    skipped: int = 0
    """Lines of a known dialect without usage."""
    rejects: int = 0
    expired: int = 0
    """Events older than the retention watermark (counted by the writer)."""
    disagrees: int = 0
    """Events whose own total is not the sum of their parts."""
    lost_bytes: int = 0
    """Bytes known unread when the file went away."""
    unclaimed: int = 0
    """Records that no dialect claims."""
    lookalikes: int = 0
    """Those of them that look like usage."""


class RejectedLine(msgspec.Struct, frozen=True, gc=False):
    """Where an invalid line is and why it is one."""

    offset: int
    """Bytes from the start of the source."""
    length: int
    reason: str


class Totals(NamedTuple):
    """Running totals of something; what a producer does not report stays 0."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    cost_logged: int = 0

    def with_larger(self, event: Event) -> "Totals":
        """The larger of each, these or the event's."""
        return Totals(*(max(known, getattr(event, name) or 0) for name, known in zip(self._fields, self, strict=True)))

    def beyond(self, before: "Totals", event: Event) -> dict[str, int]:
        """By how much these are larger, for what the event reports."""
        grown = {name: now - then for name, now, then in zip(self._fields, self, before, strict=True)}
        return {name: more for name, more in grown.items() if getattr(event, name) is not None}


class Row(msgspec.Struct, gc=False):
    """An event ready to be stored: priced, identified, traced to its line."""

    event: Event
    identity: int
    """From `events.identity_*`."""
    offset: int
    """Where the line starts in its source."""
    line_hash: int
    """32-bit hash of the line; settles ties between copies of a rewritten call."""
    cost_list: int | None
    """List price, nano-USD; None where it is unknown."""
    priced_as: str
    """`provider/model` that it was priced as, empty where it was not."""


class Step(msgspec.Struct, gc=False):
    """One source's part of a batch: from one checkpoint to the next, and what was between them."""

    before: Checkpoint
    after: Checkpoint
    rows: list[Row]
    rejects: list[RejectedLine]
    """At most those that may raise an alert; the tally counts them all."""
    tally: Tally
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    """Why lines were invalid, all of them, and how often."""
    last_change_ms: int | None = None
    """When the file was last modified, UTC milliseconds."""
    error: str | None = None
    """Why the source cannot be read at the moment; an empty text clears it; None leaves it."""
    limits: list[Limit] = msgspec.field(default_factory=list)
    """News of limits, in the order of the lines."""
    totals: dict[tuple[str, str], Totals] = msgspec.field(default_factory=dict)
    """The largest running totals now, by dialect and id."""
