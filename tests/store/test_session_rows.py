"""Rows of sessions equal the raw sums, for every view, now and after every commit."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.asking import BASE, DAY, SERIES_FLAGS, ask, call, calls, connect, raw_sums
from tests.store.filling import (
    Call,
    add_events,
    add_series,
    add_session,
    add_source,
    create,
    fill,
    mark_dirty,
    set_meta,
)
from tests.store.test_reader import MODELS, inside, made, ranges
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.store.answers import SessionPage, SessionRow, Sums
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR
from tokenmon.view import Condition, View, Window

NAMES = {1: "first", 2: "second"}
VIEWS = (
    View(),
    View(search="status:failed"),
    View(search="gpt"),
    View(search="session:sec cost:>0"),
    View(where=(Condition("session", "first"),)),
    View(where=(Condition("model", MODELS[1]), Condition("source", "/logs/a.jsonl"))),
)
FILTERS: tuple[Callable[[Call], bool], ...] = (
    lambda one: True,
    lambda one: bool(one.err),
    lambda one: one.series in (1, 3),
    lambda one: one.session == 2 and ((one.cost_logged if one.cost_logged is not None else one.cost_list) or 0) > 0,
    lambda one: one.session == 1,
    lambda one: one.series == 2 and one.source == 1,
)


def expected(found: list[Call]) -> dict[str, SessionRow]:
    """Rows by name, counted one event at a time."""
    rows = {}
    for session, name in NAMES.items():
        mine = [one for one in found if one.session == session]
        if mine:
            sums = raw_sums(mine)
            calls_of = Counter(MODELS[one.series - 1] for one in mine)
            models = sorted(calls_of, key=lambda model: (-calls_of[model], model))
            rows[name] = SessionRow(
                name,
                sums.requests,
                sums.errors,
                sums.total,
                sums.cost,
                sums.unpriced,
                sums.first or 0,
                sums.last or 0,
                tuple(models),
                len(models),
                "",
            )
    return rows


def parts_of(page: SessionPage) -> list[SessionRow | Sums]:
    """What adds up to the totals."""
    return [*page.sessions, page.without]


def check(page: SessionPage, found: list[Call]) -> None:
    """A page of all sessions against the events that the view holds."""
    rows = expected(found)
    assert {row.name: row for row in page.sessions} == rows
    assert (page.sessions_total, page.truncated) == (len(rows), False)
    assert page.totals == raw_sums(found)
    parts = parts_of(page)
    assert sum(part.requests for part in parts) == page.totals.requests
    assert sum(part.errors for part in parts) == page.totals.errors
    assert sum(part.total for part in parts) == page.totals.total
    assert sum(part.cost or 0 for part in parts) == (page.totals.cost or 0)
    assert sum(part.unpriced for part in parts) == page.totals.unpriced


@settings(max_examples=60, deadline=None)
@given(calls(), calls(most=6), ranges, st.integers(0, len(VIEWS) - 1), st.sampled_from(["cost", "last", "name"]))
def test_sessions_of_any_view_equal_the_raw_sums(
    found: list[Call], late: list[Call], window: Window, view: int, sort: str
) -> None:
    late = [call(one.ts, one.series, one.h + 1000) for one in late]
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)

        async def twice(reader: Reader) -> list[SessionPage]:
            return [await reader.sessions(VIEWS[view].at(window), sort=sort) for _ in range(2)]

        one, other = ask(path, twice)
    assert one == other
    check(one, [each for each in inside(found + late, window) if FILTERS[view](each)])


@pytest.mark.parametrize("view", range(len(VIEWS)))
async def test_kept_parts_follow_what_is_committed_while_the_range_moves(tmp_path: Path, view: int) -> None:
    found = [call(BASE + i * HOUR // 3, 1 + i % 4, i, err=i % 3 == 0) for i in range(40)]
    path = made(tmp_path / "x.db", found)
    history = 0
    async with await Reader.open(path) as reader:
        for step, at in enumerate((13 * HOUR + 50, 14 * HOUR, 2 * HOUR + 7, 14 * HOUR + 9, 30 * HOUR, 5 * HOUR)):
            more = replace(call(BASE + at + 1, 1 + step % 4, 1000 + step, err=step % 2 == 0), session=1 + step % 2)
            newest = max(one.ts for one in found) // HOUR * HOUR
            history += int(more.ts < newest)
            db = connect(path)
            add_events(db, [more])
            mark_dirty(db, [more.ts // HOUR])
            set_meta(db, {"history": history})
            db.close()
            found.append(more)
            window = Window(BASE + HOUR + step * 20_000 * 60, BASE + DAY + step * 2_000)
            page = await reader.sessions(VIEWS[view].at(window))
            check(page, [each for each in inside(found, window) if FILTERS[view](each)])


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Session `s0` to `s8`: s0 the dearest and oldest, s7 like s6, s8 without any price, and a call without session."""
    db = create(tmp_path / "many.db")
    add_source(db)
    series = [add_series(db, Flag.LISTED, model=f"m{i}", project="p" if i % 2 else "q") for i in range(7)]
    unpriced = add_series(db, 0, model="local")
    sessions = [add_session(db, f"s{i}") for i in range(9)]
    found = [Call(BASE, series[0], 1, input=1, cost_list=5)]
    for i, session in enumerate(sessions[:-1]):
        cost, at = (20 if i == 7 else 80 - 10 * i), BASE + min(i, 6) * HOUR
        found.append(Call(at, series[i % 7], 10 + i, input=cost, cost_list=cost, session=session))
    found += [Call(BASE + 9 * HOUR + i, series[i], 100 + i, input=1, cost_list=0, session=1) for i in range(7)]
    found.append(Call(BASE + 10 * HOUR, unpriced, 200, input=900, session=sessions[-1]))
    fill(db, found)
    db.close()
    return tmp_path / "many.db"


def order(path: Path, sort: str, descending: bool, view: View, limit: int = 500) -> list[str]:
    page = ask(path, lambda reader: reader.sessions(view, sort=sort, descending=descending, limit=limit))
    assert page.sessions_total == 9
    assert page.truncated == (len(page.sessions) < 9)
    return [row.name[1] for row in page.sessions]


@pytest.mark.parametrize("view", [View(), View(search="tokens:>0"), View(Window(BASE, BASE + 99 * HOUR))])
def test_sessions_are_sorted_with_what_is_missing_last_and_equal_ones_by_name(many: Path, view: View) -> None:
    assert "".join(order(many, "cost", True, view)) == "012345678"
    assert "".join(order(many, "cost", False, view)) == "675432108"
    assert "".join(order(many, "last", True, view)) == "806754321"
    assert "".join(order(many, "last", False, view)) == "123456708"
    assert "".join(order(many, "requests", True, view)) == "012345678"
    assert "".join(order(many, "total", True, view)) == "801234567"
    assert "".join(order(many, "name", True, view)) == "876543210"
    for sort in ("cost", "last", "requests", "total", "name"):
        for way in (True, False):
            whole = order(many, sort, way, view)
            for limit in (1, 3, 7, 8, 9):
                assert order(many, sort, way, view, limit) == whole[:limit]
    with pytest.raises(UsageError, match="sorted by"):
        order(many, "cost; DROP TABLE session", True, view)


def test_a_session_names_its_models_by_requests_and_its_project(many: Path) -> None:
    page = ask(many, lambda reader: reader.sessions(View(), limit=1))
    (row,) = page.sessions
    assert (row.models, row.models_total, row.project) == (("m0", "m1", "m2", "m3", "m4"), 7, "q")
    assert (row.first, row.last, row.requests, row.cost) == (BASE, BASE + 9 * HOUR + 6, 8, 80)
    assert (page.without.requests, page.without.cost) == (1, 5)
    last = ask(many, lambda reader: reader.sessions(View(), sort="last", limit=1)).sessions[0]
    assert (last.cost, last.unpriced, last.models, last.project) == (None, 1, ("local",), "")


def test_a_part_of_a_session_is_what_lies_in_the_range(many: Path) -> None:
    page = ask(
        many, lambda reader: reader.sessions(View(Window(BASE + HOUR, BASE + 9 * HOUR + 3)), sort="name", limit=0)
    )
    row = next(row for row in page.sessions if row.name == "s0")
    assert (row.requests, row.models, row.first) == (3, ("m0", "m1", "m2"), BASE + 9 * HOUR)
    nothing = ask(many, lambda reader: reader.sessions(View(Window(BASE + 90 * HOUR, None))))
    assert (nothing.sessions, nothing.sessions_total, nothing.totals.requests) == ((), 0, 0)
    assert ask(many, lambda reader: reader.sessions(View(search="nothing"))).sessions == ()


def test_where_events_were_pruned_lifetime_totals_stay_and_reconcile(many: Path) -> None:
    db = connect(many)
    db.execute("DELETE FROM event WHERE ts < ?", (BASE + 9 * HOUR,))
    set_meta(db, {"watermark": BASE + 9 * HOUR})
    db.close()
    page = ask(many, lambda reader: reader.sessions(View()))
    assert [row.name for row in page.sessions] == [f"s{i}" for i in range(9)]
    assert sum(part.requests for part in parts_of(page)) == page.totals.requests == 17
    assert page.sessions[1].models == ()
    filtered = ask(many, lambda reader: reader.sessions(View(search="m1")))
    assert (filtered.snapped, [row.requests for row in filtered.sessions]) == (True, [1])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_is_kept_of_ended_sessions_follows_those_that_go_on(data: st.DataObject) -> None:
    """Two readers: one has followed every commit, the other has just come."""
    hours = st.integers(0, 12)
    found = [
        replace(call(BASE + data.draw(hours) * HOUR + i, 1 + i % 4, i, 10 + i), session=1 + i % 9) for i in range(40)
    ]
    settled, history = max(one.ts for one in found) // HOUR * HOUR, 0
    with TemporaryDirectory() as place:
        db = create(Path(place) / "x.db")
        add_source(db)
        for flags, model in zip(SERIES_FLAGS, MODELS, strict=True):
            add_series(db, flags, model=model)
        for number in range(1, 12):
            add_session(db, f"s{number}")
        fill(db, found)

        async def follow() -> None:
            nonlocal settled, history
            async with await Reader.open(Path(place) / "x.db") as kept:
                for step in range(4):
                    start, length = data.draw(hours), data.draw(st.one_of(st.none(), hours))
                    window = Window(BASE + start * HOUR + step, length and BASE + (start + length) * HOUR + step)
                    for sort in ("cost", "last"):
                        asked = View(window), sort, data.draw(st.integers(0, 3))
                        async with await Reader.open(Path(place) / "x.db") as new:
                            pages = [
                                await reader.sessions(asked[0], sort=asked[1], limit=asked[2]) for reader in (kept, new)
                            ]
                        assert pages[0] == pages[1]
                    at = data.draw(st.sampled_from((-5 * HOUR, 0, 60_000, HOUR, 3 * HOUR)))
                    more = replace(call(settled + at + 1000 + step, 1 + step, 100 + step), session=1 + step * 2)
                    history += int(more.ts < settled)
                    settled = max(settled, more.ts // HOUR * HOUR)
                    add_events(db, [more])
                    mark_dirty(db, [more.ts // HOUR])
                    set_meta(db, {"history": history})

        asyncio.run(follow())
        db.close()


async def test_more_sessions_may_go_on_than_are_kept_beside_those_that_are_shown(tmp_path: Path) -> None:
    db = create(tmp_path / "x.db")
    add_source(db)
    series = add_series(db, Flag.LISTED, model="m", project="p")
    sessions = [add_session(db, f"s{i:03}") for i in range(300)]
    fill(db, [Call(BASE + i, series, i, cost_list=1_000 - i, session=one) for i, one in enumerate(sessions)])
    add_events(db, [Call(BASE + 5 * HOUR, series, 1_000, cost_list=0)])
    async with await Reader.open(tmp_path / "x.db") as reader:
        view = View(Window(BASE, BASE + 9 * HOUR))
        assert [row.name for row in (await reader.sessions(view, limit=2)).sessions] == ["s000", "s001"]
        more = [
            Call(BASE + 5 * HOUR + i, series, 2_000 + i, cost_list=-900, session=one)
            for i, one in enumerate(sessions[:150])
        ]
        add_events(db, more)
        mark_dirty(db, [BASE // HOUR + 5])
        page = await reader.sessions(view, limit=2)
    db.close()
    assert [row.name for row in page.sessions] == ["s150", "s151"]
    assert (page.sessions_total, page.without.requests) == (300, 1)
