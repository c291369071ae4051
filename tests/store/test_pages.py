"""Events come newest first, each once; one event is found by its id or its request id."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.asking import BASE, ask, call, calls, connect
from tests.store.filling import Call, add_events, mark_dirty, set_meta
from tests.store.test_reader import MODELS, made
from tokenmon.errors import UsageError
from tokenmon.store import pages
from tokenmon.store.answers import StoredEvent
from tokenmon.store.reader import Reader
from tokenmon.store.requests import request_hash
from tokenmon.store.schema import HOUR
from tokenmon.view import Condition, View, Window


async def paged(reader: Reader, view: View, limit: int) -> list[StoredEvent]:
    """All pages of a view."""
    page = await reader.events(view, limit=limit)
    events = list(page.events)
    while page.more is not None:
        assert page.more == events[-1].id
        page = await reader.events(view, limit=limit, before=page.more)
        assert page.events
        events += page.events
    return events


@settings(max_examples=40, deadline=None)
@given(calls(), calls(most=5), st.integers(1, 7), st.integers(0, 4), st.booleans())
def test_paging_returns_each_event_once_newest_first(
    found: list[Call], late: list[Call], limit: int, series: int, failed: bool
) -> None:
    late = [call(one.ts, one.series, -1 - one.h) for one in late]
    where: tuple[Condition, ...] = (Condition("model", MODELS[series - 1]),) if series else ()
    where += (Condition("status", "failed"),) if failed else ()
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)
        events = ask(path, lambda reader: paged(reader, View(where=where), limit))
    expected = [(one.ts, one.h) for one in found + late if series in (0, one.series) and (one.err or not failed)]
    assert [pages.parse_id(event.id) for event in events] == sorted(expected, reverse=True)


@pytest.fixture
def small_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_STRETCH", 3)


@pytest.mark.usefixtures("small_stretch")
@given(calls(least=10), calls(most=6), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_rare_series_is_found_through_the_hours_that_have_it(
    found: list[Call], late: list[Call], limit: int, series: int
) -> None:
    late = [call(one.ts, one.series, -1 - one.h) for one in late]
    view = View(Window(BASE + HOUR // 2, BASE + 30 * 24 * HOUR), (Condition("model", MODELS[series - 1]),))
    with TemporaryDirectory() as place:
        path = made(Path(place) / "x.db", found, late)
        events = ask(path, lambda reader: paged(reader, view, limit))
    start, end = view.window.start or 0, view.window.end or 0
    expected = [(one.ts, one.h) for one in found + late if one.series == series and start <= one.ts < end]
    assert [pages.parse_id(event.id) for event in events] == sorted(expected, reverse=True)


async def test_a_page_of_a_condition_follows_what_is_committed_while_the_range_moves(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 4, 1 + i % 4, i, err=i % 3 == 0) for i in range(60)]
    path = made(tmp_path / "x.db", found)
    history = 0
    async with await Reader.open(path) as reader:
        for step, at in enumerate((15 * HOUR, 2 * HOUR + 7, 15 * HOUR + 9, 17 * HOUR, 16 * HOUR, 6 * HOUR)):
            more = call(BASE + at + 1, 1 + step % 4, 1000 + step, err=step != 2)
            history += int(more.ts < max(one.ts for one in found) // HOUR * HOUR)
            db = connect(path)
            add_events(db, [more])
            mark_dirty(db, [more.ts // HOUR])
            set_meta(db, {"history": history})
            db.close()
            found.append(more)
            for start in (BASE + HOUR + step * HOUR // 3, None, BASE):
                expected = sorted((one.ts, one.h) for one in found if one.err and one.ts >= (start or 0))
                for limit in (4, 500):
                    page = await reader.events(View(Window(start, None), search="status:failed"), limit=limit)
                    assert [pages.parse_id(event.id) for event in page.events] == expected[: -limit - 1 : -1]
                    assert (page.more is None) == (len(expected) <= limit)


@given(st.integers(-(2**50), 2**50), st.integers(-(2**63), 2**63 - 1))
def test_an_id_is_read_back_as_it_was_written(ts: int, h: int) -> None:
    assert pages.parse_id(pages.id_of(ts, h)) == (ts, h)


@pytest.mark.parametrize(
    "text", ["", "x", "1-2", "00-0000000000000000", "1-000000000000000G", "1-0000000000000000 ", "\ud800"]
)
def test_a_cursor_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = made(tmp_path / "x.db", [])
    with pytest.raises(UsageError, match="cursor"):
        ask(path, lambda reader: reader.events(View(), before=text))


def test_an_event_says_what_its_flags_say(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 3, 1, size=10), call(BASE, 4, 2, err=True)])
    unpriced, priced = ask(path, lambda reader: reader.events(View())).events
    assert (priced.cost, priced.cost_kind, priced.cost_list, priced.assumed) == (70, "logged", 50, True)
    assert (priced.cache_read, priced.cache_write_1h, priced.reasoning) == (20, None, None)
    assert (priced.session, priced.source_path) == ("second", "/logs/b\udcff.jsonl")
    assert priced.names.model == "gpt-4o-mini"
    assert (unpriced.cost, unpriced.cost_kind, unpriced.is_error, unpriced.status) == (None, "unknown", True, 500)


def test_an_event_is_found_by_its_id_and_by_its_whole_request_id(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i, 1, i) for i in range(4)])
    db = connect(path)
    for run, request, i in ((1, "req-a", 1), (2, "req-b", 2), (5, "req-a", 3), (5, "gone", 77)):
        db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", (run, request_hash(request), BASE + i, i))
    db.execute("INSERT INTO note VALUES (?, 2, 'req-b', 'too many', '{}')", (BASE + 2,))
    db.close()

    def found(text: str) -> StoredEvent | None:
        return ask(path, lambda reader: reader.event(text))

    newest, noted = found("req-a"), found("req-b")
    assert newest is not None
    assert newest.ts == BASE + 3
    assert noted is not None
    assert (noted.request_id, noted.error, noted.metadata) == ("req-b", "too many", "{}")
    assert found(noted.id) == noted
    assert found("req-") is None
    assert found("gone") is None
    assert found("req-b\ud800") is None


def test_another_request_with_the_same_hash_is_not_shown(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    db = connect(path)
    db.execute("INSERT INTO request VALUES (1, ?, ?, 1)", (request_hash("mine"), BASE))
    db.execute("INSERT INTO note VALUES (?, 1, 'another', NULL, NULL)", (BASE,))
    db.close()
    assert ask(path, lambda reader: reader.event("mine")) is None


def test_dirty_hours_are_looked_into_for_a_rare_series(tmp_path: Path, small_stretch: None) -> None:
    path = made(tmp_path / "x.db", [call(BASE + 50 * HOUR + i, 1, i) for i in range(9)])
    db = connect(path)
    mark_dirty(db, [BASE // HOUR])
    db.execute("INSERT INTO event(ts, h, series, source, off) VALUES (?, 500, 2, 1, 0)", (BASE,))
    db.close()
    view = View(where=(Condition("model", "claude-opus-4-5"),))
    assert [event.ts for event in ask(path, lambda reader: reader.events(view)).events] == [BASE]
