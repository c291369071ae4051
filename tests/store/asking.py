"""Readers on small made-up databases, and the raw sums that they are compared with."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st

from tests.store.filling import Call
from tokenmon.events import Flag
from tokenmon.store.answers import Sums
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR

Answer = TypeVar("Answer")

SERIES_FLAGS = (
    Flag.LISTED | Flag.CACHE_READ | Flag.CACHE_WRITE_5M | Flag.CACHE_WRITE_1H,
    Flag.LOGGED | Flag.REASONING,
    Flag.LOGGED | Flag.LISTED | Flag.CACHE_READ | Flag.ASSUMED,
    0,
)
"""Flags of the series 1, 2, ... of a made-up database."""

DAY = 24 * HOUR
BASE = 20_000 * DAY + 5 * HOUR
"""Somewhere in 2024, aligned to nothing wider than an hour."""

times = st.one_of(
    st.integers(BASE, BASE + 40 * DAY),
    st.integers(BASE // HOUR, BASE // HOUR + 100).map(lambda hour: hour * HOUR),
    st.integers(BASE, BASE + 3 * HOUR),
)


@st.composite
def calls(draw: st.DrawFn, least: int = 0, most: int = 30) -> list[Call]:
    """Events that agree with the flags of their series, with distinct identities."""
    found = []
    for h in range(draw(st.integers(least, most))):
        series = draw(st.integers(1, len(SERIES_FLAGS)))
        found.append(call(draw(times), series, h, draw(st.integers(0, 1000)), draw(st.booleans())))
    return found


def call(ts: int, series: int, h: int, size: int = 10, err: bool = False) -> Call:
    """One event of a size, agreeing with its series."""
    flags = SERIES_FLAGS[series - 1]
    return Call(
        ts=ts,
        series=series,
        h=h,
        input=size,
        cache_read=size * 2 if flags & Flag.CACHE_READ else 0,
        cache_write_5m=size // 2 if flags & Flag.CACHE_WRITE_5M else 0,
        cache_write_1h=size // 3 if flags & Flag.CACHE_WRITE_1H else 0,
        output=size + h,
        reasoning=size // 4 if flags & Flag.REASONING else 0,
        cost_logged=size * 7 if flags & Flag.LOGGED else None,
        cost_list=size * 5 if flags & Flag.LISTED else None,
        err=int(err),
        status=500 if err else 200,
        session=1 + h % 2 if h % 3 else None,
        source=1 + h % 2,
    )


def raw_sums(found: Iterable[Call]) -> Sums:
    """What a view over exactly these events must answer, computed one event at a time."""
    rows = [(call, SERIES_FLAGS[call.series - 1]) for call in found]
    if not rows:
        return Sums(cost=0)

    def known(flag: int, values: Iterable[tuple[int, int]]) -> int | None:
        reported = [value for value, flags in values if flags & flag]
        return sum(reported) if reported else None

    costs = [c.cost_logged if c.cost_logged is not None else c.cost_list for c, _ in rows]
    whole = [(c.input + c.cache_read + c.cache_write_5m + c.cache_write_1h, flags) for c, flags in rows]
    both = [c for c, _ in rows if c.cost_logged is not None and c.cost_list is not None]
    return Sums(
        requests=len(rows),
        errors=sum(c.err for c, _ in rows),
        input=sum(c.input for c, _ in rows),
        cache_read=known(Flag.CACHE_READ, ((c.cache_read, f) for c, f in rows)),
        cache_write_5m=known(Flag.CACHE_WRITE_5M, ((c.cache_write_5m, f) for c, f in rows)),
        cache_write_1h=known(Flag.CACHE_WRITE_1H, ((c.cache_write_1h, f) for c, f in rows)),
        output=sum(c.output for c, _ in rows),
        reasoning=known(Flag.REASONING, ((c.reasoning, f) for c, f in rows)),
        total=sum(size for size, _ in whole) + sum(c.output for c, _ in rows),
        cost=sum(cost for cost in costs if cost is not None) if any(cost is not None for cost in costs) else None,
        cost_logged=known(Flag.LOGGED, ((c.cost_logged or 0, f) for c, f in rows)),
        cost_list=known(Flag.LISTED, ((c.cost_list or 0, f) for c, f in rows)),
        unpriced=sum(cost is None for cost in costs),
        assumed=sum(bool(flags & Flag.ASSUMED) for _, flags in rows),
        unpriced_total=sum(
            size + c.output for (size, _), (c, _), cost in zip(whole, rows, costs, strict=True) if cost is None
        ),
        both=len(both),
        both_logged=sum(c.cost_logged or 0 for c in both),
        both_list=sum(c.cost_list or 0 for c in both),
        only_logged=sum(c.cost_logged is not None and c.cost_list is None for c, _ in rows),
        cache_base=known(Flag.CACHE_READ, whole),
        first=min(c.ts for c, _ in rows),
        last=max(c.ts for c, _ in rows),
    )


def ask(path: Path, question: Callable[[Reader], Awaitable[Answer]]) -> Answer:
    """One reader, one question."""

    async def asked() -> Answer:
        async with await Reader.open(path) as reader:
            return await question(reader)

    return asyncio.run(asked())


def connect(path: Path) -> sqlite3.Connection:
    """A writing connection to a database that stands."""
    return sqlite3.connect(path, isolation_level=None)
