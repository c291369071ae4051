"""One ingester per database, by `flock` on a file beside it: the kernel frees it with the process, however that ends.

The file is never removed, as a process waiting for a removed file would hold a lock that nobody else sees. Its
modification time is the sign of life, so that a heartbeat does not touch the database and wake its viewers. What keeps
the holder from storing anything stands in it, too, as the database is where it cannot write then.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from tokenmon.errors import CannotCreateDatabase, LockHeld
from tokenmon.store.files import create_directory, leads_to

_MOST = 1_000
"""Bytes of the file."""

_TRIES = 1_000
"""How often a taker gives way to somebody who only looks; a look lasts microseconds."""


def _lock_path(db: Path) -> str:
    return f"{db}.lock"


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Lock:
    """The right to write into a database, until released or until the process ends."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._trouble = ""

    @classmethod
    def take(cls, db: Path, *, wait: bool) -> "Lock":
        """Take the lock, raising LockHeld if somebody has it, or waiting until nobody has."""
        create_directory(db.parent)
        path = _lock_path(db)
        while True:
            descriptor = _open(path)
            try:
                if wait:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                elif not _take_now(descriptor):
                    raise LockHeld(f"another process ingests into {db}", _who(descriptor))
                lock = cls(path, descriptor)
                if lock.is_still_there():
                    lock._write("")
                    return lock
            except OSError as error:
                os.close(descriptor)
                raise _unwritable(path, error) from error
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # a cleaner removed the file while we waited for it: lock the new one

    def is_still_there(self) -> bool:
        """Whether the path still leads to the locked file."""
        return leads_to(self._path, os.fstat(self._descriptor))

    def touch(self, trouble: str = "") -> None:
        """Show that the holder is alive, and what keeps it from storing anything."""
        with contextlib.suppress(OSError):
            os.utime(self._descriptor)
        if trouble != self._trouble:
            self._trouble = trouble
            self._write(trouble)

    def _write(self, trouble: str) -> None:
        """Over what stands there, and cut after it: a reader in between finds the process id whole.

        Where nothing can be written, nothing can be told; it is the lock all the same.
        """
        with contextlib.suppress(OSError):
            end = os.pwrite(self._descriptor, f"{os.getpid()}\n{trouble}".encode()[:_MOST], 0)
            os.ftruncate(self._descriptor, end)

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> CannotCreateDatabase:
    return CannotCreateDatabase(f"cannot write the lock {path}: {error.strerror}", "name another place with --db")


def _take_now(descriptor: int) -> bool:
    """Take it if nobody holds it. Who only looks, by a shared lock, is not a holder: then try again."""
    for _ in range(_TRIES):
        if _try(descriptor, fcntl.LOCK_EX):
            return True
        if not _try(descriptor, fcntl.LOCK_SH):
            return False
        os.sched_yield()
    return False


def _told(descriptor: int) -> tuple[int, str]:
    """The holder's process id, and what holds it up."""
    pid, _, trouble = os.pread(descriptor, _MOST, 0).partition(b"\n")
    return int(pid) if pid.isdigit() else 0, trouble.decode("utf-8", "replace")


def _who(descriptor: int) -> str:
    return f"process {_told(descriptor)[0]}"


def holder(db: Path) -> tuple[int, int] | None:
    """(process id, last sign of life in UTC milliseconds) of whoever holds the lock now, None if nobody does."""
    found = _held(db)
    return None if found is None else found[:2]


def held_up(db: Path) -> str:
    """Why whoever holds the lock cannot store anything now; empty where it can, or nobody holds it."""
    found = _held(db)
    return "" if found is None else found[2]


def _held(db: Path) -> tuple[int, int, str] | None:
    try:
        descriptor = os.open(_lock_path(db), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _try(descriptor, fcntl.LOCK_SH):
            return None
        pid, trouble = _told(descriptor)
        return pid, os.fstat(descriptor).st_mtime_ns // 1_000_000, trouble
    finally:
        os.close(descriptor)


def last_sign_of_life(db: Path) -> int | None:
    """When anybody who ingests was last seen, UTC milliseconds; None where nobody ever was."""
    try:
        return os.stat(_lock_path(db)).st_mtime_ns // 1_000_000
    except OSError:
        return None
