"""`tokenmon dialects --try FILE`: what the first lines of a file become and why, without a database.

It is what people look at while they write a mapping, so every line tells all that was understood of it, and where
nothing was, what stands in the way.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from textwrap import wrap

from tokenmon.dialects import Dialect, by_name
from tokenmon.dialects.chosen import configured, known_dialects
from tokenmon.errors import TokenmonError, UnknownPath, UsageError
from tokenmon.events import NAMES, Event, Limit
from tokenmon.exact import Value, exact_money, harmless, instant, json_text, money
from tokenmon.ingest.trial import Trial, Tried, try_file
from tokenmon.pricing import open_book
from tokenmon.report import figures
from tokenmon.report.output import cells, terminal_width, write
from tokenmon.report.question import Format
from tokenmon.settings import Settings
from tokenmon.source import Row
from tokenmon.text import clip, hide_secrets, many, sanitise

LINES = 20
"""Lines that are tried unless more are asked for."""

INDENT = 9

OWN = (
    "A changed mapping counts for new lines: what a database has read already is not read again. "
    "To read it all with this one, name another database: tokenmon --db FILE PATH."
)
DESCRIBE = (
    "To read it, describe it in config.toml: a table [formats.NAME] says which lines are calls "
    "and which field holds what (README, A format of your own)."
)


def run(settings: Settings, file: str, name: str | None, limit: int, form: Format, cache: Path) -> int:
    """Try a file, by one dialect only where `name` says so. UnknownPath, UsageError, ConfigError."""
    formats, dialects = configured(settings), known_dialects(settings)
    if name is not None:
        only = by_name(name, dialects)
        if only is None:
            names = ", ".join(dialect.name for dialect in dialects)
            raise UsageError(f"--format: there is no dialect {name!a}", f"choose from {names}")
        dialects, formats = (only,), [each for each in formats if each.name == name]
    book = open_book(settings.prices, cache)
    try:
        trial = try_file(file, book, dialects, formats, limit or None)
    except FileNotFoundError:
        raise UnknownPath(f"there is no file {harmless(file)}") from None
    except OSError as error:
        hint = "name one of the files in it" if os.path.isdir(file) else ""
        raise TokenmonError(f"cannot read {harmless(file)}: {error.strerror or error}", hint) from error
    if form == "json":
        write(json_text(document(trial)))
    else:
        own = trial.dialect is not None and trial.dialect.name in settings.formats
        write("\n".join(plain_lines(trial, dialects, settings.zone(), terminal_width(), own=own)))
    return 0


# -- for scripts


def document(trial: Trial) -> dict[str, object]:
    """`dialects --try FILE --json`."""
    return {
        "schema": "tokenmon.trial/1",
        "path": harmless(trial.path),
        "dialect": trial.dialect.name if trial.dialect else None,
        "decided_by_line": trial.decided_by or None,
        "document": trial.is_document,
        "outcomes": dict(sorted(_outcomes(trial).items())),
        "more": trial.more,
        "lines": [_line(each) for each in trial.lines],
    }


def _line(tried: Tried) -> dict[str, object]:
    return {
        "line": tried.number,
        "offset": tried.offset,
        "outcome": tried.outcome,
        "reason": tried.reason or None,
        "same_call_as_line": tried.again or None,
        "events": [_event(row) for row in tried.rows],
        "limits": [{"name": each.name, "used_percent": each.used, "ts": instant(each.ts)} for each in tried.limits],
        "usage_fields": [_shown(path) for path in tried.usage],
        "objections": {name: objection for name, objection in tried.objections if objection},
    }


def _event(row: Row) -> dict[str, Value]:
    event = row.event
    return {
        "ts": instant(event.ts),
        **{name: harmless(value) or None for name, value in zip(NAMES, event.names, strict=True) if name != "host"},
        "id": _plain(event.id) or None,
        "session": _plain(event.session) or None,
        "request_id": _plain(event.request_id) or None,
        "input_tokens": event.input,
        "cache_read_tokens": event.cache_read,
        "cache_write_5m_tokens": event.cache_write_5m,
        "cache_write_1h_tokens": event.cache_write_1h,
        "output_tokens": event.output,
        "reasoning_tokens": event.reasoning,
        "total_tokens": event.total,
        "cost_logged_usd": money(event.cost_logged),
        "cost_list_usd": money(row.cost_list),
        "cost_kind": _kind(row),
        "priced_as": harmless(row.priced_as) or None,
        "assumed": event.assumed,
        "untimed": event.untimed,
        "total_disagrees": event.disagrees,
        "latency_ms": event.latency_ms,
        "ttft_ms": event.ttft_ms,
        "status": event.status,
        "error": event.error or None,
        "streamed": event.streamed,
    }


def _kind(row: Row) -> str:
    if row.event.cost_logged is not None:
        return "logged"
    return "unknown" if row.cost_list is None else "list"


def _outcomes(trial: Trial) -> Counter[str]:
    return Counter(each.outcome for each in trial.lines)


# -- for people


def plain_lines(
    trial: Trial, dialects: tuple[Dialect, ...], zone: tzinfo, width: int, *, own: bool = False
) -> list[str]:
    """What was chosen, what each line became, and what to do next; `own`: by a format of the configuration."""
    lines = [*_wrapped(harmless(trial.path), width, ""), *_wrapped(_chosen(trial, dialects), width, ""), ""]
    for tried in trial.lines:
        lines += _about(tried, zone, width)
    return [*lines, "", *_wrapped(_sum(trial), width, ""), *_advice(trial, own, width)]


def _chosen(trial: Trial, dialects: tuple[Dialect, ...]) -> str:
    what = "document" if trial.is_document else "file"
    if trial.dialect is None:
        nobody = f"The dialect {dialects[0].name} claims none" if len(dialects) == 1 else "No dialect claims any"
        return f"{nobody} of these lines." if trial.lines else f"This {what} is empty."
    label = f" ({harmless(trial.dialect.label)})" if trial.dialect.label not in ("", trial.dialect.name) else ""
    decided = "" if trial.is_document else f": line {trial.decided_by} decides"
    return f"A {what} of the dialect {trial.dialect.name}{label}{decided}."


def _sum(trial: Trial) -> str:
    found = _outcomes(trial)
    calls = sum(len(each.rows) for each in trial.lines if not each.again)
    parts = [f"{found[outcome]:,} {outcome}" for outcome in ("skipped", "invalid", "unclaimed") if found[outcome]]
    lines = many(len(trial.lines), "line")
    told = f"{lines}: {', '.join([many(calls, 'call'), *parts])}."
    more = f" There is more: --limit {5 * len(trial.lines)} tries more of it." if trial.more else ""
    return f"{told} Nothing was stored.{more}"


def _advice(trial: Trial, own: bool, width: int) -> list[str]:
    """What to know of a format of one's own, and what to do about usage that nobody reads."""
    if own:
        return ["", *_wrapped(OWN, width, "")]
    if any(each.usage for each in trial.lines):
        return ["", *_wrapped(DESCRIBE, width, "")]
    return []


def _about(tried: Tried, zone: tzinfo, width: int) -> list[str]:
    """One line of the file."""
    head = f"{tried.number:>{INDENT - 2}}  "
    told = [line for words in _told(tried, zone) for line in _wrapped(words, width - INDENT, "  ")]
    if tried.outcome in ("invalid", "unclaimed") and tried.start:
        told.append(_excerpt(tried.start, width - INDENT))
    return [head + told[0], *(" " * INDENT + line for line in told[1:])]


def _told(tried: Tried, zone: tzinfo) -> Iterator[str]:
    if tried.outcome == "event":
        for row in tried.rows:
            yield from _call(row, zone)
        if tried.again:
            yield f"the same call as line {tried.again}, counted once"
    elif tried.outcome == "skipped":
        yield f"skipped: {tried.reason or 'no usage in it'}"
    elif tried.outcome == "invalid":
        yield f"invalid: {tried.reason}"
    elif tried.outcome == "unclaimed":
        yield "unclaimed" + (f", but looks like usage: {', '.join(map(_shown, tried.usage))}" if tried.usage else "")
        yield from (f"not {name}: {objection}" for name, objection in tried.objections if objection)
    yield from (_limit(limit, zone) for limit in tried.limits)


def _call(row: Row, zone: tzinfo) -> Iterator[str]:
    """What was understood of a call."""
    event = row.event
    model = f"{event.names.provider}/{event.names.model or '(no model)'}".strip("/")
    assumed = ", implied by the format" if event.assumed else ""
    untimed = ", the file's own time" if event.untimed else ""
    yield f"call  {_shown(model)}{assumed}, {figures.clock(event.ts, zone)}{untimed}"
    yield _tokens(event)
    yield _cost(row)
    rest = ", ".join(f"{label} {_shown(value)}" for label, value in _rest(event))
    if rest:
        yield rest


def _tokens(event: Event) -> str:
    counts = (
        ("input", event.input),
        ("cache read", event.cache_read),
        ("cache write", event.cache_write_5m),
        ("cache write 1 h", event.cache_write_1h),
        ("output", event.output),
    )
    parts = [f"{label} {count:,}" for label, count in counts if count is not None]
    reasoning = f" ({event.reasoning:,} of it reasoning)" if event.reasoning is not None else ""
    wrong = "; the line's own total is another" if event.disagrees else ""
    return f"{many(event.total, 'token')}: {', '.join(parts)}{reasoning}{wrong}"


def _cost(row: Row) -> str:
    logged = row.event.cost_logged
    parts = [] if logged is None else [f"{exact_money(logged)} logged"]
    if row.cost_list is not None:
        parts.append(f"{exact_money(row.cost_list)} list price as {harmless(row.priced_as)}")
    return f"cost {', '.join(parts) or 'unknown: there is no price for it'}"


_FIRST = ("host", "dialect", "provider", "model")
"""Names that are told elsewhere, or not at all."""


def _rest(event: Event) -> Iterator[tuple[str, str]]:
    """Everything else that the line told."""
    for name, value in zip(NAMES, event.names, strict=True):
        if value and name not in _FIRST:
            yield name.replace("_", " "), value
    for label, text in (("session", event.session), ("id", event.id), ("error", event.error)):
        if text:
            yield label, text
    if event.request_id not in ("", event.id):
        yield "request", event.request_id
    for label, number in (("status", event.status), ("latency", event.latency_ms), ("first token", event.ttft_ms)):
        if number is not None:
            yield label, str(number) if label == "status" else f"{number:,} ms"
    if event.streamed is not None:
        yield ("streamed", "yes" if event.streamed else "no")


def _limit(limit: Limit, zone: tzinfo) -> str:
    return f"limit {_shown(limit.name)}: {limit.used:g}% used, {figures.clock(limit.ts, zone)}"


def _plain(text: str) -> str:
    """A text of the log that no database would keep as it is."""
    return hide_secrets(sanitise(text))


def _shown(text: str) -> str:
    return clip(_plain(text), 120)


def _excerpt(start: bytes, width: int) -> str:
    """The beginning of a line, in one line of the terminal."""
    text = clip(_plain(start.decode("utf-8", "replace").strip()), width)
    while cells(text) > width:
        text = clip(text, len(text) - 1)
    return text


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
