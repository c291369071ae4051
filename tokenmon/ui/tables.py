"""A panel as plain values, without colours and rounding: what is copied and exported."""

from dataclasses import dataclass

import msgspec

Value = str | int | None | msgspec.Raw
"""A cell: a name, a count, nothing, or a number already written out, such as an exact cost in dollars."""


@dataclass(frozen=True)
class Table:
    """Columns and rows in the order of the screen. The first column is what a row is called."""

    columns: tuple[str, ...] = ()
    """As `report --json` spells them."""
    rows: tuple[tuple[Value, ...], ...] = ()
    chosen: int | None = None
    """The row under the cursor; None where there is none."""
