"""Between an event and its row: one tight loop makes narrow tuples of events, in the order of the columns below.

Everything after that loop (what is new, sums, sessions, tallies) works on these tuples, because attribute access on
a million events costs more than SQLite's insert.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tokenmon.events import Basis, Event, Flag, Names
from tokenmon.source import Row
from tokenmon.store.names import SeriesIds
from tokenmon.store.requests import request_hash
from tokenmon.store.schema import COUNTS

EventRow = tuple[Any, ...]
"""Integers and None, in the order of `COLUMNS`; plain events have no more than `PLAIN_COLUMNS`."""

Note = tuple[int, int, str | None, str | None, str | None]
"""ts, h, request id, error text, metadata."""

PLAIN_COLUMNS: tuple[str, ...] = (
    *("ts", "h", "series", *COUNTS, "cost_logged", "cost_list", "err", "session", "source", "off"),
    *("status", "latency_ms", "ttft_ms", "web_searches"),
)
COLUMNS: tuple[str, ...] = (*PLAIN_COLUMNS, "uid", "speed", "line")

SERIES, COST_LOGGED, COST_LIST, ERR, SESSION, SOURCE, OFF, WEB_SEARCHES, UID, SPEED, LINE = map(
    COLUMNS.index,
    (
        *("series", "cost_logged", "cost_list", "err", "session", "source", "off", "web_searches"),
        *("uid", "speed", "line"),
    ),
)

AHEAD_MS = 300_000
"""So far the clocks of two machines may differ before an event counts as one of the future."""

CALL, REPLAY, ECHO = 1, 2, 3
"""Values of `uid`."""

BIND_ERRORS = (OverflowError, UnicodeEncodeError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""What a value that SQLite cannot take raises. One line's fault, never the batch's."""


def total_of(row: EventRow) -> int:
    """All billed tokens of a row."""
    total: int = row[3] + row[4] + row[5] + row[6] + row[7]
    return total


def is_storable(row: EventRow) -> bool:
    """Whether every value is an integer that fits, or nothing."""
    return None not in row[:COST_LOGGED] and all(
        value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63) for value in row
    )


@dataclass
class Narrowed:
    """The rows of one batch on their way into the store."""

    plain: list[EventRow] = field(default_factory=list)
    rewritten: list[EventRow] = field(default_factory=list)
    requests: list[tuple[int, int, int]] = field(default_factory=list)
    """(hash, ts, h)."""
    notes: list[Note] = field(default_factory=list)
    refused: list[tuple[int, int, str]] = field(default_factory=list)
    """(source id, offset, reason) of events that cannot be stored."""


class Narrower:
    """Turns events into rows. Asks for ids that are not known yet, which may add a series or a session."""

    def __init__(self, series: SeriesIds, session_ids: dict[str, int], new_session: Callable[[str], int]) -> None:
        self._series = series
        self._session_ids = session_ids
        self._new_session = new_session

    def narrow(self, rows: Sequence[Row], source: int, watermark: int, now_ms: int, into: Narrowed) -> int:
        """Add the rows of one source to a batch; returns how many are older than the watermark, and left out."""
        future = now_ms + AHEAD_MS
        series_ids, session_ids = self._series.ids.get, self._session_ids.get
        plain, requests, notes = into.plain.append, into.requests.append, into.notes.append
        expired = 0
        for row in rows:
            event = row.event
            ts = event.ts
            if ts < watermark:
                expired += 1
                continue
            fresh, output = event.input, event.output
            cache_read, cache_write_5m = event.cache_read, event.cache_write_5m
            cache_write_1h, reasoning = event.cache_write_1h, event.reasoning
            cost_logged, cost_list = event.cost_logged, row.cost_list
            streamed, status = event.streamed, event.status
            # bits of events.Flag, spelled out: looking each up costs a tenth of the loop
            flags = 0 if cache_read is None else 1
            if cache_write_5m is not None:
                flags |= 2
            if cache_write_1h is not None:
                flags |= 4
            if reasoning is not None:
                flags |= 8
            if cost_logged is not None:
                flags |= 16
            if cost_list is not None:
                flags |= 32
            if event.assumed:
                flags |= 64
            if streamed is not None:
                flags |= 128 if streamed else 256
            if event.basis != "exact":
                flags |= 512 if event.basis == "provider_aggregate" else 1024
            if event.disagrees:
                flags |= 2048
            if event.untimed:
                flags |= 4096
            if not (output or fresh or cache_read or cache_write_5m or cache_write_1h):
                flags |= 8192
            if ts > future:
                flags |= 16384
            if event.echo:
                flags |= 32768
            combination = event.names, row.priced_as, flags
            series = series_ids(combination)
            session_name = event.session
            session = session_ids(session_name) if session_name else None
            if series is None or (session is None and session_name):
                try:
                    if series is None:
                        series = self._series.resolve(combination, source)
                    if session is None and session_name:
                        session = self._new_session(session_name)
                except BIND_ERRORS as refusal:
                    into.refused.append((source, row.offset, reason_of(refusal)))
                    continue
            h = row.identity
            narrow = (
                ts,
                h,
                series,
                fresh,
                cache_read or 0,
                cache_write_5m or 0,
                cache_write_1h or 0,
                output,
                reasoning or 0,
                cost_logged,
                cost_list,
                1 if event.failed or event.error or (status is not None and status >= 400) else 0,
                session,
                source,
                row.offset,
                status,
                event.latency_ms,
                event.ttft_ms,
                event.web_searches or None,
            )
            if event.rewritten:
                uid = ECHO if event.echo else REPLAY if event.replay else CALL
                into.rewritten.append((*narrow, uid, 1 if event.has_speed else 0, row.line_hash))
            else:
                plain(narrow)
            request_id = event.request_id
            if request_id:
                requests((request_hash(request_id), ts, h))
            if event.keeps_details:
                error, metadata = event.error, event.metadata
                if request_id or error or metadata:
                    notes((ts, h, request_id or None, error or None, metadata or None))
                if event.id and event.id != request_id:
                    requests((request_hash(event.id), ts, h))
        return expired


def reason_of(error: Exception) -> str:
    """Why an event cannot be stored, without any value of it."""
    if isinstance(error, UnicodeEncodeError):
        return "a name is not valid text"
    return "a value is out of range"


def event_of(names: Names, flags: int, row: EventRow) -> Event:
    """What pricing must know of a stored event."""
    streamed = True if flags & Flag.STREAMED else False if flags & Flag.UNSTREAMED else None
    return Event(
        ts=row[0],
        names=names,
        input=row[3],
        output=row[7],
        cache_read=row[4] if flags & Flag.CACHE_READ else None,
        cache_write_5m=row[5] if flags & Flag.CACHE_WRITE_5M else None,
        cache_write_1h=row[6] if flags & Flag.CACHE_WRITE_1H else None,
        reasoning=row[8] if flags & Flag.REASONING else None,
        cost_logged=row[COST_LOGGED],
        web_searches=row[WEB_SEARCHES] or 0,
        streamed=streamed,
        assumed=bool(flags & Flag.ASSUMED),
        basis=Basis.AGGREGATE if flags & Flag.AGGREGATE else Basis.ESTIMATE if flags & Flag.ESTIMATE else Basis.EXACT,
    )
