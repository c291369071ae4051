"""Which checkpoint a file continues is decided here and nowhere else.

A file is known by device and inode, by a hash of its consumed head (up to 1 KiB) and by a hash of the 64 bytes before
the offset. In this order:

1. the checkpoint of this device and inode, if head and tail still match: the same file, under whatever name;
2. any other checkpoint whose head and tail match on this file, the furthest first: a copy, or a file that was moved
   between file systems; it goes on from there;
3. otherwise it is read from its start, and a checkpoint that had this inode is retired: it stays known, because the
   copy that copytruncate made of it will turn up.

The lineage, which positional identities of events are made from, is a hash of the first line and so is the same for
a file, its copies, its shortened and its rewritten self, whether or not any of them is known. So reading something
again is always harmless, the steps above only save doing it, and no order of discovery, lost checkpoint or killed
process can count a line twice. The price: files of different origin that share their first line share a lineage, and
where they also have an identical line at an identical offset it counts once.

Of one device and inode there is at most one live checkpoint. The register holds the sources that were opened last, so
that a file which is renamed or deleted can be drained, and hands out nothing that the store has not been told of:
retired checkpoints are values that the ingester commits.
"""

import errno
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from tokenmon.source import HEAD, KEPT_GONE, Checkpoint
from tokenmon.tail.compressed import Unready, looks_compressed
from tokenmon.tail.content import Key, digest, leads_to, open_regular
from tokenmon.tail.opened import Buffer, OpenSource, has_lineage, lineage_of

GRACE_S = 60.0
"""So long may a file that went away turn up again, seconds."""


class Retired(NamedTuple):
    """A checkpoint whose file is gone, to be committed."""

    before: Checkpoint
    """As it was known."""
    after: Checkpoint
    """The same, `gone`."""
    lost_bytes: int
    """Bytes that were seen and never read, where no copy turned up."""


class _Heads:
    """Checkpoints by what their heads hash to, so that a copy is found without looking at every checkpoint."""

    def __init__(self) -> None:
        self._by_head: dict[tuple[int, bytes], list[Checkpoint]] = {}
        self._sizes: Counter[int] = Counter()
        self._lineages: Counter[int] = Counter()

    def add(self, checkpoint: Checkpoint) -> None:
        if checkpoint.head_size:
            self._by_head.setdefault((checkpoint.head_size, checkpoint.head), []).append(checkpoint)
            self._sizes[checkpoint.head_size] += 1
            self._lineages[checkpoint.lineage] += 1

    def remove(self, checkpoint: Checkpoint) -> None:
        if checkpoint.head_size:
            place = (checkpoint.head_size, checkpoint.head)
            same = self._by_head[place]
            same.remove(checkpoint)
            if not same:
                del self._by_head[place]
            self._sizes[checkpoint.head_size] -= 1
            self._lineages[checkpoint.lineage] -= 1

    def like(self, first: bytes, lineage: int) -> list[Checkpoint]:
        """Those whose whole head `first` begins with, by offset."""
        if not self._lineages.get(lineage):
            return []
        found: list[Checkpoint] = []
        for size, count in self._sizes.items():
            if count and size <= len(first):
                found += self._by_head.get((size, digest(first[:size])), ())
        return sorted(found, key=lambda checkpoint: checkpoint.offset)


class Register:
    """All known checkpoints, and the sources that are open."""

    def __init__(
        self,
        checkpoints: Iterable[Checkpoint],
        *,
        max_open: int = 100,
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`checkpoints`: in the order in which they were stored first. `max_open`: so many sources stay open, the last
        used ones. `clock`: seconds that never go back.
        """
        self._live: dict[Key, Checkpoint] = {}
        self._heads = _Heads()
        self._gone: dict[Checkpoint, None] = {}
        """Those of files that are gone, in the order in which they went."""
        self._names: dict[str, Key] = {}
        self._verified: OrderedDict[Key, float] = OrderedDict()
        self._open: OrderedDict[Key, OpenSource] = OrderedDict()
        self._missing: dict[Key, float] = {}
        """Live ones whose name leads elsewhere, and since when."""
        self._retired: list[Retired] = []
        """To be told."""
        self._doubtful: list[tuple[float, Checkpoint]] = []
        """Retired ones that may have lost bytes, and since when."""
        self._copied: set[tuple[Key, int]] = set()
        """Inode and offset of what a copy went on from: nothing of it is lost."""
        self._back: set[Key] = set()
        """Those that were thought gone, which the store still thinks."""
        self._buffer = Buffer()
        self._max_open = max(1, max_open)
        self._grace_s = grace_s
        self._clock = clock
        for checkpoint in checkpoints:
            if checkpoint.gone:
                self._remember_gone(checkpoint)
            else:
                self._know(checkpoint)

    def _know(self, checkpoint: Checkpoint) -> None:
        """One that is stored as live. Where two are of one inode, a kill came before the store was told that the
        earlier one's file had been replaced.
        """
        key = (checkpoint.dev, checkpoint.ino)
        if (earlier := self._live.get(key)) is not None:
            self._retire(earlier)
        self._put(checkpoint)
        self._displace(checkpoint.path, key)
        self._names[checkpoint.path] = key

    # -- opening

    def open(self, path: str | os.PathLike[str]) -> OpenSource:
        """The source at `path`, its checkpoint verified or resolved now. Call it before each turn; it is cheap.

        The last `max_open` sources stay usable until they are closed. Raises OSError; NotRegular for what is no file.
        """
        name = os.fspath(path)
        source = self._held(name) or self._opened(name)
        try:
            checkpoint = self._resolve(source, name)
        except OSError:
            self._close(source)
            raise
        source.checkpoint = checkpoint
        source.path = checkpoint.path
        self._displace(name, source.key)
        self._names[name] = source.key
        self._missing.pop(source.key, None)
        self._verified[source.key] = self._clock()
        self._verified.move_to_end(source.key)
        self._put(checkpoint)
        return source

    def _held(self, name: str) -> OpenSource | None:
        """The open source of that name, if it still has the name."""
        key = self._names.get(name)
        source = self._open.get(key) if key is not None else None
        if key is None or source is None or source.closed or not leads_to(name, key):
            return None
        if isinstance(source.content, Unready):  # by now it may be begun
            self._close(source)
            return None
        self._open.move_to_end(key)
        source.look()
        return source

    def _opened(self, name: str) -> OpenSource:
        fd = self._descriptor(name)
        try:
            source = OpenSource(name, fd, self._buffer)
        except OSError:
            os.close(fd)
            raise
        held = self._open.get(source.key)
        if held is not None and not held.closed:  # renamed while open
            source.close()
            self._open.move_to_end(held.key)
            held.look()
            return held
        self._open[source.key] = source
        self._open.move_to_end(source.key)
        while len(self._open) > self._max_open:
            self._open.popitem(last=False)[1].close()
        return source

    def _descriptor(self, name: str) -> int:
        try:
            return open_regular(name)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._open:
                raise
        self.close_all()  # out of descriptors: give ours back
        return open_regular(name)

    # -- resolving

    def _resolve(self, source: OpenSource, name: str) -> Checkpoint:
        known = self._live.get(source.key)
        if known is not None and known.offset and self._continues(source, known):
            return self._seen(known, source, name)
        first = source.content.first(HEAD)
        lineage = lineage_of(first) if has_lineage(first) else 0
        if known is not None and not known.offset and known.id:  # the store compares its offset of 0
            return self._seen(known if known.lineage == lineage else replace(known, lineage=lineage), source, name)
        if known is not None and known.offset:
            self._retire(known)
        ancestor = self._ancestor(source, first, lineage)
        if ancestor is None:
            dev, ino = source.key
            fresh = Checkpoint(path=name, dev=dev, ino=ino, lineage=lineage)
            return self._seen(fresh, source, name)
        self._copied.add(((ancestor.dev, ancestor.ino), ancestor.offset))
        if (ancestor.dev, ancestor.ino) == source.key:  # it was thought gone
            self._heads.remove(ancestor)
            self._gone.pop(ancestor, None)
            self._back.add(source.key)
            return self._seen(replace(ancestor, path=name, gone=False), source, name)
        dev, ino = source.key
        return self._seen(replace(ancestor, id=0, path=name, dev=dev, ino=ino, size=0, gone=False), source, name)

    def _continues(self, source: OpenSource, known: Checkpoint) -> bool:
        if source.compressed:
            if known.mtime_ns == source.mtime_ns and known.size in (0, source.size):
                return True  # decompressing it to make sure would cost as much as reading it
        elif source.size < known.offset:
            return False
        if digest(source.content.first(known.head_size)) != known.head:
            return False
        return _has_tail(source, known)

    def _ancestor(self, source: OpenSource, first: bytes, lineage: int) -> Checkpoint | None:
        """The checkpoint furthest into this content; of several the one of the same inode."""
        best = None
        for candidate in self._heads.like(first, lineage):  # by offset, because an archive is read forwards only
            if not source.compressed and candidate.offset > source.size:
                break
            if _has_tail(source, candidate):
                same = (candidate.dev, candidate.ino) == source.key
                if best is None or candidate.offset > best.offset or same:
                    best = candidate
        return best

    def _seen(self, known: Checkpoint, source: OpenSource, name: str) -> Checkpoint:
        """`known` with what is seen of the file now. A hard link's other name does not take over."""
        path = known.path if known.path == name or leads_to(known.path, source.key) else name
        size = source.size
        if source.compressed:  # told only once the end was seen
            size = known.size if known.mtime_ns == source.mtime_ns else 0
        if (path, size, source.mtime_ns) == (known.path, known.size, known.mtime_ns):
            return known
        return replace(known, path=path, size=size, mtime_ns=source.mtime_ns)

    # -- what became of it

    def advanced(self, checkpoint: Checkpoint) -> None:
        """The ingester is through with a piece, or the store numbered the checkpoint: the source goes on from here.

        With an earlier checkpoint it goes back, which is right when a commit failed.
        """
        if checkpoint.gone:
            return
        self._put(checkpoint)
        self._back.discard((checkpoint.dev, checkpoint.ino))
        source = self._open.get((checkpoint.dev, checkpoint.ino))
        if source is not None:
            source.checkpoint = checkpoint

    def is_news(self, checkpoint: Checkpoint) -> bool:
        """Whether the store has to be told of it though nothing was read: it is of a copy, or was thought gone."""
        return bool(checkpoint.offset) and (not checkpoint.id or (checkpoint.dev, checkpoint.ino) in self._back)

    def _put(self, checkpoint: Checkpoint) -> None:
        key = (checkpoint.dev, checkpoint.ino)
        old = self._live.get(key)
        if old is checkpoint:
            return
        if old is not None:
            self._heads.remove(old)
        self._live[key] = checkpoint
        self._heads.add(checkpoint)

    def is_settled(self, path: str | os.PathLike[str], found: os.stat_result, max_age_s: float = GRACE_S) -> bool:
        """Nothing changed since all of the file was read, and that it is the same file was verified lately."""
        key = (found.st_dev, found.st_ino)
        known = self._live.get(key)
        if known is None or known.size != found.st_size or known.mtime_ns != found.st_mtime_ns:
            return False
        name = os.fspath(path)
        if self._names.get(name) != key or (known.offset != known.size and not looks_compressed(name)):
            return False
        return self._clock() - self._verified.get(key, -max_age_s) < max_age_s

    def checkpoint(self, path: str) -> Checkpoint | None:
        """The live checkpoint of the file that was last known by this name."""
        key = self._names.get(path)
        return None if key is None else self._live.get(key)

    def unread(self, path: str, found: os.stat_result) -> int:
        """Bytes that are probably unread, before the file is opened; 0 of an archive that was read before."""
        known = self._live.get((found.st_dev, found.st_ino))
        if known is None:
            return found.st_size
        return 0 if looks_compressed(path) else max(0, found.st_size - known.offset)

    def due(self, max_age_s: float = GRACE_S, limit: int = 100) -> list[str]:
        """Paths of known files that were not verified for so long, the longest first."""
        before = self._clock() - max_age_s
        paths: list[str] = []
        for key, verified in self._verified.items():
            if verified > before or len(paths) >= limit:
                break
            if key in self._live and key not in self._missing:
                paths.append(self._live[key].path)
        return paths

    def known_paths(self) -> list[str]:
        """Where the live checkpoints' files are or were: what a scan should find."""
        return [checkpoint.path for checkpoint in self._live.values()]

    # -- going away

    def vanished(self, path: str | os.PathLike[str]) -> None:
        """No file is there any more. It may turn up under another name; after a grace `overdue` tells of it."""
        key = self._names.pop(os.fspath(path), None)
        if key is not None and key in self._live and self._live[key].path == os.fspath(path):
            self._miss(key)

    def unnamed(self) -> list[OpenSource]:
        """Open sources whose path leads elsewhere now: read them to their end, then close them."""
        return [source for source in self._open.values() if not source.closed and not source.still_named()]

    @property
    def knows_of_replaced(self) -> bool:
        """Whether `overdue` has to tell of a checkpoint whose inode holds something else now."""
        return bool(self._retired)

    def overdue(self) -> list[Retired]:
        """Checkpoints to commit as gone: replaced ones at once, missing ones after the grace when nothing holds them.

        What one may have lost is told after the grace, when no copy took it up.
        """
        early = self._clock() - self._grace_s
        told, self._retired = self._retired, []
        for since, gone in list(self._doubtful):
            if since <= early:
                self._doubtful.remove((since, gone))
                if lost := self._lost(gone):
                    told.append(Retired(gone, gone, lost))
        for key, since in list(self._missing.items()):
            if since <= early and not self._is_open(key):
                known = self._live[key]
                told.append(Retired(known, self._drop(known), self._lost(known)))
        return told

    def _lost(self, known: Checkpoint) -> int:
        """Bytes that were seen, never read, and went on in no copy."""
        taken = ((known.dev, known.ino), known.offset) in self._copied
        return 0 if taken or looks_compressed(known.path) else max(0, known.size - known.offset)

    def _drop(self, known: Checkpoint) -> Checkpoint:
        """It lives no longer, but its copies are still recognised."""
        key, gone = (known.dev, known.ino), replace(known, gone=True)
        del self._live[key]
        self._missing.pop(key, None)
        self._verified.pop(key, None)
        self._heads.remove(known)
        self._remember_gone(gone)
        return gone

    def _remember_gone(self, gone: Checkpoint) -> None:
        """So that a copy of it goes on where it ended; the oldest one is forgotten for it."""
        if gone in self._gone:
            return
        self._heads.add(gone)
        self._gone[gone] = None
        if len(self._gone) > KEPT_GONE:
            oldest = next(iter(self._gone))
            del self._gone[oldest]
            self._heads.remove(oldest)

    def _is_open(self, key: Key) -> bool:
        source = self._open.get(key)
        return source is not None and not source.closed

    def _displace(self, name: str, key: Key) -> None:
        """Another file has this name now; the one that had it may turn up elsewhere."""
        earlier = self._names.get(name)
        if earlier is not None and earlier != key and earlier in self._live and self._live[earlier].path == name:
            self._miss(earlier)

    def _miss(self, key: Key) -> None:
        self._missing.setdefault(key, self._clock())

    def _retire(self, known: Checkpoint) -> None:
        """The inode holds something else now."""
        gone = self._drop(known)
        self._retired.append(Retired(known, gone, 0))
        self._doubtful.append((self._clock(), gone))

    # -- closing

    def _close(self, source: OpenSource) -> None:
        source.close()
        self._open.pop(source.key, None)

    def close_all(self) -> None:
        """Let go of all files."""
        for source in self._open.values():
            source.close()
        self._open.clear()


def _has_tail(source: OpenSource, known: Checkpoint) -> bool:
    start = known.offset - known.tail_size
    return digest(source.content.exact(start, known.tail_size, start)) == known.tail
