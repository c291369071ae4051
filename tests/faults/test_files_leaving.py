"""Files that go away: read to their end, told once where something is missing, and let go of."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenarios import TORN, Logs
from tests.faults.tailers import Staying, staying
from tests.ingest.ingesting import ingest, native, rows
from tests.ingest.made_up import Turning
from tests.tail.loop import Clock
from tokenmon.dialects import DIALECTS
from tokenmon.settings import Settings


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs", ids=False)


@pytest.fixture(name="tailer")
def _tailer(tmp_path: Path, logs: Logs) -> Iterator[Staying]:
    with staying(logs.directory, tmp_path / "t.db") as tailer:
        yield tailer


def lost(database: Path) -> int:
    """Bytes that were told as lost."""
    return int(rows(database, "SELECT coalesce(sum(lost_bytes), 0) FROM source")[0][0])


def held(path: Path) -> int:
    """Descriptors of this process for a file that may be deleted."""
    inode = path.stat().st_ino
    return sum(_inode(name) == inode for name in os.listdir("/dev/fd"))


def _inode(descriptor: str) -> int:
    try:
        return os.fstat(int(descriptor)).st_ino
    except OSError:  # the listing's own
        return 0


def test_fault_018_a_whole_last_line_of_a_deleted_file_counts(logs: Logs, tailer: Staying) -> None:
    logs.append("a.jsonl", [0, native(1)[:-1]])
    tailer.look()
    logs.delete("a.jsonl")
    tailer.look()
    assert tailer.counted() == [0]
    tailer.look()
    assert tailer.counted() == [0, 1]
    tailer.later(61)
    assert (tailer.rejects(), lost(tailer.database)) == (0, 0)


def test_fault_018_half_a_line_of_a_deleted_file_is_told_once(logs: Logs, tailer: Staying) -> None:
    logs.append("a.jsonl", [0])
    logs.tear("a.jsonl", 1)
    tailer.look()
    logs.delete("a.jsonl")
    for _ in range(4):
        tailer.look()
    tailer.later(61)
    tailer.later(61)
    assert tailer.counted() == [0]
    told = rows(tailer.database, "SELECT off, length, reason FROM reject")
    assert told == [(len(native(0)), TORN, "the last line was never finished")]
    assert (tailer.rejects(), lost(tailer.database)) == (1, 0)
    assert rows(tailer.database, "SELECT gone, off FROM source") == [(1, len(native(0)))]


def test_fault_027_what_went_away_unread_while_nobody_looked_is_told(tmp_path: Path, logs: Logs) -> None:
    database, clock = tmp_path / "t.db", Clock()
    logs.append("a.jsonl", range(100))
    size = logs.path("a.jsonl").stat().st_size
    few = Settings(bytes_per_file=4096)
    with Turning(database, logs.directory, dialects=DIALECTS, clock=clock, settings=few) as turning:
        turning.turn()
        turning.flush()
    ((offset,),) = rows(database, "SELECT off FROM source")
    assert 0 < offset < 4096
    logs.rename("a.jsonl", "a.old")
    with staying(logs.directory, database) as tailer:
        tailer.look()
        assert lost(database) == 0  # it may turn up
        tailer.later(61)
        tailer.later(61)
    assert lost(database) == size - offset
    assert rows(database, "SELECT gone FROM source") == [(1,)]


def test_fault_027_a_single_run_tells_at_once_what_went_away_unread(tmp_path: Path, logs: Logs) -> None:
    database = tmp_path / "t.db"
    logs.append("a.jsonl", [0])
    logs.tear("a.jsonl", 1)
    ingest(database, logs.directory)
    logs.delete("a.jsonl")
    ingest(database, logs.directory)
    ingest(database, logs.directory)
    assert lost(database) == TORN
    told = rows(database, "SELECT title FROM alert WHERE kind = 'bytes lost'")
    assert told == [(f"{TORN} bytes went away unread",)]


def test_fault_027_what_a_single_run_finds_under_another_name_is_not_lost(tmp_path: Path, logs: Logs) -> None:
    database = tmp_path / "t.db"
    logs.append("a.jsonl", [0])
    logs.tear("a.jsonl", 1)
    ingest(database, logs.directory)
    shutil.move(logs.path("a.jsonl"), tmp_path / "elsewhere")
    logs.path("b.jsonl").write_bytes((tmp_path / "elsewhere").read_bytes())
    logs.finish("b.jsonl", 1)
    ingest(database, logs.directory)
    assert lost(database) == 0
    assert [path.name for path in map(Path, paths(database))] == ["b.jsonl"]


def paths(database: Path) -> list[str]:
    """Of all files that are still there, as far as is known."""
    return [os.fsdecode(path) for (path,) in rows(database, "SELECT path FROM source WHERE NOT gone ORDER BY path")]


def test_fault_028_a_deleted_file_is_let_go_of_within_ten_seconds(logs: Logs, tailer: Staying, tmp_path: Path) -> None:
    logs.append("a.jsonl", range(5))
    os.link(logs.path("a.jsonl"), tmp_path / "inode")  # tells which descriptor is its
    tailer.look()
    assert held(tmp_path / "inode") == 1
    logs.append("a.jsonl", range(5, 10))
    logs.delete("a.jsonl")
    tailer.later(5)
    tailer.later(5)
    assert held(tmp_path / "inode") == 0
    assert tailer.counted() == [*range(10)]


def test_a_file_that_was_replaced_before_its_lines_were_stored_is_known_to_be_gone(tmp_path: Path, logs: Logs) -> None:
    """One batch holds both."""
    database, clock = tmp_path / "t.db", Clock()
    with Turning(
        database, logs.directory, dialects=DIALECTS, clock=clock, settings=Settings(bytes_per_file=4096)
    ) as it:
        logs.append("a.jsonl", range(100))
        it.turn()
        logs.make_anew("a.jsonl", range(200, 205))
        it.until_idle(logs.path("a.jsonl"))
    assert rows(database, "SELECT gone, off FROM source WHERE NOT gone") == [(0, len(logs.written(range(200, 205))))]
    ingest(database, logs.directory)
    assert len(paths(database)) == 1


def test_a_file_that_was_replaced_before_a_restart_is_known_to_be_gone_after_it(tmp_path: Path, logs: Logs) -> None:
    database = tmp_path / "t.db"
    logs.append("a.jsonl", range(5))
    with staying(logs.directory, database) as tailer:
        tailer.look()
        logs.append("new", range(10, 15))
        os.replace(logs.path("new"), logs.path("a.jsonl"))
        tailer.look()
    with staying(logs.directory, database) as tailer:
        tailer.look()
        tailer.later(61)
    assert rows(database, "SELECT gone, count(*) FROM source GROUP BY gone") == [(0, 1), (1, 1)]
