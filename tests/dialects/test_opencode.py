"""OpenCode's messages: formats.md 8, and what forks and old versions do to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.opencode import COPY, CREATED, HOUR, NEWEST, PRICED, RUNNING, message, own_id, tokens
from tests.dialects.samples import Json, Place, event, line, parse, read, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import by_name
from tokenmon.events import Event, Names

NAME = "opencode"


def with_tokens(**more: Any) -> Json:
    return PRICED | {"tokens": PRICED["tokens"] | more}


def test_reasoning_stands_beside_the_output() -> None:
    found = event(NAME, PRICED)
    assert found == Event(
        ts=CREATED,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="anthropic",
            model="claude-sonnet-4-5",
            source_class="agent",
            project="/home/dev/orbit",
        ),
        input=100,
        output=250,
        cache_read=3000,
        cache_write_5m=400,
        reasoning=50,
        cost_logged=6_600_000,
        id=found.id,
        attempt=PRICED["id"],
        rewritten=True,
        session="ses_60da5f57bffe",
    )


def test_a_document_on_many_lines_is_read_as_one() -> None:
    assert parse(NAME, json.dumps(PRICED, indent=2).encode() + b"\n") == parse(NAME, PRICED)


@pytest.mark.parametrize("cost", [0, None, -1, "0.5", [], 10**400])
def test_a_cost_of_zero_is_unknown_not_free(cost: Any) -> None:
    assert event(NAME, PRICED | {"cost": cost}).cost_logged is None


def test_a_message_that_has_used_nothing_yet_is_no_call() -> None:
    assert parse(NAME, RUNNING) is None
    assert parse(NAME, PRICED | {"tokens": {}}) is None
    assert parse(NAME, {name: value for name, value in PRICED.items() if name != "tokens"}) is None


def test_a_refused_call_counts_and_one_that_was_stopped_does_not() -> None:
    refused = {"name": "APIError", "data": {"message": "no", "statusCode": 503}}
    found = event(NAME, RUNNING | {"error": refused})
    assert (found.failed, found.status, found.error) == (True, 503, "no")
    newest = event(NAME, RUNNING | {"error": {"type": "api", "message": "no", "statusCode": 503}})
    assert (newest.failed, newest.status, newest.error) == (True, 503, "no")
    assert parse(NAME, RUNNING | {"error": {"name": "MessageAbortedError", "data": {}}}) is None
    stopped = event(NAME, PRICED | {"error": {"type": "aborted", "message": "…"}})
    assert (stopped.failed, stopped.error, stopped.total) == (False, "", 3750)


def test_the_newest_store_names_the_model_in_an_object() -> None:
    found = event(NAME, NEWEST)
    assert (found.names.provider, found.names.model, found.output) == ("openai", "gpt-5", 50)


@pytest.mark.parametrize("field", ["input", "output", "reasoning"])
@pytest.mark.parametrize("value", ["12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, with_tokens(**{field: value})).startswith(f"tokens.{field} is ")


@pytest.mark.parametrize("value", [-1, "12", 1.5])
def test_a_bad_count_of_the_cache_is_named(value: Any) -> None:
    assert reason(NAME, with_tokens(cache={"read": value})).startswith("tokens.cache.read is ")


def test_an_input_below_zero_never_held_the_cache_that_was_taken_off() -> None:
    assert event(NAME, with_tokens(input=-2900)).input == 100
    assert reason(NAME, with_tokens(input=-3001)) == "tokens.input is negative"


def test_a_total_that_is_not_the_sum_is_flagged() -> None:
    assert not event(NAME, PRICED).disagrees
    assert event(NAME, with_tokens(total=3700)).disagrees
    assert not event(NAME, with_tokens(total=None)).disagrees


def test_a_message_without_a_time_is_invalid() -> None:
    assert reason(NAME, PRICED | {"time": {}}) == "time.created is missing"


@pytest.mark.parametrize("after", [0, 1, 900, -900])
def test_an_id_made_with_its_message_is_its_own(after: int) -> None:
    assert not event(NAME, PRICED | {"id": own_id(CREATED + after)}).replay


@pytest.mark.parametrize("after", [2_000, HOUR, 400 * 24 * HOUR, -HOUR])
def test_an_id_made_at_another_time_is_a_copys(after: int) -> None:
    assert event(NAME, PRICED | {"id": own_id(CREATED + after)}).replay


@pytest.mark.parametrize("own", ["msg_1", "", None, 5, "msg_zzzzzzzzzzzz", "evt_0123456789ab"])
def test_an_id_that_tells_no_time_is_its_own(own: Any) -> None:
    assert not event(NAME, PRICED | {"id": own}).replay


def ingested(directory: Path, *records: Json) -> list[tuple[Any, ...]]:
    """What is stored of messages, each a line in a file of its own, in this order."""
    (directory / "logs").mkdir()
    for number, record in enumerate(records):
        (directory / "logs" / f"{number}.jsonl").write_bytes(line(record) + b"\n")
    ingest(directory / "t.db", directory / "logs")
    named = "SELECT input, output, session.name FROM event JOIN session ON session.id = event.session"
    return rows(directory / "t.db", f"{named} ORDER BY input, output")


SECOND_COPY = COPY | {"id": own_id(CREATED + 20 * HOUR), "sessionID": "ses_second"}


@pytest.mark.parametrize("records", [(PRICED, COPY, SECOND_COPY), (SECOND_COPY, COPY, PRICED)])
def test_a_fork_copies_calls_that_stay_with_their_session(tmp_path: Path, records: tuple[Json, ...]) -> None:
    assert ingested(tmp_path, *records) == [(100, 250, "ses_60da5f57bffe")]


def test_calls_that_began_at_once_are_two(tmp_path: Path) -> None:
    beside = PRICED | {"id": own_id(CREATED, "aaaaaaaaaaaaaa", counter=2), "sessionID": "ses_beside"}
    assert len(ingested(tmp_path, PRICED, beside)) == 2


@pytest.mark.parametrize("turned", [False, True])
def test_a_message_that_is_written_again_counts_once(tmp_path: Path, turned: bool) -> None:
    grown = message(CREATED, tokens(100, 900), 0.02)
    records = (grown, message(CREATED, tokens(100, 20), 0.01))
    assert ingested(tmp_path, *(reversed(records) if turned else records)) == [(100, 900, "ses_60da5f57bffe")]


@pytest.mark.parametrize(
    "field", ["error", "path", "model", "parentID", "sessionID", "cost", "mode", "modelID", "finish"]
)
@pytest.mark.parametrize("value", [None, -5, [], "?", 10**400, [{}]])
def test_a_field_that_is_not_needed_never_costs_the_message(field: str, value: Any) -> None:
    assert event(NAME, PRICED | {field: value}).total == 3750


def test_kilos_messages_are_told_by_their_directory() -> None:
    (found,) = read(NAME, [PRICED], Place("/home/dev/.local/share/kilo/storage/message/ses_1/msg_1.json"))
    assert found.names.integration == "kilo"


def test_the_usual_places() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    data = "/home/dev/.local/share"
    own = [(place.label, str(place.path)) for place in dialect.places({}, home)]
    assert own == [
        ("OpenCode", f"{data}/opencode/storage/message"),
        ("OpenCode", f"{data}/opencode/opencode.db"),
        ("Kilo", f"{data}/kilo/storage/message"),
    ]
    moved = [str(place.path) for place in dialect.places({"XDG_DATA_HOME": "/x"}, home)]
    assert moved == ["/x/opencode/storage/message", "/x/opencode/opencode.db", "/x/kilo/storage/message"]
    several = [str(place.path) for place in dialect.places({"OPENCODE_DATA_DIR": "/a, /b"}, home)]
    assert several[:3:2] == ["/a/storage/message", "/b/storage/message"]
    assert dialect.documents == ("msg_*.json",)
