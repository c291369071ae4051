"""What people type never fails, and finds what starts with their words."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.filling import add_series
from tokenmon.store.schema import SERIES
from tokenmon.store.search import MAX_LENGTH, MAX_TERMS, Term, found_in, match, terms

hostile = st.text(alphabet=st.sampled_from('ab4 "*()^:-+{}.,\\\0\n\x1b\ud800é数AND NEAR OR NOT'), max_size=40)


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    db.executescript(SERIES)
    for model in ("gpt-4o", "gpt-4o-mini", "gemini-3-pro", "claude-opus-4-5@20251101", "Café-Modèle", "ft:gpt-4o:x"):
        add_series(db, model=model, key_name="prod api")
    yield db
    db.close()


def models(db: sqlite3.Connection, text: str) -> set[str]:
    statement = "SELECT model FROM series WHERE id IN (SELECT rowid FROM series_fts WHERE series_fts MATCH ?)"
    return {model for (model,) in db.execute(statement, (match(text),))}


@settings(max_examples=2000)
@given(st.one_of(hostile, st.text(max_size=40)))
def test_nothing_that_can_be_typed_is_an_error(index: sqlite3.Connection, text: str) -> None:
    if match(text):
        models(index, text)


@pytest.mark.parametrize("text", ["", "   ", '"', "*", "---", '""', "^ ( )", "\0", "\ud800"])
def test_without_a_usable_word_there_is_no_filter(text: str) -> None:
    assert match(text) == ""


def test_words_are_prefixes_and_all_of_them_must_be_found(index: sqlite3.Connection) -> None:
    assert models(index, "gpt mini") == {"gpt-4o-mini"}
    assert models(index, "4o") == {"gpt-4o", "gpt-4o-mini", "ft:gpt-4o:x"}
    assert models(index, "mini") == {"gpt-4o-mini"}
    assert models(index, "pro api") >= {"gemini-3-pro", "gpt-4o"}
    assert models(index, "cafe mod") == {"Café-Modèle"}
    assert models(index, "opus-4-5@2025") == {"claude-opus-4-5@20251101"}


def test_a_closed_quote_asks_for_whole_words_in_a_row(index: sqlite3.Connection) -> None:
    assert models(index, '"gpt 4o"') == {"gpt-4o", "gpt-4o-mini", "ft:gpt-4o:x"}
    assert models(index, '"gpt 4"') == set()
    assert models(index, '"gpt 4') == {"gpt-4o", "gpt-4o-mini", "ft:gpt-4o:x"}


def test_operators_are_words() -> None:
    assert match("a AND b") == '"a"* "AND"* "b"*'
    assert match("model:gpt") == '"model:gpt"*'


def test_a_pasted_megabyte_becomes_a_few_short_terms() -> None:
    assert len(terms("word " * 200_000)) == MAX_TERMS
    (term,) = terms("x" * 1_000_000)
    assert len(term.text) == MAX_LENGTH


def test_a_term_is_ready_for_a_field() -> None:
    assert terms('one "two three"') == (Term("one"), Term("two three", whole=True))


def test_without_the_index_words_are_found_anywhere_in_the_names() -> None:
    assert found_in("PRO gpt", ("gpt-4o", "prod api"))
    assert not found_in("gpt claude", ("gpt-4o", "prod api"))
