"""What a row of Keys and Models can tell, a column each: headings, sorting and the choice of columns iterate this list.

Whoever adds a column adds one value here, names it in a panel's `OPTIONAL`, and paints it in `grouped` where it is no
plain count.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from tokenmon.store.answers import Sums
from tokenmon.ui.widgets.kpi_strip import relative

Value = int | float | tuple[str, str] | None
"""What rows are sorted by; None where it is missing."""

TREND = 13
"""Bins of a trend at most: an hour has twelve of five minutes and a part."""

MILLION = 1_000_000


class Line(Struct, frozen=True):
    """One row and everything that its cells are made of."""

    value: str
    """Of the panel's dimension; empty where it is missing."""
    sums: Sums
    before: Sums | None
    """Of the span before."""
    trend: tuple[int, ...]
    """Cost per bin; empty where it is not known."""
    companions: dict[str, tuple[str, ...]]
    """By dimension: other names on the same calls, the dearest first."""


@dataclass(frozen=True)
class Measure:
    """One column."""

    key: str
    label: str
    width: int
    value: Callable[[Line], Value]
    tells: str
    """What it shows, for people who choose columns."""
    text: bool = False
    """Stands at the left and starts ascending; else it is a number."""
    at_least: int = 0
    """Columns of a terminal that it is offered to; what it shows is asked for beside the sums where that is not 0."""


def folded(value: str) -> tuple[str, str] | None:
    """A name as names are sorted; None where it is missing."""
    return (value.casefold(), value) if value else None


def share(part: int | None, whole: int | None) -> float | None:
    """A part of a whole; None where there is none, or it is not known."""
    return part / whole if part is not None and whole else None


def change(line: Line) -> float | None:
    """Of the cost against the span before, as a share of that."""
    return relative(line.sums.cost, line.before.cost if line.before is not None else None)


def errors(line: Line) -> float | None:
    """Share of the requests that failed."""
    return share(line.sums.errors, line.sums.requests)


def hit(line: Line) -> float | None:
    """Share of the input that came from a cache, where caches are reported."""
    return share(line.sums.cache_read, line.sums.cache_base)


def per_million(line: Line) -> int | None:
    """What a million tokens were really paid with, nano-USD; None where any of them has no price."""
    sums = line.sums
    return None if sums.cost is None or sums.unpriced or not sums.total else sums.cost * MILLION // sums.total


def written(line: Line) -> int | None:
    """Tokens written to caches of either kind."""
    known = [count for count in (line.sums.cache_write_5m, line.sums.cache_write_1h) if count is not None]
    return sum(known) if known else None


def _companion(name: str) -> Callable[[Line], Value]:
    return lambda line: folded(line.companions.get(name, ("",))[0]) if line.companions.get(name) else None


_BOTH = "of the requests with both, what "

_ALL = (
    Measure("name", "NAME", 0, lambda line: folded(line.value), "", text=True),
    Measure("key_id", "KEY ID", 12, _companion("key_id"), "identifier or fingerprint", text=True, at_least=120),
    Measure("provider", "PROVIDER", 11, _companion("provider"), "who bills it", text=True, at_least=120),
    Measure("requests", "REQS", 6, lambda line: line.sums.requests, "requests"),
    Measure("input", "IN", 7, lambda line: line.sums.input, "input tokens, without caches"),
    Measure("cache_read", "READ", 7, lambda line: line.sums.cache_read, "tokens read from a cache"),
    Measure("cache_write", "WRITE", 7, written, "tokens written to a cache"),
    Measure("output", "OUT", 7, lambda line: line.sums.output, "output tokens"),
    Measure("total", "TOKENS", 7, lambda line: line.sums.total, "all billed tokens"),
    Measure("cost", "COST", 9, lambda line: line.sums.cost, "cost; ~ where requests without a price are missing"),
    Measure(
        "logged", "LOGGED", 8, lambda line: line.sums.both_logged if line.sums.both else None, _BOTH + "was logged"
    ),
    Measure("listed", "LIST", 8, lambda line: line.sums.both_list if line.sums.both else None, _BOTH + "the list says"),
    Measure("over", "OVER", 9, lambda line: line.sums.difference, "how much more was logged than the list price"),
    Measure("apart", "%", 7, lambda line: line.sums.difference_ratio, "the same as a share of the list price"),
    Measure("only_logged", "LOG ONLY", 8, lambda line: line.sums.only_logged, "requests without a list price"),
    Measure("only_listed", "LIST ONLY", 9, lambda line: line.sums.only_listed, "requests without a logged cost"),
    Measure("unpriced", "NO PRICE", 8, lambda line: line.sums.unpriced, "requests with neither"),
    Measure("share", "SHARE", 9, lambda line: line.sums.cost, "share of the cost; bars are scaled to the largest"),
    Measure("change", "CHANGE", 7, change, "change of the cost against the same time before"),
    Measure("million", "$/1M", 6, per_million, "dollars really paid for a million tokens"),
    Measure("hit", "CACHE", 6, hit, "share of the input that came from a cache"),
    Measure("errors", "ERR", 6, errors, "share of failed requests; ! from 5%"),
    Measure("last", "SEEN", 7, lambda line: line.sums.last, "last request"),
    Measure(
        "trend",
        "TREND",
        TREND,
        lambda line: line.trend[-1] if line.trend else None,
        "cost over time; sorted by its end",
        at_least=100,
    ),
    Measure("model", "TOP MODEL", 18, _companion("model"), "the dearest model", text=True, at_least=150),
)

MEASURES: dict[str, Measure] = {measure.key: measure for measure in _ALL}
"""By key, in the order of the screen."""
