"""What a database knows of paths, asked before anything is created and without asyncio.

A PATH that is not there is an error only where nobody ever saw it: a log that was rotated away comes back.
"""

import json
import os
from pathlib import Path

from tokenmon.store.opening import looking


def remembered_paths(database: Path) -> tuple[str, ...]:
    """The paths that the database is about; none where there is no database yet. NotOurDatabase, NoDatabase."""
    if not _holds_anything(database):
        return ()
    with looking(database, older=True) as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'paths'").fetchone()
    return tuple(json.loads(row[0])) if row is not None else ()


def knows(database: Path, path: str) -> bool:
    """Whether the database remembers `path`, or a source at or below it."""
    if path in remembered_paths(database):
        return True
    if not _holds_anything(database):
        return False
    place = os.fsencode(path)
    below = place.rstrip(b"/") + b"/"
    with looking(database, older=True) as connection:
        row = connection.execute(
            "SELECT 1 FROM source WHERE path = :place OR substr(path, 1, length(:below)) = :below LIMIT 1",
            {"place": place, "below": below},
        ).fetchone()
    return row is not None


def _holds_anything(database: Path) -> bool:
    """A file without a byte is what a full disk leaves of a database, or whoever made room for one."""
    return database.exists() and (database.stat().st_size > 0 or not database.is_file())
