"""How fast logs become rows, cold and warm, and how much memory that takes."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench import limits
from tests.bench.command import ingest
from tests.bench.figures import Figure
from tokenmon.sample import (
    Generator,
    SampleLedger,
    big_claude_tree,
    big_codex_tree,
    big_litellm_tree,
    write_sample,
)
from tokenmon.sample.native import Native

NOW = 1_795_200_000_000

NATIVE_LINES = 1_000_000
GIGABYTE = 2_400_000
"""Native lines."""
TREE_BYTES = 1_005_000_000
INVALID = 100_000
"""Lines at once that are none."""
VALID_LINE = (
    b'{"ts":"2026-05-02T08:15:30Z","integration":"bench","provider":"openai","model":"gpt-5-mini",'
    b'"prompt_tokens":%d,"completion_tokens":10}\n'
)
INVALID_LINE = VALID_LINE.replace(b"%d", b"-%d")
PEOPLE = 95
"""More users, so that there are about 1,100 series."""


def write_native(directory: Path, lines: int) -> SampleLedger:
    """Native lines of 60 days."""
    many = Generator("native", 1.0, 2, partial(Native, people=PEOPLE))
    return write_sample(directory, events=lines, days=60, bad=0, seed=11, now_ms=NOW, generators=(many,))


def first_start(place: Path) -> Figure:
    """A start with nothing to read; the first of a user makes the small price table, the bench's others find it."""
    (place / "empty").mkdir(exist_ok=True)
    took = ingest(place / "empty.db", [place / "empty"], place).seconds
    return Figure("start with nothing to read", took, "s", 3.0)


def check(database: Path, ledger: SampleLedger) -> None:
    """A fast answer that is wrong is no answer."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        sums = "sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output)"
        found = connection.execute(f"SELECT count(*), {sums} FROM event").fetchone()
    connection.close()
    totals = ledger.totals
    expected = (
        totals.requests, totals.input, totals.cache_read, totals.cache_write_5m, totals.cache_write_1h, totals.output,
    )  # fmt: skip
    if found != expected:
        raise SystemExit(f"the store holds {found}, the logs {expected}")


def native(place: Path, scale: float) -> Iterator[Figure]:
    """Cold ingest of native lines, then a start with nothing new."""
    yield first_start(place)
    logs, lines = place / "logs", int(GIGABYTE * scale)
    ledger = write_native(logs, lines)
    reading, inserting = limits.reading(logs), limits.inserting(place, lines)
    cold = ingest(place / "native.db", [logs], place)
    check(place / "native.db", ledger)
    rate = lines / cold.seconds
    name = f"cold ingest, {lines:,} native lines"
    yield Figure(name, rate, "lines/s", 200_000, "inserting rows", lines / inserting, at_least=True)
    yield Figure("  the same, in time", cold.seconds, "s", lines / 200_000, "reading the bytes", reading)
    yield Figure("  its peak memory", cold.peak_mb, "MB", 120)
    warm = median(ingest(place / "native.db", [logs], place).seconds for _ in range(3))
    yield Figure("restart with nothing new, 7 files", warm, "s", 0.3)


def rejects(place: Path, scale: float) -> Iterator[Figure]:
    """Invalid lines cost at most twice the time of valid ones."""
    yield first_start(place)
    lines = int(INVALID * scale)
    rates: list[float] = []
    for name, of_each in (("valid", VALID_LINE), ("invalid", INVALID_LINE)):
        logs = place / name
        logs.mkdir()
        (logs / "a.jsonl").write_bytes(VALID_LINE % 0 + b"".join(of_each % number for number in range(1, lines + 1)))
        rates.append(lines / ingest(place / f"{name}.db", [logs], place).seconds)
    valid, invalid = rates
    name = f"ingest, {lines:,} invalid native lines"
    yield Figure(name, invalid, "lines/s", 2, "valid lines", valid, at_least=True, relative=True)


def transcripts(place: Path, scale: float) -> Iterator[Figure]:
    """Cold ingest of a large Claude Code tree, then a start with nothing new."""
    yield from _tree(place, "transcripts", scale, big_claude_tree)


def rollouts(place: Path, scale: float) -> Iterator[Figure]:
    """The same of Codex."""
    yield from _tree(place, "rollouts", scale, big_codex_tree)


def payloads(place: Path, scale: float) -> Iterator[Figure]:
    """The same of a LiteLLM gateway's logging payloads."""
    yield from _tree(place, "payloads", scale, big_litellm_tree)


def _tree(place: Path, name: str, scale: float, write: Callable[..., SampleLedger]) -> Iterator[Figure]:
    yield first_start(place)
    logs, database = place / name, place / f"{name}.db"
    ledger = write(logs, int(TREE_BYTES * scale), now_ms=NOW)
    files = sum(1 for path in logs.rglob("*.jsonl"))
    reading = limits.reading(logs)
    cold = ingest(database, [logs], place)
    check(database, ledger)
    title = f"cold ingest, {ledger.size / 1e6:,.0f} MB of {name}"
    yield Figure(title, cold.seconds, "s", 15, "reading the bytes", reading, relative=True)
    yield Figure("  its peak memory", cold.peak_mb, "MB", 120)
    warm = median(ingest(database, [logs], place).seconds for _ in range(3))
    yield Figure(f"restart with nothing new, {files} files", warm, "s", 0.3)
