"""DeepSeek Harness's logs: drafts and answers, forks and versions (formats.md 8)."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.deepseek_harness import BEGUN, NINE, REQUEST, answer, chunk, happened, header, usage
from tests.dialects.samples import Json, Place, event, line, parse, read, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Event, Names

NAME = "deepseek-harness"


def test_an_answer_tells_what_its_call_used() -> None:
    (found,) = read(NAME, [header("s"), answer(4, 2, usage(168, 25, 2816, 22))])
    assert found == Event(
        ts=NINE + 4000,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="deepseek",
            model="deepseek-v4-pro",
            source_class="agent",
            project="/home/dev/orbit",
        ),
        input=168,
        output=25,
        cache_read=2816,
        reasoning=22,
        id="s:1:2",
        rewritten=True,
        session="s",
    )


def ingested(directory: Path, *logs: tuple[Json, ...]) -> list[tuple[Any, ...]]:
    for number, records in enumerate(logs):
        path = directory / "logs" / str(number) / "session.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(line(record) + b"\n" for record in records))
    ingest(directory / "t.db", directory / "logs")
    return rows(directory / "t.db", "SELECT input, output FROM event ORDER BY ts")


@pytest.mark.parametrize("draft", [usage(5, 1), usage(5, 9)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_answer_counts_and_its_draft_gives_way(tmp_path: Path, draft: Json, turned: bool) -> None:
    told = (chunk(0, 1, draft), answer(1, 1, usage(5, 7)))
    assert ingested(tmp_path, (header("s"), *(reversed(told) if turned else told))) == [(5, 7)]


def test_a_draft_without_an_answer_counts(tmp_path: Path) -> None:
    assert ingested(tmp_path, (header("s"), chunk(0, 1, usage(5, 6)), chunk(1, 2, usage(8, 9)))) == [(5, 6), (8, 9)]


def test_what_a_fork_copied_is_its_parents() -> None:
    fork = header("f", parentSession="s", seedLength=5)
    assert [each.total for each in read(NAME, [fork, *BEGUN, answer(5, 3, usage(1, 2))])] == [3]
    assert len(read(NAME, [header("f", seedLength=5), *BEGUN])) == 3, "without a parent nothing was copied"


def test_equal_steps_of_two_sessions_are_two_calls(tmp_path: Path) -> None:
    assert (
        len(ingested(tmp_path, (header("a"), answer(0, 1, usage(5, 7))), (header("b"), answer(0, 1, usage(5, 7))))) == 2
    )


@pytest.mark.parametrize("version", [1, None, "0"])
def test_another_version_is_not_read(version: Any) -> None:
    assert read(NAME, [header("s", version=version), *BEGUN]) == []


@pytest.mark.parametrize("later", [{"version": 1}, {"id": "x"}, {"parentSession": "p", "seedLength": 9}])
def test_only_the_first_header_tells_what_a_log_is(later: Json) -> None:
    known = read(NAME, [header("s"), *BEGUN])
    assert read(NAME, [header("s"), header("s") | later, *BEGUN]) == known


def test_a_chunk_has_the_model_that_was_asked_and_an_answer_its_own() -> None:
    asked, answered = read(NAME, [header("s"), REQUEST, chunk(2, 1, usage(1, 1)), answer(3, 2, usage(1, 1))])
    assert (asked.names.model, answered.names.model) == ("deepseek-v4-flash", "deepseek-v4-pro")
    assert (asked.names.provider, answered.names.provider) == ("deepseek", "deepseek")


def test_other_routes_stand_for_themselves() -> None:
    route = happened("request/header", 1, header={"config": {"provider": "OpenRouter", "model": "x"}})
    assert read(NAME, [header("s"), route, chunk(2, 1, usage(1, 1))])[0].names.provider == "openrouter"


def test_an_event_without_a_turn_is_of_the_last_one() -> None:
    late = chunk(3, 1, usage(1, 1))
    late["data"].pop("turn")
    assert read(NAME, [header("s"), happened("turn/start", 0, turn=4), late])[0].id == "s:4:1"


@pytest.mark.parametrize("used", [None, {}, [], usage(0, 0), "?"])
def test_an_event_without_usage_is_no_call(used: Any) -> None:
    assert parse(NAME, answer(0, 1, used)) is None
    assert parse(NAME, chunk(0, 1, used)) is None


@pytest.mark.parametrize("field", ["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, answer(0, 1, usage(1, 1) | {field: value})).startswith(f"usage.{field} is ")


def test_without_a_header_or_a_time_the_place_and_the_file_stand_in() -> None:
    bare = {name: value for name, value in answer(0, 1, usage(1, 1)).items() if name != "time"}
    found = event(NAME, bare)
    assert (found.id, found.rewritten, found.ts, found.untimed) == ("", False, Place().mtime_ms, True)


def test_events_of_others_are_not_claimed() -> None:
    assert recognise({"type": "turn/start", "data": {}}) is None
    assert recognise({"type": "session", "id": "x", "createdAt": 5}) is None


def test_the_usual_place() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    assert [str(place.path) for place in dialect.places({}, home)] == ["/home/dev/.dsh/sessions"]
    assert [str(place.path) for place in dialect.places({"DSH_HOME": "/d"}, home)] == ["/d/sessions"]
