"""What people type never fails, and finds what starts with their words."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.filling import add_series
from tokenmon.events import Names
from tokenmon.store.schema import SERIES
from tokenmon.store.search import (
    FAR,
    FIELDS,
    MAX_LENGTH,
    MAX_TERMS,
    Term,
    bounds,
    found_among,
    found_in,
    hits,
    match,
    terms,
)

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
def test_fault_113_nothing_that_can_be_typed_is_an_error(index: sqlite3.Connection, text: str) -> None:
    if match(text):
        models(index, text)


@pytest.mark.parametrize("text", ["", "   ", '"', "*", "---", '""', "^ ( )", "\0", "\ud800"])
def test_fault_114_without_a_usable_word_there_is_no_filter(text: str) -> None:
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
    assert match("NOT (model:gpt)") == '"NOT"* "(model:gpt)"*'


def test_a_field_looks_into_one_name_only(index: sqlite3.Connection) -> None:
    assert models(index, "model:gpt") == {"gpt-4o", "gpt-4o-mini", "ft:gpt-4o:x"}
    assert models(index, "Model:gpt mini") == {"gpt-4o-mini"}
    assert models(index, "key_name:gpt") == set()
    assert models(index, 'model:"gpt 4o" key:"prod api"') == {"gpt-4o", "gpt-4o-mini", "ft:gpt-4o:x"}
    assert models(index, "key:prod model:cafe") == {"Café-Modèle"}
    assert models(index, "project:prod") == set()


def test_an_unknown_field_is_a_word(index: sqlite3.Connection) -> None:
    assert models(index, "ft:gpt-4o") == {"ft:gpt-4o:x"}
    assert terms("http://x cost:abc status:maybe latency:5min") == tuple(
        Term(word) for word in ("http://x", "cost:abc", "status:maybe", "latency:5min")
    )


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["", '"', '""'])
def test_a_field_without_a_value_asks_for_nothing_yet(field: str, value: str) -> None:
    assert terms(f"{field}:{value}") == ()
    assert terms(f"a {field}:{value} b") == (Term("a"), Term("b")) or value == '"'


@pytest.mark.parametrize("text", ["cost:>", "cost:>=", "cost:<$", "cost:=", "cost:.", "tokens:<=", "status:>"])
def test_a_comparison_without_a_number_asks_for_nothing_yet(text: str) -> None:
    assert terms(text) == ()


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("cost", ">0.5", (500_000_001, FAR)),
        ("cost", ">=$0.5", (500_000_000, FAR)),
        ("cost", "<2", (-FAR, 1_999_999_999)),
        ("cost", "<=2.", (-FAR, 2_000_000_000)),
        ("cost", "=0.1", (100_000_000, 100_000_000)),
        ("cost", ".25", (250_000_000, 250_000_000)),
        ("cost", "99999999999999", (FAR, FAR)),
        ("tokens", ">1.5k", (1_501, FAR)),
        ("tokens", "<1M", (-FAR, 999_999)),
        ("latency", ">=2s", (2_000, FAR)),
        ("latency", "<150ms", (-FAR, 149)),
        ("status", "429", (429, 429)),
        ("status", "4", (400, 499)),
        ("status", "42", (420, 429)),
        ("status", "5xx", (500, 599)),
        ("status", ">=400", (400, FAR)),
        ("status", "failed", None),
        ("tokens", "5$", None),
        ("cost", "1k", None),
        ("cost", "--1", None),
    ],
)
def test_comparisons_are_whole_numbers_of_the_smallest_unit(
    field: str, text: str, expected: tuple[int, int] | None
) -> None:
    assert bounds(field, text) == expected


def test_fields_that_only_events_know_ask_nothing_of_names() -> None:
    assert match("status:failed cost:>1 tokens:5 latency:1s session:x source:y gpt") == '"gpt"*'
    assert match("status:failed") == ""


def test_fault_115_a_pasted_megabyte_becomes_a_few_short_terms() -> None:
    assert len(terms("word " * 200_000)) == MAX_TERMS
    (term,) = terms("x" * 1_000_000)
    assert len(term.text) == MAX_LENGTH


def test_a_term_knows_its_field() -> None:
    assert terms('one "two three" model:four project:"five six"') == (
        Term("one"),
        Term("two three", whole=True),
        Term("four", field="model"),
        Term("five six", whole=True, field="project"),
    )


words = st.text(alphabet="abAB4éÉüßñ数据Ωω-_./:@ ", max_size=12)
names = st.builds(
    lambda model, key_name, project: Names(model=model, key_name=key_name, project=project), words, words, words
)
asked = st.lists(
    st.tuples(
        st.sampled_from(["", "", "model:", "key:", "project:", "host:"]),
        st.one_of(words.map(lambda text: text.replace(" ", "")), words.map(lambda text: f'"{text}"')),
    ).map("".join),
    max_size=3,
).map(" ".join)


@settings(max_examples=500, deadline=None)
@given(st.lists(names, min_size=1, max_size=6, unique=True), asked)
def test_with_and_without_the_index_the_same_is_found(stored: list[Names], text: str) -> None:
    if not match(text):
        return
    db = sqlite3.connect(":memory:")
    db.executescript(SERIES)
    for name in stored:
        add_series(db, **name._asdict())
    found = {i for (i,) in db.execute("SELECT rowid FROM series_fts WHERE series_fts MATCH ?", (match(text),))}
    db.close()
    assert found == {i for i, name in enumerate(stored, 1) if found_in(text, name)}


@settings(max_examples=1000)
@given(st.one_of(hostile, st.text(max_size=40)), st.one_of(hostile, st.text(max_size=40)), st.sampled_from(FIELDS))
def test_hits_are_spans_of_the_text_in_order(text: str, search: str, field: str) -> None:
    for column in ("", field, "unheard of"):
        spans = [place for span in hits(text, search, column) for place in span]
        assert spans == sorted(set(spans))
        assert all(0 <= place <= len(text) for place in spans)


def marked(text: str, search: str, field: str = "") -> str:
    for start, end in reversed(hits(text, search, field)):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def test_hits_are_the_beginnings_of_words() -> None:
    assert marked("claude-opus-4-5", "opus CL") == "[cl]aude-[opus]-4-5"
    assert marked("Café-Modèle", "cafe mod") == "[Café]-[Mod]èle"
    assert marked("cafe\u0301-x", "café") == "[cafe\u0301]-x"
    assert marked("octopus", "opus") == "octopus"
    assert marked("gpt gpt-4o", "gpt-4") == "gpt [gpt-4]o"
    assert marked("gpt-4o gpt-4", '"gpt 4"') == "gpt-4o [gpt-4]"
    assert marked("anthropic", "anth anthro") == "[anthro]pic"


def test_hits_keep_to_their_fields() -> None:
    assert marked("gpt", "model:gpt", "model") == "[gpt]"
    assert marked("gpt", "model:gpt", "project") == "gpt"
    assert marked("gpt", "model:gpt") == "[gpt]"
    assert marked("ci", "key:ci", "key_name") == marked("ci", "key_id:ci", "key") == "[ci]"
    assert marked("429", "status:4", "status") == marked("429", "status:>400", "status") == "[429]"
    assert marked("failed", "status:f", "status") == "[failed]"
    assert marked("200", "status:4", "status") == "200"
    assert marked("429", "429", "status") == "429"
    assert marked("abc-1", "session:abc", "session") == "[abc]-1"
    assert marked("/logs/a/Logs.jsonl", "source:logs", "source") == "/[logs]/a/[Logs].jsonl"
    assert marked("$0.51", "cost:>0.5", "cost") == "$0.51"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", True),
        ("miss usage", True),
        ('"is missing"', True),
        ("issing", False),
        ("missing gpt", False),
        ("model:missing", True),
        ("status:500", True),
    ],
)
def test_texts_of_no_call_are_searched_with_the_same_words(search: str, found: bool) -> None:
    assert found_among(("/logs/usage.jsonl", "model is missing"), search) is found
