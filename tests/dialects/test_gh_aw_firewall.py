"""gh-aw-firewall's lines: the vector and the rules of ancestors.md 4."""

from typing import Any

import pytest

from tests.dialects.samples import FIREWALL, FIREWALL_OLD, FIREWALL_SISTERS, Json, event, line, parse, reason
from tokenmon.events import Event, Names

NAME = "gh-aw-firewall"


def with_(**more: Any) -> Json:
    return FIREWALL | more


def test_the_vector() -> None:
    assert event(NAME, FIREWALL) == Event(
        ts=1_787_223_845_678,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="anthropic",
            model="claude-sonnet-4-6",
            source_class="apikey",
            endpoint="/v1/messages",
        ),
        input=12,
        output=380,
        cache_read=15000,
        cache_write_5m=900,
        cost_logged=13_700_000,
        id="9d2f",
        request_id="9d2f",
        status=200,
        latency_ms=5210,
        streamed=True,
    )


def test_the_old_form_reads_the_same() -> None:
    new = {name: value for name, value in FIREWALL.items() if "credits" not in name}
    assert parse(NAME, FIREWALL_OLD) == parse(NAME, new)


@pytest.mark.parametrize(
    ("provider", "given", "read", "write", "billed", "write_5m"),
    [
        ("anthropic", 12, 15000, 900, 12, 900),
        ("anthropic", 12, 5, 0, 12, 0),
        ("openai", 1200, 1000, 0, 200, None),
        ("OpenAI", 1200, 1200, 0, 0, None),
        ("openai", 100, 1000, 0, 100, None),
        ("gemini", 1200, 1000, 0, 200, None),
        ("copilot", 1200, 1000, 0, 200, None),
        ("copilot", 1200, 1000, 100, 1200, 100),
        ("opencode", 1200, 1000, 100, 100, 100),
        ("unknown", 50, 0, 0, 50, None),
    ],
)
def test_the_provider_decides_whether_input_includes_the_cache(
    provider: str, given: int, read: int, write: int, billed: int, write_5m: int | None
) -> None:
    found = event(NAME, with_(provider=provider, input_tokens=given, cache_read_tokens=read, cache_write_tokens=write))
    assert (found.input, found.cache_read, found.cache_write_5m) == (billed, read, write_5m)


def test_running_totals_are_never_used() -> None:
    more = with_(ai_credits_total=1000, effective_tokens_total=10**9, effective_tokens_this_response=77)
    assert parse(NAME, more) == parse(NAME, FIREWALL)


@pytest.mark.parametrize("credits", [None, "1.37", [], True])
def test_credits_that_are_no_number_are_no_cost(credits: Any) -> None:
    assert event(NAME, with_(ai_credits_this_response=credits)).cost_logged is None


@pytest.mark.parametrize("credits", [-1, 1e300])
def test_credits_out_of_bounds_are_invalid(credits: float) -> None:
    assert reason(NAME, with_(ai_credits_this_response=credits)).startswith("ai_credits_this_response")


@pytest.mark.parametrize(("initiator", "expected"), [("agent", "agent"), ("user", "apikey"), (None, "apikey")])
def test_the_initiator_is_the_source_class(initiator: str | None, expected: str) -> None:
    assert event(NAME, with_(x_initiator=initiator)).names.source_class == expected


@pytest.mark.parametrize("record", FIREWALL_SISTERS, ids=lambda record: str(record.get("event")))
def test_sister_files_raise_no_alert(record: Json) -> None:
    assert parse(NAME, record) is None
    assert parse(NAME, record | {"timestamp": "soon", "input_tokens": -5, "streaming": "?"}) is None


def test_other_events_are_not_counted() -> None:
    assert parse(NAME, with_(event="budget_warning")) is None


@pytest.mark.parametrize("field", ["timestamp", "provider", "model", "input_tokens", "output_tokens"])
def test_a_missing_field_is_named(field: str) -> None:
    assert reason(NAME, with_(**{field: None})) == f"{field} is missing"


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, with_(**{field: value})).startswith(f"{field} is ")


@pytest.mark.parametrize(
    "field", ["status", "streaming", "duration_ms", "request_id", "path", "x_initiator", "response_bytes", "billing"]
)
@pytest.mark.parametrize("value", [None, "?", [], {}, -5, 10**400])
def test_a_field_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    assert event(NAME, with_(**{field: value})).total == 16292


def test_a_fraction_of_a_millisecond_is_rounded() -> None:
    assert event(NAME, with_(duration_ms=12.6)).latency_ms == 13


@pytest.mark.parametrize("schema", ["token-usage/v0.0.0-dev", "token-usage/v9.1.2"])
def test_any_version_of_the_schema_is_read(schema: str) -> None:
    assert event(NAME, with_(_schema=schema)).output == 380


def test_an_empty_line_is_nothing() -> None:
    assert parse(NAME, b"") is None
    assert parse(NAME, b"  \r") is None
    assert reason(NAME, line([FIREWALL])) == "line is not a JSON object"
