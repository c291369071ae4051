"""Many rows a statement: what a cold read costs in SQLite is the start and end of statements more than the rows.

Twenty rows share one run of a statement, as more bring nothing. And Python asks every None that it binds for an
adapter and for `__conform__`, which costs as much as binding five integers; one that it is told of is found at once.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

_ROWS = 20

_no_values: dict[None, None] = {}
sqlite3.register_adapter(type(None), _no_values.get)


class Insert:
    """`INSERT OR IGNORE` into some columns of a table."""

    def __init__(self, table: str, columns: Sequence[str], places: str = "") -> None:
        """`places`: what stands in the place of a row's values, where it is more than those."""
        row = f"({places or ', '.join('?' * len(columns))})"
        self.one = f"INSERT OR IGNORE INTO {table}({', '.join(columns)}) VALUES {row}"
        self._many = f"{self.one}{f', {row}' * (_ROWS - 1)}"

    def all(self, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert the rows; returns how many were not there yet."""
        whole = len(rows) // _ROWS * _ROWS
        inserted = 0
        if whole:
            packs = (_together(rows[i : i + _ROWS]) for i in range(0, whole, _ROWS))
            inserted += connection.executemany(self._many, packs).rowcount
        if whole < len(rows):
            inserted += connection.executemany(self.one, rows[whole:]).rowcount
        return inserted


def _together(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The values of some rows, one after another."""
    values: list[Any] = []
    for row in rows:
        values += row
    return values
