"""The rows around a panel: what they know, how it is asked for, and how it is painted."""

from dataclasses import dataclass, field, replace

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from tokenmon.store.answers import Health, Sums
from tokenmon.ui.acknowledged import Acknowledged
from tokenmon.ui.asking import Question
from tokenmon.ui.choices import RANGES
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.widgets.hint_row import Hint, HintRow
from tokenmon.ui.widgets.kpi_strip import KpiStrip, figures_of
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness, Situation, StatusRow, banner_of
from tokenmon.ui.widgets.tab_row import TabRow
from tokenmon.view import Condition, Window

HOUR = 3_600_000


@dataclass(frozen=True)
class Known:
    """The answers that the rows show."""

    question: Question | None = None
    """What they answer; None before the first one."""
    span: Window | None = None
    """First and last event; None while there is none."""
    sums: Sums = field(default_factory=Sums)
    before: Sums | None = None
    """The span of the same length before."""
    hour: tuple[Sums, Sums] | None = None
    """The last hour and the one before it, where there is room to show them."""
    health: Health | None = None

    @property
    def newest(self) -> int | None:
        """Time of the newest event."""
        return self.span.end - 1 if self.span is not None and self.span.end is not None else None


async def ask_rest(known: Known, question: Question, *, hour: bool) -> Known:
    """What is not needed to decide what is shown: the comparison, the last hour and health."""
    reader, view = question.reader, question.view
    earlier = view.window.before()
    before = None if earlier is None else await reader.totals(view.at(earlier))
    burn = None
    if hour:
        last, previous = (Window(question.now - n * HOUR, question.now - (n - 1) * HOUR) for n in (1, 2))
        burn = await reader.totals(view.at(last)), await reader.totals(view.at(previous))
    return replace(known, before=before, hour=burn, health=await reader.health())


class Frame(Vertical):
    """Status, banner, figures, tabs, search, the panels, hints."""

    DEFAULT_CSS = """
    Frame { height: 1fr; width: 1fr; }
    Frame StatusRow, Frame TabRow, Frame HintRow { background: $panel; }
    Frame #banner { display: none; }
    Frame #banner.-needed { display: block; }
    Frame ContentSwitcher { height: 1fr; }
    Frame #notice { height: 1fr; }
    """

    def __init__(self, look: Look, memory: Memory, database: str) -> None:
        super().__init__()
        self._look = look
        self._memory = memory
        self._database = database

    def compose(self) -> ComposeResult:
        colours = Colours(len(self._look.palette.series) - 1)
        yield StatusRow()
        yield Lines(id="banner")
        yield KpiStrip()
        yield TabRow()
        yield SearchRow(self._look)
        with ContentSwitcher(initial="notice"):
            yield Lines(id="notice")
            for panel in PANELS:
                yield panel(self._look, colours, self._memory)
        yield HintRow()

    def draw(
        self,
        known: Known,
        situation: Situation,
        fresh: Freshness,
        *,
        range_text: str,
        chips: tuple[Condition, ...],
        chosen: int,
        hints: tuple[Hint, ...],
        pinned: tuple[Hint, ...],
    ) -> None:
        """Paint every row; painting the same again costs nothing."""
        look, width = self._look, self.app.size.width
        self.query_one(StatusRow).draw(look, situation, RANGES, range_text, chips, fresh, width)
        banner = banner_of(situation, look, self._database)
        row = self.query_one("#banner", Lines)
        row.set_class(banner is not None, "-needed")
        row.show(banner or Text(""))
        mark = look.glyphs.approximately
        figures = figures_of(known.sums, known.before, known.hour, partial=situation.partial, approximately=mark)
        self.query_one(KpiStrip).draw(look, figures, width)
        tabs = tuple((look.keyboard.named(f"panel.{panel.ID}"), panel.TITLE) for panel in PANELS)
        self.query_one(TabRow).draw(look, tabs, chosen, self._firing(known.health))
        self.query_one(HintRow).draw(look, hints, pinned, width)

    def _firing(self, health: Health | None) -> dict[int, int]:
        """How many alerts fire that nobody acknowledged, by the index of the panel that shows them."""
        firing = Acknowledged(self._memory).firing(health.alerts) if health else 0
        return {index: firing for index, panel in enumerate(PANELS) if not panel.NEEDS_EVENTS}
