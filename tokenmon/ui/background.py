"""Whether the terminal is light or dark: it is asked before the app starts, for at most a tenth of a second.

OSC 11 asks for the background, and DA1, which every terminal answers, says that no other answer will come. An answer
that is late (a slow SSH) must not reach the app, which would take it for keys; what is typed meanwhile must. So
everything that comes from the terminal goes through a `Sieve` until it has answered, by then in the driver.
"""

import os
import re
import select
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event

LIMIT = 0.1
"""Seconds that a start waits for the answer at most."""

QUESTION = b"\x1b]11;?\x1b\\\x1b[c"

_BACKGROUND = re.compile(rb"\x1b\]11;([^\x07\x1b]*)(?:\x07|\x1b\\)")
_ATTRIBUTES = re.compile(rb"\x1b\[\?[0-9;]*c")
_UNFINISHED = re.compile(rb"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]*\x1b?)?)?)?|\[(?:\?[0-9;]*)?)?\Z")
_COLOUR = re.compile(r"rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.IGNORECASE)


class Sieve:
    """Takes the answers out of what a terminal sends; all else was typed."""

    def __init__(self) -> None:
        self.typed = b""
        """What was typed and nobody has taken yet."""
        self.colour = ""
        """The background, as the terminal says it."""
        self.answered = False
        """Whether nothing more will come."""
        self.before: list[int | list[bytes | int]] | None = None
        """How the terminal was set before it was asked; None where it was not."""
        self.opened = Event()
        """Set when the app takes keys: before that they wait."""
        self._held = b""

    def feed(self, data: bytes) -> None:
        """Take what came; the beginning of an answer is held back."""
        data = self._held + data
        if found := _BACKGROUND.search(data):
            self.colour = found[1].decode("ascii", "replace")
            data = data[: found.start()] + data[found.end() :]
        if found := _ATTRIBUTES.search(data):
            self.answered = True
            data = data[: found.start()] + data[found.end() :]
        held = None if self.answered else _UNFINISHED.search(data)
        self._held = held[0] if held else b""
        self.typed += data[: len(data) - len(self._held)]

    def release(self) -> None:
        """Nothing came for a while: an escape that was held back was the key."""
        if self._held == b"\x1b":
            self.typed, self._held = self.typed + self._held, b""

    def take(self) -> bytes:
        """What was typed since the last time."""
        typed, self.typed = self.typed, b""
        return typed


def is_light(colour: str) -> bool | None:
    """Whether black is read better on this colour than white; None where it is no colour."""
    found = _COLOUR.match(colour)
    if found is None:
        return None
    red, green, blue = (_linear(int(part, 16) / (16 ** len(part) - 1)) for part in found.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179


def _linear(part: float) -> float:
    """From sRGB to light, both 0 to 1."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def theme_for(theme: str, sieve: Sieve | None) -> str:
    """For `auto` the theme that fits the answer; as it was where there is none, or where another one is wanted."""
    light = is_light(sieve.colour) if sieve is not None and theme == "auto" else None
    return theme if light is None else "light" if light else "dark"


@contextmanager
def asked(theme: str, environment: Mapping[str, str]) -> Iterator[Sieve | None]:
    """The answer of the terminal, if it is needed. While an answer is outstanding the terminal does not echo.

    None where the user gave a driver of another kind, which would take a late answer for keys.
    """
    if "TEXTUAL_DRIVER" in environment:
        yield None
        return
    sieve = Sieve()
    if not _is_needed(theme, environment):
        sieve.answered = True
        yield sieve
        return
    source, before = sys.stdin.fileno(), termios.tcgetattr(sys.stdin)
    sieve.before = before
    try:
        _listen(source, before)
        os.write(sys.stderr.fileno(), QUESTION)
        _wait(source, sieve)
        if sieve.answered:
            termios.tcsetattr(source, termios.TCSANOW, before)
        yield sieve
    finally:
        with suppress(termios.error):  # the terminal may be gone by then
            termios.tcsetattr(source, termios.TCSANOW, before)


def _is_needed(theme: str, environment: Mapping[str, str]) -> bool:
    if theme != "auto" or "NO_COLOR" in environment or environment.get("TERM") in (None, "dumb", "linux"):
        return False
    return sys.stdin is not None and sys.stderr is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _listen(source: int, before: list[int | list[bytes | int]]) -> None:
    """No echo, no waiting for Enter; what was typed already stays."""
    mode = list(before)
    iflag, lflag = mode[0], mode[3]
    assert isinstance(iflag, int)
    assert isinstance(lflag, int)
    mode[0], mode[3] = iflag & ~termios.ICRNL, lflag & ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(source, termios.TCSANOW, mode)


def _wait(source: int, sieve: Sieve) -> None:
    until = time.monotonic() + LIMIT
    while not sieve.answered and (left := until - time.monotonic()) > 0:
        if select.select([source], [], [], left)[0]:
            sieve.feed(os.read(source, 4_096))
