"""The numbers that are on every panel: a row of labels and a row of values; labels shrink, values never do."""

from dataclasses import dataclass

from rich.text import Text

from tokenmon.store.answers import Sums
from tokenmon.ui import formatting
from tokenmon.ui.look import Look, pad
from tokenmon.ui.widgets.lines import Lines

NOTABLE = 0.3
"""A change for the worse of this share is marked, where it is material."""


@dataclass(frozen=True)
class Figure:
    """One number of the strip."""

    label: str
    value: str
    change: float | None = None
    """Relative to the span before; None where that is unknown."""
    worse_up: bool = True
    """Whether more of it is worse."""
    material: bool = True


def cost_label(sums: Sums) -> str:
    """Says where the cost comes from: list prices are called list prices."""
    if sums.cost is None or sums.requests == 0 or sums.cost == sums.cost_logged:
        return "COST"
    return "COST list price" if sums.cost_logged is None else "COST incl list"


def relative(now: float | None, before: float | None) -> float | None:
    """How much `now` differs from `before`, as a share of it."""
    return (now - before) / before if now is not None and before else None


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def figures_of(
    sums: Sums, before: Sums | None, hour: tuple[Sums, Sums] | None, *, partial: bool, approximately: str
) -> tuple[Figure, ...]:
    """The strip's figures, most important first; `hour` is the last hour and the one before it, where asked for."""
    if sums.requests == 0:
        return tuple(
            Figure(label, formatting.NOTHING)
            for label in ("COST", "TOKENS", "REQUESTS", "ERRORS", "CACHE HIT", "BURN / H")
        )
    old = before if before is not None else Sums()
    mark = approximately if partial else ""
    cost = formatting.cost(sums.cost, sums.unpriced, approximately)
    errors, hit = _ratio(sums.errors, sums.requests), _ratio(sums.cache_read, sums.cache_base)
    figures = [
        Figure(cost_label(sums), cost if cost[0] in "?~" else mark + cost, relative(sums.cost, old.cost)),
        Figure("TOKENS", mark + formatting.count(sums.total), relative(sums.total, old.total), material=False),
        Figure(
            "REQUESTS",
            mark + formatting.count(sums.requests),
            relative(sums.requests, old.requests),
            material=False,
        ),
        Figure(
            "ERRORS",
            mark + formatting.percent(sums.errors, sums.requests, 1),
            relative(errors, _ratio(old.errors, old.requests)),
            material=sums.errors >= 5,
        ),
        Figure(
            "CACHE HIT",
            formatting.NOTHING if hit is None else mark + formatting.percent(hit, 1),
            relative(hit, _ratio(old.cache_read, old.cache_base)),
            worse_up=False,
        ),
    ]
    if hour is not None:
        burn = formatting.cost(hour[0].cost, hour[0].unpriced, approximately)
        figures.append(Figure("BURN / H", burn, relative(hour[0].cost, hour[1].cost)))
    return tuple(figures)


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
    """Labels above values, in columns of equal width."""

    DEFAULT_CSS = """
    KpiStrip { height: 2; }
    """

    def draw(self, look: Look, figures: tuple[Figure, ...], width: int) -> None:
        """Paint as many figures as the width class shows: five, or all of them from 100 columns on."""
        figures = figures if width >= 100 else figures[:5]
        column = min(22, width // max(1, len(figures)))
        labels, values = Text(" "), Text(" ")
        for figure in figures:
            labels.append(look.fit(figure.label, column - 1), look.palette.muted).append(" ")
            value = Text(figure.value, f"bold {look.palette.text}")
            change = change_text(look, figure.change, worse_up=figure.worse_up, material=figure.material)
            if change.cell_len and value.cell_len + change.cell_len + 2 <= column:
                value.append(" ").append_text(change)
            values.append_text(pad(value, column))
        for row in (labels, values):
            row.truncate(width)
        self.show(Text("\n").join((labels, values)))
