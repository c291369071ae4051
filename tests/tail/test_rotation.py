"""Scenarios of rotation, truncation and replacement: every line counts once, and every offset is where it should be.

Each runs live (the reader never stops) and stopped (it restarts between any two looks), because what is known in
memory and what is stored must lead to the same.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tail.loop import Loop, append, line, lines, texts

Look = Callable[[], None]


@pytest.fixture(params=["live", "stopped"])
def look(request: pytest.FixtureRequest, loop: Loop) -> Look:
    """Bring the reader up to date."""

    def _look() -> None:
        if request.param == "stopped":
            loop.restart()
        loop.run()

    return _look


def test_appended_lines_count_once(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 10))
    look()
    append(log, lines(10, 200))
    look()
    look()
    assert loop.texts() == texts(0, 200)
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}
    assert loop.read_again == 0


def test_a_torn_last_line_waits_for_its_newline(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 3) + line(3)[:20])
    look()
    assert loop.texts() == texts(0, 3)
    assert loop.offsets() == {"a.jsonl": len(lines(0, 3))}
    append(log, line(3)[20:])
    look()
    assert loop.texts() == texts(0, 4)


def test_a_file_of_a_torn_line_only_is_read_when_it_is_finished(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, line(0)[:10])
    look()
    append(log, line(0)[10:])
    look()
    assert loop.texts() == texts(0, 1)


def test_a_new_file_under_an_old_name_and_inode_is_read_whole(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5))
    look()
    loop.register.close_all()  # so that the inode may be used again
    log.unlink()
    append(log, lines(100, 120))
    look()
    assert loop.texts() == sorted(texts(0, 5) + texts(100, 120))


def test_another_name_may_take_the_inode(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 20))
    look()
    loop.register.close_all()
    log.unlink()
    append(logs / "b.jsonl", lines(100, 103))
    look()
    assert loop.texts() == sorted(texts(0, 20) + texts(100, 103))


@pytest.mark.parametrize("count", [3, 20, 50])
def test_a_truncated_file_is_read_from_its_start(logs: Path, loop: Loop, look: Look, count: int) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 20))
    look()
    os.truncate(log, 0)
    append(log, lines(100, 100 + count))
    look()
    assert loop.texts() == sorted(texts(0, 20) + texts(100, 100 + count))
    assert loop.offsets() == {"a.jsonl": len(lines(100, 100 + count))}


@pytest.mark.parametrize("order", ["a.jsonl.1", "Z.jsonl"])
def test_copytruncate_with_unread_lines_only_in_the_copy_loses_nothing(
    logs: Path, loop: Loop, look: Look, order: str
) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 20))
    look()
    append(log, lines(20, 30))
    shutil.copy(log, logs / order)
    os.truncate(log, 0)
    append(log, lines(30, 70))
    look()
    assert loop.texts() == texts(0, 70)
    loop.clock.now += 100
    look()
    assert loop.lost == 0


def test_a_stale_writer_without_append_leaves_a_run_of_nuls(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    with log.open("wb", buffering=0) as writer:
        writer.write(lines(0, 200))
        look()
        shutil.copy(log, logs / "a.jsonl.1")
        os.truncate(log, 0)
        writer.write(lines(200, 210))
        look()
        look()
    assert loop.texts() == texts(0, 210)
    assert [(reject.offset, reject.length) for reject in loop.rejects] == [(0, len(lines(0, 200)))]


def test_two_renames_with_unread_lines_in_both(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5))
    look()
    append(log, lines(5, 10))
    log.rename(logs / "a.jsonl.2")
    append(log, lines(10, 20))
    log.rename(logs / "a.jsonl.1")
    append(log, lines(20, 30))
    look()
    assert loop.texts() == texts(0, 30)
    assert loop.offsets()["a.jsonl.2"] == len(lines(0, 10))
    assert loop.read_again == 0


def test_a_writer_goes_on_after_the_rename(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    with log.open("ab", buffering=0) as writer:
        writer.write(lines(0, 5))
        look()
        log.rename(logs / "a.jsonl.1")
        append(log, lines(100, 110))
        look()
        writer.write(lines(5, 10))
        look()
    assert loop.texts() == sorted(texts(0, 10) + texts(100, 110))


def test_a_file_renamed_away_while_open_is_read_to_its_end(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5))
    loop.run()
    append(log, lines(5, 10))
    log.rename(logs / "a.old")
    loop.run()
    assert loop.texts() == texts(0, 10)
    loop.clock.now += 100
    loop.run()
    assert loop.lost == 0


def test_what_was_renamed_away_while_stopped_is_told_as_lost(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5) + line(5)[:17])
    loop.run()
    loop.register.close_all()
    log.rename(logs / "a.old")
    loop.restart()
    loop.run()
    assert loop.lost == 0  # it may turn up
    loop.clock.now += 61
    loop.run()
    assert loop.lost == 17
    assert loop.offsets() == {}
    loop.clock.now += 61
    loop.run()
    assert loop.lost == 17


def test_a_file_deleted_while_open_is_read_to_its_end(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5))
    loop.run()
    append(log, lines(5, 10) + line(10)[:9])
    log.unlink()
    (source,) = loop.register.unnamed()
    loop.run()
    assert loop.texts() == texts(0, 10)
    assert source.closed
    left = source.unterminated()
    assert left is not None
    assert (left.offset, left.length) == (len(lines(0, 10)), 9)


def test_an_atomic_rewrite_with_the_same_beginning_adds_only_what_is_new(logs: Path, loop: Loop, look: Look) -> None:
    log, new = logs / "a.jsonl", logs / "new.tmp"
    append(log, lines(0, 5))
    look()
    append(new, lines(0, 9))
    new.rename(log)
    look()
    assert loop.texts() == texts(0, 9)
    assert loop.read_again == 0


def test_a_copy_put_in_place_adds_only_what_is_new(logs: Path, loop: Loop, look: Look, tmp_path: Path) -> None:
    log, backup = logs / "a.jsonl", tmp_path / "backup"
    append(log, lines(0, 50))
    look()
    shutil.copy(log, backup)
    append(backup, lines(50, 60))
    loop.register.close_all()
    log.unlink()
    shutil.copy(backup, log)
    look()
    assert loop.texts() == texts(0, 60)


def test_a_backup_copy_counts_once_and_both_may_go_on_differently(logs: Path, loop: Loop, look: Look) -> None:
    log, copy = logs / "a.jsonl", logs / "a-backup.jsonl"
    append(log, lines(0, 30))
    look()
    shutil.copy(log, copy)
    look()
    assert loop.texts() == texts(0, 30)
    append(log, lines(30, 40))
    append(copy, lines(40, 50))
    look()
    assert loop.texts() == texts(0, 50)
    assert loop.read_again == 0


def test_a_copy_that_is_found_with_its_original_counts_once(logs: Path, loop: Loop, look: Look) -> None:
    append(logs / "a.jsonl", lines(0, 30))
    append(logs / "b.jsonl", lines(0, 30) + lines(40, 42))
    append(logs / "c.jsonl", lines(0, 11) + line(11)[:5])
    look()
    look()
    assert loop.texts() == sorted(texts(0, 30) + texts(40, 42))


@pytest.mark.parametrize("count", [8, 80])
def test_a_file_cut_in_the_middle_of_a_line_keeps_its_beginning(logs: Path, loop: Loop, look: Look, count: int) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, count))
    look()
    cut = len(lines(0, count - 2)) + 10
    os.truncate(log, cut)
    append(log, lines(100, 103))
    look()
    broken = line(count - 2)[:10] + line(100).rstrip(b"\n")
    assert loop.texts() == sorted([*texts(0, count), broken, *texts(101, 103)])


def test_two_names_swapped(logs: Path, loop: Loop, look: Look) -> None:
    a, b, other = logs / "a.jsonl", logs / "b.jsonl", logs / "other"
    append(a, lines(0, 10))
    append(b, lines(100, 120))
    look()
    a.rename(other)
    b.rename(a)
    other.rename(b)
    append(a, lines(120, 123))
    append(b, lines(10, 13))
    look()
    assert loop.texts() == sorted(texts(0, 13) + texts(100, 123))
    assert loop.offsets() == {"a.jsonl": len(lines(100, 123)), "b.jsonl": len(lines(0, 13))}
    assert loop.read_again == 0


def test_two_files_with_the_same_first_kibibyte_are_both_read(logs: Path, loop: Loop, look: Look) -> None:
    same = lines(0, 1, width=1500)
    append(logs / "a.jsonl", same + lines(1, 20))
    append(logs / "b.jsonl", same + lines(50, 70))
    look()
    assert loop.texts() == sorted(texts(0, 1, width=1500) + texts(1, 20) + texts(50, 70))
    assert set(loop.offsets().values()) == {len(same + lines(1, 20)), len(same + lines(50, 70))}


def test_a_rewrite_of_the_same_size_is_noticed(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    log.write_bytes(lines(10, 20))
    look()
    with log.open("r+b") as file:
        file.write(lines(30, 40))
    look()
    assert loop.texts() == sorted(texts(10, 20) + texts(30, 40))


def test_another_beginning_is_another_file_though_it_ends_the_same(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    log.write_bytes(lines(10, 30))
    look()
    with log.open("r+b") as file:
        file.write(lines(40, 43))
    append(log, lines(30, 32))
    look()
    assert loop.texts() == sorted(texts(10, 30) + texts(40, 43) + texts(13, 32))


def test_a_file_moved_out_and_back_goes_on(logs: Path, loop: Loop, look: Look, tmp_path: Path) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 10))
    look()
    log.rename(tmp_path / "away")
    look()
    loop.clock.now += 100
    look()
    append(tmp_path / "away", lines(10, 12))
    (tmp_path / "away").rename(log)
    look()
    assert loop.texts() == texts(0, 12)
    assert loop.read_again == 0
    assert len(loop.stored) == 1


def test_hard_links_are_one_source(logs: Path, loop: Loop, look: Look) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 10))
    os.link(log, logs / "b.jsonl")
    look()
    append(log, lines(10, 12))
    look()
    assert loop.texts() == texts(0, 12)
    assert list(loop.offsets()) == ["a.jsonl"] or list(loop.offsets()) == ["b.jsonl"]
    assert loop.read_again == 0
