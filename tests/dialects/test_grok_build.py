"""Grok Build's updates: turns, models, ticks and forks (formats.md 8)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.grok_build import NINE, ONE, PARTIAL, TWO, by_model, turn, update, used
from tests.dialects.samples import Json, Place, event, line, parse, read, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Basis, Event, Names

NAME = "grok-build"
HERE = Place("/home/dev/.grok/sessions/%2Fhome%2Fdev%2Forbit/019e-a/updates.jsonl")


def test_a_turn_is_one_call_for_each_model() -> None:
    (found,) = read(NAME, [ONE], HERE)
    assert found == Event(
        ts=(NINE + 10) * 1000,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="xai",
            model="grok-code",
            source_class="agent",
            project="/home/dev/orbit",
        ),
        input=150,
        output=300,
        cache_read=1000,
        cache_write_5m=50,
        reasoning=120,
        cost_logged=3_375_000,
        id="p-1:grok-code",
        rewritten=True,
        session="019e-a",
        basis=Basis.AGGREGATE,
    )
    assert [each.names.model for each in read(NAME, [TWO])] == ["grok-code", "grok-mini"]


@pytest.mark.parametrize("ticks", [0, -1, None, "5", 10**40, 0.5])
def test_a_cost_that_is_not_told_is_unknown_not_free(ticks: Any) -> None:
    assert event(NAME, turn(NINE, "p", by_model(grok_4=used(1, 1, costUsdTicks=ticks)))).cost_logged is None


@pytest.mark.parametrize("mark", ["costIsPartial", "usageIsIncomplete"])
def test_a_partial_cost_is_no_cost(mark: str) -> None:
    whole = by_model(grok_4=used(1, 1, costUsdTicks=70_000_000))
    assert event(NAME, turn(NINE, "p", whole)).cost_logged == 7_000_000
    assert event(NAME, turn(NINE, "p", whole | {mark: True})).cost_logged is None
    assert event(NAME, PARTIAL).cost_logged is None


@pytest.mark.parametrize("kind", ["subagent", "subagent_fork", "subagent_resume"])
def test_a_sub_agents_session_is_in_the_sums_of_the_one_that_spawned_it(kind: str) -> None:
    summary = json.dumps({"session_kind": kind}, indent=2).encode()
    assert read(NAME, [ONE, TWO], Place(HERE.path, neighbours={"summary.json": summary})) == []


@pytest.mark.parametrize("summary", [b"{}", b'{"session_kind":"fork"}', b'{"session_kind":5}', b"[]", b"torn {", b""])
def test_any_other_session_tells_its_own_turns(summary: bytes) -> None:
    assert len(read(NAME, [ONE, TWO], Place(HERE.path, neighbours={"summary.json": summary}))) == 3


def test_a_sub_agents_directory_is_known_by_its_summary(tmp_path: Path) -> None:
    for session, kind in (("019e-a", "worktree"), ("019e-c", "subagent")):
        directory = tmp_path / "sessions" / "%2Fw" / session
        directory.mkdir(parents=True)
        (directory / "summary.json").write_text(json.dumps({"session_kind": kind}))
        (directory / "updates.jsonl").write_bytes(line(turn(NINE, session, used(5, 5), session)) + b"\n")
    ingest(tmp_path / "t.db", tmp_path / "sessions")
    named = "SELECT session.name FROM event JOIN session ON session.id = event.session"
    assert rows(tmp_path / "t.db", named) == [("019e-a",)]


def test_one_call_is_exact_and_several_are_a_sum() -> None:
    assert event(NAME, turn(NINE, "p", used(1, 1, modelCalls=1))).basis == Basis.EXACT
    assert event(NAME, turn(NINE, "p", used(1, 1, modelCalls=2))).basis == Basis.AGGREGATE


def test_a_model_that_is_not_named_is_the_one_in_use_else_assumed() -> None:
    changed = update(NINE, sessionUpdate="model_changed", model_id="grok-4")
    (found,) = read(NAME, [changed, PARTIAL])
    assert (found.names.model, found.assumed) == ("grok-4", False)
    assert (event(NAME, PARTIAL).names.model, event(NAME, PARTIAL).assumed) == (NAME, True)


def test_a_row_without_counts_still_names_the_model() -> None:
    assert (
        event(NAME, turn(NINE, "p", used(9, 1) | {"modelUsage": {"grok-4.6-build": {}}})).names.model
        == "grok-4.6-build"
    )


@pytest.mark.parametrize("usage", [None, {}, [], "?", used(0, 0), {"modelUsage": {"grok-4": used(0, 0)}}])
def test_a_turn_without_usage_is_no_call(usage: Any) -> None:
    assert parse(NAME, turn(NINE, "p", usage)) is None


def test_more_cache_than_input_is_no_negative_input() -> None:
    assert event(NAME, turn(NINE, "p", used(10, 1, read=40))).input == 0


def test_a_total_that_is_not_the_sum_is_flagged() -> None:
    assert event(NAME, turn(NINE, "p", used(10, 1, totalTokens=12))).disagrees
    assert not event(NAME, ONE).disagrees


@pytest.mark.parametrize("field", ["inputTokens", "outputTokens", "cachedReadTokens", "cacheCreationTokens"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, turn(NINE, "p", used(1, 1) | {field: value})).startswith(f"usage.{field} is ")


def ingested(directory: Path, *records: Json) -> list[tuple[Any, ...]]:
    (directory / "logs").mkdir()
    for number, record in enumerate(records):
        (directory / "logs" / f"{number}.jsonl").write_bytes(line(record) + b"\n")
    ingest(directory / "t.db", directory / "logs")
    named = "SELECT input, session.name FROM event JOIN session ON session.id = event.session"
    return rows(directory / "t.db", f"{named} ORDER BY input")


@pytest.mark.parametrize("turned", [False, True])
def test_a_fork_stamps_its_copies_anew_and_they_give_way(tmp_path: Path, turned: bool) -> None:
    copy = turn(NINE + 10, "p-1", ONE["params"]["update"]["usage"], "019e-fork", NINE + 5000)
    assert ingested(tmp_path, *((copy, ONE) if turned else (ONE, copy))) == [(150, "019e-a")]


@pytest.mark.parametrize("turned", [False, True])
def test_a_turn_that_is_told_again_counts_once_with_the_larger_counts(tmp_path: Path, turned: bool) -> None:
    told = (turn(NINE, "p", used(500, 50)), turn(NINE, "p", used(800, 80)))
    assert ingested(tmp_path, *(reversed(told) if turned else told)) == [(800, "019e-a")]


def test_turns_without_an_id_are_all_counted(tmp_path: Path) -> None:
    one, two = turn(NINE, "", used(5, 5)), turn(NINE, "", used(5, 5)) | {"zzz": 1}
    assert len(ingested(tmp_path, one, two)) == 2


def test_the_agents_time_counts_not_the_stamp() -> None:
    assert event(NAME, turn(NINE, "p", used(1, 1), stamped=NINE + 999)).ts == NINE * 1000
    bare = turn(NINE, "p", used(1, 1))
    bare["params"].pop("_meta")
    assert (event(NAME, bare).ts, event(NAME, bare).untimed) == (NINE * 1000, False)
    bare.pop("timestamp")
    assert (event(NAME, bare).ts, event(NAME, bare).untimed) == (Place().mtime_ms, True)


def test_the_session_is_the_directory_where_no_line_names_it() -> None:
    bare = turn(NINE, "p", used(1, 1))
    bare["params"].pop("sessionId")
    assert read(NAME, [bare], HERE)[0].session == "019e-a"


def test_other_agents_notifications_are_not_claimed() -> None:
    assert recognise({"method": "session/update", "params": {"sessionId": "s"}}) is None


def test_the_usual_place() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    assert [str(place.path) for place in dialect.places({}, Path("/home/dev"))] == ["/home/dev/.grok/sessions"]
    assert [str(place.path) for place in dialect.places({"GROK_HOME": "/g"}, Path("/home/dev"))] == ["/g/sessions"]
