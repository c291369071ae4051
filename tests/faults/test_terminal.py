"""Whatever becomes of the terminal, the logs are read on, nothing waits for ever, and what can be put in order is."""

import os
import pty
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.faults.screens import append, call, database_in, screen
from tests.ingest.ingesting import native, stored, until
from tests.ui.terminal import RUN, colours_of, terminal
from tests.ui.test_terminal import in_order
from tokenmon.store.lock import holder
from tokenmon.ui.outlet import Frame, Outlet

HUGE = (500, 200)
"""A size of which one frame is more than a terminal keeps for whoever reads it."""


# -- 93: signals


@pytest.mark.parametrize("sign", [b"\x1b]11;?", b"\x1b[?1049h"], ids=["asking for the background", "first byte"])
def test_fault_093_a_signal_at_the_very_start_leaves_the_terminal_in_order(tmp_path: Path, sign: bytes) -> None:
    with terminal(tmp_path, theme="auto") as window:
        before = window.attributes
        window.until(lambda: sign in window.sent)
        os.kill(window.pid, signal.SIGTERM)
        assert window.end() == 143
        assert window.attributes == before
        assert in_order(window.sent) or b"\x1b[?1049h" not in window.sent


# -- 95, 99: nobody reads, nobody is there


def test_fault_095_a_connection_that_stalls_and_then_drops_ends_it(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path, size=HUGE) as window:  # from now on nobody reads
        until(lambda: stored(database_in(tmp_path)) == 1)
        before = window.spent
        assert window.hang_up() == 129
        assert window.spent - before < 3
        until(lambda: holder(database_in(tmp_path)) is None)


def test_fault_099_a_terminal_that_nobody_reads_keeps_nothing_waiting(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path, size=HUGE) as window:
        for number in range(1, 4):
            until(lambda: stored(database_in(tmp_path)) == number)  # noqa: B023
            append(tmp_path, call(number))
        before = window.spent
        window.shows(*(f"model-{number}" for number in range(4)))
        assert window.spent - before < 10
        window.type(b"2")
        window.shows("SHARE")


def test_fault_099_it_ends_by_a_signal_though_nobody_reads(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path, size=HUGE) as window:
        until(lambda: stored(database_in(tmp_path)) == 1)
        os.kill(window.pid, signal.SIGTERM)
        assert window.end_unread() == 143
        assert holder(database_in(tmp_path)) is None
        window.read(0.2)
        assert in_order(window.sent)


@contextmanager
def outlet_to_nobody() -> Iterator[tuple[Outlet, int, int]]:
    """The way to a terminal, the end at which nobody reads, and that at which it writes."""
    reader, writer = pty.openpty()
    tty.setraw(writer, termios.TCSANOW)
    with os.fdopen(writer, "w", encoding="utf-8") as file, os.fdopen(reader, "rb", buffering=0):
        outlet = Outlet(file, lambda: None)
        outlet.start()
        yield outlet, reader, writer


def test_fault_099_frames_for_which_there_is_no_room_are_refused_and_the_last_words_find_some() -> None:
    with outlet_to_nobody() as (outlet, reader, _):
        while outlet.has_room:
            outlet.write(Frame("x" * 100_000))
        outlet.write("last words")
        outlet.stop()
        assert not outlet.is_alive()
        got = b""
        while not got.endswith(b"last words"):
            got += os.read(reader, 65_536)
        assert len(got) < 100_000


def test_fault_099_it_is_told_when_the_terminal_has_taken_everything() -> None:
    with outlet_to_nobody() as (outlet, reader, _):
        taken = Event()
        outlet.write(Frame("x" * 100_000))
        outlet.when_sent(taken.set)
        assert not taken.wait(0.1)
        got = 0
        while got < 100_000:
            got += len(os.read(reader, 65_536))
        assert taken.wait(60)
        outlet.stop()


def test_fault_099_a_terminal_that_only_takes_what_has_room_gets_everything() -> None:
    """As after a program that left it so, with which it is shared."""
    with outlet_to_nobody() as (outlet, reader, writer):
        os.set_blocking(writer, False)
        outlet.write(Frame("x" * 200_000))
        got = 0
        while got < 200_000:
            got += len(os.read(reader, 65_536))
        outlet.stop()


# -- 97, 98: sizes, a shell in between


def test_fault_097_any_size_and_a_hundred_others_are_survived(tmp_path: Path) -> None:
    with terminal(tmp_path, size=(1, 1)) as window:
        window.until(lambda: b"\x1b[?1049h" in window.sent)
        for size in ((20, 5), (500, 200), (1, 200), (500, 1), (2, 2)):
            window.resize(*size)
            window.settle(0.2)
            for key in b"1234567?\x1b":
                window.type(bytes([key]))
            window.settle(0.2)
        for number in range(100):
            window.resize(1 + number * 37 % 200, 1 + number * 13 % 60)
            window.read(0.005)
        window.resize(80, 24)
        window.settle()
        window.type(b"1")
        window.ready()
        window.type(b"q")
        assert window.end() == 0


JOB_CONTROL = ("/bin/sh", "-c", 'set -m; "$@"; echo "stopped: $?"; read line; fg', "sh")
"""A shell that starts it as people's shells do, and brings it back after Enter."""


def test_fault_098_ctrl_z_gives_the_terminal_to_the_shell_and_fg_shows_what_came_meanwhile(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path, through=JOB_CONTROL) as window:
        before = window.attributes
        window.shows("model-0")
        window.settle()
        window.type(b"\x1a")
        window.until(lambda: b"stopped: " in window.sent)
        assert in_order(window.sent)
        assert window.attributes == before
        append(tmp_path, call(1))
        until(lambda: stored(database_in(tmp_path)) == 2)
        window.type(b"\n")
        window.shows("model-0", "model-1", "q quit")
        window.type(b"q")
        assert window.end() == 0
        assert in_order(window.sent)


def test_fault_098_without_a_shell_to_bring_it_back_ctrl_z_does_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        window.type(b"\x1a2")
        window.shows("prod-api")
        assert "1049" in " ".join(window.screen.modes)


# -- 100, 102: little to write with, nothing to write to


def test_fault_100_without_utf_8_colours_and_mouse_it_is_usable(tmp_path: Path) -> None:
    append(tmp_path, call(0) + native(1, model="日本-model"))
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"}
    with screen(tmp_path, "--no-mouse", size=(80, 24), through=(), **plain) as window:
        window.shows("model-0", "??-model", "q quit")
        window.type(b"4")
        window.shows("cost by model")
        window.type(b"q")
        assert window.end() == 0
    assert window.sent.isascii()
    assert not colours_of(window.sent)
    assert b"\x1b[?1003h" not in window.sent


# -- 101: errors nobody thought of

STRIKE = """
import ctypes, gc, os, signal, threading
from tokenmon.ui.app import TokenmonApp

class Struck(Exception):
    pass

def fails():
    raise Struck

async def fails_later():
    raise Struck

def strike(number, frame):
    what = os.environ["STRIKE"]
    app = next(each for each in gc.get_objects() if isinstance(each, TokenmonApp))
    if what == "task":
        app.call_later(app.run_worker, fails_later)
    elif what == "timer":
        app.call_later(app.set_timer, 0.01, fails)
    for thread in threading.enumerate():
        if what in thread.name:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Struck))

signal.signal(signal.SIGUSR1, strike)
"""
"""Raises an error in a part of the screen, as Python itself may (no memory, a bug): in a task, or out of the blue in
any of its threads."""


@pytest.mark.parametrize("what", ["task", "timer", "textual-input", "tokenmon-output", "_connection_worker"])
def test_fault_101_an_error_in_any_part_of_the_screen_ends_it_and_is_told(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.ui.terminal.RUN", STRIKE + RUN)
    with terminal(tmp_path, STRIKE=what) as window:
        window.shows("claude-sonnet-4-5")
        window.settle()
        os.kill(window.pid, signal.SIGUSR1)
        window.read(0.1)
        window.type(b"2")  # threads that wait for something notice now
        assert window.end() == 1
        assert b"Struck" in window.sent
        assert in_order(window.sent)
        assert holder(tmp_path / "state" / "usage.db") is None


def test_fault_101_an_ingester_that_cannot_start_again_is_told_on_the_screen(tmp_path: Path) -> None:
    append(tmp_path, call(0))
    with screen(tmp_path, size=(200, 30)) as window:
        window.shows("model-0")
        config = tmp_path / ".config" / "tokenmon" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text("nonsense = 1\n")
        found = holder(database_in(tmp_path))
        assert found is not None
        os.kill(found[0], signal.SIGKILL)
        window.shows("nobody reads the logs", "config.toml")
        config.unlink()
        append(tmp_path, call(1))
        window.shows("model-0", "model-1")
