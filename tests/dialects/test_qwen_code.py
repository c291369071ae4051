"""Qwen Code's chats: the vector and the traps of formats.md 4."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.gemini_cli import DOCUMENT
from tests.dialects.cases.qwen_code import COPIED, OLD, RESULT, TELEMETRY, THOUGHTFUL, USER, VECTOR, said, usage
from tests.dialects.samples import CLAUDE_OTHERS, Place, event, events_of, parse, read, reason
from tokenmon.dialects import recognise
from tokenmon.dialects.qwen_code import QWEN_CODE, places
from tokenmon.events import Event, Names

NAME = "qwen-code"


def counted(prompt: int, candidates: int, thoughts: int, cached: int, total: int) -> tuple[Any, ...]:
    found = event(NAME, said("q-a4", 50, usage(prompt, candidates, thoughts, cached, total)))
    return (found.input, found.cache_read, found.output, found.reasoning, found.disagrees)


def test_the_vector() -> None:
    assert event(NAME, VECTOR) == Event(
        ts=1_789_376_404_000,
        names=Names(dialect=NAME, integration=NAME, provider="alibaba", model="qwen3-coder-plus", source_class="agent"),
        input=3000,
        output=400,
        cache_read=1000,
        reasoning=100,
        id="q-a1",
        rewritten=True,
        session="q-1",
    )


def test_the_counts_add_up_to_the_logged_total() -> None:
    assert event(NAME, VECTOR).total == VECTOR["usageMetadata"]["totalTokenCount"]
    assert event(NAME, THOUGHTFUL).total == THOUGHTFUL["usageMetadata"]["totalTokenCount"]


def test_the_total_tells_where_the_thoughts_are() -> None:
    assert counted(600, 50, 30, 100, 680) == (500, 100, 80, 30, False)
    assert counted(600, 50, 30, 100, 650) == (500, 100, 50, 30, False)
    assert counted(600, 50, 80, 100, 650) == (500, 100, 130, 80, True)


def test_the_total_tells_where_the_cache_is() -> None:
    assert counted(600, 50, 0, 100, 750) == (600, 100, 50, 0, False)
    assert counted(600, 50, 30, 100, 780) == (600, 100, 80, 30, False)


def test_without_a_total_the_words_mean_what_gemini_means() -> None:
    assert counted(600, 50, 30, 100, 0) == (500, 100, 80, 30, False)


def test_a_branch_copies_calls_under_another_session_and_gives_way() -> None:
    original, copy = read(NAME, [VECTOR, VECTOR | COPIED])
    assert (original.id, original.ts) == (copy.id, copy.ts)
    assert (original.replay, copy.replay) == (False, True)
    assert (original.session, copy.session) == ("q-1", "q-2")


@pytest.mark.parametrize("record", [USER, TELEMETRY, RESULT], ids=["user", "telemetry", "tool result"])
def test_only_answers_are_calls(record: dict[str, Any]) -> None:
    assert parse(NAME, record) is None
    assert parse(NAME, record | {"usageMetadata": VECTOR["usageMetadata"]}) is None


@pytest.mark.parametrize("nothing", [None, {}, [], "5", {"promptTokenCount": None}, {"unknown": 5}])
def test_an_answer_without_a_recognised_number_is_no_call(nothing: Any) -> None:
    assert parse(NAME, VECTOR | {"usageMetadata": nothing}) is None


def test_a_count_that_cannot_be_billed_costs_the_line() -> None:
    bad = {"promptTokenCount": "4000"}
    assert reason(NAME, VECTOR | {"usageMetadata": bad}) == "usageMetadata.promptTokenCount is not a whole number"


def test_an_answer_without_a_uuid_is_known_by_its_place() -> None:
    found = event(NAME, VECTOR | {"uuid": None})
    assert (found.id, found.rewritten) == ("", False)


def test_a_document_of_the_first_versions() -> None:
    (found,) = events_of(parse(NAME, json.dumps(OLD, indent=2).encode()))
    assert (found.input, found.cache_read, found.output, found.reasoning) == (500, 200, 40, 10)
    assert (found.names.dialect, found.id, found.rewritten, found.session) == (NAME, "q-3:m2", True, "q-3")


def test_its_documents_and_those_of_gemini_cli_are_told_apart() -> None:
    claims = [recognise(record) for record in (OLD, DOCUMENT)]
    assert [dialect.name for dialect in claims if dialect] == [NAME, "gemini-cli"]


def test_it_does_not_claim_what_claude_code_writes() -> None:
    assert not any(QWEN_CODE.matches(record | {"uuid": "u", "parentUuid": None}) for record in CLAUDE_OTHERS)


def test_the_directory_stands_in_for_a_working_directory() -> None:
    place = Place("/home/dev/.qwen/projects/-home-dev-maps/chats/q-1.jsonl")
    (found,) = read(NAME, [VECTOR], place)
    assert found.names.project == "-home-dev-maps"


def test_the_usual_places() -> None:
    home = Path("/home/dev")
    assert [place.path for place in places({}, home)] == [home / ".qwen/projects", home / ".qwen/tmp"]
    assert [place.path for place in places({"QWEN_RUNTIME_DIR": "/q"}, home)] == [Path("/q/projects"), Path("/q/tmp")]
    assert places({"QWEN_DATA_DIR": "/a,/b"}, home)[2].path == Path("/b/projects")
