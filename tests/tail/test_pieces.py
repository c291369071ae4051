"""What a read takes from a source, and what it passes over."""

import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tail.loop import Loop, append, line, lines, texts
from tokenmon.tail import Piece, Register

MIB = 1024 * 1024


@contextmanager
def at_most(bytes_more: int) -> Iterator[None]:
    """Fails when Python held more memory than this at any moment inside."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= bytes_more
    finally:
        tracemalloc.stop()


def one_line_of(size: int) -> bytes:
    """A line of `size` bytes and its newline."""
    return b'{"pad":"%s"}\n' % (b"y" * (size - 10))


@pytest.fixture
def log(logs: Path) -> Path:
    return logs / "a.jsonl"


# -- ordinary lines


@pytest.mark.parametrize("cap", [1, 16, 60, 61, 64, 100, 1000, 4096])
def test_any_cap_gives_the_same_lines(log: Path, loop: Loop, cap: int) -> None:
    append(log, lines(0, 20) + line(20, 300) + lines(21, 40))
    loop.cap = cap
    loop.run()
    assert loop.texts() == sorted(texts(0, 20) + texts(20, 21, 300) + texts(21, 40))
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}
    loop.restart()
    loop.run()
    assert loop.read_again == 0


def test_a_piece_says_where_its_lines_are(log: Path) -> None:
    append(log, lines(0, 100))
    register = Register([])
    source = register.open(log)
    content = log.read_bytes()
    offset, seen = 0, b""
    while (piece := source.read(1000, 1000, False)) is not None:
        assert piece.start == offset
        assert piece.data == content[offset : offset + len(piece.data)]
        assert piece.data.endswith(b"\n")
        assert piece.before.offset == piece.start
        offset, seen = piece.after.offset, seen + piece.data
        register.advanced(piece.after)
    assert seen == content
    register.close_all()


def test_a_piece_that_was_not_stored_is_read_again(log: Path) -> None:
    append(log, lines(0, 10))
    register = Register([])
    source = register.open(log)
    first = source.read(200, 1000, False)
    assert first is not None
    assert source.read(200, 1000, False) == first
    register.advanced(first.after)
    second = source.read(200, 1000, False)
    assert second is not None
    register.advanced(second.after)
    register.advanced(first.after)  # the commit of the second one failed
    assert source.read(200, 1000, False) == second
    register.close_all()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", []),
        (b"\n\n\n", []),
        (b"{}\r\n[]\r\n", [b"[]", b"{}"]),
        (b"{}\n\n\n[]\n", [b"[]", b"{}"]),
    ],
)
def test_blank_lines_and_carriage_returns_are_no_trouble(
    log: Path, loop: Loop, content: bytes, expected: list[bytes]
) -> None:
    append(log, content)
    loop.run()
    assert loop.texts() == expected
    assert loop.offsets().get("a.jsonl", 0) == len(content)
    assert not loop.rejects


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_line(log: Path, loop: Loop) -> None:
    append(log, b"\xef\xbb\xbf" + lines(0, 3))
    loop.run()
    assert loop.texts() == texts(0, 3)
    assert sorted(offset for _, offset, _ in loop.lines)[0] == 3


def test_a_byte_order_mark_further_on_is_left_to_the_dialect(log: Path, loop: Loop) -> None:
    append(log, line(0) + b"\xef\xbb\xbf" + line(1))
    loop.run()
    assert b"\xef\xbb\xbf" + line(1).rstrip() in loop.texts()


def test_utf_16_is_left_to_the_dialect_line_by_line(log: Path, loop: Loop) -> None:
    append(log, lines(0, 50).decode().encode("utf-16"))
    loop.run()
    assert not loop.rejects
    assert 50 <= len(loop.lines) <= 51


# -- the settled last line


def test_a_settled_last_line_is_taken_and_its_newline_passed_over(log: Path, loop: Loop) -> None:
    append(log, lines(0, 2) + line(2).rstrip(b"\n"))
    loop.run()
    assert loop.texts() == texts(0, 2)
    loop.restart()
    loop.run(at_rest=True)
    assert loop.texts() == texts(0, 3)
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}
    append(log, b"\r\n" + lines(3, 5))
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 5)
    assert loop.read_again == 0


@pytest.mark.parametrize("rest", [b'{"n":1', b"12", b'"text"', b'{"n":1} {"n"', b"   ", b"[" * 5000])
def test_an_incomplete_last_line_is_never_taken(log: Path, loop: Loop, rest: bytes) -> None:
    append(log, line(0) + rest)
    loop.run(at_rest=True)
    assert loop.texts() == texts(0, 1)
    assert loop.offsets() == {"a.jsonl": len(line(0))}


def test_a_file_of_one_settled_line_keeps_its_lineage_when_it_grows(log: Path, loop: Loop) -> None:
    append(log, line(0).rstrip(b"\n"))
    loop.run(at_rest=True)
    append(log, b"\n" + lines(1, 40))
    (log.parent / "copy.jsonl").write_bytes(log.read_bytes())
    loop.stored.clear()
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 40)


# -- long lines


@pytest.mark.parametrize(("size", "taken"), [(10_000, True), (10_001, False), (50_000, False)])
@pytest.mark.parametrize("cap", [64, 4096, 100_000])
def test_fault_055_a_line_of_the_limit_is_taken_and_a_longer_one_passed_over(
    log: Path, loop: Loop, size: int, taken: bool, cap: int
) -> None:
    loop.cap, loop.line_cap = cap, 10_000
    append(log, line(0) + one_line_of(size) + line(1))
    loop.run()
    long = one_line_of(size).rstrip(b"\n")
    assert loop.texts() == sorted(texts(0, 2) + ([long] if taken else []))
    assert [reject.offset for reject in loop.rejects] == ([] if taken else [len(line(0))])
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}


def test_fault_054_a_long_line_is_told_once_over_restarts_while_it_grows(log: Path, loop: Loop) -> None:
    loop.line_cap = 10_000
    append(log, line(0) + b'{"pad":"' + b"z" * 5000)
    loop.run()
    assert loop.offsets() == {"a.jsonl": len(line(0))}
    for _ in range(4):
        append(log, b"z" * 5000)
        loop.restart()
        loop.run()
    append(log, b'"}\n' + line(1))
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 2)
    assert len(loop.rejects) == 1
    assert "10 KiB" in loop.rejects[0].reason
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}


def test_an_unwanted_long_line_is_passed_over_without_a_reject(log: Path, loop: Loop) -> None:
    loop.unwanted = lambda data, start, end: data.startswith(b'{"pad"', start, end)
    append(log, line(0) + one_line_of(100_000) + line(1) + one_line_of(500) + line(2))
    loop.run()
    assert loop.texts() == sorted([*texts(0, 3), one_line_of(500).rstrip(b"\n")])  # short ones are the dialect's
    assert loop.passed == 1
    assert not loop.rejects


def test_fault_054_a_line_of_64_mib_is_passed_over_in_little_memory(log: Path, loop: Loop) -> None:
    with log.open("wb") as file:
        file.write(line(0))
        for _ in range(64):
            file.write(b"x" * MIB)
        file.write(b"\n" + line(1))
    loop.cap, loop.line_cap = MIB // 4, MIB // 2
    with at_most(2 * MIB):
        loop.run()
    assert loop.texts() == texts(0, 2)
    assert len(loop.rejects) == 1


def test_a_long_line_that_is_wanted_costs_its_own_size(log: Path, loop: Loop) -> None:
    append(log, line(0) + one_line_of(16 * MIB) + line(1))
    loop.cap, loop.line_cap = MIB // 4, 64 * MIB
    register = Register([])
    source = register.open(log)
    sizes = []
    with at_most(18 * MIB):
        while (piece := source.read(loop.cap, loop.line_cap, False)) is not None:
            sizes.append(len(piece.data))
            register.advanced(piece.after)
            del piece
    assert sizes == [len(line(0)), 16 * MIB + 1, len(line(1))]
    register.close_all()


# -- NULs


def test_a_sparse_terabyte_is_passed_over_at_once(log: Path, loop: Loop) -> None:
    append(log, line(0))
    os.truncate(log, 1 << 40)
    append(log, line(1))
    loop.cap = MIB // 4
    with at_most(2 * MIB):
        loop.run()
    assert loop.texts() == texts(0, 2)
    assert len(loop.rejects) == 1
    assert loop.offsets() == {"a.jsonl": (1 << 40) + len(line(1))}


def test_a_hole_inside_a_long_line_is_passed_over_at_once(log: Path, loop: Loop) -> None:
    append(log, line(0) + b'{"pad":"')
    os.truncate(log, 1 << 40)
    append(log, b'"}\n' + line(1))
    with at_most(2 * MIB):
        loop.run()
    assert loop.texts() == texts(0, 2)
    assert len(loop.rejects) == 1


def test_nuls_at_the_end_wait_until_something_is_written_there(log: Path, loop: Loop) -> None:
    append(log, lines(0, 3) + bytes(10_000))
    loop.run()
    assert not loop.rejects
    with log.open("r+b") as file:
        file.seek(len(lines(0, 3)))
        file.write(lines(3, 10))
    loop.run()
    assert loop.texts() == texts(0, 10)
    loop.run(at_rest=True)
    loop.restart()
    loop.drain(log, at_rest=True)
    assert [reject.offset for reject in loop.rejects] == [len(lines(0, 10))]
    assert loop.offsets() == {"a.jsonl": log.stat().st_size}


@pytest.mark.parametrize("cap", [64, 1000, 100_000])
def test_a_run_of_nuls_between_lines_costs_no_line(log: Path, loop: Loop, cap: int) -> None:
    loop.cap = cap
    append(log, lines(0, 3) + bytes(5000) + lines(3, 6) + bytes(7) + lines(6, 9))
    loop.run()
    assert loop.texts() == texts(0, 9)
    assert [reject.length for reject in loop.rejects] == [5000, 7]


def test_lines_that_changed_under_the_reader_are_not_taken(log: Path) -> None:
    append(log, lines(0, 5))
    register = Register([])
    source = register.open(log)
    piece = source.read(1000, 1000, False)
    assert isinstance(piece, Piece)
    register.advanced(piece.after)
    log.write_bytes(lines(100, 130))  # between open and read
    assert source.read(1000, 1000, False) is None
    assert register.open(log).checkpoint.offset == 0
    register.close_all()
