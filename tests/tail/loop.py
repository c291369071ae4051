"""The smallest ingester there can be: it consumes pieces and keeps what a store would keep."""

import os
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tokenmon.source import Checkpoint, RejectedLine
from tokenmon.tail import Piece, Register, Roots

Place = tuple[int, int, bytes]
"""Lineage, offset and text of a line: what a line without an id is identified by."""


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Loop:
    """Scans, opens and reads until nothing is left; `restart` forgets all but what a store holds."""

    def __init__(
        self,
        *roots: Path,
        cap: int = 4096,
        line_cap: int = 64 * 1024,
        entries: int = 10_000,
        exclude: tuple[Path, ...] = (),
        unwanted: Callable[[bytes, int, int], bool] = lambda data, start, end: False,
    ) -> None:
        self.roots, self.cap, self.line_cap, self.entries = roots, cap, line_cap, entries
        self.exclude, self.unwanted = exclude, unwanted
        self.clock = Clock()
        self.lines: dict[Place, str] = {}
        """Every line that counts once, and the path it was first read from."""
        self.read_again = 0
        """Lines that were read more than once and recognised."""
        self.rejects: list[RejectedLine] = []
        self.passed = 0
        self.lost = 0
        self.bytes_read = 0
        self.stored: dict[int, Checkpoint] = {}
        self.errors: dict[str, OSError] = {}
        self.start()

    def start(self) -> None:
        """As after a start: only what is stored is known."""
        known = [checkpoint.path for checkpoint in self.stored.values() if not checkpoint.gone]
        self.files = Roots(self.roots, self.exclude, self.entries, known=known)
        self.register = Register(self.stored.values(), clock=self.clock)

    def restart(self) -> None:
        self.register.close_all()
        self.files.close()
        self.start()

    def close(self) -> None:
        self.register.close_all()
        self.files.close()

    # -- reading

    def run(self, *, at_rest: bool = False) -> None:
        """A whole pass, and every file to its end."""
        complete = False
        while not complete:
            scan = self.files.scan()
            for path in scan.found:
                self.drain(Path(path), at_rest=at_rest)
            for path in scan.vanished:
                self.register.vanished(path)
            complete = scan.complete
        for source in self.register.unnamed():
            while (piece := source.read(self.cap, self.line_cap, at_rest, self.unwanted)) is not None:
                self.take(piece)
            source.close()
        self.settle()

    def drain(self, path: Path, *, at_rest: bool = False) -> None:
        """One file to its end."""
        try:
            source = self.register.open(path)
            if source.checkpoint.offset and not source.checkpoint.id:  # a copy: stored, so that it stays one
                self.register.advanced(self.store(source.checkpoint, source.checkpoint))
            while (piece := source.read(self.cap, self.line_cap, at_rest, self.unwanted)) is not None:
                self.take(piece)
        except OSError as error:
            self.errors[os.fspath(path)] = error

    def settle(self) -> None:
        """Commit what went away."""
        for retired in self.register.overdue():
            self.lost += retired.lost_bytes
            self.store(retired.before, retired.after)

    def take(self, piece: Piece) -> None:
        """Count a piece and commit it."""
        self.check(piece)
        self.count(piece)
        self.register.advanced(self.store(piece.before, piece.after))

    def check(self, piece: Piece) -> None:
        """What must be true of every piece."""
        assert len(piece.data) <= max(self.cap, self.line_cap + 1)
        assert piece.after.offset >= piece.start + len(piece.data)
        assert piece.after.tail_size == min(64, piece.after.offset)
        assert piece.after.head_size == min(1024, piece.after.offset)
        assert piece.after.lineage != 0 or piece.after.offset == 0

    def count(self, piece: Piece) -> None:
        self.bytes_read += len(piece.data)
        self.passed += piece.unwanted
        if piece.skipped_long is not None:
            self.rejects.append(piece.skipped_long)
        offset = piece.start
        for part in _split(piece.data):
            text = part.rstrip(b"\r\n")
            if text:
                place = (piece.after.lineage, offset, text)
                self.read_again += place in self.lines
                self.lines.setdefault(place, piece.before.path)
            offset += len(part)

    def store(self, before: Checkpoint, after: Checkpoint) -> Checkpoint:
        """Compare and set, as the writer does."""
        if before.id == 0:
            after = replace(after, id=len(self.stored) + 1)
        else:
            assert self.stored[before.id].offset == before.offset, "the store would refuse this step"
        self.stored[after.id] = after
        return after

    # -- asking

    def texts(self) -> list[bytes]:
        """All counted lines, sorted; a line that counts twice is there twice."""
        return sorted(text for _, _, text in self.lines)

    def offsets(self) -> dict[str, int]:
        """Offset by name of all files that are there."""
        return {Path(c.path).name: c.offset for c in self.stored.values() if not c.gone}


def _split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def line(number: int, width: int = 40) -> bytes:
    """A line like no other, newline included."""
    return b'{"n":%d,"pad":"%s"}\n' % (number, b"x" * width)


def lines(first: int, last: int, width: int = 40) -> bytes:
    """Lines `first` to `last`, the last one left out."""
    return b"".join(line(number, width) for number in range(first, last))


def texts(first: int, last: int, width: int = 40) -> list[bytes]:
    """What `Loop.texts` gives when just these lines were counted."""
    return sorted(line(number, width).rstrip(b"\n") for number in range(first, last))


def append(path: Path, data: bytes) -> None:
    """As a producer appends."""
    with path.open("ab") as file:
        file.write(data)
