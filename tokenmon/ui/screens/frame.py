"""The rows around a panel: what they know, how it is asked for, and how it is painted."""

from dataclasses import dataclass, field, replace
from datetime import tzinfo

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from tokenmon.budget import Budget
from tokenmon.store.answers import Health, Sums
from tokenmon.ui.acknowledged import Acknowledged
from tokenmon.ui.asking import Question
from tokenmon.ui.choices import RANGES
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.measured import Measured, Room, measure
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import PANELS
from tokenmon.ui.situation import Situation
from tokenmon.ui.widgets.hint_row import Hint, HintRow
from tokenmon.ui.widgets.kpi_strip import FIGURES, ROOMY, KpiStrip, figures_of
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.search_row import SearchRow
from tokenmon.ui.widgets.status_row import Freshness, StatusRow, banner_of
from tokenmon.ui.widgets.tab_row import TabRow
from tokenmon.view import Condition, Window


@dataclass(frozen=True)
class Known:
    """The answers that the rows show."""

    question: Question | None = None
    """What they answer; None before the first one."""
    span: Window | None = None
    """First and last event; None while there is none."""
    newest: int | None = None
    """Time of the newest event that is not in the future."""
    measured: Measured = field(default_factory=Measured)
    health: Health | None = None
    room: Room = field(default_factory=Room)
    """What there was room for."""

    @property
    def sums(self) -> Sums:
        """Of everything in view."""
        return self.measured.sums


async def ask_rest(known: Known, question: Question, room: Room, budget: Budget | None, zone: tzinfo) -> Known:
    """What is not needed to decide what is shown: the figures, as far as there is room for them."""
    reader, view = question.reader, question.view
    measured = await measure(known.sums, reader, view, question.now, room, budget, zone)
    return replace(known, measured=measured, room=room)


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

    def __init__(self, look: Look, memory: Memory, database: str, budget: Budget | None) -> None:
        super().__init__()
        self._budget = budget
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
        banner = banner_of(situation, look, self._database, width)
        row = self.query_one("#banner", Lines)
        row.set_class(banner is not None, "-needed")
        row.show(banner or Text(""))
        mark = look.glyphs.approximately
        budget = self._budget if width >= ROOMY else None
        measured = known.measured if known.span is not None else Measured()
        figures = figures_of(measured, budget, partial=situation.partial, approximately=mark)
        self.query_one(KpiStrip).draw(look, figures if width >= ROOMY else figures[:FIGURES], width)
        tabs = tuple((look.keyboard.named(f"panel.{panel.ID}"), panel.TITLE) for panel in PANELS)
        self.query_one(TabRow).draw(look, tabs, chosen, self._firing(known.health))
        self.query_one(HintRow).draw(look, hints, pinned, width)

    def _firing(self, health: Health | None) -> dict[int, int]:
        """How many alerts fire that nobody acknowledged, by the index of the panel that shows them."""
        firing = Acknowledged(self._memory).firing(health.alerts) if health else 0
        return {index: firing for index, panel in enumerate(PANELS) if not panel.NEEDS_EVENTS}
