"""Raw answers: what is claimed, who bills, what is read around an answer, and streams."""

from pathlib import Path
from typing import Any

import pytest

from tests.command import price_cache
from tests.dialects.cases.api_response import (
    AT,
    BYOK,
    CHAT,
    DEEPSEEK,
    EMBEDDINGS,
    GEMINI,
    MESSAGE,
    MESSAGE_DELTA,
    MESSAGE_START,
    MISTRAL,
    OPENROUTER,
    RESPONSE,
    STREAMED_GEMINI,
    WRAPPED,
)
from tests.dialects.samples import Json, event, line, parse, read, reader, reason
from tokenmon.dialects import recognise
from tokenmon.events import Event, identity_of_rewritten
from tokenmon.pricing import PriceBook, open_book

NAME = "api-response"


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """The price book without overrides."""
    return open_book(None, price_cache())


def identity(found: Event) -> int:
    assert found.rewritten
    return identity_of_rewritten(found.names, found.id, found.attempt)


# -- what is claimed

NOBODYS: list[Json] = [
    {"usage": {"prompt_tokens": 5, "completion_tokens": 6}},
    {"id": "x", "usage": {"input_tokens": 5, "output_tokens": 6}},
    {"object": "list", "data": [], "usage": {"total_tokens": 5}},
    {"object": "chat.completion"},
    {"object": "response", "id": 5, "usage": {}},
    {"object": "order", "usage": {"prompt_tokens": 5}},
    {"type": "message", "role": "user", "model": "claude-x", "usage": {"input_tokens": 5}},
    {"type": "message", "role": "assistant", "model": "m", "usage": {"input": 5, "output": 6}},
    {"usageMetadata": {"promptTokenCount": 5}},
    {"level": "info", "msg": '{"object":"chat.completion","usage":{}}', "usage": 5},
    {"a": {"b": CHAT}},
    {"answers": [CHAT]},
    {"type": "message_delta", "usage": {"output_tokens": 5}},
    {"type": "response.completed", "response": {"text": "usage"}},
    {"model": "gpt-5", "messages": [{"role": "user", "content": "usage"}], "stream": True},
]


@pytest.mark.parametrize("record", NOBODYS, ids=str)
def test_what_only_looks_like_usage_is_not_claimed_and_not_counted(record: Json) -> None:
    assert recognise(record) is None
    assert parse(NAME, record) is None


GATEWAYS_OWN = {"call_type": "acompletion", "response_cost": 0.1, "prompt_tokens": 5}


@pytest.mark.parametrize("mark", [{"sessionId": "s"}, GATEWAYS_OWN, {"type": "assistant"}])
def test_an_agents_or_a_gateways_record_is_left_to_its_own_dialect(mark: Json) -> None:
    record = {"message": MESSAGE, "response": CHAT} | mark
    found = recognise(record)
    assert found is None or found.name != NAME
    assert parse(NAME, record) is None


def test_an_answer_spread_over_many_lines_is_not_a_log() -> None:
    pretty = b'{\n "object": "chat.completion",\n "usage": {\n  "prompt_tokens": 5\n }\n}'
    assert not any(isinstance(parse(NAME, each), Event) for each in pretty.split(b"\n"))


# -- counts and prices


@pytest.mark.parametrize(
    ("answer", "cost"),
    [(CHAT, 3_375_000), (RESPONSE, 3_375_000), (MESSAGE, 1_800_000), (GEMINI, 3_375_000)],
    ids=["chat", "responses", "messages", "gemini"],
)
def test_four_apis_tell_the_same_call_and_each_has_its_price(book: PriceBook, answer: Json, cost: int) -> None:
    found = event(NAME, answer)
    assert (found.input, found.cache_read, found.output, found.total) == (200, 1000, 300, 1500)
    assert book.price(found).cost == cost


def test_embeddings_have_input_only_and_a_price(book: PriceBook) -> None:
    found = event(NAME, EMBEDDINGS)
    assert (found.input, found.output, found.cache_read, found.id, found.untimed) == (1200, 0, None, "", True)
    assert book.price(found).cost == 24_000


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost": 0.0001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.00225}}, 2_350_000),
        ({"cost": 0.0001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.00225}}, 100_000),
        ({"cost": 0.0001, "is_byok": True, "cost_details": None}, 100_000),
        ({"cost": 0, "is_byok": False}, 0),
        ({"cost": "0.1"}, None),
        ({}, None),
    ],
)
def test_with_the_callers_own_key_the_providers_part_is_added(usage: Json, cost: int | None) -> None:
    counts = {"prompt_tokens": 10, "completion_tokens": 1}
    assert event(NAME, BYOK | {"usage": counts | usage}).cost_logged == cost


def test_web_searches_of_a_response_are_billed_and_looking_at_pages_is_not(book: PriceBook) -> None:
    output = [
        {"type": "web_search_call", "action": {"type": "search", "query": "usage"}},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "web_search_call", "status": "completed"},
        {"type": "message", "content": []},
        "x",
        None,
    ]
    found = event(NAME, RESPONSE | {"output": output})
    assert found.web_searches == 2
    assert book.price(found).cost == 3_375_000 + 2 * 10_000_000


BESIDE = {
    "iterations": [
        {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 200, "output_tokens": 300},
        {"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 900, "output_tokens": 80},
        {"type": "compaction", "input_tokens": None},
        None,
        "x",
    ]
}


def test_what_anthropic_did_beside_the_message_is_counted_too() -> None:
    whole = MESSAGE | {"usage": MESSAGE["usage"] | BESIDE}
    found = read(NAME, [whole])
    assert [(each.names.model, each.input, each.output) for each in found] == [
        ("claude-haiku-4-5-20251001", 200, 300),
        ("claude-haiku-4-5-20251001", 180000, 3500),
        ("claude-opus-4-8", 900, 80),
    ]
    assert len({identity(each) for each in found}) == 3
    assert {each.request_id for each in found} == {"msg_9"}
    streamed = read(NAME, [MESSAGE_START, MESSAGE_DELTA | {"usage": {"output_tokens": 5} | BESIDE}])
    assert [each.output for each in streamed] == [1, 5, 3500, 80]


def test_bedrocks_own_api_names_no_model_and_leaves_the_cache_out_of_its_input() -> None:
    answer = {
        "output": {"message": {"role": "assistant", "content": []}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": 200,
            "outputTokens": 300,
            "totalTokens": 1500,
            "cacheReadInputTokens": 1000,
            "cacheWriteInputTokens": 0,
        },
        "metrics": {"latencyMs": 900},
    }
    found = event(NAME, {"ts": AT, "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0", "response": answer})
    assert (found.input, found.cache_read, found.cache_write_5m, found.output) == (200, 1000, 0, 300)
    assert (found.names.provider, found.disagrees, found.id) == ("aws", False, "")
    assert found.names.model == "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert event(NAME, answer).names.model == ""


@pytest.mark.parametrize("usage", [None, {}, [], "5", 5, {"queue_time": 0.1}, {"prompt_tokens": None}])
def test_a_usage_without_a_number_is_no_call(usage: Any) -> None:
    assert parse(NAME, CHAT | {"usage": usage}) is None
    assert parse(NAME, WRAPPED | {"response": CHAT | {"usage": usage}}) is None


@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11, [], {}])
def test_a_count_that_cannot_be_is_named(value: Any) -> None:
    assert reason(NAME, CHAT | {"usage": {"prompt_tokens": value}}).startswith("usage.prompt_tokens is ")
    assert reason(NAME, MESSAGE | {"usage": {"input_tokens": value}}).startswith("usage.input_tokens is ")
    assert reason(NAME, GEMINI | {"usageMetadata": {"promptTokenCount": value}}).startswith("usageMetadata.prompt")


# -- who bills


@pytest.mark.parametrize(
    ("answer", "provider"),
    [
        (CHAT | {"model": "gpt-4o"}, "openai"),
        (CHAT | {"model": "o3"}, "openai"),
        (CHAT | {"model": "ft:gpt-4.1-mini:acme::id"}, "openai"),
        (CHAT | {"model": "gpt-oss-120b"}, ""),
        (CHAT | {"model": "openai/gpt-oss-120b"}, ""),
        (CHAT | {"model": "openai/gpt-oss-120b", "x_groq": {"id": "r"}}, "groq"),
        (CHAT | {"model": "llama3.2:3b"}, ""),
        (CHAT | {"model": "mistral:7b"}, ""),
        (CHAT | {"model": "qwen-max"}, ""),
        (CHAT | {"model": "omega"}, ""),
        (CHAT | {"model": "gpt-4o", "prompt_filter_results": []}, "azure"),
        (CHAT | {"model": "gemini-2.5-flash"}, "google"),
        (CHAT | {"model": "grok-4"}, "x-ai"),
        (CHAT | {"model": "open-mixtral-8x22b"}, "mistral"),
        (MISTRAL | {"model": "codestral-2508"}, "mistral"),
        (DEEPSEEK | {"model": "deepseek-v9"}, "deepseek"),
        (OPENROUTER, "openrouter"),
        (OPENROUTER | {"id": "x"}, "openrouter"),
        (MESSAGE | {"id": "msg_bdrk_01"}, "aws"),
        (MESSAGE | {"id": "msg_vrtx_01"}, "google"),
        (MESSAGE | {"model": "kimi-k9"}, ""),
        (CHAT | {"model": None}, ""),
    ],
    ids=lambda value: str(value.get("model")) if isinstance(value, dict) else value or "nobody",
)
def test_who_bills_is_never_guessed(answer: Json, provider: str) -> None:
    assert event(NAME, answer).names.provider == provider


def test_what_the_record_says_about_who_bills_wins() -> None:
    assert event(NAME, WRAPPED | {"provider": "Azure"}).names.provider == "azure"


def test_a_model_of_nobodys_has_no_price(book: PriceBook) -> None:
    assert book.price(event(NAME, CHAT | {"model": "openai/gpt-5"})).cost is None


# -- tiers


@pytest.mark.parametrize(
    ("answer", "tier"),
    [
        (CHAT | {"service_tier": "default"}, ""),
        (CHAT | {"service_tier": "flex"}, "flex"),
        (RESPONSE | {"service_tier": "priority"}, "priority"),
        (MESSAGE | {"usage": {"input_tokens": 1, "service_tier": "standard"}}, ""),
        (MESSAGE | {"usage": {"input_tokens": 1, "service_tier": "batch"}}, "batch"),
        (MESSAGE | {"usage": {"input_tokens": 1, "service_tier": "standard", "speed": "fast"}}, "fast"),
        (GEMINI | {"usageMetadata": {"promptTokenCount": 1, "trafficType": "ON_DEMAND"}}, ""),
        (GEMINI | {"usageMetadata": {"promptTokenCount": 1, "trafficType": "ON_DEMAND_FLEX"}}, "flex"),
        (
            GEMINI | {"usageMetadata": {"promptTokenCount": 1, "trafficType": "PROVISIONED_THROUGHPUT"}},
            "provisioned_throughput",
        ),
        ({"custom_id": "r", "response": {"status_code": 200, "body": CHAT}}, "batch"),
        ({"custom_id": "r", "result": {"type": "succeeded", "message": MESSAGE}}, "batch"),
        ({"key": "r", "response": GEMINI}, "batch"),
        ({"request": {}, "response": GEMINI, "status": "", "processed_time": "2026-09-14T09:00:00Z"}, "batch"),
        ({"custom_id": "r", "response": CHAT}, ""),
        (CHAT | {"service_tier": 5}, ""),
    ],
)
def test_a_tier_is_what_changes_the_price(answer: Json, tier: str) -> None:
    assert event(NAME, answer).names.tier == tier


def test_a_batch_costs_half(book: PriceBook) -> None:
    record = {"custom_id": "r", "result": {"type": "succeeded", "message": MESSAGE}}
    assert book.price(event(NAME, record)).cost == 900_000


# -- around an answer


def test_the_users_own_record_tells_who_and_how_long() -> None:
    found = event(NAME, WRAPPED | {"duration_s": 9, "ttft_ms": 120.4, "endpoint": "/v1/chat/completions?x=1"})
    names = found.names
    assert (names.user, names.key_name, names.project, names.integration) == ("amal", "ci", "mail", NAME)
    assert (names.endpoint, found.session, found.request_id) == ("/v1/chat/completions", "s-1", "req-1")
    assert (found.latency_ms, found.ttft_ms, found.status, found.untimed) == (812, 120, 200, False)
    assert found.ts == AT * 1000 + 1_800_250


@pytest.mark.parametrize("field", ["response", "answer", "completion", "raw", "x"])
def test_the_name_of_the_field_that_holds_the_answer_does_not_matter(field: str) -> None:
    assert event(NAME, {"n": 1, field: CHAT}) == event(NAME, CHAT)


@pytest.mark.parametrize(
    ("record", "ms"),
    [
        ({"duration_seconds": 1.25}, 1250),
        ({"latency": 3}, None),
        ({"latency_ms": "3"}, None),
        ({"latency_ms": -3}, None),
        ({"latency_ms": 1e300}, None),
        ({"latency_ms": 0}, 0),
    ],
)
def test_a_duration_needs_a_unit_in_its_name(record: Json, ms: int | None) -> None:
    assert event(NAME, {"response": CHAT} | record).latency_ms == ms


@pytest.mark.parametrize("time", ["soon", 5, [], {}, None, 10**30, 1.7e18])
def test_a_time_that_is_none_leaves_the_answers_own(time: Any) -> None:
    found = event(NAME, {"ts": time, "response": CHAT})
    assert (found.ts, found.untimed) == (AT * 1000, False)
    assert event(NAME, {"ts": time, "response": MESSAGE}).untimed


def test_a_key_is_never_kept() -> None:
    secret = "hunter2-hunter2-hunter2"
    found = event(NAME, {"api_key": secret, "response": CHAT})
    assert found.names.key_id.startswith("key-")
    assert secret not in repr(found)


def test_the_model_asked_for_is_kept_where_it_differs() -> None:
    names = event(NAME, {"model": "gpt-5", "response": CHAT}).names
    assert (names.model, names.requested_model) == ("gpt-5-2025-08-07", "gpt-5")
    assert event(NAME, {"model": "gpt-5", "response": RESPONSE}).names.requested_model == ""


# -- identity and streams


def test_a_copy_in_a_record_is_the_same_call() -> None:
    one, two = event(NAME, CHAT), event(NAME, {"ts": "2026-09-15T00:00:00Z", "response": CHAT})
    assert one.ts != two.ts
    assert identity(one) == identity(two)


def test_small_servers_draw_an_id_twice() -> None:
    one, two = event(NAME, CHAT | {"id": "chatcmpl-7"}), event(NAME, CHAT | {"id": "chatcmpl-7", "created": AT + 1})
    assert identity(one) != identity(two)


def test_chunks_that_each_carry_usage_are_one_call() -> None:
    chunks = [
        CHAT | {"object": "chat.completion.chunk", "usage": {"prompt_tokens": 10, "completion_tokens": output}}
        for output in (1, 2, 3)
    ]
    found = read(NAME, chunks)
    assert len({identity(each) for each in found}) == 1
    assert all(each.streamed for each in found)


def test_a_streamed_message_begins_provisionally_and_its_last_numbers_win() -> None:
    delta = MESSAGE_DELTA | {"usage": {"input_tokens": None, "output_tokens": 90, "cache_read_input_tokens": 2100}}
    first, last = read(NAME, [MESSAGE_START, {"type": "ping"}, delta])
    assert (first.output, last.output, first.id) == (1, 90, last.id)
    assert (last.input, last.cache_read, last.cache_write_5m, last.cache_write_1h) == (12, 2100, 100, 200)
    assert last.total > first.total


def test_streams_at_the_same_time_are_told_apart_by_the_request() -> None:
    def told(request: str, inner: Json) -> Json:
        return {"request_id": request, "event": inner}

    def start(id: str) -> Json:
        return MESSAGE_START | {"message": MESSAGE_START["message"] | {"id": id}}

    def delta(output: int) -> Json:
        return MESSAGE_DELTA | {"usage": {"output_tokens": output}}

    lines = [told("a", start("msg_a")), told("b", start("msg_b")), told("a", delta(50)), told("b", delta(60))]
    assert [(each.id, each.output) for each in read(NAME, lines)[2:]] == [("msg_a", 50), ("msg_b", 60)]


def test_a_stream_goes_on_where_an_earlier_reader_stopped() -> None:
    first = reader(NAME)
    first.parse(line(MESSAGE_START))
    second = reader(NAME, state=first.state()).parse(line(MESSAGE_DELTA))
    assert isinstance(second, Event)
    assert (second.id, second.output) == ("msg_s", 77)


def test_the_end_of_a_stream_without_its_beginning_is_nothing() -> None:
    assert parse(NAME, MESSAGE_DELTA) is None


def test_what_is_remembered_of_streams_is_bounded() -> None:
    one = reader(NAME)
    for number in range(500):
        one.parse(line({"request_id": f"r{number}", "event": MESSAGE_START}))
    assert len(one.state()) < 20_000


def test_chunks_of_gemini_without_ids_count_once_they_are_finished() -> None:
    def without_id(chunk: Json, **more: Any) -> Json:
        candidate = chunk["candidates"][0] | more
        return {name: value for name, value in chunk.items() if name != "responseId"} | {"candidates": [candidate]}

    chunks = [without_id(chunk) for chunk in STREAMED_GEMINI[:2]] + [
        without_id(STREAMED_GEMINI[2], finishReason="STOP")
    ]
    assert [each.output for each in read(NAME, chunks)] == [21]


def test_the_python_sdk_spells_gemini_in_its_own_way() -> None:
    dumped = {
        "candidates": [{"finish_reason": "STOP"}],
        "create_time": "2026-09-14T09:00:00Z",
        "model_version": "gemini-2.5-pro",
        "response_id": "g-9",
        "usage_metadata": {
            "prompt_token_count": 1200,
            "cached_content_token_count": 1000,
            "candidates_token_count": 200,
            "thoughts_token_count": 100,
            "total_token_count": 1500,
        },
    }
    found = event(NAME, dumped)
    assert (found.input, found.cache_read, found.output, found.reasoning) == (200, 1000, 300, 100)
    assert (found.names.model, found.id, found.untimed) == ("gemini-2.5-pro", "g-9", False)


def test_a_whole_file_of_answers_is_recognised_by_any_of_them(tmp_path: Path) -> None:
    for record in (CHAT, RESPONSE, MESSAGE, GEMINI, EMBEDDINGS, WRAPPED, MESSAGE_START):
        found = recognise(record)
        assert found is not None
        assert found.name == NAME
