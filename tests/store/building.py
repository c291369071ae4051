"""Small events and batches for the store's tests, and what must hold of any database at any commit."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tokenmon.events import Event, Names, identity_of_id, identity_of_rewritten
from tokenmon.source import Checkpoint, RejectedLine, Row, Step, Tally
from tokenmon.store.requests import identity_of_echo, request_hash
from tokenmon.store.schema import COUNTS, HOUR, LEVELS, SUMS
from tokenmon.store.writer import Committed, Writer

START = 490_000 * HOUR
"""November 2025, on a full hour."""

NAMES_OF_TESTS = Names(host="box", dialect="native", integration="cron", provider="openai", model="gpt-5")


def an_event(call: str = "", *, at: int = 0, names: Names = NAMES_OF_TESTS, **fields: Any) -> Event:
    """An event `at` milliseconds after START."""
    values: dict[str, Any] = {"input": 100, "output": 10, "id": call} | fields
    return Event(ts=START + at, names=names, **values)


def a_row(event: Event, *, offset: int = 0, cost: int | None = 7, line: int = 0) -> Row:
    """The event as the ingester hands it over."""
    if event.echo:
        identity = identity_of_echo(request_hash(event.request_id))
    elif event.rewritten:
        identity = identity_of_rewritten(event.names, event.id, event.attempt)
    else:
        identity = identity_of_id(event.names, event.id)
    return Row(event, identity, offset, line, cost, "" if cost is None else "openai/gpt-5")


def a_copy(call: str, attempt: str = "", *, at: int = 0, line: int = 0, **fields: Any) -> Row:
    """One line of a call that its producer writes several times."""
    return a_row(an_event(call, at=at, attempt=attempt, rewritten=True, **fields), line=line)


def a_source(path: str = "/logs/a.jsonl", inode: int = 1) -> Checkpoint:
    """A source that the store has not seen yet."""
    return Checkpoint(path=path, dev=1, ino=inode, lineage=inode)


def a_step(
    before: Checkpoint, rows: Iterable[Row] = (), rejects: Iterable[RejectedLine] = (), tally: Tally | None = None
) -> Step:
    """A step a thousand bytes long."""
    after = msgspec.structs.replace(before, offset=before.offset + 1000)
    return Step(before, after, list(rows), list(rejects), tally or Tally())


def commit(writer: Writer, *steps: Step, live: bool = True) -> Committed:
    """Commit with nothing else to say."""
    return writer.commit(steps, backlog=0, now_ms=START, live=live)


@contextmanager
def looking_at(path: Path) -> Iterator[sqlite3.Connection]:
    """The database as somebody else sees it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def rows_of(path: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """What a query answers now."""
    with looking_at(path) as connection:
        return connection.execute(query, values).fetchall()


def events_in(path: Path) -> list[tuple[object, ...]]:
    """Every event without the ids that depend on the order of arrival."""
    return rows_of(
        path,
        f"SELECT ts, h, model, e.{', e.'.join(COUNTS)}, cost_logged, cost_list, e.err, s.name, uid, speed, line"
        " FROM event AS e JOIN series ON series.id = e.series LEFT JOIN session AS s ON s.id = e.session"
        " ORDER BY ts, h",
    )


_OF_EVENTS = f"""SELECT ts / {HOUR}, series, count(*), sum(err), {", ".join(f"sum({c})" for c in COUNTS)},
coalesce(sum(cost_logged), 0), coalesce(sum(cost_list), 0), min(ts), max(ts) FROM event
WHERE ts >= coalesce((SELECT value FROM meta WHERE name = 'watermark'), 0)
AND ts / {HOUR} NOT IN (SELECT k FROM dirty) GROUP BY 1, 2 ORDER BY 1, 2"""

_SESSIONS = """SELECT session, count(*), sum(err), sum(input + cache_read + cache_write_5m + cache_write_1h + output),
sum(coalesce(cost_logged, cost_list, 0)), sum(cost_logged IS NULL AND cost_list IS NULL) FROM event
WHERE session IS NOT NULL GROUP BY 1 ORDER BY 1"""


def check_invariant(path: Path) -> None:
    """Roll-ups of clean hours are the sums of their events, and every wider level is the sum of `r1h`."""
    with looking_at(path) as connection:
        truth = connection.execute(_OF_EVENTS).fetchall()
        clean = (
            "SELECT * FROM r1h WHERE k NOT IN (SELECT k FROM dirty) AND"
            f" k * {HOUR} >= coalesce((SELECT value FROM meta WHERE name = 'watermark'), 0) ORDER BY k, series"
        )
        assert connection.execute(clean).fetchall() == truth
        for level, width in LEVELS[1:]:
            summed = ", ".join(f"sum({column})" for column in SUMS)
            of_hours = (
                f"SELECT k / {width // HOUR}, series, {summed}, min(first_ts), max(last_ts) FROM r1h GROUP BY 1, 2"
            )
            of_level = f"SELECT * FROM {level} ORDER BY k, series"
            assert connection.execute(of_level).fetchall() == connection.execute(of_hours).fetchall(), level


def check_sessions(path: Path) -> None:
    """Lifetime totals are the sums of events, as long as none was pruned."""
    stored = rows_of(path, "SELECT id, n, err, tokens, cost, unpriced FROM session WHERE n > 0 ORDER BY id")
    assert stored == rows_of(path, _SESSIONS)
