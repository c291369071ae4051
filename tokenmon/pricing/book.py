"""The price book: tokens in, nano-USD out, the way each came about on demand.

Order of what is believed: the user's prices, the user's aliases, genai-prices, our own multipliers; then nothing.
A (provider, model, tier) is worked out once into a plan (spans of time); a known one costs half a microsecond.
"""

import hashlib
from math import gcd
from pathlib import Path
from typing import NamedTuple

from tokenmon import __version__
from tokenmon.errors import ConfigError
from tokenmon.events import MAX_COST, NAMES, Basis, Event, Names
from tokenmon.pricing import aliases, multipliers
from tokenmon.pricing.aliases import Aliases
from tokenmon.pricing.multipliers import Multipliers
from tokenmon.pricing.overrides import Overrides, read_overrides
from tokenmon.pricing.rates import (
    ALWAYS,
    DAY_MS,
    PER_NANO,
    UNKNOWN,
    Offer,
    Plan,
    Rates,
    Span,
    at,
    found,
    layer,
    nano,
    per_million,
    rounded,
    shares,
    starting,
)
from tokenmon.pricing.table import FORMAT, Table, open_table

STANDARD = frozenset({"", "standard", "default"})
"""What logs call the service tier that has the list price."""

TIERS = ("batch", "flex", "priority", "fast")
"""The other tiers that `tokenmon prices` asks about."""

KNOWN_AT_MOST = 16_384
"""Plans kept; a log that names ever new models must not eat the memory."""

_PROVIDER, _MODEL, _TIER = NAMES.index("provider"), NAMES.index("model"), NAMES.index("tier")

Row = tuple[int, int, int, int, int, int, int, int, int, str]
"""A span and a tier of it, flat: since, above and most total input, unit (so many are a nano-USD; 0: ask the plan),
five rates in that unit, priced_as. One row is all that nearly every event needs."""

_UNIT = 3

NEVER = 1 << 62
"""An instant that no event reaches, and more tokens than a request has."""

_NO_ROW: Row = (NEVER, -1, NEVER, 0, 0, 0, 0, 0, 0, "")


class Priced(NamedTuple):
    """What an event costs by the list."""

    cost: int | None
    """Nano-USD; None where it is unknown."""
    priced_as: str
    """`provider/model`, empty where the cost is unknown."""


class PricedClass(NamedTuple):
    """One line of an explanation; the amounts of all lines sum exactly to the cost."""

    label: str
    """cache_read, web_search, ...: a token class or a fee."""
    tokens: int
    """How many were charged: tokens, searches, or 1 request."""
    per_million: int | None
    """Nano-USD per million of them; None where there is no price."""
    amount: int | None
    """Nano-USD; None where there is no price, and then the cost is unknown."""


class DatedPrice(NamedTuple):
    """One price of a model, as `tokenmon prices` shows it. Rates are nano-USD per million tokens, None for unknown."""

    provider: str
    model: str
    tier: str
    """Service tier, empty for standard."""
    valid_from: int | None
    """UTC milliseconds; None: as far back as is known."""
    daily: tuple[int, int] | None
    """Milliseconds after midnight UTC between which it holds every day; None: all day."""
    above: int
    """Holds for requests with more input tokens than this; -1 for all others."""
    input: int | None
    cache_read: int | None
    cache_write_5m: int | None
    cache_write_1h: int | None
    output: int | None
    request: int
    """Nano-USD for each request."""
    web_search: int | None
    """Nano-USD for a million web searches."""
    source: str
    """`genai-prices 0.2.3`, or the override file."""
    matched: str
    """How the name asked for was found to mean this model."""


class Origin(NamedTuple):
    """Where the price of an event is from."""

    priced_as: str
    matched: str
    """How the logged name was found to mean that, as people read it."""
    since: int | None
    """From when the price holds, UTC milliseconds; None: as far back as is known."""
    source: str
    """`genai-prices 0.2.3`, or the override file, and what was added to it."""


_UNPRICED = Priced(None, "")
_make = tuple.__new__


class PriceBook:
    """All prices, as of one table, one override file and our own data."""

    def __init__(
        self, table: Table, overrides: Overrides, aliases: Aliases, multipliers: Multipliers, fingerprint: str
    ) -> None:
        self.version = table.version
        self.date = table.date
        self.fingerprint = fingerprint
        self._table = table
        self._overrides = overrides
        self._aliases = aliases
        self._multipliers = multipliers
        self._newest: dict[tuple[str, str, str], Row] = {}
        self._plans: dict[tuple[str, str, str], tuple[Plan, list[Row]]] = {}
        self._check_user_aliases()

    def price(self, event: Event) -> Priced:
        """List price of one event at its own time."""
        names = event.names
        row = self._newest.get((names[_PROVIDER], names[_MODEL], names[_TIER])) or self._learn(names)
        since, _, most, unit, p_fresh, p_read, p_short, p_long, p_out, priced_as = row
        fresh = event.input
        read = event.cache_read or 0
        short = event.cache_write_5m or 0
        long = event.cache_write_1h or 0
        if event.ts < since or fresh + read + short + long > most or event.web_searches:
            return self._price_by_plan(event)
        cost = fresh * p_fresh + read * p_read + short * p_short + long * p_long + event.output * p_out
        if unit > 1:
            cost = rounded(cost, unit)
        return _make(Priced, (cost, priced_as)) if cost <= MAX_COST else _UNPRICED

    def _price_by_plan(self, event: Event) -> Priced:
        """The same for what the newest row leaves out: earlier prices, dearer tiers, times of the day, fees."""
        plan, rows = self._plans[event.names[_PROVIDER], event.names[_MODEL], event.names[_TIER]]
        if plan is UNKNOWN:
            return _UNPRICED
        ts, fresh = event.ts, event.input
        read, short, long = event.cache_read or 0, event.cache_write_5m or 0, event.cache_write_1h or 0
        total = _context(event)
        for since, above, most, unit, p_fresh, p_read, p_short, p_long, p_out, priced_as in rows:
            if ts >= since and above < total <= most:
                if not unit or event.web_searches:
                    break
                cost = fresh * p_fresh + read * p_read + short * p_short + long * p_long + event.output * p_out
                return _believed(rounded(cost, unit), priced_as)
        return _price_by_charges(event, at(plan, ts))

    def explain(self, event: Event) -> tuple[PricedClass, ...]:
        """How the cost comes about, a line for everything that is charged; without prices where it is unknown."""
        names = event.names
        span = at(self._plan(names.provider, names.model, _tier(names.tier)), event.ts)
        charges = [charge for charge in _charges(event, span.offer_at(event.ts)) if charge[1]]
        amounts = shares([count * (rate or 0) for _, count, rate in charges])
        return tuple(
            PricedClass(label, count, per_million(rate), None if rate is None else amount)
            for (label, count, rate), amount in zip(charges, amounts, strict=True)
        )

    def origin(self, event: Event) -> Origin | None:
        """Which price an event has by the book as it is today; None where it has none."""
        span = at(self._plan(event.names.provider, event.names.model, _tier(event.names.tier)), event.ts)
        if not span.known():
            return None
        return Origin(span.priced_as, span.matched, None if span.since == ALWAYS else span.since, span.source)

    def prices_of(self, model: str, provider: str = "") -> tuple[DatedPrice, ...]:
        """All prices of a model, the newest first; of every provider that lists it where none is given."""
        providers = [provider] if provider else [*dict.fromkeys((*self._own_providers(model), *self._sellers(model)))]
        prices: dict[DatedPrice, None] = {}
        for name in providers:
            for tier in ("", *TIERS):
                for span in self._plan(name, model, tier):
                    prices.update(dict.fromkeys(_dated(span, tier)))
        return tuple(prices)

    # -- working out a plan

    def _learn(self, names: Names) -> Row:
        """Work a combination out and keep it."""
        if len(self._plans) >= KNOWN_AT_MOST:
            self._plans.clear()
            self._newest.clear()
        key = (names.provider, names.model, names.tier)
        plan = self._plan(names.provider, names.model, _tier(names.tier))
        rows = [row for span in plan for row in _rows(span)]
        self._plans[key] = (UNKNOWN if plan == UNKNOWN else plan, rows)
        newest = self._newest[key] = rows[0] if rows[0][_UNIT] else _NO_ROW
        return newest

    def _plan(self, provider: str, model: str, tier: str) -> Plan:
        """Everything the book knows about one combination; the tier is empty for standard."""
        providers = self._names(provider)
        plan = self._said(providers, model, tier)
        target = self._overrides.alias(providers, model)
        if target is not None:
            provider, model = target
            meant = layer(self._said(self._names(provider), model, tier), self._listed(provider, model, tier))
            return layer(plan, found(meant, f"your own alias for {provider}/{model}"))
        return layer(plan, self._listed(provider, model, tier))

    def _names(self, provider: str) -> tuple[str, str]:
        """The table's name of a provider, then the log's."""
        return self._aliases.provider(provider), provider.lower()

    def _said(self, providers: tuple[str, ...], model: str, tier: str) -> Plan:
        """What the user's file says about it."""
        plan = self._overrides.plan(providers, model, tier)
        if tier:
            standard = self._overrides.plan(providers, model, "")
            plan = layer(plan, self._multipliers.in_tier(providers[0], model.lower(), tier, standard))
        return self._multipliers.with_searches(providers[0], plan)

    def _listed(self, provider: str, model: str, tier: str) -> Plan:
        """What the table, and our own data on top of it, say about it."""
        plan = UNKNOWN
        for hit in self._aliases.find(provider, model):
            row = hit.row
            own = self._table.plan(row, "")
            if tier and hit.resold:
                own = UNKNOWN
            elif tier:
                own = self._multipliers.in_tier(row.provider, row.model, tier, own)
                own = layer(self._table.plan(row, tier), own)
            own = self._multipliers.with_searches(row.provider, own)
            plan = layer(starting(found(own, hit.matched), hit.since), plan)
        return plan

    # -- names

    def _own_providers(self, model: str) -> list[str]:
        """The providers whose prices of this model the user wrote."""
        mine = [o.provider for o in self._overrides.prices if model.lower() in o.models]
        return mine + [a.provider or a.target[0] for a in self._overrides.aliases if model.lower() in a.models]

    def _sellers(self, model: str) -> list[str]:
        return [*self._aliases.sellers(model)]

    def _check_user_aliases(self) -> None:
        for alias in self._overrides.aliases:
            provider, model = alias.target
            said = self._said(self._names(provider), model, "")
            if layer(said, self._listed(provider, model, "")) == UNKNOWN:
                raise ConfigError(f"{alias.place}: {provider}/{model} has no price", "see tokenmon prices MODEL")


def open_book(overrides: Path | None, cache_dir: Path) -> PriceBook:
    """The price book: the compiled table (made in a process of its own when missing) and the user's file, checked.

    ConfigError for a wrong override file; TokenmonError where no table can be had.
    """
    mine = read_overrides(overrides)
    table = open_table(cache_dir)
    ours = (aliases.DATA.read_text("utf-8"), multipliers.DATA.read_text("utf-8"))
    parts = repr((FORMAT, __version__, table.version, table.date, *ours, mine.text))
    fingerprint = hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return PriceBook(table, mine, Aliases(table, ours[0]), Multipliers(ours[1]), fingerprint)


# -- helpers of the hot path and of explanations


def _tier(logged: str) -> str:
    lower = logged.lower()
    return "" if lower in STANDARD else lower


def _rows(span: Span) -> list[Row]:
    """A span's tiers from the lowest on, each in the coarsest unit that holds it exactly: small integers are fast."""
    if not span.known():
        return [(span.since, -1, NEVER, 0, 0, 0, 0, 0, 0, "")]
    rows = []
    most = NEVER
    for tier in span.offer.tiers:
        rates = [rate or 0 for rate in tier[1:]]
        step = gcd(PER_NANO, *rates)
        fresh, read, short, long, output = (rate // step for rate in rates)
        unit = 0 if None in tier or span.windows or span.offer.request else PER_NANO // step
        rows.append((span.since, tier.above, most, unit, fresh, read, short, long, output, span.priced_as))
        most = tier.above
    return rows[::-1]


def _price_by_charges(event: Event, span: Span) -> Priced:
    """What a span makes of an event, one charge after the other."""
    amount = 0
    for _, count, rate in _charges(event, span.offer_at(event.ts)):
        if count:
            if rate is None:
                return _UNPRICED
            amount += count * rate
    return _believed(nano(amount), span.priced_as) if span.known() else _UNPRICED


def _context(event: Event) -> int:
    """The whole input of the request, by which tiers are told apart; several requests added up are taken for short."""
    if event.basis == Basis.AGGREGATE:
        return 0
    return event.input + (event.cache_read or 0) + (event.cache_write_5m or 0) + (event.cache_write_1h or 0)


def _believed(cost: int, priced_as: str) -> Priced:
    """A cost, unless it is beyond what one call can cost: sums must never overflow."""
    return Priced(cost, priced_as) if cost <= MAX_COST else _UNPRICED


def _charges(event: Event, offer: Offer) -> list[tuple[str, int, int | None]]:
    """(label, count, yocto-USD each) of everything that an event can be charged for."""
    counts = (event.input, event.cache_read or 0, event.cache_write_5m or 0, event.cache_write_1h or 0)
    rates = next((tier for tier in offer.tiers if _context(event) > tier.above), None)
    prices = rates[1:] if rates else (None,) * 5
    return [
        *zip(Rates._fields[1:], (*counts, event.output), prices, strict=True),
        ("web_search", event.web_searches, offer.search if rates else None),
        ("request", 1 if offer.request else 0, offer.request),
    ]


def _dated(span: Span, tier: str) -> list[DatedPrice]:
    """A span as prices to be shown: one for each time of the day and each threshold."""
    provider, slash, model = span.priced_as.partition("/")
    if not slash:  # an override for any provider
        provider, model = "", provider
    valid_from = None if span.since == ALWAYS else span.since
    windows = span.windows or ((0, span.offer),)
    ends = (DAY_MS, *(start for start, _ in windows))
    return [
        DatedPrice(
            provider,
            model,
            tier,
            valid_from,
            (start, end) if span.windows else None,
            rates.above,
            per_million(rates.input),
            per_million(rates.cache_read),
            per_million(rates.cache_write_5m),
            per_million(rates.cache_write_1h),
            per_million(rates.output),
            nano(offer.request),
            per_million(offer.search),
            span.source,
            span.matched,
        )
        for (start, offer), end in zip(windows, ends, strict=False)
        for rates in reversed(offer.tiers)
    ]
