"""The scan sees every file once, in bounded steps, whatever else is in the directories."""

import os
import socket
from pathlib import Path

import pytest

from tests.permissions import ordinary_user
from tests.tail.loop import Loop, append, lines, texts
from tokenmon.tail import NotRegular, Register, Roots, Scan


def whole_pass(roots: Roots, most: int = 10_000) -> Scan:
    """One pass over everything, its steps put together."""
    seen = Scan()
    while not seen.complete:
        step = roots.scan()
        assert step.entries <= most
        seen.found += step.found
        seen.vanished += step.vanished
        seen.missing += step.missing
        seen.failures.update(step.failures)
        seen.complete = step.complete
    return seen


def names(paths: list[str]) -> list[str]:
    return sorted(os.path.basename(path) for path in paths)


def test_logs_are_known_by_their_names_in_all_directories(logs: Path) -> None:
    for name in ["a.jsonl", "b.ndjson", "c.jsonl.1", "d.jsonl.gz", "e.jsonl-20260101.zst"]:
        append(logs / name, b"{}\n")
    for name in ["x.json", "x.log", "jsonl", ".a.jsonl.swp", "a.jsonl~", "a.jsonl.lock"]:
        append(logs / name, b"{}\n")
    (logs / ".hidden" / "deep").mkdir(parents=True)
    append(logs / ".hidden" / "deep" / "f.jsonl", b"{}\n")
    (logs / "g.jsonl").mkdir()
    append(logs / "g.jsonl" / "h.jsonl", b"{}\n")
    found = whole_pass(Roots([logs], ())).found
    assert names(found) == [
        "a.jsonl", "b.ndjson", "c.jsonl.1", "d.jsonl.gz", "e.jsonl-20260101.zst", "f.jsonl", "h.jsonl"
    ]  # fmt: skip


def test_a_file_given_by_name_is_read_whatever_its_name(logs: Path) -> None:
    append(logs / "usage.log", b"{}\n")
    append(logs / "other.log", b"{}\n")
    assert names(whole_pass(Roots([logs / "usage.log", logs], ())).found) == ["usage.log"]


def test_only_what_is_new_or_changed_is_found_again(logs: Path) -> None:
    roots = Roots([logs], ())
    for name in ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]:
        append(logs / name, lines(0, 2))
    assert names(whole_pass(roots).found) == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]
    assert whole_pass(roots).found == []
    append(logs / "a.jsonl", lines(2, 3))
    os.utime(logs / "b.jsonl", ns=(1, 1))
    append(logs / "new", (logs / "c.jsonl").read_bytes())
    (logs / "new").replace(logs / "c.jsonl")
    (logs / "d.jsonl").chmod(0o400)
    append(logs / "e.jsonl", b"")
    assert names(whole_pass(roots).found) == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl", "e.jsonl"]


@pytest.mark.parametrize("entries", [1, 3, 7, 1000])
def test_the_cursor_wraps_and_sees_everything(logs: Path, entries: int) -> None:
    expected = []
    for number in range(40):
        directory = logs / f"d{number % 5}" / f"e{number % 3}"
        directory.mkdir(parents=True, exist_ok=True)
        append(directory / f"{number}.jsonl", b"{}\n")
        expected.append(f"{number}.jsonl")
    roots = Roots([logs], (), entries)
    assert names(whole_pass(roots, entries).found) == sorted(expected)
    append(logs / "d0" / "late.jsonl", b"{}\n")
    (logs / "d1" / "e1" / "1.jsonl").unlink()
    second = whole_pass(roots, entries)
    assert names(second.found) == ["late.jsonl"]
    assert names(second.vanished) == ["1.jsonl"]
    roots.close()


def test_a_file_is_said_to_have_vanished_only_after_a_whole_pass(logs: Path) -> None:
    for number in range(20):
        append(logs / f"{number}.jsonl", b"{}\n")
    roots = Roots([logs], (), 5)
    whole_pass(roots, 5)
    (logs / "3.jsonl").unlink()
    steps = [roots.scan()]
    while not steps[-1].complete:
        steps.append(roots.scan())
    assert all(not step.vanished for step in steps[:-1])
    assert names(steps[-1].vanished) == ["3.jsonl"]


def test_a_known_path_that_is_not_there_has_vanished(logs: Path, tmp_path: Path) -> None:
    append(logs / "a.jsonl", b"{}\n")
    known = [str(logs / "a.jsonl"), str(logs / "b.jsonl"), str(tmp_path / "elsewhere" / "c.jsonl")]
    step = whole_pass(Roots([logs], (), known=known))
    assert names(step.vanished) == ["b.jsonl"]
    assert names(step.found) == ["a.jsonl"]


def test_nothing_dangerous_is_found(logs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    append(outside / "secret.jsonl", lines(0, 3))
    os.mkfifo(logs / "fifo.jsonl")
    (logs / "loop").symlink_to(logs)
    (logs / "link.jsonl").symlink_to(outside / "secret.jsonl")
    (logs / "dangling.jsonl").symlink_to(outside / "nothing")
    (logs / "directory").symlink_to(outside)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(logs)  # the path of a socket must be short
        server.bind("socket.jsonl")
        os.chdir(here)
        step = whole_pass(Roots([logs], ()))
    assert not step.found
    assert not step.failures


def test_only_regular_files_are_opened(logs: Path, tmp_path: Path) -> None:
    append(tmp_path / "secret.jsonl", lines(0, 3))
    os.mkfifo(logs / "fifo.jsonl")
    (logs / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (logs / "directory.jsonl").mkdir()
    register = Register([])
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for name in ["fifo.jsonl", "link.jsonl", "directory.jsonl"]:
        with pytest.raises(NotRegular):
            register.open(logs / name)
    with pytest.raises(NotRegular):
        register.open("/dev/zero")
    with pytest.raises(FileNotFoundError):
        register.open(logs / "nothing.jsonl")
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_a_root_that_is_a_link_is_followed_and_may_be_pointed_elsewhere(tmp_path: Path) -> None:
    for name in ["one", "two"]:
        (tmp_path / name).mkdir()
        append(tmp_path / name / f"{name}.jsonl", b"{}\n")
    (tmp_path / "root").symlink_to(tmp_path / "one")
    roots = Roots([tmp_path / "root"], ())
    assert names(whole_pass(roots).found) == ["one.jsonl"]
    (tmp_path / "root").unlink()
    (tmp_path / "root").symlink_to(tmp_path / "two")
    assert names(whole_pass(roots).found) == ["two.jsonl"]


def test_a_missing_root_is_a_state_and_comes_back(tmp_path: Path) -> None:
    root, away = tmp_path / "logs", tmp_path / "away"
    roots = Roots([root], ())
    assert whole_pass(roots).missing == [root]
    root.mkdir()
    append(root / "a.jsonl", b"{}\n")
    assert names(whole_pass(roots).found) == ["a.jsonl"]
    root.rename(away)
    step = whole_pass(roots)
    assert (step.missing, step.vanished, step.failures) == ([root], [], {})
    away.rename(root)
    step = whole_pass(roots)
    assert (step.missing, step.vanished, step.found) == ([], [], [])


def test_overlapping_roots_find_a_file_once(logs: Path) -> None:
    (logs / "sub").mkdir()
    append(logs / "sub" / "a.jsonl", b"{}\n")
    found = whole_pass(Roots([logs / "sub", logs, logs / "sub" / "a.jsonl", logs / "sub" / ".." / "sub"], ())).found
    assert names(found) == ["a.jsonl"]


def test_the_database_and_excluded_directories_are_never_found(logs: Path) -> None:
    (logs / "skip").mkdir()
    append(logs / "skip" / "a.jsonl", b"{}\n")
    append(logs / "db.jsonl", b"")
    append(logs / "db.jsonl-wal", b"")
    append(logs / "b.jsonl", b"{}\n")
    excluded = [logs / "skip", logs / "db.jsonl", logs / "db.jsonl-wal"]
    assert names(whole_pass(Roots([logs], excluded)).found) == ["b.jsonl"]


@pytest.mark.parametrize(
    "name",
    [b"new\nline.jsonl", b"\x1b]0;title\x07.jsonl", b"\xff\xfe.jsonl", b"-rf.jsonl", b"n" * 249 + b".jsonl"],
    ids=["newline", "escape", "invalid", "dash", "long"],
)
def test_any_name_is_found_opened_and_stored_as_it_is(logs: Path, loop: Loop, name: bytes) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(logs), name)))
    append(path, lines(0, 3))
    loop.run()
    assert loop.texts() == texts(0, 3)
    (checkpoint,) = loop.stored.values()
    assert os.fsencode(checkpoint.path) == os.fsencode(path)


@pytest.mark.parametrize("when", [0, 4_070_908_800])
def test_a_strange_modification_time_changes_nothing(logs: Path, loop: Loop, when: int) -> None:
    append(logs / "a.jsonl", lines(0, 3))
    os.utime(logs / "a.jsonl", (when, when))
    loop.run()
    append(logs / "a.jsonl", lines(3, 5))
    os.utime(logs / "a.jsonl", (when, when))
    loop.run()
    assert loop.texts() == texts(0, 5)


def test_a_directory_that_cannot_be_listed_is_told_and_keeps_its_files() -> None:
    with ordinary_user() as logs:
        inner = logs / "inner"
        inner.mkdir()
        append(inner / "a.jsonl", b"{}\n")
        append(logs / "b.jsonl", b"{}\n")
        roots = Roots([logs], ())
        assert names(whole_pass(roots).found) == ["a.jsonl", "b.jsonl"]
        inner.chmod(0)
        step = whole_pass(roots)
        assert step.failures == {inner: "permission denied"}
        assert (step.found, step.vanished) == ([], [])
        inner.chmod(0o700)
        step = whole_pass(roots)
        assert (step.found, step.vanished, step.failures) == ([], [], {})


def test_an_unreadable_file_is_an_error_until_it_can_be_read() -> None:
    with ordinary_user() as logs:
        log = logs / "a.jsonl"
        append(log, lines(0, 3))
        log.chmod(0)
        loop = Loop(logs)
        loop.run()
        assert isinstance(loop.errors[str(log)], PermissionError)
        log.chmod(0o600)
        loop.run()
        assert loop.texts() == texts(0, 3)
        loop.close()
