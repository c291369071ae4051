"""pi, oh-my-pi and OpenClaw: the vector of formats.md 6 and its traps."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.pi import AFTER_FORK, NAMELESS, SNAPSHOT, VECTOR, answer, header, usage
from tests.dialects.samples import Json, Place, event, line, parse, read, reader, reason
from tests.ingest.ingesting import ingest, rows
from tokenmon.dialects import DIALECTS, by_name, recognise
from tokenmon.events import Event, Names

NAME = "pi"
AT = "2026-09-14T09:00:05.000Z"


def with_usage(**more: Any) -> Json:
    return VECTOR | {"message": VECTOR["message"] | {"usage": VECTOR["message"]["usage"] | more}}


def with_message(**more: Any) -> Json:
    return VECTOR | {"message": VECTOR["message"] | more}


def stored(database: Path) -> list[tuple[Any, ...]]:
    named = "SELECT input, output, session.name FROM event LEFT JOIN session ON session.id = event.session"
    return rows(database, f"{named} ORDER BY ts, input")


def write(path: Path, *records: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line(record) + b"\n" for record in records))


def test_the_vector() -> None:
    found = event(NAME, VECTOR)
    assert found == Event(
        ts=1_789_376_405_000,
        names=Names(
            dialect=NAME, integration="pi", provider="anthropic", model="claude-sonnet-4-5", source_class="agent"
        ),
        input=100,
        output=200,
        cache_read=3000,
        cache_write_5m=400,
        cost_logged=5_700_000,
        id=found.id,
        attempt="pa",
        rewritten=True,
    )


@pytest.mark.parametrize("cost", [0, 0.0, None, -1, "0.5", [], 10**400, True])
def test_a_cost_of_zero_is_unknown_not_free(cost: Any) -> None:
    assert event(NAME, with_usage(cost={"total": cost})).cost_logged is None
    assert event(NAME, with_usage(cost=cost)).cost_logged is None


@pytest.mark.parametrize("field", ["input", "output", "cacheRead", "cacheWrite"])
@pytest.mark.parametrize("value", [-1, "12", True, 1.5, 10**11])
def test_a_bad_count_is_named(field: str, value: Any) -> None:
    assert reason(NAME, with_usage(**{field: value})).startswith(f"usage.{field} is ")


@pytest.mark.parametrize("used", [None, [], "usage", {}, {"totalTokens": 5}, {"cost": {"total": 1}}])
def test_a_usage_without_counts_is_no_call(used: Any) -> None:
    assert parse(NAME, with_message(usage=used)) is None


def test_a_count_that_is_not_there_is_not_zero() -> None:
    found = event(NAME, with_message(usage={"input": 5, "output": 7}))
    assert (found.total, found.cache_read, found.cache_write_5m, found.cache_write_1h) == (12, None, None, None)


@pytest.mark.parametrize("role", ["user", "toolResult", "custom", None, 5])
def test_only_the_models_messages_are_calls(role: Any) -> None:
    assert parse(NAME, with_message(role=role)) is None


def test_a_call_that_used_nothing_counts_only_where_it_failed() -> None:
    assert parse(NAME, answer("x", AT, usage(0, 0), stopReason="aborted")) is None
    failed = event(NAME, answer("x", AT, usage(0, 0), stopReason="error", errorMessage="\x1b[31mno", errorStatus=503))
    assert (failed.failed, failed.status, failed.cost_logged) == (True, 503, None)
    assert failed.error == "\N{REPLACEMENT CHARACTER}[31mno"


def test_what_openclaw_copies_into_a_chat_is_no_call() -> None:
    assert parse(NAME, with_message(provider="openclaw", model="delivery-mirror")) is None


def test_oh_my_pi_tells_more() -> None:
    used = usage(1, 2, 3, 10, cttl={"ephemeral1h": 4}, reasoningTokens=2, orchestration={"input": 5, "output": 6})
    found = event(NAME, answer("x", AT, used, duration=1500.4, ttft=300))
    assert (found.input, found.output, found.cache_read) == (6, 8, 3)
    assert (found.cache_write_5m, found.cache_write_1h, found.reasoning) == (6, 4, 2)
    assert (found.latency_ms, found.ttft_ms) == (1500, 300)
    assert found.disagrees, "its own total leaves the orchestration out"
    assert not event(NAME, VECTOR).disagrees


def test_more_writes_for_an_hour_than_writes_are_no_more_than_all() -> None:
    found = event(NAME, with_usage(cttl={"ephemeral1h": 4000}))
    assert (found.cache_write_5m, found.cache_write_1h) == (0, 400)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"type": "model_change", "provider": "openai", "modelId": "gpt-5"}, ("openai", "gpt-5")),
        ({"type": "model_change", "model": "openai/gpt-5"}, ("openai", "gpt-5")),
        ({"type": "model_change", "model": "openrouter/qwen/qwen3"}, ("openrouter", "qwen/qwen3")),
        ({"type": "model_change", "model": "openai/gpt-5-mini", "role": "smol"}, ("google", "gemini-2.5-pro")),
        ({"type": "model_change", "modelId": None}, ("google", "gemini-2.5-pro")),
        ({"type": "custom", "customType": "notes", "data": {"modelId": "x"}}, ("google", "gemini-2.5-pro")),
    ],
)
def test_a_message_without_a_model_has_the_last_one(change: Json, expected: tuple[str, str]) -> None:
    (found,) = read(NAME, [SNAPSHOT, change, NAMELESS])
    assert (found.names.provider, found.names.model) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/dev/.pi/agent/sessions/a/x.jsonl", "pi"),
        ("/home/dev/.omp/agent/sessions/a/x.jsonl", "oh-my-pi"),
        ("/home/dev/.openclaw/agents/main/sessions/x.jsonl.deleted.2026-09-14T10-00-00.000Z", "openclaw"),
        ("/home/dev/.clawdbot/agents/main/sessions/x.jsonl", "openclaw"),
        ("/home/dev/.moltbot/agents/main/sessions/x.jsonl", "openclaw"),
        ("/home/dev/.moldbot/agents/main/sessions/x.jsonl", "openclaw"),
        ("/srv/copies/x.jsonl", "pi"),
    ],
)
def test_the_directory_tells_who_wrote_it(path: str, expected: str) -> None:
    (found,) = read(NAME, [header("s", "/w"), VECTOR], Place(path))
    assert found.names.integration == expected


def test_elsewhere_a_snapshot_of_the_model_tells_openclaw() -> None:
    (found,) = read(NAME, [header("s", "/w"), SNAPSHOT, VECTOR], Place("/srv/copies/x.jsonl"))
    assert found.names.integration == "openclaw"


def test_the_session_and_the_project_come_from_the_header() -> None:
    (found,) = read(NAME, [{"type": "title", "title": "x"}, header("s", "/w"), VECTOR])
    assert (found.session, found.names.project) == ("s", "/w")


def test_a_first_version_header_names_the_model() -> None:
    old = {"type": "session", "id": "s", "timestamp": AT, "cwd": "/w", "provider": "openai", "modelId": "gpt-5"}
    (found,) = read(NAME, [old, NAMELESS])
    assert (found.names.provider, found.names.model) == ("openai", "gpt-5")


def test_a_line_without_a_time_has_its_messages_else_its_files() -> None:
    bare = {name: value for name, value in VECTOR.items() if name != "timestamp"}
    started = bare | {"message": VECTOR["message"] | {"timestamp": 1_789_376_400_500}}
    assert (event(NAME, started).ts, event(NAME, started).untimed) == (1_789_376_400_500, False)
    found = event(NAME, bare)
    assert (found.ts, found.untimed, found.rewritten) == (Place().mtime_ms, True, True)
    nameless = {name: value for name, value in bare.items() if name != "id"}
    assert (event(NAME, nameless).id, event(NAME, nameless).rewritten) == ("", False)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_call_stays_with_the_session_that_made_it(tmp_path: Path, names: tuple[str, str]) -> None:
    write(tmp_path / "logs" / f"{names[0]}.jsonl", header("first", "/w", timestamp="2026-09-14T08:00:00Z"), VECTOR)
    fork = header("fork", "/w", timestamp="2026-09-14T09:30:00Z", parentSession="/x")
    write(tmp_path / "logs" / f"{names[1]}.jsonl", fork, VECTOR, AFTER_FORK)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert stored(tmp_path / "t.db") == [(100, 200, "first"), (12, 34, "fork")]


def test_the_copy_of_a_call_whose_session_is_gone_counts_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / "logs" / f"{name}.jsonl", header(name, "/w", timestamp="2026-09-14T09:30:00Z"), VECTOR)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert [row[:2] for row in stored(tmp_path / "t.db")] == [(100, 200)]


def test_a_session_that_gets_ids_when_it_is_opened_again_counts_once(tmp_path: Path) -> None:
    bare = {name: value for name, value in VECTOR.items() if name != "id"}
    write(tmp_path / "logs" / "s.jsonl", header("s", "/w"), bare)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    write(tmp_path / "logs" / "s.jsonl", header("s", "/w"), VECTOR, AFTER_FORK)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert stored(tmp_path / "t.db") == [(100, 200, "s"), (12, 34, "s")]


def test_a_copy_without_the_line_that_named_the_model_is_a_copy(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a.jsonl", header("s", "/w"), SNAPSHOT, NAMELESS)
    write(tmp_path / "logs" / "b.jsonl", header("s", "/w"), NAMELESS)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert stored(tmp_path / "t.db") == [(200, 300, "s")]


def test_calls_that_look_alike_are_two(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "s.jsonl", header("s", "/w"), VECTOR, VECTOR | {"id": "pb"})
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert len(stored(tmp_path / "t.db")) == 2


def test_an_answers_id_alone_does_not_make_two_calls_one(tmp_path: Path) -> None:
    """A local server gives the same few ids again and again."""
    first, second = (answer("x", at, usage(n, 1), responseId="chatcmpl-7") for n, at in ((1, AT), (2, AT[:-2] + "1Z")))
    write(tmp_path / "logs" / "s.jsonl", header("s", "/w"), first, second)
    ingest(tmp_path / "t.db", tmp_path / "logs")
    assert len(stored(tmp_path / "t.db")) == 2


def test_a_text_that_quotes_a_usage_is_no_call() -> None:
    assert parse(NAME, with_message(role="user", content='{"usage":{"input":1}}', usage=None)) is None


@pytest.mark.parametrize("field", ["id", "parentId", "zzz"])
@pytest.mark.parametrize("value", [None, 5, [], {}, "x" * 5000])
def test_a_field_that_is_not_needed_never_costs_the_line(field: str, value: Any) -> None:
    assert event(NAME, VECTOR | {field: value}).total == 3700


@pytest.mark.parametrize("field", ["responseId", "errorStatus", "duration", "ttft", "stopReason", "api", "content"])
@pytest.mark.parametrize("value", [None, -5, [], {}, "?", 1e300, 10**400])
def test_neither_does_one_of_its_message(field: str, value: Any) -> None:
    assert event(NAME, with_message(**{field: value})).total == 3700


def test_what_a_reader_remembers_is_what_the_next_one_knows() -> None:
    first = reader(NAME)
    for record in (header("s", "/w"), SNAPSHOT):
        first.parse(line(record))
    second = reader(NAME, state=first.state()).parse(line(NAMELESS))
    assert isinstance(second, Event)
    assert (second.session, second.names.model, second.names.integration) == ("s", "gemini-2.5-pro", "openclaw")
    assert isinstance(reader(NAME, state=b"\xff{").parse(line(VECTOR)), Event)


@pytest.mark.parametrize(
    "record",
    [
        {"type": "session", "id": "x"},
        {"type": "custom", "customType": "notes", "data": {}},
        {"type": "message", "id": "x", "message": {"role": "assistant", "content": []}},
        {"type": "message", "message": {"role": "assistant", "usage": {"input_tokens": 1, "output_tokens": 1}}},
    ],
)
def test_lines_that_others_write_too_are_not_claimed(record: Json) -> None:
    assert recognise(record, DIALECTS) is not by_name(NAME)


def test_the_usual_places() -> None:
    dialect = by_name(NAME)
    assert dialect is not None
    home = Path("/home/dev")
    assert [(place.label, str(place.path)) for place in dialect.places({}, home)] == [
        ("pi", "/home/dev/.pi/agent/sessions"),
        ("oh-my-pi", "/home/dev/.omp/agent/sessions"),
        ("OpenClaw", "/home/dev/.openclaw/agents"),
        ("OpenClaw", "/home/dev/.clawdbot/agents"),
        ("OpenClaw", "/home/dev/.moltbot/agents"),
        ("OpenClaw", "/home/dev/.moldbot/agents"),
    ]
    moved = {"PI_CODING_AGENT_DIR": "/p", "OMP_CODING_AGENT_DIR": "/o", "OPENCLAW_STATE_DIR": "/c"}
    assert [str(place.path) for place in dialect.places(moved, home)] == ["/p/sessions", "/o/sessions", "/c/agents"]
