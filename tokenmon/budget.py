"""A budget: so many dollars a calendar period of the viewer's zone, for everything that is collected."""

import re
from dataclasses import dataclass
from decimal import Decimal

PERIODS = {"day": "today", "week": "week", "month": "month"}
"""What a budget may be for, and the range that is the present one of it."""

_WRITTEN = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,2})?)/(day|week|month)", re.IGNORECASE)


@dataclass(frozen=True)
class Budget:
    """What may be spent in a day, a week or a month."""

    dollars: Decimal
    period: str
    """One of `PERIODS`."""

    def __str__(self) -> str:
        """As it is set: `150/month`."""
        return f"{self.dollars}/{self.period}"

    @property
    def range(self) -> str:
        """The range, in the grammar of ranges, that is the present period."""
        return PERIODS[self.period]


def parse_budget(text: str) -> Budget:
    """The budget that a text such as `150/month` means; ValueError on anything else."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None or not Decimal(written[1]):
        raise ValueError("must be dollars a period, as 150/month, 50/week or 20/day")
    return Budget(Decimal(written[1]), written[2].lower())
