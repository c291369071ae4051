"""How far each source is stored, asked without asyncio, for whoever waits for another process's ingester."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tokenmon.errors import NoDatabase


def offsets(database: Path) -> dict[str, int]:
    """Path of every live source and the bytes of it that are stored. NoDatabase where there is nothing to ask."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            rows = connection.execute("SELECT path, off FROM source WHERE gone = 0").fetchall()
    except sqlite3.Error as error:
        raise NoDatabase(f"{database}: {error}") from error
    return {os.fsdecode(path): offset for path, offset in rows}
