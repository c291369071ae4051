"""One ingester per database, by `flock` on a file beside it: the kernel frees it with the process, however that ends.

The file is never removed, as a process waiting for a removed file would hold a lock that nobody else sees. Its
modification time is the sign of life, so that a heartbeat does not touch the database and wake its viewers.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from tokenmon.errors import CannotCreateDatabase, LockHeld
from tokenmon.store.files import create_directory

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
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
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
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def touch(self) -> None:
        """Show that the holder is alive."""
        os.utime(self._descriptor)

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


def _pid(descriptor: int) -> int:
    with contextlib.suppress(ValueError):
        return int(os.pread(descriptor, 32, 0))
    return 0


def _who(descriptor: int) -> str:
    return f"process {_pid(descriptor)}"


def holder(db: Path) -> tuple[int, int] | None:
    """(process id, last sign of life in UTC milliseconds) of whoever holds the lock now, None if nobody does."""
    try:
        descriptor = os.open(_lock_path(db), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _try(descriptor, fcntl.LOCK_SH):
            return None
        return _pid(descriptor), os.fstat(descriptor).st_mtime_ns // 1_000_000
    finally:
        os.close(descriptor)


def last_sign_of_life(db: Path) -> int | None:
    """When anybody who ingests was last seen, UTC milliseconds; None where nobody ever was."""
    try:
        return os.stat(_lock_path(db)).st_mtime_ns // 1_000_000
    except OSError:
        return None
