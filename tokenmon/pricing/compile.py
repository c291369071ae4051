"""`python -m tokenmon.pricing.compile OUT`: turn genai-prices into the small table that `table` reads.

The only module that imports genai-prices, and always in a process of its own. Which price holds when is asked of the
library itself at every instant where something may change, so its rules are not written twice; what we make of it
must then give exactly the library's price for made-up usage, else the model is left out and so unknown, never wrong.
"""

import random
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
from genai_prices import __version__ as genai_version
from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
    Usage,
)

from tokenmon.pricing.rates import DECIMALS, per_item, per_token
from tokenmon.pricing.spelling import without_revision
from tokenmon.pricing.table import FORMAT, NO_PRICE, ModelRow, PeriodRow, PriceRow, Table, TierRow
from tokenmon.replacing import replace_file

Context = Mapping[str, str]

CONTEXTS: dict[str, tuple[Context, ...]] = {
    "": ({},),
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
}
"""Service tier to what genai-prices calls it; the first that a model has is used."""

YOCTO = Decimal(10) ** (DECIMALS + 6)


class Inexact(Exception):
    """What we would make of a price is not what the library makes of it."""


def compiled(today: date) -> Table:
    """The whole table."""
    rows = _Rows()
    models: list[ModelRow] = []
    keys: dict[str, dict[str, int]] = {}
    left_out = unpriced = 0
    for provider in providers:
        names: dict[str, int] = {}
        for model in provider.models:
            try:
                tiers = dict(_tiers(provider, model, rows))
            except Inexact:
                left_out += 1
                continue
            if not tiers:
                unpriced += 1
                continue
            for key in _keys(provider, model):
                names.setdefault(key, len(models))
            models.append(ModelRow(provider.id, model.id, tiers))
        keys[provider.id] = names
    return Table(
        format=FORMAT,
        version=genai_version,
        date=_date_of_table(today).isoformat(),
        left_out=left_out,
        unpriced=unpriced,
        prices=rows.all(),
        models=tuple(models),
        keys=keys,
        fallbacks={p.id: tuple(p.fallback_model_providers) for p in providers if p.fallback_model_providers},
    )


# -- names


def _keys(provider: Provider, model: ModelInfo) -> Iterator[str]:
    """The names that mean this model by equality; loose matches (starts with, contains) are guesses to us."""
    exact = [name.lower() for name in (model.id, *_equals(model.match))]
    for key in (*exact, *map(without_revision, exact)):
        found = provider.find_model(key)
        if found is None or found is model:
            yield key


def _equals(clause: object) -> Iterator[str]:
    if isinstance(clause, ClauseEquals):
        yield clause.equals
    elif isinstance(clause, ClauseOr):
        for part in clause.or_:
            yield from _equals(part)


# -- times


def _tiers(provider: Provider, model: ModelInfo, rows: "_Rows") -> Iterator[tuple[str, tuple[PeriodRow, ...]]]:
    """Every service tier that the model has a price for, with its periods; Inexact where one cannot be told."""
    for tier, contexts in CONTEXTS.items():
        for context in contexts:
            if context and not any(_applies(variant, context) for variant in _variants(model)):
                continue
            periods = _periods(provider, model, context, rows)
            if any(index != NO_PRICE for period in periods for _, index in period.windows):
                yield tier, periods
            break


def _periods(provider: Provider, model: ModelInfo, context: Context, rows: "_Rows") -> tuple[PeriodRow, ...]:
    """Spans of equal prices, newest first."""
    constraints = _constraints(model)
    starts = sorted({c.start_date for c in constraints if isinstance(c, StartDateConstraint)})
    daily = [c for c in constraints if isinstance(c, TimeOfDateConstraint)]
    times = sorted({time(0), *(_utc(t) for c in daily for t in (c.start_time, c.end_time))})
    periods: list[PeriodRow] = []
    for start in (None, *starts):
        day = start or (starts[0] - timedelta(days=1) if starts else date(2020, 1, 1))
        windows: list[tuple[int, int]] = []
        for moment in times:
            instant = datetime.combine(day, moment, UTC)
            index = rows.index(provider, model, instant, context) if _offered(model, context, instant) else NO_PRICE
            if not windows or windows[-1][1] != index:
                windows.append((_milliseconds(moment), index))
        period = PeriodRow(None if start is None else _midnight(start), tuple(reversed(windows)))
        if not periods or periods[-1].windows != period.windows:
            periods.append(period)
    return tuple(reversed(periods))


def _constraints(model: ModelInfo) -> list[StartDateConstraint | TimeOfDateConstraint | None]:
    """Everything that a price of the model may depend on in time."""
    dated = [] if isinstance(model.prices, ModelPrice) else [price.constraint for price in model.prices]
    return dated + [variant.constraint for variant in _variants(model)]


def _variants(model: ModelInfo) -> list[PriceVariant]:
    return model.price_variants or []


def _applies(variant: PriceVariant, context: Context) -> bool:
    return all(context.get(key) == value for key, value in variant.when.items())


def _offered(model: ModelInfo, context: Context, instant: datetime) -> bool:
    """Whether the table tells this tier's price then; the library would silently take the standard price."""
    return not context or any(
        _applies(variant, context)
        and vars(variant.prices)
        and (variant.constraint is None or variant.constraint.active(instant))
        for variant in _variants(model)
    )


def _utc(value: time) -> time:
    zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(date(2020, 1, 1), zoned).astimezone(UTC).time()


def _milliseconds(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1000 + moment.microsecond // 1000


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(0), UTC).timestamp()) * 1000


def _date_of_table(today: date) -> date:
    starts = (
        constraint.start_date
        for provider in providers
        for model in provider.models
        for constraint in _constraints(model)
        if isinstance(constraint, StartDateConstraint)
    )
    return max((start for start in starts if start <= today), default=today)


# -- prices


class _Rows:
    """All offers, each distinct one once, each checked against the library."""

    def __init__(self) -> None:
        self._indexes: dict[PriceRow, int] = {}

    def all(self) -> tuple[PriceRow, ...]:
        return tuple(self._indexes)

    def index(self, provider: Provider, model: ModelInfo, instant: datetime, context: Context) -> int:
        """Where the offer of that instant stands; NO_PRICE without any; Inexact where it is more than we can tell."""
        price = model.get_prices(instant, dict(context))
        row = _row(price)
        if not any(rate for tier in row.tiers for rate in _texts(tier)):
            return NO_PRICE
        _check(provider, model, instant, context, row)
        return self._indexes.setdefault(row, len(self._indexes))


def _texts(tier: TierRow) -> tuple[str | None, ...]:
    return (tier.input, tier.cache_read, tier.cache_write_5m, tier.cache_write_1h, tier.output)


def _row(price: ModelPrice) -> PriceRow:
    """A library's price as ours. A cache class without a rate costs what its tokens cost otherwise: plain input."""
    values = [value for value in vars(price).values() if isinstance(value, TieredPrices)]
    thresholds = sorted({tier.start for value in values for tier in value.tiers}, reverse=True)
    tiers = []
    for above in (*thresholds, -1):
        rate = {name: _at(getattr(price, f"{name}_mtok"), above) for name in _PRICE_KEYS}
        write = rate["cache_write"] or rate["input"]
        tiers.append(
            TierRow(
                above,
                rate["input"],
                rate["cache_read"] or rate["input"],
                rate["cache_write_5m"] or write,
                rate["cache_write_1h"] or write,
                rate["output"],
            )
        )
    return PriceRow(tuple(tiers), _text(price.requests_kcount), _text(price.web_searches_kcount))


_PRICE_KEYS = ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output")


def _at(value: Decimal | TieredPrices | None, above: int) -> str | None:
    """The rate for requests just above a threshold."""
    if isinstance(value, TieredPrices):
        return _text(next((t.price for t in reversed(value.tiers) if above >= t.start), value.base))
    return _text(value)


def _text(value: Decimal | TieredPrices | None) -> str | None:
    if isinstance(value, TieredPrices):
        raise Inexact
    return None if value is None else format(value, "f")


# -- the check


def _check(provider: Provider, model: ModelInfo, instant: datetime, context: Context, row: PriceRow) -> None:
    """Made-up usage in every tier costs exactly what the library says; Inexact where it does not."""
    dice = random.Random(f"{provider.id}/{model.id}/{instant}/{context}")
    for tier, below in zip(row.tiers, (None, *row.tiers), strict=False):
        for _ in range(2):
            most = 400_000 + max(tier.above, 0) * 2 if below is None else below.above
            counts = _counts(dice, tier, most)
            searches = dice.randrange(5) if row.search is not None else 0
            theirs = model.calc_price(
                _usage(counts, searches, dice, tier),
                provider,
                genai_request_timestamp=instant,
                price_context=dict(context),
            ).total_price
            if theirs * YOCTO != _ours(tier, row, counts, searches):
                raise Inexact


def _counts(dice: random.Random, tier: TierRow, most: int) -> list[int]:
    """Token counts per class whose input lies within the tier; 0 for classes without a price."""
    total = dice.randint(max(tier.above + 1, 0), most) if tier.input else 0
    read = dice.randint(0, total // 2)
    write = dice.randint(0, (total - read) // 2)
    hour = dice.randint(0, write)
    return [total - read - write, read, write - hour, hour, dice.randint(1, 100_000) if tier.output else 0]


def _usage(counts: list[int], searches: int, dice: random.Random, tier: TierRow) -> Usage:
    fresh, read, five_minutes, hour, output = counts
    values: dict[str, int] = {
        "input_tokens": fresh + read + five_minutes + hour,
        "cache_read_tokens": read,
        "cache_write_tokens": five_minutes + hour,
        "cache_write_5m_tokens": five_minutes,
        "cache_write_1h_tokens": hour,
        "output_tokens": output,
        "output_reasoning_tokens": dice.randint(0, output),
    }
    if searches:
        values["web_searches"] = searches
    return Usage(**values)


def _ours(tier: TierRow, row: PriceRow, counts: list[int], searches: int) -> int:
    try:
        amount = sum(
            per_token(Decimal(rate)) * n for rate, n in zip(_texts(tier), counts, strict=True) if rate is not None
        )
        amount += per_item(Decimal(row.request or "0")) + per_item(Decimal(row.search or "0")) * searches
    except ValueError:
        raise Inexact from None
    return amount


if __name__ == "__main__":
    replace_file(Path(sys.argv[1]), msgspec.json.encode(compiled(datetime.now(UTC).date())))
