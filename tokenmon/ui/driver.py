"""What goes to the terminal and what comes from it: only cells that differ are sent, and no answer is taken for keys.

Textual sends a widget again as a whole when anything in it may have changed: a table of which one number differs, a
chart whose last bin grew, the screen when a row appears. The driver is the one place through which every frame goes,
so it keeps what the terminal shows and sends the difference: a tenth of it over SSH. Characters that may not be one
cell wide are never taken apart: terminals disagree about them, so such a piece of a row is sent whole.
"""

import os
import re
import select
import signal
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from functools import lru_cache, partial
from itertools import pairwise, repeat
from threading import Thread
from types import FrameType
from typing import ClassVar, NamedTuple

from rich.cells import get_character_cell_size
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message

from tokenmon.ui.background import Sieve
from tokenmon.ui.outlet import Frame, Outlet

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""What Textual puts round a frame where the terminal can show it at once."""

GAP = 4
"""Unchanged cells that are sent again rather than jumped over: a jump costs more."""

PATIENCE = 2.0
"""Seconds after which an answer of the terminal will not come any more."""

TICK = 0.1
"""Seconds between two looks at whether an escape was the key."""

EVERYTHING = (1 << 30, 1 << 30)
"""The size of a terminal beyond which nothing can be painted."""

_TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|(\n)|([^\x00-\x1f\x7f]+)|(.)", re.DOTALL)
_PARAMETER = re.compile(r"(?:^|;)(?:((?:38;(?:5;\d+|2;\d+;\d+;\d+)|3[0-79]|9[0-7])(?=;|$))|"
                        r"((?:48;(?:5;\d+|2;\d+;\d+;\d+)|4[0-79]|10[0-7])(?=;|$))|(\d+))")  # fmt: skip
_PAINTS_NOTHING = re.compile(r"(?:\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[<-?][\d;]*\$?[a-z]|\x07)*")
"""Titles, the clipboard, the mouse's shape, modes, the bell."""

_LINED = frozenset(("4", "7", "9", "21"))
"""Attributes that show on a blank: underlines, reverse, strike."""


class Ink(NamedTuple):
    """A style, taken apart."""

    attributes: tuple[str, ...]
    colour: str
    background: str

    @property
    def shows_on_blanks(self) -> bool:
        """Whether a blank shows more of it than the background."""
        return not _LINED.isdisjoint(self.attributes)


PLAIN = Ink((), "", "")
WHOLE = Ink(("whole",), "", "")
"""Marks cells of a piece that is sent as it came."""

Cell = tuple[str, Ink]


@lru_cache(512)
def ink_of(parameters: str) -> Ink:
    """The style that an SGR sequence sets after a reset."""
    attributes, colour, background = [], "", ""
    for fore, back, attribute in _PARAMETER.findall(parameters):
        colour, background = fore or colour, back or background
        if attribute:
            attributes.append(attribute)
    return PLAIN if attributes == ["0"] else Ink(tuple(attributes), colour, background)


@lru_cache(512)
def _on_blank(ink: Ink) -> Ink:
    return ink if ink.shows_on_blanks else Ink((), "", ink.background)


@lru_cache(2048)
def switch(old: Ink, new: Ink) -> str:
    """The shortest sequence from one style to another."""
    if old.attributes != new.attributes:
        return f"\x1b[{';'.join(filter(None, ('0', *new.attributes, new.colour, new.background)))}m"
    parts = [new.colour or "39"] if old.colour != new.colour else []
    parts += [new.background or "49"] if old.background != new.background else []
    return f"\x1b[{';'.join(parts)}m" if parts else ""


@lru_cache(4096)
def _is_narrow(text: str) -> bool:
    return text.isascii() or all(get_character_cell_size(character) == 1 for character in text)


class Piece:
    """A part of a row, as one movement of the cursor and what is written then."""

    def __init__(self, row: int, column: int) -> None:
        self.row, self.column = row, column
        self.cells: list[Cell] = []
        self.raw = ""
        """As it came; empty where the cells say it all."""

    def write(self, text: str, ink: Ink) -> None:
        """Characters in a style."""
        blank = _on_blank(ink)
        if _is_narrow(text):
            if blank == ink or " " not in text:
                self.cells += zip(text, repeat(ink))
            else:
                self.cells += [(character, blank if character == " " else ink) for character in text]
        else:
            self.cells += [("", WHOLE)] * sum(map(get_character_cell_size, text))
            self.raw = "\x1b"  # filled in at its end

    def end(self, came: str) -> None:
        """`came`: the sequence from this movement to the next one."""
        if self.raw:
            self.raw = came.rstrip("\n")
            self.cells = [(self.raw, WHOLE)] + [("", WHOLE)] * (len(self.cells) - 1)


class Canvas:
    """What the terminal shows."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Cell | None]] = {}
        self._cursor = ""
        self._forgotten = False
        self._out: list[str] = []
        self._ink = PLAIN

    def forget(self) -> None:
        """From the next frame on: the terminal may show anything. Safe in a signal handler and in another thread."""
        self._forgotten = True

    def changes(self, data: str, size: tuple[int, int] = EVERYTHING) -> str:
        """What has to be sent so that the terminal shows what it would after `data`; empty where it does already.

        `size`: columns and rows of the terminal. Whatever is painted beyond them, by a frame from before it shrank,
        lands on other cells.
        """
        pieces = _pieces(data)
        if not pieces:
            self._forgotten = self._forgotten or _PAINTS_NOTHING.fullmatch(data) is None
            return data
        if self._forgotten:
            self._rows.clear()
            self._forgotten = False
        self._out, self._ink = [], PLAIN
        for piece in pieces:
            self._update(piece)
            if piece.row > size[1] or piece.column + len(piece.cells) - 1 > size[0]:
                self._forgotten = True
        if self._ink != PLAIN:
            self._out.append("\x1b[0m")
        cursor = f"\x1b[{pieces[-1].row};{pieces[-1].column + len(pieces[-1].cells)}H"
        if self._out or cursor != self._cursor:
            self._out.append(cursor)
        self._cursor = cursor
        return "".join(self._out)

    def _update(self, piece: Piece) -> None:
        row, start, end = self._rows.setdefault(piece.row, []), piece.column, piece.column + len(piece.cells)
        row.extend([None] * (end - len(row)))
        shown = row[start:end]
        if shown == piece.cells:
            return
        row[start:end] = piece.cells
        if piece.raw:
            self._out.append(switch(self._ink, PLAIN) + piece.raw)
            self._ink = PLAIN
            return
        for first, last in _runs(shown, piece.cells):
            self._out.append(f"\x1b[{piece.row};{start + first}H")
            for character, ink in piece.cells[first:last]:
                if character != " " or ink.background != self._ink.background or ink.attributes or self._lined:
                    self._out.append(switch(self._ink, ink))
                    self._ink = ink
                self._out.append(character)

    @property
    def _lined(self) -> bool:
        return self._ink.shows_on_blanks


def _pieces(data: str) -> list[Piece]:
    """A frame in pieces; empty where it is something else, or more than cells."""
    pieces: list[Piece] = []
    ink, began = PLAIN, 0
    for token in _TOKEN.finditer(data):
        row, column, parameters, newline, text, other = token.groups()
        if row is not None:
            if pieces:
                pieces[-1].end(data[began : token.start()])
            pieces.append(Piece(int(row), int(column)))
            began = token.start()
        elif other is not None or not pieces:
            return []
        elif text is not None:
            pieces[-1].write(text, ink)
        elif newline is None:
            ink = ink_of(parameters)
    if pieces:
        pieces[-1].end(data[began:])
    return pieces


def _runs(shown: list[Cell | None], wanted: list[Cell]) -> list[tuple[int, int]]:
    """Where cells differ, as (first, end); small gaps are bridged."""
    differ = [at for at, (old, new) in enumerate(zip(shown, wanted, strict=True)) if old != new]
    cuts = [(one, next_one) for one, next_one in pairwise(differ) if next_one - one > GAP]
    return list(zip([differ[0], *(b for _, b in cuts)], [*(a + 1 for a, _ in cuts), differ[-1] + 1], strict=True))


class ThriftyDriver(LinuxDriver):
    """Textual's driver for terminals, with a canvas for the way out and a sieve for the way in."""

    sieve: ClassVar[Sieve]
    """What was asked of the terminal before the start."""

    _canvas: Canvas
    _outlet: Outlet | None = None
    _missed = False
    """Whether the terminal missed a frame and was not painted anew since."""
    _begun = False
    _bell: tuple[int, int] | None = None
    """A pipe that wakes whoever waits for keys."""

    def start_application_mode(self) -> None:
        """Start, and again after a suspension; whenever the size changes, terminals move their content about."""
        self._canvas, self._begun = Canvas(), False
        self._hang_up_bell()
        self._bell = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._missed = False
        if self.attrs_before is not None and self.sieve.before is not None:
            self.attrs_before = self.sieve.before  # still as it was set for the question, where no answer came
        resized = signal.getsignal(signal.SIGWINCH)

        def forget_and_resize(number: int, frame: FrameType | None) -> None:
            self._canvas.forget()
            if callable(resized):
                resized(number, frame)

        signal.signal(signal.SIGWINCH, forget_and_resize)

    @property  # type: ignore[override]
    def _writer_thread(self) -> Outlet | None:
        return self._outlet

    @_writer_thread.setter
    def _writer_thread(self, thread: Thread | None) -> None:
        """Where Textual would write by a thread of its own, ours takes its place before it is started."""
        self._outlet = None if thread is None or self._file is None else Outlet(self._file, self._hang_up)

    def _hang_up(self) -> None:
        """The terminal is gone: end as if that had been signalled."""
        with suppress(RuntimeError):  # it is the end already
            self._loop.call_soon_threadsafe(self._app.exit, None, 128 + signal.SIGHUP)

    def _sigcont_application(self, *_: object) -> None:
        """Go on. Whoever was stopped by force left nothing in order, and must not read with two threads from now on."""
        if self._auto_restart and self._writer_thread is not None and self._writer_thread.is_alive():
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application()

    def forget(self) -> None:
        """The terminal may show anything by now: whatever is painted next is sent."""
        self._canvas.forget()

    def write(self, data: str) -> None:
        """Send what makes a difference; a frame that makes none is not even begun."""
        if data == BEGIN:
            self._begun = True
            return
        if data == END:
            if not self._begun:
                super().write(data)
            self._begun = False
            return
        if _PAINTS_NOTHING.fullmatch(data):
            super().write(data)
        elif self._outlet is not None and not self._outlet.has_room:
            self._miss(self._outlet)
        elif changes := self._canvas.changes(data, self._size_now()):
            super().write(Frame(BEGIN + changes if self._begun else changes))
            self._begun = False

    def _miss(self, outlet: Outlet) -> None:
        """Leave a frame out, and paint everything as soon as the terminal has taken the others."""
        if not self._missed:
            self._missed = True
            outlet.when_sent(partial(self._app.call_later, self._paint_anew))

    def _paint_anew(self) -> None:
        self._missed = False
        self.forget()
        self._app.screen.refresh()

    def _size_now(self) -> tuple[int, int]:
        """Of the terminal itself, which the app learns of later."""
        try:
            return os.get_terminal_size(self.fileno)
        except OSError:
            return EVERYTHING

    def process_message(self, message: Message) -> None:
        """Pass on what the user did; some terminals tell their size in words, not by a signal."""
        if isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Keys that were typed while the terminal was asked come first; late answers are taken out.

        Then what is typed, until the app ends; or the terminal is gone, of which Textual would read the end for ever.
        """
        while not self.sieve.opened.wait(0.05):
            if self.exit_event.is_set():
                return
        parser, decode = XTermParser(), getincrementaldecoder("utf-8")("replace").decode
        answered_by = patient_until = time.monotonic() + PATIENCE
        typed: bytes | None = self.sieve.take()
        while not self.exit_event.is_set():
            now = time.monotonic()
            if text := decode(typed or b""):  # of a character that has not come as a whole there is no text yet
                patient_until = now + PATIENCE
                for message in parser.feed(text):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)
            # An escape alone is only known by what does not follow; after that nothing is waited for.
            if (typed := self._typed(TICK if now < patient_until else None, late=now > answered_by)) is None:
                self._hang_up()
                return

    def _typed(self, seconds: float | None, *, late: bool) -> bytes | None:
        """What was typed within so long, or before the bell; None where nothing can come any more.

        `late`: the terminal will not answer any more.
        """
        assert self._bell is not None
        ready = select.select([self.fileno, self._bell[0]], [], [], seconds)[0]
        if self.fileno not in ready:
            self.sieve.release()
            return self.sieve.take()
        try:
            came = os.read(self.fileno, 4_096)
        except OSError:
            came = b""
        if not came:
            return None
        if self.sieve.answered or late:
            return self.sieve.take() + came
        self.sieve.feed(came)
        return self.sieve.take()

    def disable_input(self) -> None:
        """Wait for no more keys. The bell goes on until whoever waits has seen that it is the end."""
        if self._bell is not None:
            os.write(self._bell[1], b"!")
        super().disable_input()

    def close(self) -> None:
        """Give everything back."""
        super().close()
        self._hang_up_bell()

    def _hang_up_bell(self) -> None:
        for end in self._bell or ():
            os.close(end)
        self._bell = None


def driver_after(sieve: Sieve) -> type[ThriftyDriver]:
    """The driver for a terminal that was asked."""

    class AskedDriver(ThriftyDriver):
        pass

    AskedDriver.sieve = sieve
    return AskedDriver
