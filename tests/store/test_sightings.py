"""Where else a call was seen: the best copy of each other source, whatever the order, and never an orphan."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.store.building import START, a_copy, a_row, a_source, a_step, an_event, commit, rows_of
from tokenmon.source import Checkpoint, Row
from tokenmon.store.schema import HOUR
from tokenmon.store.writer import Writer

Filed = list[tuple[object, ...]]


def store(path: Path, *batches: tuple[str, Row]) -> Writer:
    """One commit after another, each of a row of a source."""
    writer = Writer.open(path)
    sources: dict[str, Checkpoint] = {}
    for name, row in batches:
        before = sources.get(name) or a_source(name, len(sources) + 1)
        sources[name] = commit(writer, a_step(before, [row])).checkpoints[0]
    return writer


def filed(path: Path) -> Filed:
    """Path and tokens of every sighting."""
    return rows_of(
        path,
        "SELECT CAST(source.path AS TEXT), tokens FROM sighting JOIN source ON source.id = sighting.source"
        " ORDER BY 1, 2",
    )


def winners(path: Path) -> Filed:
    return rows_of(
        path,
        "SELECT CAST(source.path AS TEXT), output FROM event JOIN source ON source.id = event.source ORDER BY ts",
    )


def no_orphans(path: Path) -> bool:
    """Every sighting is of an event, and of another source than the event's."""
    return not rows_of(
        path,
        "SELECT 1 FROM sighting s LEFT JOIN event e ON e.h = s.h AND (e.uid IS NOT NULL OR e.ts = s.ts)"
        " WHERE e.h IS NULL OR e.source = s.source",
    )


def test_a_call_with_an_id_is_known_from_every_other_file(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    call = a_row(an_event("a"))
    store(path, ("/a", call), ("/b", call), ("/b", call), ("/c", call)).close()
    assert filed(path) == [("/b", 110), ("/c", 110)]


def test_what_a_source_repeats_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store(path, ("/a", a_row(an_event("a"))), ("/a", a_row(an_event("a"), offset=9))).close()
    store(tmp_path / "u.db", *(("/a", a_copy("m", output=n, at=n)) for n in (3, 9, 5))).close()
    assert filed(path) == filed(tmp_path / "u.db") == []


def test_the_same_id_at_another_time_is_another_call(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store(path, ("/a", a_row(an_event("a"))), ("/b", a_row(an_event("a", at=5)))).close()
    assert filed(path) == []


COPIES = (
    ("/a", a_copy("m", "r1", output=9, at=1)),
    ("/a", a_copy("m", "r1", output=50, at=2)),
    ("/b", a_copy("m", "r1", output=60, at=3)),
    ("/b", a_copy("m", "r1", output=20, at=9)),
    ("/c", a_copy("m", "r1", output=7, at=4)),
)


def test_of_each_other_source_the_best_copy_is_kept_whatever_the_order(tmp_path: Path) -> None:
    for number, order in enumerate(permutations(COPIES)):
        path = tmp_path / f"{number}.db"
        store(path, *order).close()
        assert winners(path) == [("/b", 60)]
        assert filed(path) == [("/a", 150), ("/c", 107)], order
        path.unlink()


def test_one_batch_files_what_several_do(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    by_source = {name: [row for own, row in COPIES if own == name] for name in ("/c", "/b", "/a")}
    commit(writer, *(a_step(a_source(name, i), rows) for i, (name, rows) in enumerate(by_source.items(), 1)))
    writer.close()
    assert filed(path) == [("/a", 150), ("/c", 107)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_side_chains_replay_is_filed_under_the_call_that_it_gave_way_to(tmp_path: Path, order: Sequence[int]) -> None:
    copies = (
        ("/main", a_copy("m", "r1", output=5)),
        ("/side", a_copy("m", "r2", output=90, at=1, replay=True)),
        ("/side2", a_copy("m", "r2", output=90, at=2, replay=True)),
    )
    path = tmp_path / "t.db"
    store(path, *(copies[i] for i in order)).close()
    assert winners(path) == [("/main", 5)]
    assert filed(path) == [("/side", 190), ("/side2", 190)]
    assert no_orphans(path)


def test_what_is_pruned_takes_its_copies_along(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    copies = [(name, row) for name in ("/a", "/b") for row in (a_row(an_event("x")), a_row(an_event("y", at=5 * HOUR)))]
    copies += [("/c", a_copy("m", output=5, at=1)), ("/d", a_copy("m", output=6, at=6 * HOUR))]
    copies += [("/c", a_copy("n", output=5, at=2)), ("/d", a_copy("n", output=4, at=6 * HOUR))]
    writer = store(path, *copies)
    assert len(filed(path)) == 4
    while not writer.prune(START + 3 * HOUR, seconds=9):
        pass
    writer.close()
    assert filed(path) == [("/b", 110), ("/c", 105)]
    assert no_orphans(path)


ROWS = st.builds(
    lambda call, attempt, output, at, replay: a_copy(call, attempt, output=output, at=at, replay=replay),
    st.sampled_from("mn"),
    st.sampled_from(("r1", "r2")),
    st.integers(1, 3),
    st.integers(0, 3),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(st.tuples(st.sampled_from(("/a", "/b", "/c")), ROWS), max_size=12))
def test_nothing_filed_is_ever_without_its_event(
    tmp_path_factory: pytest.TempPathFactory, data: DataObject, copies: list[tuple[str, Row]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "t.db"
    writer = store(path, *copies)
    if data.draw(st.booleans()):
        writer.reprice(lambda event: _Price(), 9, None)
    writer.close()
    assert no_orphans(path)


class _Price:
    cost = 5
    priced_as = "openai/gpt-5"
