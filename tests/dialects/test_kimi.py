"""Kimi's wires, old and new: the vectors and the traps of formats.md 5."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.kimi import (
    CASE,
    FORKS,
    NEW,
    NEW_HEADER,
    OF_SUBAGENT,
    OLD,
    SECOND,
    VECTOR,
    repeated,
    request,
    status,
    usage,
    wire,
)
from tests.dialects.samples import Place, event, line, parse, read, reader, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects.kimi import places
from tokenmon.events import Event, Names

NAME = "kimi"
OLD_PLACE = Place("/home/dev/.kimi/sessions/9e107d9d372bb6826bd81d3542a419d6/k-1/wire.jsonl")
NEW_PLACE = Place("/home/dev/.kimi-code/sessions/wd_weather-map_0123456789ab/session_n-1/agents/main/wire.jsonl")


def test_the_vector() -> None:
    assert read(NAME, [VECTOR], OLD_PLACE) == [
        Event(
            ts=1_789_376_400_500,
            names=Names(
                dialect=NAME,
                integration=NAME,
                provider="moonshotai",
                model="kimi-for-coding",
                source_class="agent",
                project="9e107d9d372bb6826bd81d3542a419d6",
            ),
            input=100,
            output=40,
            cache_read=2500,
            cache_write_5m=10,
            id="km1",
            session="k-1",
            assumed=True,
        )
    ]


@pytest.mark.parametrize("nothing", [None, {}, [], "5", {"output": None}, {"total": 5}])
def test_a_status_without_usage_is_no_call(nothing: Any) -> None:
    assert parse(NAME, wire("StatusUpdate", 1, token_usage=nothing)) is None


def test_only_a_status_tells_a_call() -> None:
    assert parse(NAME, wire("TurnBegin", 1, token_usage={"output": 5})) is None


def test_a_count_that_cannot_be_billed_costs_the_line() -> None:
    assert reason(NAME, status("km9", 1, -1, 5)) == "token_usage.input_other is negative"
    assert reason(NAME, usage(1, 5, True)) == "usage.output is not a whole number"


def test_a_subagents_call_is_read_from_its_own_file_where_it_has_one() -> None:
    assert parse(NAME, repeated(OF_SUBAGENT, 1, "a1")) is None
    assert event(NAME, repeated(OF_SUBAGENT, 1, None)).id == "km3"


def test_a_subagents_file_belongs_to_the_session() -> None:
    place = Place(OLD_PLACE.path.replace("wire.jsonl", "subagents/a1/wire.jsonl"))
    assert [each.session for each in read(NAME, [OF_SUBAGENT], place)] == ["k-1"]


def test_a_call_without_an_id_is_known_by_its_place() -> None:
    assert event(NAME, status(None, 1, 5, 5)).id == ""


def test_the_request_before_it_names_the_model_and_who_bills() -> None:
    first, second = read(NAME, [each for each in NEW if isinstance(each, dict)], NEW_PLACE)
    assert (first.names.provider, first.names.model, first.names.requested_model) == (
        "moonshotai",
        "kimi-k2.6",
        "kimi-code/fast",
    )
    assert (second.names.provider, second.names.model, second.names.requested_model) == (
        "anthropic",
        "claude-sonnet-4-5",
        "work",
    )
    assert (first.input, first.output, first.cache_read, first.cache_write_5m) == (120, 50, 3000, 20)
    assert (first.ts, first.session, first.names.project, first.assumed) == (
        1_789_376_504_000,
        "session_n-1",
        "weather-map",
        False,
    )


def test_a_usage_of_another_model_than_the_request_keeps_its_own() -> None:
    (found,) = read(NAME, [NEW_HEADER, request(1), usage(2, 5, 5, alias="else")], NEW_PLACE)
    assert (found.names.model, found.names.provider) == ("else", "moonshotai")


def test_a_usage_without_any_request_names_what_it_can() -> None:
    (found,) = read(NAME, [usage(2, 5, 5)], NEW_PLACE)
    assert (found.names.model, found.names.requested_model) == ("kimi-code/fast", "")


def test_a_reader_that_goes_on_knows_the_request_and_the_count() -> None:
    first = reader(NAME, NEW_PLACE)
    for record in NEW[:4]:
        first.parse(line(record))
    second = reader(NAME, NEW_PLACE, first.state())
    second.parse(line(NEW[4]))
    found = second.parse(line(NEW[6]))
    assert isinstance(found, Event)
    assert (found.names.model, found.id) == ("claude-sonnet-4-5", "1789376500000:main:1")


@pytest.mark.parametrize("header", [{"protocol_version": "2.0"}, {"app_version": "9"}])
def test_a_file_that_a_new_version_wrote_anew_holds_the_same_calls(header: dict[str, Any]) -> None:
    old = read(NAME, [NEW_HEADER, request(1), usage(4, 1, 1)], NEW_PLACE)
    new = read(NAME, [NEW_HEADER | header, {"type": "config.update"}, request(1), usage(4, 1, 1)], NEW_PLACE)
    assert old == new


def test_equal_calls_of_two_agents_at_one_moment_are_two() -> None:
    other = Place(NEW_PLACE.path.replace("main", "agent-1"))
    records = [NEW_HEADER, request(1), usage(4, 120, 50)]
    (one,), (two,) = read(NAME, records, NEW_PLACE), read(NAME, records, other)
    assert one.ts == two.ts
    assert one.id != two.id


def test_a_fork_adds_only_what_it_did_itself(tmp_path: Path) -> None:
    replace(CASE, files={**CASE.files, **FORKS}).write(tmp_path / "logs")
    ingest(tmp_path / "t.db", tmp_path / "logs")
    ((calls, tokens),) = rows(tmp_path / "t.db", "SELECT count(*), sum(input + output) FROM event")
    own = [(80, 8), (10, 1)]
    assert calls == len(CASE.calls) + len(own)
    assert tokens == sum(call.input + call.output for call in CASE.calls) + sum(map(sum, own))


def test_old_lines_are_read_like_any_others_in_a_place_of_no_meaning() -> None:
    found = read(NAME, [*OLD, SECOND])
    assert {each.session for each in found} == {""}
    assert {each.names.project for each in found} == {""}


def test_the_usual_places() -> None:
    home = Path("/home/dev")
    assert [place.path for place in places({}, home)] == [home / ".kimi/sessions", home / ".kimi-code/sessions"]
    assert places({"KIMI_SHARE_DIR": "/k"}, home)[0].path == Path("/k/sessions")
    assert places({"KIMI_DATA_DIR": "/a, /b"}, home)[1].path == Path("/b/sessions")
    assert places({"KIMI_CODE_HOME": "/c"}, home)[1].path == Path("/c/sessions")
