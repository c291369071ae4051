"""Droid's settings: a running total of each session, formats.md 8."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.droid import ANSWER, FRESH, SETTINGS, START
from tests.dialects.samples import Json, Place, event, parse, read, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Basis, Event, Names

NAME = "droid"
HERE = Place("/home/dev/.factory/sessions/-home-dev-orbit/3c9e.settings.json")


def with_usage(**more: Any) -> Json:
    return SETTINGS | {"tokenUsage": SETTINGS["tokenUsage"] | more}


def test_a_document_tells_the_running_total_of_its_session() -> None:
    (found,) = read(NAME, [json.dumps(SETTINGS, indent=2).encode()], HERE)
    assert found == Event(
        ts=HERE.mtime_ms,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="anthropic",
            model="claude-opus-4-5-20251101",
            source_class="agent",
            project="-home-dev-orbit",
        ),
        input=100,
        output=250,
        cache_read=3000,
        cache_write_5m=400,
        reasoning=50,
        id="3c9e",
        running=True,
        session="3c9e",
        basis=Basis.AGGREGATE,
        untimed=True,
    )


def test_a_session_that_has_used_nothing_yet_is_no_call() -> None:
    assert parse(NAME, FRESH) is None
    assert parse(NAME, SETTINGS | {"tokenUsage": {}}) is None
    assert parse(NAME, SETTINGS | {"tokenUsage": None}) is None


def test_the_transcript_is_known_and_tells_nothing() -> None:
    assert recognise(START) is by_name(NAME)
    assert parse(NAME, START) is None
    assert parse(NAME, ANSWER) is None


def test_a_count_that_is_not_there_is_not_zero() -> None:
    found = event(NAME, {"tokenUsage": {"inputTokens": 5, "outputTokens": 7}})
    assert (found.input, found.output, found.cache_read, found.cache_write_5m, found.reasoning) == (
        5,
        7,
        None,
        None,
        None,
    )


def test_a_provider_that_is_not_named_is_not_guessed() -> None:
    found = event(NAME, {name: value for name, value in SETTINGS.items() if name != "providerLock"})
    assert found.names.provider == ""


@pytest.mark.parametrize(
    "field", ["inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens", "thinkingTokens"]
)
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, with_usage(**{field: value})).startswith(f"tokenUsage.{field} is ")


@pytest.mark.parametrize("field", ["model", "providerLock", "providerLockTimestamp", "assistantActiveTimeMs", "zzz"])
@pytest.mark.parametrize("value", [None, 5, [], {}, 10**400])
def test_a_field_that_is_not_needed_never_costs_the_document(field: str, value: Any) -> None:
    assert event(NAME, SETTINGS | {field: value}).total == 3750


def stored(directory: Path, settings: Json) -> list[tuple[Any, ...]]:
    """What is stored after the session's settings became these."""
    path = directory / "sessions" / "-home-dev-orbit" / "3c9e.settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2))
    ingest(directory / "t.db", directory / "sessions")
    named = "SELECT model, input, output, cache_read, cache_write_5m, reasoning FROM event"
    return rows(directory / "t.db", f"{named} JOIN series ON series.id = event.series ORDER BY event.ts, input")


def test_what_a_session_used_more_is_a_call_to_the_model_in_use(tmp_path: Path) -> None:
    first = ("claude-opus-4-5-20251101", 100, 250, 3000, 400, 50)
    assert stored(tmp_path, SETTINGS) == [first]
    assert stored(tmp_path, SETTINGS | {"assistantActiveTimeMs": 99000}) == [first], "nothing was used meanwhile"
    grown = with_usage(inputTokens=107, outputTokens=220, thinkingTokens=60) | {"model": "gpt-5"}
    second = ("gpt-5", 7, 30, 0, 0, 10)
    assert sorted(stored(tmp_path, grown)) == sorted([first, second])
    assert sorted(stored(tmp_path, FRESH)) == sorted([first, second]), "settings that were reset take nothing back"


def test_settings_of_others_are_not_claimed() -> None:
    assert recognise({"model": "opus", "permissions": {}}) is None
    assert recognise({"type": "session_start", "id": "x"}) is None


def test_the_usual_places() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    for environment, expected in (
        ({}, ["/home/dev/.factory/sessions"]),
        ({"FACTORY_DIR": "/f"}, ["/f/sessions"]),
        ({"DROID_SESSIONS_DIR": "/a, /b"}, ["/a", "/b"]),
    ):
        assert [str(place.path) for place in dialect.places(environment, home)] == expected
    assert dialect.documents == ("*.settings.json",)
