"""What is spent: every model with its price per million tokens as it was really paid; and on a key whether that is
what the list says, over the calls of which both costs are known."""

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import Sums
from tokenmon.text import many
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import GroupedPanel
from tokenmon.ui.panels.groups import Answer, reconciled_table_of, value_of
from tokenmon.ui.panels.measures import Line
from tokenmon.ui.tables import Table

_model = by_name("model")
assert _model is not None
MODEL: Dimension = _model

RECONCILE = "reconcile"
"""The view that compares costs, as it is kept."""


class ModelsPanel(GroupedPanel):
    """What each model cost in the chosen window. The swatch is what the model has in every chart."""

    ID = "models"
    TITLE = "Models"
    ESSENTIAL = ("cost", "requests", "total", "share", "change", "million")
    OPTIONAL = ("hit", "errors", "input", "output", "cache_read", "cache_write", "trend", "provider", "last")
    RECONCILED: ClassVar[tuple[str, ...]] = ("over", "logged", "listed", "apart", "requests", "total")
    """Columns of the comparison of costs, as in ESSENTIAL."""
    RECONCILED_MORE: ClassVar[tuple[str, ...]] = ("only_listed", "only_logged", "unpriced", "provider")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "v", "reconcile", "vs list", id="models.reconcile", tooltip="logged costs against list prices, and back"
        ),
    ]

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self.by = MODEL
        self._colour_of: dict[str, int] = {}
        self._reconciles = bool(memory.get("models.view", (RECONCILE,)))
        self._offer_columns()

    def _offer_columns(self) -> None:
        if self._reconciles:
            self._offer(self.RECONCILED, self.RECONCILED_MORE, RECONCILE, "-over")
        else:
            self._offer(self.ESSENTIAL, self.OPTIONAL)

    def action_reconcile(self) -> None:
        """Compare costs, or no longer."""
        self._reconciles = not self._reconciles
        self.memory.put("models.view", RECONCILE if self._reconciles else "")
        self._offer_columns()
        if self._data is not None:
            self.draw(self._data)
            self._ask_for_more(self._data)

    def draw(self, data: Answer) -> None:
        dearest = [value_of(group) for group in data.compared.now.groups]
        self._colour_of = dict(zip(dearest, self.colours.assign(dearest), strict=True))
        super().draw(data)

    def name_cell(self, line: Line, data: Answer, width: int) -> Text:
        swatch, colour = Text(no_wrap=True), self._colour_of[line.value]
        swatch.append(f"{self.look.swatch(colour)} ", self.look.palette.series[colour])
        return swatch.append_text(super().name_cell(line, data, width - 2))

    def indent(self, data: Answer) -> int:
        return super().indent(data) + 2

    def table(self) -> Table:
        table = super().table()
        if not self._reconciles or self._data is None:
            return table
        return reconciled_table_of(self._data.by, self._ordered, table.chosen)

    def _compared(self, sums: Sums) -> list[str]:
        """The totals of the comparison, and what it leaves out."""
        listed, logged = formatting.money(sums.both_list), formatting.money(sums.both_logged)
        told = ["no request has both a logged cost and a list price"]
        if sums.difference is not None:
            ratio = "" if sums.difference_ratio is None else f", {formatting.apart(sums.difference_ratio)}"
            over = f"{formatting.difference(sums.difference)}{ratio}"
            told = [f"logged {logged}, list {listed}: {over}, {sums.both:,} of {sums.requests:,} requests with both"]
        alone = ((sums.only_logged, "only logged"), (sums.only_listed, "only list"), (sums.unpriced, "neither"))
        return [*told, *([", ".join(rest)] if (rest := [f"{n:,} {words}" for n, words in alone if n]) else [])]

    def caption(self, data: Answer) -> list[str]:
        if self._reconciles:
            return [*self._compared(data.compared.now.totals), *super().caption(data)]
        unpriced = data.compared.now.totals.unpriced
        told = [f"{many(unpriced, 'request')} without a price, not in the cost"] if unpriced else []
        return super().caption(data) + told
