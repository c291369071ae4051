"""What may be doubted is counted by source and dialect, and can be listed: the filter finds those very calls."""

from pathlib import Path

import pytest

from tests.store.asking import ask
from tests.store.building import START, a_copy, a_row, a_source, a_step, an_event, commit, rows_of
from tokenmon.doubts import DOUBTS, NAMES, doubts_of
from tokenmon.errors import UsageError
from tokenmon.events import Flag
from tokenmon.source import Row, Tally
from tokenmon.store.answers import Health
from tokenmon.store.reader import Reader
from tokenmon.store.rows import AHEAD_MS
from tokenmon.store.sources import MOST_REASONS, OTHER_REASONS
from tokenmon.store.writer import Writer
from tokenmon.view import Condition, View

SUSPICIOUS: dict[str, Row] = {
    "unpriced": a_row(an_event("unpriced"), cost=None),
    "assumed": a_row(an_event("assumed", at=1, assumed=True)),
    "disagrees": a_row(an_event("disagrees", at=2, disagrees=True)),
    "untimed": a_row(an_event("untimed", at=3, untimed=True)),
    "empty": a_row(an_event("empty", at=4, input=0, output=0, cache_read=0)),
    "future": a_row(an_event("future", at=AHEAD_MS + 1)),
}
FINE = (
    a_row(an_event("fine")),
    a_row(an_event("as far ahead as clocks may be", at=AHEAD_MS)),
    a_row(an_event("only cached", at=5, input=0, output=0, cache_read=1)),
    a_row(an_event("logged", at=6, cost_logged=5), cost=None),
)


def health_of(path: Path) -> Health:
    return ask(path, Reader.health)


def ids(path: Path, view: View) -> list[int]:
    """Times of the events of a view, which tell them apart."""

    async def events(reader: Reader) -> list[int]:
        return [event.ts - START for event in (await reader.events(view)).events]

    return ask(path, events)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("doubts") / "t.db"
    writer = Writer.open(place)
    commit(writer, a_step(a_source(), [*SUSPICIOUS.values(), *FINE]))
    writer.close()
    return place


def test_the_example_has_every_doubt() -> None:
    assert tuple(SUSPICIOUS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_doubted_is_found_by_condition_and_by_search(path: Path, name: str) -> None:
    wanted = [SUSPICIOUS[name].event.ts - START]
    assert ids(path, View(where=(Condition("quality", name),))) == wanted
    assert ids(path, View(search=f"quality:{name}")) == wanted
    assert ids(path, View(search=f"quality:{name.upper()} gpt")) == wanted
    assert ids(path, View(search=f"quality:{name} claude")) == []

    async def requests(reader: Reader) -> int:
        return (await reader.totals(View(where=(Condition("quality", name),)))).requests

    assert ask(path, requests) == 1


def test_an_unfinished_quality_asks_for_nothing_yet_and_an_unknown_one_is_a_word(path: Path) -> None:
    everything = len(SUSPICIOUS) + len(FINE)
    assert len(ids(path, View(search="quality:emp"))) == everything
    assert len(ids(path, View(search="quality:"))) == everything
    assert ids(path, View(search="quality:odd")) == []


def test_a_condition_of_no_known_quality_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="no such quality"):
        ids(path, View(where=(Condition("quality", "odd"),)))


def test_doubts_are_counted_by_source_and_by_dialect(path: Path) -> None:
    health = health_of(path)
    (source,), (dialect,) = health.sources, health.dialects
    assert source.doubts == dialect.doubts == (1,) * len(DOUBTS)
    assert (dialect.dialect, dialect.sources, dialect.events) == ("", 1, 10)


def test_an_event_knows_what_may_be_doubted_about_it(path: Path) -> None:
    async def doubts(reader: Reader) -> set[tuple[str, ...]]:
        return {event.doubts for event in (await reader.events(View())).events}

    assert ask(path, doubts) == {(), *((name,) for name in NAMES)}


def test_flags_of_the_loop_are_those_of_the_vocabulary(path: Path) -> None:
    flags = {flag for (flag,) in rows_of(path, "SELECT flags FROM series")}
    assert Flag.EMPTY | Flag.CACHE_READ | Flag.LISTED in flags
    assert Flag.FUTURE | Flag.LISTED in flags
    assert doubts_of(Flag.FUTURE | Flag.EMPTY) == ("unpriced", "empty", "future")


def test_a_better_copy_takes_the_doubts_along(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    commit(writer, a_step(a_source("/a", 1), [a_copy("m", input=0, output=0)]))
    assert [source.doubts for source in health_of(path).sources] == [(0, 0, 0, 0, 1, 0)]
    commit(writer, a_step(a_source("/b", 2), [a_copy("m", output=5, at=1, assumed=True)]))
    writer.close()
    found = {source.path: source.doubts for source in health_of(path).sources}
    assert found == {"/a": (0, 0, 0, 0, 0, 0), "/b": (0, 1, 0, 0, 0, 0)}


def test_a_new_price_ends_the_doubt(tmp_path: Path) -> None:
    class Price:
        cost, priced_as = 5, "openai/gpt-5"

    path = tmp_path / "t.db"
    writer = Writer.open(path)
    commit(
        writer, a_step(a_source(), [a_row(an_event("a"), cost=None), a_row(an_event("b", cost_logged=1), cost=None)])
    )
    assert health_of(path).sources[0].doubts[0] == 1
    assert writer.reprice(lambda event: Price(), 9, None) is None
    writer.close()
    assert health_of(path).sources[0].doubts[0] == 0
    assert ids(path, View(where=(Condition("quality", "unpriced"),))) == []


def test_reasons_are_counted_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    step = a_step(a_source(), tally=Tally(rejects=2 * MOST_REASONS + 7))
    step.reasons = {"input is negative": 7} | {f"reason {i}": 2 for i in range(MOST_REASONS)}
    source = commit(writer, step).checkpoints[0]
    step = a_step(source, tally=Tally(rejects=4))
    step.reasons = {"input is negative": 3, "one more": 1}
    commit(writer, step)
    writer.close()
    health = health_of(path)
    (source_health,), (dialect,) = health.sources, health.dialects
    assert source_health.reasons[0] == ("input is negative", 10)
    assert dict(source_health.reasons)[OTHER_REASONS] == 3
    assert len(source_health.reasons) == MOST_REASONS + 1
    assert sum(n for _, n in source_health.reasons) == source_health.rejects
    assert dialect.reasons[0] == ("input is negative", 10)


def test_an_event_that_cannot_be_stored_has_its_reason_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    writer = Writer.open(path)
    commit(writer, a_step(a_source(), [a_row(an_event("a", latency_ms=1 << 70)), a_row(an_event("b"))]))
    writer.close()
    (source,) = health_of(path).sources
    assert (source.rejects, source.reasons) == (1, (("a value is out of range", 1),))
