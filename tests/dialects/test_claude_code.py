"""Claude Code transcripts: the vector and the traps of formats.md 1."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.samples import (
    CLAUDE,
    CLAUDE_OTHERS,
    Json,
    Place,
    event,
    events_of,
    line,
    parse,
    read,
    reader,
    reason,
)
from tokenmon.dialects.claude_code import CLAUDE_CODE, carries_nothing
from tokenmon.events import Event, Names, Reject, identity_of_rewritten

NAME = "claude-code"


def changed(**top: Any) -> Json:
    return copy.deepcopy(CLAUDE) | top


def message(**fields: Any) -> Json:
    record = changed()
    record["message"] |= fields
    return record


def usage(**fields: Any) -> Json:
    record = changed()
    record["message"]["usage"] |= fields
    return record


def only(counts: Any) -> Json:
    record = changed()
    record["message"]["usage"] = counts
    return record


def skipped(record: Json | bytes) -> bool:
    raw = record if isinstance(record, bytes) else line(record)
    return carries_nothing(b"x\n" + raw + b"\nx", 2, 2 + len(raw))


def test_the_vector() -> None:
    assert event(NAME, CLAUDE) == Event(
        ts=1_789_376_409_000,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider="anthropic",
            model="claude-sonnet-4-5-20250929",
            source_class="agent",
            project="/home/dev/alpha",
        ),
        input=10,
        output=159,
        cache_read=2000,
        cache_write_5m=1000,
        cache_write_1h=2000,
        id="msg_1",
        attempt="req_1",
        rewritten=True,
        session="s-1",
        request_id="req_1",
    )


def test_spaced_json_reads_the_same() -> None:
    assert parse(NAME, json.dumps(CLAUDE).encode()) == parse(NAME, CLAUDE)
    assert parse(NAME, json.dumps(CLAUDE).replace('": ', '"  :\t').encode()) == parse(NAME, CLAUDE)


# -- identity


def test_the_session_is_no_part_of_the_identity() -> None:
    one, other = event(NAME, CLAUDE), event(NAME, changed(sessionId="s-2"))
    assert (one.id, one.attempt) == (other.id, other.attempt)


def test_a_request_id_is_harmless_text() -> None:
    assert event(NAME, changed(requestId="req_\x1b[31m\u202e1")).request_id == "req_\ufffd[31m\ufffd1"
    assert event(NAME, changed(requestId="req_\x1b[31m")).request_id == "req_\ufffd[31m"


@pytest.mark.parametrize("request_id", [None, 5, ""])
def test_without_a_request_id_the_message_is_the_identity(request_id: Any) -> None:
    read = event(NAME, changed(requestId=request_id))
    assert (read.id, read.attempt, read.request_id) == ("msg_1", "", "")


@pytest.mark.parametrize("message_id", [None, "", 7])
def test_without_a_message_id_the_line_is_the_identity(message_id: Any) -> None:
    read = event(NAME, message(id=message_id))
    assert (read.id, read.attempt, read.rewritten) == ("s-1:u1", "", True)


def test_without_any_id_the_place_is_the_identity() -> None:
    record = message(id=None) | {"uuid": None}
    assert (event(NAME, record).id, event(NAME, record).rewritten) == ("", False)


def test_a_side_chain_is_a_replay() -> None:
    assert event(NAME, changed(isSidechain=True)).replay
    assert not event(NAME, changed(isSidechain=None)).replay


def test_a_line_with_a_speed_says_so() -> None:
    assert event(NAME, usage(speed="standard")).has_speed
    assert not event(NAME, CLAUDE).has_speed


def test_an_id_of_any_characters_has_an_identity() -> None:
    raw = line(message(id="ID")).replace(b'"ID"', b'"\\ud800"').replace(b'"req_1"', b'"\\udc00"')
    read = event(NAME, raw)
    assert isinstance(identity_of_rewritten(read.names, read.id, read.attempt), int)
    read.request_id.encode()


# -- counts


@pytest.mark.parametrize(
    ("flat", "split", "expected"),
    [
        (3000, {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000}, (1000, 2000)),
        (3000, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, (3000, 0)),
        (3000, {}, (3000, None)),
        (3000, None, (3000, None)),
        (3000, "broken", (3000, None)),
        (3000, {"ephemeral_1h_input_tokens": 2000}, (1000, 2000)),
        (3000, {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 2000}, (1000, 2000)),
        (None, {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6}, (5, 6)),
        (3, {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6}, (5, 6)),
        (0, None, (0, None)),
        (None, None, (None, None)),
    ],
)
def test_cache_writes_are_split(flat: Any, split: Any, expected: tuple[int | None, int | None]) -> None:
    read = event(NAME, usage(cache_creation_input_tokens=flat, cache_creation=split))
    assert (read.cache_write_5m, read.cache_write_1h) == expected


def test_thinking_is_information() -> None:
    read = event(NAME, usage(output_tokens_details={"thinking_tokens": 100}))
    assert (read.reasoning, read.output) == (100, 159)


def test_web_searches_are_counted() -> None:
    assert event(NAME, usage(server_tool_use={"web_search_requests": 3})).web_searches == 3


@pytest.mark.parametrize(
    ("speed", "tier", "expected"),
    [
        (None, "standard", ""),
        (None, None, ""),
        ("standard", "batch", "batch"),
        (None, "priority", "priority"),
        ("fast", "standard", "fast"),
        ("fast", "priority", "fast"),
    ],
)
def test_the_tier_is_what_changes_the_price(speed: Any, tier: Any, expected: str) -> None:
    assert event(NAME, usage(speed=speed, service_tier=tier)).names.tier == expected


def test_the_cost_of_old_versions_is_logged() -> None:
    assert event(NAME, changed(costUSD=0.018765)).cost_logged == 18_765_000
    assert event(NAME, changed(costUSD=None)).cost_logged is None


@pytest.mark.parametrize(
    "counts", [None, {}, [], "x", 5, {"service_tier": "standard"}, {"input_tokens": None}, {"input_tokens": "12"}]
)
def test_a_usage_without_one_number_is_no_event(counts: Any) -> None:
    assert parse(NAME, only(counts)) is None


def test_one_number_is_enough() -> None:
    read = event(NAME, only({"input_tokens": 0}))
    assert (read.input, read.output, read.cache_read, read.cache_write_5m) == (0, 0, None, None)


def test_a_placeholder_input_is_not_corrected() -> None:
    assert event(NAME, usage(input_tokens=1)).input == 1


def test_synthetic_messages_are_no_calls_unless_they_have_tokens() -> None:
    zero = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
    record = only(zero)
    record["message"]["model"] = "<synthetic>"
    assert parse(NAME, record) is None
    record["message"]["usage"]["output_tokens"] = 5
    assert event(NAME, record).output == 5


@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**30, 10**10 + 1])
def test_a_bad_count_is_named(value: Any) -> None:
    assert reason(NAME, usage(output_tokens=value)).startswith("usage.output_tokens is ")


# -- other shapes


def test_an_advisor_is_a_call_of_its_own() -> None:
    rounds = [
        {"type": "message", "input_tokens": 10, "output_tokens": 159},
        {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 7, "output_tokens": 8},
        {"type": "advisor_message", "model": "claude-opus-4-6", "cache_creation_input_tokens": 4},
        {"type": "advisor_message", "model": "claude-opus-4-6"},
    ]
    main, first, second = events_of(parse(NAME, usage(iterations=rounds)))
    assert main == event(NAME, CLAUDE)
    assert (first.id, first.names.model, first.input, first.output) == ("msg_1:advisor:0", "claude-opus-4-6", 7, 8)
    assert (second.id, second.cache_write_5m, second.rewritten) == ("msg_1:advisor:1", 4, True)


@pytest.mark.parametrize("rounds", [None, [], "x", [None, 5, "x"], [{"type": "message"}], {"type": "advisor_message"}])
def test_iterations_of_no_advisor_change_nothing(rounds: Any) -> None:
    assert parse(NAME, usage(iterations=rounds)) == event(NAME, CLAUDE)


def progress(**inner: Any) -> Json:
    nested = {name: CLAUDE[name] for name in ("type", "timestamp", "requestId", "message")} | {"isSidechain": True}
    return {
        "type": "progress",
        "sessionId": "s-1",
        "cwd": "/home/dev/alpha",
        "timestamp": "2026-09-14T09:00:11.000Z",
        "data": {"type": "agent_progress", "message": nested | inner},
    }


def test_an_old_progress_line_carries_a_call() -> None:
    read = event(NAME, progress())
    assert (read.id, read.attempt, read.replay, read.ts) == ("msg_1", "req_1", True, 1_789_376_409_000)
    assert (read.session, read.names.project, read.total) == ("s-1", "/home/dev/alpha", 5169)
    assert event(NAME, progress(timestamp=None)).ts == 1_789_376_411_000


def test_a_progress_line_about_a_user_is_no_call() -> None:
    assert parse(NAME, progress(type="user", message={"content": 'a "usage" of words'})) is None


@pytest.mark.parametrize("record", CLAUDE_OTHERS, ids=lambda record: str(record["type"]))
def test_other_lines_carry_nothing(record: Json) -> None:
    assert parse(NAME, record) is None
    assert parse(NAME, record | {"usage": {"input_tokens": 5}}) is None


def test_usage_in_the_words_of_a_user_is_no_call() -> None:
    words = 'see {"type":"assistant","message":{"usage":{"input_tokens":9}}}'
    record = {"type": "user", "sessionId": "s", "message": {"role": "user", "content": words}}
    assert parse(NAME, record) is None
    result = {"type": "user", "sessionId": "s", "toolUseResult": {"usage": {"input_tokens": 9}}, "message": {}}
    assert parse(NAME, result) is None


def test_text_cut_after_a_quoted_usage_is_no_call() -> None:
    assert parse(NAME, b'{"type":"assistant","sessionId":"s","message":{"content":"\\"usage"}}') is None


NOT_NEEDED = ["sessionId", "requestId", "uuid", "cwd", "isSidechain", "costUSD", "version", "gitBranch", "parentUuid"]


@pytest.mark.parametrize("value", [None, 5, [], {}, True])
@pytest.mark.parametrize("field", NOT_NEEDED)
def test_a_field_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    if field == "costUSD" and value == 5:
        value = "5"
    read = event(NAME, changed(**{field: value}))
    assert (read.total, read.cost_logged) == (5169, None)


@pytest.mark.parametrize("value", [None, 5, [], {"a": 1}, True])
@pytest.mark.parametrize("field", ["model", "id", "content", "role", "stop_reason"])
def test_a_field_of_the_message_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    assert event(NAME, message(**{field: value})).total == 5169


@pytest.mark.parametrize("value", [None, 5, [], {"web_search_requests": "x", "thinking_tokens": -3}])
@pytest.mark.parametrize("field", ["service_tier", "speed", "server_tool_use", "output_tokens_details", "iterations"])
def test_a_field_of_the_usage_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    assert event(NAME, usage(**{field: value})).total == 5169


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_a_null_count_is_absent(field: str) -> None:
    assert isinstance(parse(NAME, usage(**{field: None})), Event)


def test_a_lone_surrogate_in_the_content_costs_nothing() -> None:
    raw = line(message(content="CONTENT")).replace(b"CONTENT", b"half \\ud83d")
    assert event(NAME, raw).total == 5169


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (None, "timestamp is missing"),
        ("soon", "timestamp is not a time"),
        (True, "timestamp is not a time"),
        ("1970-01-01T00:00:00Z", "timestamp is not between the years 2000 and 2100"),
    ],
)
def test_a_call_without_a_time_is_invalid(time: Any, why: str) -> None:
    assert reason(NAME, changed(timestamp=time)) == why


def test_a_bad_time_matters_only_where_there_is_usage() -> None:
    record = {"type": "user", "sessionId": "s", "timestamp": "soon", "x": {"usage": 1}, "message": {}}
    assert parse(NAME, record) is None


def test_a_torn_line_is_invalid_even_without_usage() -> None:
    assert isinstance(parse(NAME, line(CLAUDE)[:-40]), Reject)
    assert isinstance(parse(NAME, b'nt","sessionId":"s"}'), Reject)
    assert parse(NAME, b"") is None


# -- the head


def test_a_users_line_is_told_by_its_head() -> None:
    record = {"uuid": "u", "sessionId": "s", "type": "user", "message": {"content": "x" * 5000}}
    assert skipped(record)


def test_only_the_keys_before_the_message_count() -> None:
    tool = {"role": "assistant", "content": [{"type": "tool_use", "input": {"type": "user", "message": "x"}}]}
    assert not skipped({"type": "assistant", "message": tool})
    assert not skipped(json.dumps({"type": "user", "message": {}}).encode())
    assert not skipped({"type": "user", "filler": "x" * 2000, "message": {}})
    assert not skipped(CLAUDE)


def test_the_head_ends_with_the_line() -> None:
    first, second = line({"type": "user"}), line({"message": {}})
    assert not carries_nothing(first + b"\n" + second, 0, len(first))


# -- the dialect


def test_names_are_cleaned_once_and_forgotten_before_they_are_too_many() -> None:
    one = reader(NAME)
    for number in range(9000):
        (read,) = events_of(one.parse(line(changed(cwd=f"/p{number % 5000}", sessionId=f"s{number}"))))
        assert read.names.project == f"/p{number % 5000}"
        assert read.session == f"s{number}"


def test_the_desktop_apps_audit_repeats_calls_that_its_transcript_has() -> None:
    audit = {"type": "assistant", "session_id": "s-1", "_audit_timestamp": "2026-09-14T09:00:09.000Z"}
    said = audit | {"message": CLAUDE["message"]}
    assert CLAUDE_CODE.matches(said)
    assert CLAUDE_CODE.matches({"type": "result", "modelUsage": {}} | audit | {"type": "result"})
    for odd in ("2026-09-14T09:00:09.000Z", None, 5):
        assert parse(NAME, said | {"_audit_timestamp": odd or 0}) is None


OPEN = Place("/home/ann/.openclaude/projects/-home-ann/1.jsonl")


@pytest.mark.parametrize(
    ("model", "provider"), [("claude-opus-4-5", "anthropic"), ("gpt-5", ""), ("deepseek-chat", ""), (None, "")]
)
def test_openclaude_does_not_name_the_provider(model: str | None, provider: str) -> None:
    (found,) = read(NAME, [message(model=model)], OPEN)
    assert (found.names.integration, found.names.provider) == ("openclaude", provider)
    (found,) = read(NAME, [message(model=model)])
    assert (found.names.integration, found.names.provider) == (NAME, "anthropic")


HOME = Path("/home/ann")
DESKTOP = [
    HOME / "Library" / "Application Support" / "Claude" / "local-agent-mode-sessions",
    HOME / ".config" / "Claude" / "local-agent-mode-sessions",
]
OTHERS = [*DESKTOP, HOME / ".openclaude" / "projects"]


def transcripts(**environment: str) -> list[Path]:
    return [place.path for place in CLAUDE_CODE.places(environment, HOME)]


def test_where_transcripts_are() -> None:
    usual = [HOME / ".claude" / "projects", HOME / ".config" / "claude" / "projects"]
    assert transcripts() == usual + OTHERS
    assert {place.label for place in CLAUDE_CODE.places({}, HOME)} == {"Claude Code", "Claude Desktop", "OpenClaude"}
    configured = transcripts(CLAUDE_CONFIG_DIR="/a, /b ,,/c/projects")
    assert configured == [Path("/a/projects"), Path("/b/projects"), Path("/c/projects"), *OTHERS]


def test_several_configuration_directories_are_separated_as_paths_are() -> None:
    configured = transcripts(CLAUDE_CONFIG_DIR="/a", CLAUDE_CONFIG_DIRS="/a:/b;/c/projects:")
    assert configured == [Path("/a/projects"), Path("/b/projects"), Path("/c/projects"), *OTHERS]
    assert transcripts(XDG_CONFIG_HOME="/conf")[-2] == Path("/conf/Claude/local-agent-mode-sessions")
    assert transcripts(XDG_CONFIG_HOME="relative")[-2] == DESKTOP[-1]
