"""Whatever lies in a watched directory, only its regular files are read: nothing blocks, fills the memory, leads out of
the directory, or tells what was not meant to be told."""

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.command import Done, python, tokenmon
from tests.ingest.ingesting import Running, expected, ingest, inputs, native, natives, rows, stored, until
from tokenmon.tail import NotRegular, Register, Roots

TERABYTE = 1 << 40


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0))
    return logs


def read_once(home: Path, *paths: str) -> Done:
    """What an ingester says that reads everything once; ended after a minute, should anything hold it up."""
    return tokenmon(home, "--ingest-only", "--once", "--db", "x.db", *paths)


def sources(database: Path) -> list[str]:
    """The names of the files that were read."""
    return sorted(os.path.basename(os.fsdecode(path)) for (path,) in rows(database, "SELECT path FROM source"))


def make_socket(path: Path) -> None:
    """Leave a socket; where its directory is may be too long for the path of one."""
    here = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(path.parent)
            server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def test_fault_046_a_fifo_holds_nobody_up_and_is_no_source(tmp_path: Path, logs: Path) -> None:
    for name in ("pipe.jsonl", "session-1.json", "opencode.db"):
        os.mkfifo(logs / name)
    assert read_once(tmp_path, "logs").code == 0
    assert sources(tmp_path / "x.db") == ["a.jsonl"]
    assert inputs(tmp_path / "x.db") == expected([0])


def test_fault_046_a_fifo_given_by_name_is_said_to_be_none(tmp_path: Path, logs: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    done = read_once(tmp_path, "logs", "pipe.jsonl")
    assert (done.code, done.err.count("regular file")) == (2, 1)
    assert inputs(tmp_path / "x.db") == expected([0])


def test_fault_047_a_socket_and_a_device_are_no_sources(tmp_path: Path, logs: Path) -> None:
    make_socket(logs / "socket.jsonl")
    (logs / "zero.jsonl").symlink_to("/dev/zero")
    done = read_once(tmp_path, "logs", "/dev/zero")
    assert (done.code, done.err.count("regular file")) == (2, 1)
    assert sources(tmp_path / "x.db") == ["a.jsonl"]
    for path in ("/dev/zero", str(logs / "socket.jsonl")):
        with pytest.raises(NotRegular):
            Register([]).open(path)


def test_fault_048_a_link_out_of_the_directory_is_not_followed(tmp_path: Path, logs: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("secret.jsonl", "session-1.json"):
        (outside / name).write_bytes(native(9))
        (logs / name).symlink_to(outside / name)
    (logs / "directory").symlink_to(outside)
    (logs / "directory.jsonl").symlink_to(outside)
    database = tmp_path / "x.db"
    ingest(database, logs)
    assert (sources(database), inputs(database)) == (["a.jsonl"], expected([0]))
    (tmp_path / "root").symlink_to(outside)
    ingest(database, logs, tmp_path / "root")
    assert inputs(database) == expected([0, 9]), "a link that was given by name is meant"


def test_fault_049_links_in_circles_to_nothing_and_to_directories_are_passed_by(tmp_path: Path, logs: Path) -> None:
    (logs / "deep").mkdir()
    (logs / "deep" / "b.jsonl").write_bytes(native(1))
    links = {"up": "..", "self.jsonl": "self.jsonl", "nothing.jsonl": "nowhere", "deep.jsonl": "deep"}
    for name, target in {**links, "deep/again": "../deep"}.items():
        (logs / name).symlink_to(target)
    database = tmp_path / "x.db"
    assert read_once(tmp_path, "logs").code == 0
    assert (sources(database), inputs(database)) == (["a.jsonl", "b.jsonl"], expected([0, 1]))


def test_fault_050_a_file_that_became_a_link_after_the_look_is_not_opened(tmp_path: Path, logs: Path) -> None:
    """The scan found a file; what is opened is decided by what is there then."""
    (tmp_path / "secret.jsonl").write_bytes(native(9))
    roots = Roots([logs], ())
    (found,) = roots.scan().found
    os.unlink(found)
    os.symlink(tmp_path / "secret.jsonl", found)
    with pytest.raises(NotRegular):
        Register([]).open(found)
    roots.close()


def test_fault_050_a_file_that_becomes_a_link_while_it_is_watched_leads_nowhere(tmp_path: Path, logs: Path) -> None:
    database = tmp_path / "x.db"
    (tmp_path / "secret.jsonl").write_bytes(natives(range(90, 95)))
    with Running(database, logs) as running:
        until(lambda: stored(database) == 1)
        (tmp_path / "link").symlink_to(tmp_path / "secret.jsonl")
        (tmp_path / "link").replace(logs / "a.jsonl")
        (logs / "b.jsonl").write_bytes(native(1))
        until(lambda: stored(database) == 2)
        assert running.end(signal.SIGTERM)[0] == 0
    assert inputs(database) == expected([0, 1])


SECRETS = b"root:$6$salt$hashed-password:19000:0:99999:7:::\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"


def test_fault_051_no_byte_of_a_file_that_is_no_log_is_stored_or_told(tmp_path: Path, logs: Path) -> None:
    """A hard link cannot be told from a file; so nothing is kept of any line, and an unclaimed file's is not shown."""
    (tmp_path / "shadow").write_bytes(SECRETS)
    for name in ("shadow.jsonl", "session-1.json", "ui_messages.json", "opencode.db"):
        os.link(tmp_path / "shadow", logs / name)
    said = read_once(tmp_path, "logs")
    told = [tokenmon(tmp_path, *words, "--db", "x.db") for words in (["status"], ["status", "--json"], ["events"])]
    for start in ("root:", "salt", "OPENSSH", "b3Blbn"):
        assert not [done for done in (said, *told) if start in done.out + done.err]
        assert not [file.name for file in tmp_path.glob("x.db*") if start.encode() in file.read_bytes()]


IN_LITTLE_MEMORY = """
import resource, sys
from tokenmon.cli import main
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
sys.exit(main(["--ingest-only", "--once", "--db", "x.db", "logs"]))
"""

SPARSE = {
    "hole.jsonl": b"",
    "line.jsonl": b'{"ts":"',
    "ui_messages.json": b"[",
    "session-1.json": b"",
    "b.jsonl.gz": b"",
}


def test_fault_052_a_sparse_terabyte_takes_neither_memory_nor_time(tmp_path: Path, logs: Path) -> None:
    """Each is one invalid line or document, and what is appended to a log counts."""
    for name, start in SPARSE.items():
        (logs / name).write_bytes(start)
        os.truncate(logs / name, TERABYTE)
    first = python(tmp_path, IN_LITTLE_MEMORY)
    assert (first.code, first.err.count("cannot read")) == (2, 1), "that is no archive"
    assert rows(tmp_path / "x.db", "SELECT rejects FROM source WHERE size > 1000 AND off > 0") == [(1,)] * 4
    for name in ("hole.jsonl", "line.jsonl"):
        with (logs / name).open("ab") as file:
            file.write(b"\n" + native(len(name)))
    assert python(tmp_path, IN_LITTLE_MEMORY).code == 2
    assert inputs(tmp_path / "x.db") == expected([0, len("hole.jsonl"), len("line.jsonl")])


def test_fault_053_tokenmons_own_files_are_no_logs(tmp_path: Path, logs: Path) -> None:
    """Whatever they are called; what was exported was counted where it came from, also by another database."""
    own = ("--db", "logs/own.jsonl.db")
    (logs / "b.jsonl").write_bytes(b"not a call\n" + natives(range(1, 4)))
    for words in (("--ingest-only", "--once", "logs"), ("backup", "logs/backup.jsonl")):
        assert tokenmon(tmp_path, *words, *own).code == 0
    for name, words in {
        "events.jsonl": ("events", "--json"), "events.csv.jsonl": ("events", "--csv"), "r.jsonl": ("report", "--json"),
    }.items():  # fmt: skip
        (logs / name).write_text(tokenmon(tmp_path, *words, *own).out)
    shutil.copy(logs / "own.jsonl.db", logs / "opencode.db")
    for database in ("logs/own.jsonl.db", "other.db"):
        tokenmon(tmp_path, "--ingest-only", "--once", "--db", database, "logs")
        assert inputs(tmp_path / database) == expected(range(4))
    assert not [name for name in sources(tmp_path / "logs/own.jsonl.db") if name.startswith("own")]
    status = tokenmon(tmp_path, "status", "--db", "other.db")
    assert "looks like usage" not in status.out, "nobody is asked to look at an export"
