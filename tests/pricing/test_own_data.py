"""Our own data files: every entry has a source and leads to something that the table really has."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.pricing.calls import call
from tokenmon.pricing import PriceBook, aliases, multipliers
from tokenmon.pricing.table import Table, open_table

ALIASES = tomllib.loads(aliases.DATA.read_text("utf-8"))
MULTIPLIERS = tomllib.loads(multipliers.DATA.read_text("utf-8"))


@pytest.fixture(scope="module")
def table(cache: Path) -> Table:
    return open_table(cache)


def test_every_entry_says_who_says_so() -> None:
    entries = [entry for data in (ALIASES, MULTIPLIERS) for kind in data.values() for entry in kind]
    assert len(entries) >= 40
    assert all(len(entry["source"]) >= 20 for entry in entries)


def test_every_tier_and_fee_has_a_date() -> None:
    for entry in (*MULTIPLIERS["tier"], *MULTIPLIERS["search"]):
        assert isinstance(entry.get("from"), date), entry


def test_every_provider_alias_leads_to_a_provider(table: Table) -> None:
    for entry in ALIASES["provider"]:
        assert entry["is"] in table.keys
        assert not set(entry["names"]) & set(table.keys), "a provider of the table needs no alias"


def test_every_model_alias_leads_to_a_priced_model_that_is_not_listed_itself(table: Table) -> None:
    for entry in ALIASES["model"]:
        assert table.find(entry["provider"], entry["is"]), entry
        assert not any(table.find(entry["provider"], name) for name in entry["names"]), entry


def test_every_multiplier_is_for_a_model_of_the_table(book: PriceBook, table: Table) -> None:
    listed = {(row.provider, row.model) for row in table.models}
    for entry in MULTIPLIERS["tier"]:
        for model in entry.get("models", ()):
            assert (entry["provider"], model) in listed
            for tier in entry["tiers"]:
                event = call(model, 1000, 1000, provider=entry["provider"], tier=tier, at="2026-10-01")
                assert book.price(event).cost, (model, tier)
