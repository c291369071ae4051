"""Copilot's telemetry files: the vector, and one call from all the records that tell of it."""

from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.command import price_cache
from tests.dialects.cases.copilot_cli import (
    CACHE_READ,
    CHAT,
    CLI,
    RESPONSE,
    STATE,
    SUMMARY,
    UNNAMED_SUMMARY,
    VECTOR,
    log,
    span,
    usage,
)
from tests.dialects.samples import Json, event, parse, reason
from tests.dialects.shuffling import Call, Lines, calls, scattered
from tokenmon.dialects import found_places, recognise
from tokenmon.dialects.copilot_cli import COPILOT_CLI, places
from tokenmon.events import Basis, Event, Names
from tokenmon.pricing import open_book

NAME = "copilot-cli"
INFERENCE = "gen_ai.client.inference.operation.details"


def with_(**more: Any) -> Json:
    """The vector with other attributes; two underscores are a dot."""
    return {**VECTOR, "attributes": VECTOR["attributes"] | {key.replace("__", "."): more[key] for key in more}}


def test_the_vector() -> None:
    expected = Event(
        ts=1_789_376_405_000,
        names=Names(dialect=NAME, integration=NAME, provider="github-copilot", model="gpt-5", source_class="agent"),
        input=200,
        output=300,
        cache_read=1000,
        reasoning=120,
        id="resp-1",
        rewritten=True,
        has_speed=True,
        session="cp-1",
        request_id="resp-1",
        latency_ms=5000,
    )
    assert event(NAME, VECTOR) == expected
    assert open_book(None, price_cache()).price(expected) == (3_375_000, "openai/gpt-5")


def test_a_provider_of_ones_own_is_kept() -> None:
    assert event(NAME, with_(gen_ai__provider__name="anthropic")).names.provider == "anthropic"
    assert event(NAME, with_(gen_ai__provider__name="github")).names.provider == "github-copilot"


def test_an_ai_credit_is_a_cent_and_a_premium_request_is_no_money() -> None:
    assert event(NAME, with_(github__copilot__nano_aiu=1_830_000_000)).cost_logged == 18_300_000
    assert event(NAME, with_(github__copilot__nano_aiu=0, github__copilot__cost=1)).cost_logged is None


ONE_CALL = [
    VECTOR,
    log(INFERENCE, {**usage("gpt-5", 1200, 300), "gen_ai.operation.name": "chat", RESPONSE: "resp-1"}, at=5),
    log("copilot_chat.agent.turn", {"turn.index": 0, **usage("gpt-5", 1200, 300)}, trace="t1"),
    SUMMARY,
    UNNAMED_SUMMARY,
]


@pytest.mark.parametrize("first", range(5))
def test_a_call_counts_once_whatever_tells_of_it_first(first: int) -> None:
    for rest in permutations(ONE_CALL[:first] + ONE_CALL[first + 1 :], 2):
        files = [[ONE_CALL[first]], [*rest], [each for each in ONE_CALL if each not in rest]]
        assert calls(files) == [("gpt-5", 200, 300, 1000, 0, 120, 0)]


@pytest.mark.parametrize(
    ("those", "input", "cached"), [((0, 3), 200, 1000), ((1, 3), 1200, 0), ((3, 4), 200, 1000), ((1, 2), 1200, 0)]
)
def test_a_call_counts_once_whatever_is_missing(those: tuple[int, ...], input: int, cached: int) -> None:
    found = calls([[ONE_CALL[each] for each in those]])
    assert [(call[1], call[3]) for call in found] == [(input, cached)]


def test_a_sum_of_several_rounds_and_one_without_an_id_never_count() -> None:
    assert parse(NAME, CLI[-1]) is None
    assert parse(NAME, UNNAMED_SUMMARY) is None


def test_a_sum_of_one_round_says_that_it_is_a_sum() -> None:
    found = event(NAME, SUMMARY)
    assert found.replay
    assert found.basis == Basis.AGGREGATE


def test_a_call_without_a_response_id_is_known_by_its_span() -> None:
    attributes = {key: value for key, value in VECTOR["attributes"].items() if key != RESPONSE}
    assert event(NAME, {**VECTOR, "attributes": attributes}).id == "t1:s1"
    moved = {key: value for key, value in VECTOR.items() if key not in ("traceId", "spanId")}
    context = {"_spanContext": {"traceId": "t1", "spanId": "s1"}}
    assert event(NAME, {**moved, **context, "attributes": attributes}).id == "t1:s1"


def test_a_chat_that_only_its_name_tells() -> None:
    attributes = {key: value for key, value in VECTOR["attributes"].items() if key != "gen_ai.operation.name"}
    assert event(NAME, {**VECTOR, "attributes": attributes}).input == 200
    assert parse(NAME, {**VECTOR, "attributes": attributes, "name": "execute_tool"}) is None


def test_a_failed_call() -> None:
    found = event(NAME, {**VECTOR, "status": {"code": 2, "message": "too many requests"}})
    assert (found.failed, found.error) == (True, "too many requests")
    assert event(NAME, with_(error__type="RateLimitError")).is_error


def test_the_time_to_the_first_token() -> None:
    assert event(NAME, CHAT[2]).ttft_ms == 640
    assert event(NAME, with_(gen_ai__response__time_to_first_chunk=0.5)).ttft_ms == 500


@pytest.mark.parametrize("moment", [None, "soon", [], [1], ["1", 0], [True, None], [-5, 0], {}])
def test_a_time_that_is_none_is_the_files(moment: Any) -> None:
    found = event(NAME, {**VECTOR, "startTime": moment, "endTime": moment})
    assert found.untimed
    assert found.latency_ms is None


@pytest.mark.parametrize("moment", [[5, 0], [10**300, 10**300], [4_200_000_000, 0]])
def test_a_time_that_cannot_be_is_invalid(moment: Any) -> None:
    assert "endTime" in reason(NAME, {**VECTOR, "endTime": moment})


@pytest.mark.parametrize("wrong", ["many", -1, 1.5, [], {}])
def test_a_wrong_count_is_invalid(wrong: Any) -> None:
    assert CACHE_READ in reason(NAME, {**VECTOR, "attributes": {**VECTOR["attributes"], CACHE_READ: wrong}})


def test_a_sessions_state_is_known_and_never_counts() -> None:
    for record in STATE:
        assert recognise(record) is COPILOT_CLI
        assert parse(NAME, record) is None


# -- order

SCATTERED = [*ONE_CALL, *CLI, *CHAT, span("chat", "t9:01", usage("gpt-5", 10, 1))]


@cache
def in_one_file() -> list[Call]:
    return calls([SCATTERED])


@settings(max_examples=10, deadline=None)
@given(files=scattered(SCATTERED))
def test_order_copies_files_and_restarts_do_not_matter(files: list[Lines]) -> None:
    found = calls(files)
    assert found == in_one_file()
    assert len(found) == 6


# -- places


def test_where_its_files_are(tmp_path: Path) -> None:
    file = tmp_path / "copilot.jsonl"
    file.touch()
    environment = {"COPILOT_HOME": str(tmp_path / "c"), "COPILOT_OTEL_FILE_EXPORTER_PATH": str(file)}
    assert [place.path for place in places(environment, tmp_path)] == [tmp_path / "c" / "otel", file]
    assert [place.path for place in places({}, tmp_path)] == [tmp_path / ".copilot" / "otel"]
    assert file in [place.path for place in found_places(environment, tmp_path)]
