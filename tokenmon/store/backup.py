"""A copy of a database as it is at one moment, made while its ingester goes on.

SQLite starts a copy again whenever another process commits, which a busy ingester does all the time: so the copy is
made inside one read transaction, which sees nothing of that. It is complete before it has its name.
"""

import contextlib
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tokenmon.errors import CannotCreateDatabase
from tokenmon.store.opening import looking, snapshot, take_lock

_PAGES = 1_000
"""Copied in one step: 8 MB."""

COMPANIONS = ("-wal", "-shm", ".lock")
"""What stands beside a database; the lock goes last, as it keeps others away."""


def backup(database: Path, target: Path) -> int:
    """Write the copy, 0600, in place of whatever database `target` was; its size in bytes.

    LockHeld where somebody ingests into `target`; CannotCreateDatabase where it cannot be written.
    """
    lock = take_lock(target) if target.exists() else None
    try:
        with looking(database) as connection, snapshot(connection):
            connection.execute("SELECT count(*) FROM meta").fetchone()  # the moment
            return _write(connection, target)
    except OSError as error:
        raise _unwritable(target, str(error.strerror)) from error
    finally:
        if lock is not None:
            lock.release()


def _write(connection: sqlite3.Connection, target: Path) -> int:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)  # 0600
    os.close(descriptor)
    try:
        try:
            with closing(sqlite3.connect(name, isolation_level=None)) as copy:
                connection.backup(copy, pages=_PAGES)
        except sqlite3.OperationalError as error:
            raise _unwritable(target, str(error)) from error
        _sync(name)
        for companion in ("-wal", "-shm"):  # of what was there before: it belongs to nothing any more
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{target}{companion}")
        os.replace(name, target)
        _sync(str(target.parent))
    finally:
        for leftover in (name, f"{name}-wal", f"{name}-shm", f"{name}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(leftover)
    return os.stat(target).st_size


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(target: Path, reason: str) -> CannotCreateDatabase:
    return CannotCreateDatabase(f"cannot write {target}: {reason}", "name another place")
