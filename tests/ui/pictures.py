"""`python -m tests.ui.pictures` makes the snapshots of the screen and the README's pictures again, from today's code.

A snapshot is text and styles, cell by cell, 5 KB where an SVG of Textual has 53: a diff of it reads as what changed on
the screen. The README's SVGs are drawn from the same cells. Clock, data and size are fixed, so that both only change
with what the screen shows.
"""

import asyncio
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from string import ascii_letters, digits
from xml.sax.saxutils import escape

from rich.cells import cell_len

from tests.command import ROOT, tokenmon
from tests.sample.sample_data import UNTIL, generate
from tests.ui.driving import Driver, driven
from tests.ui.filling import filled

SNAPSHOTS = Path(__file__).parent / "snapshots"
PICTURES = ROOT / ".github"
THEMES = ("dark", "light")


@dataclass(frozen=True)
class Style:
    """What a cell is painted with."""

    colour: str
    background: str
    bold: bool = False
    underline: bool = False

    def __str__(self) -> str:
        more = " bold" * self.bold + " underline" * self.underline
        return f"{self.colour} on {self.background}{more}"


Cell = tuple[str, Style]


@dataclass(frozen=True)
class Scene:
    """How to come to a screen, and how to see that it is there."""

    name: str
    keys: tuple[str, ...]
    words: tuple[str, ...]
    happens: Callable[[Path], None] | None = None
    """To the database, meanwhile."""
    size: tuple[int, int] = (80, 24)


def _break(database: Path) -> None:
    other = database.with_suffix(".other")
    other.write_bytes(b"this is not a database" * 1_000)
    os.replace(other, database)


SCENES = (
    Scene("summary", ("1",), ("Top models", "Spend over time", "claude-sonnet-4-5")),
    Scene("timeline", ("4",), ("cost by model", "claude-sonnet")),
    Scene("events-search", ("5", "slash", *"son prod", "enter"), ("son prod", "prod-api")),
    Scene("health", ("6",), ("ALERTS", "QUALITY", "INVALID LINES"), size=(80, 40)),
    Scene("error", ("2",), ("DB ERROR", "prod-api"), _break),
)
README = (
    Scene("summary", ("1",), ("Top models", "gpt-5.5")),
    Scene("timeline", ("4",), ("cost by model", "gpt-5.5")),
)
"""Over the generated part of `sample_data/`."""


def cells_of(driver: Driver) -> list[list[Cell]]:
    """Every cell of the screen; a wide character has an empty one beside it."""
    rows, page = [], driver.app.theme_variables["background"].lower()
    for strip in driver.app.screen._compositor.render_strips():
        row: list[Cell] = []
        for segment in strip:
            style = segment.style
            assert style is not None
            background = style.bgcolor.get_truecolor().hex if style.bgcolor else page
            colour = style.color.get_truecolor().hex if style.color else background
            if style.reverse:
                colour, background = background, colour
            ink = Style(colour, background, bool(style.bold), bool(style.underline))
            blank = Style(background, background)
            for character in segment.text:
                row.append((character, blank if character == " " and not ink.underline else ink))
                row += [("", ink)] * (cell_len(character) - 1)
        rows.append(row)
    return rows


async def shot(driver: Driver, scene: Scene, database: Path) -> list[list[Cell]]:
    """Play a scene; the cells when nothing changes any more."""
    await driver.until(lambda: "tokenmon" in driver.text and not driver.main.is_asking)
    await driver.press(*scene.keys)
    await driver.until(lambda: not driver.main.is_asking)
    if scene.happens is not None:
        await driver.shows(*scene.words[1:])
        scene.happens(database)
    await driver.shows(*scene.words)
    last: list[list[Cell]] = []
    while (now := cells_of(driver)) != last:
        last = now
        await driver.pilot.pause(0.4)
    return last


async def snapshots() -> AsyncIterator[tuple[Path, str]]:
    """Every snapshot: its file, and what should be in it."""
    with tempfile.TemporaryDirectory() as place:
        original = filled(Path(place) / "original.db")
        for scene in SCENES:
            for theme in THEMES:
                own = Path(place) / f"{scene.name}-{theme}"  # nothing is remembered from scene to scene
                own.mkdir()
                database = Path(shutil.copy(original, own / "usage.db"))
                async with driven(database, scene.size, theme=theme, range="24h") as driver:
                    rows = await shot(driver, scene, database)
                yield SNAPSHOTS / f"{scene.name}-{theme}.txt", written(rows)


def written(rows: list[list[Cell]]) -> str:
    """Cells as a file: the text, a letter for every cell's style, and what the letters mean."""
    letters = iter(ascii_letters + digits)
    names: dict[Style, str] = {}
    text, styles = [], []
    for row in rows:
        line = "".join(character for character, _ in row)
        if re.search(r"\w\.db\b", line):  # a path and a size that no two machines share
            text.append("(the database)")
            styles.append("")
            continue
        text.append(line.rstrip())
        for _, ink in row:
            if ink not in names:
                names[ink] = next(letters)
        styles.append("".join(names[ink] for _, ink in row))
    meanings = [f"{letter} {ink}" for ink, letter in names.items()]
    return "\n".join((*text, "", *styles, "", *meanings, ""))


@asynccontextmanager
async def sample_screen() -> AsyncIterator[tuple[Driver, Path]]:
    """The screen over what the generators write into `sample_data/`, on the evening when it was made."""
    with tempfile.TemporaryDirectory() as place:
        home, database, logs = Path(place), Path(place) / "usage.db", Path(place) / "logs"
        generate(logs)
        done = tokenmon(home, "--ingest-only", "--once", "--db", str(database), str(logs))
        assert done.code == 0, done.err
        now = int(UNTIL.timestamp() * 1000)
        with sqlite3.connect(database) as connection:  # an alert began when the logs were read, which is now
            connection.execute("UPDATE alert SET since = ?", (now,))
        connection.close()
        async with driven(database, (100, 30), lambda: now, range="7d") as driver:
            yield driver, database


async def pictures() -> AsyncIterator[tuple[Path, str]]:
    """The README's pictures: their files, and what should be in them."""
    async with sample_screen() as (driver, database):
        for scene in README:
            yield PICTURES / f"{scene.name}.svg", svg(await shot(driver, scene, database))


# -- drawing

WIDTH, HEIGHT, MARGIN = 8, 17, 12
"""Of a cell, and round all of them, in pixels."""
BASELINE = 13
BLOCKS = {"█": (0, 0, 8, 17), "━": (0, 7, 8, 3), "╸": (0, 7, 4, 3), "▀": (0, 0, 8, 8), "▄": (0, 8, 8, 9)}
"""Characters that fonts leave gaps between: left, top, width, height."""
LINES = {
    "─": "M0 8.5h8", "│": "M4 0v17", "┤": "M4 0v17M0 8.5h4", "├": "M4 0v17M4 8.5h4", "┬": "M0 8.5h8M4 8.5v8.5",
    "└": "M4 0v8.5h4", "╭": "M4 17v-4.5q0 -4 4 -4", "╮": "M4 17v-4.5q0 -4 -4 -4", "╰": "M4 0v4.5q0 4 4 4",
    "╯": "M4 0v4.5q0 4 -4 4", "┊": "M4 0v3m0 3v3m0 3v3",
}  # fmt: skip


def svg(rows: list[list[Cell]]) -> str:
    """Cells as a picture that needs no font of its own: lines and blocks are drawn, text is stretched to its cells."""
    page = rows[1][0][1].background
    width, height = len(rows[0]) * WIDTH + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="13.3">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{page}"/>',
    ]
    for number, row in enumerate(rows):
        parts += _row(row, MARGIN + number * HEIGHT, page)
    return "\n".join((*parts, "</svg>", ""))


def _row(row: list[Cell], top: int, page: str) -> Iterator[str]:
    at = 0
    for background, group in groupby(row, key=lambda cell: cell[1].background):
        cells = len(list(group))
        if background != page:
            yield _rectangle(MARGIN + at * WIDTH, top, cells * WIDTH, HEIGHT, background)
        at += cells
    at = 0
    for (ink, kind), group in groupby(row, key=lambda cell: (cell[1], _kind(cell[0]))):
        text = "".join(character for character, _ in group)
        left, cells = MARGIN + at * WIDTH, cell_len(text)
        at += cells
        if kind in BLOCKS:
            x, y, w, h = BLOCKS[kind]
            yield _rectangle(left + x, top + y, (cells - 1) * WIDTH + w, h, ink.colour)
        elif kind in LINES:
            for index in range(cells):
                yield f'<path transform="translate({left + index * WIDTH} {top})" d="{LINES[kind]}" {_stroke(ink)}/>'
        elif text.strip():
            lead = len(text) - len(text.lstrip())
            text, left = text.strip(), left + lead * WIDTH
            more = ' font-weight="bold"' * ink.bold + ' text-decoration="underline"' * ink.underline
            yield (
                f'<text x="{left}" y="{top + BASELINE}" textLength="{cell_len(text) * WIDTH}" '
                f'fill="{ink.colour}"{more} xml:space="preserve">{escape(text)}</text>'
            )


def _kind(character: str) -> str:
    return character if character in BLOCKS or character in LINES else ""


def _stroke(ink: Style) -> str:
    return f'fill="none" stroke="{ink.colour}"'


def _rectangle(left: int, top: int, width: int, height: int, fill: str) -> str:
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}"/>'


async def _make() -> None:
    shutil.rmtree(SNAPSHOTS, ignore_errors=True)
    for directory in (SNAPSHOTS, PICTURES):
        directory.mkdir(exist_ok=True)
    for made in (snapshots(), pictures()):
        async for path, content in made:
            path.write_text(content, "utf-8")
            print(path.relative_to(ROOT), f"{len(content.encode()):,} bytes")


if __name__ == "__main__":
    asyncio.run(_make())
