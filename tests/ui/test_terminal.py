"""The screen in a real terminal: it is left in order however it ends, and nothing is sent while nothing changes."""

import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.ui.filling import filled
from tokenmon.store.lock import holder

RUN = """
import sys
from pathlib import Path
from tokenmon.settings import Settings
from tokenmon.ui.app import run
database, logs, theme = sys.argv[1:]
sys.exit(run(Settings(tz="UTC", theme=theme, range="all"), Path(database), [logs]))
"""

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """A process in a pseudo-terminal of 80x24."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.sent = b""
        self._descriptor = descriptor
        self._code: int | None = None

    def read(self, seconds: float) -> bytes:
        """Everything that is sent within so long."""
        until, got = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._descriptor], [], [], left)[0]:
                continue
            try:
                piece = os.read(self._descriptor, 65_536)
            except OSError:  # Linux says EIO when the other side has closed
                break
            if not piece:
                break
            got += piece
        self.sent += got
        return got

    def wait_for(self, words: bytes) -> None:
        """Read until these bytes came."""
        until = time.monotonic() + 20
        while words not in self.sent:
            assert time.monotonic() < until, self.sent[-2_000:]
            self.read(0.1)

    def quiet(self, seconds: float) -> bool:
        """Wait until nothing is sent for so long; False if that never happens within twenty seconds."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if not self.read(seconds):
                return True
        return False

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._descriptor, keys)

    def end(self) -> int:
        """Read to the end; the exit code."""
        until = time.monotonic() + 15
        while self._code is None and time.monotonic() < until:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        self.read(0.2)
        assert self._code is not None, "it did not end"
        return self._code

    def close(self) -> None:
        """End it in any case."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)


@contextmanager
def terminal(
    tmp_path: Path, theme: str = "dark", logs_hold: Mapping[str, str] | None = None, **environment: str
) -> Iterator[Terminal]:
    """The screen over a filled database, with its own ingester and these log files."""
    database, logs = filled(tmp_path / "state" / "usage.db"), tmp_path / "logs"
    logs.mkdir()
    for name, text in (logs_hold or {}).items():
        (logs / name).write_text(text, "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENMON_", "SSH_"))}
    inherited.pop("NO_COLOR", None)
    own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    own["XDG_STATE_HOME"] = str(tmp_path / "memory")
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-c", RUN, str(database), str(logs), theme],
            {**inherited, **own, **environment},
        )
    ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    window = Terminal(pid, descriptor)
    try:
        yield window
    finally:
        window.close()


def in_order(sent: bytes) -> bool:
    """Whether the last bytes leave the alternate screen, show the cursor and give the mouse back."""
    return sent.rfind(b"\x1b[?1049l") > sent.rfind(b"\x1b[?1049h") and all(
        sent.rfind(off) > sent.rfind(on) for off, on in ((b"\x1b[?25h", b"\x1b[?25l"), (b"\x1b[?1003l", b"\x1b[?1003h"))
    )


def test_q_leaves_the_terminal_in_order(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.wait_for(b"claude-sonnet-4-5")
        window.type(b"q")
        assert window.end() == 0
        assert in_order(window.sent)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_terminal_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with terminal(tmp_path) as window:
        window.wait_for(b"claude-sonnet-4-5")
        os.kill(window.pid, number)
        assert window.end() == code
        assert in_order(window.sent)


def test_its_ingester_ends_with_it(tmp_path: Path) -> None:
    database = tmp_path / "state" / "usage.db"
    with terminal(tmp_path) as window:
        window.wait_for(b"claude-sonnet-4-5")
        until = time.monotonic() + 20
        while holder(database) is None:
            assert time.monotonic() < until, "nobody ingests"
            window.read(0.1)
        window.type(b"q")
        assert window.end() == 0
        assert holder(database) is None


def test_a_line_appended_to_a_log_is_on_the_screen(tmp_path: Path) -> None:
    database = tmp_path / "state" / "usage.db"
    with terminal(tmp_path) as window:
        window.wait_for(b"claude-sonnet-4-5")
        window.type(b"2")
        window.wait_for(b"prod-api")
        line: dict[str, object] = {
            "ts": "2025-11-21T14:40:00Z",
            "integration": "x",
            "provider": "openai",
            "model": "gpt-5",
        }
        line |= {"prompt_tokens": 10, "completion_tokens": 10, "api_key_name": "newcomer"}
        (tmp_path / "logs" / "usage.jsonl").write_text(json.dumps(line) + "\n")
        window.wait_for(b"newcomer")
        window.type(b"q")
        assert window.end() == 0
        assert holder(database) is None


def test_unchanged_data_sends_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.wait_for(b"claude-sonnet-4-5")
        assert window.quiet(5), "something is sent while nothing changes"
        window.type(b"q")
        assert window.end() == 0


def test_without_colour_no_colour_is_sent_and_the_screen_is_not_blank(tmp_path: Path) -> None:
    with terminal(tmp_path, NO_COLOR="1") as window:
        window.wait_for(b"claude-sonnet-4-5")
        window.type(b"4")
        window.wait_for(b"cost by model")
        window.quiet(1)
        window.type(b"q")
        window.end()
        assert not colours_of(window.sent)


def test_the_ansi_theme_sends_no_colours_of_its_own(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="ansi") as window:
        window.wait_for(b"claude-sonnet-4-5")
        window.type(b"2")
        window.wait_for(b"prod-api")
        window.quiet(1)
        window.type(b"q")
        window.end()
        assert b"38;2;" not in window.sent
        assert b"48;2;" not in window.sent


HARM = (
    "\x1bc",
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;owned\x07",
    "\x1bP1$r\x1b\\",
    "\x1b[6n",
    "\x1b[31;45;5m",
    "\x9b31m",
    "\u202e",
)
"""What would reset the terminal, set its clipboard and title, make it answer, paint it, and turn the text round."""

SEQUENCE = re.compile(rb"\x1b(?:\[([<-?]*)[0-9;:]*([ -/]*[@-~])|([]P^_X])([0-9]*)|([ -/]*[0-~]))")
"""An escape sequence; its groups are what tells kinds apart, without parameters."""


def kinds_of(sent: bytes) -> set[tuple[bytes, ...]]:
    """The kinds of escape sequences that were sent."""
    return {match.groups(b"") for match in SEQUENCE.finditer(sent)}


def seen_on_every_panel(tmp_path: Path, name: str, model: str) -> bytes:
    """What the screen sends while one walks through it, over a log that holds this name everywhere, and a bad line."""
    call: dict[str, object] = {"ts": "2025-11-21T14:40:00Z", "integration": name, "provider": "openai", "model": model}
    call |= {"prompt_tokens": 10**9, "completion_tokens": 10, "api_key_name": name, "project": name, "user": name}
    call |= {"cost_usd": 9_000, "error": name, "session": name, "request_id": name, "metadata": {name: name}}
    log = json.dumps(call) + "\n" + json.dumps({**call, "prompt_tokens": name}) + "\n"
    tmp_path.mkdir()
    with terminal(tmp_path, logs_hold={f"{name.replace('/', '_')[:60]}.jsonl": log}) as window:
        window.wait_for(b"evil-model")
        for key in (b"2", b"b", b"b", b"3", b"4", b"b", b"5", b"6", b"G", b"/", b"evil\r", b"1", b"?", b"\x1b", b"t"):
            window.type(key)
            window.read(0.4)
        window.type(b"q")
        assert window.end() == 0
        return window.sent


def test_a_log_cannot_send_an_escape_sequence(tmp_path: Path) -> None:
    """Only kinds of sequences that a harmless log brings about, too, and nothing of what the log holds."""
    clean = seen_on_every_panel(tmp_path / "clean", "harmless", "evil-model")
    harmed = seen_on_every_panel(
        tmp_path / "harmed", "[/nope][@click=app.quit]" + "".join(HARM), "evil-model" + HARM[0]
    )
    assert b"[/nope]" in harmed
    assert not [harm for harm in HARM if harm.encode() in harmed]
    assert kinds_of(harmed) <= kinds_of(clean)
    assert not set(harmed.decode()) & {chr(code) for code in range(0x80, 0xA0)}


def colours_of(sent: bytes) -> set[bytes]:
    """Parameters of SGR sequences that set a colour."""
    found = set()
    for part in sent.split(b"\x1b[")[1:]:
        parameters, sgr, _ = part.partition(b"m")
        if sgr and set(parameters) <= set(b"0123456789;"):
            numbers = [int(number) for number in parameters.split(b";") if number]
            colours = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
            found |= {parameters} if colours & set(numbers) else set()
    return found
