"""How the budget and official limits are used, for the rules that tell it. A budget is looked up in the roll-ups, so
that a look costs a millisecond or two."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from tokenmon import limits
from tokenmon.alerts import BudgetFacts, LimitFacts
from tokenmon.budget import Budget
from tokenmon.events import NANO, Limit
from tokenmon.ranges import resolve
from tokenmon.view import Window


def budget_facts(budget: Budget, spent: Callable[[Window], int], now_ms: int, zone: tzinfo) -> BudgetFacts:
    """The share of a budget that the present period has used; `spent` tells the costs in a window, nano-USD."""
    window = resolve(budget.range, now_ms, zone)
    used = spent(window) / NANO / float(budget.dollars)
    return BudgetFacts(str(budget), used, _used_up(window, used, now_ms, zone))


def _used_up(window: Window, used: float, now_ms: int, zone: tzinfo) -> str:
    """The day, or in a period of one day the hour, at which all is used if it goes on as it did; empty if it lasts.

    No finer, because an alert that reads differently is stored anew and wakes every viewer.
    """
    assert window.start is not None
    assert window.end is not None
    at = window.start + (now_ms - window.start) / used if used else window.end
    if at >= window.end:
        return ""
    when = datetime.fromtimestamp(at / 1_000, zone)
    return f"{when:%H}:00" if window.end - window.start < 26 * 3_600_000 else f"{when:%b %d}"


def limit_facts(told: Iterable[Limit], now_ms: int, zone: tzinfo) -> tuple[LimitFacts, ...]:
    """The limits whose windows have not ended; of several plans' of one name the most used."""
    facts: dict[str, LimitFacts] = {}
    for limit in limits.standing(told, now_ms):
        if not limits.is_reset(limit, now_ms):
            end, title = limits.ends_at(limit), limits.title(limit)
            whole_again = "" if end is None else limits.clock(end, now_ms, zone)
            facts.setdefault(title, LimitFacts(title, limit.used, whole_again))
    return tuple(facts.values())
