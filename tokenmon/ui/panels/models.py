"""What is spent: every model with its price per million tokens as it was really paid."""

from collections.abc import Sequence

from rich.text import Text

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import Breakdown, Group
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import Comparison, GroupedPanel, right
from tokenmon.ui.widgets.keyed_table import Column

_model = by_name("model")
assert _model is not None
MODEL: Dimension = _model


class ModelsPanel(GroupedPanel):
    """What each model cost in the chosen window. The swatch has the model's colour in every chart."""

    ID = "models"
    TITLE = "Models"

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self.by = MODEL
        self._colour_of: dict[str, int] = {}

    def draw(self, data: Comparison) -> None:
        labels = [group.values[0] or "" for group in data.now.groups]
        self._colour_of = dict(zip(labels, self.colours.assign(labels), strict=True))
        super().draw(data)

    def columns(self, width: int) -> Sequence[Column]:
        wide = width >= 100
        columns = [
            self.heading("requests", "REQS", 6),
            *([self.heading("input", "IN", 7), self.heading("output", "OUT", 7)] if wide else []),
            self.heading("total", "TOKENS", 7),
            self.heading("cost", "COST", 8),
            *([self.heading("share", "SHARE", 16 if width >= 130 else 9, number=False)] if width >= 70 else []),
            *([self.heading("change", "CHANGE", 7)] if width >= 80 else []),
            *([self.heading("million", "$/1M", 7)] if width >= 80 else []),
            *([self.heading("hit", "CACHE", 5), self.heading("errors", "ERR", 6)] if width >= 120 else []),
            *([self.heading("last", "SEEN", 7)] if width >= 130 else []),
        ]
        return self.with_names(columns, width, "MODEL", 44)

    def cell(self, column: Column, group: Group, data: Comparison) -> Text:
        sums, palette = group.sums, self.look.palette
        match column.key:
            case "name":
                swatch = Text(f"{self.look.glyphs.swatch} ", palette.series[self._colour_of[group.values[0] or ""]])
                return swatch.append_text(self.look.label(self.label(group), column.width - 2, f"bold {palette.text}"))
            case "million":
                priced = sums.cost is not None and sums.total and not sums.unpriced
                return right(_per_million(sums.cost or 0, sums.total) if priced else "?", palette.muted)
            case "hit":
                hit = (
                    formatting.NOTHING
                    if sums.cache_read is None
                    else formatting.percent(sums.cache_read, sums.cache_base or 0)
                )
                return right(hit, palette.muted)
            case _:
                return super().cell(column, group, data)

    def caption(self, breakdown: Breakdown) -> str:
        words = super().caption(breakdown)
        if breakdown.totals.unpriced:
            unpriced = formatting.plural(breakdown.totals.unpriced, "request")
            return "; ".join(filter(None, (words, f"{unpriced} without a price, not in the cost")))
        return words


def _per_million(cost: int, tokens: int) -> str:
    return formatting.money(cost * 1_000_000 // tokens).removeprefix("$")
