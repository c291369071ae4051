"""The screen as a process in a pseudo-terminal, and a person before it: who types, resizes, reads what is shown."""

import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from tests.ui.emulator import Emulator
from tests.ui.filling import filled

RUN = """
import sys
from pathlib import Path
from tokenmon.settings import Settings
from tokenmon.ui.app import run
database, logs, theme, ascii = sys.argv[1:]
settings = Settings(tz="UTC", theme=theme, range="all", interval=1.0, ascii=bool(ascii))
sys.exit(run(settings, Path(database), [logs]))
"""

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 60.0
"""Seconds after which something will not come any more; on a busy machine a start alone takes many."""

Answers = Callable[[bytes], bytes]
"""What a terminal answers to what it was just sent."""


class Terminal:
    """A process in a pseudo-terminal."""

    def __init__(self, pid: int, descriptor: int, size: tuple[int, int], answers: Answers | None = None) -> None:
        self.pid = pid
        self.sent = b""
        self.screen = Emulator(*size)
        self.is_over = False
        """Whether nobody is left who could send anything."""
        self._descriptor = descriptor
        self._answers = answers
        self._code: int | None = None
        self._spent: float | None = None
        self._set_size(*size)

    def _set_size(self, columns: int, rows: int) -> None:
        ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size."""
        self.screen.resize(columns, rows)
        self._set_size(columns, rows)

    def read(self, seconds: float) -> bytes:
        """Everything that is sent within so long."""
        until, got = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._descriptor], [], [], left)[0]:
                continue
            try:
                piece = os.read(self._descriptor, 65_536)
            except OSError:  # Linux says EIO when the other side has closed
                piece = b""
            if not piece:
                self.is_over = True
                time.sleep(0.02)  # whoever waits for the end of the process asks again and again
                break
            got += piece
            if self._answers is not None and (answer := self._answers(piece)):
                os.write(self._descriptor, answer)
        self.sent += got
        self.screen.feed(got)
        return got

    def until(self, holds: Callable[[], bool]) -> None:
        """Read until something holds."""
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"it never came to this; the terminal shows\n{self.screen.text}"
            assert not self.is_over, f"it ended before it came to this; the last it said is\n{self.last_words}"
            self.read(0.05)

    @property
    def last_words(self) -> str:
        """The end of what was sent, without colours and moves."""
        return re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", self.sent[-4_000:].decode(errors="replace"))

    def shows(self, *words: str) -> None:
        """Read until all of these are on the screen."""
        self.until(lambda: all(word in self.screen.text for word in words))

    def ready(self) -> None:
        """Wait until the ingester has looked at everything: no rule finds the calls of the filled database alarming."""
        self.shows("claude-sonnet-4-5", "q quit")
        self.until(lambda: not re.search("6 (Health )?▲", self.screen.text))
        self.settle()

    def settle(self, seconds: float = 0.5) -> bytes:
        """Read until nothing came for so long."""
        got = b""
        while more := self.read(seconds):
            got += more
        return got

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._descriptor, keys)

    @property
    def attributes(self) -> list[object]:
        """Of the line: echo, signals and so on."""
        return [*termios.tcgetattr(self._descriptor)]

    def end(self) -> int:
        """Read to the end; the exit code."""
        until = time.monotonic() + PATIENCE
        while self._code is None and time.monotonic() < until:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        self.read(0.2)
        assert self._code is not None, "it did not end"
        return self._code

    def hang_up(self) -> int:
        """Take the terminal away, as a lost connection does; the exit code."""
        os.close(self._descriptor)
        self._descriptor = -1
        return self.end_unread()

    def end_unread(self) -> int:
        """Wait for the end without reading; the exit code."""
        until = time.monotonic() + PATIENCE
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < until, "it did not end"
            time.sleep(0.05)
        self._spent = self.spent
        self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    @property
    def spent(self) -> float:
        """Seconds of processor time so far, without its children's; after its end all of them."""
        if self._spent is not None:
            return self._spent
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it in any case."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._descriptor >= 0:
            os.close(self._descriptor)


@contextmanager
def terminal(
    tmp_path: Path,
    theme: str = "dark",
    logs_hold: Mapping[str, str] | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    ascii_only: bool = False,
    answers: Answers | None = None,
    through: tuple[str, ...] = (),
    **environment: str,
) -> Iterator[Terminal]:
    """The screen over a filled database, with its own ingester and these log files; the same in the same place.

    `through`: a command that runs it.
    """
    database, logs = tmp_path / "state" / "usage.db", tmp_path / "logs"
    if not database.exists():
        filled(database)
    logs.mkdir(exist_ok=True)
    for name, text in (logs_hold or {}).items():
        (logs / name).write_text(text, "utf-8")
    words = [*through, sys.executable, "-c", RUN, str(database), str(logs), theme, "1" if ascii_only else ""]
    with started(words, size=size, answers=answers, **{"XDG_STATE_HOME": str(tmp_path), **environment}) as window:
        yield window


@contextmanager
def started(
    words: list[str], *, size: tuple[int, int] = (80, 24), answers: Answers | None = None, **environment: str
) -> Iterator[Terminal]:
    """Any command in a pseudo-terminal."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENMON_", "SSH_"))}
    for name in ("NO_COLOR", "COLORFGBG", "COLORTERM", "COLUMNS", "LINES"):
        inherited.pop(name, None)
    own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(words[0], words, {**inherited, **own, **environment})
    window = Terminal(pid, descriptor, size, answers)
    try:
        yield window
    finally:
        window.close()


def colours_of(sent: bytes) -> set[bytes]:
    """Parameters of SGR sequences that set a colour."""
    colour = re.compile(rb"(?:^|;)(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;|$)")
    return {found for found in re.findall(rb"\x1b\[([0-9;]*)m", sent) if colour.search(found)}
