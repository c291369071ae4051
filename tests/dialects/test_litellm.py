"""LiteLLM: the vectors, and what its payloads and rows hide."""

import json
from typing import Any

import pytest

from tests.dialects.cases.litellm import CACHED, FAILED, FAILED_ROW, HASH, PAYLOAD, ROW, SAME_AS_PAYLOAD, UNPRICED
from tests.dialects.samples import Json, Place, event, parse, reason
from tokenmon.dialects import litellm, recognise
from tokenmon.dialects.plain import Nothing, Scene
from tokenmon.events import Event, Names, Reject, identity_of_rewritten

NAME = "litellm"


def identity(found: Event) -> int:
    assert found.rewritten
    return identity_of_rewritten(found.names, found.id, found.attempt)


def test_the_vector_of_a_payload() -> None:
    assert event(NAME, PAYLOAD) == Event(
        ts=1_789_376_403_500,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="anthropic",
            model="claude-sonnet-4-5",
            requested_model="sonnet",
            key_name="team-a",
            user="u1",
            source_class="apikey",
            endpoint="acompletion",
        ),
        input=600,
        output=500,
        cache_read=5000,
        cache_write_5m=1000,
        cost_logged=12_300_000,
        id="chatcmpl-1 1789376400",
        rewritten=True,
        session="sess-1",
        request_id="chatcmpl-1",
        metadata='{"request_tags":["ci"]}',
        latency_ms=3250,
        ttft_ms=750,
        streamed=True,
    )


def test_a_row_says_the_same_in_texts() -> None:
    found = event(NAME, ROW)
    assert (found.input, found.cache_read, found.output, found.cost_logged) == (200, 1000, 300, 3_450_000)
    names = found.names
    assert (names.key_name, names.key_id, names.account, names.user) == (
        "batch-jobs",
        HASH,
        "research",
        "default_user_id",
    )
    assert (found.latency_ms, found.ttft_ms, found.streamed) == (2250, None, None)
    assert found.metadata == '{"request_tags":["nightly"]}'
    assert event(NAME, ROW | {"metadata": json.loads(ROW["metadata"])}) == found


def test_a_payload_and_a_row_of_one_call_are_one_call() -> None:
    assert identity(event(NAME, PAYLOAD)) == identity(event(NAME, SAME_AS_PAYLOAD))


def test_an_export_of_the_table_is_an_array_of_rows() -> None:
    wrong = ROW | {"request_id": "r-3", "prompt_tokens": -1}
    export = json.dumps([ROW, None, {"a": 1}, wrong, FAILED_ROW, [ROW]], indent=1).encode()
    found = parse(NAME, export)
    assert found == (event(NAME, ROW), Reject("prompt_tokens is negative"), event(NAME, FAILED_ROW))
    assert parse(NAME, json.dumps([wrong]).encode()) == (Reject("prompt_tokens is negative"),)
    assert event(NAME, json.dumps(PAYLOAD, indent=1).encode()) == event(NAME, PAYLOAD)


def test_an_id_drawn_again_later_is_another_call() -> None:
    assert identity(event(NAME, PAYLOAD)) != identity(event(NAME, PAYLOAD | {"startTime": 1789376401.25}))


def test_retries_share_a_trace_and_nothing_else() -> None:
    one, two = event(NAME, PAYLOAD), event(NAME, PAYLOAD | {"id": "chatcmpl-2"})
    assert one.session == two.session
    assert identity(one) != identity(two)
    assert event(NAME, {name: value for name, value in PAYLOAD.items() if name != "session_id"}).session == "tr-1"


@pytest.mark.parametrize("hit", [True, "True", "true"])
def test_an_answer_from_its_own_cache_is_a_free_request(hit: Any) -> None:
    found = event(NAME, CACHED | {"cache_hit": hit, "response_cost": 0.0123})
    assert (found.total, found.cost_logged, found.cache_read, found.failed) == (0, 0, None, False)


@pytest.mark.parametrize("miss", [False, None, "False", "", "None", 0])
def test_anything_else_is_billed_whatever_the_provider_cached(miss: Any) -> None:
    assert event(NAME, PAYLOAD | {"cache_hit": miss}).total == 7100


def test_a_failure_is_an_error_with_what_was_charged() -> None:
    found = event(NAME, FAILED)
    assert (found.failed, found.status, found.total, found.cost_logged) == (True, 429, 0, 0)
    assert (found.error, found.keeps_details) == ("litellm.RateLimitError: slow down", True)
    row = event(NAME, FAILED_ROW)
    assert (row.failed, row.status, row.names.model, row.names.provider) == (True, 401, "", "")
    charged = event(NAME, FAILED | {"response_cost": 0.002, "prompt_tokens": 40})
    assert (charged.failed, charged.input, charged.cost_logged) == (True, 40, 2_000_000)


def test_a_cost_of_nothing_for_tokens_is_unknown() -> None:
    assert event(NAME, UNPRICED).cost_logged is None
    assert event(NAME, UNPRICED | {"response_cost": None}).cost_logged is None
    assert event(NAME, UNPRICED | {"response_cost": 0.5}).cost_logged == 500_000_000


@pytest.mark.parametrize("cost", [-0.1, 1e9])
def test_a_cost_that_cannot_be_is_named(cost: float) -> None:
    assert reason(NAME, PAYLOAD | {"response_cost": cost}).startswith("response_cost is ")


@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_count_that_cannot_be_is_named(value: Any) -> None:
    assert reason(NAME, PAYLOAD | {"prompt_tokens": value}).startswith("prompt_tokens is ")


@pytest.mark.parametrize("details", ["usage_object", "response", "additional_usage_values", "text", "responses"])
def test_details_are_found_wherever_versions_put_them(details: str) -> None:
    counts = {"prompt_tokens_details": {"cached_tokens": 5000, "cache_creation_tokens": 1000}}
    places: dict[str, Json] = {
        "usage_object": {"metadata": {"usage_object": counts}},
        "response": {"metadata": {}, "response": {"id": "x", "usage": counts}},
        "additional_usage_values": {"metadata": {"additional_usage_values": counts}},
        "text": {"metadata": "", "response": json.dumps({"usage": counts})},
        "responses": {
            "metadata": {},
            "response": {"usage": {"input_tokens_details": {"cached_tokens": 5000, "cache_write_tokens": 1000}}},
        },
    }
    found = event(NAME, PAYLOAD | places[details])
    assert (found.input, found.cache_read, found.cache_write_5m) == (600, 5000, 1000)


@pytest.mark.parametrize("value", [None, [], 5, "x", "{", '"', "[" * 5000, {"usage_object": "x"}])
def test_metadata_of_any_kind_costs_only_its_details(value: Any) -> None:
    found = event(NAME, PAYLOAD | {"metadata": value, "request_tags": value, "response": value})
    assert (found.input, found.output, found.cache_read, found.metadata) == (6600, 500, None, "")


def test_many_tags_stay_within_what_metadata_may_be() -> None:
    found = event(NAME, PAYLOAD | {"request_tags": ['"' * 300, "\x00" * 300, "é" * 300] * 100})
    assert 0 < len(found.metadata.encode()) <= 4096
    assert len(json.loads(found.metadata)["request_tags"]) > 5


@pytest.mark.parametrize(
    ("key", "kept"), [(HASH, HASH), ("litellm_proxy_master_key", "litellm_proxy_master_key"), ("", "")]
)
def test_what_litellm_keeps_of_a_key_is_kept(key: str, kept: str) -> None:
    assert event(NAME, ROW | {"api_key": key}).names.key_id == kept


@pytest.mark.parametrize("key", ["sk-1234567890abcdefghij", "hunter2", "litellm key of mine"])
def test_a_key_itself_is_never_kept(key: str) -> None:
    found = event(NAME, ROW | {"api_key": key})
    assert found.names.key_id.startswith("key-")
    assert key not in repr(found)


def test_a_call_without_a_time_takes_the_files() -> None:
    untimed = event(NAME, PAYLOAD | {"startTime": None, "endTime": "soon"})
    assert (untimed.untimed, untimed.latency_ms, untimed.id) == (True, None, "chatcmpl-1")
    assert event(NAME, PAYLOAD | {"endTime": None}).ts == 1_789_376_400_250


def test_a_batch_is_told_by_its_call() -> None:
    assert event(NAME, PAYLOAD | {"call_type": "aretrieve_batch"}).names.tier == "batch"
    assert event(NAME, PAYLOAD | {"response": {"service_tier": "flex"}}).names.tier == "flex"


@pytest.mark.parametrize(
    "record",
    [
        {"spend": 5, "request_id": "r"},
        {"prompt_tokens": 5, "completion_tokens": 6},
        {"response_cost": 0.1, "model": "m"},
        {"prompt_tokens": 5, "response_cost": 0.1},
    ],
    ids=str,
)
def test_what_is_not_litellms_is_not_claimed(record: Json) -> None:
    assert recognise(record) is None
    assert parse(NAME, record) is None


def test_a_row_without_any_count_is_no_call() -> None:
    nothing = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens", "metadata"))
    assert parse(NAME, ROW | nothing | {"spend": 0}) is None
    assert event(NAME, ROW | nothing | {"spend": 0.04}).cost_logged == 40_000_000  # an image


class Watched(dict[str, Any]):
    """A record that notes which of its fields are looked at."""

    def __init__(self, record: Json) -> None:
        super().__init__(record)
        self.seen: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.seen.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The field."""
        self.seen.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("record", [PAYLOAD, CACHED, FAILED, UNPRICED, ROW, FAILED_ROW, SAME_AS_PAYLOAD])
def test_every_field_that_is_read_is_decoded(record: Json) -> None:
    whole = Watched({**record, "response": (answer := Watched({"usage": {"prompt_tokens": 5}}))})
    found = litellm.read(whole, Scene(Place(), Nothing()))
    assert answer.seen <= litellm.Answer.__annotations__.keys()
    for name in record:
        other = Watched({field: value for field, value in whole.items() if field != name})
        litellm.read(other, Scene(Place(), Nothing()))
        whole.seen |= other.seen
    assert whole.seen <= litellm.Call.__annotations__.keys()
    assert parse(NAME, whole) == found
    assert parse(NAME, {**whole, "messages": [{"content": "x" * 9_000}]}) == found
    assert parse(NAME, {**whole, "messages": [{"content": "\ud800"}]}) == found
    assert parse(NAME, {**whole, "response": [answer]}) == parse(NAME, {**whole, "response": None})
