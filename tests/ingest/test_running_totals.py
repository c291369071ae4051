"""Of totals that only grow, the growth is a call; the calls add up to the largest totals, whatever is read when."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.ingesting import rollups_are_exact, rows
from tests.ingest.made_up import Turning, meter, take_in, tallies

SUMS = "SELECT sum(input), sum(output), sum(cost_logged) FROM event"


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def test_only_growth_is_a_call(tmp_path: Path, logs: Path) -> None:
    """Over restarts, with an older state put back between."""
    database, file = tmp_path / "t.db", logs / "meter-1.json"
    for state in (meter(0, 100, 5), meter(1, 250, 5), meter(0, 100, 5), meter(2, 250, 9), meter(2, 250, 9)):
        file.write_bytes(state)
        take_in(database, logs)
    assert rows(database, "SELECT input, output FROM event ORDER BY ts") == [(100, 5), (150, 0), (0, 4)]
    assert rollups_are_exact(database)
    assert tallies(database) == [(3, 0, 0)]


def test_the_growth_is_priced_and_not_the_total(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "meter-1.json"
    for at in range(1, 4):
        file.write_bytes(meter(at, at * 1000, at * 100))
        take_in(database, logs)
    costs = [cost for (cost,) in rows(database, "SELECT cost_list FROM event")]
    assert len(costs) == 3
    assert len(set(costs)) == 1
    assert costs[0] > 0


def test_a_growth_of_many_requests_is_not_priced_as_one_long_one(tmp_path: Path, logs: Path) -> None:
    """A single request of more than 200,000 tokens would be dearer."""
    for number, size in enumerate((1_000, 1_000_000)):
        (logs / f"meter-{number}.json").write_bytes(meter(0, size, 0, name=str(number)))
    take_in(tmp_path / "t.db", logs)
    (small,), (large,) = rows(tmp_path / "t.db", "SELECT cost_list FROM event ORDER BY input")
    assert large == 1000 * small


def test_a_logged_cost_grows_too(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "meter-1.json"
    for at, usd in enumerate((None, 0.25, 0.75)):
        file.write_bytes(meter(at, 100 + at, 1, usd))
        take_in(database, logs)
    assert rows(database, "SELECT cost_logged FROM event ORDER BY ts") == [(None,), (250_000_000,), (500_000_000,)]


def test_a_copy_of_the_totals_is_no_call(tmp_path: Path, logs: Path) -> None:
    database = tmp_path / "t.db"
    (logs / "a").mkdir()
    (logs / "a" / "meter-1.json").write_bytes(meter(0, 100, 5))
    take_in(database, logs)
    shutil.copytree(logs / "a", logs / "b")
    (logs / "a" / "meter-1.json").write_bytes(meter(1, 300, 5))
    take_in(database, logs)
    assert rows(database, SUMS) == [(300, 5, None)]


def test_totals_that_could_not_be_stored_are_not_known(tmp_path: Path, logs: Path) -> None:
    database, file = tmp_path / "t.db", logs / "meter-1.json"
    file.write_bytes(meter(0, 100, 5))
    with Turning(database, logs) as turning:
        turning.until_idle()
        _execute(database, "CREATE TRIGGER no BEFORE UPDATE ON source BEGIN SELECT RAISE(ABORT, 'no'); END")
        file.write_bytes(meter(1, 300, 5))
        with pytest.raises(sqlite3.Error):
            turning.until_idle(file)
        assert rows(database, SUMS) == [(100, 5, None)]
        _execute(database, "DROP TRIGGER no")
        turning.until_idle()
    assert rows(database, SUMS) == [(300, 5, None)]


_STATE = st.tuples(st.integers(0, 3000), st.integers(0, 50), st.sampled_from("ab"), st.booleans(), st.booleans())


@settings(max_examples=12, deadline=None)
@given(states=st.lists(_STATE, min_size=1, max_size=8))
def test_any_order_of_states_gives_the_largest(
    tmp_path_factory: pytest.TempPathFactory, states: list[tuple[int, int, str, bool, bool]]
) -> None:
    """Lines and documents of the same things, read one by one or several together."""
    base = tmp_path_factory.mktemp("totals")
    database, logs = base / "t.db", base / "logs"
    logs.mkdir()
    largest = {"a": (0, 0), "b": (0, 0)}
    for number, (input, output, name, as_line, read_now) in enumerate(states):
        largest[name] = max(largest[name][0], input), max(largest[name][1], output)
        if as_line:
            with (logs / "all.jsonl").open("ab") as file:
                file.write(meter(number, input, output, name=name) + b"\n")
        else:  # each in a file of its own, or the next one replaces it unseen
            (logs / f"meter-{name}-{number}.json").write_bytes(meter(number, input, output, name=name))
        if read_now:
            take_in(database, logs)
    take_in(database, logs)
    sums = rows(database, "SELECT coalesce(sum(input), 0), coalesce(sum(output), 0) FROM event")
    assert sums == [tuple(map(sum, zip(*largest.values(), strict=True)))]


def _execute(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(sql)
