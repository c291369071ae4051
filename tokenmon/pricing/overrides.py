"""The user's own prices, `prices.toml`: they win over everything, so a mistake in them must be named, not skipped.

[[price]]
model = "acme-coder-9"            # or a list; exact, or dated as the log dates it
provider = "acme"                 # optional: only this provider's
from = 2026-01-01                 # optional: UTC date, or an instant; before it the table's price holds
tier = "batch"                    # optional: only this service tier
input = 3                         # USD per million tokens
output = 15
cache_read = 0.3                  # optional, like cache_write_5m and cache_write_1h: else what input costs
tiers = [{ above = 200_000, input = 6, output = 22.5 }]     # optional: the whole request, above so much input

[[price]]
model = "llama-local"
free = true

[[alias]]
model = "team-sonnet"
as = "anthropic/claude-sonnet-4-5"
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tokenmon.errors import ConfigError
from tokenmon.pricing.aliases import milliseconds
from tokenmon.pricing.rates import ALWAYS, CLASSES, UNKNOWN, Offer, Plan, Rates, Span, layer, per_token, starting
from tokenmon.pricing.spelling import spellings
from tokenmon.settings import with_line

MOST = Decimal(1_000_000)
"""Dearest rate that is believed, USD per million tokens."""

YOURS = "your own price"

_PRICE_FIELDS = ("model", "provider", "from", "tier", "free", *CLASSES, "tiers")
_ALIAS_FIELDS = ("model", "provider", "as")


class Override(NamedTuple):
    """One `[[price]]`."""

    models: tuple[str, ...]
    """Lower case."""
    provider: str
    """Lower case; empty: any."""
    tier: str | None
    """Service tier; None: all of them (a free model)."""
    since: int
    """UTC milliseconds, or ALWAYS."""
    offer: Offer


class UserAlias(NamedTuple):
    """One `[[alias]]`."""

    models: tuple[str, ...]
    provider: str
    target: tuple[str, str]
    """Provider and model."""
    place: str
    """Where it stands, for messages."""


class Overrides:
    """Everything a prices file says."""

    def __init__(self, path: Path | None, text: str) -> None:
        self.source = "" if path is None else str(path)
        self.text = text
        self.prices: tuple[Override, ...] = ()
        self.aliases: tuple[UserAlias, ...] = ()
        if path is not None:
            reader = _Reader(path, text)
            self.prices = tuple(reader.price(i, raw) for i, raw in enumerate(reader.entries("price")))
            self.aliases = tuple(reader.alias(i, raw) for i, raw in enumerate(reader.entries("alias")))

    def plan(self, providers: tuple[str, ...], model: str, tier: str) -> Plan:
        """What the user says that a model costs; unknown where nothing. `providers` are the names of its provider."""
        for name in spellings(model):
            mine = [o for o in self.prices if name in o.models and (not o.provider or o.provider in providers)]
            fitting = sorted((o for o in mine if o.tier in (None, tier)), key=lambda o: (o.since, bool(o.provider)))
            if fitting:
                plan = UNKNOWN
                for override in fitting:
                    whose = "/".join(part for part in (override.provider or providers[0], name) if part)
                    span = Span(ALWAYS, override.offer, (), whose, self.source, YOURS)
                    plan = layer(starting((span,), override.since), plan)
                return plan
        return UNKNOWN

    def alias(self, providers: tuple[str, ...], model: str) -> tuple[str, str] | None:
        """The provider and model that the user says a model is."""
        for name in spellings(model):
            for alias in self.aliases:
                if name in alias.models and (not alias.provider or alias.provider in providers):
                    return alias.target
        return None


def read_overrides(path: Path | None) -> Overrides:
    """The user's file, checked; ConfigError names what is wrong and where."""
    if path is None:
        return Overrides(None, "")
    try:
        return Overrides(path, path.read_text("utf-8"))
    except OSError as error:
        hint = "look at its rights, or correct the setting `prices`"
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}", hint) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error


class _Reader:
    """Checks one file; every complaint names the file, the line where it can be found, and the field."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()
        try:
            self._data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: {with_line(str(error), text)}") from error
        for key in self._data:
            if key not in ("price", "alias"):
                raise ConfigError(f"{path}{self._line(key)}: unknown key {key!r}", "use [[price]] and [[alias]]")

    def _line(self, field: str, kind: str = "", index: int = 0) -> str:
        """`:12` for the line of the field, else of the `[[kind]]` it belongs to; empty where neither is found."""
        first, last = 0, len(self._lines)
        if kind:
            heads = [i for i, line in enumerate(self._lines) if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)]
            if index >= len(heads):
                return ""
            first = heads[index]
            later = [i for i, line in enumerate(self._lines) if i > first and re.match(r"\s*\[\[", line)]
            last = later[0] if later else last
        named = re.compile(rf"\s*(?:[\"']?{re.escape(field)}[\"']?\s*=|\[+\s*{re.escape(field)}\b)")
        found = [i for i in range(first, last) if named.match(self._lines[i])]
        return f":{found[0] + 1}" if found else f":{first + 1}" if kind else ""

    def _fail(self, kind: str, index: int, field: str, problem: str) -> NoReturn:
        raise ConfigError(f"{self._path}{self._line(field, kind, index)}: {kind} {field}: {problem}")

    def entries(self, kind: str) -> list[Mapping[str, Any]]:
        found = self._data.get(kind, [])
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise ConfigError(f"{self._path}{self._line(kind)}: {kind}: must be written as [[{kind}]]")
        return found

    def price(self, index: int, raw: Mapping[str, Any]) -> Override:
        self._known("price", index, raw, _PRICE_FIELDS)
        free = raw.get("free", False)
        if not isinstance(free, bool):
            self._fail("price", index, "free", "must be true or false")
        if free:
            for field in (*CLASSES, "tiers"):
                if field in raw:
                    self._fail("price", index, field, "a free model has no rates")
        offer = Offer((Rates(-1, 0, 0, 0, 0, 0),), search=0) if free else self._offer(index, raw)
        tier = self._text("price", index, raw, "tier").lower()
        return Override(
            self._models("price", index, raw),
            self._text("price", index, raw, "provider").lower(),
            None if free and "tier" not in raw else "" if tier in ("standard", "default") else tier,
            self._instant(index, raw.get("from")),
            offer,
        )

    def alias(self, index: int, raw: Mapping[str, Any]) -> UserAlias:
        self._known("alias", index, raw, _ALIAS_FIELDS)
        provider, _, model = self._text("alias", index, raw, "as").partition("/")
        if not provider or not model:
            self._fail("alias", index, "as", 'must be "provider/model"')
        models = self._models("alias", index, raw)
        where = f"{self._path}{self._line('as', 'alias', index)}: alias as"
        return UserAlias(models, self._text("alias", index, raw, "provider").lower(), (provider, model), where)

    def _known(self, kind: str, index: int, raw: Mapping[str, Any], fields: tuple[str, ...]) -> None:
        for key in raw:
            if key not in fields:
                near = difflib.get_close_matches(key, fields, 1)
                self._fail(kind, index, key, f"unknown field, did you mean {near[0]}?" if near else "unknown field")

    def _models(self, kind: str, index: int, raw: Mapping[str, Any]) -> tuple[str, ...]:
        value: object = raw.get("model")
        names: list[Any] = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            self._fail(kind, index, "model", "must be a name or a list of names")
        return tuple(name.strip().lower() for name in names)

    def _text(self, kind: str, index: int, raw: Mapping[str, Any], field: str) -> str:
        value: object = raw.get(field, "")
        if not isinstance(value, str):
            self._fail(kind, index, field, "must be text")
        return value.strip()

    def _instant(self, index: int, value: object) -> int:
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value) if len(value) <= 10 else datetime.fromisoformat(value)
            except ValueError:
                value = False
        if isinstance(value, datetime):
            zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
            return int(zoned.timestamp() * 1000)
        if value is not None and not isinstance(value, date):
            self._fail("price", index, "from", "must be a date such as 2026-01-31")
        return milliseconds(value)

    def _offer(self, index: int, raw: Mapping[str, Any]) -> Offer:
        base = {name: self._rate(index, raw, name, name) for name in CLASSES}
        for field in ("input", "output"):
            if base[field] is None:
                self._fail("price", index, field, "is missing (or write free = true)")
        tiers = [self._rates(-1, base, {})]
        listed = raw.get("tiers", [])
        if not isinstance(listed, list) or not all(isinstance(tier, dict) for tier in listed):
            self._fail("price", index, "tiers", "must be a list of { above = ..., input = ..., output = ... }")
        for tier in listed:
            above = tier.get("above")
            if type(above) is not int or above < 0:
                self._fail("price", index, "tiers", "above must be a number of tokens")
            for key in tier:
                if key not in ("above", *CLASSES):
                    self._fail("price", index, "tiers", f"unknown field {key}")
            own = {name: self._rate(index, tier, name, "tiers") for name in CLASSES if name in tier}
            tiers.append(self._rates(above, base, own))
        tiers.sort(key=lambda tier: -tier.above)
        if len({tier.above for tier in tiers}) < len(tiers):
            self._fail("price", index, "tiers", "the same threshold twice")
        return Offer(tuple(tiers))

    def _rates(self, above: int, base: Mapping[str, int | None], own: Mapping[str, int | None]) -> Rates:
        """Rates of a tier: its own, else the base's; a cache class without any costs what input costs in this tier."""
        merged = {**base, **own}
        return Rates(above, *(merged["input"] if merged[name] is None else merged[name] for name in CLASSES))

    def _rate(self, index: int, raw: Mapping[str, Any], name: str, field: str) -> int | None:
        value = raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._fail("price", index, field, "must be a number of USD per million tokens")
        usd = Decimal(value)
        if not usd.is_finite() or not 0 <= usd <= MOST:
            self._fail("price", index, field, f"must be between 0 and {MOST} USD per million tokens")
        try:
            return per_token(usd)
        except ValueError:
            self._fail("price", index, field, "has more decimals than a price can have")
