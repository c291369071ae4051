"""Where logs are, what they are called, and who may read them: none of it costs a line, and all of it is told."""

import csv
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import tokenmon
from tests.faults.harming import OBEYED
from tests.faults.scenarios import Logs
from tests.faults.tailers import staying
from tests.ingest.ingesting import Running, expected, ingest, inputs, native, natives, rows, stored, until
from tests.ingest.made_up import book
from tests.permissions import ordinary_user
from tests.ui.driving import driven
from tokenmon.settings import Settings


def failing(database: Path) -> list[tuple[str, str]]:
    """Sources that cannot be read at the moment, and why."""
    found = rows(database, "SELECT path, error FROM source WHERE error <> '' ORDER BY path")
    return [(Path(os.fsdecode(path)).name, error) for path, error in found]


def test_fault_041_a_file_that_may_not_be_read_is_told_once_and_read_when_it_may() -> None:
    book()  # an ordinary user has no place to keep it
    with ordinary_user() as home:
        logs = Logs(home / "logs", ids=False)
        logs.append("a.jsonl", range(5))
        logs.append("b.jsonl", [10])
        logs.path("a.jsonl").chmod(0)
        with staying(logs.directory, home / "t.db") as tailer:
            tailer.look()
            assert failing(tailer.database) == [("a.jsonl", "permission denied")]
            assert tailer.look() == [], "nothing new is told"
            assert tailer.counted() == [10]
            logs.path("a.jsonl").chmod(0o644)
            tailer.look()
            assert (failing(tailer.database), tailer.failures) == ([], {})
            assert tailer.counted() == [*range(5), 10]


def test_fault_041_a_directory_that_may_not_be_listed_is_told_until_it_may() -> None:
    book()
    with ordinary_user() as home:
        logs = Logs(home / "logs", ids=False)
        logs.path("inner").mkdir()
        logs.append("inner/a.jsonl", range(5))
        with staying(logs.directory, home / "t.db") as tailer:
            tailer.look()
            logs.append("inner/a.jsonl", range(5, 9))
            logs.path("inner").chmod(0)
            for _ in range(3):
                tailer.look()
                assert tailer.failures[str(logs.path("inner"))] == "permission denied"
            logs.path("inner").chmod(0o755)
            tailer.look()
            assert tailer.failures == {}
            assert tailer.counted() == [*range(9)]


def test_fault_042_a_directory_may_be_missing_come_go_and_be_another_one(tmp_path: Path) -> None:
    logs, elsewhere, database = tmp_path / "logs", tmp_path / "elsewhere", tmp_path / "t.db"
    alert = "SELECT state FROM alert WHERE kind = 'path missing'"
    logs.mkdir()
    ingest(database, logs)
    logs.rmdir()
    with Running(database, logs, flags=["--scan-interval", "0.2"]) as running:
        until(lambda: rows(database, alert) == [("info",)])
        logs.mkdir()
        (logs / "a.jsonl").write_bytes(natives(range(3)))
        until(lambda: stored(database) == 3)
        shutil.rmtree(logs)
        logs.mkdir()
        (logs / "a.jsonl").write_bytes(natives(range(10, 14)))
        until(lambda: stored(database) == 7)
        logs.rename(elsewhere)
        logs.symlink_to(elsewhere)
        with (elsewhere / "a.jsonl").open("ab") as file:
            file.write(native(14))
        until(lambda: stored(database) == 8)
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected([*range(3), *range(10, 15)])


def test_fault_042_what_was_unmounted_goes_on_when_it_is_mounted_again(tmp_path: Path) -> None:
    """An empty directory stands in its place meanwhile."""
    logs = Logs(tmp_path / "logs", ids=False)
    logs.append("a.jsonl", range(5))
    with staying(logs.directory, tmp_path / "t.db") as tailer:
        tailer.look()
        logs.directory.rename(tmp_path / "unmounted")
        logs.directory.mkdir()
        for seconds in (5, 5, 61):
            tailer.later(seconds)
        logs.directory.rmdir()
        (tmp_path / "unmounted").rename(logs.directory)
        logs.append("a.jsonl", range(5, 9))
        tailer.look()
        assert tailer.counted() == [*range(9)]
        assert tailer.offsets() == [("a.jsonl", logs.path("a.jsonl").stat().st_size)]


NAMES = (b"new\nline.jsonl", b"\x1b]0;owned\x07\x1b[31m.jsonl", b"\xff\xfe.jsonl", b"-rf.jsonl", b"n" * 249 + b".jsonl")


@pytest.fixture(name="named", scope="module")
def _named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with logs of these names, each with one call and one invalid line, all read."""
    home = tmp_path_factory.mktemp("named")
    (home / "logs").mkdir()
    for number, name in enumerate(NAMES):
        (home / "logs" / os.fsdecode(name)).write_bytes(native(number) + b"no call\n")
    done = tokenmon(home, "--ingest-only", "--once", "--db", "x.db", "logs")
    assert done.code == 0
    _harmless(done.err)
    return home


def _harmless(text: str) -> None:
    found = OBEYED.search(text)
    assert found is None, repr(text[max(0, found.start() - 40) : found.end() + 20])


def test_fault_043_any_name_is_read_and_stored_as_it_is(named: Path) -> None:
    assert inputs(named / "x.db") == expected(range(len(NAMES)))
    found = [path for (path,) in rows(named / "x.db", "SELECT path FROM source")]
    assert sorted(found) == sorted(os.fsencode(named / "logs") + b"/" + name for name in NAMES)
    ingest(named / "x.db", named / "logs")
    assert inputs(named / "x.db") == expected(range(len(NAMES)))


@pytest.mark.parametrize("words", ["report --by source", "status", "events"])
def test_fault_043_no_name_reaches_a_terminal_as_anything_but_text(named: Path, words: str) -> None:
    done = tokenmon(named, *words.split(), "--db", "x.db")
    _harmless(done.out + done.err)
    assert ("gpt-5-mini" if words == "events" else "logs/-rf.jsonl ") in done.out


NAMED_BY: dict[tuple[str, ...], Callable[[str], list[str]]] = {
    ("report", "--by", "source", "--json"): lambda out: [row["source"] for row in json.loads(out)["rows"]],
    ("report", "--by", "source", "--csv"): lambda out: [row["source"] for row in csv.DictReader(out.splitlines())],
    ("events", "--json"): lambda out: [json.loads(line)["source_path"] for line in out.splitlines()],
    ("status", "--json"): lambda out: [source["path"] for source in json.loads(out)["sources"]],
}
"""Which logs an answer names."""


@pytest.mark.parametrize("words", NAMED_BY, ids=" ".join)
def test_fault_043_every_name_can_be_told_from_the_others(named: Path, words: tuple[str, ...]) -> None:
    done = tokenmon(named, *words, "--db", "x.db")
    _harmless(done.out + done.err)
    assert len(set(NAMED_BY[words](done.out))) == len(NAMES)


def test_fault_043_a_name_that_begins_like_a_flag_can_be_given(named: Path) -> None:
    for words in (("report", "--json"), ("--json", "report")):
        done = tokenmon(named / "logs", *words, "--", "-rf.jsonl")
        assert done.code == 0, done.err
        assert json.loads(done.out)["totals"]["requests"] == 1


def test_fault_043_every_call_is_traced_to_its_line_whatever_its_file_is_called(named: Path) -> None:
    listed = tokenmon(named, "events", "--json", "--db", "x.db").out.splitlines()
    for event in map(json.loads, listed):
        done = tokenmon(named, "explain", event["id"], "--db", "x.db")
        assert done.code == 0, done.err
        assert '"prompt_tokens"' in done.out
        _harmless(done.out)


async def test_fault_043_the_screen_shows_any_name_as_text(named: Path) -> None:
    async with driven(named / "x.db", (160, 60), now=lambda: time.time_ns() // 1_000_000) as driver:
        await driver.press("6")
        await driver.shows("-rf.jsonl", "n" * 20)
        _harmless(driver.text)


def test_fault_044_a_directory_called_like_a_log_is_a_directory(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "logs", ids=False)
    logs.path("x.jsonl").mkdir()
    logs.append("x.jsonl/a.jsonl", range(3))
    ingest(tmp_path / "t.db", logs.directory)
    assert inputs(tmp_path / "t.db") == expected(range(3))
    assert failing(tmp_path / "t.db") == []


def test_fault_044_an_archive_of_another_kind_is_told_once_and_no_line_is_made_of_it(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "logs", ids=False)
    logs.append("a.jsonl.1.bz2", [b"BZh91AY&SY\n" * 9])
    logs.append("a.jsonl", range(3))
    with staying(logs.directory, tmp_path / "t.db") as tailer:
        tailer.look()
        assert tailer.look() == []
        assert (tailer.counted(), tailer.rejects()) == ([0, 1, 2], 0)
    told = "compressed in a way that is not read; .gz and .zst are"
    assert failing(tmp_path / "t.db") == [("a.jsonl.1.bz2", told)]


def test_fault_045_files_from_1970_and_2099_are_kept_like_all_others(tmp_path: Path) -> None:
    """What is kept is decided by the time of a call, never by the file's."""
    logs = Logs(tmp_path / "logs", ids=False)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for name, number, at in (("1970.jsonl", 1, 0), ("2099.jsonl", 2, 4_070_908_800)):
        logs.append(name, [native(number, ts=now)])
        os.utime(logs.path(name), (at, at))
    for _ in range(2):
        ingest(tmp_path / "t.db", logs.directory, settings=Settings(retention_days=30))
    assert rows(tmp_path / "t.db", "SELECT count(*), count(DISTINCT source) FROM event") == [(2, 2)]
    assert rows(tmp_path / "t.db", "SELECT sum(expired), sum(off > 0) FROM source") == [(0, 2)]
