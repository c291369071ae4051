"""Stacked bins over time; the only module that knows plotext.

plotext's bar functions cost 170 ms for eight series, so every cell of a stack is a point of its own (`sd`, whole
cells): no cell is painted twice, and each has one colour. What comes out is read as runs of a colour, because rich
takes longer to read escape sequences than plotext to write them. Only the body is
plotext's; axes and labels are ours, because they are money and local times. Edges of bins are rounded to columns: whole
columns per bin would leave up to a third of the width empty. It paints again only when data, size or colours changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from math import floor

from rich.color import Color, ColorType
from rich.style import Style
from rich.text import Span, Text
from textual_plotext import PlotextPlot

from tokenmon.ui import formatting
from tokenmon.ui.formatting import DAY, HOUR, MINUTE
from tokenmon.ui.look import Look
from tokenmon.ui.themes import Palette

GUTTER = 8
"""Columns of the labels and the axis at the left."""

FOOT = 2
"""Rows of the axis and the labels at the bottom."""

LABEL = 12
"""Columns that a time label needs at least."""

_RUNS = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")
"""An escape sequence for colours, or text."""

STEPS = (
    *(minutes * MINUTE for minutes in (1, 5, 15, 30)),
    *(hours * HOUR for hours in (1, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30, 90, 365, 1825)),
)
"""Distances between time labels; from 30 days on months, quarters and years."""


@dataclass(frozen=True)
class Band:
    """One series of the stack."""

    label: str
    values: tuple[int, ...]
    """Per bin: nano-USD, tokens or requests."""
    colour: int
    """Index of the palette's series colours."""


@dataclass(frozen=True)
class Picture:
    """What a chart shows: the largest band first, which is the one at the baseline."""

    edges: tuple[int, ...]
    bands: tuple[Band, ...]
    money: bool

    def totals(self) -> list[int]:
        """Height of the stack per bin."""
        return [sum(values) for values in zip(*(band.values for band in self.bands), strict=True)]


def columns_of(width: int) -> int:
    """How many columns a chart of this width has for bins."""
    return max(1, width - GUTTER)


def scale(largest: float, most: int) -> tuple[float, int]:
    """The smallest round top of an axis that holds `largest` with 2 to `most` intervals: (interval, how many)."""
    largest, most = max(largest, 1.0), max(2, most)
    power = 10.0 ** (len(str(int(largest))) - 2)
    while True:
        fitting = [
            (step * intervals, step, intervals)
            for step in (power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5))
            for intervals in range(2, most + 1)
            if step * intervals >= largest
        ]
        if fitting:
            _, step, intervals = min(fitting)
            return step, intervals
        power *= 10


def time_labels(edges: Sequence[int], zone: tzinfo, most: int) -> list[tuple[int, str]]:
    """At most `most` labels: (bin, label). A bin is labelled when a round local time begins with it, or within the one
    before: months begin within weeks.
    """
    for step in STEPS:
        periods = [_period(edge, zone, step) for edge in edges[:-1]]
        first = [0] if periods and _period(edges[0] - 1, zone, step) != periods[0] else []
        bins = first + [index for index in range(1, len(periods)) if periods[index] != periods[index - 1]]
        if 0 < len(bins) <= most:
            return [(index, formatting.tick(edges[index], zone, step)) for index in bins]
    return []


def _period(instant: int, zone: tzinfo, step: int) -> int:
    """Which of the periods of `step` an instant is in: of the day's wall clock, else of the calendar."""
    then = formatting.local(instant, zone)
    if step < DAY:
        return then.toordinal() * DAY // step + (then.hour * 60 + then.minute) * MINUTE // step
    if step < 30 * DAY:
        return (then.toordinal() - 1) // (step // DAY)
    if step < 365 * DAY:
        return (then.year * 12 + then.month - 1) // (step // (30 * DAY))
    return then.year // (step // (365 * DAY))


def _cells(picture: Picture, columns: int, rows: int, top: float) -> list[list[tuple[int, int]]]:
    """Column and row of every cell of each band; row 0 is the baseline, and a stack of anything has a cell there."""
    bins = len(picture.edges) - 1
    cells: list[list[tuple[int, int]]] = [[] for _ in picture.bands]
    of_bin: dict[int, list[tuple[int, range]]] = {}
    for x in range(columns):
        at = x * bins // columns
        if at not in of_bin:
            of_bin[at] = list(_ranges([band.values[at] for band in picture.bands], rows, top))
        for index, filled in of_bin[at]:
            cells[index] += [(x, y) for y in filled]
    return cells


def _ranges(values: Sequence[int], rows: int, top: float) -> Iterator[tuple[int, range]]:
    """The rows that each value of a stack fills: (index, rows)."""
    total, filled = 0, 0
    for index, value in enumerate(values):
        total += value
        height = floor(round(0.5 + (rows - 1) * total / top, 8)) + 1 if total > 0 else 0
        if height > filled:
            yield index, range(filled, height)
            filled = height


@cache
def _style_of(codes: str) -> str | Style:
    """The style of an escape sequence; there are few, and rich takes long to read one."""
    spans = Text.from_ansi(f"\x1b[{codes}mx").spans
    return spans[0].style if spans else ""


def _text_of(line: str) -> Text:
    """A line of coloured runs, as plotext writes them."""
    plain, spans, style = "", [], ""
    for codes, run in _RUNS.findall(line):
        if run:
            spans.append(Span(len(plain), len(plain) + len(run), _style_of(style)))
            plain += run
        else:
            style = codes
    return Text(plain, spans=[span for span in spans if span.style])


class TimeChart(PlotextPlot):
    """Stacked bins with money or counts at the left and local times below."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._look = look
        self._picture = Picture((), (), money=True)
        self._painted: tuple[Picture, tuple[int, int], Palette, Text] | None = None

    def on_mount(self) -> None:
        """plotext's own themes are not used, so there is nothing to subscribe to."""

    def show(self, picture: Picture) -> None:
        """Paint this picture unless it is there already."""
        if picture != self._picture:
            self._picture = picture
            self.refresh()

    @property
    def columns(self) -> int:
        """Columns for bins at the present size."""
        return columns_of(self.size.width)

    def render(self) -> Text:
        """The picture at the present size."""
        size = (self.size.width, self.size.height)
        wanted = (self._picture, size, self._look.palette)
        if self._painted is None or self._painted[:3] != wanted:
            self._painted = (*wanted, self.painted(self._picture, *size))
        return self._painted[3]

    def painted(self, picture: Picture, width: int, height: int) -> Text:
        """A picture in exactly `width` columns and `height` rows; blank where there is no room or nothing to show."""
        columns, rows = columns_of(width), height - FOOT
        totals = picture.totals()
        if width <= GUTTER or rows < 2 or not totals:
            return Text("")
        step, intervals = scale(max(totals), min(5, max(2, (rows - 1) // 2)))
        order = (*range(1, intervals), intervals, 0)  # where rows are few, the ends of the scale win
        marks = {round(mark / intervals * (rows - 1)): mark * step for mark in order}
        lines = [
            self._label(marks.get(rows - 1 - row), step, picture.money).append_text(
                self._dotted(line, rows - 1 - row in marks)
            )
            for row, line in enumerate(self._body(picture, columns, rows, step * intervals))
        ]
        return Text("\n").join((*lines, *self._foot(picture.edges, columns)))

    def _body(self, picture: Picture, columns: int, rows: int, top: float) -> list[Text]:
        plot = self.plt
        plot.clear_figure()
        plot.plotsize(columns, rows)
        plot._set_size(columns, rows)
        plot.canvas_color("default")
        plot.axes_color("default")
        plot.xaxes(False, False)
        plot.yaxes(False, False)
        plot.xticks([])
        plot.yticks([])
        plot.xlim(0, max(1, columns - 1))
        plot.ylim(0, rows - 1)
        for band, cells in zip(picture.bands, _cells(picture, columns, rows, top), strict=True):
            if cells:
                marker, colour = self._ink(band.colour)
                plot.scatter([x for x, _ in cells], [y for _, y in cells], marker=marker, color=colour)
        return [_text_of(line) for line in plot.build().split("\n")[:rows]]

    def _ink(self, colour: int) -> tuple[str, str | int | tuple[int, int, int]]:
        """Marker and colour for plotext: full cells in colour, else a fill of its own."""
        palette = self._look.palette
        marker = "sd" if self._look.told_by_colour else self._look.fill(colour)
        if not palette.coloured:
            return marker, "default"
        ink = Color.parse(palette.series[colour])
        if ink.type is ColorType.TRUECOLOR:
            red, green, blue = ink.get_truecolor()
            return marker, (red, green, blue)
        return marker, ink.number if ink.number is not None else "default"

    def _label(self, value: float | None, step: float, money: bool) -> Text:
        glyphs = self._look.glyphs
        if value is None:
            return Text(" " * (GUTTER - 1) + glyphs.axis, self._look.palette.muted)
        words = formatting.axis_money(value, step) if money else formatting.axis_count(value, step)
        return Text(words.rjust(GUTTER - 1) + glyphs.axis_mark, self._look.palette.muted)

    def _dotted(self, line: Text, marked: bool) -> Text:
        """A grid line of dots in the free cells of a labelled row."""
        if not marked:
            return line
        plain = list(line.plain)
        dots = [at for at in range(0, len(plain), 4) if plain[at] == " "]
        for at in dots:
            plain[at] = self._look.glyphs.dot
        dotted = Text("".join(plain), spans=list(line.spans))
        for at in dots:
            dotted.stylize(self._look.palette.muted, at, at + 1)
        return dotted

    def _foot(self, edges: Sequence[int], columns: int) -> tuple[Text, Text]:
        glyphs = self._look.glyphs
        axis, words = [glyphs.base] * columns, [" "] * columns
        for index, label in time_labels(edges, self._look.zone, max(1, columns // LABEL)):
            at = -(-index * columns // (len(edges) - 1))
            axis[min(at, columns - 1)] = glyphs.base_mark
            start = min(max(0, at - len(label) // 2), columns - len(label))
            if start >= 0 and "".join(words[max(0, start - 1) : start + len(label)]).strip() == "":
                words[start : start + len(label)] = label
        muted, margin = self._look.palette.muted, " " * (GUTTER - 1)
        return Text(margin + glyphs.corner + "".join(axis), muted), Text(margin + " " + "".join(words), muted)
