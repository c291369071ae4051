"""What a dialect is: how one producer's lines are recognised and read.

A dialect is pure: bytes in, values out. It never opens a file; the little it must know of other files (the parent
of a forked Codex thread) it asks its `Surroundings` for.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tokenmon.events import Parsed

Record = Mapping[str, Any]
"""One decoded JSON object in its producer's own shape. Records stop at the dialect's door."""


class Surroundings(Protocol):
    """What a reader may know about its source besides its lines."""

    path: str
    """The source's path, for names that only the path tells; never opened by a dialect."""
    mtime_ms: int
    """Last modification, for lines without a time."""

    def lines_of(self, name_contains: str) -> Iterable[bytes] | None:
        """All complete lines of the sibling source whose file name contains this; None where there is none."""
        ...

    def beside(self, name: str) -> bytes | None:
        """The small file of this name in the source's own directory; None where there is none."""
        ...


class Reader(Protocol):
    """Reads the lines of one source in order."""

    def parse(self, line: bytes) -> Parsed:
        """What this line is, or this whole document. Never raises for anything that one can hold."""
        ...

    def state(self) -> bytes:
        """What a new reader must be given to go on after the last line parsed; empty where nothing is."""
        ...


def never(line: bytes, start: int, end: int) -> bool:
    """No line of this dialect can be told by its head to carry no usage."""
    return False


@dataclass(frozen=True)
class Place:
    """A directory where a producer usually keeps its logs, its database, or the file that it was told to write."""

    path: Path
    label: str
    """What people call the producer: `Claude Code`."""


def listed(environment: Mapping[str, str], name: str, between: str = ",") -> list[Path]:
    """The paths that a variable lists; `between` are the signs of which any stands between two."""
    return [Path(part.strip()) for part in re.split(f"[{between}]", environment.get(name, "")) if part.strip()]


def nowhere(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """This dialect's logs have no usual place."""
    return ()


@dataclass(frozen=True)
class Table:
    """Rows of a producer's SQLite databases that hold a record each. The SQL is fixed; nothing of a log is put in."""

    files: str
    """Names of its databases, as a glob: `opencode*.db`."""
    places: str
    """A SELECT of two columns: a cursor, an integer that grows whenever the row is written, and the row's key."""
    record: str
    """A SELECT of one column, the record's JSON text, of the row whose key is ?1."""
    late: int = 0
    """How far behind the largest cursor a row may still turn up: two writers may commit in another order."""


@dataclass(frozen=True)
class Dialect:
    """One producer's log format."""

    name: str
    """As it is shown and stored: `claude-code`."""
    matches: Callable[[Record], bool]
    """Whether a record is this producer's, with or without usage; decided once per source from its first lines."""
    reader: Callable[[Surroundings, bytes], Reader]
    """A reader for a source, from the state of an earlier one or from empty bytes."""
    label: str = ""
    """What people call its producer; empty where its places say that."""
    line_cap: int = 512 * 1024
    """Longest line that is kept while it waits for its newline, bytes."""
    carries_nothing: Callable[[bytes, int, int], bool] = never
    """Whether the head of the line `data[start:end]` already says that it carries no usage. Looks at 1 KiB at most."""
    documents: tuple[str, ...] = ()
    """Names of its files that hold one JSON document instead of lines, as globs: `session-*.json`.

    A document is read whole whenever it changed, so every call in it is `rewritten` or `running`.
    """
    tables: tuple[Table, ...] = ()
    """Where rows hold its records. A row is read again whenever its cursor grew, so every call in it is `rewritten`."""
    places: Callable[[Mapping[str, str], Path], tuple[Place, ...]] = nowhere
    """Where its logs usually are, by the environment's variables and the home directory; not checked to exist."""
