"""The way to the terminal, for which nothing waits: whoever does not read it for a while misses frames, nothing else.

Textual's own thread has room for thirty pieces, and then the app waits for it: it would take no key and no signal, nor
notice that the connection is lost. Here a frame for which there is no room is left out, and whoever sends it is told
so. At the end a terminal has a moment to read; then what it has not read is thrown away, so that the last words, by
which it is put in order, find room.

For that no write may be stuck, but to switch the terminal itself to taking only what has room would be felt by every
program that shares it. So it is opened once more, where it can be.
"""

import os
import select
import termios
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

FRAMES = 12
"""As many frames may wait for the terminal."""

CHUNK = 4_096
"""Bytes that are written at once."""

MOMENT = 0.5
"""Seconds that a terminal has for its last words."""


class Frame(str):
    """A piece that may be left out, because the next one paints everything anew."""

    __slots__ = ()


class Outlet(Thread):
    """The thread that writes to the terminal: to a descriptor, as to be stuck in a file of Python's keeps it alive."""

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        """`gone` is called, in this thread, when the terminal does not exist any more."""
        super().__init__(daemon=True, name="tokenmon-output")
        self._descriptor = _opened(file.fileno())
        self._encoding = file.encoding
        self._gone = gone
        self._pieces: SimpleQueue[str | Callable[[], object] | None] = SimpleQueue()
        self._hurries = False
        self._bell = os.pipe()
        """Wakes whoever waits for room: to throw away what was not read makes some, and tells nobody."""
        self._is_over = False
        """Nothing can be sent any more: it was the last piece, or the terminal is gone."""

    @property
    def has_room(self) -> bool:
        """Whether another frame may be sent."""
        return self.is_alive() and self._pieces.qsize() < FRAMES

    def write(self, piece: str) -> None:
        """Send it, without waiting."""
        if not self._is_over:
            self._pieces.put(piece)

    def when_sent(self, act: Callable[[], object]) -> None:
        """Call `act`, in this thread, once the terminal has taken everything that was written before."""
        if not self._is_over:
            self._pieces.put(act)

    def run(self) -> None:
        """Write until the last piece, or until the terminal is gone."""
        try:
            while (piece := self._pieces.get()) is not None:
                if isinstance(piece, str):
                    self._send(piece)
                else:
                    piece()
            self._is_over = True
        except OSError:
            self._is_over = True
            self._gone()

    def stop(self) -> None:
        """Wait until the terminal has read its last words, but not for long."""
        self._pieces.put(None)
        self.join(MOMENT)
        if self.is_alive():
            self._hurries = True
            with suppress(termios.error):
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
            os.write(self._bell[1], b"!")
            self.join(MOMENT)
        elif not self._is_over:
            self._hurries = True
            self.run()  # the thread died of something else, and left the last words to us
        if self._is_over and self._descriptor >= 0:
            for end in (self._descriptor, *self._bell):
                os.close(end)
            self._descriptor = -1

    def _send(self, piece: str) -> None:
        """As a whole; a character that the terminal's encoding lacks is a question mark."""
        data = piece.encode(self._encoding, "replace")
        while data and not (self._hurries and isinstance(piece, Frame)):
            try:
                data = data[os.write(self._descriptor, data[:CHUNK]) :]
            except BlockingIOError:
                if select.select([self._bell[0]], [self._descriptor], [])[0]:
                    os.read(self._bell[0], 1)


def _opened(descriptor: int) -> int:
    """The same terminal, opened for us alone; as it is where that is not allowed, as after `su`."""
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return os.dup(descriptor)
