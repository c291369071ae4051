"""Archives count like the plain files they were made from, and once."""

import bz2
import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from tests.tail.loop import Loop, append, line, lines, texts
from tokenmon.tail import CorruptArchive, Register

Pack = Callable[[bytes], bytes]
KINDS = [("gz", gzip.compress), ("zst", zstd.compress)]
kinds = pytest.mark.parametrize(("suffix", "pack"), KINDS, ids=["gz", "zst"])


@kinds
@pytest.mark.parametrize("cap", [100, 4096])
def test_an_archive_is_read_like_a_file(logs: Path, loop: Loop, suffix: str, pack: Pack, cap: int) -> None:
    loop.cap = cap
    (logs / f"a.jsonl.1.{suffix}").write_bytes(pack(lines(0, 1000)))
    loop.run()
    assert loop.texts() == texts(0, 1000)
    assert loop.offsets() == {f"a.jsonl.1.{suffix}": len(lines(0, 1000))}


@kinds
def test_the_archive_of_a_file_that_was_read_adds_nothing(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 500))
    loop.run()
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(log.read_bytes()))
    log.unlink()
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 500)
    assert loop.read_again == 0
    assert loop.offsets()[f"a.jsonl.{suffix}"] == len(lines(0, 500))


@kinds
def test_an_archive_that_was_empty_when_it_was_opened_is_one_all_the_same(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    append(logs / "a.jsonl", lines(0, 500))
    loop.run()
    draft = logs / f"a.jsonl.1.{suffix}.tmp"
    draft.touch()
    loop.run()
    draft.write_bytes(pack(lines(0, 600)))
    loop.run()
    assert loop.texts() == texts(0, 600)
    assert loop.read_again == 0
    assert loop.offsets()[draft.name] == len(lines(0, 600))


@kinds
def test_the_archive_of_a_file_that_was_half_read_adds_the_rest(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    log = logs / "a.jsonl"
    append(log, lines(0, 500))
    loop.run()
    append(log, lines(500, 600))
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(log.read_bytes()))
    loop.register.close_all()
    log.unlink()
    loop.run()
    loop.clock.now += 100
    loop.run()
    assert loop.texts() == texts(0, 600)
    assert loop.read_again == 0
    assert loop.lost == 0


@kinds
def test_an_archive_and_its_plain_file_found_together_count_once(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    (logs / "b.jsonl").write_bytes(lines(0, 300))
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(lines(0, 300)))
    loop.run()
    assert loop.texts() == texts(0, 300)


@kinds
def test_reading_goes_on_in_an_archive_after_a_restart(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    archive = logs / f"a.jsonl.{suffix}"
    archive.write_bytes(pack(lines(0, 1000)))
    source = loop.register.open(archive)
    piece = source.read(4096, 4096, False)
    assert piece is not None
    loop.take(piece)
    loop.restart()
    loop.run()
    assert loop.texts() == texts(0, 1000)
    assert loop.read_again == 0


@kinds
def test_an_archive_that_was_read_is_settled_also_after_a_restart(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    archive = logs / f"a.jsonl.{suffix}"
    archive.write_bytes(pack(lines(0, 1000)))
    loop.run()
    assert loop.register.is_settled(archive, archive.stat())
    loop.restart()
    source = loop.register.open(archive)
    assert source.unread == 0
    assert loop.register.is_settled(archive, archive.stat())


@kinds
def test_several_members_are_one_content(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(lines(0, 10)) + pack(lines(10, 11)[:7]) + pack(lines(10, 30)[7:]))
    loop.run()
    assert loop.texts() == texts(0, 30)


def test_padding_after_a_gzip_member_is_no_error(logs: Path, loop: Loop) -> None:
    (logs / "a.jsonl.gz").write_bytes(gzip.compress(lines(0, 10)) + bytes(70_000))
    loop.run()
    assert loop.texts() == texts(0, 10)
    assert not loop.errors


@kinds
def test_a_last_line_without_newline_is_taken_at_the_end_of_an_archive(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(lines(0, 10).rstrip(b"\n")))
    (logs / f"b.jsonl.{suffix}").write_bytes(pack(lines(20, 30) + b'{"torn"'))
    loop.run()
    assert loop.texts() == sorted(texts(0, 10) + texts(20, 30))
    assert [reject.offset for reject in loop.rejects] == [len(lines(20, 30))]


@kinds
def test_an_archive_that_is_still_written_is_read_as_far_as_it_goes(
    logs: Path, loop: Loop, suffix: str, pack: Pack
) -> None:
    archive, packed = logs / f"a.jsonl.{suffix}", pack(lines(0, 30_000))
    archive.write_bytes(packed[: len(packed) // 2])
    loop.run()
    assert not loop.errors
    with archive.open("ab") as file:
        file.write(packed[len(packed) // 2 :])
    loop.run()
    assert loop.texts() == texts(0, 30_000)
    assert loop.read_again == 0


@kinds
def test_an_archive_that_is_only_just_created_waits(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    archive, packed = logs / f"a.jsonl.{suffix}", pack(lines(0, 10))
    archive.touch()
    loop.run(at_rest=True)
    archive.write_bytes(packed[:3])
    loop.run()
    archive.write_bytes(packed)
    loop.run()
    assert loop.texts() == texts(0, 10)
    assert not loop.errors


@kinds
def test_a_cut_archive_at_rest_is_an_error(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    archive, packed = logs / f"a.jsonl.{suffix}", pack(lines(0, 3000))
    archive.write_bytes(packed[:-9])
    loop.run(at_rest=True)
    assert isinstance(loop.errors[str(archive)], CorruptArchive)
    assert "middle" in str(loop.errors[str(archive)])


@kinds
def test_a_damaged_archive_is_an_error_that_says_so(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    archive = logs / f"a.jsonl.{suffix}"
    packed = bytearray(pack(lines(0, 3000)))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    archive.write_bytes(packed)
    append(logs / "b.jsonl", lines(5000, 5010))
    loop.run()
    assert "damaged" in str(loop.errors[str(archive)])
    assert set(texts(5000, 5010)) <= set(loop.texts())


def test_a_name_that_promises_an_archive_and_holds_none_is_an_error(logs: Path, loop: Loop) -> None:
    (logs / "a.jsonl.gz").write_bytes(lines(0, 3))
    loop.run()
    assert isinstance(loop.errors[str(logs / "a.jsonl.gz")], CorruptArchive)


def test_other_kinds_of_archive_are_told_and_left_alone(logs: Path, loop: Loop) -> None:
    (logs / "a.jsonl.bz2").write_bytes(bz2.compress(lines(0, 3)))
    loop.run()
    assert not loop.texts()
    assert ".gz and .zst" in str(loop.errors[str(logs / "a.jsonl.bz2")])


@kinds
def test_long_lines_in_an_archive_are_read_or_passed_over(logs: Path, loop: Loop, suffix: str, pack: Pack) -> None:
    loop.line_cap = 600_000
    content = line(0) + line(1, 500_000) + line(2) + line(3, 2_000_000) + line(4)
    (logs / f"a.jsonl.{suffix}").write_bytes(pack(content))
    loop.run()
    assert loop.texts() == sorted(texts(0, 1) + texts(1, 2, 500_000) + texts(2, 3) + texts(4, 5))
    assert len(loop.rejects) == 1


@kinds
def test_a_bomb_takes_little_memory(logs: Path, suffix: str, pack: Pack) -> None:
    archive = logs / f"a.jsonl.{suffix}"
    archive.write_bytes(pack(line(0) + b"x" * 100_000_000 + b"\n" + line(1)))
    register = Register([])
    taken = []
    tracemalloc.start()
    source = register.open(archive)
    while (piece := source.read(256 * 1024, 512 * 1024, False)) is not None:
        taken.append(piece.data)
        register.advanced(piece.after)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert b"".join(taken) == lines(0, 2)
    assert peak < 8 * 1024 * 1024
    register.close_all()
