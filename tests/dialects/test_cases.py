"""Each case end to end: real files, the real ingester, and what its database holds in the end."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases import CASES
from tests.dialects.cases.case import Call, Case
from tests.ingest.ingesting import ingest, rows
from tokenmon.events import NANO, Flag, Limit
from tokenmon.exact import instant

EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.dialect)

UNTIMED = 1_789_376_400
"""When files were last modified, seconds: the time of lines that have none, 2026-09-14T09:00:00Z."""

_STORED = """
SELECT ts, provider, model, input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, cost_logged,
  coalesce(session.name, ''), project, event.err, series.flags
FROM event JOIN series ON series.id = event.series LEFT JOIN session ON session.id = event.session"""


def written(case: Case, directory: Path) -> Path:
    """The case's files."""
    case.write(directory)
    for path in directory.rglob("*"):
        os.utime(path, (UNTIMED, UNTIMED))
    return directory


def stored(database: Path) -> list[Call]:
    """The calls of a database."""
    return in_order(_call(*row) for row in rows(database, _STORED))


def in_order(calls: Any) -> list[Any]:
    """Calls or limits in an order of their own, so that only what they are matters."""
    return sorted(calls, key=repr)


def _call(
    ts: int, provider: str, model: str, input: int, output: int, read: int, write_5m: int, write_1h: int,
    reasoning: int, cost: int | None, session: str, project: str, err: int, flags: int,
) -> Call:  # fmt: skip
    return Call(
        ts=instant(ts) or "",
        provider=provider,
        model=model,
        input=input,
        output=output,
        cache_read=read if flags & Flag.CACHE_READ else None,
        cache_write_5m=write_5m if flags & Flag.CACHE_WRITE_5M else None,
        cache_write_1h=write_1h if flags & Flag.CACHE_WRITE_1H else None,
        reasoning=reasoning if flags & Flag.REASONING else None,
        cost_logged=None if cost is None else cost / NANO,
        session=session,
        project=project,
        failed=bool(err),
    )


@EVERY
def test_a_case_holds_its_calls_each_once_and_no_others(case: Case, tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    ingest(database, written(case, tmp_path / "logs"))
    assert stored(database) == in_order(case.calls)
    assert rows(database, "SELECT coalesce(sum(rejects), 0) FROM source") == [(case.bad,)]
    dialects = {dialect for (dialect,) in rows(database, "SELECT DISTINCT dialect FROM series")}
    assert dialects == ({case.dialect} if case.calls else set())
    limits = rows(database, "SELECT ts, dialect, name, used, minutes, resets_at, plan FROM allowance")
    assert in_order(Limit(*limit) for limit in limits) == in_order(case.limits)


@EVERY
def test_reading_a_case_again_adds_nothing(case: Case, tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    logs = written(case, tmp_path / "logs")
    ingest(database, logs)
    once = stored(database)
    ingest(database, logs)
    assert stored(database) == once
