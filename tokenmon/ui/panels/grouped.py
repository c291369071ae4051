"""What Keys and Models share: a breakdown of the view, beside the span before it, as a table that can be sorted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widget import Widget

from tokenmon.dimensions import Dimension
from tokenmon.store.answers import Breakdown, Group, Sums
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.widgets.bars import bar
from tokenmon.ui.widgets.keyed_table import Column, KeyedRow, KeyedTable, room_for_names
from tokenmon.ui.widgets.kpi_strip import change_text, relative
from tokenmon.ui.widgets.lines import Lines
from tokenmon.view import Condition, View

LIMIT = 500
"""Rows of a table; more would make it slow, and nobody reads them."""

MATERIAL = 0.02
"""Share of the total above which a change is worth a colour."""


@dataclass(frozen=True)
class Comparison:
    """A breakdown and the costs of the same groups in the span before."""

    now: Breakdown
    before: dict[tuple[str | None, ...], Sums]


async def compare(
    reader: Reader, view: View, by: Dimension, zone: tzinfo, sort: str = "", descending: bool | None = None
) -> Comparison:
    """The breakdown of a view and of the span before it."""
    now = await reader.breakdown(view, (by,), zone=zone, sort=sort, descending=descending, limit=LIMIT)
    earlier = view.window.before()
    if earlier is None:
        return Comparison(now, {})
    before = await reader.breakdown(view.at(earlier), (by,), zone=zone, limit=LIMIT)
    return Comparison(now, {group.values: group.sums for group in before.groups})


class GroupedPanel(Panel[Comparison]):
    """A table of groups; `s` walks the sort orders, `S` turns the present one round."""

    SORTS: ClassVar[tuple[str, ...]] = ("cost", "requests", "total", "errors", "last", "name")
    """Orders that `s` walks, in the reader's words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort", id="sort.next", tooltip="next sort order"),
        Binding("S", "turn", "turn", id="sort.turn", tooltip="turn the sort order round", show=False),
    ]

    DEFAULT_CSS = """
    GroupedPanel .caption { display: none; }
    GroupedPanel .caption.-needed { display: block; }
    """

    by: Dimension
    """What the rows are; set by the subclass."""
    _sort: int = 0
    _descending: bool = True
    _data: Comparison | None = None

    def compose(self) -> ComposeResult:
        yield KeyedTable()
        yield Lines(classes="caption")

    def focus_target(self) -> Widget:
        return self.query_one(KeyedTable)

    @property
    def sort(self) -> str:
        """The present order, in the reader's words."""
        return self.SORTS[self._sort]

    async def load(self, reader: Reader, view: View) -> Comparison:
        return await compare(reader, view, self.by, self.look.zone, self.sort, self._descending)

    def draw(self, data: Comparison) -> None:
        self._data = data
        width = self.app.size.width
        columns = self.columns(width)
        rows = [KeyedRow(_key(group), self.cells(group, data, columns)) for group in data.now.groups]
        self.query_one(KeyedTable).show(columns, rows)
        caption = self.query_one(".caption", Lines)
        words = self.caption(data.now)
        caption.set_class(bool(words), "-needed")
        caption.show(Text("  " + words, self.look.palette.muted))

    def caption(self, breakdown: Breakdown) -> str:
        """What the table cannot say by itself: that it is cut, or that an edge moved."""
        words = []
        if breakdown.truncated:
            words.append(f"{len(breakdown.groups):,} of {breakdown.groups_total:,} shown, the first in this order")
        if breakdown.snapped:
            words.append("events of this age are gone: the range begins at the nearest roll-up")
        return "; ".join(words)

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width."""
        if self._data is not None:
            self.draw(self._data)

    def on_data_table_row_selected(self, event: KeyedTable.RowSelected) -> None:
        """Narrow everything to the row that was opened."""
        event.stop()
        groups = self._data.now.groups if self._data is not None else ()
        opened = next((group for group in groups if _key(group) == event.row_key.value), None)
        if opened is not None:
            self.post_message(self.Drilled(Condition(self.by.name, opened.values[0] or "")))

    def action_sort(self) -> None:
        """The next order; names start ascending, numbers descending."""
        self._sort = (self._sort + 1) % len(self.SORTS)
        self._descending = self.sort != "name"
        self.ask_again()

    def action_turn(self) -> None:
        """The same order, the other way round."""
        self._descending = not self._descending
        self.ask_again()

    def columns(self, width: int) -> Sequence[Column]:
        """The columns for a terminal of this width."""
        raise NotImplementedError

    def cells(self, group: Group, data: Comparison, columns: Iterable[Column]) -> tuple[Text, ...]:
        """One row."""
        return tuple(self.cell(column, group, data) for column in columns)

    def cell(self, column: Column, group: Group, data: Comparison) -> Text:
        """One value of one group; what a column's key means is told here and nowhere else."""
        sums, palette = group.sums, self.look.palette
        match column.key:
            case "name":
                return self.look.label(self.label(group), column.width, f"bold {palette.text}")
            case "cost":
                return right(cost_cell(sums, self.look.glyphs.approximately), f"bold {palette.text}")
            case "share":
                return self._share(column.width, group, data)
            case "change":
                return self._change(group, data)
            case "errors":
                share = sums.errors / sums.requests if sums.requests else 0
                words = formatting.percent(sums.errors, sums.requests, 1)
                return right(words + "!", palette.bad) if share >= 0.05 else right(words, palette.muted)
            case "last":
                return right(formatting.day_or_time(sums.last, self.look.zone, self.now), palette.muted)
            case key:
                return right(formatting.count(_counts(sums)[key]), palette.text)

    def label(self, group: Group) -> str:
        """What the row is called."""
        return self.look.name(group.values[0])

    def _share(self, width: int, group: Group, data: Comparison) -> Text:
        total = data.now.totals.cost or 0
        largest = max((other.sums.cost or 0 for other in data.now.groups), default=0)
        cost = group.sums.cost
        if cost is None or not total:
            return right("", self.look.palette.muted)
        line = Text(bar(cost / (largest or 1), width - 5, self.look.glyphs).ljust(width - 5), self.look.palette.primary)
        return line.append(formatting.percent(cost, total).rjust(5), self.look.palette.text)

    def _change(self, group: Group, data: Comparison) -> Text:
        before = data.before.get(group.values)
        total = data.now.totals.cost or 0
        cost = group.sums.cost
        material = bool(cost and cost >= total * MATERIAL)
        change = change_text(self.look, relative(cost, before.cost if before else None), material=material)
        change.justify = "right"
        return change

    def heading(self, key: str, label: str, width: int, *, number: bool = True) -> Column:
        """A column whose heading carries the sort arrow where it is the present order."""
        glyphs = self.look.glyphs
        sorted_by = {"total": "total", "name": "name"}.get(self.sort, self.sort) == key
        arrow = (glyphs.descending if self._descending else glyphs.ascending) if sorted_by else ""
        return Column(key, label + arrow, width, right=number)

    def with_names(self, columns: list[Column], width: int, label: str, most: int) -> list[Column]:
        """`columns` with the names before them, as wide as the rest allows."""
        name = self.heading("name", label, max(8, min(most, room_for_names(columns, width))), number=False)
        return [name, *columns]


def _key(group: Group) -> str:
    return "\0".join("\0" if value is None else value for value in group.values)


def _counts(sums: Sums) -> dict[str, int | None]:
    return {
        "requests": sums.requests,
        "total": sums.total,
        "input": sums.total - (sums.output or 0),
        "output": sums.output,
    }


def right(text: str, style: str) -> Text:
    """A value at the right edge of its column."""
    return Text(text, style, justify="right", no_wrap=True)


def cost_cell(sums: Sums, approximately: str) -> str:
    """The cost of a group, with what is unknown marked."""
    return formatting.cost(sums.cost, sums.unpriced, approximately)
