"""Hints that a file may have changed. The periodic scan is the truth; a hint only makes it look there first.

So nothing here has to be complete: the handler adds a path to a bounded set and wakes whoever waits, and whatever
watchdog loses, drops or dies of costs one scan period. What does die is noticed (`tend`), told once as text, and armed
again with growing pauses. watchdog is imported when the first watch is made, never for `--once`.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tokenmon.source import is_log_name

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, EventEmitter, ObservedWatch

HINTS = 10_000
"""More paths at once are not kept: the scan finds them."""

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_ROOM = 8
"""Descriptors that have to be free before a watch is made."""
_NO_MORE = "more files changed at once than are kept as hints; the scan finds them"


class Hints:
    """Paths that may have changed: filled by watchdog's threads, taken by the ingester."""

    def __init__(
        self, limit: int = HINTS, files: Collection[str] = (), is_wanted: Callable[[str], bool] = is_log_name
    ) -> None:
        """`files`: kept whatever their names; of others only those with wanted names are (our database has none)."""
        self._paths: set[str] = set()
        self._files = frozenset(files)
        self._is_wanted = is_wanted
        self._limit = limit
        self._lock = threading.Lock()
        self._any = threading.Event()
        self.overflowed = False
        """Some were dropped since the last `take`."""
        self._overflowing = False

    def add(self, path: str | bytes) -> None:
        """One more. Never blocks for long and never raises, because an exception would end watchdog's thread."""
        name = os.fsdecode(path)
        if name not in self._files and not self._is_wanted(name.rpartition(os.sep)[2]):
            return
        with self._lock:
            if len(self._paths) < self._limit:
                self._paths.add(name)
            else:
                self._overflowing = True
        self._any.set()

    def take(self) -> set[str]:
        """All since the last time."""
        with self._lock:
            self._any.clear()
            paths, self._paths = self._paths, set()
            self.overflowed, self._overflowing = self._overflowing, False
        return paths

    def wait(self, timeout_s: float) -> bool:
        """Until there is one or the time is over; whether there is one."""
        return self._any.wait(timeout_s)


@dataclass
class _Root:
    """A path to watch, and how that goes."""

    path: str
    watch: "ObservedWatch | None" = None
    place: tuple[int, int] = (0, 0)
    """Device and inode when it was armed."""
    problem: str = ""
    pause_s: float = 0.0
    next_try: float = 0.0


class Watch:
    """Watches paths as well as the machine allows."""

    def __init__(
        self,
        paths: Sequence[Path | str],
        *,
        limit: int = HINTS,
        clock: Callable[[], float] = time.monotonic,
        is_wanted: Callable[[str], bool] = is_log_name,
    ) -> None:
        """Arms what can be armed now; `tend` does the rest. `clock`: seconds that never go back.

        `is_wanted`: whether a file of this name is hinted at.
        """
        self._roots = [_Root(path) for path in _outermost(os.path.abspath(path) for path in paths)]
        self._hints = Hints(limit, [os.path.realpath(root.path) for root in self._roots], is_wanted)
        self._clock = clock
        self._observer: BaseObserver | None = None
        self._handler: FileSystemEventHandler | None = None
        self._trouble = ""
        """Why nothing at all can be watched."""
        self._closed = False
        self.tend()

    def hints(self) -> set[str]:
        """Real paths of files that may have changed since the last call."""
        return self._hints.take()

    def wait(self, timeout_s: float) -> bool:
        """Until a hint comes or the time is over; whether a hint came."""
        return self._hints.wait(timeout_s)

    def problems(self) -> list[str]:
        """What is not watched and why, as sentences; empty when all is well. A missing root is none."""
        told = [self._trouble] if self._trouble else [root.problem for root in self._roots if root.problem]
        return [*dict.fromkeys(told), *([_NO_MORE] if self._hints.overflowed else [])]

    def armed(self) -> int:
        """How many paths are watched now."""
        return sum(root.watch is not None for root in self._roots)

    def close(self) -> None:
        """Stop watching and wait until watchdog's threads have ended."""
        self._closed = True
        observer, self._observer = self._observer, None
        for root in self._roots:
            root.watch = None
        _end(observer)

    def tend(self) -> None:
        """Arm what is not armed: roots that appeared, were replaced, or whose watch died. Call it once a cycle."""
        if self._closed or self._trouble:
            return
        if self._observer is not None and not self._observer.is_alive():
            self._restart()
        alive = self._emitters_alive()
        for root in self._roots:
            self._tend_root(root, alive)

    # -- arming

    def _tend_root(self, root: _Root, alive: "Collection[ObservedWatch]") -> None:
        place = _place(root.path)
        if root.watch is not None and (root.watch not in alive or place != root.place):
            self._disarm(root)
        if root.watch is None and place is not None and self._clock() >= root.next_try:
            self._arm(root, place)

    def _arm(self, root: _Root, place: tuple[int, int]) -> None:
        try:
            _check_room()
            observer = self._started()
            if observer is None or self._handler is None:
                return
            path = os.path.realpath(root.path)
            root.watch = observer.schedule(
                self._handler, path, recursive=os.path.isdir(path), event_filter=_interesting()
            )
        except (OSError, RuntimeError) as error:
            root.pause_s = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, 2 * root.pause_s))
            root.next_try = self._clock() + root.pause_s
            root.problem = f"cannot watch {root.path}: {_reason(error)}; it is looked at periodically"
        else:
            root.place, root.problem, root.pause_s, root.next_try = place, "", 0.0, 0.0
            if os.path.isfile(path):
                self._hints.add(path)

    def _disarm(self, root: _Root) -> None:
        watch, root.watch = root.watch, None
        if self._observer is not None and watch is not None:
            try:
                self._observer.unschedule(watch)
            except (KeyError, OSError, RuntimeError) as error:
                root.problem = f"cannot stop watching {root.path}: {_reason(error)}"

    def _emitters_alive(self) -> "Collection[ObservedWatch]":
        if self._observer is None:
            return ()
        emitters: Collection[EventEmitter] = tuple(self._observer.emitters)
        return {emitter.watch for emitter in emitters if emitter.is_alive()}

    def _started(self) -> "BaseObserver | None":
        """watchdog's observer; None, and the reason kept, where it cannot be used on this machine."""
        if self._observer is None:
            logging.getLogger("watchdog").setLevel(logging.WARNING)  # at DEBUG its own log would slow it down
            try:
                observers = import_module("watchdog.observers")
                self._handler = _handler(self._hints)
                observer: BaseObserver = observers.Observer()
            except ImportError as error:
                self._trouble = f"changes are not noticed at once ({_reason(error)}); files are looked at periodically"
                return None
            if type(observer).__name__.startswith("Polling"):  # it would walk everything once a second
                self._trouble = "changes are not noticed at once on this system; files are looked at periodically"
                return None
            observer.daemon = True
            observer.start()
            self._observer = observer
        return self._observer

    def _restart(self) -> None:
        """The observer's thread ended: begin anew with all roots."""
        observer, self._observer = self._observer, None
        for root in self._roots:
            root.watch = None
        _end(observer)


def _handler(hints: Hints) -> "FileSystemEventHandler":
    """The only code that runs in watchdog's threads."""
    events = import_module("watchdog.events")

    class _Hinting(events.FileSystemEventHandler):  # type: ignore[name-defined,misc]
        def dispatch(self, event: "FileSystemEvent") -> None:
            for path in (event.src_path, event.dest_path):
                if path:
                    hints.add(path)

    handler: FileSystemEventHandler = _Hinting()
    return handler


def _interesting() -> "list[type[FileSystemEvent]]":
    """Changes only: our own opening and closing of files must not wake us."""
    events = import_module("watchdog.events")
    return [events.FileCreatedEvent, events.FileModifiedEvent, events.FileMovedEvent]


def _check_room() -> None:
    """OSError where so few descriptors are left that reading needs them: watchdog would keep the last ones, as it
    does not give back what it got when it does not get all.
    """
    taken: list[int] = []
    try:
        for _ in range(_ROOM):
            taken.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in taken:
            os.close(descriptor)


def _end(observer: "BaseObserver | None") -> None:
    if observer is not None:
        observer.unschedule_all()
        observer.stop()
        observer.join(5.0)


def _outermost(paths: Iterable[str]) -> list[str]:
    """`paths` without those that lie below another one of them."""
    every = sorted(set(paths))
    return [path for path in every if not any(path.startswith(other.rstrip(os.sep) + os.sep) for other in every)]


def _place(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).lower()
