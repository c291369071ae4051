"""Gemini CLI's chats and headless runs: the vector and the traps of formats.md 3."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.gemini_cli import DOCUMENT, OLD, STATS, STREAM, VECTOR, header, message, tokens, user
from tests.dialects.samples import Json, Place, event, events_of, line, parse, read, reader, reason
from tokenmon.dialects.gemini_cli import places
from tokenmon.events import Basis, Event, Names, Reject

NAME = "gemini-cli"
CHAT = Place("/home/dev/.gemini/tmp/weather-map/chats/session-2026-09-14T09-00-gs1.jsonl")


def counted(input: int, output: int, cached: int, thoughts: int, tool: int, total: int) -> tuple[Any, ...]:
    found = event(NAME, VECTOR | {"tokens": tokens(input, output, cached, thoughts, tool, total)})
    return (found.input, found.cache_read, found.output, found.disagrees)


def test_the_vector() -> None:
    assert read(NAME, [header("gs-1"), VECTOR], CHAT) == [
        Event(
            ts=1_789_376_409_000,
            names=Names(
                dialect=NAME,
                integration=NAME,
                provider="google",
                model="gemini-2.5-pro",
                source_class="agent",
                project="weather-map",
            ),
            input=2000,
            output=350,
            cache_read=3000,
            reasoning=150,
            id="gs-1:gm2",
            rewritten=True,
            session="gs-1",
        )
    ]


def test_the_total_tells_whether_the_input_includes_the_cache() -> None:
    assert counted(5000, 200, 3000, 150, 0, 5350) == (2000, 3000, 350, False)
    assert counted(5000, 200, 3000, 150, 0, 8350) == (5000, 3000, 350, False)


def test_without_a_telling_total_the_input_includes_the_cache_as_the_api_says() -> None:
    assert counted(5000, 200, 3000, 150, 0, 9999) == (2000, 3000, 350, True)
    assert counted(5000, 200, 3000, 150, 0, 0) == (2000, 3000, 350, False)
    assert counted(100, 20, 3000, 0, 0, 120) == (0, 3000, 20, True)


def test_prompts_of_tools_are_input() -> None:
    assert counted(800, 60, 300, 20, 100, 980) == (600, 300, 80, False)


def test_a_cache_that_is_not_told_is_not_zero() -> None:
    assert event(NAME, VECTOR | {"tokens": {"input": 5, "output": 2}}).cache_read is None


@pytest.mark.parametrize("nothing", [None, {}, [], "5", {"input": None}, {"unknown": 5}])
def test_a_message_without_a_recognised_number_is_no_call(nothing: Any) -> None:
    assert parse(NAME, VECTOR | {"tokens": nothing}) is None


def test_a_message_by_the_user_is_no_call_whatever_its_text() -> None:
    assert parse(NAME, user("u1")) is None
    assert parse(NAME, VECTOR | {"type": "user"}) is None


def test_a_count_that_cannot_be_billed_costs_the_message() -> None:
    assert reason(NAME, VECTOR | {"tokens": {"input": -5}}) == "tokens.input is negative"
    assert reason(NAME, VECTOR | {"tokens": {"output": "5"}}) == "tokens.output is not a whole number"


def test_every_writing_of_a_message_is_one_call_and_the_same_id_elsewhere_another() -> None:
    grown = message("gm2", 11, tokens(5000, 260, 3000, 150))
    first, second = read(NAME, [header("gs-1"), VECTOR, grown])
    (other,) = read(NAME, [header("gs-9"), VECTOR])
    assert first.id == second.id != other.id
    assert first.rewritten
    assert second.rewritten


def test_a_document_holds_its_calls_under_the_ids_that_its_lines_would_have() -> None:
    (from_document,) = events_of(parse(NAME, DOCUMENT))
    (from_line,) = read(NAME, [header("gs-2"), OLD])
    assert from_document == from_line
    assert (from_document.input, from_document.output, from_document.session) == (900, 40, "gs-2")


def test_a_document_may_be_spread_over_lines() -> None:
    assert parse(NAME, json.dumps(DOCUMENT, indent=2).encode()) == parse(NAME, DOCUMENT)


def test_a_message_that_cannot_be_read_costs_the_document_only_itself() -> None:
    bad = message("gm8", 30, {"input": -1})
    odd: list[Any] = [None, 5, "x", [], {}, {"type": "gemini"}, bad]
    (good,) = read(NAME, [header("gs-2"), OLD])
    assert parse(NAME, header("gs-2") | {"messages": [*odd, OLD]}) == (Reject("tokens.input is negative"), good)


def test_a_history_written_again_after_a_change_holds_the_same_calls() -> None:
    again: Json = {"$set": {"messages": [user("u1"), VECTOR], "lastUpdated": "2026-09-14T09:00:30.000Z"}}
    first, second = read(NAME, [header("gs-1"), VECTOR, again])
    assert first == second


def test_a_reader_that_goes_on_knows_the_session() -> None:
    first = reader(NAME)
    first.parse(line(header("gs-1")))
    (found,) = events_of(reader(NAME, None, first.state()).parse(line(VECTOR)))
    assert found.session == "gs-1"


def test_a_run_is_one_aggregate_for_each_model_that_it_used() -> None:
    (found,) = events_of(parse(NAME, STATS))
    assert (found.input, found.cache_read, found.output, found.reasoning) == (720, 800, 120, 30)
    assert (found.names.model, found.session, found.basis) == ("gemini-2.5-flash", "gs-4", Basis.AGGREGATE)
    assert (found.untimed, found.id, found.disagrees) == (True, "", False)


def test_a_stream_ends_with_its_sums_whose_rest_is_thoughts() -> None:
    (found,) = read(NAME, STREAM)
    assert (found.input, found.cache_read, found.output, found.reasoning) == (400, 600, 130, None)
    assert (found.ts, found.id, found.session) == (1_789_380_005_000, "gs-5:gemini-2.5-pro", "gs-5")
    assert not found.disagrees


@pytest.mark.parametrize("stats", [None, [], "x", {"models": None}, {"models": {"m": None}}, {"models": {"m": [1]}}])
def test_a_run_without_counts_is_no_call(stats: Any) -> None:
    assert parse(NAME, STATS | {"stats": stats}) is None


def test_the_usual_places() -> None:
    home = Path("/home/dev")
    assert [place.path for place in places({}, home)] == [home / ".gemini" / "tmp"]
    assert [place.path for place in places({"GEMINI_CLI_HOME": "/srv/g"}, home)] == [Path("/srv/g/.gemini/tmp")]
    assert [place.path for place in places({"GEMINI_DATA_DIR": "/a, /b"}, home)] == [Path("/a"), Path("/b")]
