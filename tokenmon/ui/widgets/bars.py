"""Bars of text: thin lines with half-cell ends, because solid blocks in neighbouring rows merge into a wall."""

from collections.abc import Sequence

from tokenmon.ui.themes import Glyphs


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """`share` (0 to 1) of `width` cells; anything above nothing shows at least half a cell."""
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    if share > 0:
        halves = max(1, halves)
    return glyphs.bar * (halves // 2) + (glyphs.half_bar if halves % 2 else "")


def sparkline(values: Sequence[float], glyphs: Glyphs, top: float = 0.0) -> str:
    """One cell per value, scaled to the largest or to `top`; nothing is blank, and anything above nothing is not."""
    largest, steps = max(top, *values, 0.0), len(glyphs.levels)
    return "".join(
        glyphs.levels[min(steps - 1, int(value / largest * steps))] if value > 0 else " " for value in values
    )
