"""What may happen to log files before, while and between reads, as a table that any tailer can be held against.

A scenario is a story and its end. The story is told by a generator that does to the files what producers and rotators
do, and yields wherever somebody looks; after its end there is a look, too. Lines are told by their numbers.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from gzip import compress as gzip
from pathlib import Path

from backports import zstd

from tests.ingest.ingesting import START_MS, native, natives

Content = Iterable[int | bytes]
"""Lines by their numbers, and other bytes as they are."""

TORN = 30
"""Bytes of a line that is not finished yet."""


class Logs:
    """A directory of logs, and what is done to it."""

    def __init__(self, directory: Path, *, ids: bool) -> None:
        """`ids`: every line has a request id."""
        directory.mkdir()
        self.directory = directory
        self._ids = ids

    def path(self, name: str) -> Path:
        return self.directory / name

    def written(self, content: Content) -> bytes:
        """The lines of these numbers, and what stands between them."""
        return b"".join(each if isinstance(each, bytes) else self._line(each) for each in content)

    def _line(self, number: int) -> bytes:
        return native(number, request_id=f"r-{number}") if self._ids else native(number)

    def append(self, name: str, content: Content) -> None:
        with self.path(name).open("ab") as file:
            file.write(self.written(content))

    def tear(self, name: str, number: int) -> None:
        """The beginning of a line."""
        self.append(name, [self._line(number)[:TORN]])

    def finish(self, name: str, number: int) -> None:
        """The rest of it."""
        self.append(name, [self._line(number)[TORN:]])

    def rename(self, name: str, other: str) -> None:
        self.path(name).rename(self.path(other))

    def copy(self, name: str, other: str) -> None:
        """Another file of the same content; a file that was there keeps its inode."""
        shutil.copy(self.path(name), self.path(other))

    def truncate(self, name: str, size: int = 0) -> None:
        os.truncate(self.path(name), size)

    def delete(self, name: str) -> None:
        self.path(name).unlink()

    def make_anew(self, name: str, content: Content, *, over: str = "") -> None:
        """Another file that was given the inode of `over`, as file systems do once that is deleted and closed."""
        self.truncate(over or name)
        self.rename(over or name, name)
        self.append(name, content)


@dataclass(frozen=True)
class Scenario:
    """A story, and what must be true after it."""

    story: Callable[[Logs], Iterator[None]]
    counts: tuple[int, ...]
    """Lines that count, each once."""
    offsets: Mapping[str, Content]
    """Of every log of which anything was read: what stands before the offset that is stored."""
    rejects: int = 0
    """Lines that are told as invalid."""
    running: bool = False
    """Only somebody who was there all the time can know."""

    @property
    def name(self) -> str:
        return self.story.__name__


SCENARIOS: list[Scenario] = []
"""All of them."""


def scenario(
    counts: Iterable[int], offsets: Mapping[str, Content], *, rejects: int = 0, running: bool = False
) -> Callable[[Callable[[Logs], Iterator[None]]], Scenario]:
    """Add a story to the table."""

    def _add(story: Callable[[Logs], Iterator[None]]) -> Scenario:
        SCENARIOS.append(Scenario(story, tuple(counts), offsets, rejects, running))
        return SCENARIOS[-1]

    return _add


# -- a file that grows


@scenario(counts=range(60), offsets={"a.jsonl": range(60)})
def appended(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.append("a.jsonl", range(5, 60))


@scenario(counts=range(5), offsets={"a.jsonl": range(5)})
def torn_and_finished(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(3))
    logs.tear("a.jsonl", 3)
    yield
    logs.finish("a.jsonl", 3)
    logs.append("a.jsonl", [4])


@scenario(counts=range(3), offsets={"a.jsonl": range(3)})
def torn(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(3))
    logs.tear("a.jsonl", 3)
    yield


@scenario(
    counts=[1, 2, 3],
    offsets={
        "newline.jsonl": [b"\n"],
        "blank.jsonl": [b"\n \r\n\n"],
        "crlf.jsonl": [1, b"\r\n", native(2)[:-1], b"\r\n", 3],
    },
)
def hardly_any_lines(logs: Logs) -> Iterator[None]:
    logs.append("empty.jsonl", [])
    logs.append("newline.jsonl", [b"\n"])
    logs.append("blank.jsonl", [b"\n \r\n\n"])
    logs.append("crlf.jsonl", [1, b"\r\n", native(2)[:-1], b"\r\n", 3])
    yield


@scenario(counts=range(4), offsets={"a.jsonl": [0, native(1)[:-1], b"\n", 2, 3]})
def without_the_last_newline(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", [0, native(1)[:-1]])
    os.utime(logs.path("a.jsonl"), (START_MS // 1000, START_MS // 1000))  # still for long
    yield
    logs.append("a.jsonl", [b"\n", 2])
    yield
    logs.append("a.jsonl", [3])


@scenario(counts=range(20), offsets={"1970.jsonl": range(10), "2099.jsonl": range(10, 20)})
def strangely_dated(logs: Logs) -> Iterator[None]:
    for first in (0, 5):
        for name, at, start in (("1970.jsonl", first, first), ("2099.jsonl", 4_070_908_800 - first, 10 + first)):
            logs.append(name, range(start, start + 5))
            os.utime(logs.path(name), (at, at))
        yield


# -- an inode that holds something else


@scenario(counts=[*range(5), *range(100, 120)], offsets={"a.jsonl": range(100, 120)})
def made_anew_larger(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.make_anew("a.jsonl", range(100, 120))


@scenario(counts=[*range(20), *range(100, 103)], offsets={"b.jsonl": range(100, 103)})
def another_name_smaller(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(20))
    yield
    logs.make_anew("b.jsonl", range(100, 103), over="a.jsonl")


@scenario(counts=[*range(20), *range(100, 103)], offsets={"a.jsonl": range(100, 103)})
def truncated_and_grown_smaller(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(20))
    yield
    logs.truncate("a.jsonl")
    logs.append("a.jsonl", range(100, 103))


@scenario(counts=[*range(20), *range(100, 150)], offsets={"a.jsonl": range(100, 150)})
def truncated_and_grown_larger(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(20))
    yield
    logs.truncate("a.jsonl")
    logs.append("a.jsonl", range(100, 150))


def _alike(numbers: Iterable[int]) -> bytes:
    """Lines that differ, and whose last bytes do not."""
    return natives(numbers, endpoint="/v1/chat/completions/of/a/deployment/with/a/rather/long/name")


@scenario(counts=[*range(5), *range(100, 110)], offsets={"a.jsonl": [_alike(range(100, 110))]})
def truncated_and_grown_with_lines_that_end_alike(logs: Logs) -> Iterator[None]:
    """What stands before the old offset looks as it did."""
    logs.append("a.jsonl", [_alike(range(5))])
    yield
    logs.truncate("a.jsonl")
    logs.append("a.jsonl", [_alike(range(100, 110))])


@scenario(counts=range(100, 120), offsets={"a.jsonl": range(110, 120)})
def rewritten_in_the_same_size(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(100, 110))
    yield
    logs.path("a.jsonl").write_bytes(logs.written(range(110, 120)))
    os.utime(logs.path("a.jsonl"), (START_MS // 1000, START_MS // 1000))  # some clocks tick slowly


@scenario(
    counts=[*range(8), *range(101, 104)],
    offsets={"a.jsonl": [*range(6), native(6)[:TORN], *range(100, 104)]},
    rejects=1,
)
def cut_in_the_middle_of_a_line(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(8))
    yield
    logs.truncate("a.jsonl", len(logs.written(range(6))) + TORN)
    logs.append("a.jsonl", range(100, 104))


# -- copytruncate


@scenario(counts=range(60), offsets={"a.jsonl": range(30, 60), "a.jsonl.1": range(30)})
def copytruncate_with_an_unread_end(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(20))
    yield
    logs.append("a.jsonl", range(20, 30))
    logs.copy("a.jsonl", "a.jsonl.1")
    logs.truncate("a.jsonl")
    logs.append("a.jsonl", range(30, 60))


@scenario(counts=range(60), offsets={"a.jsonl": range(30, 60), "a.jsonl.1": range(30)})
def copytruncate_under_a_writer(logs: Logs) -> Iterator[None]:
    with logs.path("a.jsonl").open("ab", buffering=0) as writer:
        writer.write(logs.written(range(30)))
        yield
        logs.copy("a.jsonl", "a.jsonl.1")
        logs.truncate("a.jsonl")
        writer.write(logs.written(range(30, 35)))
        yield
        writer.write(logs.written(range(35, 60)))


@scenario(counts=range(30), offsets={"a.jsonl": range(30), "a.jsonl.1": range(20)}, rejects=1)
def copytruncate_under_a_writer_that_keeps_its_place(logs: Logs) -> Iterator[None]:
    """What it writes stands behind a hole as large as what it wrote before."""
    with logs.path("a.jsonl").open("wb", buffering=0) as writer:
        writer.write(logs.written(range(20)))
        yield
        logs.copy("a.jsonl", "a.jsonl.1")
        logs.truncate("a.jsonl")
        writer.write(logs.written(range(20, 25)))
        yield
        writer.write(logs.written(range(25, 30)))


# -- renamed, replaced, copied


@scenario(
    counts=range(30),
    offsets={"a.jsonl": range(20, 30), "a.jsonl.1": range(10, 20), "a.jsonl.2": range(10)},
)
def renamed_twice(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.append("a.jsonl", range(5, 10))
    logs.rename("a.jsonl", "a.jsonl.2")
    logs.append("a.jsonl", range(10, 20))
    logs.rename("a.jsonl", "a.jsonl.1")
    logs.append("a.jsonl", range(20, 30))


@scenario(counts=[*range(10), *range(20, 25)], offsets={"a.jsonl": range(20, 25), "a.jsonl.1": range(10)})
def written_to_after_the_rename(logs: Logs) -> Iterator[None]:
    with logs.path("a.jsonl").open("ab", buffering=0) as writer:
        writer.write(logs.written(range(5)))
        yield
        logs.rename("a.jsonl", "a.jsonl.1")
        logs.append("a.jsonl", range(20, 25))
        yield
        writer.write(logs.written(range(5, 10)))


@scenario(counts=[*range(15), *range(20, 25)], offsets={"a.jsonl": range(20, 25)}, running=True)
def written_to_after_it_was_renamed_out_of_sight(logs: Logs) -> Iterator[None]:
    with logs.path("a.jsonl").open("ab", buffering=0) as writer:
        writer.write(logs.written(range(5)))
        yield
        writer.write(logs.written(range(5, 10)))
        logs.rename("a.jsonl", "a.old")
        logs.append("a.jsonl", range(20, 25))
        yield
        writer.write(logs.written(range(10, 15)))


@scenario(counts=range(10), offsets={}, running=True)
def renamed_away_while_unread(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.append("a.jsonl", range(5, 10))
    logs.rename("a.jsonl", "a.old")


@scenario(counts=range(10), offsets={}, running=True)
def deleted_while_unread(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.append("a.jsonl", range(5, 10))
    logs.delete("a.jsonl")


@scenario(counts=range(9), offsets={"a.jsonl": range(9)})
def rewritten_in_one_step(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.append("new", range(9))
    logs.rename("new", "a.jsonl")


@scenario(counts=range(9), offsets={"a.jsonl": range(9)})
def replaced_by_a_copy(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(5))
    yield
    logs.rename("a.jsonl", "before")  # keeps its inode to itself
    logs.copy("before", "a.jsonl")
    logs.append("a.jsonl", range(5, 9))
    logs.delete("before")


@scenario(counts=range(50), offsets={"a.jsonl": range(40), "backup.jsonl": [*range(30), *range(40, 50)]})
def copied_beside(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(30))
    yield
    logs.copy("a.jsonl", "backup.jsonl")
    yield
    logs.append("a.jsonl", range(30, 40))
    logs.append("backup.jsonl", range(40, 50))


@scenario(counts=range(12), offsets={"moved.jsonl": range(12)})
def moved_between_disks(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(10))
    yield
    logs.copy("a.jsonl", "moved.jsonl")
    logs.delete("a.jsonl")
    logs.append("moved.jsonl", range(10, 12))


@scenario(counts=range(12), offsets={"a.jsonl": range(12)})
def moved_out_and_back(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(10))
    yield
    logs.rename("a.jsonl", "away")
    yield
    yield
    logs.append("away", range(10, 12))
    logs.rename("away", "a.jsonl")


@scenario(counts=[*range(13), *range(100, 123)], offsets={"a.jsonl": range(100, 123), "b.jsonl": range(13)})
def swapped(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", range(10))
    logs.append("b.jsonl", range(100, 120))
    yield
    logs.rename("a.jsonl", "other")
    logs.rename("b.jsonl", "a.jsonl")
    logs.rename("other", "b.jsonl")
    logs.append("a.jsonl", range(120, 123))
    logs.append("b.jsonl", range(10, 13))


LONG = b'{"metadata": {"pad": "' + b"x" * 1100 + b'"}, '
"""How a line begins that shares its first KiB with others."""


@scenario(
    counts=[*range(5), *range(10, 15)],
    offsets={
        "a.jsonl": [LONG + native(0)[1:], *range(1, 5)],
        "b.jsonl": [LONG + native(10)[1:], *range(11, 15)],
    },
)
def the_same_first_kibibyte(logs: Logs) -> Iterator[None]:
    logs.append("a.jsonl", [LONG + native(0)[1:], *range(1, 5)])
    yield
    logs.append("b.jsonl", [LONG + native(10)[1:], *range(11, 15)])


@scenario(counts=range(5), offsets={"a.jsonl": range(5), "b.jsonl": range(5)})
def the_same_from_the_first_byte(logs: Logs) -> Iterator[None]:
    """Without ids nobody can tell that they are not copies: the known limit of the design."""
    logs.append("a.jsonl", range(5))
    logs.append("b.jsonl", range(5))
    yield


@scenario(counts=range(40), offsets={"a.jsonl": range(30, 40), "a.jsonl.1.gz": range(30)})
def compressed_with_an_unread_end(logs: Logs) -> Iterator[None]:
    yield from _compressed(logs, "a.jsonl.1.gz", gzip)


@scenario(counts=range(40), offsets={"a.jsonl": range(30, 40), "a.jsonl.1.zst": range(30)})
def compressed_otherwise_with_an_unread_end(logs: Logs) -> Iterator[None]:
    yield from _compressed(logs, "a.jsonl.1.zst", zstd.compress)


def _compressed(logs: Logs, name: str, pack: Callable[[bytes], bytes]) -> Iterator[None]:
    logs.append("a.jsonl", range(20))
    yield
    logs.append("a.jsonl", range(20, 30))
    logs.rename("a.jsonl", "a.jsonl.1")
    logs.path(name).write_bytes(pack(logs.path("a.jsonl.1").read_bytes()))
    logs.delete("a.jsonl.1")
    logs.append("a.jsonl", range(30, 40))
