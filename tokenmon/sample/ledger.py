"""What made-up logs add up to, counted while they are written and never read back from them.

A generator decides the numbers of a call first and enters them here, then spells them as its dialect does; so a
parser that adds up to the ledger has understood the spelling.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields


@dataclass(slots=True)
class Expected:
    """Sums over some calls. A count that no call reports stays 0; the ledger does not tell 0 from unknown."""

    requests: int = 0
    errors: int = 0
    input: int = 0
    """Uncached input tokens; all counts are disjoint, except that `reasoning` is part of `output`."""
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    cost_logged: int = 0
    """What the logs themselves say that the calls cost, nano-USD."""
    logged: int = 0
    """Calls whose cost is logged."""

    def add(
        self, uncached: int, cache_read: int, cache_write_5m: int, cache_write_1h: int, output: int, reasoning: int
    ) -> None:
        """One more call."""
        self.requests += 1
        self.input += uncached
        self.cache_read += cache_read
        self.cache_write_5m += cache_write_5m
        self.cache_write_1h += cache_write_1h
        self.output += output
        self.reasoning += reasoning

    def add_cost(self, micro_usd: int) -> None:
        """The call that was just added tells its cost."""
        self.logged += 1
        self.cost_logged += micro_usd * 1_000

    @property
    def total(self) -> int:
        """All billed tokens."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output


COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(Expected))


def added(parts: Iterable[Expected]) -> Expected:
    """The sum of several."""
    parts = list(parts)
    return Expected(**{column: sum(getattr(part, column) for part in parts) for column in COLUMNS})


class Book:
    """The ledger of one dialect while its logs are being written."""

    def __init__(self) -> None:
        self.models: dict[str, Expected] = {}
        self.bad = 0
        """Invalid lines written."""

    def of(self, model: str) -> Expected:
        """The sums of a model, to be added to."""
        return self.models.setdefault(model, Expected())


@dataclass(frozen=True)
class SampleLedger:
    """What a reader of the logs must come to."""

    models: Mapping[str, Mapping[str, Expected]]
    """By dialect and model."""
    bad: int
    """Invalid lines among them."""
    size: int
    """Bytes written."""

    @property
    def dialects(self) -> dict[str, Expected]:
        """Sums per dialect, of those that hold a call."""
        return {dialect: added(models.values()) for dialect, models in self.models.items() if models}

    @property
    def totals(self) -> Expected:
        """Sums over everything."""
        return added(self.dialects.values())
