"""Ten million events by SQL alone, in the time that the real ingester needs for one million: for the panels' benches.

2,000 series, a few of which have most of the events, spread evenly over 60 days. Every fifty events begin a session,
eight of which go on at any time; some calls have none, and one session goes on all the time.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.ingesting import NOW
from tests.store.filling import add_series, add_source, create, set_meta
from tokenmon.events import Flag
from tokenmon.store import rollups
from tokenmon.store.schema import COUNTS, HOUR

EVENTS = 10_000_000
SERIES = 2_000
SPAN = 60 * 24 * HOUR
BATCH = 500_000
EVENTS_OF_SESSION = 50

KINDS = (
    Flag.LISTED | Flag.CACHE_READ | Flag.CACHE_WRITE_5M,
    Flag.LISTED | Flag.LOGGED | Flag.REASONING,
    Flag.LISTED | Flag.CACHE_READ,
    0,
)
MODELS = (
    ("anthropic", "claude-opus-4-5"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-5.1"), ("openai", "gpt-5-mini"), ("openai", "gpt-4.1"),
    ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"),
)  # fmt: skip

_COUNTS = {"input": "100 + q % 5000", "output": "10 + q % 900"}
_FLAG_OF = {
    "cache_read": (Flag.CACHE_READ, "q * 3 % 90000"),
    "cache_write_5m": (Flag.CACHE_WRITE_5M, "q % 3000"),
    "cache_write_1h": (Flag.CACHE_WRITE_1H, "q % 1000"),
    "reasoning": (Flag.REASONING, "q % 100"),
}


def _count(name: str) -> str:
    if name in _COUNTS:
        return _COUNTS[name]
    flag, value = _FLAG_OF[name]
    return f"iif(s.flags & {int(flag)}, {value}, 0)"


_INSERT = f"""
INSERT INTO event(ts, h, series, {", ".join(COUNTS)},
  cost_logged, cost_list, err, status, latency_ms, source, off, session)
WITH RECURSIVE number(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n < ?2),
drawn AS MATERIALIZED (
  SELECT n, random() AS h, (random() & 1048575) / 1048576.0 AS u, random() & 65535 AS q FROM number)
SELECT ?3 + n * ?4 + q % ?4, h, s.id, {", ".join(map(_count, COUNTS))},
  iif(s.flags & {int(Flag.LOGGED)}, q * 1000, NULL), iif(s.flags & {int(Flag.LISTED)}, q * 900, NULL),
  q % 50 = 0, iif(q % 50 = 0, 500, 200), q % 9000, 1, n * 400,
  CASE WHEN q % 10 = 0 THEN NULL WHEN q % 97 = 0 THEN 1 ELSE 2 + n / {EVENTS_OF_SESSION} + q % 8 END
FROM drawn CROSS JOIN series s ON s.id = 1 + CAST({SERIES} * u * u * u AS INTEGER)
"""

_SESSIONS = """
INSERT INTO session(id, name, n, err, tokens, cost, unpriced, first_ts, last_ts)
SELECT session, format('%08x-%d', session * 2654435761 % 4294967296, session), count(*), sum(err),
  sum(input + cache_read + cache_write_5m + cache_write_1h + output), sum(coalesce(cost_logged, cost_list, 0)),
  sum(cost_logged IS NULL AND cost_list IS NULL), min(ts), max(ts)
FROM event WHERE session IS NOT NULL GROUP BY session
"""


def fill(path: Path, events: int) -> None:
    """Make the database: events, then every roll-up."""
    with closing(create(path)) as database:
        add_source(database)
        for number in range(SERIES):
            provider, model = MODELS[number % len(MODELS)]
            names = {"user": f"user-{number % 97:02}", "project": f"project-{number}", "key_name": f"key-{number % 61}"}
            add_series(database, KINDS[number % len(KINDS)], provider=provider, model=model, host="prod", **names)
        step = SPAN // events
        for start in range(0, events, BATCH):
            last = min(start + BATCH, events) - 1
            database.execute(_INSERT, (start, last, NOW - SPAN, step))
        database.execute(_SESSIONS)
        _roll_up(database)
        set_meta(database, {"history": 1, "backlog": 0})
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _roll_up(database: sqlite3.Connection) -> None:
    """As after a cold read: every hour is dirty and rebuilt."""
    rollups.mark(database, range((NOW - SPAN) // HOUR, NOW // HOUR + 1))
    rollups.rebuild(database, 600)
