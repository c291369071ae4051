"""What a service manager hears from the real process, over a real datagram socket of either kind."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import environment_of
from tokenmon.notify import Manager

CALL = {
    "ts": "2026-11-18T10:00:00Z", "integration": "test", "provider": "openai", "model": "gpt-5.1",
    "prompt_tokens": 100, "completion_tokens": 10,
}  # fmt: skip


PATIENCE = 60.0
"""Seconds after which something will not come any more."""


class Listener:
    """The manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.bind(address.replace("@", "\0", 1))
        self.heard: list[str] = []

    def hear(self, seconds: float) -> list[str]:
        """Everything that comes within so many seconds."""
        until = time.monotonic() + seconds
        before = len(self.heard)
        while (left := until - time.monotonic()) > 0:
            self._end.settimeout(left)
            with contextlib.suppress(TimeoutError):
                self.heard += self._end.recv(4096).decode().split("\n")
        return self.heard[before:]

    def wait_for(self, text: str, times: int = 1) -> None:
        """Until so many messages begin with `text`."""
        until = time.monotonic() + PATIENCE
        while sum(message.startswith(text) for message in self.heard) < times:
            assert time.monotonic() < until, f"{text} never came: {self.heard}"
            self._end.settimeout(max(0.01, until - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                self.heard += self._end.recv(4096).decode().split("\n")

    def close(self) -> None:
        """Nobody listens any more."""
        self._end.close()


KINDS = ("path", "abstract") if sys.platform == "linux" else ("path",)
"""Of sockets; where it is not told, it is a path."""


@pytest.fixture
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    abstract = getattr(request, "param", "path") == "abstract"
    made = Listener(f"@tokenmon-test-{os.getpid()}-{id(tmp_path)}" if abstract else str(tmp_path / "notify"))
    yield made
    made.close()


@contextlib.contextmanager
def ingesting(home: Path, listener: Listener, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "a.jsonl").write_text(json.dumps(CALL) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tokenmon", "--ingest-only", "--db", "x.db", "logs"],
        env=environment_of(home, NOTIFY_SOCKET=listener.address, **more),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_it_is_ready_only_with_the_lock_and_says_what_it_is_at(tmp_path: Path, listener: Listener) -> None:
    with open(tmp_path / "x.db.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with ingesting(tmp_path, listener) as process:
            listener.wait_for("STATUS=waiting: another process ingests into ")
            assert "READY=1" not in listener.hear(0.6)
            fcntl.flock(lock, fcntl.LOCK_UN)
            listener.wait_for("READY=1")
            listener.wait_for("STATUS=up to date; 1 event since the start")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            listener.hear(0.1)
    assert listener.heard.count("READY=1") == 1
    assert listener.heard.index("READY=1") < listener.heard.index("STOPPING=1")
    assert not any(message.startswith("WATCHDOG") for message in listener.heard)


def test_signs_of_life_come_from_the_loop_and_end_when_it_hangs(tmp_path: Path, listener: Listener) -> None:
    with ingesting(tmp_path, listener, WATCHDOG_USEC="600000") as process:
        listener.wait_for("READY=1")
        listener.wait_for("WATCHDOG=1", times=3)
        process.send_signal(signal.SIGSTOP)  # the process is there, its loop does not turn
        listener.hear(0.3)
        assert "WATCHDOG=1" not in listener.hear(1.5)
        process.send_signal(signal.SIGCONT)
        listener.wait_for("WATCHDOG=1", times=listener.heard.count("WATCHDOG=1") + 1)


def test_a_loop_that_hangs_while_its_process_runs_gives_no_signs(tmp_path: Path, listener: Listener) -> None:
    """It waits for something that never comes: here for room in the full pipe that its own log goes to."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text(json.dumps(CALL) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tokenmon", "--ingest-only", "--db", "x.db", "logs"],
        env=environment_of(tmp_path, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="300000"),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=writing,
    )
    try:
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "x.db.lock").exists() and time.monotonic() < until:
            listener.hear(0.1)
        assert not {"READY=1", "WATCHDOG=1"} & set(listener.hear(2))
        assert process.poll() is None
        os.set_blocking(reading, False)
        while "WATCHDOG=1" not in listener.heard and time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                os.read(reading, 1 << 20)
            listener.hear(0.1)
        assert "WATCHDOG=1" in listener.heard
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("listener", KINDS, indirect=True)
def test_sighup_ends_it_in_order_for_the_next_start(tmp_path: Path, listener: Listener) -> None:
    with ingesting(tmp_path, listener) as process:
        listener.wait_for("READY=1")
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE) == 0
        listener.hear(0.1)
    assert "STOPPING=1" in listener.heard


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path, listener: Listener) -> None:
    with ingesting(tmp_path, listener, WATCHDOG_USEC="300000") as process:
        listener.wait_for("READY=1")
        listener.close()
        (tmp_path / "logs" / "b.jsonl").write_text(json.dumps({**CALL, "model": "other"}) + "\n")
        assert process.stderr is not None
        for line in process.stderr:
            if b"b.jsonl: 1 event" in line:
                break
        assert process.poll() is None


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234", "/nowhere/at/all"])
def test_nobody_to_tell_is_no_error(address: str) -> None:
    Manager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"}).beat("fine")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, False),
        ({"WATCHDOG_USEC": "3000"}, True),
        ({"WATCHDOG_USEC": "3000", "WATCHDOG_PID": "1"}, False),
        ({"WATCHDOG_USEC": "3000", "WATCHDOG_PID": str(os.getpid())}, True),
        ({"WATCHDOG_USEC": "soon"}, False),
    ],
)
def test_signs_of_life_are_for_whom_asks_this_process(listener: Listener, more: dict[str, str], expected: bool) -> None:
    Manager({"NOTIFY_SOCKET": listener.address, **more}).beat("fine")
    assert ("WATCHDOG=1" in listener.hear(0.1)) == expected


def test_readiness_that_was_not_heard_is_told_again(tmp_path: Path) -> None:
    address = str(tmp_path / "late")
    manager = Manager({"NOTIFY_SOCKET": address})
    manager.beat("fine")
    listener = Listener(address)
    manager.beat("fine")
    manager.beat("fine")
    assert listener.hear(0.1).count("READY=1") == 1
    listener.close()
