"""Which databases there are in a directory, and what each is about; and how one goes for good."""

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from tokenmon.errors import NoDatabase, TokenmonError
from tokenmon.store.backup import COMPANIONS
from tokenmon.store.lock import holder
from tokenmon.store.opening import looking, snapshot, take_lock
from tokenmon.store.remembered import remembered_paths

SUFFIX = ".db"


@dataclass(frozen=True)
class Kept:
    """A database and what can be told of it without reading it all."""

    database: Path
    size: int
    """Bytes, the write-ahead log included."""
    paths: tuple[str, ...] = ()
    calls: int | None = None
    """Calls that were stored, those included of which only roll-ups are left; None where it cannot be read."""
    newest: int | None = None
    """Time of the newest event, UTC milliseconds."""
    ingester: int | None = None
    """Process that ingests now."""
    trouble: str = ""
    """Why it cannot be read."""


def kept_in(directory: Path) -> list[Kept]:
    """Every database of the directory by name; none where there is no directory. NoDatabase where it is closed."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(SUFFIX) and not name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NoDatabase(f"cannot look into {directory}: {error.strerror}", "look at its rights") from error
    return [_described(directory / name) for name in names if (directory / name).is_file()]


def remove(database: Path) -> None:
    """Remove a database with what stands beside it. LockHeld where somebody ingests into it."""
    lock = take_lock(database)
    try:
        for place in (database, *(Path(f"{database}{suffix}") for suffix in COMPANIONS)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
    except OSError as error:
        raise TokenmonError(
            f"cannot remove {database}: {error.strerror}", "look at the rights of its directory"
        ) from error
    finally:
        lock.release()


def _described(database: Path) -> Kept:
    size = sum(_size(f"{database}{suffix}") for suffix in ("", "-wal"))
    found = holder(database)
    ingester = None if found is None else found[0]
    try:
        with looking(database) as connection, snapshot(connection):
            (calls,) = connection.execute("SELECT coalesce(sum(events), 0) FROM source").fetchone()
            (newest,) = connection.execute("SELECT max(ts) FROM event").fetchone()
        return Kept(database, size, remembered_paths(database), calls, newest, ingester)
    except (TokenmonError, sqlite3.Error) as error:
        return Kept(database, size, ingester=ingester, trouble=str(error))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
