"""What Keys and Models share: a table of groups, which are put in order and cut into pages here, not by a query.

So every column sorts, also one that no query knows, and rows can be held where they are while the user reads them.
What the rows are made of is in `groups`, what columns there are in `measures`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.timer import Timer

from tokenmon.dimensions import Dimension
from tokenmon.store.answers import Group, Sums
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.keys import quiet
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.panels import measures
from tokenmon.ui.panels.cells import cost_cell, faint, right
from tokenmon.ui.panels.groups import Answer, answer, table_of, value_of
from tokenmon.ui.panels.measures import MEASURES, Line, Measure
from tokenmon.ui.panels.tabular import TablePanel
from tokenmon.ui.screens.columns import ColumnsScreen, Offer
from tokenmon.ui.tables import Table
from tokenmon.ui.widgets.bars import bar, sparkline
from tokenmon.ui.widgets.columns import Column, room_for_names
from tokenmon.ui.widgets.keyed_table import KeyedTable, LazyRow
from tokenmon.ui.widgets.kpi_strip import change_text
from tokenmon.view import Condition, View

LIMIT = 500
"""Rows of a page; more would make the table slow."""

MATERIAL = 0.02
"""Share of the total above which a change is worth a colour."""

ALARMING = 0.05
"""Share of failed requests that is marked."""

HOLD = 5.0
"""Seconds after the user moved the cursor during which rows stay where they are."""

LEAST_NAME = 20
"""Cells that names have before any column goes for their sake."""


@dataclass(frozen=True)
class Arrangement:
    """Why rows stand as they do: while none of it changes, they can be held."""

    rows: tuple[object, ...]
    """What they are, and what was searched for."""
    sort: str
    descending: bool


class GroupedPanel(TablePanel[Answer]):
    """A table of groups; `s` walks the sort orders, `S` turns the present one round."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort", id="sort.next", tooltip="sort by the next column (or click a heading)"),
        quiet("S", "turn", "sort.turn", "turn the sort order round"),
        quiet("greater_than_sign", "page(1)", "page.next", f"next {LIMIT} rows (also PgDn on the last row)"),
        quiet("less_than_sign", "page(-1)", "page.previous", f"previous {LIMIT} rows (also PgUp on the first row)"),
        quiet("C", "columns", "columns", "show or hide columns"),
    ]

    ESSENTIAL: ClassVar[tuple[str, ...]]
    """Columns that come before long names: keys of `MEASURES` in the order of importance, in which `s` walks them."""
    OPTIONAL: ClassVar[tuple[str, ...]]
    """Columns that only come where names have all the room that they need."""

    by: Dimension
    """What the rows are; set by the subclass."""

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(look, colours, memory)
        self._hidden = frozenset(memory.get(f"{self.ID}.columns").split(","))
        self._offer(self.ESSENTIAL, self.OPTIONAL)
        self._page = 0
        self._turned = 1
        """1 or -1 where the page was just turned, and the cursor goes to its first or last row; else 0."""
        self._arrangement: Arrangement | None = None
        self._ordered: list[Group] = []
        self._ranks: dict[str, int] = {}
        self._columns: tuple[Column, ...] = ()
        self._release: Timer | None = None
        self._data: Answer | None = None

    def _offer(self, essential: Sequence[str], optional: Sequence[str], view: str = "", order: str = "-cost") -> None:
        """Show these columns, in the order that was chosen for a `view`; the usual one has no name."""
        self._essential, self._keys = essential, (*essential, *optional)
        self._sort_kept = f"{self.ID}.{view}.sort" if view else f"{self.ID}.sort"
        orders = {sign + key for key in ("name", *self._keys) for sign in ("", "-")}
        kept = self.memory.get(self._sort_kept, orders) or order
        self._sort, self._descending = kept.removeprefix("-"), kept.startswith("-")

    # -- asking

    async def load(self, reader: Reader, view: View) -> Answer:
        return await answer(reader, view, self.by, self.offered(self.app.size.width), self.look.zone)

    def offered(self, width: int) -> list[Measure]:
        """The columns that a terminal of this width may have, if there is room for them; in the order of the screen."""
        return [
            measure
            for measure in MEASURES.values()
            if measure.key in self._keys and measure.key not in self._hidden and measure.at_least <= width
        ]

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width; some are only asked for where they may be shown."""
        if self._data is not None:
            self.draw(self._data)
            self._ask_for_more(self._data)

    def _ask_for_more(self, data: Answer) -> None:
        """Ask again if there may be a column by now that was not asked for."""
        if any(measure.key not in data.asked for measure in self.offered(self.app.size.width)):
            self.ask_again()

    # -- order and pages

    def _arrange(self, data: Answer) -> bool:
        """Put the groups in order; whether they are held in an older one."""
        view = data.view.without(data.by.name)
        arrangement = Arrangement((data.by.name, view.where, view.search), self._sort, self._descending)
        ordered, held = self._in_order(data), False
        if self._arrangement is None or arrangement.rows != self._arrangement.rows:
            self._page, self._turned = 0, 1
        elif arrangement == self._arrangement and self._quiet_in > 0:
            newcomer = len(self._ranks)
            as_before = sorted(ordered, key=lambda group: self._ranks.get(value_of(group), newcomer))
            ordered, held = as_before, as_before != ordered
        self._arrangement, self._ordered = arrangement, ordered
        self._ranks = {value_of(group): rank for rank, group in enumerate(ordered)}
        return held

    @property
    def _quiet_in(self) -> float:
        """Seconds until rows may move again."""
        return self._table.moved_at + HOLD - time.monotonic()

    def _in_order(self, data: Answer) -> list[Group]:
        """Whatever is missing comes last in both directions, ties go by name."""
        by_names = sorted(data.compared.now.groups, key=lambda group: _last_if_missing(value_of(group)))
        value = MEASURES[self._sort].value
        found = [(value(data.line(group)), group) for group in by_names]
        known = [pair for pair in found if pair[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=self._descending)  # type: ignore[arg-type,return-value]
        return [group for _, group in known] + [group for number, group in found if number is None]

    def _cut(self) -> tuple[list[Group], str | None]:
        """The rows of the page, and the row to put the cursor on where it does not stay with its own."""
        turned, self._turned = self._turned, 0
        if not turned and self._table.placed and self._table.cursor_key in self._ranks:
            self._page = self._ranks[self._table.cursor_key] // LIMIT
        self._page = min(self._page, self._last_page)
        page = self._ordered[self._page * LIMIT : (self._page + 1) * LIMIT]
        return page, value_of(page[-1 if turned < 0 else 0]) if turned and page else None

    @property
    def _last_page(self) -> int:
        return max(0, len(self._ordered) - 1) // LIMIT

    def _let_go_later(self, held: bool) -> None:
        """Put the rows in order once the user has been quiet."""
        if self._release is not None:
            self._release.stop()
        self._release = self.set_timer(max(0.05, self._quiet_in), self._let_go) if held else None

    def _let_go(self) -> None:
        if self._data is None or not self.display:
            self._answered = None  # drawn in order when it is shown
            return
        self.draw(self._data)

    # -- painting

    def draw(self, data: Answer) -> None:
        self._data = data
        held = self._arrange(data)
        page, cursor = self._cut()
        largest = max((group.sums.cost or 0 for group in self._ordered), default=0)
        self._columns = self._laid_out(page, data, held=held)
        self._table.show(self._columns, [self._row(group, data, largest) for group in page], cursor)
        self._let_go_later(held)
        self._caption.say(self.caption(data), self.look.palette.muted)

    def caption(self, data: Answer) -> list[str]:
        """What the table cannot say by itself: that it has pages, how it is sorted, that an edge moved."""
        words = []
        if self._last_page:
            first = self._page * LIMIT
            last = min(first + LIMIT, len(self._ordered))
            words.append(f"{first + 1:,}-{last:,} of {len(self._ordered):,}, < and > turn the page")
        if self._sort not in (column.key for column in self._columns):
            words.append(f"sorted by {MEASURES[self._sort].label}{self._arrow}")
        if data.compared.now.snapped:
            words.append("events of this age are gone: the range begins at the nearest roll-up")
        return words

    def _laid_out(self, page: Sequence[Group], data: Answer, *, held: bool) -> tuple[Column, ...]:
        """Essential columns, then names as long as they are, then the other columns; the bar takes the rest."""
        width, label = self.app.size.width, data.by.label.upper()
        longest = max((cell_len(self.look.name(value_of(group))) for group in page), default=0) + self.indent(data)
        wanted = max(min(longest, max(LEAST_NAME, width // 3)), len(label) + 1)
        offered = {measure.key: measure for measure in self.offered(width) if self._is_told(measure, data)}
        taken: list[str] = []
        for key in self._keys:
            least = min(wanted, LEAST_NAME) if key in self._essential else wanted
            if key in offered and _free([offered[each] for each in (*taken, key)], width) >= least:
                taken.append(key)
        shown = [measure for measure in offered.values() if measure.key in taken]
        free = _free(shown, width)
        name = min(free, wanted) if "share" in taken else free
        columns = [Column("name", self._heading("name", label, name, held=held), name)]
        for measure in shown:
            wide = measure.width + (free - name if measure.key == "share" else 0)
            left = measure.text or measure.key in ("share", "trend")
            heading = self._heading(measure.key, measure.label, wide, held=held)
            columns.append(Column(measure.key, heading, wide, right=not left))
        return tuple(columns)

    def _is_told(self, measure: Measure, data: Answer) -> bool:
        """Whether any row has something in a column that could go: no log may report it."""
        if measure.at_least:
            return bool(data.trends if measure.key == "trend" else data.companions.get(measure.key))
        together = Line("", data.compared.now.totals, None, (), {})
        return measure.key in self._essential or measure.value(together) is not None

    @property
    def _arrow(self) -> str:
        return self.look.glyphs.descending if self._descending else self.look.glyphs.ascending

    def _heading(self, key: str, label: str, width: int, *, held: bool) -> str:
        """A heading with the arrow of the sort order, and whether that is held; the label gives way."""
        if key != self._sort:
            return label
        mark = self._arrow + ("held" if held else "")
        return label[: max(0, width - len(mark))] + mark

    def _row(self, group: Group, data: Answer, largest: int) -> LazyRow:
        columns = self._columns
        return LazyRow(value_of(group), lambda: self._cells(columns, data.line(group), data, largest))

    def _cells(self, columns: Sequence[Column], line: Line, data: Answer, largest: int) -> tuple[Text, ...]:
        """One row; faint where another one is chosen."""
        cells = tuple(self.cell(column, line, data, largest) for column in columns)
        is_chosen = data.chosen is None or line.value == data.chosen
        return cells if is_chosen else faint(cells, self.look.palette.muted)

    def cell(self, column: Column, line: Line, data: Answer, largest: int) -> Text:
        """One value of one row; how a column is painted is told here and nowhere else."""
        sums, palette = line.sums, self.look.palette
        match column.key:
            case "name":
                return self.name_cell(line, data, column.width)
            case "cost":
                return right(cost_cell(sums, self.look.glyphs.approximately), f"bold {palette.text}")
            case "share":
                return self._share_cell(column.width, sums.cost, data.compared.now.totals.cost, largest)
            case "change":
                material = bool(sums.cost and sums.cost >= (data.compared.now.totals.cost or 0) * MATERIAL)
                change = change_text(self.look, measures.change(line), material=material)
                return Text(change.plain, change.style, spans=change.spans, justify="right", no_wrap=True)
            case "million":
                paid = measures.per_million(line)
                return right("?" if paid is None else formatting.money(paid).removeprefix("$"), palette.muted)
            case "logged" | "listed":
                amount = MEASURES[column.key].value(line)
                return right(formatting.money(amount) if isinstance(amount, int) else formatting.NOTHING, palette.text)
            case "over":
                words = formatting.NOTHING if sums.difference is None else formatting.difference(sums.difference)
                return right(words, self._weight(sums))
            case "apart":
                ratio = sums.difference_ratio
                return right(formatting.NOTHING if ratio is None else formatting.apart(ratio), self._weight(sums))
            case "hit":
                hit = measures.hit(line)
                return right(formatting.NOTHING if hit is None else formatting.percent(hit, 1), palette.muted)
            case "errors":
                words = formatting.percent(sums.errors, sums.requests, 1)
                alarming = (measures.errors(line) or 0) >= ALARMING
                return right(words + "!", palette.bad) if alarming else right(words, palette.muted)
            case "last":
                return right(formatting.day_or_time(sums.last, self.look.zone, self.now), palette.muted)
            case "trend":
                return Text(sparkline(line.trend, self.look.glyphs), palette.primary, no_wrap=True)
            case "model" if "model" in data.companions:
                return self._companion_cell(line.companions["model"][:1], column.width, data.view.search, "model")
            case key if key in data.companions:
                return self._companion_cell(line.companions[key], column.width, data.view.search, key)
            case key:
                count = MEASURES[key].value(line)
                return right(formatting.count(count if isinstance(count, int) else None), palette.text)

    def _weight(self, sums: Sums) -> str:
        """How a difference is painted: what hardly matters is faint."""
        ratio = sums.difference_ratio
        matters = ratio is None or abs(ratio) > MATERIAL
        return f"bold {self.look.palette.text}" if matters and sums.difference else self.look.palette.muted

    def name_cell(self, line: Line, data: Answer, width: int) -> Text:
        """The name, marked where everything is narrowed to it; one that no log tells stands in brackets."""
        mark = self._mark(line, data)
        room, name, search = width - mark.cell_len, self.look.name(line.value), data.view.search
        if not line.value:
            return mark.append_text(self.look.label(name, room, self.look.palette.muted))
        style = f"bold {self.look.palette.text}"
        return mark.append_text(self.look.found(name, room, style, search, data.by.name))

    def _mark(self, line: Line, data: Answer) -> Text:
        mark = Text(no_wrap=True)
        if data.chosen is not None:
            sign = self.look.glyphs.chosen if line.value == data.chosen else " "
            mark.append(f"{sign} ", f"bold {self.look.palette.primary}")
        return mark

    def indent(self, data: Answer) -> int:
        """Cells before a name."""
        return 0 if data.chosen is None else 2

    def _companion_cell(self, names: Sequence[str], width: int, search: str, field: str) -> Text:
        """The dearest of other names, and how many more there are."""
        muted = self.look.palette.muted
        if not names:
            return Text(self.look.glyphs.dash, muted, no_wrap=True)
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        cell = self.look.found(self.look.name(names[0]), width - len(more), muted, search, field)
        cell.rstrip()
        return cell.append(more, muted)

    def _share_cell(self, width: int, cost: int | None, total: int | None, largest: int) -> Text:
        if cost is None or not total:
            return Text("", no_wrap=True)
        line = Text(no_wrap=True)
        line.append(bar(cost / (largest or 1), width - 5, self.look.glyphs).ljust(width - 5), self.look.palette.primary)
        return line.append(formatting.percent(cost, total).rjust(5), self.look.palette.text)

    # -- what the user does

    def on_data_table_row_selected(self, event: KeyedTable.RowSelected) -> None:
        """Narrow everything to the row that was opened."""
        event.stop()
        if self._data is not None:
            self.post_message(self.Drilled(Condition(self._data.by.name, event.row_key.value or "")))

    def on_data_table_header_selected(self, event: KeyedTable.HeaderSelected) -> None:
        """A click on a heading sorts by it, the next one turns it round."""
        event.stop()
        key = event.column_key.value or "name"
        self._sort_by(key, descending=not self._descending if key == self._sort else not MEASURES[key].text)

    def on_keyed_table_beyond(self, event: KeyedTable.Beyond) -> None:
        """Go on with the next page."""
        event.stop()
        self.action_page(event.step)

    def action_page(self, step: int) -> None:
        """The next or previous page, if there is one."""
        if 0 <= self._page + step <= self._last_page and self._data is not None:
            self._page, self._turned = self._page + step, step
            self.draw(self._data)

    def action_sort(self) -> None:
        """By the next column that is shown, then by name; the share has the order of the cost."""
        shown = {column.key for column in self._columns}
        keys = [key for key in (*self._keys, "name") if key in shown and key != "share"]
        key = keys[(keys.index(self._sort) + 1) % len(keys) if self._sort in keys else 0]
        self._sort_by(key, descending=not MEASURES[key].text)

    def action_turn(self) -> None:
        """The same order, the other way round."""
        self._sort_by(self._sort, descending=not self._descending)

    def _sort_by(self, key: str, *, descending: bool) -> None:
        self._sort, self._descending = key, descending
        self.memory.put(self._sort_kept, ("-" if descending else "") + key)
        if self._data is not None:
            self.draw(self._data)

    def action_columns(self) -> None:
        """Choose the columns."""
        self.app.push_screen(ColumnsScreen(self.look, self._offers, self._toggle))

    def _offers(self) -> list[Offer]:
        shown = {column.key for column in self._columns}
        return [
            Offer(m.key, m.label, m.tells, m.key not in self._hidden, m.key in shown)
            for m in MEASURES.values()
            if m.key in self._keys
        ]

    def _toggle(self, key: str) -> None:
        """Show or hide a column."""
        self._hidden ^= {key}
        self.memory.put(f"{self.ID}.columns", ",".join(sorted(filter(None, self._hidden))))
        if self._data is not None:
            self.draw(self._data)
            self._ask_for_more(self._data)

    def table(self) -> Table:
        if self._data is None:
            return Table()
        chosen = self._ranks.get(self._table.cursor_key or "") if self._ordered else None
        return table_of(self._data.by, self._ordered, chosen)


def _free(shown: Sequence[Measure], width: int) -> int:
    return room_for_names([Column(measure.key, measure.label, measure.width) for measure in shown], width)


def _last_if_missing(value: str) -> tuple[bool, str, str]:
    return (not value, value.casefold(), value)
