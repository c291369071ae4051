"""The numbers on every panel: labels, values, and where there is room their course. Labels shrink, values never do.

A change for the worse is marked only where it is notable and material: a tool where everything is red is ignored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from rich.text import Text

from tokenmon.budget import Budget
from tokenmon.events import NANO
from tokenmon.store.answers import Sums
from tokenmon.ui import formatting
from tokenmon.ui.look import Look, pad
from tokenmon.ui.measured import Measured, Room, Spending
from tokenmon.ui.widgets.bars import sparkline
from tokenmon.ui.widgets.lines import Lines

NOTABLE = 0.3
"""A change for the worse of this share is marked, where it is material."""

MATERIAL_COST = NANO
"""Nano-USD by which a cost must have grown to be worth a mark."""

MATERIAL_ERRORS, MATERIAL_REQUESTS = 5, 20
"""Fewer errors, or a ratio of fewer requests, say nothing."""

ROOMY = 100
"""Columns from which the last hour and the budget are shown."""

TALL = 32
"""Rows from which there are sparklines."""

FIGURES = 5
"""Figures of a narrow terminal."""


@dataclass(frozen=True)
class Figure:
    """One number of the strip."""

    label: str
    value: str = formatting.NOTHING
    change: float | None = None
    """Relative to the span before; None where that is unknown."""
    worse_up: bool = True
    """Whether more of it is worse."""
    material: bool = True
    note: str = ""
    """Said after the value where there is room."""
    alarming: bool = False
    """The value itself is marked."""
    course: tuple[float, ...] = ()
    """What its sparkline shows, one number a column."""
    top: float = 0.0
    """What a full column is, unless something is larger."""
    short_label: str = ""
    """In place of a label that does not fit."""


def room_for(columns: int, rows: int, *, budget: bool) -> Room:
    """What a terminal of this size has room for."""
    burn = columns >= ROOMY
    return Room(burn, _column(columns, FIGURES + 1 + budget if burn else FIGURES) - 3 if rows >= TALL else 0)


def _column(columns: int, figures: int) -> int:
    return columns // max(1, figures)


def cost_label(sums: Sums) -> tuple[str, str]:
    """Says where the cost comes from, at length and in short: list prices are called list prices."""
    if sums.cost is None or sums.requests == 0 or sums.cost == sums.cost_logged:
        return "COST", "COST"
    return ("COST list price", "COST list") if sums.cost_logged is None else ("COST incl list", "COST +list")


def relative(now: float | None, before: float | None) -> float | None:
    """How much `now` differs from `before`, as a share of it."""
    return (now - before) / before if now is not None and before else None


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _grew(now: Sums, before: Sums) -> bool:
    """Whether the cost grew by something."""
    return (now.cost or 0) - (before.cost or 0) >= MATERIAL_COST


def figures_of(measured: Measured, budget: Budget | None, *, partial: bool, approximately: str) -> tuple[Figure, ...]:
    """The strip's figures, most important first; `partial` where logs are still being read."""
    mark = approximately if partial else ""
    figures = [*_of_range(measured, mark, approximately), _burn(measured, mark, approximately)]
    if budget is not None:
        figures.append(_budget(budget, measured.spending, mark, approximately))
    # What is not read yet may be missing on either side: there is nothing to compare.
    return tuple(replace(figure, change=None) if partial else figure for figure in figures)


def _of_range(measured: Measured, mark: str, approximately: str) -> Sequence[Figure]:
    sums, old = measured.sums, measured.before or Sums()
    if sums.requests == 0:
        return [Figure(label) for label in ("COST", "TOKENS", "REQUESTS", "ERRORS", "CACHE HIT")]

    def course(value: Callable[[Sums], float | None]) -> tuple[float, ...]:
        return tuple(value(bin) or 0.0 for bin in measured.course)

    def hit(of: Sums) -> float | None:
        return _ratio(of.cache_read, of.cache_base)

    def failed(of: Sums) -> float | None:
        return _ratio(of.errors, of.requests)

    label, short = cost_label(sums)
    share = hit(sums)
    return [
        Figure(
            label,
            _cost(sums, mark, approximately),
            relative(sums.cost, old.cost),
            material=_grew(sums, old),
            course=course(lambda of: of.cost),
            short_label=short,
        ),
        Figure(
            "TOKENS",
            mark + formatting.count(sums.total),
            relative(sums.total, old.total),
            material=False,
            course=course(lambda of: of.total),
        ),
        Figure(
            "REQUESTS",
            mark + formatting.count(sums.requests),
            relative(sums.requests, old.requests),
            material=False,
            course=course(lambda of: of.requests),
        ),
        Figure(
            "ERRORS",
            mark + formatting.percent(sums.errors, sums.requests, 1),
            relative(failed(sums), failed(old)),
            material=sums.errors >= MATERIAL_ERRORS,
            course=course(failed),
        ),
        Figure(
            "CACHE HIT",
            formatting.NOTHING if share is None else mark + formatting.percent(share, 1),
            relative(share, hit(old)),
            worse_up=False,
            material=sums.requests >= MATERIAL_REQUESTS,
            course=course(hit),
        ),
    ]


def _cost(sums: Sums, mark: str, approximately: str) -> str:
    """A cost with one mark, whether calls have no price or were not read yet."""
    cost = formatting.cost(sums.cost, sums.unpriced, approximately)
    return cost if sums.cost is None or cost.startswith(approximately) else mark + cost


def _burn(measured: Measured, mark: str, approximately: str) -> Figure:
    """The cost of the last hour, whatever the range; its course ends with it, not with the clock hour just begun."""
    hour, before = measured.hour, measured.hour_before or Sums()
    if hour is None:
        return Figure("BURN / H")
    return Figure(
        "BURN / H",
        _cost(hour, mark, approximately),
        relative(hour.cost, before.cost),
        material=_grew(hour, before),
        course=tuple(float(of.cost or 0) for of in (*measured.hours, hour)) if measured.hours else (),
    )


def _budget(budget: Budget, spending: Spending | None, mark: str, approximately: str) -> Figure:
    """Percent of the budget of the present period, and what is left of it; its full column is all of it."""
    label = f"BUDGET {budget.period}"
    if spending is None:
        return Figure(label, short_label="BUDGET")
    spent, limit = spending.sums.cost, spending.limit
    if spent is None:
        return Figure(label, formatting.UNKNOWN, short_label="BUDGET")
    over = spent >= limit
    rest = formatting.money(abs(limit - spent))
    mark = mark or (approximately if spending.sums.unpriced else "")
    return Figure(
        label,
        f"{mark}{int(100 * spent / limit)}%" + ("!" if over else ""),
        note=f"{rest} over" if over else f"{rest} left",
        alarming=over,
        course=tuple(accumulate(float(of.cost or 0) for of in spending.course)),
        top=float(limit),
        short_label="BUDGET",
    )


def change_text(look: Look, change: float | None, *, worse_up: bool = True, material: bool = True) -> Text:
    """`▲12%`, grey unless it is worse, notable and material; empty where nothing can be compared."""
    if change is None:
        return Text("")
    glyphs, palette = look.glyphs, look.palette
    size = abs(change)
    if size < 0.005:
        return Text(f"{glyphs.same} 0%", palette.muted)
    words = f"{100 * size:.0f}%" if size < 9.995 else f"{min(size + 1, 999):.0f}x"
    alarming = material and size >= NOTABLE and (change > 0) is worse_up
    return Text((glyphs.up if change > 0 else glyphs.down) + words, palette.warn if alarming else palette.muted)


class KpiStrip(Lines):
    """Labels above values above sparklines, in columns of equal width."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    KpiStrip { height: 2; }
    .-tall KpiStrip { height: 3; margin: 1 0; }
    """

    def draw(self, look: Look, figures: tuple[Figure, ...], width: int) -> None:
        """Paint all figures, spread evenly over `width` columns."""
        column = _column(width, len(figures))
        rows = Text(" "), Text(" "), Text(" ")
        for figure in figures:
            label = figure.label if len(figure.label) < column or not figure.short_label else figure.short_label
            rows[0].append(look.fit(label, column - 1), look.palette.muted).append(" ")
            rows[1].append_text(pad(_value(look, figure, column), column))
            course = sparkline(figure.course[-(column - 3) :], look.glyphs, figure.top)
            rows[2].append_text(pad(Text(course, look.palette.primary), column))
        for row in rows:
            row.truncate(width)
        self.show(Text("\n").join(rows))


def _value(look: Look, figure: Figure, column: int) -> Text:
    """A value, and what is said after it where there is room."""
    palette = look.palette
    value = Text().append(figure.value, f"bold {palette.bad if figure.alarming else palette.text}")
    after = change_text(look, figure.change, worse_up=figure.worse_up, material=figure.material)
    after = after if after.cell_len else Text(figure.note, palette.muted)
    if after.cell_len and value.cell_len + after.cell_len + 2 <= column:
        value.append(" ").append_text(after)
    return value
