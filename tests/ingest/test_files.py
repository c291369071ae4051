"""Every line counts once, whatever its file is; what may happen to files stands in `tests/faults/scenarios.py`."""

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.ingest.ingesting import expected, ingest, inputs, native, natives, rollups_are_exact, rows


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def test_what_was_appended_is_added_and_nothing_else(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    ingest(database, logs)
    with log.open("ab") as file:
        file.write(natives(range(5, 9)))
    ingest(database, logs)
    assert inputs(database) == expected(range(9))
    assert rows(database, "SELECT off, events, duplicates FROM source") == [(log.stat().st_size, 9, 0)]
    assert rollups_are_exact(database)


def test_a_start_with_nothing_new_commits_nothing(tmp_path: Path, logs: Path) -> None:
    (logs / "a.jsonl").write_bytes(natives(range(5)))
    ingest(tmp_path / "t.db", logs)
    assert ingest(tmp_path / "t.db", logs) == []


@pytest.mark.parametrize("read_first", [True, False])
def test_a_copy_counts_once_consumed_or_not(tmp_path: Path, logs: Path, read_first: bool) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    if read_first:
        ingest(database, logs)
    shutil.copy(log, logs / "backup.jsonl")
    with log.open("ab") as file:
        file.write(natives(range(5, 7)))
    with (logs / "backup.jsonl").open("ab") as file:
        file.write(natives(range(50, 52)))
    ingest(database, logs)
    assert inputs(database) == expected([*range(7), 50, 51])


def test_an_archive_of_a_log_counts_nothing_again(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(50)))
    ingest(database, logs)
    (logs / "a.jsonl.2.gz").write_bytes(gzip.compress(log.read_bytes() + natives(range(50, 55))))
    ingest(database, logs)
    assert inputs(database) == expected(range(55))


def test_two_equal_lines_of_one_file_are_two_calls(tmp_path: Path, logs: Path) -> None:
    (logs / "a.jsonl").write_bytes(native(1) * 3)
    ingest(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == [1001] * 3


def test_equal_lines_at_the_same_place_of_two_files_are_two_calls(tmp_path: Path, logs: Path) -> None:
    for number in (1, 2):
        (logs / f"{number}.jsonl").write_bytes(native(number) + native(5))
    ingest(tmp_path / "t.db", logs)
    assert inputs(tmp_path / "t.db") == expected([1, 2, 5, 5])


def test_a_copy_counts_once_though_the_first_line_went_on_after_it_was_taken(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0).rstrip())
    ingest(database, logs)
    with log.open("ab") as file:
        file.write(natives(range(1, 5)))
    ingest(database, logs)
    shutil.copy(log, logs / "b.jsonl")
    ingest(database, logs)
    assert inputs(database) == expected(range(5))


def test_of_an_inode_that_holds_something_else_only_the_new_is_live(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    ingest(database, logs)
    log.write_bytes(natives(range(5, 20)))
    ingest(database, logs)
    assert inputs(database) == expected(range(20))
    assert rows(database, "SELECT off FROM source WHERE NOT gone") == [(log.stat().st_size,)]


def test_killed_before_it_is_stored_that_a_file_was_replaced_only_the_new_is_live(tmp_path: Path, logs: Path) -> None:
    log, copy, database = logs / "a.jsonl", logs / "b.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    ingest(database, logs)
    log.write_bytes(natives(range(5, 20)))
    ingest(database, logs)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE source SET gone = 0")
    with log.open("ab") as file:
        file.write(natives(range(20, 25)))
    shutil.copy(log, copy)
    ingest(database, copy)
    ingest(database, logs)
    assert inputs(database) == expected(range(25))
    assert rows(database, "SELECT off FROM source WHERE NOT gone") == [(log.stat().st_size,)] * 2


def test_a_file_that_comes_back_is_live_again_though_nothing_was_written_to_it(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    ingest(database, logs)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE source SET gone = 1")
    ingest(database, logs)
    assert rows(database, "SELECT off, gone FROM source") == [(log.stat().st_size, 0)]


def test_a_deleted_file_keeps_its_numbers(tmp_path: Path, logs: Path) -> None:
    log, database = logs / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(natives(range(5)))
    ingest(database, logs)
    log.unlink()
    ingest(database, logs)
    assert inputs(database) == expected(range(5))


def test_a_file_given_by_name_is_read_whatever_its_name(tmp_path: Path) -> None:
    log = tmp_path / "usage.log"
    log.write_bytes(natives(range(3)))
    ingest(tmp_path / "t.db", log)
    assert inputs(tmp_path / "t.db") == expected(range(3))
