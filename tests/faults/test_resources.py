"""Much at once, for long: what is held in memory, open and on disk has a bound, and no file starves another."""

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.dialects.samples import line, reader
from tests.ingest.ingesting import (
    START_MS,
    claude,
    expected,
    ingest,
    inputs,
    native,
    natives,
    rollups_are_exact,
    rows,
    stored,
    until,
)
from tests.ingest.made_up import Turning, message, take_in, talk
from tests.soak.backlog import read_backlog
from tests.soak.rotation import rotate
from tests.soak.watched import Watched
from tokenmon.dialects.fields import SHARED
from tokenmon.ingest.tables import REMEMBERED
from tokenmon.settings import Settings
from tokenmon.source import KEPT_GONE
from tokenmon.store.writer import Writer


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def payload(number: int) -> bytes:
    """One of LiteLLM's, with ids of its own."""
    return line({
        "id": f"chatcmpl-{number}", "litellm_call_id": f"c-{number}", "call_type": "acompletion", "response_cost": 0.01,
        "prompt_tokens": 10, "completion_tokens": 5, "startTime": START_MS / 1000, "endTime": START_MS / 1000 + 3,
        "model": "gpt-5-mini", "session_id": f"s-{number}", "custom_llm_provider": "openai",
    })  # fmt: skip


def native_session(number: int) -> bytes:
    return native(number, session=f"s-{number}", user=f"u-{number}")


@pytest.mark.parametrize(("dialect", "write"), [("litellm", payload), ("native", native_session)])
def test_fault_111_names_that_are_new_with_every_line_do_not_fill_the_memory(dialect: str, write: object) -> None:
    assert callable(write)
    sources = [reader(dialect) for _ in range(50)]

    def read(start: int) -> int:
        """Memory after so many lines more as there are names remembered, in Python's blocks."""
        for number in range(start, start + SHARED):
            assert sources[number % len(sources)].parse(write(number)) is not None
        return sys.getallocatedblocks()

    read(0)
    before = read(SHARED)
    assert read(2 * SHARED) - before < SHARED / 4


def test_fault_111_a_backlog_is_read_in_little_memory_and_counted_exactly(tmp_path: Path) -> None:
    """A short form of `python -m tests.soak backlog`."""
    figure = read_backlog(tmp_path / "payloads", "payloads", 0.01)
    assert figure.met, figure


def test_fault_112_rotation_after_rotation_holds_no_more_than_the_first_ones(tmp_path: Path) -> None:
    """A short form of `python -m tests.soak rotation`: three hours."""
    figures = list(rotate(tmp_path, rotations=36, factor=3_000))
    assert [figure for figure in figures if not figure.met] == []


def test_a_hundred_files_that_grow_at_once_are_read_in_turns(tmp_path: Path, logs: Path) -> None:
    """One of them twenty times as fast, which has no more than its turns while it is behind."""
    database, piece, quiet = tmp_path / "t.db", 4_096, [logs / f"{name}.jsonl" for name in range(1, 100)]
    with Turning(database, logs, settings=Settings(bytes_per_file=piece, scan_interval=0.01)) as turning:
        for round_ in range(3):
            with (logs / "fast.jsonl").open("ab") as file:
                file.write(natives(range(10_000 * round_, 10_000 * round_ + 400)))
            for name, path in enumerate(quiet, 10):
                with path.open("ab") as file:
                    file.write(natives(range(10_000 * name + 20 * round_, 10_000 * name + 20 * round_ + 20)))
            sizes = {str(path): path.stat().st_size for path in quiet}
            while not sizes.items() <= offsets(database).items():
                turning.turn()
                turning.flush()
            assert offsets(database)[str(logs / "fast.jsonl")] <= 2 * piece * (round_ + 1)
        turning.until_idle()
    assert offsets(database) == {str(path): path.stat().st_size for path in logs.iterdir()}
    assert stored(database) == 3 * (400 + 99 * 20)


def offsets(database: Path) -> dict[str, int]:
    """How far every file is stored."""
    return {os.fsdecode(path): offset for path, offset in rows(database, "SELECT path, off FROM source")}


def test_thousands_of_files_are_read_a_bounded_part_at_a_time(tmp_path: Path, logs: Path) -> None:
    """A short form of `python -m tests.soak many`."""
    database = tmp_path / "t.db"
    for number in range(800):
        directory = logs / str(number // 100)
        directory.mkdir(exist_ok=True)
        (directory / f"{number}.jsonl").write_bytes(native(number))
    settings = Settings(entries_per_cycle=200, files_per_cycle=50)
    with Turning(database, logs, settings=settings) as turning:
        turning.turn()
        turning.flush()
        assert 0 < stored(database) <= 50
        before = len(os.listdir("/dev/fd"))
        turning.until_idle()
        assert len(os.listdir("/dev/fd")) <= before + 100
    assert inputs(database) == expected(range(800))
    with (logs / "7" / "700.jsonl").open("ab") as file:
        file.write(native(2_000))
    ingest(database, logs, settings=settings)
    assert inputs(database) == expected([*range(800), 2_000])
    assert ingest(database, logs) == []


# -- what is remembered


GONE = """INSERT INTO source(path, dev, ino, lineage, off, head, head_size, tail, tail_size, skipping, size, mtime_ns,
dialect, state, gone, events, first_seen, last_seen, last_event)
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1)
SELECT CAST('/logs/' || n AS BLOB), 1, n, n, 10, CAST(n AS BLOB), 10, x'00', 10, 0, 10, 0, 'native', x'', 1, 0, 0,
9000000000000 + n, NULL FROM number"""


def gone_sources(database: Path, count: int) -> None:
    """Sources that went one after another, lately, and have no event."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(GONE, (count,))


def test_of_files_that_are_gone_a_bounded_number_is_remembered(tmp_path: Path, logs: Path) -> None:
    database = tmp_path / "t.db"
    (logs / "a.jsonl").write_bytes(natives(range(5)))
    ingest(database, logs)
    gone_sources(database, KEPT_GONE + 30)
    ingest(database, logs)
    kept = [os.fsdecode(path) for (path,) in rows(database, "SELECT path FROM source WHERE gone ORDER BY ino")]
    assert kept == [f"/logs/{n}" for n in range(31, KEPT_GONE + 31)]
    with closing(Writer.open(database)) as writer:
        assert sum(checkpoint.gone for checkpoint in writer.checkpoints()) == KEPT_GONE
    assert inputs(database) == expected(range(5))


def test_a_copy_of_a_file_that_went_long_ago_counts_nothing_twice(tmp_path: Path, logs: Path) -> None:
    database, copy = tmp_path / "t.db", tmp_path / "copy"
    (logs / "a.jsonl").write_bytes(natives(range(5)))
    ingest(database, logs)
    (logs / "a.jsonl").rename(copy)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE source SET gone = 1")
    gone_sources(database, KEPT_GONE + 30)
    ingest(database, logs)
    assert rows(database, "SELECT count(*) FROM source WHERE events > 0") == [(1,)]  # numbers lead to their log
    shutil.copy(copy, logs / "b.jsonl")
    with (logs / "b.jsonl").open("ab") as file:
        file.write(natives(range(5, 8)))
    ingest(database, logs)
    assert inputs(database) == expected(range(8))
    assert rollups_are_exact(database)


def test_rows_of_a_table_that_share_their_time_are_remembered_up_to_a_number(tmp_path: Path, logs: Path) -> None:
    database, talks, count = tmp_path / "t.db", logs / "talks-1.db", REMEMBERED + 2_000
    with closing(sqlite3.connect(talks)) as connection:
        connection.execute("CREATE TABLE talk(id TEXT PRIMARY KEY, written INTEGER NOT NULL, json TEXT NOT NULL)")
        for more in (range(count), range(count, count + 3)):
            connection.executemany(
                "INSERT INTO talk VALUES (?, 7, ?)", [(f"row-{n:05}", talk([], message(n)).decode()) for n in more]
            )
            connection.commit()
            take_in(database, logs)
    assert inputs(database) == expected(range(count + 3))
    assert rows(database, f"SELECT length(state) < 24 * {REMEMBERED} FROM source") == [(1,)]
    assert rollups_are_exact(database)


# -- what appears later


def test_an_agent_that_is_installed_later_is_found_within_a_minute(tmp_path: Path) -> None:
    """Where the paths were found and not named. A minute is a second here."""
    named = tmp_path / "named"
    (named / ".claude/projects/web").mkdir(parents=True)
    (tmp_path / ".claude/projects/web").mkdir(parents=True)
    for home in (tmp_path, named):
        (home / ".claude/projects/web/s.jsonl").write_bytes(claude("a", 5))
    faster = ("-m", "tests.soak.scaled", "60")
    with Watched(tmp_path / "once.db", named, flags=["--once"]) as first:  # makes the price table, in true time
        first.end()
    with (
        Watched(tmp_path / "t.db", begin=faster) as found,
        Watched(named / "t.db", named / ".claude/projects", begin=faster) as told,
    ):
        until(lambda: stored(found.database) == stored(told.database) == 1)
        for home in (tmp_path, named):
            (home / ".onwatch/api-integrations").mkdir(parents=True)
            (home / ".onwatch/api-integrations/a.jsonl").write_bytes(natives(range(3)))
        until(lambda: stored(found.database) == 4)
        with (tmp_path / ".onwatch/api-integrations/a.jsonl").open("ab") as file:
            file.write(native(3))
        until(lambda: stored(found.database) == 5)
        assert stored(told.database) == 1
        (paths,) = rows(found.database, "SELECT value FROM meta WHERE name = 'paths'")
    assert [Path(path).parts[-2:] for path in json.loads(paths[0])] == [
        (".claude", "projects"), (".onwatch", "api-integrations")
    ]  # fmt: skip
