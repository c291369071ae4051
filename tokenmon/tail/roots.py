"""The scan is the truth about which files there are; it looks at a bounded number of directory entries a step.

A pass walks all roots, directory by directory, over as many steps as it takes, then begins anew. Names come from the
directory, state from one stat; what is known costs no more than that. A file is reported when it is new or its
device, inode, size, modification time or mode changed, and as vanished only when a whole pass did not see it.

A root may itself be a symbolic link; below it nothing is followed. A missing root is a state: what was known below it
stays known, and it is read again when it is back.
"""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenmon.source import is_log_name


@dataclass(slots=True)
class Scan:
    """What one step saw."""

    found: list[str] = field(default_factory=list)
    """Files that are new, or changed since they were last seen."""
    vanished: list[str] = field(default_factory=list)
    """Files that the pass which ended in this step did not see any more."""
    complete: bool = False
    """A pass over everything ended in this step."""
    failures: dict[Path, str] = field(default_factory=dict)
    """Directories and files that this step could not look at, and why."""
    missing: list[Path] = field(default_factory=list)
    """Roots that are not there, as seen in this step."""
    entries: int = 0
    """Directory entries looked at in this step."""
    starved: bool = False
    """A directory could not be looked at because no descriptor was left."""


class Roots:
    """The paths to read, and what is known to be there."""

    def __init__(
        self,
        paths: Sequence[Path],
        exclude: Collection[Path],
        entries_per_cycle: int = 10_000,
        *,
        known: Iterable[str] = (),
        is_wanted: Callable[[str], bool] = is_log_name,
    ) -> None:
        """`exclude`: files and directories never read. `known`: paths that are reported as vanished when not there.

        `is_wanted`: whether a file of this name is read when it is found in a directory.
        """
        self._paths = tuple(dict.fromkeys(os.path.abspath(path) for path in paths))
        self._excluded = frozenset(os.path.realpath(path) for path in exclude)
        self._budget = max(1, entries_per_cycle)
        self._is_wanted = is_wanted
        self._earlier: dict[str, int] = dict.fromkeys(known, 0)
        """Seen in the pass before, not yet in this one: a hash of the state it had."""
        self._seen: dict[str, int] = {}
        self._tops: list[str] = []
        """Where the roots led in this pass; what is known elsewhere is no concern of ours."""
        self._blind: list[str] = []
        """What could not be looked at in this pass: neither it nor anything below it vanished."""
        self._roots: deque[str] = deque()
        self._directories: deque[str] = deque()
        self._walked: set[str] = set()
        self._entries: Iterator[os.DirEntry[str]] | None = None
        self._stop: Callable[[], None] = _nothing
        self._directory = ""
        self._begun = False

    @property
    def known(self) -> int:
        """Files known to be there."""
        return len(self._seen) + len(self._earlier)

    def add(self, path: Path) -> None:
        """One more path to read, from the next pass on."""
        self._paths = tuple(dict.fromkeys((*self._paths, os.path.abspath(path))))

    def covers(self, path: str) -> bool:
        """Whether a scan would report this path if a log were there: below a root and not excluded."""
        if path in self._excluded:
            return False
        return any(path == root or path.startswith(root + os.sep) for root in map(os.path.realpath, self._paths))

    def files(self) -> Iterator[str]:
        """The files known to be there."""
        yield from self._seen
        yield from self._earlier

    def scan(self) -> Scan:
        """One bounded step."""
        step = Scan()
        if not self._begun:
            self._begun = True
            self._roots.extend(self._paths)
            self._walked.clear()
        while step.entries < self._budget:
            if self._entries is not None:
                self._look(step)
            elif self._directories:
                self._enter(self._directories.popleft(), step)
            elif self._roots:
                self._begin(self._roots.popleft(), step)
            else:
                self._finish(step)
                break
        return step

    def close(self) -> None:
        """Let go of the directory that is being walked."""
        self._leave()

    # -- walking

    def _begin(self, root: str, step: Scan) -> None:
        """A root: a directory, a file whatever its name, or nothing at the moment."""
        step.entries += 1
        path = os.path.realpath(root)
        self._tops.append(path)
        try:
            found = os.stat(path)
        except OSError as error:
            self._blind.append(path)
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                step.missing.append(Path(root))
            else:
                step.failures[Path(root)] = _reason(error)
            return
        if stat.S_ISDIR(found.st_mode):
            if path not in self._excluded:
                self._directories.append(path)
        elif stat.S_ISREG(found.st_mode):
            self._see(path, found, step)
        else:
            step.failures[Path(root)] = "neither a directory nor a regular file"

    def _enter(self, directory: str, step: Scan) -> None:
        if directory in self._walked:  # roots may overlap
            return
        self._walked.add(directory)
        step.entries += 1
        try:
            entries = os.scandir(directory)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._fail(directory, error, step)
        else:
            self._entries, self._stop, self._directory = entries, entries.close, directory

    def _fail(self, path: str, error: OSError, step: Scan) -> None:
        self._blind.append(path)
        step.failures[Path(path)] = _reason(error)
        step.starved |= error.errno in (errno.EMFILE, errno.ENFILE)

    def _leave(self) -> None:
        self._stop()
        self._entries, self._stop = None, _nothing

    def _look(self, step: Scan) -> None:
        """Go on in the directory, until it or the budget ends."""
        entries = self._entries
        assert entries is not None
        try:
            for entry in entries:
                step.entries += 1
                name = entry.name
                if self._is_wanted(name):
                    self._weigh(entry, step)
                elif entry.is_dir(follow_symlinks=False) and entry.path not in self._excluded:
                    self._directories.append(entry.path)
                if step.entries >= self._budget:
                    return
        except OSError as error:
            self._fail(self._directory, error, step)
        self._leave()

    def _weigh(self, entry: os.DirEntry[str], step: Scan) -> None:
        """An entry that is named like a log."""
        if entry.is_dir(follow_symlinks=False):
            if entry.path not in self._excluded:
                self._directories.append(entry.path)
            return
        if not entry.is_file(follow_symlinks=False):
            return
        try:
            self._see(entry.path, entry.stat(follow_symlinks=False), step)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._fail(entry.path, error, step)

    def _see(self, path: str, found: os.stat_result, step: Scan) -> None:
        if path in self._seen or path in self._excluded:
            return
        state = hash((found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_dev))
        if self._earlier.pop(path, None) != state:
            step.found.append(path)
        self._seen[path] = state

    def _finish(self, step: Scan) -> None:
        """The pass is over: what it did not see is gone, unless it could not look there."""
        blind, tops = _below(self._blind), _below(self._tops)
        for path, state in self._earlier.items():
            place = f"{path}{os.sep}"
            if place.startswith(blind):
                self._seen[path] = state
            elif place.startswith(tops):
                step.vanished.append(path)
        self._earlier, self._seen = self._seen, {}
        self._blind.clear()
        self._tops.clear()
        self._begun = False
        step.complete = True


def _below(directories: Iterable[str]) -> tuple[str, ...]:
    """What the paths below these directories begin with; their own, too, with a separator added."""
    return tuple(directory.rstrip(os.sep) + os.sep for directory in directories)


def _nothing() -> None:
    pass


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
