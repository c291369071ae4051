"""Cells that several tables write alike."""

from collections.abc import Iterable

from rich.text import Text

from tokenmon.store.answers import Sums
from tokenmon.ui import formatting


def right(text: str, style: str) -> Text:
    """A value at the right edge of its column."""
    return Text(text, style, justify="right", no_wrap=True)


def faint(cells: Iterable[Text], style: str) -> tuple[Text, ...]:
    """The cells of a row beside a chosen one, all in this style."""
    return tuple(Text(cell.plain, style, justify=cell.justify, no_wrap=True) for cell in cells)


def cost_cell(sums: Sums, approximately: str) -> str:
    """The cost of a group, with what is unknown marked."""
    return formatting.cost(sums.cost, sums.unpriced, approximately)
