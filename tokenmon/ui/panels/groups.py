"""What the rows of Keys and Models are made of: all groups of the view beside those of the span before, and what more a
column needs, asked for only where that column is offered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from tokenmon import ranges
from tokenmon.dimensions import Dimension, by_name
from tokenmon.exact import Value, instant, money
from tokenmon.store.answers import Breakdown, Group, Sums
from tokenmon.store.reader import Reader
from tokenmon.ui.panels.measures import TREND, Line, Measure
from tokenmon.ui.tables import Table
from tokenmon.view import View

TRENDS = 100
"""Rows that have a trend, the dearest: bins that tell more values apart would make every chart slower."""

COMPANIONS = 2_000
"""Combinations of a row's value with another name that are asked for, the dearest."""


@dataclass(frozen=True)
class Comparison:
    """A breakdown and the costs of the same groups in the span before."""

    now: Breakdown
    before: dict[tuple[str | None, ...], Sums]


async def compare(reader: Reader, view: View, by: Dimension, zone: tzinfo) -> Comparison:
    """All groups of a view, the dearest first, and those of the span before it."""
    now = await reader.breakdown(view, (by,), zone=zone, limit=0)
    earlier = view.compared
    if earlier is None:
        return Comparison(now, {})
    before = await reader.breakdown(view.at(earlier), (by,), zone=zone, limit=0)
    return Comparison(now, {group.values: group.sums for group in before.groups})


@dataclass(frozen=True)
class Answer:
    """Everything that the rows show."""

    by: Dimension
    view: View
    compared: Comparison
    asked: frozenset[str] = frozenset()
    """The columns that were offered."""
    trends: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Cost per bin of the dearest values."""
    companions: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    """By dimension and value: other names on the same calls, the dearest first."""

    @property
    def chosen(self) -> str | None:
        """The row that everything is narrowed to."""
        return self.view.chosen(self.by.name)

    def line(self, group: Group) -> Line:
        """A group with everything that is known of it."""
        value = value_of(group)
        return Line(
            value,
            group.sums,
            self.compared.before.get(group.values),
            self.trends.get(value, ()),
            {name: names.get(value, ()) for name, names in self.companions.items()},
        )


async def answer(reader: Reader, view: View, by: Dimension, offered: Sequence[Measure], zone: tzinfo) -> Answer:
    """The groups of a view, of which a chosen one is one among the others, with all that these columns show."""
    own = view.without(by.name)
    compared = await compare(reader, own, by, zone)
    trends: dict[str, tuple[int, ...]] = {}
    companions: dict[str, dict[str, tuple[str, ...]]] = {}
    for measure in offered:
        if measure.key == "trend":
            trends = await _trends(reader, own, by, zone)
        elif measure.at_least and measure.key != by.name and (other := by_name(measure.key)) is not None:
            pairs = await reader.breakdown(own, (by, other), zone=zone, limit=COMPANIONS)
            companions[other.name] = _together(pairs.groups)
    asked = frozenset(measure.key for measure in offered)
    return Answer(by, view, compared, asked, trends, companions)


async def _trends(reader: Reader, view: View, by: Dimension, zone: tzinfo) -> dict[str, tuple[int, ...]]:
    if view.window.start is None or view.window.end is None:
        return {}
    chart = await reader.chart(view, by, ranges.bins(view.window, zone, TREND), top=TRENDS)
    return {series.label: series.costs for series in chart.series[:TRENDS]}


def _together(pairs: Sequence[Group]) -> dict[str, tuple[str, ...]]:
    """By the first value, the second ones in their order."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        first, second = pair.values
        if second is not None:
            found.setdefault(first or "", []).append(second)
    return {value: tuple(names) for value, names in found.items()}


def value_of(group: Group) -> str:
    """The value of a group of one dimension; empty where it is missing. A row's key."""
    return group.values[0] or ""


def table_of(by: Dimension, groups: Sequence[Group], chosen: int | None = None) -> Table:
    """Groups as plain values, under the names of reports."""
    columns = (
        *(by.name, "requests", "errors", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens"),
        *("cache_write_1h_tokens", "output_tokens", "total_tokens", "cost_usd", "unpriced_requests", "last_event_at"),
    )
    rows = tuple((group.values[0], *_exact(group.sums)) for group in groups)
    return Table(columns, rows, chosen)


def reconciled_table_of(by: Dimension, groups: Sequence[Group], chosen: int | None = None) -> Table:
    """Groups with what was logged against the list price, under the names of `report --reconcile`."""
    columns = (
        *(by.name, "requests", "total_tokens", "reconciled_requests", "reconciled_logged_usd", "reconciled_list_usd"),
        *("difference_usd", "only_logged_requests", "only_list_requests", "unpriced_requests"),
    )
    rows = tuple((group.values[0], *_compared(group.sums)) for group in groups)
    return Table(columns, rows, chosen)


def _compared(sums: Sums) -> tuple[Value, ...]:
    known = [money(amount if sums.both else None) for amount in (sums.both_logged, sums.both_list)]
    alone = sums.only_logged, sums.only_listed, sums.unpriced
    return (sums.requests, sums.total, sums.both, *known, money(sums.difference), *alone)


def _exact(sums: Sums) -> tuple[Value, ...]:
    cached = (sums.cache_read, sums.cache_write_5m, sums.cache_write_1h)
    tokens = (sums.input, *cached, sums.output, sums.total)
    last = None if sums.last is None else instant(sums.last)
    return (sums.requests, sums.errors, *tokens, money(sums.cost), sums.unpriced, last)
