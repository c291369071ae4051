"""Official limits in the store: the newest of each, whatever came first, in the transaction of its lines."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.store.building import a_source, a_step, commit
from tokenmon.errors import SteppedDown
from tokenmon.events import Limit
from tokenmon.source import Step
from tokenmon.store.allowances import MOST
from tokenmon.store.reader import Reader
from tokenmon.store.writer import Writer

NOW = 1_789_376_400_000


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    opened = Writer.open(tmp_path / "t.db")
    yield opened
    opened.close()


def told(used: float, at: int = 0, name: str = "primary", plan: str = "pro") -> Limit:
    return Limit(NOW + at, "codex", name, used, 300, NOW + 3_600_000, plan)


def step(*limits: Limit) -> Step:
    """Lines that tell limits and no call."""
    made = a_step(a_source(), [])
    made.limits.extend(limits)
    return made


def test_the_newest_news_of_a_limit_stands_whatever_the_order(writer: Writer) -> None:
    news = [told(used, at=used) for used in range(20)]
    random.Random(7).shuffle(news)
    checkpoint = commit(writer, step(*news[:9])).checkpoints[0]
    later = a_step(checkpoint, [])
    later.limits.extend(news[9:])
    commit(writer, later)
    assert writer.limits() == [told(19, at=19)]


def test_plans_and_windows_are_told_apart(writer: Writer) -> None:
    commit(writer, step(told(1), told(2, name="secondary"), told(3, plan="plus")))
    assert sorted(limit.used for limit in writer.limits()) == [1, 2, 3]


def test_a_commit_that_fails_tells_nothing(writer: Writer) -> None:
    stored = commit(writer, step()).checkpoints[0]
    stale = a_step(replace(stored, offset=stored.offset + 1))
    stale.limits.append(told(50))
    with pytest.raises(SteppedDown):
        commit(writer, stale)
    assert writer.limits() == []


def test_a_producer_with_a_fresh_name_each_time_does_not_fill_the_database(writer: Writer) -> None:
    commit(writer, step(*(told(1, at=number, name=f"n{number}") for number in range(3 * MOST))))
    names = {limit.name for limit in writer.limits()}
    assert names == {f"n{number}" for number in range(2 * MOST, 3 * MOST)}


async def test_a_reader_answers_limits_by_themselves_and_with_health(writer: Writer, tmp_path: Path) -> None:
    commit(writer, step(told(12.5)))
    async with await Reader.open(tmp_path / "t.db") as reader:
        assert await reader.limits() == (told(12.5),)
        assert (await reader.health()).limits == (told(12.5),)
