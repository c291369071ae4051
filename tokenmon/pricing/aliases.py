"""Other names of providers and models, from `aliases.toml`: the only way from one provider's name to another's."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from tokenmon.pricing.rates import ALWAYS
from tokenmon.pricing.spelling import spellings
from tokenmon.pricing.table import ModelRow, Table

DATA = Path(__file__).with_name("aliases.toml")


class _Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    target: str = msgspec.field(name="is")
    source: str


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    provider: str
    names: tuple[str, ...]
    target: str = msgspec.field(name="is")
    since: date | None = msgspec.field(name="from", default=None)
    source: str


class _Prefix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    providers: tuple[str, ...]
    prefixes: tuple[str, ...]
    targets: tuple[str, ...] = msgspec.field(name="as")
    without: tuple[str, ...] = msgspec.field(name="except", default=())
    source: str


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provider: tuple[_Provider, ...]
    model: tuple[_Model, ...]
    prefix: tuple[_Prefix, ...]


class Hit(msgspec.Struct, frozen=True):
    """A model of the table that a logged name means."""

    row: ModelRow
    since: int = ALWAYS
    """From when on it means that, UTC milliseconds."""
    resold: bool = False
    """Sold by another provider at the standard price; its service tiers' prices do not apply."""
    matched: str = ""
    """In which way it means that, as people read it."""


AS_LISTED = "the very name"
LISTED_TOO = "another name that genai-prices lists it under"
LESS_EXACT = "its date or revision left out, or spelled as listed"


def _spelled(model: str, name: str, row: ModelRow) -> str:
    if name != model.lower():
        return LESS_EXACT
    return AS_LISTED if name == row.model.lower() else LISTED_TOO


class Aliases:
    """How a logged provider and model are found in the table."""

    def __init__(self, table: Table, text: str) -> None:
        data = msgspec.convert(tomllib.loads(text), type=_Data)
        self._table = table
        self._providers = {name: entry for entry in data.provider for name in entry.names}
        self._prefixes = [
            (provider, prefix, entry)
            for entry in data.prefix
            for provider in entry.providers
            for prefix in entry.prefixes
        ]
        self._models: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
        for model in data.model:
            for name in model.names:
                moves = self._models.setdefault((model.provider, name), [])
                moves.append((milliseconds(model.since), model.target, model.source))

    def provider(self, name: str) -> str:
        """The table's name of a provider; the name itself, in lower case, where it has no other."""
        lower = name.lower()
        entry = self._providers.get(lower)
        return lower if entry is None else entry.target

    def find(self, provider: str, model: str) -> tuple[Hit, ...]:
        """What a logged name means, oldest meaning first; empty where it is not known to mean anything."""
        own = self.provider(provider)
        hits = self._listed(own, model) or self._prefixed(own, model.lower()) or self._resold(own, model)
        entry = self._providers.get(provider.lower())
        if entry is None:
            return hits
        words = f"provider alias ({entry.source})"
        return tuple(msgspec.structs.replace(hit, matched=f"{words}, {hit.matched}") for hit in hits)

    def _listed(self, provider: str, model: str) -> tuple[Hit, ...]:
        """Under the provider itself: by equality, else by an alias, for one spelling after the other."""
        for name in spellings(model):
            row = self._table.find(provider, name)
            if row is not None:
                return (Hit(row, matched=_spelled(model, name, row)),)
            moves = sorted(self._models.get((provider, name), ()))
            rows = [(since, self._table.find(provider, target), source) for since, target, source in moves]
            if rows:
                more = "" if name == model.lower() else f", {LESS_EXACT}"
                return tuple(
                    Hit(row, since, matched=f"alias ({source}){more}") for since, row, source in rows if row is not None
                )
        return ()

    def _prefixed(self, provider: str, model: str) -> tuple[Hit, ...]:
        for owner, prefix, entry in self._prefixes:
            rest = model.removeprefix(prefix)
            if owner == provider and model.startswith(prefix) and not rest.startswith(entry.without):
                for target in entry.targets:
                    other, _, start = target.partition("/")
                    hits = self._listed(other, start.replace("{prefix}", prefix) + rest)
                    if hits:
                        words = f"alias ({entry.source})"
                        return tuple(msgspec.structs.replace(hit, matched=f"{words}, {hit.matched}") for hit in hits)
        return ()

    def _resold(self, provider: str, model: str) -> tuple[Hit, ...]:
        for other in self._table.fallbacks.get(provider, ()):
            hits = self._listed(other, model)
            if hits:
                words = f"at {other}'s standard price, by genai-prices' account, {hits[0].matched}"
                return tuple(msgspec.structs.replace(hit, resold=True, matched=words) for hit in hits)
        return ()

    def sellers(self, model: str) -> Iterator[str]:
        """Every provider that lists the model under this name, another spelling of it or an alias."""
        return (p for p in self._table.keys if self._listed(p, model) or self._prefixed(p, model.lower()))


def milliseconds(day: date | None) -> int:
    """Midnight UTC of a day; ALWAYS for none."""
    return ALWAYS if day is None else (day - date(1970, 1, 1)).days * 86_400_000
