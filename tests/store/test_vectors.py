"""What a question reads again: a few minutes at the edges, the open hour, and nothing that cannot have changed."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.store.asking import BASE, call, connect
from tests.store.filling import add_events, mark_dirty, set_meta
from tests.store.test_reader import made
from tokenmon.errors import UsageError
from tokenmon.store import vectors
from tokenmon.store.cover import Span
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR, STEP
from tokenmon.store.snapshot import Row, Snapshots
from tokenmon.store.statements import Selection
from tokenmon.store.vectors import Moment, Vector, cut
from tokenmon.view import View, Window

FAR = BASE + 365 * 24 * HOUR


def test_pieces_are_disjoint_and_whole() -> None:
    settled = 100 * HOUR
    for start in (None, 90 * HOUR, 90 * HOUR + 1, 99 * HOUR + 7 * STEP + 3, settled, settled + 5):
        for end in (None, 95 * HOUR + STEP, 99 * HOUR + 8 * STEP + 9, settled, settled + 5, settled + 3 * HOUR):
            if start is not None and end is not None and start >= end:
                continue
            kept, fresh = cut((start, end), settled)
            pieces = sorted([*kept, *fresh], key=lambda piece: -1 if piece[0] is None else piece[0])
            assert (pieces[0][0], pieces[-1][1]) == (start, end)
            assert all(one[1] == other[0] for one, other in pairwise(pieces))
            assert all(edge is None or (edge % STEP == 0 and edge <= settled) for piece in kept for edge in piece)
            events = [end - start for start, end in fresh if start is not None and end is not None and end <= settled]
            assert all(length < STEP for length in events)


async def asked(reader: Reader, path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    """The settled pieces that a question about the first day reads."""
    read: list[Span] = []
    real = vectors._whole

    async def noted(moment: Moment, selection: Selection, span: Span) -> Vector:
        read.append(span)
        return await real(moment, selection, span)

    monkeypatch.setattr(vectors, "_whole", noted)
    await reader.totals(View(Window(BASE, BASE + 8 * HOUR)))
    monkeypatch.undo()
    return read


async def test_an_event_of_the_far_future_does_not_make_every_commit_a_change_of_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [*(call(BASE + i * HOUR // 2, 1 + i % 4, i) for i in range(20)), call(FAR, 1, 99)]
    path = made(tmp_path / "x.db", found)
    db = connect(path)
    set_meta(db, {"front": BASE + 9 * HOUR, "history": 7})
    async with await Reader.open(path) as reader:
        assert await asked(reader, path, monkeypatch)
        assert (await reader.totals(View())).requests == 21
        assert (await reader.totals(View(Window(BASE, BASE + 10 * HOUR)))).requests == 20
        add_events(db, [call(BASE + 9 * HOUR + 5, 2, 500)])
        mark_dirty(db, [(BASE + 9 * HOUR) // HOUR])
        set_meta(db, {"recent": 1})
        assert await asked(reader, path, monkeypatch) == []
        assert (await reader.totals(View())).requests == 22
        assert (await reader.totals(View(Window(BASE, BASE + 10 * HOUR)))).requests == 21
        add_events(db, [call(BASE + 2 * HOUR + 5, 2, 501)])
        mark_dirty(db, [(BASE + 2 * HOUR) // HOUR])
        set_meta(db, {"history": 8})
        assert await asked(reader, path, monkeypatch)
        assert (await reader.totals(View(Window(BASE, BASE + 10 * HOUR)))).requests == 22
    db.close()


async def test_health_adds_up_what_has_no_price_over_all_pieces(tmp_path: Path) -> None:
    found = [call(BASE + i * HOUR // 2, 4, i) for i in range(20)]
    async with await Reader.open(made(tmp_path / "x.db", found)) as reader:
        (unpriced,) = (await reader.health()).unpriced
    assert (unpriced.requests, unpriced.total) == (20, sum(one.input + one.output for one in found))


async def test_classes_that_were_rolled_back_are_made_again(tmp_path: Path) -> None:
    snapshots = await Snapshots.open(made(tmp_path / "x.db", [call(BASE, 1, 1)]))

    async def stored(name: str, classes: dict[int, int]) -> list[Row]:
        async with snapshots.take() as snapshot:
            await snapshot.classify(name, classes)
            return await snapshot.all("SELECT * FROM temp.class")

    async def failing() -> None:
        async with snapshots.take() as snapshot:
            await snapshot.classify("a", {1: 7})
            raise UsageError("no")

    try:
        with pytest.raises(UsageError):
            await failing()
        assert [await stored("a", {1: 7}) for _ in range(2)] == [[(1, 7)]] * 2
        assert await stored("b", {2: 8}) == [(2, 8)]
    finally:
        await snapshots.close()
