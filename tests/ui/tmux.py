"""A screen in tmux: the terminal most servers are used through, with a server, a size and no configuration of its own.

The rest of the suite reads the same bytes through `emulator.py`, which needs nothing but Python. tmux is the second
opinion, and the only one on whether a copied name arrives. Where it is not installed, `conftest.py` leaves its tests
out and says so; `.ci/run` installs it, so that they always run there.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.command import cache_home
from tests.ui.filling import filled
from tests.ui.terminal import PATIENCE, ROOT, RUN


class Tmux:
    """One window of one server."""

    def __init__(self) -> None:
        self._place = tempfile.mkdtemp(prefix="tokenmon-tmux-")  # a socket's path may only have about 100 bytes
        self._command = ["tmux", "-S", f"{self._place}/socket", "-f", "/dev/null"]

    def run(self, *words: str) -> str:
        """A command of tmux, and what it prints."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    def start(self, size: tuple[int, int], command: str) -> None:
        """Open the window; the terminal puts what a program copies into a buffer."""
        columns, rows = map(str, size)
        # One server for all, which must not end with its first window.
        self.run("new-session", "-d", "-s", "keeper", ";", "set", "-s", "set-clipboard", "on")
        self.run("new-session", "-d", "-s", "screen", "-x", columns, "-y", rows, command)

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size."""
        self.run("resize-window", "-t", "screen", "-x", str(columns), "-y", str(rows))

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", "-t", "screen", *keys)

    def lines(self, *, styled: bool = False) -> list[str]:
        """What the window shows; `styled` with its escape sequences."""
        shown = self.run("capture-pane", "-p", *(["-e"] if styled else []), "-t", "screen")
        return [line.rstrip() for line in shown.splitlines()]

    @property
    def copied(self) -> str:
        """What a program put into the clipboard last; empty where none did yet."""
        return self.run("show-buffer") if self.run("list-buffers") else ""

    def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """Wait until something holds of the lines; they."""
        end = time.monotonic() + PATIENCE
        while not holds(lines := self.lines()):
            assert time.monotonic() < end, "it never came to this; tmux shows\n" + "\n".join(lines)
            time.sleep(0.05)
        return lines

    def shows(self, *words: str) -> list[str]:
        """Wait until all of these are on the screen."""
        return self.until(lambda lines: all(word in "\n".join(lines) for word in words))

    def settled(self) -> list[str]:
        """Wait until nothing has changed for half a second; the lines."""
        lines, before = self.lines(), None
        while lines != before:
            time.sleep(0.5)
            lines, before = self.lines(), lines
        return lines

    def end(self) -> None:
        """Whatever runs in it ends, too."""
        subprocess.run([*self._command, "kill-server"], capture_output=True, check=False, timeout=60)
        shutil.rmtree(self._place, ignore_errors=True)


@contextmanager
def screen_in_tmux(tmp_path: Path, size: tuple[int, int] = (80, 24), theme: str = "dark") -> Iterator[Tmux]:
    """The screen over a filled database in tmux; the same again in the same place."""
    database, logs = tmp_path / "state" / "usage.db", tmp_path / "logs"
    if not database.exists():
        filled(database)
        logs.mkdir()
    own = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "COLORTERM": "truecolor", "PATH": os.environ["PATH"]}
    own |= {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": cache_home()}
    words = ["env", "-i", *(f"{name}={value}" for name, value in own.items()), "TERM=tmux-256color"]
    words += [sys.executable, "-c", RUN, str(database), str(logs), theme, ""]
    tmux = Tmux()
    try:
        tmux.start(size, shlex.join(words))
        yield tmux
    finally:
        tmux.end()
