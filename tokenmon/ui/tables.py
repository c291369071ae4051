"""A panel as plain values, without colours and rounding: what is copied and exported."""

from dataclasses import dataclass

from tokenmon.exact import Value


@dataclass(frozen=True)
class Table:
    """Columns and rows in the order of the screen. The first column is what a row is called."""

    columns: tuple[str, ...] = ()
    """As `report --json` spells them."""
    rows: tuple[tuple[Value, ...], ...] = ()
    """A cost is `exact.money`."""
    chosen: int | None = None
    """The row under the cursor; None where there is none."""
