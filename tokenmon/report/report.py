"""`tokenmon report`: totals and breakdowns. JSON and CSV are exact and stable; the table is for people.

One list of fields serves all three. A count is null where no event of the group reported it; the totals of nothing
are 0 where 0 is meant (requests, errors, unpriced, tokens, cost) and null elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

import msgspec

from tokenmon.dimensions import Dimension, by_name
from tokenmon.exact import Value, csv_line, harmless, instant, json_text, money
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width, write
from tokenmon.report.question import Question, ask
from tokenmon.report.unpriced import BY, entry, found_in, prices_file
from tokenmon.report.unpriced import plain_lines as unpriced_lines
from tokenmon.saying import say
from tokenmon.store.answers import Breakdown, Group, Health, Sums, Unpriced
from tokenmon.store.buckets import is_in_block
from tokenmon.view import Window
from tokenmon.zones import zone_name

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

SCHEMA = "tokenmon.report/1"


@dataclass(frozen=True)
class Field:
    """One number of a row."""

    name: str
    of: Callable[[Sums], int | float | None]
    kind: Literal["count", "cost", "instant", "ratio"] = "count"


FIELDS: tuple[Field, ...] = (
    Field("requests", lambda sums: sums.requests),
    Field("errors", lambda sums: sums.errors),
    Field("input_tokens", lambda sums: sums.input),
    Field("cache_read_tokens", lambda sums: sums.cache_read),
    Field("cache_write_5m_tokens", lambda sums: sums.cache_write_5m),
    Field("cache_write_1h_tokens", lambda sums: sums.cache_write_1h),
    Field("output_tokens", lambda sums: sums.output),
    Field("reasoning_tokens", lambda sums: sums.reasoning),
    Field("total_tokens", lambda sums: sums.total),
    Field("cost_usd", lambda sums: sums.cost if sums.requests else 0, "cost"),
    Field("cost_logged_usd", lambda sums: sums.cost_logged, "cost"),
    Field("cost_list_usd", lambda sums: sums.cost_list, "cost"),
    Field("unpriced_requests", lambda sums: sums.unpriced),
    Field("assumed_requests", lambda sums: sums.assumed if sums.requests else None),
    Field("first_event_at", lambda sums: sums.first, "instant"),
    Field("last_event_at", lambda sums: sums.last, "instant"),
)


RECONCILED: tuple[Field, ...] = (
    Field("reconciled_requests", lambda sums: sums.both),
    Field("reconciled_logged_usd", lambda sums: sums.both_logged if sums.both else None, "cost"),
    Field("reconciled_list_usd", lambda sums: sums.both_list if sums.both else None, "cost"),
    Field("difference_usd", lambda sums: sums.difference, "cost"),
    Field("difference_percent", lambda sums: sums.difference_ratio, "ratio"),
    Field("only_logged_requests", lambda sums: sums.only_logged),
    Field("only_list_requests", lambda sums: sums.only_listed),
)
"""What `--reconcile` adds: logged against list over the requests that have both, and how many have only one."""


@dataclass(frozen=True)
class Grouping:
    """How the numbers are broken down."""

    by: tuple[str, ...] = ()
    sort: str = ""
    descending: bool | None = None
    limit: int = 500
    """0: all."""
    reconcile: bool = False
    """Compare what was logged with the list price."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The numbers of a row."""
        return (*FIELDS, *RECONCILED) if self.reconcile else FIELDS


def run(question: Question, grouping: Grouping) -> int:
    """Print the report."""
    names = grouping.by or (("day",) if question.form == "plain" else ())
    by = tuple(dimension for dimension in map(by_name, names) if dimension is not None)

    async def answer(reader: "Reader") -> None:
        view, shown = question.view(await reader.span())
        if by:
            found = await reader.breakdown(
                view,
                by,
                zone=question.settings.zone(),
                sort=grouping.sort,
                descending=grouping.descending,
                limit=grouping.limit,
            )
        else:
            found = Breakdown((), 0, False, await reader.totals(view))
        if found.snapped:
            say("tokenmon: an end of the range is older than the events that are kept and moved to the nearest roll-up")
        unpriced: tuple[Unpriced, ...] | None = None
        if grouping.reconcile and question.form != "csv":
            of_prices = tuple(dimension for dimension in map(by_name, BY) if dimension is not None)
            unpriced = found_in(await reader.breakdown(view, of_prices, zone=question.settings.zone(), limit=0))
        if question.form == "json":
            zone = zone_name(question.settings.zone())
            write(json_text(document(by, found, shown, question.now(), zone, grouping.fields, unpriced)))
        elif question.form == "csv":
            write("\n".join(csv_lines(by, found, grouping.fields)))
            if found.truncated:
                say(f"tokenmon: {cut(found)}")
        else:
            lines = plain_lines(question, by, found, shown, await reader.health(), reconcile=grouping.reconcile)
            foot = unpriced_lines(unpriced or (), prices_file(question.settings))
            write("\n".join([*lines, *([""] if foot else []), *foot]))

    ask(question, answer)
    return 0


def cut(found: Breakdown) -> str:
    """What a cut leaves out, by name."""
    words = []
    if len(found.groups) < found.groups_total:
        words.append(f"{len(found.groups):,} of {found.groups_total:,} rows; --limit 0 gives all")
    if found.bounded:
        words.append("only the newest buckets have rows; narrow the range for older ones")
    return "; ".join(words)


# -- JSON and CSV


def _value(field: Field, sums: Sums) -> Value:
    number = field.of(sums)
    if number is None:
        return None
    if field.kind == "ratio":
        return msgspec.Raw(f"{round(100 * number, 2) + 0.0:.2f}".encode())
    number = int(number)
    if field.kind == "count":
        return number
    return money(number) if field.kind == "cost" else instant(number)


def _numbers(sums: Sums, fields: Sequence[Field]) -> dict[str, Value]:
    return {field.name: _value(field, sums) for field in fields}


def _labels(by: Sequence[Dimension], group: Group) -> dict[str, Value]:
    pairs = zip(by, group.values, strict=True)
    return {each.name: None if value is None else harmless(value) for each, value in pairs}


def document(
    by: Sequence[Dimension],
    found: Breakdown,
    shown: Window,
    now_ms: int,
    zone: str,
    fields: Sequence[Field] = FIELDS,
    unpriced: Sequence[Unpriced] | None = None,
) -> dict[str, object]:
    """The document of `--json` (design, section 5); what has no price is listed where it was asked for."""
    return {
        "schema": SCHEMA,
        "generated_at": instant(now_ms),
        "range": {
            "from": None if shown.start is None else instant(shown.start),
            "to": None if shown.end is None else instant(shown.end),
            "tz": zone,
        },
        "by": [dimension.name for dimension in by],
        "rows": [{**_labels(by, group), **_numbers(group.sums, fields)} for group in found.groups],
        "rows_total": found.groups_total,
        "truncated": found.truncated,
        "totals": _numbers(found.totals, fields),
        **({} if unpriced is None else {"unpriced": [entry(each) for each in unpriced]}),
    }


def csv_lines(by: Sequence[Dimension], found: Breakdown, fields: Sequence[Field] = FIELDS) -> list[str]:
    """A heading and the rows; without `--by` one row, the totals."""
    groups = found.groups if by else (Group((), found.totals),)
    lines = [csv_line([*(dimension.name for dimension in by), *(field.name for field in fields)])]
    lines += [csv_line([*_labels(by, group).values(), *_numbers(group.sums, fields).values()]) for group in groups]
    return lines


# -- for people


def cost_text(sums: Sums) -> str:
    """A cost at a glance: `~` some requests have no price, `*` list price, wholly or in part, `?` unknown."""
    if sums.requests == 0:
        return figures.short_money(0)
    if sums.cost is None:
        return "?"
    listed = "*" if sums.cost_logged is None or sums.cost != sums.cost_logged else ""
    return ("~" if sums.unpriced else "") + figures.short_money(sums.cost) + listed


def _short(count: int | None) -> str:
    return "-" if count is None else figures.short_count(count)


def _writes(sums: Sums) -> int | None:
    reported = [count for count in (sums.cache_write_5m, sums.cache_write_1h) if count is not None]
    return sum(reported) if reported else None


NUMBERS: tuple[tuple[Column, Callable[[Sums], str]], ...] = (
    (Column("Requests"), lambda sums: f"{sums.requests:,}"),
    (Column("Errors"), lambda sums: f"{sums.errors:,}"),
    (Column("Input"), lambda sums: _short(sums.input)),
    (Column("Cache read"), lambda sums: _short(sums.cache_read)),
    (Column("Cache write"), lambda sums: _short(_writes(sums))),
    (Column("Output"), lambda sums: _short(sums.output)),
    (Column("Cost"), cost_text),
)


def _percent(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return "0.0" if abs(ratio) < 0.0005 else f"{100 * ratio:+.1f}"


RECONCILED_NUMBERS: tuple[tuple[Column, Callable[[Sums], str]], ...] = (
    (Column("Requests"), lambda sums: f"{sums.requests:,}"),
    (Column("Logged"), lambda sums: figures.short_money(sums.both_logged) if sums.both else "-"),
    (Column("List"), lambda sums: figures.short_money(sums.both_list) if sums.both else "-"),
    (Column("Over list"), lambda sums: "-" if sums.difference is None else figures.short_difference(sums.difference)),
    (Column("%"), lambda sums: _percent(sums.difference_ratio)),
    (Column("Only logged"), lambda sums: figures.short_count(sums.only_logged)),
    (Column("Only list"), lambda sums: figures.short_count(sums.only_listed)),
    (Column("No price"), lambda sums: figures.short_count(sums.unpriced)),
)


_RARE: dict[str, Callable[[Sums], int]] = {
    "Errors": lambda sums: sums.errors,
    "Only logged": lambda sums: sums.only_logged,
    "Only list": lambda sums: sums.only_listed,
    "No price": lambda sums: sums.unpriced,
}
"""Columns that go where they would count nothing."""


def plain_lines(
    question: Question,
    by: Sequence[Dimension],
    found: Breakdown,
    shown: Window,
    health: Health | None,
    *,
    reconcile: bool = False,
) -> list[str]:
    """A heading, the table, and what the marks in it mean."""
    totals = found.totals
    if totals.requests == 0:
        return [_heading(question, shown), "No events."]
    idle = {heading for heading, count in _RARE.items() if not count(totals)}
    numbers = [each for each in (RECONCILED_NUMBERS if reconcile else NUMBERS) if each[0].heading not in idle]
    columns = [*(Column(dimension.label, label=True) for dimension in by), *(column for column, _ in numbers)]
    rows = [[*_values(by, group, question.now()), *(of(group.sums) for _, of in numbers)] for group in found.groups]
    total = ["Total", *("" for _ in by[1:]), *(of(totals) for _, of in numbers)]
    width = terminal_width()
    lines = [*wrap(_heading(question, shown), width), "", *table(columns, rows, total, width).splitlines()]
    if found.truncated:
        lines.append(cut(found))
    marks = _reconciled(totals, health) if reconcile else _marks(totals, health)
    return [*lines, *(line for mark in marks for line in wrap(mark, width))]


def _values(by: Sequence[Dimension], group: Group, now_ms: int) -> Iterator[str]:
    """The values of a row, those of blocks in short."""
    for dimension, value in zip(by, group.values, strict=True):
        start, is_block, end = (value or "").partition("..") if dimension.bucket == "block" else ("", "", "")
        if is_block and value is not None:
            yield f"{start[:10]} {start[11:16]}-{'now' if is_in_block(value, now_ms) else end}"
        else:
            yield value or "(none)"


def _heading(question: Question, shown: Window) -> str:
    zone = question.settings.zone()
    ends = [
        figures.clock(at, zone) if at is not None else word
        for at, word in ((shown.start, "the first event"), (shown.end, "the last event"))
    ]
    return f"LLM usage from {ends[0]} to {ends[1]} ({zone_name(zone)})"


def _reconciled(totals: Sums, health: Health | None) -> list[str]:
    of_table = f", list price by genai-prices {health.prices_version}, {health.prices_date}" if health else ""
    return [
        f"Logged and list are those of {totals.both:,} of {totals.requests:,} requests that have both{of_table};"
        f" {totals.only_logged:,} have only a logged cost, {totals.only_listed:,} only a list price,"
        f" {totals.unpriced:,} neither"
    ]


def _marks(totals: Sums, health: Health | None) -> list[str]:
    lines = []
    if totals.cost_list is not None and totals.cost != totals.cost_logged:
        table_of = f" (genai-prices {health.prices_version}, {health.prices_date})" if health is not None else ""
        lines.append(f"* at list price{table_of}, not a bill")
    if totals.unpriced:
        lines.append(
            f"{'~' if totals.cost is not None else '?'} without {totals.unpriced:,} of {totals.requests:,} requests"
            " whose price is unknown; `tokenmon prices MODEL` says what to do"
        )
    if totals.assumed:
        lines.append(f"{totals.assumed:,} requests name no model; their format implies it")
    return lines
