"""What several turns read and one transaction commits: the steps of sources, one of each as long as its file is the
same. Its bounds keep a commit short, and what would be read again after a crash little.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from tokenmon.ingest.readers import is_same_place
from tokenmon.source import Checkpoint, Step, Tally

MOST_ROWS = 20_000
LONGEST_S = 0.25
LIVE_ROWS = 2_000
"""A batch of more rows is a backlog: its hours are marked dirty and rebuilt once, which costs less than adding."""

Key = tuple[int, int] | str
"""A source of a batch: device and inode, or the path where that is its identity."""


@dataclass(frozen=True)
class FileProgress:
    """What one source gave to a batch."""

    path: str
    bytes: int
    rows: int
    skipped: int
    rejects: int


@dataclass(frozen=True)
class Progress:
    """What one batch stored."""

    files: tuple[FileProgress, ...]
    events: int
    duplicates: int
    backlog: int
    """Bytes known to be unread."""


class Batch:
    """One batch, until it is committed."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self.steps: list[Step] = []
        self.rows = 0
        self._current: dict[Key, Step] = {}
        self._clock = clock
        self._began: float | None = None

    def begin(self) -> None:
        """Something is about to be read."""
        if self._began is None:
            self._began = self._clock()

    @property
    def has_room(self) -> bool:
        """Whether it may take more rows."""
        return self.rows < MOST_ROWS

    @property
    def is_full(self) -> bool:
        """Whether it is time to commit it; what was not read but only found out need not wait for anything."""
        is_old = self._began is None or self._clock() - self._began >= LONGEST_S
        return not self.has_room or (bool(self.steps) and is_old)

    @property
    def is_small(self) -> bool:
        """Whether adding its rows up one by one costs little."""
        return self.rows <= LIVE_ROWS

    def step(self, key: Key, before: Checkpoint) -> Step:
        """The step of a source; where it has none, one that is still to be taken."""
        return self._current.get(key) or Step(before, before, [], [], Tally())

    def take(self, key: Key, step: Step) -> None:
        """Make it a part of the batch, if it is none yet."""
        if self._current.get(key) is not step:
            self._current[key] = step
            self.steps.append(step)

    def of_file(self, key: Key, before: Checkpoint) -> Step:
        """The step of a file of lines; a new one where the file was replaced since its last piece."""
        step = self._current.get(key)
        if step is None or not is_same_place(step.after, before):
            if step is not None:
                step.after = replace(step.after, gone=True)
            step = Step(before, before, [], [], Tally())
            self.take(key, step)
        return step

    def progress(self) -> tuple[FileProgress, ...]:
        """What each source gave."""
        return tuple(map(_file_progress, self.steps))


def _file_progress(step: Step) -> FileProgress:
    return FileProgress(
        path=step.after.path,
        bytes=max(0, step.after.offset - step.before.offset),
        rows=len(step.rows),
        skipped=step.tally.skipped,
        rejects=step.tally.rejects,
    )
