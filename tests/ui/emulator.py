"""What a terminal would show of what it was sent: strict, small, and only for what the screen sends.

Anything unknown fails, which no emulator made for people does: pyte, the one in Python, ignores or prints what it does
not know, and was last released in 2023. tmux, which people do use, looks at the same bytes in `test_tmux.py`.
"""

import base64
import re
from codecs import getincrementaldecoder
from typing import NamedTuple

from rich.cells import get_character_cell_size

SEQUENCE = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<sgr>[\d;]*)m"
    r"|\x1b\[(?P<mode>\?[\d;]+[hl])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|(?P<other>\x1b\[\?\d+\$p|\x1b\[[<>]\d*u|\x1b\[c|\x07|\r|\n)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
BEGIN, END = b"\x1b[?2026h", b"\x1b[?2026l"


class Style(NamedTuple):
    """Numbers as SGR has them; empty is the terminal's own."""

    attributes: frozenset[int] = frozenset()
    colour: tuple[int, ...] = ()
    background: tuple[int, ...] = ()


class Cell(NamedTuple):
    """One cell."""

    text: str = " "
    style: Style = Style()


class Emulator:
    """A terminal of a fixed size that only listens."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.resize(columns, rows)
        self.modes: set[str] = set()
        """Private modes that are on."""
        self.copied: list[str] = []
        """What OSC 52 put into the clipboard."""
        self._rest = ""
        self._decode = getincrementaldecoder("utf-8")().decode

    def resize(self, columns: int, rows: int) -> None:
        """Another size; as with many terminals, nothing sensible stays on it."""
        self.columns, self.rows = columns, rows
        self.cells = [[Cell("?")] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._style = Style()

    def feed(self, data: bytes) -> None:
        """Obey; the end of a sequence may come later."""
        text, at = self._rest + self._decode(data), 0
        while found := SEQUENCE.match(text, at):
            self._obey(found)
            at = found.end()
        self._rest = text[at:]
        assert len(self._rest) < 64, f"unknown: {self._rest[:64]!r}"

    def _obey(self, found: re.Match[str]) -> None:
        match found.lastgroup:
            case "column":
                self._row = min(int(found["row"]), self.rows) - 1
                self._column = min(int(found["column"]), self.columns) - 1
            case "sgr":
                self._style = _style_after(self._style, found["sgr"])
            case "mode":
                self._switch(found["mode"])
            case "osc":
                if found["osc"].startswith("52;c;"):
                    self.copied.append(base64.b64decode(found["osc"][5:]).decode())
            case "text":
                self._write(found["text"])
            case _:
                pass

    def _switch(self, mode: str) -> None:
        for number in mode[1:-1].split(";"):
            if mode.endswith("h"):
                self.modes.add(number)
            else:
                self.modes.discard(number)
        if mode == "?1049h":
            self.cells = [[Cell()] * self.columns for _ in range(self.rows)]

    def _write(self, text: str) -> None:
        row = self.cells[self._row]
        for character in text:
            width = get_character_cell_size(character)
            if width == 0:
                row[self._column - 1] = row[self._column - 1]._replace(text=row[self._column - 1].text + character)
            elif self._column + width <= self.columns:
                row[self._column] = Cell(character, self._style)
                if width == 2:
                    row[self._column + 1] = Cell("", self._style)
                self._column += width

    @property
    def lines(self) -> list[str]:
        """All rows as text."""
        return ["".join(cell.text for cell in row).rstrip() for row in self.cells]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


def _style_after(style: Style, parameters: str) -> Style:
    """The style after an SGR sequence."""
    numbers = iter([int(number) for number in (parameters or "0").split(";")])
    for number in numbers:
        if number == 0:
            style = Style()
        elif number in (38, 48):
            kind = next(numbers)
            colour = (kind, *(next(numbers) for _ in range(3 if kind == 2 else 1)))
            style = style._replace(colour=colour) if number == 38 else style._replace(background=colour)
        elif number in (39, 49):
            style = style._replace(colour=()) if number == 39 else style._replace(background=())
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style = style._replace(colour=(number,))
        elif 40 <= number <= 47 or 100 <= number <= 107:
            style = style._replace(background=(number,))
        else:
            assert number in (1, 2, 3, 4, 7, 9), f"unknown style {number}"
            style = style._replace(attributes=style.attributes | {number})
    return style
