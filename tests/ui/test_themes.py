"""Everything is readable in every theme, with fewer colours, without any, and in ASCII."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from itertools import combinations
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.segment import Segment

from tests.ui.driving import Driver, driven
from tokenmon.ui.panels import PANELS
from tokenmon.ui.themes import ANSI, ASCII, DARK, LIGHT, PLAIN, Palette

READABLE, VISIBLE = 4.5, 3.0
"""What WCAG asks for: for text, and for shapes."""

Triplet = tuple[int, int, int]


def luminance(colour: Triplet) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (part / 255 for part in colour)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Triplet, other: Triplet) -> float:
    """1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def with_256(colour: Triplet) -> Triplet:
    """What is sent to a terminal of 256 colours."""
    return Color.from_triplet(ColorTriplet(*colour)).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()


def is_text(segment: Segment) -> bool:
    """Whether there is something to read; else it is a bar, a line or a glyph, which a word or its place explains."""
    return any(character.isalnum() for character in segment.text)


def painted(driver: Driver) -> Iterator[tuple[str, Triplet, Triplet, float]]:
    """All that is not blank: text, its colour, its background, and the contrast that it needs.

    What lies behind a box is dimmed on purpose.
    """
    screen = driver.app.screen
    region = screen.region if len(driver.app.screen_stack) == 1 else screen.children[0].region
    for strip in screen._compositor.render_strips()[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if not segment.text.strip():
                continue
            style = segment.style
            assert style is not None
            assert style.color is not None, segment
            assert style.bgcolor is not None, segment
            colour, background = style.color.get_truecolor(), style.bgcolor.get_truecolor()
            if style.reverse:
                colour, background = background, colour
            yield segment.text, colour, background, READABLE if is_text(segment) else VISIBLE


FRAMES = frozenset("╭╮╰╯│─└┘┌┐▔▁▎▊")
"""Lines round boxes; nothing depends on seeing them."""


async def every_screen(driver: Driver) -> AsyncIterator[None]:
    """Show one after another: every panel with the cursor on its first rows, search, help, range."""
    await driver.shows("claude-sonnet-4-5")
    for number in range(1, len(PANELS) + 1):
        await driver.press(str(number))
        await driver.pilot.pause()
        await driver.until(lambda: not driver.main.is_asking)
        yield
        for _ in range(3):
            await driver.press("j")
            yield
    await driver.press("2", "slash", "p", "r", "o", "d")
    await driver.until(lambda: not driver.main.is_asking)
    yield
    await driver.press("escape", "escape", "question_mark")
    await driver.shows("Everywhere")
    yield
    await driver.press("escape", "c")
    await driver.pilot.pause()
    yield
    await driver.press("escape", "p")
    await driver.shows("PAUSED")
    yield


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_all_text_has_contrast_also_with_256_colours(full: Path, theme: str, size: tuple[int, int]) -> None:
    faint = set()
    async with driven(full, size, theme=theme) as driver:
        async for _ in every_screen(driver):
            for text, colour, background, needed in painted(driver):
                pairs = (colour, background), (with_256(colour), with_256(background))
                if not set(text.strip()) <= FRAMES and min(contrast(*pair) for pair in pairs) < needed:
                    faint.add((text.strip(), colour, background, *(round(contrast(*pair), 1) for pair in pairs)))
    assert not faint, "\n".join(map(str, faint))


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_series_differ_also_with_256_colours(palette: Palette) -> None:
    """Neighbours of the 6x6x6 cube are 40 apart; colours have to be further."""
    for one, other in combinations(palette.series, 2):
        colours = [with_256(Color.parse(colour).get_truecolor()) for colour in (one, other)]
        distance = sum((a - b) ** 2 for a, b in zip(*colours, strict=True)) ** 0.5
        assert distance > 50, (one, other, colours)


def test_the_ansi_theme_uses_the_terminals_own_colours_and_tells_series_apart() -> None:
    assert len(set(ANSI.series)) == len(ANSI.series)
    assert not any("#" in getattr(ANSI, field.name) for field in fields(ANSI) if field.name != "series")


def test_without_colour_nothing_is_coloured_and_series_have_fills_of_their_own() -> None:
    assert not PLAIN.coloured
    assert all(set(getattr(PLAIN, name).split()) <= {"bold", "reverse"} for name in ("text", "warn", "bad", "selected"))


def test_every_glyph_has_an_ascii_twin() -> None:
    for field in fields(ASCII):
        value = getattr(ASCII, field.name)
        assert all(glyph and glyph.isascii() for glyph in (value if isinstance(value, tuple) else (value,))), field.name
    assert len(set(ASCII.fills)) == len(ASCII.fills)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 45)])
async def test_ascii_shows_nothing_else_but_names_from_the_logs(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size, ascii=True) as driver:
        async for _ in every_screen(driver):
            foreign = {character for row in driver.rows for character in row if not character.isascii()} - set("日本")
            assert not foreign, driver.text
