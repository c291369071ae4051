"""The largest running totals of whatever only tells totals, stored together with the calls that were made of them."""

import sqlite3
from collections.abc import Sequence

from tokenmon.source import Step, Totals

_columns = Totals._fields
_TOTALS = f"SELECT {', '.join(_columns)} FROM running WHERE dialect = ? AND name = ?"
_KEEP = f"""INSERT INTO running(dialect, name, {", ".join(_columns)}) VALUES (?, ?, {", ".join("?" * len(_columns))})
ON CONFLICT(dialect, name) DO UPDATE SET {", ".join(f"{name} = max({name}, excluded.{name})" for name in _columns)}"""


def totals_of(connection: sqlite3.Connection, dialect: str, call_id: str) -> Totals:
    """What is known of one id; zeros where nothing is."""
    row = connection.execute(_TOTALS, (dialect, _name(call_id))).fetchone()
    return Totals(*row) if row else Totals()


def keep(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Store the totals that the steps reached."""
    reached = [
        (dialect, _name(call_id), *totals) for step in steps for (dialect, call_id), totals in step.totals.items()
    ]
    connection.executemany(_KEEP, reached)


def _name(call_id: str) -> str:
    """An id as SQLite takes it: half a surrogate pair is no text."""
    return call_id.encode("utf-8", "backslashreplace").decode()
