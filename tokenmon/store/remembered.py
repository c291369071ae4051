"""What a database knows of paths, asked before anything is created and without asyncio.

A PATH that is not there is an error only where nobody ever saw it: a log that was rotated away comes back.
"""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tokenmon.errors import NoDatabase, NotOurDatabase
from tokenmon.store.schema import APPLICATION_ID


def remembered_paths(database: Path) -> tuple[str, ...]:
    """The paths that the database is about; none where there is no database. NotOurDatabase, NoDatabase."""
    if not database.exists():
        return ()
    with closing(_connect(database)) as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'paths'").fetchone()
    return tuple(json.loads(row[0])) if row is not None else ()


def knows(database: Path, path: str) -> bool:
    """Whether the database remembers `path`, or a source at or below it."""
    if path in remembered_paths(database):
        return True
    if not database.exists():
        return False
    place = os.fsencode(path)
    below = place.rstrip(b"/") + b"/"
    with closing(_connect(database)) as connection:
        row = connection.execute(
            "SELECT 1 FROM source WHERE path = :place OR substr(path, 1, length(:below)) = :below LIMIT 1",
            {"place": place, "below": below},
        ).fetchone()
    return row is not None


def _connect(database: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error as error:
        raise NoDatabase(f"{database} cannot be read: {error}") from error
    try:
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if ours and not empty:
            return connection
    except sqlite3.OperationalError as error:
        connection.close()
        raise NoDatabase(f"{database} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise NotOurDatabase(f"{database} is not a tokenmon database: {error}", "give --db another name") from error
    connection.close()
    raise NotOurDatabase(f"{database} is not a tokenmon database", "give --db another name")
