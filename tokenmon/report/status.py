"""`tokenmon status`: is everything read, is anything wrong. Read only; its exit code is meant for a monitor.

0 fine, 1 an alert fires or a source with an expected cadence is late, 2 nobody ingests, whoever does cannot store
anything, or a source fails. A source that merely has nothing new is fresh, and invalid lines are a note, not an alarm.
"""

import os
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from tokenmon import doubts, limits
from tokenmon.alerts import UNPRICED_MODEL, too_many
from tokenmon.dialects import Place
from tokenmon.dialects.chosen import left_out
from tokenmon.events import Limit
from tokenmon.exact import harmless, instant, json_text
from tokenmon.report.output import Column, folded, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.report.unpriced import entry
from tokenmon.store.answers import AlertRow, DialectHealth, Health, SourceHealth, Unpriced
from tokenmon.text import many

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

SCHEMA = "tokenmon.status/1"


def is_running(health: Health, now_ms: int) -> bool:
    """Whether somebody ingests and still gives signs of life."""
    return health.ingester_pid is not None and not health.ingester_hangs(now_ms)


def exit_code(health: Health, now_ms: int) -> int:
    """0, 1 or 2 (design, section 5)."""
    states = {source.state(now_ms) for source in health.sources}
    if "failed" in states or health.held_up or not is_running(health, now_ms):
        return 2
    return 1 if "stale" in states or any(alert.state == "firing" for alert in health.alerts) else 0


def run(question: Question) -> int:
    """Print the health of the database and return the exit code."""

    async def answer(reader: "Reader") -> Health:
        return await reader.health()

    health, now_ms = ask(question, answer), question.now()
    if question.form == "json":
        write(json_text(document(health, now_ms)))
    else:
        apart = left_out(question.settings, os.environ, Path.home())
        lines = plain_lines(health, now_ms, question.settings.zone())
        write("\n".join([*(f"left out   {_place(place)}" for place in apart), *lines]))
    return exit_code(health, now_ms)


def _place(place: Place) -> str:
    return f"{harmless(place.label)}: {harmless(str(place.path))}"


def _at(ms: int | None) -> str | None:
    return None if ms is None else instant(ms)


def document(health: Health, now_ms: int) -> dict[str, object]:
    """The document of `--json` (design, section 5)."""
    return {
        "schema": SCHEMA,
        "database": {
            "path": harmless(health.path),
            "size_bytes": health.size_bytes,
            "events": health.events,
            "series": health.series,
            "schema_version": health.schema_version,
        },
        "ingester": {
            "running": is_running(health, now_ms),
            "pid": health.ingester_pid,
            "alive_at": _at(health.ingester_alive_at),
            **({"paused": harmless(health.held_up)} if health.held_up else {}),
        },
        "backlog_bytes": health.backlog_bytes,
        "prices": {"version": health.prices_version or None, "date": health.prices_date or None},
        "dialects": [_dialect(dialect) for dialect in health.dialects],
        "sources": [_source(source, now_ms) for source in health.sources],
        "alerts": [
            {
                "id": alert.id,
                "kind": alert.kind,
                "severity": alert.severity,
                "state": alert.state,
                "title": harmless(alert.title),
                "count": alert.count,
                "since": _at(alert.since),
            }
            for alert in health.alerts
            if alert.state != "ok"
        ],
        "unpriced": [entry(each) for each in health.unpriced],
        "limits": [_limit(limit, now_ms) for limit in limits.standing(health.limits, now_ms)],
    }


def _limit(limit: Limit, now_ms: int) -> dict[str, object]:
    return {
        "dialect": limit.dialect,
        "name": limit.name,
        "plan": limit.plan or None,
        "window_minutes": limit.minutes,
        "used_percent": 0 if limits.is_reset(limit, now_ms) else limit.used,
        "reset": limits.is_reset(limit, now_ms),
        "resets_at": _at(limits.ends_at(limit)),
        "told_at": _at(limit.ts),
        "told_percent": limit.used,
    }


def _source(source: SourceHealth, now_ms: int) -> dict[str, object]:
    return {
        "path": harmless(source.path),
        "dialect": source.dialect or None,
        "state": source.state(now_ms),
        "offset": source.offset,
        "size": source.size,
        "lag_seconds": source.lag_ms(now_ms) // 1000,
        "events": source.events,
        "skipped": source.skipped,
        "rejects": source.rejects,
        "duplicates": source.duplicates,
        "unclaimed": source.unclaimed,
        **_quality(source),
        "last_event_at": _at(source.last_event),
        "last_change_at": _at(source.last_change),
        "error": harmless(source.error) or None,
    }


def _dialect(dialect: DialectHealth) -> dict[str, object]:
    return {
        "dialect": harmless(dialect.dialect) or None,
        "sources": dialect.sources,
        "events": dialect.events,
        "skipped": dialect.skipped,
        "rejects": dialect.rejects,
        "duplicates": dialect.duplicates,
        **_quality(dialect),
    }


def _quality(health: SourceHealth | DialectHealth) -> dict[str, object]:
    """How many events may be doubted, by the names that `--where quality=` takes, and why lines were rejected."""
    reasons = [{"reason": harmless(reason), "lines": n} for reason, n in health.reasons]
    return {**dict(zip(doubts.NAMES, health.doubts, strict=True)), "reasons": reasons}


# -- for people

_ALL_FINE = "fresh"
SHOWN_SOURCES = 20
TOLD = 8
"""Reasons of invalid lines that people are told."""
OTHER_COLUMNS = 50
"""What the columns beside a source's path take at most."""


def plain_lines(health: Health, now_ms: int, zone: tzinfo) -> list[str]:
    """What a person asks first: is it running, is it behind, what is wrong."""
    lines = [
        f"database   {harmless(health.path)}",
        f"           {many(health.events, 'event')}, {health.series:,} series, {health.size_bytes / 1e6:,.1f} MB",
        f"ingester   {_ingester(health, now_ms)}",
        f"backlog    {health.backlog_bytes:,} bytes to read",
        f"prices     genai-prices {health.prices_version or '?'}, {health.prices_date or 'date unknown'}",
    ]
    lines += _alerts(health, now_ms, zone)
    for limit in limits.standing(health.limits, now_ms):
        lines += _folded("limit", _told(limit, now_ms, zone))
    for model in health.unpriced:
        lines += _folded("unpriced", f"{_priced(model)}: {many(model.requests, 'request')}")
    lines += _quality_lines(health)
    lines += ["", _sources(health, now_ms)] if health.sources else ["", "No sources."]
    if health.sources_total > min(len(health.sources), SHOWN_SOURCES):
        lines.append(f"{health.sources_total:,} sources in all; --json lists more")
    return lines


def _alerts(health: Health, now_ms: int, zone: tzinfo) -> list[str]:
    """A few alerts of each kind, more of those that fire; what has no price is listed apart."""
    lines: list[str] = []
    standing = [each for each in health.alerts if each.state != "ok" and each.kind != UNPRICED_MODEL]
    folded = too_many(((each.kind, each.state == "firing"), each) for each in standing)
    for each in standing:
        if each not in folded.get((each.kind, each.state == "firing"), ()):
            since = limits.clock(each.since, now_ms, zone)
            lines += _folded(each.severity, f"{harmless(each.title)}{_where(each)} (since {since})")
    for (kind, _), alike in folded.items():
        lines += _folded(alike[0].severity, f"{kind}: {len(alike):,} more of these; --json lists them")
    return lines


def _folded(label: str, text: str) -> list[str]:
    """A fact in as many lines as it takes."""
    return folded(f"{label:<10} ", text)


def _priced(each: Unpriced) -> str:
    whose = "".join(f" ({harmless(name)})" for name in (each.provider, each.tier) if name)
    return harmless(each.model or "(none)") + whose


def _quality_lines(health: Health) -> list[str]:
    """What became of the lines of each dialect, and the most frequent reasons of invalid ones."""
    if not health.dialects:
        return []
    columns = [
        Column("Dialect", label=True),
        *map(Column, ("Sources", "Events", "Skipped", "Invalid", "Copies")),
        Column("In doubt", label=True),
    ]
    rows = [
        [
            each.dialect or "(not known)",
            *(f"{n:,}" for n in (each.sources, each.events, each.skipped, each.rejects, each.duplicates)),
            ", ".join(f"{n:,} {name}" for name, n in zip(doubts.NAMES, each.doubts, strict=True) if n) or "-",
        ]
        for each in health.dialects
    ]
    reasons = [(n, each.dialect, reason) for each in health.dialects for reason, n in each.reasons]
    reasons.sort(key=lambda found: -found[0])
    told = [f"{n:,} invalid in {harmless(name or 'no dialect')}: {harmless(why)}" for n, name, why in reasons[:TOLD]]
    return ["", *table(columns, rows, None, terminal_width()).splitlines(), *told]


def _where(alert: AlertRow) -> str:
    """What the alert is about, where its title does not say so itself."""
    return f": {harmless(alert.subject)}" if alert.subject and alert.subject not in alert.title else ""


def _told(limit: Limit, now_ms: int, zone: tzinfo) -> str:
    """How much of a limit is used, and until when."""
    end, name = limits.ends_at(limit), harmless(limits.title(limit))
    if end is not None and end <= now_ms:
        return f"{name}: whole again since {limits.clock(end, now_ms, zone)}"
    return f"{name}: {limit.used:g}% used" + (f", whole again {limits.clock(end, now_ms, zone)}" if end else "")


def _ingester(health: Health, now_ms: int) -> str:
    if health.held_up:
        return f"paused (process {health.ingester_pid}), nothing is stored: {harmless(health.held_up)}"
    if is_running(health, now_ms):
        return f"running (process {health.ingester_pid})"
    if health.ingester_pid is not None:
        return f"gives no sign of life (process {health.ingester_pid})"
    return "not running; open `tokenmon`, or run `tokenmon --ingest-only`"


def _sources(health: Health, now_ms: int) -> str:
    """The sources that are not fine first, then those that changed last."""
    states = {source.path: source.state(now_ms) for source in health.sources}
    chosen = sorted(health.sources, key=lambda each: (states[each.path] == _ALL_FINE, -(each.last_change or 0)))
    columns = [
        Column("Source", label=True),
        Column("Dialect", label=True),
        Column("State"),
        Column("Events"),
        Column("Invalid"),
        Column("Lag"),
    ]
    rows = [
        [
            _tail_of(each.path),
            each.dialect or "-",
            "gone" if each.gone else states[each.path],
            f"{each.events:,}",
            f"{each.rejects:,}",
            f"{each.lag_ms(now_ms) // 1000:,} s",
        ]
        for each in chosen[:SHOWN_SOURCES]
    ]
    body = table(columns, rows, None, terminal_width())
    errors = [f"{harmless(each.path)}: {harmless(each.error)}" for each in chosen if each.error and not each.gone]
    return "\n".join([body, *errors[:SHOWN_SOURCES]])


def _tail_of(path: str) -> str:
    """The end of a path, which tells more than its beginning."""
    text = harmless(path)
    room = max(20, terminal_width() - OTHER_COLUMNS)
    return text if len(text) <= room else "…" + text[1 - room :]
