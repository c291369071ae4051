"""CLIProxyAPI's usage events: spellings, what is counted inside what, who answered, and what must stay secret."""

from typing import Any

import pytest

from tests.dialects.cases.cpa import CLAUDE, CODEX, EXPORTED, FAILED, FLAT, GEMINI, KEY, RETRIED
from tests.dialects.samples import Json, event, parse, reason
from tokenmon.dialects import recognise
from tokenmon.events import Event, Names, identity_of_id

NAME = "cpa"


def identity(found: Event) -> tuple[int, int]:
    assert found.id
    assert not found.rewritten
    return found.ts, identity_of_id(found.names, found.id)


def without(record: Json, *names: str) -> Json:
    return {name: value for name, value in record.items() if name not in names}


def test_a_record_of_the_queue() -> None:
    assert event(NAME, CODEX) == Event(
        ts=1_789_376_400_123,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="openai",
            model="gpt-5",
            requested_model="coder",
            account="ali***@example.com",
            key_id=event(NAME, EXPORTED).names.key_id,
            source_class="apikey",
            tier="priority",
            endpoint="/v1/responses",
        ),
        input=200,
        output=300,
        cache_read=1000,
        reasoning=128,
        id=event(NAME, EXPORTED).id,
        request_id="3f9c1d20",
        status=200,
        latency_ms=4210,
        ttft_ms=610,
    )


def test_a_call_and_its_export_are_one_call_with_one_key_and_one_account() -> None:
    one, two = event(NAME, CODEX), event(NAME, EXPORTED)
    assert identity(one) == identity(two)
    assert one.names == two.names


def test_each_try_of_a_request_is_an_event() -> None:
    first, second = event(NAME, FAILED), event(NAME, RETRIED)
    assert first.request_id == second.request_id
    assert identity(first) != identity(second)
    assert (first.failed, first.status, first.total) == (True, 429, 0)


def test_a_second_model_of_the_same_request_is_another_call() -> None:
    assert identity(event(NAME, CODEX)) != identity(event(NAME, CODEX | {"model": "gpt-image-1"}))


def test_without_a_request_id_the_other_fields_are_the_identity() -> None:
    bare = without(CODEX, "request_id")
    assert identity(event(NAME, bare)) == identity(event(NAME, bare | {"client_ip": "192.0.2.99"}))
    assert identity(event(NAME, bare)) != identity(event(NAME, bare | {"latency_ms": 4211}))


# -- counts


@pytest.mark.parametrize("split", [None, {}, {"schema_version": 3}, {"schema_version": 2, "quality": "inconsistent"}])
def test_without_a_split_that_is_vouched_for_the_rules_say_the_same(split: Any) -> None:
    ruled = event(NAME, CODEX | {"token_breakdown": split})
    told = event(NAME, CODEX)
    assert (ruled.input, ruled.cache_read, ruled.output, ruled.reasoning) == (200, 1000, 300, 128)
    assert ruled == told


@pytest.mark.parametrize(
    ("provider", "executor", "given", "expected"),
    [
        ("openai", "", 1200, (200, 1000, 300)),
        ("claude", "", 200, (200, 1000, 300)),
        ("", "ClaudeExecutor", 200, (200, 1000, 300)),
        ("claude-relay", "OpenAICompatExecutor", 1200, (200, 1000, 300)),
        ("openai-compatible-gemini", "", 1200, (200, 1000, 300)),
        ("gemini", "GeminiExecutor", 1200, (200, 1000, 428)),
        ("vertex", "", 1200, (200, 1000, 428)),
        ("kimi", "KimiExecutor", 1200, (200, 1000, 300)),
        ("openai", "", 10, (0, 1000, 300)),
    ],
)
def test_who_answered_decides_what_is_counted_inside_what(
    provider: str, executor: str, given: int, expected: tuple[int, int, int]
) -> None:
    tokens = CODEX["tokens"] | {"input_tokens": given, "total_tokens": 0}
    found = event(
        NAME, CODEX | {"token_breakdown": None, "provider": provider, "executor_type": executor, "tokens": tokens}
    )
    assert (found.input, found.cache_read, found.output) == expected


@pytest.mark.parametrize(("mode", "billed"), [("included_in_input", 200), ("separate_from_input", 1200)])
def test_what_the_record_says_of_its_input_wins(mode: str, billed: int) -> None:
    assert event(NAME, EXPORTED | {"cache_input_mode": mode}).input == billed
    assert event(NAME, EXPORTED | {"cache_input_mode": mode, "provider": "claude"}).input == billed


def test_the_older_count_of_the_cache_is_not_added_to_the_finer_ones() -> None:
    tokens = CLAUDE["tokens"]
    found = event(NAME, CLAUDE)
    assert (found.cache_read, found.cache_write_5m) == (1000, 500)
    older = event(NAME, CLAUDE | {"tokens": without(tokens, "cache_read_tokens", "cache_creation_tokens")})
    assert (older.cache_read, older.cache_write_5m) == (1000, None)
    more = event(NAME, CLAUDE | {"tokens": tokens | {"cached_tokens": 1700}})
    assert (more.cache_read, more.cache_write_5m) == (1200, 500)


def test_cache_writes_that_a_provider_does_not_have_are_not_reported() -> None:
    assert event(NAME, EXPORTED).cache_write_5m is None
    assert event(NAME, EXPORTED | {"provider": "claude", "executor_type": ""}).cache_write_5m == 0


def test_counts_that_are_not_there_are_unknown() -> None:
    found = event(NAME, {"auth_index": "1", "timestamp": 1789376400, "model": "m", "usage": {"prompt_tokens": 5}})
    assert (found.input, found.output, found.cache_read, found.reasoning) == (5, 0, None, None)


@pytest.mark.parametrize(("total", "disagrees"), [(1500, False), (1628, False), (2628, False), (0, False), (99, True)])
def test_a_total_is_only_compared(total: int, disagrees: bool) -> None:
    found = event(NAME, EXPORTED | {"total_tokens": total})
    assert (found.total, found.disagrees) == (1500, disagrees)


@pytest.mark.parametrize("value", [-1, 1.5, True, [], {}, "many", 10**11])
def test_a_count_that_cannot_be_is_named(value: Any) -> None:
    assert reason(NAME, EXPORTED | {"input_tokens": value}).startswith("input_tokens is ")


def test_a_record_without_a_count_is_no_call_unless_it_failed() -> None:
    nothing = {"tokens": {"input_tokens": None}, "token_breakdown": None}
    assert parse(NAME, CODEX | nothing) is None
    assert event(NAME, FAILED | nothing).failed


# -- spellings


def test_flat_camel_case_with_numbers_in_texts_reads_the_same() -> None:
    found = event(NAME, FLAT)
    assert (found.input, found.cache_read, found.output, found.reasoning) == (200, 1000, 300, 128)
    assert (found.ts, found.request_id, found.names.provider) == (1_789_376_640_000, "99cc", "openai")


@pytest.mark.parametrize(
    ("field", "time"),
    [
        ("timestamp", "2026-09-14T09:00:00Z"),
        ("time", "2026-09-14 09:00:00"),
        ("created_at", 1789376400),
        ("createdAt", 1789376400000),
        ("request_time", "1789376400"),
        ("timestamp_ms", "1789376400000"),
    ],
)
def test_times_of_every_kind(field: str, time: Any) -> None:
    found = event(NAME, without(CODEX, "timestamp") | {field: time})
    assert (found.ts, found.untimed) == (1_789_376_400_000, False)


def test_a_record_without_a_time_takes_the_files() -> None:
    assert event(NAME, without(CODEX, "timestamp")).untimed
    assert event(NAME, CODEX | {"timestamp": "soon"}).untimed


@pytest.mark.parametrize(
    ("told", "failed"),
    [
        ({"failed": True}, True),
        ({"isFailed": False, "status": 500}, False),
        ({"success": False}, True),
        ({"ok": True, "error": "x"}, False),
        ({"status": "502"}, True),
        ({"http_status": 200}, False),
        ({"error_message": "no"}, True),
        ({"error": None}, False),
        ({}, False),
    ],
)
def test_failures_are_told_in_many_ways(told: Json, failed: bool) -> None:
    assert event(NAME, without(FLAT, "statusCode") | told).failed is failed


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        ({"endpoint": "POST /v1/chat/completions?x=1"}, "/v1/chat/completions"),
        ({"endpoint": "-"}, ""),
        ({"endpoint": "-", "path": "/v1/messages"}, "/v1/messages"),
        ({"api": "/v1/responses"}, "/v1/responses"),
    ],
)
def test_an_endpoint_is_a_path(told: Json, endpoint: str) -> None:
    assert event(NAME, without(CODEX, "endpoint") | told).names.endpoint == endpoint


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({}, "priority"),
        ({"provider": "openai", "executor_type": "OpenAICompatExecutor"}, ""),
        ({"provider": "openai", "executor_type": "", "response_service_tier": "flex"}, "flex"),
        ({"service_tier": "auto"}, ""),
    ],
)
def test_codex_says_default_even_where_it_was_asked_for_more(told: Json, tier: str) -> None:
    assert event(NAME, CODEX | told).names.tier == tier


# -- what must stay secret


@pytest.mark.parametrize(
    ("source", "auth", "account"),
    [
        ("bo@example.com", "oauth", "bo***@example.com"),
        ("my-project-7", "oauth", "my-project-7"),
        ("m:sk-a...wxyz", "apikey", "m:sk-a...wxyz"),
        ("unknown", "oauth", ""),
    ],
)
def test_an_account_is_masked(source: str, auth: str, account: str) -> None:
    assert event(NAME, CODEX | {"source": source, "auth_type": auth}).names.account == account


@pytest.mark.parametrize(
    ("source", "auth"),
    [("short-secret", "apikey"), (KEY, "oauth"), ("x" * 40, ""), ("AIzaSyMadeUpMadeUpMadeUpMadeUpMadeUp000", "oauth")],
)
def test_a_key_is_never_kept(source: str, auth: str) -> None:
    found = event(NAME, CODEX | {"source": source, "auth_type": auth})
    assert found.names.account.startswith("key-")
    assert source not in repr(found)
    assert KEY not in repr(found)


def test_the_reason_of_a_failure_holds_no_key() -> None:
    found = event(NAME, FAILED)
    assert found.keeps_details
    assert found.error.startswith("usage limit reached for key-")
    assert KEY not in repr(found)


def test_a_caller_without_a_key_has_none() -> None:
    assert event(NAME, CLAUDE).names.key_id == ""


# -- what is claimed


@pytest.mark.parametrize(
    "record",
    [
        {"event_hash": "x", "name": "push"},
        {"auth_type": "oauth", "user": "x", "total": 5},
        {"tokens": {"input_tokens": 5, "output_tokens": 6}},
        {"model": "gpt-5", "input_tokens": 5, "output_tokens": 6},
    ],
    ids=str,
)
def test_what_is_not_the_proxys_is_not_claimed(record: Json) -> None:
    assert recognise(record) is None
    assert parse(NAME, record) is None


def test_gemini_is_googles() -> None:
    names = event(NAME, GEMINI).names
    assert (names.provider, names.model, names.requested_model) == ("google", "gemini-2.5-pro", "")


def test_a_relay_bills_under_its_own_name() -> None:
    relayed = CODEX | {"provider": "claude-relay", "executor_type": "OpenAICompatExecutor"}
    assert event(NAME, relayed).names.provider == "claude-relay"
