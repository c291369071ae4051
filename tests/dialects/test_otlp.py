"""OTLP batches: the vector, every spelling of protobuf's JSON, one call from several records, and wrong values."""

import tracemalloc
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings

from tests.dialects.cases.otlp import (
    AGENT,
    CLAUDE,
    CLAUDE_SPAN,
    GEMINI,
    LEGACY,
    METRICS,
    OPENINFERENCE,
    SNAKE,
    VECTOR,
    chat,
    log,
    logs,
    pairs,
    span,
    spans,
)
from tests.dialects.samples import Json, event, events_of, line, parse, read, reader, reason
from tests.dialects.shuffling import Call, Lines, calls, scattered
from tokenmon.dialects.otlp import OTLP
from tokenmon.events import Event, Limit, Names, Parsed, Reject

NAME = "otlp"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"


def one(attributes: Json, **more: Any) -> Event:
    """The event of a batch with one span."""
    return event(NAME, spans("bot", span("aa:01", attributes, **more)))


def whole(parsed: Parsed) -> tuple[Event | Limit | Reject, ...]:
    """Everything that a line turned out to be."""
    assert isinstance(parsed, tuple)
    return parsed


def without(attributes: Json, *keys: str) -> Json:
    return {key: value for key, value in attributes.items() if key not in keys}


def test_the_vector() -> None:
    assert event(NAME, VECTOR) == Event(
        ts=1_789_376_402_500,
        names=Names(
            dialect=NAME,
            integration="checkout-bot",
            provider="openai",
            model="gpt-5",
            source_class="apikey",
            project="checkout-bot",
        ),
        input=200,
        output=300,
        cache_read=1000,
        id="0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331",
        rewritten=True,
        latency_ms=2500,
    )


def test_either_spelling_of_the_fields_and_numbers_as_numbers_or_text_read_the_same() -> None:
    text = event(NAME, SNAKE)
    assert (text.ts, text.input, text.output, text.latency_ms) == (1_789_376_401_000, 70, 7, 1000)
    raw = (
        line(VECTOR)
        .replace(b'"intValue":"1200"', b'"intValue":1200')
        .replace(b'"1789376402500000000"', b"1789376402500000000")
    )
    assert event(NAME, raw) == event(NAME, VECTOR)
    raw = (
        line(VECTOR)
        .replace(b'"intValue":"1200"', b'"stringValue":"1200"')
        .replace(b'"intValue":"300"', b'"doubleValue":300.0')
    )
    assert event(NAME, raw) == event(NAME, VECTOR)


def test_attributes_within_an_attribute_are_found() -> None:
    nested = without(chat("gpt-5", 1, 1), "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    found = one({**nested, "gen_ai.usage": {"input_tokens": 50, "output_tokens": 5}, "tags": ["a", {"b": "c"}]})
    assert (found.input, found.output) == (50, 5)


@pytest.mark.parametrize("operation", ["chat", "text_completion", "generate_content", "embeddings", "Chat"])
def test_an_operation_that_is_one_call_counts(operation: str) -> None:
    assert one({**chat("gpt-5", 9, 1), "gen_ai.operation.name": operation}).input == 9


@pytest.mark.parametrize(
    "operation", ["invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "llm_call", ""]
)
def test_what_sums_up_its_children_does_not(operation: str) -> None:
    batch = spans("bot", span("aa:01", {**chat("gpt-5", 9, 1), "gen_ai.operation.name": operation}))
    assert parse(NAME, batch) is None


def test_a_kind_of_openinference_decides_against_the_operation() -> None:
    batch = spans("bot", span("aa:01", {**chat("gpt-5", 9, 1), "openinference.span.kind": "AGENT"}))
    assert parse(NAME, batch) is None
    assert [found.names.model for found in events_of(parse(NAME, OPENINFERENCE))] == [
        "gpt-4o-mini",
        "text-embedding-3-small",
    ]


AI_SDK: Json = {
    "ai.operationId": "ai.streamText.doStream",
    "ai.response.msToFirstChunk": 412.5,
    "ai.usage.cachedInputTokens": 1000,
    "gen_ai.system": "openai.responses",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2025-08-07",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 300,
}


def test_the_ai_sdk_counts_its_calls_and_not_what_it_wraps_around_them() -> None:
    found = one(AI_SDK)
    assert (found.input, found.cache_read, found.output, found.ttft_ms) == (200, 1000, 300, 412)
    assert (found.names.provider, found.names.model) == ("openai", "gpt-5-2025-08-07")
    assert parse(NAME, spans("bot", span("aa:01", {**AI_SDK, "ai.operationId": "ai.streamText"}))) is None
    embedding = {"ai.operationId": "ai.embed.doEmbed", "ai.model.id": "text-embedding-3-small", "ai.usage.tokens": 12}
    assert one(embedding).input == 12


def test_a_span_without_input_and_output_is_no_call() -> None:
    nothing = without(chat("gpt-5", 1, 1), "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    assert parse(NAME, spans("bot", span("aa:01", {**nothing, CACHE_READ: 5}))) is None


def test_a_cache_larger_than_the_input_proves_for_the_rest_that_the_input_leaves_it_out() -> None:
    proof, doubtful = events_of(parse(NAME, LEGACY))
    assert (proof.input, proof.cache_read, proof.cache_write_5m) == (40, 3000, 500)
    assert (doubtful.input, doubtful.cache_read) == (5000, 3000)
    alone = spans("crawler", LEGACY["resourceSpans"][0]["scopeSpans"][0]["spans"][1])
    assert event(NAME, alone).input == 2000


def test_the_proof_holds_for_one_version_of_one_instrumentation_and_over_a_restart() -> None:
    first = reader(NAME)
    first.parse(line(LEGACY))
    second = OTLP.reader(reader(NAME)._scene.surroundings, first.state())  # type: ignore[attr-defined]
    scope = LEGACY["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"]
    doubtful = span("ab:01", chat("gpt-5", 5000, 1) | {CACHE_READ: 3000})
    for version, fresh in (("0.33.0", 5000), ("0.40.0", 2000)):
        (found,) = events_of(second.parse(line(spans("crawler", doubtful, scope=scope, version=version))))
        assert found.input == fresh


def test_of_two_spans_of_one_response_the_call_is_one() -> None:
    client, around, other = events_of(parse(NAME, AGENT))
    assert client.id == around.id != other.id
    assert (client.replay, around.replay) == (False, True)


def test_the_same_response_in_another_trace_is_another_call() -> None:
    first, second = (
        one({**chat("qwen3", 9, 1), "gen_ai.response.id": "chatcmpl-77"}, traceId=trace) for trace in ("aa", "bb")
    )
    assert first.id != second.id


def test_status_and_errors() -> None:
    failed = one(chat("gpt-5", 9, 1), status={"code": "STATUS_CODE_ERROR", "message": "cut \x1b[31m off"})
    assert failed.failed
    assert "cut" in failed.error
    assert "\x1b" not in failed.error
    assert not one(chat("gpt-5", 9, 1), status={"code": 1}).is_error
    assert one({**chat("gpt-5", 9, 1), "http.response.status_code": 429}).is_error


def test_what_describes_a_call() -> None:
    found = one(
        {
            **chat("gpt-5-2025-08-07", 9, 1),
            "gen_ai.request.model": "gpt-5",
            "gen_ai.response.id": "resp-1",
            "gen_ai.response.time_to_first_chunk": 0.75,
            "gen_ai.request.stream": True,
            "openai.response.service_tier": "flex",
            "metadata.user_api_key_hash": "88dc28d0f030c55e",
            "metadata.user_api_key_alias": "team-a",
            "enduser.id": "u-1",
            "gen_ai.usage.cost": "0.25",
        }
    )
    names = found.names
    assert (names.model, names.requested_model, names.tier) == ("gpt-5-2025-08-07", "gpt-5", "flex")
    assert (names.key_id, names.key_name, names.user) == ("88dc28d0f030c55e", "team-a", "u-1")
    assert (found.request_id, found.ttft_ms, found.streamed, found.cost_logged) == ("resp-1", 750, True, 250_000_000)


def test_a_key_that_was_written_down_is_kept_as_a_fingerprint() -> None:
    key = one({**chat("gpt-5", 9, 1), "llm.openai.api_key": "not-a-known-form-of-secret"}).names.key_id
    assert key.startswith("key-")
    assert "secret" not in key


def test_a_cost_of_nothing_is_a_price_that_is_not_known() -> None:
    assert one({**chat("gpt-5", 9, 1), "gen_ai.usage.cost": 0.0}).cost_logged is None
    assert one({**chat("gpt-5", 9, 1), "gen_ai.usage.cost": "NaN"}).cost_logged is None


@pytest.mark.parametrize(("total", "disagrees"), [(1500, False), (2500, False), (1501, True), (0, False), ("x", False)])
def test_a_total_that_is_not_the_sum_of_its_parts_is_noticed(total: Any, disagrees: bool) -> None:
    told = chat("gpt-5", 1200, 300) | {CACHE_READ: 1000, "gen_ai.usage.total_tokens": total}
    assert one(told).disagrees is disagrees


@pytest.mark.parametrize("wrong", ["many", -1, 1.5, True, 10**11])
def test_a_wrong_count_costs_its_span_and_not_the_batch(wrong: Any) -> None:
    bad = span("aa:01", {**chat("gpt-5", 1, 1), "gen_ai.usage.input_tokens": wrong})
    assert "gen_ai.usage.input_tokens" in reason(NAME, spans("bot", bad))
    good = span("aa:02", chat("gpt-5", 9, 1))
    counted, rejected = whole(parse(NAME, spans("bot", bad, good, bad)))
    assert isinstance(counted, Event)
    assert counted.input == 9
    assert isinstance(rejected, Reject)


def test_a_span_without_a_time_takes_the_files() -> None:
    found = one(chat("gpt-5", 9, 1), startTimeUnixNano="0", endTimeUnixNano=None)
    assert found.untimed
    assert found.latency_ms is None


@pytest.mark.parametrize("moment", ["9" * 400, 10**400, "1", 3e25])
def test_a_time_that_cannot_be_is_invalid(moment: Any) -> None:
    raw = line(spans("bot", span("aa:01", chat("gpt-5", 9, 1), endTimeUnixNano="TIME"))).replace(
        b'"TIME"', line(moment)
    )
    assert "timeUnixNano" in reason(NAME, raw)


@pytest.mark.parametrize(
    "batch",
    [
        {"resourceSpans": None},
        {"resourceSpans": [None, 5, {"scopeSpans": {}}, {"scopeSpans": [{"spans": [None, []]}]}]},
        {"resourceSpans": [{"resource": [], "scopeSpans": [{"scope": "x", "spans": [{"attributes": {}}]}]}]},
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": [None, {"key": 5}, {"key": "a"}]}]}]}]},
    ],
)
def test_whatever_is_no_object_is_passed_over(batch: Json) -> None:
    assert parse(NAME, {"note": "input_tokens", **batch}) is None


def test_metrics_never_count_and_are_skipped_by_their_head() -> None:
    raw = line(METRICS)
    assert OTLP.matches(METRICS)
    assert parse(NAME, METRICS) is None
    assert OTLP.carries_nothing(raw, 0, len(raw))


# -- agents' own telemetry


def test_a_request_of_claude_code_counts_once_from_its_log_and_its_span() -> None:
    request, error = read(NAME, [CLAUDE])
    (around,) = read(NAME, [CLAUDE_SPAN])
    assert (request.input, request.output, request.cache_read, request.cache_write_5m) == (10, 159, 2000, 3000)
    assert (request.cost_logged, request.latency_ms, request.request_id) == (15_600_000, 4210, "req_71")
    assert request.id == around.id
    assert request.has_speed
    assert not around.has_speed
    assert request.echo
    assert around.echo
    assert (error.failed, error.status, error.error, error.total) == (True, 529, "Overloaded", 0)


def test_a_request_of_claude_code_without_an_id_is_known_by_its_number() -> None:
    told = {"event.name": "api_request", "session.id": "s", "model": "m", "input_tokens": 1}
    first, second = read(NAME, [logs("claude-code", *(log({**told, "event.sequence": each}) for each in (1, 2)))])
    assert first.id != second.id
    assert first.id
    assert first.rewritten
    assert not first.echo


def test_a_failure_of_a_request_is_known_by_the_request() -> None:
    told = {"event.name": "api_error", "session.id": "s", "error": "Overloaded", "event.sequence": 1}
    named, unnamed = read(NAME, [logs("claude-code", log({**told, "request_id": "req_9"}), log(told))])
    assert (named.echo, named.request_id) == (True, "req_9")
    assert not unnamed.echo


def test_fast_mode_is_a_tier() -> None:
    told = {"event.name": "claude_code.api_request", "input_tokens": 1, "speed": "fast"}
    assert event(NAME, logs("my-name-for-it", log(told))).names.tier == "fast"


def test_gemini_clis_response_counts_once_though_it_is_written_twice() -> None:
    response, error = read(NAME, [GEMINI])
    assert (response.input, response.cache_read, response.output, response.reasoning) == (3000, 1000, 400, 100)
    assert not response.disagrees
    assert error.failed


def test_counts_that_are_too_many_together_are_invalid() -> None:
    most = {"event.name": "gemini_cli.api_response", "output_token_count": 10**10, "thoughts_token_count": 1}
    assert "output_token_count" in reason(NAME, logs("gemini-cli", log(most)))


def test_an_inference_event_is_the_call_of_the_span_that_it_was_written_in() -> None:
    attributes = {**chat("gpt-5", 9, 1), "gen_ai.response.id": "resp-1"}
    inference = log(
        {**attributes, "event.name": "gen_ai.client.inference.operation.details"}, traceId="AA", spanId="01"
    )
    written, told = one(attributes), event(NAME, logs("bot", inference))
    assert written.id == told.id
    assert told.replay
    assert event(
        NAME, logs("bot", log({**attributes, "event.name": ""}, eventName="gen_ai.client.inference.operation.details"))
    )


# -- order


def rebatched(*batches: Json) -> Lines:
    """Every span in a batch of its own, as another collector might write it."""
    found = []
    for batch in batches:
        for resource in batch["resourceSpans"]:
            for scoped in resource["scopeSpans"]:
                found += [
                    {"resourceSpans": [{**resource, "scopeSpans": [{**scoped, "spans": [each]}]}]}
                    for each in scoped["spans"]
                ]
    return found


SCATTERED = [VECTOR, AGENT, SNAKE, OPENINFERENCE, CLAUDE, CLAUDE_SPAN, GEMINI, *rebatched(AGENT, OPENINFERENCE)]


@cache
def in_one_file() -> list[Call]:
    return calls([[VECTOR, AGENT, SNAKE, OPENINFERENCE, CLAUDE, GEMINI]])


@settings(max_examples=10, deadline=None)
@given(files=scattered(SCATTERED))
def test_order_copies_batches_files_and_restarts_do_not_matter(files: list[Lines]) -> None:
    found = calls(files)
    assert found == in_one_file()
    assert len(found) == 10


def test_an_attribute_list_with_the_same_name_twice_takes_the_last() -> None:
    doubled = span("aa:01", chat("gpt-5", 1, 1))
    doubled["attributes"] += pairs({"gen_ai.usage.input_tokens": 7})
    assert event(NAME, spans("bot", doubled)).input == 7


def test_a_name_in_front_of_many_others_does_not_grow_them_all() -> None:
    many = [{"key": f"k{number}", "value": {"intValue": "1"}} for number in range(2_000)]
    within = {"key": "x" * 200_000, "value": {"kvlistValue": {"values": many}}}
    batch = spans("bot", span("aa:01", {}))
    batch["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [*pairs(chat("gpt-5", 10, 2)), within]
    tracemalloc.start()
    try:
        assert event(NAME, batch).output == 2
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
