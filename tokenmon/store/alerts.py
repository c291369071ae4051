"""Alerts as the store keeps them: one row per kind and subject, whose `since` holds as long as it fires."""

import sqlite3
from collections.abc import Sequence
from typing import Protocol

OVERFLOW_KIND = "series_overflow"
"""Raised by the store itself, in the transaction that replaced a name; no rule knows of it."""

OVERFLOW_MS = 24 * 3_600_000
"""So long after the last name that was replaced it goes on to fire."""


class Alert(Protocol):
    """What a rule says about one subject."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def count(self) -> int: ...


_UPSERT = """INSERT INTO alert(kind, subject, severity, state, title, count, since, updated)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT(kind, subject) DO UPDATE SET
severity = excluded.severity, title = excluded.title, count = excluded.count, updated = excluded.updated,
since = CASE state WHEN 'ok' THEN excluded.since ELSE since END, state = excluded.state
WHERE (severity, state, title, count) IS NOT (excluded.severity, excluded.state, excluded.title, excluded.count)"""


def sweep(connection: sqlite3.Connection, alerts: Sequence[Alert], now_ms: int) -> None:
    """Store what fires now; whatever fired before and is not among them is fine again. Changes only are written."""
    firing = {(alert.kind, alert.subject) for alert in alerts}
    standing = connection.execute(
        "SELECT kind, subject FROM alert WHERE state <> 'ok' AND (kind <> ? OR updated < ?)",
        (OVERFLOW_KIND, now_ms - OVERFLOW_MS),
    ).fetchall()
    connection.executemany(
        "UPDATE alert SET state = 'ok', updated = ? WHERE kind = ? AND subject = ?",
        [(now_ms, *key) for key in standing if key not in firing],
    )
    connection.executemany(_UPSERT, [_values(alert, now_ms) for alert in alerts])


def _values(alert: Alert, now_ms: int) -> tuple[object, ...]:
    state = "info" if alert.severity == "info" else "firing"
    return alert.kind, alert.subject, alert.severity, state, alert.title, alert.count, now_ms


def overflowed(connection: sqlite3.Connection, field: str, path: str, more: int, now_ms: int) -> None:
    """Say that values of a name, from one source, are stored as `(overflow)`; counts add up while it fires."""
    subject = f"{field} {path}"
    row = connection.execute(
        "SELECT count FROM alert WHERE kind = ? AND subject = ? AND state <> 'ok'", (OVERFLOW_KIND, subject)
    ).fetchone()
    count = more + (row[0] if row else 0)
    title = f"too many different values of {field}: new ones are stored as (overflow), from {path}"
    connection.execute(_UPSERT, (OVERFLOW_KIND, subject, "warning", "firing", title, count, now_ms))
