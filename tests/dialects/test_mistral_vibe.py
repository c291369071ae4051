"""Mistral Vibe's sessions: running totals, and sessions that carry them on (formats.md 8)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.mistral_vibe import ANSWER, COMPACTED, EMPTY, FIRST, NEWER, meta
from tests.dialects.samples import Place, event, parse, reason
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Basis, Event, Names

NAME = "mistral-vibe"


def test_a_document_tells_the_running_total_of_its_session() -> None:
    assert parse(NAME, json.dumps(FIRST, indent=2).encode()) == Event(
        ts=1_789_376_400_250,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="mistral",
            model="devstral-small-latest",
            source_class="agent",
            project="/home/dev/orbit",
        ),
        input=1000,
        output=200,
        cost_logged=1_200_000,
        id="7d2a",
        running=True,
        session="7d2a",
        basis=Basis.AGGREGATE,
    )


def test_prompts_hold_the_cache_that_newer_versions_tell() -> None:
    found = event(NAME, NEWER)
    assert (found.input, found.cache_read, found.names.model) == (200, 1000, "mistral-medium-3.5")


def test_a_session_that_carries_totals_on_is_not_counted_again() -> None:
    assert parse(NAME, COMPACTED) is None
    assert isinstance(parse(NAME, COMPACTED | {"parent_session_id": None}), Event)


def test_a_session_that_has_used_nothing_yet_is_no_call() -> None:
    assert parse(NAME, EMPTY) is None
    assert parse(NAME, FIRST | {"stats": None}) is None


def test_messages_are_known_and_tell_nothing() -> None:
    assert recognise(ANSWER) is by_name(NAME)
    assert parse(NAME, ANSWER) is None


@pytest.mark.parametrize("cost", [0, None, -1, "1", 10**400])
def test_a_cost_of_zero_is_unknown_not_free(cost: Any) -> None:
    assert event(NAME, meta("x", 1, 1, stats={"session_cost": cost})).cost_logged is None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"active_model": "local"}, ("", "local")),
        ({"active_model": "a", "models": [{"name": "a", "provider": "llamacpp"}]}, ("llamacpp", "a")),
        ({"active_model": "a", "models": [None, 5, {"alias": []}, {"alias": "b"}]}, ("", "a")),
        ({"active_model": 5, "models": "?"}, ("", "")),
        ({}, ("", "")),
        (None, ("", "")),
    ],
)
def test_the_configuration_names_the_model(config: Any, expected: tuple[str, str]) -> None:
    found = event(NAME, FIRST | {"config": config})
    assert (found.names.provider, found.names.model) == expected


def test_a_session_that_has_not_ended_has_the_time_of_its_start_else_its_documents() -> None:
    assert event(NAME, FIRST | {"end_time": None}).ts == 1_789_372_800_000
    found = event(NAME, FIRST | {"end_time": None, "start_time": None})
    assert (found.ts, found.untimed) == (Place().mtime_ms, True)


def test_a_session_without_an_id_is_invalid() -> None:
    assert reason(NAME, FIRST | {"session_id": ""}) == "session_id is missing"


@pytest.mark.parametrize("field", ["session_prompt_tokens", "session_completion_tokens", "session_cached_tokens"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, meta("x", 1, 1, stats={field: value})).startswith(f"stats.{field} is ")


def test_the_usual_place() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    assert [str(place.path) for place in dialect.places({}, home)] == ["/home/dev/.vibe/logs/session"]
    assert [str(place.path) for place in dialect.places({"VIBE_HOME": "/v"}, home)] == ["/v/logs/session"]
    assert dialect.documents == ("meta.json",)
