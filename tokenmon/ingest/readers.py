"""The readers of the sources that were read last: kept, so that a live file does not begin anew with every line."""

import contextlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from tokenmon.dialects import DIALECTS, Dialect
from tokenmon.ingest.lines import SourceReader, Whereabouts
from tokenmon.ingest.rows import Rows
from tokenmon.source import Checkpoint
from tokenmon.tail import OpenSource, Roots
from tokenmon.tail.content import open_regular

MOST = 1_000


class Readers:
    """A reader for each source, always one that stands exactly where the source goes on."""

    def __init__(self, rows: Rows, roots: Roots, dialects: Sequence[Dialect] = DIALECTS) -> None:
        self._rows = rows
        self._roots = roots
        self._dialects = dialects
        self._standing: OrderedDict[tuple[int, int], tuple[Checkpoint, SourceReader]] = OrderedDict()

    def of(self, source: OpenSource) -> SourceReader:
        """The reader in memory where it stands at the source's checkpoint, else a new one from that checkpoint."""
        checkpoint, mtime_ms = source.checkpoint, source.mtime_ns // 1_000_000
        standing = self._standing.get(source.key)
        if standing is not None and is_same_place(standing[0], checkpoint):
            standing[1].whereabouts.mtime_ms = mtime_ms
            return standing[1]
        whereabouts = Whereabouts(checkpoint.path, mtime_ms, self.lines_of_sibling)
        return SourceReader(whereabouts, self._rows, checkpoint.dialect, checkpoint.state, self._dialects)

    def stands(self, source: OpenSource, checkpoint: Checkpoint, reader: SourceReader) -> None:
        """The reader went on to this checkpoint."""
        self._standing[source.key] = (checkpoint, reader)
        self._standing.move_to_end(source.key)
        if len(self._standing) > MOST:
            self._standing.popitem(last=False)

    def lines_of_sibling(self, path: str, name_contains: str) -> Iterable[bytes] | None:
        """The lines of the source whose file name contains this text; None where there is none."""
        for candidate in self._roots.files():
            if candidate != path and name_contains in os.path.basename(candidate):
                with contextlib.suppress(OSError):
                    return _lines(open_regular(candidate))
        return None


def is_same_place(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two checkpoints are the same bytes of the same content."""
    return one.offset == other.offset and one.lineage == other.lineage and one.tail == other.tail


def _lines(descriptor: int) -> Iterator[bytes]:
    """Complete lines of a plain file."""
    with open(descriptor, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]
