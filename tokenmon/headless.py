"""`--ingest-only`: the ingester without a screen, for systemd, for servers, and as the child of a screen.

Plain loops and plain `sqlite3`, so that a signal has nothing to cancel half-way: it sets a flag, the batch at hand is
finished, and the process ends with 0. The signal after that ends it at once: whatever a batch has not committed is
read again. What every batch stored is logged on stderr, one line a file.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import msgspec

from tokenmon.errors import ConfigError, LockHeld, SourceFailed
from tokenmon.ingest import FileProgress, Service
from tokenmon.notify import Manager
from tokenmon.saying import say
from tokenmon.settings import Settings
from tokenmon.text import many, sanitise

PARENT = "TOKENMON_PARENT"
"""Environment variable with the process id of the screen that started this ingester: it ends when that does."""


def run(settings: Settings, database: Path, *, once: bool, wait: bool) -> int:
    """Ingest into `database` until a signal, with `once` until everything there is stored. Returns the exit code."""
    log = _log_json if settings.log_format == "json" else _log_text
    with _asked_to_stop() as stop:
        try:
            manager = Manager(os.environ)
            service = Service(settings, database, settings.paths, once=once, wait=wait, stop=stop, manager=manager)
        except LockHeld as held:
            if stop():
                return 0
            raise LockHeld(f"{held}, {held.hint}", "stop that first, or leave --no-wait away to wait for it") from None
        with service:
            service.run(lambda progress: say(*map(log, progress.files)))
            failures = service.failures if once and not stop() else {}
    say(*(f"tokenmon: cannot read {path}: {reason}" for path, reason in failures.items()))
    return SourceFailed.exit_code if failures else 0


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether a signal arrived or the parent is gone; the old handlers come back at the end.

    Who starts it under `nohup` wants it to outlive the terminal: a hang-up that is ignored stays so. The second signal
    finds no handler, as one of Python's would wait for the statement that SQLite is at.
    """
    arrived: list[int] = []
    parent = _parent()
    ends = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        ends.remove(signal.SIGHUP)

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        for each in ends:
            signal.signal(each, signal.SIG_DFL)

    before = {each: signal.signal(each, note) for each in ends}
    try:
        yield lambda: bool(arrived) or (parent != 0 and os.getppid() != parent)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _parent() -> int:
    """The process to end with, 0 without one."""
    given = os.environ.get(PARENT) or "0"
    try:
        return int(given)
    except ValueError:
        raise ConfigError(
            f"{PARENT} is not a process id: {given!a}", "unset it; screens set it by themselves"
        ) from None


def _log_text(each: FileProgress) -> str:
    parts = [many(each.rows, "event")]
    if each.rejects:
        parts.append(many(each.rejects, "invalid line"))
    if each.skipped:
        parts.append(f"{many(each.skipped, 'line')} without usage")
    return f"ingested {each.path}: {', '.join(parts)}, {many(each.bytes, 'byte')}"


def _log_json(each: FileProgress) -> str:
    return msgspec.json.encode(
        {
            "message": "ingested",
            "source": sanitise(each.path),
            "bytes": each.bytes,
            "events": each.rows,
            "rejects": each.rejects,
            "skipped": each.skipped,
        }
    ).decode()
