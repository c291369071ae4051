from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.store.building import NAMES_OF_TESTS, START, a_row, a_source, a_step, an_event, commit, looking_at, rows_of
from tokenmon.events import Basis, Event, Flag
from tokenmon.store.alerts import OVERFLOW_MS
from tokenmon.store.schema import OVERFLOW
from tokenmon.store.writer import Writer


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    opened = Writer.open(tmp_path / "t.db", max_series=20)
    yield opened
    opened.close()


def events_with(field: str, values: range, **fixed: str) -> list[Event]:
    return [an_event(f"{field} {i}", at=i, names=NAMES_OF_TESTS._replace(**fixed, **{field: f"v{i}"})) for i in values]


FLAGGED: dict[int, dict[str, Any]] = {
    Flag.CACHE_READ: {"cache_read": 0},
    Flag.CACHE_WRITE_5M: {"cache_write_5m": 0},
    Flag.CACHE_WRITE_1H: {"cache_write_1h": 0},
    Flag.REASONING: {"reasoning": 0},
    Flag.LOGGED: {"cost_logged": 0},
    Flag.ASSUMED: {"assumed": True},
    Flag.STREAMED: {"streamed": True},
    Flag.UNSTREAMED: {"streamed": False},
    Flag.AGGREGATE: {"basis": Basis.AGGREGATE},
    Flag.ESTIMATE: {"basis": Basis.ESTIMATE},
}


@pytest.mark.parametrize("flag", FLAGGED)
def test_what_all_events_of_a_series_have_in_common_is_a_flag(writer: Writer, flag: int) -> None:
    event = an_event("a", **FLAGGED[flag])
    commit(writer, a_step(a_source(), [a_row(event), a_row(an_event("b", **FLAGGED[flag]), cost=None)]))
    assert rows_of(writer.path, "SELECT flags FROM series ORDER BY id") == [(flag | Flag.LISTED,), (flag,)]


def test_fault_070_a_name_that_explodes_is_stored_as_overflow_with_one_alert(writer: Writer) -> None:
    first = commit(writer, a_step(a_source(), map(a_row, events_with("user", range(100))))).checkpoints[0]
    assert rows_of(writer.path, "SELECT count(*) FROM series") == [(21,)]
    assert rows_of(writer.path, "SELECT count(*) FROM event JOIN series ON id = series WHERE user = ?", OVERFLOW) == [
        (80,)
    ]
    commit(writer, a_step(first, map(a_row, events_with("user", range(100, 110)))))
    ((kind, subject, severity, state, title, count),) = rows_of(
        writer.path, "SELECT kind, subject, severity, state, title, count FROM alert"
    )
    assert (kind, subject, severity, state, count) == ("series_overflow", "user /logs/a.jsonl", "warning", "firing", 90)
    assert "user" in str(title)
    assert "/logs/a.jsonl" in str(title)


def test_known_names_and_other_new_ones_still_pass_after_an_overflow(writer: Writer) -> None:
    commit(writer, a_step(a_source(), map(a_row, events_with("user", range(30)))))
    commit(writer, a_step(a_source("/b", 2), map(a_row, events_with("model", range(1), user="v3"))))
    assert rows_of(writer.path, "SELECT user, model FROM series ORDER BY id DESC LIMIT 1") == [(OVERFLOW, "v0")]
    commit(writer, a_step(a_source("/c", 3), [a_row(an_event("x", at=99, names=NAMES_OF_TESTS._replace(user="v3")))]))
    assert rows_of(writer.path, "SELECT user FROM series JOIN event ON id = series WHERE ts % 1000 = 99") == [("v3",)]


def test_two_names_that_explode_cannot_pass_the_limit_together(writer: Writer) -> None:
    rows = [
        a_row(an_event(str(i), at=i, names=NAMES_OF_TESTS._replace(user=f"u{i}", project=f"p{i}"))) for i in range(300)
    ]
    commit(writer, a_step(a_source(), rows))
    assert rows_of(writer.path, "SELECT count(*) <= 24 FROM series") == [(1,)]
    assert rows_of(writer.path, "SELECT count(*) FROM event") == [(300,)]


def test_the_limit_holds_across_restarts(writer: Writer) -> None:
    commit(writer, a_step(a_source(), map(a_row, events_with("user", range(30)))))
    again = Writer.open(writer.path, max_series=20)
    commit(again, a_step(a_source("/b", 2), map(a_row, events_with("user", range(30, 60)))))
    assert rows_of(writer.path, "SELECT count(*) FROM series") == [(21,)]
    again.close()


def search(path: Path, words: str) -> list[object]:
    return [row[0] for row in rows_of(path, "SELECT rowid FROM series_fts WHERE series_fts MATCH ? ORDER BY 1", words)]


def test_names_are_found_as_they_come_change_and_go(writer: Writer) -> None:
    commit(writer, a_step(a_source(), map(a_row, events_with("project", range(2), user="Zoë"))))
    assert search(writer.path, "zoe*") == [1, 2]
    with looking_at(writer.path) as other:
        other.execute("UPDATE series SET user = 'Ann' WHERE id = 1")
        other.execute("DELETE FROM series WHERE id = 2")
    assert (search(writer.path, "zoe*"), search(writer.path, "ann*")) == ([], [1])
    assert writer.search_index_is_sound()


def test_fault_084_an_index_that_lost_touch_is_noticed_and_repaired(writer: Writer) -> None:
    commit(writer, a_step(a_source(), map(a_row, events_with("project", range(2), user="Ann"))))
    with looking_at(writer.path) as other:
        other.execute("DROP TRIGGER series_removed")
        other.execute("DELETE FROM series WHERE id = 2")
    assert not writer.search_index_is_sound()
    writer.rebuild_search_index()
    assert writer.search_index_is_sound()
    assert search(writer.path, "ann*") == [1]


# -- alerts


@dataclass(frozen=True)
class Firing:
    subject: str
    count: int = 1
    kind: str = "unpriced"
    severity: str = "warning"
    title: str = "a model has no price"


def test_an_alert_holds_since_it_fired_and_is_fine_when_it_is_absent(writer: Writer) -> None:
    def standing() -> list[tuple[object, ...]]:
        return rows_of(writer.path, "SELECT subject, state, count, since, updated FROM alert ORDER BY subject")

    writer.set_alerts([Firing("a"), Firing("b", severity="info")], 10)
    assert standing() == [("a", "firing", 1, 10, 10), ("b", "info", 1, 10, 10)]
    writer.set_alerts([Firing("a", count=2)], 20)
    assert standing() == [("a", "firing", 2, 10, 20), ("b", "ok", 1, 10, 20)]
    writer.set_alerts([Firing("a", count=2), Firing("b")], 30)
    assert standing() == [("a", "firing", 2, 10, 20), ("b", "firing", 1, 30, 30)]


def test_the_stores_own_alert_fires_for_a_day_after_the_last_name_that_was_replaced(writer: Writer) -> None:
    def standing() -> list[tuple[object, ...]]:
        return rows_of(writer.path, "SELECT state, count FROM alert")

    first = commit(writer, a_step(a_source(), map(a_row, events_with("user", range(30))))).checkpoints[0]
    writer.set_alerts([], START + OVERFLOW_MS)
    assert standing() == [("firing", 10)]
    writer.set_alerts([], START + OVERFLOW_MS + 1)
    assert standing() == [("ok", 10)]
    commit(writer, a_step(first, map(a_row, events_with("user", range(30, 33)))))
    assert standing() == [("firing", 3)]
