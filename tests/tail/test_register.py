"""What the register promises beside telling files apart: descriptors, settled files, what is due and what is lost."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tail.loop import Clock, Loop, append, line, lines, texts
from tokenmon.tail import Register


@contextmanager
def descriptors_at_most(more: int) -> Iterator[None]:
    """So many descriptors are left."""
    earlier = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, earlier[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, earlier)


def many(logs: Path, count: int) -> list[Path]:
    paths = [logs / f"{number:04}.jsonl" for number in range(count)]
    for number, path in enumerate(paths):
        append(path, lines(10 * number, 10 * number + 10))
    return paths


def test_the_last_opened_sources_stay_open_and_no_more(logs: Path) -> None:
    register = Register([], max_open=5)
    sources = [register.open(path) for path in many(logs, 20)]
    assert [source.closed for source in sources] == [True] * 15 + [False] * 5
    assert register.open(sources[-5].path) is sources[-5]
    register.open(logs / "0000.jsonl")
    assert not sources[-5].closed
    assert sources[-4].closed
    register.close_all()
    assert all(source.closed for source in sources)


def test_running_out_of_descriptors_costs_the_held_ones_only(logs: Path, loop: Loop) -> None:
    many(logs, 60)
    with descriptors_at_most(8):
        loop.run()
    assert loop.texts() == texts(0, 600)
    assert not loop.errors


def test_no_descriptor_at_all_is_an_error_and_passes(logs: Path, loop: Loop) -> None:
    (path,) = many(logs, 1)
    with descriptors_at_most(0), pytest.raises(OSError, match="Too many open files"):
        loop.register.open(path)
    loop.run()
    assert loop.texts() == texts(0, 10)


def test_a_file_that_was_read_is_settled_until_it_changes(logs: Path, loop: Loop) -> None:
    (path,) = many(logs, 1)
    assert not loop.register.is_settled(path, path.stat())
    loop.run()
    assert loop.register.is_settled(path, path.stat())
    loop.clock.now += 59
    assert loop.register.is_settled(path, path.stat())
    loop.clock.now += 2
    assert not loop.register.is_settled(path, path.stat())  # verify again
    assert loop.register.due() == [str(path)]
    loop.register.open(path)
    assert loop.register.due() == []
    assert loop.register.is_settled(path, path.stat())
    append(path, b"x")
    assert not loop.register.is_settled(path, path.stat())
    loop.run()
    assert not loop.register.is_settled(path, path.stat())  # a torn line may be finished or settle


def test_a_settled_file_is_not_opened_again_after_a_restart_and_one_look(logs: Path, loop: Loop) -> None:
    (path,) = many(logs, 1)
    loop.run()
    loop.restart()
    assert loop.register.open(path).read(1000, 1000, False) is None
    assert loop.register.is_settled(path, path.stat())


def test_a_full_check_finds_a_rewrite_that_kept_size_and_time(logs: Path, loop: Loop) -> None:
    path = logs / "a.jsonl"
    append(path, lines(10, 20))
    loop.run()
    found = path.stat()
    path.write_bytes(lines(30, 40))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    loop.run()
    assert loop.texts() == texts(10, 20)
    loop.clock.now += 61
    for due in loop.register.due():
        loop.drain(Path(due))
    assert loop.texts() == sorted(texts(10, 20) + texts(30, 40))


def test_the_longest_unverified_files_are_due_first(logs: Path) -> None:
    clock = Clock()
    register = Register([], clock=clock)
    paths = many(logs, 4)
    for path in [paths[2], paths[0], paths[1]]:
        register.open(path)
        clock.now += 10
    register.open(paths[2])
    clock.now += 100
    assert register.due(60, 2) == [str(paths[0]), str(paths[1])]
    assert register.due(60, 9) == [str(paths[0]), str(paths[1]), str(paths[2])]
    assert register.due(100.5, 9) == [str(paths[0]), str(paths[1])]
    register.close_all()


def test_a_checkpoint_without_a_line_is_not_cloned_over(logs: Path, loop: Loop) -> None:
    """The store compares offsets: a stored 0 must go on from 0, however much of the content is known elsewhere."""
    log, copy = logs / "a.jsonl", logs / "b.jsonl"
    append(copy, b"")
    source = loop.register.open(copy)
    loop.register.advanced(loop.store(source.checkpoint, source.checkpoint))
    append(log, lines(0, 50))
    loop.drain(log)
    append(copy, lines(0, 50))
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 50)


def test_bytes_that_nobody_can_read_any_more_are_told_once(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 5))
    loop.run()
    append(log, lines(5, 9))
    loop.register.open(log)  # seen, not read
    os.truncate(log, 0)
    append(log, lines(10, 12))
    loop.run()
    assert loop.lost == 0
    loop.clock.now += 61
    loop.settle()
    loop.settle()
    assert loop.lost == len(lines(5, 9))
    assert loop.texts() == sorted(texts(0, 5) + texts(10, 12))


def test_there_is_one_live_checkpoint_for_an_inode(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    for number in range(6):
        log.write_bytes(lines(100 * number, 100 * number + 30 - 3 * number))
        loop.run()
    live = [checkpoint for checkpoint in loop.stored.values() if not checkpoint.gone]
    assert len(live) == 1
    assert len(loop.stored) == 6


def test_many_files_with_the_same_first_line_stay_apart(logs: Path, loop: Loop) -> None:
    for number in range(30):
        append(logs / f"{number}.jsonl", b'{"version":1}\n' + lines(1000 * number, 1000 * number + 5))
    loop.run()
    for number in range(30):
        append(logs / f"{number}.jsonl", line(1000 * number + 5))
    loop.restart()
    loop.run()
    expected = [text for number in range(30) for text in texts(1000 * number, 1000 * number + 6)]
    assert loop.texts() == sorted([b'{"version":1}', *expected])


def test_rows_of_an_earlier_crash_with_the_same_inode_do_no_harm(logs: Path, loop: Loop) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 20))
    loop.run()
    os.truncate(log, 0)
    append(log, lines(100, 110))
    loop.drain(log)  # the retired one was never committed
    loop.restart()
    append(log, lines(110, 115))
    loop.run()
    assert loop.texts() == sorted(texts(0, 20) + texts(100, 115))
    assert loop.read_again == 0
