"""The newest news of each official limit, whatever order logs are read in: one row per dialect, plan and name."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from tokenmon.events import Limit
from tokenmon.text import sanitise

MOST = 200
"""Limits that are kept: a producer that puts a fresh value into a name must not fill the database."""

QUESTION = f"SELECT ts, dialect, name, used, minutes, resets_at, plan FROM allowance ORDER BY ts DESC LIMIT {MOST}"

_REMEMBER = """
INSERT INTO allowance(dialect, plan, name, used, minutes, resets_at, ts) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(dialect, plan, name) DO UPDATE SET
  used = excluded.used, minutes = excluded.minutes, resets_at = excluded.resets_at, ts = excluded.ts
WHERE excluded.ts >= allowance.ts
  AND (excluded.used, excluded.minutes, excluded.resets_at, excluded.ts) IS NOT (used, minutes, resets_at, ts)"""

_FORGET = f"""
DELETE FROM allowance WHERE (dialect, plan, name) NOT IN (
  SELECT dialect, plan, name FROM allowance ORDER BY ts DESC LIMIT {MOST})"""


def remember(connection: sqlite3.Connection, news: Iterable[Limit]) -> None:
    """Keep what is newer than what is known; of two of one moment the later one."""
    newest: dict[tuple[str, str, str], Limit] = {}
    for limit in news:
        key = (limit.dialect, limit.plan, limit.name)
        known = newest.get(key)
        if known is None or limit.ts >= known.ts:
            newest[key] = limit
    if newest:
        rows = [(*key, each.used, each.minutes, each.resets_at, each.ts) for key, each in newest.items()]
        connection.executemany(_REMEMBER, rows)
        connection.execute(_FORGET)


def limit_of(row: tuple[Any, ...]) -> Limit:
    """A row of `QUESTION`."""
    ts, dialect, name, used, minutes, resets_at, plan = row
    return Limit(ts, sanitise(dialect), sanitise(name), used, minutes, resets_at, sanitise(plan))
