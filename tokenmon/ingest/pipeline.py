"""The way from files to committed rows: look around, take turns, commit.

Every file gets its turn: at most `files_per_cycle` files and `bytes_per_file` bytes of each a cycle, and cycles follow
each other without a pause while bytes are known to be unread. What several cycles read is one batch, committed in one
transaction with the offsets. Memory is ahead of the database only between two commits; when a commit fails, memory is
thrown away and read back from the database, so that nothing can be lost or counted twice by guessing.
"""

import os
import resource
import stat
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from tokenmon.dialects import DIALECTS, Dialect
from tokenmon.ingest.batch import Batch, Key, Progress
from tokenmon.ingest.documents import Documents
from tokenmon.ingest.kinds import Kinds
from tokenmon.ingest.named import NamedSources
from tokenmon.ingest.quiet import Quiet
from tokenmon.ingest.readers import Readers
from tokenmon.ingest.rows import Rows
from tokenmon.ingest.tables import Tables
from tokenmon.pricing import PriceBook
from tokenmon.settings import Settings
from tokenmon.source import Checkpoint, Kind, Step, Tally
from tokenmon.store.writer import Writer
from tokenmon.tail import GRACE_S, OpenSource, Piece, Register, Roots
from tokenmon.tail.document import read_whole

AT_REST_S = 60.0
"""A last line without a newline is taken when its file has been still for so long."""
TOLD_BACKLOG = 16 << 20
"""Bytes; a smaller backlog is read within a second or so, and is not told before it is."""
STEP_S = 2.0
"""Between two steps of a later pass over more entries than a step may look at."""
MOST_OPEN = 100
"""Sources that are held open, fewer where descriptors are few."""
DRAIN_S = 5.0
"""So long a file that went away is watched for lines that its producer still writes to it."""


class Ingester:
    """One database's ingester. Whoever owns it calls `turn` again and again, from one thread."""

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        book: PriceBook,
        paths: Iterable[str],
        *,
        once: bool = False,
        dialects: Sequence[Dialect] = DIALECTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`once`: what is there is all there will be, so a last line without a newline need not rest.

        `clock`: seconds that never go back.
        """
        self._settings = settings
        self._writer = writer
        self._book = book
        self._paths = [Path(path) for path in paths]
        self._once = once
        self._clock = clock
        self._dialects = dialects
        self._kinds = Kinds(dialects)
        self._quiet = Quiet()
        self._hints: deque[str] = deque()
        self.failures: dict[str, str] = {}
        """Paths that cannot be read at the moment, and why."""
        self._unseen: set[str] = set()
        """What the scan could not look at, in the pass that is going on."""
        self._unseen_before: set[str] = set()
        """The same of the last whole pass."""
        self.missing: list[str] = []
        """Roots that are not there at the moment."""
        self.entries = 0
        """Directory entries that were looked at in the last whole pass."""
        self.looks = 1
        """In how many parts."""
        self._begin()

    def _begin(self) -> None:
        """Know what the database knows, and nothing more."""
        checkpoints = self._writer.checkpoints()
        grace_s = 0.0 if self._once else GRACE_S  # nobody is there to see it turn up
        lines = [each for each in checkpoints if each.kind == "lines"]
        self._register = Register(lines, max_open=_most_open(), grace_s=grace_s, clock=self._clock)
        self._named = NamedSources(each for each in checkpoints if each.kind != "lines")
        self._roots = Roots(
            self._paths,
            exclude={*own_files(self._writer.path), *map(Path, self._settings.exclude)},
            entries_per_cycle=self._settings.entries_per_cycle,
            known=[*self._register.known_paths(), *self._named.known_paths()],
            is_wanted=self._kinds.is_wanted,
        )
        self._waiting: OrderedDict[str, int] = OrderedDict()
        """Sources that have something to read, in the order of their turns, and how many bytes."""
        self._pricing = Rows(self._book, self._writer.totals)
        self._readers = Readers(self._pricing, self._roots, self._dialects)
        siblings = self._readers.lines_of_sibling
        self._documents = Documents(self._named, self._kinds, self._pricing, siblings)
        self._tables = Tables(self._named, self._kinds, self._pricing, siblings)
        self._resting: dict[str, tuple[int, float]] = {}
        """Sources that end in the middle of something: their modification time, and since when it is known."""
        self._leaving: dict[Key, float] = {}
        """Open sources that lost their name, and since when."""
        self._retiring = False
        """It is time to ask which files are gone for good; with `once` that is when all others were read."""
        self._looked_everywhere = False
        self._looked_at: list[int] = []
        """Directory entries, by the parts of the pass that is going on."""
        self._next_scan = 0.0
        self._batch = Batch(self._clock)

    @property
    def backlog(self) -> int:
        """Bytes known to be unread."""
        return sum(self._waiting.values())

    @property
    def is_behind(self) -> bool:
        """Bytes are known to be unread, entries were not yet looked at since the start, or it is not yet stored that
        files went away or were replaced."""
        return self._has_unread or self._is_to_retire

    @property
    def _has_unread(self) -> bool:
        return bool(self._waiting) or not self._looked_everywhere

    @property
    def _is_to_retire(self) -> bool:
        return self._retiring or self._register.knows_of_replaced

    @property
    def rest_s(self) -> float:
        """Seconds until it looks around again by itself."""
        return max(0.0, self._next_scan - self._clock())

    def hint(self, paths: Iterable[str]) -> None:
        """These paths may have changed: they go first."""
        self._hints.extend(paths)

    def read_also(self, path: str) -> None:
        """One more path, as if it had been given at the start."""
        self._paths.append(Path(path))
        self._roots.add(Path(path))
        self._next_scan = 0.0

    def close(self) -> None:
        """Let go of all files; what was not flushed is read again next time."""
        self._register.close_all()
        self._roots.close()

    # -- a turn

    def turn(self) -> Progress | None:
        """One cycle. A Progress when a batch was committed, None when there is nothing to commit yet.

        Raises sqlite3.Error when the database refuses (nothing is lost, call again later), SteppedDown when somebody
        else writes to it.
        """
        self._look_around()
        if self._is_to_retire and not self._batch.steps and not (self._once and self._waiting):
            self._retire()
        for path in self._next_sources():
            self._take_turn(path)
        return self.flush() if self._batch.is_full or not self._waiting else None

    def flush(self) -> Progress | None:
        """Commit what was read."""
        batch, steps = self._batch, self._batch.steps
        if not steps:
            return None
        now = self._clock()
        for step in steps:
            step.reasons = Counter(step.reasons)  # of lines that are counted and not told one by one
            step.reasons.update(line.reason for line in step.rejects)
            step.rejects = self._quiet.allow(step.after.path, step.rejects, now)
        live = batch.is_small and not self._has_unread
        try:
            committed = self._writer.commit(steps, backlog=self.backlog, now_ms=_now_ms(), live=live)
        except BaseException:
            self.close()
            self._begin()
            raise
        self._batch = Batch(self._clock)
        self._pricing.committed()
        for checkpoint in committed.checkpoints:
            if checkpoint.kind == "lines":
                self._register.advanced(checkpoint)
            else:
                self._named.advanced(checkpoint)
        return Progress(
            files=batch.progress(),
            events=committed.events,
            duplicates=committed.duplicates,
            backlog=self.backlog,
        )

    def _next_sources(self) -> Iterator[str]:
        """Round-robin: whoever had a turn goes to the end."""
        for _ in range(min(self._settings.files_per_cycle, len(self._waiting))):
            if self._batch.is_full:
                return
            yield next(iter(self._waiting))

    # -- looking around

    def _look_around(self) -> None:
        """Take in hints; scan a bounded part of the roots when it is time, or when they were not all seen yet."""
        while self._hints:
            path = self._kinds.source_of(self._hints.popleft())
            if self._is_ours(path):
                self._enqueue(path, first=True)
        now = self._clock()
        if self._looked_everywhere and now < self._next_scan:
            return
        self._next_scan = now + min(STEP_S, self._settings.scan_interval)
        scan = self._roots.scan()
        self._looked_at.append(scan.entries)
        if scan.starved:
            self._register.close_all()  # the next scan needs one of theirs
        for found in scan.found:
            self._enqueue(found)
        for vanished in scan.vanished:
            self._vanished(vanished)
        for failed, reason in scan.failures.items():
            self._unseen.add(str(failed))
            self._fails(str(failed), reason)
        if scan.complete:
            self._see_again()
            self.entries, self.looks = sum(self._looked_at), len(self._looked_at)
            self._looked_at.clear()
            self.missing = [str(path) for path in scan.missing]
            if not self._looked_everywhere:
                self._tell_backlog()
            self._looked_everywhere = True
            self._next_scan = now + self._settings.scan_interval
            self._after_a_pass(now)

    def _see_again(self) -> None:
        """A pass is over: what it could look at again fails no more."""
        for path in self._unseen_before - self._unseen:
            self.failures.pop(path, None)
        self._unseen_before, self._unseen = self._unseen, set()

    def _tell_backlog(self) -> None:
        """Everything was found: say how much there is to read, so that viewers can tell how far it is.

        What was interrupted goes on where it was.
        """
        whole = self._writer.get_meta("backfill") if self._writer.get_meta("backlog") else 0
        if self.backlog > TOLD_BACKLOG:
            self._writer.set_meta(backlog=self.backlog, backfill=max(int(whole or 0), self.backlog))
        else:
            self._writer.set_meta(backfill=0)

    def _after_a_pass(self, now: float) -> None:
        """What is looked at once a scan: resting last lines, lost names, files not verified for long, failures."""
        for path, (_, since) in self._resting.items():
            if now - since >= AT_REST_S:
                self._waiting.setdefault(path, 0)
        for path in self._register.due(limit=self._settings.files_per_cycle):
            self._waiting.setdefault(path, 0)
        failing = [path for path in self.failures if path not in self._unseen_before]
        for path in (*failing, *self._named.databases()):
            self._enqueue(path)
        self._drain(now)
        self._retiring = True

    def _is_ours(self, path: str) -> bool:
        """Whether a hint is about a log file; an explicit FILE is, whatever its name."""
        return self._roots.covers(path) and (self._kinds.is_wanted(os.path.basename(path)) or Path(path) in self._paths)

    def _enqueue(self, path: str, *, first: bool = False) -> None:
        """A source may have something to read."""
        if path not in self._waiting:
            try:
                found = os.stat(path, follow_symlinks=False)
            except FileNotFoundError:
                self.failures.pop(path, None)
                return
            except OSError as error:
                self._fails(path, _reason(error))
                return
            if path not in self.failures and self._is_settled(path, found):
                return
            self._waiting[path] = self._unread(path, found)
        if first:
            self._waiting.move_to_end(path, last=False)

    def _is_settled(self, path: str, found: os.stat_result) -> bool:
        return (
            self._documents.is_settled(path, found)
            or self._tables.is_settled(path)
            or self._register.is_settled(path, found)
        )

    def _unread(self, path: str, found: os.stat_result) -> int:
        """Bytes that are probably unread, before the file is opened."""
        is_whole = self._named.checkpoint(path) is not None
        return found.st_size if is_whole else self._register.unread(path, found)

    def _vanished(self, path: str) -> None:
        self._waiting.pop(path, None)
        self._resting.pop(path, None)
        self.failures.pop(path, None)
        self._register.vanished(path)
        self._named.vanished(path)

    # -- reading

    def _kind_of(self, path: str) -> Kind:
        """How the file at `path` is read; what a name does not tell, its content does. Raises OSError."""
        kind = self._kinds.of_name(os.path.basename(path))
        if kind is not None:
            return kind
        known = self._register.checkpoint(path)
        return "lines" if known is not None and known.offset else self._kinds.of_content(path)

    def _take_turn(self, path: str) -> None:
        """One source's turn: at most `bytes_per_file` bytes of it."""
        self._batch.begin()
        try:
            kind = self._kind_of(path)
            if kind == "lines":
                self._take_lines(path)
            elif kind == "document":
                self._take_document(path)
            else:
                self._take_tables(path)
        except FileNotFoundError:
            self._vanished(path)
        except OSError as error:
            self._waiting.pop(path, None)
            self._fails(path, _reason(error))

    def _take_lines(self, path: str) -> None:
        source = self._register.open(path)
        at_rest = self._is_at_rest(path, source.mtime_ns)
        piece = self._read(source, at_rest)
        if path in self.failures:
            self._recovers(path, self._batch.of_file(source.key, source.checkpoint))
        self._waiting.pop(path, None)
        if piece is None:
            self._remember_rest(path, source.mtime_ns, unread=source.unread)
            if self._register.is_news(source.checkpoint):
                self._batch.of_file(source.key, source.checkpoint)
        elif piece.more or (at_rest and source.unread):
            self._waiting[path] = max(0, source.unread)
        elif source.unread:
            self._remember_rest(path, source.mtime_ns, unread=source.unread)

    def _take_document(self, path: str) -> None:
        """All of a document that changed; a half-written one is left until it changes again, or comes to rest."""
        file = read_whole(path)
        before = self._named.checkpoint(path) or Checkpoint(
            path=path, dev=file.dev, ino=file.ino, lineage=0, kind="document"
        )
        step = self._batch.step(path, before)
        rows = len(step.rows)
        at_rest = self._is_at_rest(path, file.mtime_ns)
        taken = self._documents.read(before, file, step, at_rest=at_rest)
        self._took(path, before, step, rows)
        self._remember_rest(path, file.mtime_ns, unread=0 if taken else file.size)

    def _take_tables(self, path: str) -> None:
        """The next rows of a database."""
        before = self._named.checkpoint(path) or Checkpoint(path=path, dev=0, ino=0, lineage=0, kind="tables")
        step = self._batch.step(path, before)
        rows = len(step.rows)
        more = self._tables.read(path, before, step)
        self._took(path, before, step, rows)
        if more:
            self._waiting[path] = step.after.size

    def _took(self, path: str, before: Checkpoint, step: Step, rows: int) -> None:
        """A source that is known by its path had its turn; its step had so many rows before."""
        self._batch.rows += len(step.rows) - rows
        if step.after != before:
            self._batch.take(path, step)
        if path in self.failures:
            self._recovers(path, step)
            self._batch.take(path, step)
        self._waiting.pop(path, None)

    def _read(self, source: OpenSource, at_rest: bool) -> Piece | None:
        """The next piece of a source, turned into rows of its step."""
        reader = self._readers.of(source)
        piece = source.read(self._settings.bytes_per_file, reader.line_cap, at_rest, reader.carries_nothing)
        if piece is None or reader.waits(piece.data):
            return None
        step = self._batch.of_file(source.key, piece.before)
        if piece.data:
            rows = len(step.rows)
            reader.read(piece.data, piece.start, piece.after.lineage, step)
            self._batch.rows += len(step.rows) - rows
        if piece.skipped_long is not None:
            step.tally.rejects += 1
            step.rejects.append(piece.skipped_long)
        step.tally.skipped += piece.unwanted
        dialect = reader.dialect
        step.after = replace(piece.after, dialect=dialect.name if dialect else "", state=reader.state())
        step.last_change_ms = source.mtime_ns // 1_000_000
        self._register.advanced(step.after)
        self._readers.stands(source, step.after, reader)
        return piece

    def _is_at_rest(self, path: str, mtime_ns: int) -> bool:
        """Whether nobody has written for a while, by the file's own time or by how long we know that time."""
        if self._once or time.time() - mtime_ns / 1e9 >= AT_REST_S:
            return True
        known_ns, since = self._resting.get(path, (0, 0.0))
        return known_ns == mtime_ns and self._clock() - since >= AT_REST_S

    def _remember_rest(self, path: str, mtime_ns: int, *, unread: int) -> None:
        """Nothing more can be taken now; what ends in the middle of something is looked at again after a while."""
        if not unread:
            self._resting.pop(path, None)
        elif self._resting.get(path, (0, 0.0))[0] != mtime_ns:
            self._resting[path] = (mtime_ns, self._clock())

    # -- going away

    def _drain(self, now: float) -> None:
        """Files that were renamed out of sight or deleted while open: read them to their end, then let go."""
        unnamed = self._register.unnamed()
        for source in unnamed:
            since = self._leaving.setdefault(source.key, now)
            last = now - since >= DRAIN_S and self._batch.has_room
            try:
                while self._batch.has_room and self._read(source, at_rest=last) is not None:
                    pass
            except OSError as error:
                self._fails(source.path, _reason(error))
                last = True
            if last:
                unfinished = source.unterminated()
                if unfinished is not None:
                    step = self._batch.of_file(source.key, source.checkpoint)
                    step.tally.rejects += 1
                    step.rejects.append(unfinished)
                    step.after = replace(step.after, size=step.after.offset)  # told now, not as lost later
                    self._register.advanced(step.after)
                source.close()
        left = {source.key for source in unnamed if not source.closed}
        self._leaving = {key: since for key, since in self._leaving.items() if key in left}

    def _retire(self) -> None:
        """Tell the store which files are gone. Only between batches, when every checkpoint is stored."""
        self._retiring = False
        for before, after, lost_bytes in self._register.overdue():
            if before.id:
                self._batch.steps.append(Step(before, after, [], [], Tally(lost_bytes=lost_bytes)))
        for before, after in self._named.overdue():
            if before.id:
                self._batch.take(before.path, Step(before, after, [], [], Tally()))

    # -- trouble

    def _fails(self, path: str, reason: str) -> None:
        """Say once that a source cannot be read; the others go on."""
        if self.failures.get(path) == reason:
            return
        self.failures[path] = reason
        self._tell(path, reason)

    def _recovers(self, path: str, step: Step) -> None:
        del self.failures[path]
        step.error = ""

    def _tell(self, path: str, error: str) -> None:
        """Keep an error with its source, which may have no row yet."""
        try:
            found = os.stat(path, follow_symlinks=False)
        except OSError:
            return
        if not stat.S_ISREG(found.st_mode):
            return
        kind = self._kinds.of_name(os.path.basename(path)) or "lines"
        checkpoint = self._named.checkpoint(path) or self._register.checkpoint(path)
        if checkpoint is None:
            checkpoint = Checkpoint(path=path, dev=found.st_dev, ino=found.st_ino, lineage=0, kind=kind)
        key: Key = (checkpoint.dev, checkpoint.ino) if checkpoint.kind == "lines" else path
        step = self._batch.step(key, checkpoint)
        step.error = error
        self._batch.take(key, step)


def own_files(database: Path) -> set[Path]:
    """The database and what stands beside it: never read, wherever it is."""
    return {database, *(Path(f"{database}{suffix}") for suffix in ("-wal", "-shm", "-journal", ".lock"))}


def _most_open() -> int:
    """A quarter of the descriptors that there may be: the others are for the database, directories and watches."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN if limit == resource.RLIM_INFINITY else max(1, min(MOST_OPEN, limit // 4))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _now_ms() -> int:
    return int(time.time() * 1000)
