"""Single facts about the whole database, one row each. Writing what is already there writes nothing, so that
viewers, who redraw whenever the database changes, are left in peace."""

import sqlite3
from collections.abc import Mapping

Value = str | int


def get(connection: sqlite3.Connection, name: str) -> Value | None:
    """The fact of that name, None where it was never written."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def get_int(connection: sqlite3.Connection, name: str) -> int:
    """A number of that name, 0 where it was never written."""
    value = get(connection, name)
    return value if isinstance(value, int) else 0


def put(connection: sqlite3.Connection, values: Mapping[str, Value]) -> None:
    """Write those facts that are new or changed."""
    changed = [(name, value) for name, value in values.items() if get(connection, name) != value]
    if changed:
        connection.executemany(
            "INSERT INTO meta(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            changed,
        )
