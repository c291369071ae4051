"""Bins over time, stacked or as lines; the only module that knows plotext.

plotext's bar functions cost 170 ms for eight series, so every cell of a stack is a point of its own (`sd`, whole
cells): no cell is painted twice, and each has one colour. Its cells are read as they are, because writing them as
escape sequences and reading those again would take longer than everything else. Only the body is plotext's; axes and
labels are ours, because they are money and local times. Edges of bins are rounded to columns: whole columns per bin
would leave up to a third of the width empty.

It paints again only when the data, the size or the palette changed; a cursor is laid over what was painted, and only
cells that differ are sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual_plotext import PlotextPlot

from tokenmon.ui.look import Look
from tokenmon.ui.themes import Palette
from tokenmon.ui.widgets.axis import (
    FOOT,
    GUTTER,
    LABEL,
    Scale,
    bin_of,
    columns_of,
    linear,
    logarithmic,
    time_labels,
)

Cell = tuple[str, Style]
"""A character and how it looks."""

Row = list[Cell]

GRID = 4
"""Columns from one dot of the grid to the next."""

APART = 8
"""Equal cells between two changes of a row from which they are sent apart; to move the cursor costs as much."""


_NO_STYLE = Style.null()
_LEFT, _RIGHT = 1, 2


@dataclass(frozen=True)
class Band:
    """One series of the stack."""

    label: str
    values: tuple[int, ...]
    """Per bin: nano-USD, tokens or requests."""
    colour: int
    """Index of the look's inks."""


@dataclass(frozen=True)
class Picture:
    """What a chart shows: the largest band first, which is the one at the baseline."""

    edges: tuple[int, ...]
    bands: tuple[Band, ...]
    money: bool
    lines: bool = False
    """Lines on a logarithmic scale, with gaps where a value is 0; else a stack."""
    gaps: frozenset[int] = field(default_factory=frozenset)
    """Bins of which nothing was collected."""

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1

    def totals(self) -> list[int]:
        """Height of the stack per bin."""
        return [sum(values) for values in zip(*(band.values for band in self.bands), strict=True)]

    def scale(self, rows: int) -> Scale:
        """What its rows mean."""
        if not self.lines:
            return linear(max(self.totals()), rows, self.money)
        shown = [value for band in self.bands for value in band.values if value > 0] or [1]
        return logarithmic(min(shown), max(shown), rows, self.money)


class TimeChart(PlotextPlot):
    """Bins with money or counts at the left and local times below."""

    ALLOW_SELECT = False

    class Picked(Message):
        """A bin was clicked."""

        def __init__(self, at: int) -> None:
            self.at = at
            super().__init__()

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._look = look
        self._picture = Picture((), (), money=True)
        self._cursor: int | None = None
        self._painted: tuple[Picture, Size, Palette, list[Row]] | None = None
        self._shown: tuple[Picture, int | None, Size, Palette] | None = None
        self._cells: list[Row] = []

    def on_mount(self) -> None:
        """plotext's own themes are not used, so there is nothing to subscribe to."""

    def show(self, picture: Picture, cursor: int | None = None) -> None:
        """Paint this picture with the cursor on a bin, and send the cells that differ."""
        self._picture, self._cursor = picture, cursor
        before = self._cells
        self._paint()
        if [len(row) for row in before] != [len(row) for row in self._cells]:
            self.refresh()
        elif changed := list(changes(before, self._cells)):
            self.refresh(*changed)

    @property
    def columns(self) -> int:
        """Columns for bins at the present size."""
        return max(1, self.size.width - GUTTER)

    @property
    def text(self) -> str:
        """What it shows, without styles."""
        return plain(self._cells)

    def render_line(self, y: int) -> Strip:
        """One row at the present size."""
        self._paint()
        ground = self.visual_style.rich_style
        if y >= len(self._cells):
            return Strip.blank(self.size.width, ground)
        return Strip([Segment(text, ground + style) for text, style in runs(self._cells[y])])

    def on_click(self, event: Click) -> None:
        """A click on a bin picks it."""
        column = event.x - GUTTER
        if self._picture.bands and 0 <= column < self.columns:
            self.post_message(self.Picked(bin_of(self._picture.bins, self.columns, column)))

    def _paint(self) -> None:
        """Bring the cells up to date."""
        wanted = (self._picture, self._cursor, self.size, self._look.palette)
        if self._shown == wanted:
            return
        picture, cursor, size, palette = wanted
        if self._painted is None or self._painted[:3] != (picture, size, palette):
            self._painted = (picture, size, palette, self._bare(picture, *size))
        self._cells = self._finished(self._painted[3], picture, cursor)
        self._shown = wanted

    def painted(self, picture: Picture, width: int, height: int, cursor: int | None = None) -> list[Row]:
        """Every cell of exactly `width` columns and `height` rows; none where there is no room or nothing to show."""
        return self._finished(self._bare(picture, width, height), picture, cursor)

    def _bare(self, picture: Picture, width: int, height: int) -> list[Row]:
        """Everything but the grid and the cursor, which are laid over it."""
        columns, rows = width - GUTTER, height - FOOT
        if columns < 1 or rows < 2 or not picture.bands:
            return []
        scale = picture.scale(rows)
        body = self._body(picture, columns, scale)
        labelled = [self._label(scale, rows - 1 - at) + row for at, row in enumerate(body)]
        return [*labelled, *self._foot(picture, columns)]

    def _finished(self, bare: list[Row], picture: Picture, cursor: int | None) -> list[Row]:
        """With a bin marked, in the free cells above it, in its stack and below the axis, and with the grid."""
        rows = [list(row) for row in bare]
        span = columns_of(picture.bins, len(rows[0]) - GUTTER, cursor) if rows and cursor is not None else ()
        if span:
            self._point(rows, span)
        dot = (self._look.glyphs.dot, Style.parse(self._look.palette.muted))
        for row in rows[:-FOOT]:
            if row[GUTTER - 1][0] == self._look.glyphs.axis_mark:
                for x in range(GUTTER, len(row), GRID):
                    row[x] = dot if row[x][0] == " " else row[x]
        return rows

    def _point(self, rows: list[Row], span: Sequence[int]) -> None:
        glyphs, style = self._look.glyphs, Style.parse(self._look.palette.primary)
        axis = rows[-FOOT]
        for x in range(GUTTER + span[0], GUTTER + span[-1] + 1):
            for row in rows[:-FOOT]:
                glyph, own = row[x]
                if glyph == " ":
                    row[x] = (glyphs.rule, style)
                elif self._look.told_by_colour and glyph == glyphs.block:
                    row[x] = (glyphs.fills[1], own)
            axis[x] = (glyphs.bar, style)
        axis[GUTTER + span[len(span) // 2]] = (glyphs.pointer, style)

    def _body(self, picture: Picture, columns: int, scale: Scale) -> list[Row]:
        plot: Any = self.plt
        plot.clear_figure()
        plot.plotsize(columns, scale.rows)
        plot._set_size(columns, scale.rows)
        plot.xaxes(False, False)
        plot.yaxes(False, False)
        plot.xticks([])
        plot.yticks([])
        plot.xlim(0, max(1, columns - 1))
        plot.ylim(0, scale.rows - 1)
        (self._draw_lines if picture.lines else self._draw_stack)(picture, columns, scale)
        plot._set_sizes()
        plot._build_matrix()
        matrix = plot.monitor.matrix
        styles: dict[object, Style] = {n: Style.parse(ink) for n, ink in enumerate(self._look.inks)}
        return [
            [(glyph, styles.get(ink, _NO_STYLE)) for glyph, ink in zip(glyphs, inks, strict=True)]
            for glyphs, inks in zip(reversed(matrix.marker), reversed(matrix.fullground), strict=True)
        ]

    def _draw_stack(self, picture: Picture, columns: int, scale: Scale) -> None:
        for band, cells in zip(picture.bands, stacked(picture, columns, scale), strict=True):
            if cells:
                marker = "sd" if self._look.told_by_colour else self._look.fill(band.colour)
                self.plt.scatter(*zip(*cells, strict=True), marker=marker, color=band.colour)

    def _draw_lines(self, picture: Picture, columns: int, scale: Scale) -> None:
        """The last of the bands first, so that the first one lies over them."""
        plot: Any = self.plt
        quarters = self._look.glyphs.quarters if self._look.told_by_colour else None
        for band in reversed(picture.bands):
            cells = drawn_line(band.values, columns, scale)
            if cells:
                markers = [quarters[mask] if quarters else self._look.fill(band.colour) for mask in cells.values()]
                plot.scatter(*zip(*cells, strict=True), marker=markers, color=band.colour)

    def _label(self, scale: Scale, row: int) -> Row:
        """A row's label and its piece of the axis."""
        glyphs, label = self._look.glyphs, scale.labels.get(row)
        return self._muted((label or "").rjust(GUTTER - 1) + (glyphs.axis if label is None else glyphs.axis_mark))

    def _foot(self, picture: Picture, columns: int) -> tuple[Row, Row]:
        """The axis, broken where nothing was collected, and times below it."""
        glyphs = self._look.glyphs
        axis, words = [glyphs.base] * columns, [" "] * columns
        for gap in picture.gaps:
            for x in columns_of(picture.bins, columns, gap):
                axis[x] = glyphs.base_gap
        for at, label in time_labels(picture.edges, self._look.zone, max(1, columns // LABEL)):
            x = min(columns_of(picture.bins, columns, at).start, columns - 1)
            start = min(max(0, x - len(label) // 2), columns - len(label))
            if start >= 0 and "".join(words[max(0, start - 1) : start + len(label) + 1]).strip() == "":
                axis[x] = glyphs.base_mark
                words[start : start + len(label)] = label
        margin = " " * (GUTTER - 1)
        return self._muted(margin + glyphs.corner + "".join(axis)), self._muted(margin + " " + "".join(words))

    def _muted(self, text: str) -> Row:
        style = Style.parse(self._look.palette.muted)
        return [(character, style) for character in text]


def runs(row: Row) -> list[Cell]:
    """Texts of one style; free cells take that of what is before them, because a change of style is many bytes."""
    found: list[tuple[list[str], Style]] = []
    for glyph, style in row:
        if found and (glyph == " " or style == found[-1][1]):
            found[-1][0].append(glyph)
        else:
            found.append(([glyph], style))
    return [("".join(glyphs), style) for glyphs, style in found]


def plain(rows: Sequence[Row]) -> str:
    """The characters of rows."""
    return "\n".join("".join(glyph for glyph, _ in row) for row in rows)


def stacked(picture: Picture, columns: int, scale: Scale) -> list[list[tuple[int, int]]]:
    """Column and row of every cell of each band; a stack of anything has a cell in row 0."""
    cells: list[list[tuple[int, int]]] = [[] for _ in picture.bands]
    for at in range(picture.bins):
        span = columns_of(picture.bins, columns, at)
        if span:
            for of_band, rows in zip(cells, _heights([band.values[at] for band in picture.bands], scale), strict=True):
                of_band += [(x, y) for x in span for y in rows]
    return cells


def _heights(values: Sequence[int], scale: Scale) -> Iterator[range]:
    """The rows that each value of a stack fills."""
    total, filled = 0, 0
    for value in values:
        total += value
        top = max(filled, scale.row(total) + 1)
        yield range(filled, top)
        filled = top


def drawn_line(values: Sequence[int], columns: int, scale: Scale) -> dict[tuple[int, int], int]:
    """Column and row of every cell of a line, with its quarters as bits: level within a bin, upright between two, and
    nothing where it is 0. plotext draws slanted lines, and takes three times as long for its own quarters.
    """
    cells: dict[tuple[int, int], int] = {}
    before: int | None = None
    for at, value in enumerate(values):
        span = columns_of(len(values), columns, at)
        if value <= 0:
            before = None
        elif span:
            y = round(scale.place(value) / (scale.rows - 1) * (2 * scale.rows - 1))
            for upright in range(*sorted((y if before is None else before, y))):
                _ink(cells, span.start, upright, _LEFT)
            for x in span:
                _ink(cells, x, y, _LEFT | _RIGHT)
            before = y
    return cells


def _ink(cells: dict[tuple[int, int], int], x: int, half_row: int, halves: int) -> None:
    """Colour one or two quarters of a cell; the lower ones are the low bits."""
    cell = (x, half_row // 2)
    cells[cell] = cells.get(cell, 0) | halves << half_row % 2 * 2


def changes(before: Sequence[Row], after: Sequence[Row]) -> Iterator[Region]:
    """The pieces of rows that differ; fewer than `APART` equal cells do not part two of them."""
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        differing = [x for x in range(len(new)) if old[x] != new[x]]
        start = last = differing[0]
        for x in differing[1:]:
            if x - last > APART:
                yield Region(start, y, last - start + 1, 1)
                start = x
            last = x
        yield Region(start, y, last - start + 1, 1)
