"""Where a database lives is private from the first byte: directories 0700, files 0600, or one group that may read.

SQLite copies the mode of the database to its `-wal` and `-shm`, so creating the file before SQLite sees it is
enough; in a directory with the set-group-id bit they inherit the group as well.
"""

import os
import shutil
import stat
from pathlib import Path

from tokenmon import directories
from tokenmon.errors import CannotCreateDatabase, ConfigError
from tokenmon.store.damage import cannot_write

_COMPANIONS = ("", "-wal", "-shm", ".lock")


def create_directory(directory: Path) -> None:
    """Make the directory and what is missing above it, 0700.

    CannotCreateDatabase also where anybody may rename what is in it, and so put another database in our place.
    """
    try:
        directories.make(str(directory))
        mode = directory.stat().st_mode
    except OSError as error:
        raise CannotCreateDatabase(
            f"cannot create the directory {directory}: {error.strerror}", "name another place with --db"
        ) from error
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise CannotCreateDatabase(
            f"everybody may write into {directory}, and so exchange a database in it",
            "name a new directory with --db, or take that right away: chmod o-w",
        )


def create_file(path: Path) -> None:
    """Make sure that there is a regular file at `path`, 0600 when it is new."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise cannot_write(path, error.strerror) from error


def _is_ours(directory: Path) -> bool:
    """Whether a directory may be opened to a group: nobody keeps anything else in it."""
    return directory.name == "tokenmon" or all(".db" in place.name for place in directory.iterdir())


def let_group_read(path: Path, group: str) -> None:
    """Let a unix group read the database, what stands beside it, and its directory where that is ours."""
    try:
        if _is_ours(path.parent):
            shutil.chown(path.parent, group=group)
            path.parent.chmod(0o2750)
        for companion in (Path(f"{path}{suffix}") for suffix in _COMPANIONS):
            if companion.exists():
                shutil.chown(companion, group=group)
                companion.chmod(0o640)
    except LookupError as error:
        raise ConfigError(f"there is no group {group}", "name one that there is") from error
    except OSError as error:
        raise CannotCreateDatabase(
            f"cannot let the group {group} read {path}: {error.strerror}", "its user must be a member of the group"
        ) from error


def leads_to(path: str | Path, opened: os.stat_result) -> bool:
    """Whether a path still leads to an open file; also where its directory was closed to us, which takes nothing away
    from what is open.
    """
    try:
        return os.path.samestat(opened, os.stat(path))
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
