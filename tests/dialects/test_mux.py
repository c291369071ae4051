"""mux's chats: the AI SDK's counts, calls by tools, and messages that are written again (formats.md 8)."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.mux import ASKED, BESIDE, CACHED, NINE, WITH_TOOLS, message, usage
from tests.dialects.samples import Json, Place, event, line, parse, read, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import by_name, recognise
from tokenmon.events import Basis, Event, Names

NAME = "mux"
HERE = Place("/home/dev/.mux/sessions/a1/chat.jsonl")


def with_metadata(**more: Any) -> Json:
    return CACHED | {"metadata": CACHED["metadata"] | more}


def test_input_holds_the_cache_and_output_the_reasoning() -> None:
    (found,) = read(NAME, [CACHED], HERE)
    assert found == Event(
        ts=NINE,
        names=Names(
            dialect=NAME, integration=NAME, provider="anthropic", model="claude-sonnet-4-5", source_class="agent"
        ),
        input=100,
        output=250,
        cache_read=3000,
        cache_write_5m=400,
        reasoning=50,
        id="assistant-1",
        rewritten=True,
        session="a1",
        latency_ms=8123,
        ttft_ms=612,
    )


def test_older_rows_leave_out_the_cache_or_the_reasoning() -> None:
    found = event(NAME, message("x", NINE, usage(40, 5, 600, 30)))
    assert (found.input, found.cache_read, found.output, found.reasoning) == (40, 600, 35, 30)
    equal = event(NAME, message("x", NINE, usage(600, 30, 600, 30)))
    assert (equal.input, equal.output) == (0, 30)


def test_a_call_by_a_tool_is_one_of_its_own() -> None:
    own, tool = read(NAME, [WITH_TOOLS])
    assert (own.id, own.names.provider, own.total, own.cost_logged) == ("assistant-2", "openai", 110, None)
    assert (tool.id, tool.names.provider, tool.total, tool.cost_logged) == ("assistant-2:0", "xai", 10, 3_375_000)
    assert (own.ts, tool.ts) == (NINE + 60_000, NINE + 50_000)


def test_a_bad_call_by_a_tool_costs_only_itself() -> None:
    tools = [{"model": "x:y", "usage": {"inputTokens": -1}}, None, {"model": "x:y", "usage": usage(1, 1)}]
    assert [each.total for each in read(NAME, [with_metadata(toolModelUsages=tools)])] == [3750, 2]
    assert len(read(NAME, [with_metadata(toolModelUsages={"model": "x:y"})])) == 1


def test_what_all_steps_used_is_a_sum() -> None:
    assert event(NAME, with_metadata(contextUsage=usage(1, 1))).basis == Basis.AGGREGATE
    assert event(NAME, CACHED).basis == Basis.EXACT


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai:gpt-5", ("openai", "gpt-5")),
        ("mux-gateway:anthropic/claude-opus-4-5", ("mux-gateway", "anthropic/claude-opus-4-5")),
        ("ollama:qwen3:32b", ("ollama", "qwen3:32b")),
        ("gpt-5", ("", "gpt-5")),
        (None, ("", "")),
        (5, ("", "")),
    ],
)
def test_the_provider_stands_before_the_model(model: Any, expected: tuple[str, str]) -> None:
    found = event(NAME, with_metadata(model=model))
    assert (found.names.provider, found.names.model) == expected


def test_a_call_beside_the_chat_is_a_call() -> None:
    found = event(NAME, BESIDE)
    assert (found.total, found.id, found.names.model) == (55, "", "gpt-5-mini")


@pytest.mark.parametrize("used", [None, [], {}, usage(0, 0), {"totalTokens": 5}, "?"])
def test_a_message_without_usage_is_no_call(used: Any) -> None:
    assert parse(NAME, message("x", NINE, used)) is None
    assert parse(NAME, ASKED) is None
    assert parse(NAME, CACHED | {"role": "user"}) is None


@pytest.mark.parametrize("field", ["inputTokens", "outputTokens", "cachedInputTokens", "reasoningTokens"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, message("x", NINE, usage(1, 1) | {field: value})).startswith(f"usage.{field} is ")


@pytest.mark.parametrize("field", ["duration", "ttftMs", "error", "contextUsage", "historySequence", "routeProvider"])
@pytest.mark.parametrize("value", [None, -5, [], {}, 10**400])
def test_a_field_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    assert event(NAME, with_metadata(**{field: value})).total == 3750


def test_a_failed_message_is_one() -> None:
    found = event(NAME, with_metadata(error="overloaded", errorType="server_error"))
    assert (found.failed, found.error) == (True, "overloaded")


def test_a_message_without_a_time_has_its_files() -> None:
    found = event(NAME, with_metadata(timestamp=None))
    assert (found.ts, found.untimed) == (Place().mtime_ms, True)


def test_a_message_counts_once_wherever_it_is_copied(tmp_path: Path) -> None:
    for name, records in {
        "a1/chat.jsonl": (CACHED, WITH_TOOLS, CACHED),
        "a1/chat-archive.jsonl": (CACHED,),
        "fork/chat.jsonl": (WITH_TOOLS, CACHED),
    }.items():
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(line(record) + b"\n" for record in records))
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert rows(tmp_path / "t.db", "SELECT input, output FROM event ORDER BY ts") == [(100, 250), (7, 3), (100, 10)]


def test_messages_of_others_are_not_claimed() -> None:
    assert recognise({"id": "x", "role": "assistant", "parts": [{"type": "text"}], "metadata": {}}) is None
    assert recognise({"id": "x", "role": "assistant", "parts": []}) is None


def test_the_usual_places() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    own = [str(place.path) for place in dialect.places({}, home)]
    assert own == ["/home/dev/.mux/sessions", "/home/dev/.xum/sessions", "/home/dev/.cmux/sessions"]
    assert [str(place.path) for place in dialect.places({"MUX_ROOT": "/m"}, home)] == ["/m/sessions"]
    assert [str(place.path) for place in dialect.places({"XUM_ROOT": "/x", "MUX_ROOT": "/m"}, home)] == ["/x/sessions"]
