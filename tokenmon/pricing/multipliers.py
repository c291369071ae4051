"""Service tiers and fees that the price table lacks: our own data, `multipliers.toml`, each entry with its source."""

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec

from tokenmon.pricing.aliases import milliseconds
from tokenmon.pricing.rates import CLASSES, UNKNOWN, Plan, Span, layer, multiplied, per_item, starting

DATA = Path(__file__).with_name("multipliers.toml")


class _Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    provider: str
    tiers: tuple[str, ...]
    models: tuple[str, ...] = ()
    all: Decimal | None = None
    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    output: Decimal | None = None
    since: date | None = msgspec.field(name="from", default=None)
    source: str

    def factors(self) -> dict[str, Decimal]:
        """Factor per token class, without those that have none."""
        given = {
            "input": self.input,
            "cache_read": self.cache_read,
            "cache_write_5m": self.cache_write,
            "cache_write_1h": self.cache_write,
            "output": self.output,
        }
        chosen = {name: self.all if given[name] is None else given[name] for name in CLASSES}
        return {name: factor for name, factor in chosen.items() if factor is not None}

    def applies(self, provider: str, model: str, tier: str) -> bool:
        return provider == self.provider and tier in self.tiers and (not self.models or model in self.models)


class _Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    provider: str
    usd_per_thousand: Decimal
    since: date | None = msgspec.field(name="from", default=None)
    source: str


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tier: tuple[_Tier, ...]
    search: tuple[_Search, ...]


class Multipliers:
    """What our own data adds to a standard price."""

    def __init__(self, text: str) -> None:
        self._data = msgspec.convert(tomllib.loads(text, parse_float=Decimal), type=_Data)

    def in_tier(self, provider: str, model: str, tier: str, standard: Plan) -> Plan:
        """The plan of a service tier, made from the standard one; unknown where we know no factor."""
        plan = UNKNOWN
        for rule in self._data.tier:
            if rule.applies(provider, model, tier):
                factors = rule.factors()
                ours = tuple(
                    _map(span, factors)._replace(source=f"{span.source}, {tier} factor by tokenmon")
                    if span.known()
                    else span
                    for span in standard
                )
                plan = layer(starting(ours, milliseconds(rule.since)), plan)
        return plan

    def with_searches(self, provider: str, plan: Plan) -> Plan:
        """The plan with our fee for web searches wherever it has none of its own."""
        for rule in self._data.search:
            if rule.provider == provider:
                fee = per_item(rule.usd_per_thousand)
                charged = tuple(
                    span._replace(offer=span.offer._replace(search=fee))
                    if span.known() and span.offer.search is None and not span.windows
                    else span
                    for span in plan
                )
                plan = layer(starting(charged, milliseconds(rule.since)), plan)
        return plan


def _map(span: Span, factors: dict[str, Decimal]) -> Span:
    return span._replace(
        offer=multiplied(span.offer, factors),
        windows=tuple((start, multiplied(offer, factors)) for start, offer in span.windows),
    )
