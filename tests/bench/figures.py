"""One measured figure beside its limit, and the table of them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Something measured. `value` and `target` have the same unit; smaller is better unless `at_least`."""

    name: str
    value: float
    unit: str
    target: float
    limit_name: str = ""
    """What the same machine does at best, measured in the same run; empty where nothing compares."""
    limit: float = 0.0
    """In the unit of `value`."""
    at_least: bool = False
    relative: bool = False
    """`target` is a ratio to the limit."""

    @property
    def ratio(self) -> float | None:
        """How many times worse than the limit."""
        if not self.limit:
            return None
        return self.limit / self.value if self.at_least else self.value / self.limit

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        measured = (self.ratio or 0.0) if self.relative else self.value
        return measured >= self.target if self.at_least and not self.relative else measured <= self.target


HEADINGS = ("FIGURE", "MEASURED", "LIMIT", "RATIO", "TARGET", "")


def table(figures: Iterable[Figure]) -> str:
    """All figures as aligned text."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(figure: Figure) -> tuple[str, ...]:
    limit = f"{number(figure.limit)} {figure.unit} {figure.limit_name}" if figure.limit else "-"
    ratio = f"{figure.ratio:.1f}x" if figure.ratio is not None else "-"
    bound = ">=" if figure.at_least and not figure.relative else "<="
    target = f"{bound} {number(figure.target)}{'x' if figure.relative else ' ' + figure.unit}"
    return (
        figure.name, f"{number(figure.value)} {figure.unit}", limit, ratio, target, "ok" if figure.met else "over",
    )  # fmt: skip


def number(value: float) -> str:
    """Three digits that matter, thousands grouped."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
