"""LingTai's ledgers: the cache inside, the thinking inside or not, and daemons that write twice (formats.md 8)."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.lingtai import CLAUDE, DAEMON, GEMINI, entry
from tests.dialects.samples import Place, event, parse, read, reason
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Event, Names

NAME = "lingtai"
HERE = Place("/home/dev/.lingtai/monk/logs/token_ledger.jsonl")
AT = "2026-09-14T09:00:00Z"


def test_input_holds_the_cache() -> None:
    assert read(NAME, [CLAUDE], HERE) == [
        Event(
            ts=1_789_376_400_000,
            names=Names(
                dialect=NAME,
                integration=NAME,
                provider="anthropic",
                model="claude-sonnet-4-5",
                source_class="agent",
                project="monk",
            ),
            input=200,
            output=300,
            cache_read=1000,
            reasoning=0,
            session="monk",
        )
    ]


def test_only_gemini_counts_thinking_beside_the_output() -> None:
    assert event(NAME, GEMINI).output == 300
    assert event(NAME, DAEMON).output == 20
    assert event(NAME, entry(AT, 1, 5, 9, 0, model="some")).output == 14, "a part larger than the whole is none"


def test_a_daemons_own_ledger_repeats_its_agents() -> None:
    assert read(NAME, [DAEMON], Place("/home/dev/.lingtai/monk/daemons/run-1/logs/token_ledger.jsonl")) == []
    assert read(NAME, [DAEMON], HERE)[0].session == "run-1"


def test_calls_that_look_alike_are_all_counted() -> None:
    assert len(read(NAME, [CLAUDE, CLAUDE], HERE)) == 2


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://user:secret@llm.example.org:8443/v1?key=1", "llm.example.org"),
        ("http://localhost:11434", "localhost"),
        ("nowhere", ""),
        ("http://[", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_the_host_tells_who_bills(endpoint: Any, expected: str) -> None:
    assert event(NAME, CLAUDE | {"endpoint": endpoint}).names.provider == expected


@pytest.mark.parametrize("field", ["input", "output", "thinking", "cached"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, CLAUDE | {field: value}).startswith(f"{field} is ")


def test_a_call_that_used_nothing_is_none() -> None:
    assert parse(NAME, entry(AT, 0, 0, 0, 0)) is None


def test_more_cache_than_input_is_no_negative_input() -> None:
    assert event(NAME, entry(AT, 5, 1, 0, 9)).input == 0


def test_a_ledger_of_others_is_not_claimed() -> None:
    assert recognise({"ts": AT, "input": 5, "output": 6}) is None


def test_the_usual_places() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    assert [str(place.path) for place in dialect.places({}, home)] == ["/home/dev/.lingtai"]
    assert [str(place.path) for place in dialect.places({"LINGTAI_HOME": "/a:/b"}, home)] == ["/a", "/b"]
