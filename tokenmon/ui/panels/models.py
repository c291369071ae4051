"""What is spent: every model with its price per million tokens as it was really paid."""

from rich.text import Text

from tokenmon.dimensions import Dimension, by_name
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels.grouped import GroupedPanel
from tokenmon.ui.panels.groups import Answer, value_of
from tokenmon.ui.panels.measures import Line

_model = by_name("model")
assert _model is not None
MODEL: Dimension = _model


class ModelsPanel(GroupedPanel):
    """What each model cost in the chosen window. The swatch is what the model has in every chart."""

    ID = "models"
    TITLE = "Models"
    ESSENTIAL = ("cost", "requests", "total", "share", "change", "million")
    OPTIONAL = ("hit", "errors", "input", "output", "cache_read", "cache_write", "trend", "provider", "last")

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self.by = MODEL
        self._colour_of: dict[str, int] = {}

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

    def caption(self, data: Answer) -> list[str]:
        unpriced = data.compared.now.totals.unpriced
        told = [f"{formatting.plural(unpriced, 'request')} without a price, not in the cost"] if unpriced else []
        return super().caption(data) + told
