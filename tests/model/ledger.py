"""What a database must hold, told from the files and from what could be seen of them so far.

Three things are true after every action, even when the ingester died in it or found no room: nothing counts twice,
nothing counts that never stood in a file, and rows and offsets are of the same moment (all that stands before an offset
is counted, all that is counted stands before one). After a look that was not disturbed all that is finished in a file
counts too, and every offset is where the last finished line ends.
"""

import gzip
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from tests.model.calls import Call, call_of, calls_of_chat, calls_within, is_whole
from tests.model.producers import Producers
from tokenmon.store.opening import looking
from tokenmon.store.verify import verify

_SOURCES = """SELECT path, kind, dev, ino, off, head, head_size, tail, tail_size, events + duplicates
FROM source WHERE NOT gone"""
_BEYOND = (
    "SELECT count(*) FROM event JOIN source ON source.id = source WHERE kind = 'lines' AND event.off >= source.off"
)


class Wrong(Exception):
    """What the database says, and the files do not."""


class Stored(NamedTuple):
    """How far a file is stored."""

    path: bytes
    kind: str
    dev: int
    ino: int
    offset: int
    head: bytes
    head_size: int
    tail: bytes
    tail_size: int
    calls: int
    """That were read from it, as tokenmon has it: those that count and those that were known already."""

    def is_of(self, content: bytes) -> bool:
        """Whether this file still begins with what was stored of it."""
        tail = content[self.offset - self.tail_size : self.offset]
        if self.kind == "document":
            return self.head == _digest(content)
        return (
            self.offset <= len(content)
            and (not self.head_size or self.head == _digest(content[: self.head_size]))
            and (not self.tail_size or self.tail == _digest(tail))
        )


class Ledger:
    """What was written, what could be seen, and what is stored."""

    def __init__(self, place: Path, producers: Producers) -> None:
        self._database = place / "t.db"
        self._producers = producers
        self._written: dict[int, set[int]] = {}
        """Outputs that were told of a call, by its number: whatever stood in a file for a moment."""
        self._seen: dict[int, int] = {}
        """The largest output of a call, by its number, among what stood in a file during an undisturbed look."""

    def note(self) -> None:
        """Everything that stands in a file now, wherever it is."""
        for path in self._producers.everything():
            for call in _all_calls(path, _content(path)):
                self._written.setdefault(call.number, set()).add(call.output)

    def check(self) -> None:
        """What is true at every moment. Raises Wrong."""
        counted = self._counted()
        for number, output in counted.items():
            if output not in self._written.get(number, ()):
                raise Wrong(f"call {number} counts with an output of {output}, which nobody wrote")
        for path, content, stored in self._stored_files():
            if stored.is_of(content):
                before = _finished(path, content[: stored.offset])
                _complain(counted, before, f"{path.name} is stored up to {stored.offset}, but of what is before that")
                there = len(_all_calls(path, content[: stored.offset]))
                if stored.calls > there and stored.kind == "lines":
                    raise Wrong(
                        f"{stored.calls} calls were read from {path.name}, where {there} stand before the offset"
                    )
        for (beyond,) in self._ask(_BEYOND):
            if beyond:
                raise Wrong(f"{beyond} calls are counted that stand beyond the offset of their source")

    def check_all(self) -> None:
        """What is true after an undisturbed look. Raises Wrong."""
        for path in self._visible():
            for number, output in _finished(path, _content(path)):
                self._seen[number] = max(output, self._seen.get(number, 0))
        self.check()
        _complain(self._counted(), [Call(*call) for call in self._seen.items()], "of what could be seen")
        for path in self._visible():
            self._check_offset(path, _content(path))

    def verify(self) -> None:
        """What tokenmon itself finds wrong, SQLite's own check included. Raises Wrong."""
        with looking(self._database) as connection:
            for about, wrong in verify(connection):
                if wrong:
                    raise Wrong(f"verify: {about}: {wrong}")

    def _check_offset(self, path: Path, content: bytes) -> None:
        finished = _finished(path, content)
        stored = [each for file, _, each in self._stored_files() if file == path]
        if len(stored) > 1 or (finished and not stored):
            raise Wrong(f"{path.name} is stored as {len(stored)} sources")
        for each in stored:
            if finished and not each.is_of(content):
                raise Wrong(f"{path.name} is stored with the head or the tail of something else")
            if not _is_end(path, content, each.offset):
                raise Wrong(f"{path.name} has {len(content)} bytes and is stored up to {each.offset}")

    # -- the files and the database

    def _visible(self) -> list[Path]:
        return [*self._producers.logs(), *self._producers.chats()]

    def _stored_files(self) -> Iterator[tuple[Path, bytes, Stored]]:
        """Files that can be found, with what is stored of them: by inode, documents by name."""
        sources = [Stored(*row) for row in self._ask(_SOURCES)]
        for path in self._visible():
            found = path.stat()
            for stored in sources:
                inode = stored.kind == "lines" and (stored.dev, stored.ino) == (found.st_dev, found.st_ino)
                if stored.path == bytes(path) if _is_document(path) else inode:
                    yield path, _content(path), stored

    def _counted(self) -> dict[int, int]:
        """Output by number. Raises Wrong where a call counts twice."""
        rows = self._ask("SELECT input, output FROM event")
        counted = dict(rows)
        if len(counted) != len(rows):
            twice = {number for number, _ in rows if sum(1 for row in rows if row[0] == number) > 1}
            raise Wrong(f"counted twice: {_some(sorted(twice))}")
        return counted

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the database; nothing while it is not made to its end."""
        try:
            with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if "no such" in str(error) or "unable to open" in str(error):
                return []
            raise


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _is_document(path: Path) -> bool:
    return path.suffix == ".json"


def _finished(path: Path, content: bytes) -> list[Call]:
    """What has to be counted of a file."""
    if _is_document(path):
        return calls_of_chat(content)
    calls = (call_of(line) for line in content.split(b"\n")[:-1])
    return [call for call in calls if call is not None]


def _all_calls(path: Path, content: bytes) -> list[Call]:
    """What may be counted of a file."""
    if content.startswith(b'{"sessionId"'):
        return calls_of_chat(content)
    return [call for line in content.split(b"\n") for call in calls_within(line)]


def _is_end(path: Path, content: bytes, offset: int) -> bool:
    """Whether nothing was left that could have been read, or not much was taken that could have been left."""
    if _is_document(path):
        return offset == len(content) or not calls_of_chat(content)
    end = content.rfind(b"\n") + 1
    if path.suffix == ".gz":
        return offset == len(content)
    return offset == end or (offset > end and is_whole(content[end:offset]))


def _complain(counted: dict[int, int], expected: Sequence[Call], about: str) -> None:
    if missing := [number for number, output in expected if counted.get(number, -1) < output]:
        raise Wrong(f"{about} is missing: {_some(missing)}")


def _some(numbers: Sequence[int]) -> str:
    return f"{len(numbers)} calls, {', '.join(map(str, numbers[:5]))}"


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
