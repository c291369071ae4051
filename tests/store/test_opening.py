"""A file that is no database of ours is named, with what to do; health says how a database of ours is."""

import asyncio
import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from tests.store.asking import BASE, ask, call, connect
from tests.store.ending import cancelled_twice, closed_while_quitting, no_thread_left
from tests.store.filling import add_source, create, mark_dirty, set_meta
from tests.store.test_reader import made
from tokenmon.errors import NewerDatabase, NoDatabase, NotOurDatabase, TokenmonError
from tokenmon.store.answers import Unpriced
from tokenmon.store.migrations import VERSION
from tokenmon.store.reader import Reader
from tokenmon.store.schema import HOUR
from tokenmon.store.snapshot import Snapshots
from tokenmon.view import View


def missing(path: Path) -> None:
    pass


def a_directory(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("no database at all, but long enough to have a header of a hundred bytes or more. " * 9)


def another_programs(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs(x)")
    db.close()


def a_newer_ones(path: Path) -> None:
    create(path).close()
    db = connect(path)
    db.execute(f"PRAGMA user_version={VERSION + 1}")
    db.close()


def behind_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("a file where a directory should be")


@pytest.mark.parametrize(
    ("prepare", "error", "code"),
    [
        (missing, NoDatabase, 3),
        (empty, NoDatabase, 3),
        (behind_a_file, NoDatabase, 3),
        (a_directory, NotOurDatabase, 65),
        (text, NotOurDatabase, 65),
        (another_programs, NotOurDatabase, 65),
        (a_newer_ones, NewerDatabase, 65),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    tmp_path: Path, prepare: object, error: type[TokenmonError], code: int
) -> None:
    path = tmp_path / "state" / "x y?#%.db"
    path.parent.mkdir()
    assert callable(prepare)
    prepare(path)
    with pytest.raises(error) as raised:
        asyncio.run(Reader.open(path))
    assert type(raised.value) is error
    assert raised.value.exit_code == code
    assert str(path) in raised.value.line()
    assert "\n" not in raised.value.line()


def test_a_path_with_any_characters_opens(tmp_path: Path) -> None:
    path = made(tmp_path / "a b?c#d%20.db", [call(BASE, 1, 1)])
    assert ask(path, lambda reader: reader.totals(View())).requests == 1


def test_a_page_that_is_damaged_is_said_and_not_a_traceback(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    db = connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 8192)
        file.write(b"\xff" * 8192)
    with pytest.raises(NotOurDatabase, match="damaged"):
        ask(path, lambda reader: reader.events(View()))


async def test_a_cancelled_question_leaves_the_reader_usable(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i, 1, i) for i in range(50)])
    async with await Reader.open(path) as reader:
        for steps in range(12):
            question = asyncio.ensure_future(reader.totals(View()))
            for _ in range(steps):
                await asyncio.sleep(0)
            question.cancel()
            await asyncio.gather(question, return_exceptions=True)
            assert (await reader.totals(View())).requests == 50


async def test_questions_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i, 1, i) for i in range(50)])
    async with await Reader.open(path) as reader:
        answers = await asyncio.gather(*(reader.totals(View()) for _ in range(20)), reader.health(), reader.span())
    assert {answer.requests for answer in answers[:20]} == {50}  # type: ignore[union-attr]


async def test_no_snapshot_is_held_between_questions(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE, 1, 1)])
    async with await Reader.open(path) as reader:
        await reader.totals(View())
        db = connect(path)
        set_meta(db, {"backlog": 5})
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        db.close()
        assert busy == 0
        assert (await reader.health()).backlog_bytes == 5


def test_health_tells_of_sources_alerts_rejects_and_models_without_a_price(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [call(BASE + i, 4, i, size=10) for i in range(3)] + [call(BASE, 1, 9)])
    db = connect(path)
    newest = add_source(
        db, b"/logs/new\xff.jsonl", last_change=99, off=10, size=30, rejects=2, gone=1, error="no\x1bway"
    )
    db.execute("INSERT INTO reject VALUES (?, 7, 8, 'model is missing', 1234)", (newest,))
    db.execute("INSERT INTO alert VALUES (1, 'overflow', 'user', 'warning', 'ok', 'fine', 1, 5, 6)")
    db.execute("INSERT INTO alert VALUES (2, 'overflow', 'key\x1b', 'warning', 'firing', 'not fine', 3, 4, 6)")
    facts = {"backlog": 77, "prices_version": "0.2.3", "prices_date": "2026-11-01", "paths": '["/logs"]'}
    set_meta(db, {**facts, "places": '[["Claude Code", "/home/x/.claude"]]'})
    mark_dirty(db, [BASE // HOUR])
    db.close()
    health = ask(path, lambda reader: reader.health())
    assert (health.events, health.series, health.schema_version, health.dirty_hours) == (4, 4, VERSION, 1)
    assert (health.backlog_bytes, health.prices_version, health.watermark) == (77, "0.2.3", None)
    assert health.unpriced == (Unpriced("local/llama", 3, 63),)
    source = health.sources[0]
    assert (source.path, source.offset, source.size, source.gone) == ("/logs/new\udcff.jsonl", 10, 30, True)
    assert source.error == "no\ufffdway"
    assert health.sources_total == 3
    assert [(alert.state, alert.subject) for alert in health.alerts] == [("firing", "key\ufffd"), ("ok", "user")]
    assert [(reject.offset, reject.reason) for reject in health.rejects] == [(7, "model is missing")]
    assert health.places == (("Claude Code", "/home/x/.claude"),)
    assert health.size_bytes > 8192
    assert ask(path, lambda reader: reader.paths()) == ["/logs"]


def test_only_the_newest_thousand_sources_are_listed(tmp_path: Path) -> None:
    db = create(tmp_path / "x.db")
    db.execute("BEGIN")
    for i in range(1_005):
        add_source(db, b"/logs/%d" % i, last_change=i)
    db.execute("COMMIT")
    db.close()
    health = ask(tmp_path / "x.db", lambda reader: reader.health())
    assert (len(health.sources), health.sources_total) == (1_000, 1_005)
    assert health.sources[0].path == "/logs/1004"


def test_the_ingester_is_who_holds_the_lock(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", [])
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.write(lock, b"4711\n")
        os.utime(lock, ns=(0, 5_000_000_000))
        assert ask(path, lambda reader: reader.health()).ingester_pid is None
        fcntl.flock(lock, fcntl.LOCK_EX)
        health = ask(path, lambda reader: reader.health())
        assert (health.ingester_pid, health.ingester_alive_at) == (4711, 5000)
    finally:
        os.close(lock)
    assert ask(path, lambda reader: reader.health()).ingester_pid is None


@pytest.mark.parametrize("rounds", range(1, 6))
def test_whoever_quits_while_a_reader_opens_leaves_no_thread_behind(tmp_path: Path, rounds: int) -> None:
    database = tmp_path / "t.db"
    create(database).close()
    with no_thread_left():
        asyncio.run(cancelled_twice(Reader.open(database), rounds))


@pytest.mark.parametrize("rounds", range(1, 6))
def test_whoever_quits_while_a_reader_closes_leaves_no_thread_behind(tmp_path: Path, rounds: int) -> None:
    database = tmp_path / "t.db"
    create(database).close()

    async def quit_while_closing() -> None:
        snapshots = await Snapshots.open(database)
        await closed_while_quitting(snapshots.close(), snapshots, rounds)

    with no_thread_left():
        asyncio.run(quit_while_closing())


def test_a_question_to_a_closed_reader_is_answered_with_an_error_of_ours(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    create(database).close()

    async def ask_late() -> None:
        reader = await Reader.open(database)
        await reader.close()
        await reader.close()
        for question in (reader.revision, reader.span):
            with pytest.raises(NoDatabase):
                await question()

    with no_thread_left():
        asyncio.run(ask_late())
