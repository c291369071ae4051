"""What a price is once it is ready to be used: spans of time, each with rates per token class.

One unit is exact for every rate of the table: the yocto-USD (10^-24 USD). The finest rates of genai-prices have 18
decimals of a dollar per million tokens, which is a yocto-USD per token; so a cost is an integer product and sum, and
the only rounding is the last one, half-even to nano-USD.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

CLASSES: tuple[str, ...] = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
"""Token classes in the order of `Rates`."""

DECIMALS = 18
"""Decimals of a rate in USD per million tokens that the unit can hold."""

PER_NANO = 10**15
"""Yocto-USD in a nano-USD."""

ALWAYS = -(1 << 62)
"""`since` of a span that starts with time itself, UTC milliseconds."""

DAY_MS = 86_400_000


class Rates(NamedTuple):
    """Yocto-USD per token, for requests whose whole input is above a threshold. None: the class has no price."""

    above: int
    """Total input tokens (cache reads and writes included) that a request must exceed; -1 always holds."""
    input: int | None
    cache_read: int | None
    cache_write_5m: int | None
    cache_write_1h: int | None
    output: int | None


class Offer(NamedTuple):
    """What is charged at one moment."""

    tiers: tuple[Rates, ...]
    """Highest threshold first, the last one holds always; empty: no price is known."""
    request: int = 0
    """Yocto-USD for the request itself."""
    search: int | None = None
    """Yocto-USD for one web search; None where it has no price."""


class Span(NamedTuple):
    """One price from an instant on, until the next span of its plan."""

    since: int
    """UTC milliseconds, or ALWAYS."""
    offer: Offer
    """At any time of the day; the first window's where the price depends on it."""
    windows: tuple[tuple[int, Offer], ...]
    """(start in milliseconds after midnight UTC, offer), latest first; empty where all day is one price."""
    priced_as: str
    """`provider/model`, empty where no price is known."""
    source: str
    """Where the price is from, as people read it."""
    matched: str = ""
    """How the logged name was found to mean this price, as people read it; empty where no price is known."""

    def known(self) -> bool:
        """Whether there is a price at all."""
        return bool(self.offer.tiers)

    def offer_at(self, ts: int) -> Offer:
        """The offer at an instant of this span, UTC milliseconds."""
        time = ts % DAY_MS
        return next((offer for start, offer in self.windows if time >= start), self.offer)


Plan = tuple[Span, ...]
"""Newest first; the last span's `since` is ALWAYS, so every instant has one."""

NOTHING = Offer(())
UNKNOWN: Plan = (Span(ALWAYS, NOTHING, (), "", ""),)
"""The plan of a model that has no price."""


def at(plan: Plan, ts: int) -> Span:
    """The span of an instant, UTC milliseconds."""
    return next(span for span in plan if ts >= span.since)


def layer(upper: Plan, lower: Plan) -> Plan:
    """`upper` where it knows a price, else `lower`."""
    spans: list[Span] = []
    for since in sorted({span.since for span in (*upper, *lower)}, reverse=True):
        span = at(upper, since)
        if not span.known():
            span = at(lower, since)
        if spans and spans[-1][1:] == span[1:]:
            spans.pop()
        spans.append(span._replace(since=since))
    return tuple(spans)


def found(plan: Plan, matched: str) -> Plan:
    """`plan` as that of a name that was found in this way."""
    return tuple(span._replace(matched=matched) if span.known() else span for span in plan)


def starting(plan: Plan, since: int) -> Plan:
    """`plan` from an instant on, nothing before it."""
    if since <= ALWAYS:
        return plan
    later = [span for span in plan if span.since > since]
    return (*later, at(plan, since)._replace(since=since), *UNKNOWN)


def per_token(usd_per_million: Decimal) -> int:
    """A rate in our unit; ValueError where it is finer than the unit."""
    return _whole(usd_per_million.scaleb(DECIMALS))


def per_item(usd_per_thousand: Decimal) -> int:
    """A fee per thousand requests or searches, in our unit for one; ValueError where it is finer than the unit."""
    return _whole(usd_per_thousand.scaleb(DECIMALS + 3))


def times(rate: int | None, factor: Decimal | None) -> int | None:
    """A rate times a factor; None where either is unknown, ValueError where the product is finer than the unit."""
    if rate is None or factor is None:
        return None
    numerator, denominator = factor.as_integer_ratio()
    product, rest = divmod(rate * numerator, denominator)
    if rest:
        raise ValueError(f"{factor} times a rate is finer than the unit")
    return product


def multiplied(offer: Offer, factors: Mapping[str, Decimal]) -> Offer:
    """An offer with each class's rates times its factor; fees stay, and a class without a factor loses its price."""
    tiers = tuple(
        Rates(tier.above, *(times(rate, factors.get(name)) for name, rate in zip(CLASSES, tier[1:], strict=True)))
        for tier in offer.tiers
    )
    return offer._replace(tiers=tiers)


def rounded(amount: int, unit: int) -> int:
    """amount / unit, half to even."""
    whole, rest = divmod(amount, unit)
    return whole + (rest * 2 > unit or (rest * 2 == unit and whole & 1))


def nano(amount: int) -> int:
    """Yocto-USD as nano-USD, half to even."""
    return rounded(amount, PER_NANO)


def shares(amounts: Sequence[int]) -> list[int]:
    """Yocto-USD amounts as nano-USD that add up to the rounded sum: those with the largest rests are rounded up."""
    floors = [amount // PER_NANO for amount in amounts]
    by_rest = sorted(range(len(amounts)), key=lambda i: -(amounts[i] % PER_NANO))
    for i in by_rest[: nano(sum(amounts)) - sum(floors)]:
        floors[i] += 1
    return floors


def per_million(rate: int | None) -> int | None:
    """A rate per token as nano-USD per million, for people; rounded where it is finer than that."""
    return None if rate is None else nano(rate * 1_000_000)


def _whole(value: Decimal) -> int:
    if value != value.to_integral_value():
        raise ValueError("a rate is finer than the unit")
    return int(value)
