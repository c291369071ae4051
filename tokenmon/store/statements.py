"""The one statement behind every number: signed parts of a cover, summed per slot and series.

Parts of one level and sign share a term, their ranges bound as JSON, so that the statement is at most twelve terms
long however many buckets, bins or dirty hours there are. A slot is a bin; a single span is slot 0.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tokenmon.store.cover import RAW, WIDTHS, Part, Span, common
from tokenmon.store.schema import COUNTS, LEVELS, SUMS

TIMES: tuple[str, ...] = ("first_ts", "last_ts")
"""Not sums: least and greatest; right only over parts that none is taken off."""

FAR = 1 << 62
"""Beyond every time and bucket number."""

TOKENS = "tokens"
"""All billed tokens: the sum of five columns, where nobody needs them apart."""

COST = "cost"
"""The shown cost, logged or else list; of events only, and nothing where it is unknown."""

UNPRICED = "unpriced"
"""1 where there is no such cost; of events only."""

CLASSES = ("class", "flags")
"""Tables that say which class a series belongs to (see `Snapshot.classify`): two, so that two questions of a refresh
that add up by different classes need not tell them each time."""

_BILLED = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_OF_EVENT = {
    "n": "1",
    TOKENS: " + ".join(f"r.{count}" for count in _BILLED),
    "err": "r.err",
    **{count: f"r.{count}" for count in COUNTS},
    COST: "coalesce(r.cost_logged, r.cost_list)",
    UNPRICED: "r.cost_logged IS NULL AND r.cost_list IS NULL",
    "cost_logged": "ifnull(r.cost_logged, 0)",
    "cost_list": "ifnull(r.cost_list, 0)",
    "first_ts": "r.ts",
    "last_ts": "r.ts",
}
_OF_ROLLUP = {**{column: f"r.{column}" for column in (*SUMS, *TIMES)}, TOKENS: _OF_EVENT[TOKENS]}
# LIMIT keeps SQLite from merging this into the join, where it would read the JSON again for every row.
_RANGES = (
    "(SELECT json_extract(value, '$[0]') AS slot, json_extract(value, '$[1]') AS low,"
    " json_extract(value, '$[2]') AS high FROM json_each(?) LIMIT -1)"
)
_AGGREGATE = {
    **{column: f"sum({column})" for column in (*SUMS, TOKENS, UNPRICED)},
    COST: f"ifnull(sum({COST}), 0)",
    "first_ts": "min(first_ts)",
    "last_ts": "max(last_ts)",
}


@dataclass(frozen=True)
class Selection:
    """What counts: a set of series, and conditions known only of single events."""

    series: str | None = None
    """JSON list of ids; None is all of them."""
    events: str = ""
    """SQL over `event r`, ANDed; only raw parts may then be asked for."""
    arguments: tuple[object, ...] = ()
    """What `events` binds."""
    within: Span = field(default=(None, None), compare=False)
    """Where all events are that meet `events`, as far as that is known. It may grow with every commit, so it is no
    part of what selections are kept by."""

    @property
    def scans(self) -> bool:
        """Whether only single events can tell."""
        return bool(self.events)

    def narrowed(self, level: int) -> tuple[str, tuple[object, ...]]:
        """SQL to append to a condition on `r`, and what it binds."""
        text: str = ""
        bound: tuple[object, ...] = ()
        if self.series is not None:
            text, bound = " AND r.series IN (SELECT value FROM json_each(?))", (self.series,)
        if self.events and level == RAW:
            return text + self.events, (*bound, *self.arguments)
        return text, bound


def of_event(column: str) -> str:
    """The SQL of one of these columns over `event r`."""
    return _OF_EVENT[column]


Statement = tuple[str, list[object]]
Slots = Sequence[tuple[int, Iterable[Part]]]


def sums(
    slots: Slots, selection: Selection, *, by: str = "series", columns: Sequence[str] = SUMS, whole: bool = True
) -> Statement | None:
    """Rows of slot, `by`, then the columns; None where there is nothing to read.

    Where slots are whole, those without calls are left out. Where they are differences, calls may come to nothing
    while tokens do not.

    `by` is `series`, one of `CLASSES`, or the series and columns of `event`: `series, session`.
    """
    ranges: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for slot, parts in slots:
        for part in parts:
            low, high = _numbers(part, selection)
            if low < high:
                ranges.setdefault((part.level, part.sign), []).append((slot, low, high))
    if not ranges:
        return None
    extra = tuple(name for name in by.split(", ") if name not in ("series", *CLASSES))
    terms, bound = [], []
    for (level, sign), parts_of in ranges.items():
        text, more = _term(level, sign, columns, extra, selection)
        terms.append(text)
        bound += [json.dumps(parts_of), *more]
    if by == "series" and len(ranges) == 1 and _are_single_buckets(*ranges.popitem()):
        return f"SELECT slot, series, {', '.join(columns)} FROM ({terms[0]}) t", bound
    joined, key = "", by
    if by in CLASSES:
        joined, key = f" CROSS JOIN temp.{by} c ON c.id = t.series", "c.class"
    aggregates = ", ".join(_AGGREGATE[column] for column in columns)
    having = " HAVING sum(n) <> 0" if whole and "n" in columns else ""
    source = " UNION ALL ".join(terms)
    return f"SELECT slot, {key}, {aggregates} FROM ({source}) t{joined} GROUP BY slot, {key}{having}", bound


def _are_single_buckets(kind: tuple[int, int], ranges: Sequence[tuple[int, int, int]]) -> bool:
    """Whether every slot is one bucket, whose rows are sums already: sorting them is most of the work otherwise."""
    level, sign = kind
    slots = {slot for slot, low, high in ranges if high - low == 1}
    return level != RAW and sign > 0 and len(slots) == len(ranges)


def _numbers(part: Part, selection: Selection) -> tuple[int, int]:
    """The first bucket or millisecond of a part, and the one after its last."""
    width = WIDTHS[part.level]
    start, end = common(part[1:3], selection.within) if selection.scans else part[1:3]
    return -FAR if start is None else start // width, FAR if end is None else end // width


def _term(level: int, sign: int, columns: Sequence[str], extra: Sequence[str], selection: Selection) -> Statement:
    minus = "-" if sign < 0 else ""
    expressions, table, place = _OF_ROLLUP, LEVELS[level - 1][0], "k"
    if level == RAW:
        expressions, table, place = _OF_EVENT, "event", "ts"
    chosen = ", ".join(
        ["r.series AS series", *(f"r.{name} AS {name}" for name in extra)]
        + [f"{minus}({expressions[column]}) AS {column}" for column in columns]
    )
    text, bound = selection.narrowed(level)
    return (
        f"SELECT p.slot, {chosen} FROM {_RANGES} p CROSS JOIN {table} r"
        f" ON r.{place} >= p.low AND r.{place} < p.high{text}",
        list(bound),
    )
