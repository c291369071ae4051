import os
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tokenmon.errors import CannotCreateDatabase, LockHeld
from tokenmon.store.lock import Lock, holder

_HOLD = """
import sys
from pathlib import Path
from tokenmon.store.lock import Lock
lock = Lock.take(Path(sys.argv[1]), wait=len(sys.argv) > 2)
print("taken", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(db: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that takes the lock and keeps it until its input ends."""
    command = [sys.executable, "-c", _HOLD, str(db), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(process: "subprocess.Popen[bytes]") -> bytes:
    """The line that a process prints once it has the lock."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 20)[0], "no answer"
    return process.stdout.readline()


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    with another_process(db) as process:
        assert answer(process) == b"taken\n"
        with pytest.raises(LockHeld) as caught:
            Lock.take(db, wait=False)
        assert (caught.value.exit_code, caught.value.hint) == (75, f"process {process.pid}")


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    with another_process(db) as process:
        answer(process)
        process.kill()
        process.wait()
        assert holder(db) is None
        Lock.take(db, wait=False).release()


def test_who_waits_gets_it_when_it_is_released(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    lock = Lock.take(db, wait=False)
    with another_process(db, "wait") as process:
        lock.release()
        assert answer(process) == b"taken\n"
        found = holder(db)
        assert found is not None
        assert found[0] == process.pid


_LOOK = """
import sys
from pathlib import Path
from tokenmon.store.lock import holder
print("looking", flush=True)
while True:
    holder(Path(sys.argv[1]))
"""


def test_who_only_looks_keeps_nobody_out(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    Lock.take(db, wait=False).release()
    with subprocess.Popen([sys.executable, "-c", _LOOK, str(db)], stdout=subprocess.PIPE) as process:
        answer(process)
        try:
            for _ in range(300):
                Lock.take(db, wait=False).release()
        finally:
            process.kill()


def test_the_holder_and_its_sign_of_life_are_seen(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    assert holder(db) is None
    lock = Lock.take(db, wait=False)
    os.utime(f"{db}.lock", (1, 1))
    assert holder(db) == (os.getpid(), 1000)
    lock.touch()
    found = holder(db)
    assert found is not None
    assert found[1] > 1000
    lock.release()
    assert holder(db) is None


def test_a_lock_file_somebody_removed_is_not_the_lock_any_more(tmp_path: Path) -> None:
    db = tmp_path / "t.db"
    lock = Lock.take(db, wait=False)
    Path(f"{db}.lock").unlink()
    assert not lock.is_still_there()
    other = Lock.take(db, wait=False)
    assert other.is_still_there()
    other.release()
    lock.release()


def test_the_lock_file_is_private_and_stays(tmp_path: Path) -> None:
    db = tmp_path / "new" / "t.db"
    Lock.take(db, wait=False).release()
    assert stat.S_IMODE(Path(f"{db}.lock").stat().st_mode) == 0o600


def test_a_lock_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.db.lock").mkdir()
    with pytest.raises(CannotCreateDatabase, match="cannot write the lock"):
        Lock.take(tmp_path / "t.db", wait=False)
