"""What feeds the database and how it is: read for the Health panel and `tokenmon status`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenmon.dimensions import DIMENSIONS
from tokenmon.doubts import DOUBTS
from tokenmon.events import Limit
from tokenmon.store import allowances
from tokenmon.store.answers import AlertRow, DialectHealth, Health, RejectSample, SourceHealth, Unpriced
from tokenmon.store.catalogue import Catalogue
from tokenmon.store.lock import held_up, holder
from tokenmon.store.schema import HOUR
from tokenmon.store.snapshot import Row, Snapshot
from tokenmon.store.vectors import Pieces
from tokenmon.text import sanitise

MAX_SOURCES = 1_000
_MAX_REJECTS = 100
_MAX_REASONS = 50
_OF_PRICES = tuple(dimension for dimension in DIMENSIONS if dimension.name in ("provider", "model", "tier"))

_TALLIES = (
    "offset", "size", "events", "skipped", "rejects", "duplicates", "expired", "lost_bytes", "unclaimed",
)  # fmt: skip
_SHOWN = "(kind = 'lines' OR dialect <> '' OR rejects > 0 OR error <> '')"
"""A document that is nobody's is only remembered, so that it is not read again."""
_SOURCES = f"""
SELECT off, size, events, skipped, rejects, duplicates, expired, lost_bytes, unclaimed,
  path, dialect, gone, last_event, last_change, error, id
FROM source WHERE {_SHOWN} ORDER BY ifnull(last_change, last_seen) DESC, id DESC LIMIT {MAX_SOURCES}
"""
_DIALECTS = f"""
SELECT dialect, count(*), sum(events), sum(skipped), sum(rejects), sum(duplicates) FROM source
WHERE {_SHOWN} GROUP BY dialect ORDER BY sum(events) DESC, dialect
"""
_OF_SOURCES = """
SELECT source, {name}, n FROM {table} WHERE source IN (SELECT value FROM json_each(?)) ORDER BY n DESC, 2
"""
_OF_DIALECTS = """
SELECT source.dialect, {table}.{name}, sum({table}.n) AS n FROM {table} JOIN source ON source.id = {table}.source
GROUP BY 1, 2 ORDER BY 3 DESC, 2
"""
_ALERTS = """
SELECT id, kind, subject, severity, state, title, count, since FROM alert
ORDER BY CASE state WHEN 'firing' THEN 0 WHEN 'info' THEN 1 ELSE 2 END, since DESC, id
"""
_REJECTS = f"""
SELECT source.path, reject.off, reject.length, reject.reason, reject.at
FROM reject JOIN source ON source.id = reject.source
ORDER BY reject.at DESC, reject.source, reject.off LIMIT {_MAX_REJECTS}
"""


async def read(snapshot: Snapshot, path: Path, catalogue: Catalogue, everything: Pieces, dirty_hours: int) -> Health:
    """Everything at once; `everything` is the vector over all time."""
    meta = await meta_of(snapshot)
    totals = await snapshot.one(f"SELECT count(*) FROM source WHERE {_SHOWN}")
    version = await snapshot.one("PRAGMA user_version")
    rejects = await snapshot.all(_REJECTS)
    pid, alive_at = holder(path) or (None, None)
    return Health(
        path=str(path),
        size_bytes=_size(path),
        events=everything.totals(catalogue).columns[0],
        series=len(catalogue),
        schema_version=version[0] if version else 0,
        ingester_pid=pid,
        ingester_alive_at=alive_at,
        held_up=sanitise(held_up(path)),
        backlog_bytes=_number(meta, "backlog") or 0,
        backfill_bytes=_number(meta, "backfill") or 0,
        caught_up=bool(meta.get("caught_up")),
        watermark=_number(meta, "watermark"),
        prices_version=sanitise(str(meta.get("prices_version", ""))),
        prices_date=sanitise(str(meta.get("prices_date", ""))),
        dirty_hours=dirty_hours,
        sources=await _sources(snapshot),
        dialects=await _dialects(snapshot),
        sources_total=totals[0] if totals else 0,
        alerts=await alerts_of(snapshot),
        unpriced=_unpriced(catalogue, everything),
        rejects=tuple(RejectSample(os.fsdecode(row[0]), row[1], row[2], sanitise(row[3]), row[4]) for row in rejects),
        places=_places(meta),
        limits=await limits_of(snapshot),
    )


async def alerts_of(snapshot: Snapshot) -> tuple[AlertRow, ...]:
    """All alerts, those that fire first."""
    return tuple(_alert(row) for row in await snapshot.all(_ALERTS))


async def limits_of(snapshot: Snapshot) -> tuple[Limit, ...]:
    """The newest news of each official limit."""
    return tuple(map(allowances.limit_of, await snapshot.all(allowances.QUESTION)))


async def meta_of(snapshot: Snapshot) -> dict[str, Any]:
    """All single facts."""
    return dict(await snapshot.all("SELECT name, value FROM meta"))


async def paths_of(snapshot: Snapshot) -> list[str]:
    """The paths that the database is about."""
    found = _decoded((await meta_of(snapshot)).get("paths"))
    return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []


_Counts = dict[object, list[tuple[str, int]]]
"""By source or dialect: names and how often, the most frequent first."""


async def _counts(snapshot: Snapshot, statement: str, table: str, name: str, *bound: object) -> _Counts:
    found: _Counts = {}
    for key, text, n in await snapshot.all(statement.format(table=table, name=name), bound):
        found.setdefault(key, []).append((sanitise(text), n))
    return found


async def _sources(snapshot: Snapshot) -> tuple[SourceHealth, ...]:
    rows = await snapshot.all(_SOURCES)
    ids = json.dumps([row[-1] for row in rows])
    doubted = await _counts(snapshot, _OF_SOURCES, "doubt", "name", ids)
    reasons = await _counts(snapshot, _OF_SOURCES, "reason", "reason", ids)
    return tuple(_source(row, doubted.get(row[-1], []), reasons.get(row[-1], [])) for row in rows)


async def _dialects(snapshot: Snapshot) -> tuple[DialectHealth, ...]:
    doubted = await _counts(snapshot, _OF_DIALECTS, "doubt", "name")
    reasons = await _counts(snapshot, _OF_DIALECTS, "reason", "reason")
    return tuple(
        DialectHealth(
            sanitise(dialect),
            sources,
            events,
            skipped,
            rejects,
            duplicates,
            doubts=_in_order(doubted.get(dialect, [])),
            reasons=tuple(reasons.get(dialect, [])[:_MAX_REASONS]),
        )
        for dialect, sources, events, skipped, rejects, duplicates in await snapshot.all(_DIALECTS)
    )


def _in_order(doubted: list[tuple[str, int]]) -> tuple[int, ...]:
    """A number for each of `DOUBTS`."""
    known = dict(doubted)
    return tuple(known.get(doubt.name, 0) for doubt in DOUBTS)


def _source(row: Row, doubted: list[tuple[str, int]], reasons: list[tuple[str, int]]) -> SourceHealth:
    numbers = dict(zip(_TALLIES, row, strict=False))
    path, dialect, gone, last_event, last_change, error, _ = row[len(_TALLIES) :]
    return SourceHealth(
        path=os.fsdecode(path),
        dialect=sanitise(dialect),
        gone=bool(gone),
        last_event=last_event,
        last_change=last_change,
        error=sanitise(error),
        doubts=_in_order(doubted),
        reasons=tuple(reasons),
        **numbers,
    )


def _alert(row: Row) -> AlertRow:
    identity, kind, subject, severity, state, title, count, since = row
    return AlertRow(identity, kind, sanitise(subject), severity, state, sanitise(title), count, since)


def _unpriced(catalogue: Catalogue, everything: Pieces) -> tuple[Unpriced, ...]:
    """What has calls with neither kind of cost, most calls first."""
    found = []
    for (provider, model, tier), tally in everything.tallies(catalogue, _OF_PRICES).items():
        if tally.unpriced:
            whose = provider or "", tier or ""
            found.append(Unpriced(model or "", tally.unpriced, tally.unpriced_tokens, *whose))
    return tuple(sorted(found, key=lambda each: (-each.requests, each.model, each.provider, each.tier)))


def _places(meta: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    places = _decoded(meta.get("places"))
    if not isinstance(places, list):
        return ()
    return tuple((sanitise(str(label)), str(path)) for label, path in places)


def _decoded(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(meta: Mapping[str, Any], name: str) -> int | None:
    value = meta.get(name)
    return value if isinstance(value, int) else None


def _size(path: Path) -> int:
    """Bytes of the database and what is not yet merged into it."""
    size = 0
    for name in (str(path), f"{path}-wal"):
        try:
            size += os.stat(name).st_size
        except OSError:
            continue
    return size


def dirty_hours(dirty: tuple[tuple[int, int], ...]) -> int:
    """Hours in spans."""
    return sum(high - low for low, high in dirty) // HOUR
