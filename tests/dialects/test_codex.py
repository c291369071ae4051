"""Codex rollouts and exec streams: the vectors and the traps of formats.md 2 and 2b."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.samples import (
    CODEX,
    CODEX_EXEC,
    Json,
    Place,
    codex_count,
    codex_meta,
    codex_turn,
    codex_usage,
    event,
    line,
    parse,
    read,
    reader,
    reason,
)
from tokenmon.dialects.codex import CODEX as DIALECT
from tokenmon.dialects.codex import carries_nothing
from tokenmon.events import Event, Limit, Names, Parsed, Reject

NAME = "codex"
ONE = codex_usage(1000, 800, 50)
TWO = codex_usage(3000, 2000, 90)
STEP = codex_usage(2000, 1200, 40)


def at(seconds: float) -> str:
    return f"2026-09-14T09:{int(seconds) // 60:02d}:{seconds % 60:06.3f}Z"


def totals_of(events: list[Event]) -> list[tuple[int, int | None, int]]:
    return [(each.input, each.cache_read, each.output) for each in events]


def test_the_vector() -> None:
    assert read(NAME, CODEX) == [
        Event(
            ts=1_789_376_410_000,
            names=Names(
                dialect=NAME,
                integration=NAME,
                provider="openai",
                model="gpt-5-codex",
                source_class="agent",
                project="/home/dev/beta",
            ),
            input=2000,
            output=500,
            cache_read=8000,
            reasoning=200,
            id="t-1:0",
            session="t-1",
        )
    ]


def test_the_vector_of_the_exec_stream() -> None:
    (found,) = read(NAME, CODEX_EXEC)
    assert (found.ts, found.names.model, found.session, found.id) == (
        1_789_376_400_000,
        "gpt-5.2-codex",
        "0199-ab",
        "",
    )
    assert (found.input, found.cache_read, found.output, found.assumed) == (100, 20, 30, False)


# -- the algorithm


def test_news_about_limits_is_no_call() -> None:
    assert read(NAME, [codex_meta(), codex_count(None)]) == []


def test_the_same_totals_again_are_a_re_emit_whatever_the_delta_says() -> None:
    found = read(NAME, [codex_count(ONE, ONE), codex_count(ONE, STEP, at(20)), codex_count(TWO, STEP, at(30))])
    assert totals_of(found) == [(200, 800, 50), (800, 1200, 40)]


def test_without_a_delta_the_totals_are_subtracted() -> None:
    found = read(NAME, [codex_count(ONE), codex_count(TWO)])
    assert totals_of(found) == [(200, 800, 50), (800, 1200, 40)]


def test_a_fall_of_the_totals_is_a_new_base() -> None:
    assert totals_of(read(NAME, [codex_count(TWO), codex_count(ONE)])) == [(1000, 2000, 90), (200, 800, 50)]


def test_a_delta_wins_over_the_totals_which_are_kept_all_the_same() -> None:
    found = read(NAME, [codex_count(ONE, STEP), codex_count(TWO)])
    assert totals_of(found) == [(800, 1200, 40), (800, 1200, 40)]


def test_without_totals_only_identical_lines_are_repeats() -> None:
    first, later = codex_count(None, STEP), codex_count(None, STEP, at(20))
    assert len(read(NAME, [first, first, later, later])) == 2


def test_a_call_of_nothing_is_no_event() -> None:
    zero = codex_usage(0, 0, 0)
    assert read(NAME, [codex_count(zero, zero), codex_count(ONE, ONE)])[0].id == ""
    found = read(NAME, [codex_meta(), codex_count(zero, zero), codex_count(ONE, ONE)])
    assert [each.id for each in found] == ["t-1:0"]


def test_the_identity_is_the_thread_and_the_place_in_it() -> None:
    records = [codex_meta(), codex_count(ONE), codex_count(ONE), codex_count(TWO)]
    assert [each.id for each in read(NAME, records)] == ["t-1:0", "t-1:1"]
    archived = Place(path="/archived_sessions/x.jsonl")
    assert read(NAME, records, archived) == read(NAME, records)


def test_without_a_session_line_the_file_name_tells_the_thread() -> None:
    place = Place(path="/s/rollout-2026-09-14T09-00-00-0199aaaa-1111-7222-8333-444455556666.jsonl")
    (found,) = read(NAME, [codex_count(ONE)], place)
    assert found.session == "0199aaaa-1111-7222-8333-444455556666"


# -- counts


def test_cached_is_clamped_to_the_input() -> None:
    assert totals_of(read(NAME, [codex_count(codex_usage(100, 500, 5))])) == [(0, 100, 5)]


@pytest.mark.parametrize("alias", ["cached_input_tokens", "cache_read_input_tokens", "cached_tokens"])
def test_cached_has_aliases(alias: str) -> None:
    used = {"input_tokens": 100, alias: 30, "output_tokens": 5}
    assert totals_of(read(NAME, [codex_count(used)])) == [(70, 30, 5)]


def test_unreported_cache_and_reasoning_are_not_zero() -> None:
    (found,) = read(NAME, [codex_count({"input_tokens": 100, "output_tokens": 5})])
    assert (found.cache_read, found.cache_write_5m, found.reasoning) == (None, None, None)


@pytest.mark.parametrize(
    ("model", "billed", "written"),
    [("gpt-5.6", 30, 20), ("gpt-5.6-codex", 30, 20), ("gpt-6", 30, 20), ("gpt-5.5", 50, None), ("o4-mini", 50, None)],
)
def test_cache_writes_are_apart_where_they_are_billed(model: str, billed: int, written: int | None) -> None:
    used = codex_usage(100, 50, 5, cache_write_input_tokens=20)
    (found,) = read(NAME, [codex_turn(model), codex_count(used)])
    assert (found.input, found.cache_write_5m, found.cache_read, found.total) == (billed, written, 50, 105)


@pytest.mark.parametrize("value", ["12", -1, 1.5, True, 10**30])
def test_a_bad_count_is_named(value: Any) -> None:
    record = codex_count(ONE, ONE | {"output_tokens": value})
    assert reason(NAME, record).startswith("last_token_usage.output_tokens is ")


@pytest.mark.parametrize("info", [None, [], "x", 5, {}, {"total_token_usage": []}, {"last_token_usage": {"a": 1}}])
def test_a_counter_without_a_number_is_no_event(info: Any) -> None:
    record = {"timestamp": at(1), "type": "event_msg", "payload": {"type": "token_count", "info": info}}
    assert parse(NAME, record) is None


def test_totals_that_grow_beyond_belief_cost_one_line_only() -> None:
    one = reader(NAME)
    assert isinstance(one.parse(line(codex_count(codex_usage(10**12, 0, 0)))), Reject)
    found = one.parse(line(codex_count(codex_usage(10**12 + 7, 0, 0))))
    assert isinstance(found, Event)
    assert found.input == 7


# -- what the thread is


@pytest.mark.parametrize(
    "context",
    [
        {"model": "gpt-5.1"},
        {"model_name": "gpt-5.1"},
        {"metadata": {"model": "gpt-5.1"}},
        {"info": {"model": "gpt-5.1"}},
        {"model": "  ", "model_name": " gpt-5.1 "},
    ],
)
def test_the_model_is_named_in_one_of_several_places(context: Json) -> None:
    turn = {"timestamp": at(1), "type": "turn_context", "payload": context}
    (found,) = read(NAME, [turn, codex_count(ONE)])
    assert (found.names.model, found.assumed) == ("gpt-5.1", False)


def test_the_last_turn_names_the_model() -> None:
    found = read(
        NAME, [codex_turn("gpt-5"), codex_count(ONE), codex_turn("gpt-5.1"), codex_turn(None), codex_count(TWO)]
    )
    assert [each.names.model for each in found] == ["gpt-5", "gpt-5.1"]


def test_a_counter_may_name_its_own_model() -> None:
    record = codex_count(ONE)
    record["payload"]["info"]["model"] = "gpt-5.3-codex"
    assert read(NAME, [codex_turn("gpt-5"), record])[0].names.model == "gpt-5.3-codex"


def test_a_model_that_is_not_named_is_assumed_and_marked() -> None:
    (found,) = read(NAME, [codex_meta(), codex_count(ONE)])
    assert (found.names.model, found.assumed) == ("gpt-5", True)


@pytest.mark.parametrize(
    ("day", "model"),
    [
        ("2026-11-01", "gpt-5.5"),
        ("2026-04-23", "gpt-5.5"),
        ("2026-04-22", "gpt-5.4"),
        ("2026-02-05", "gpt-5.3-codex"),
        ("2025-12-31", "gpt-5.2-codex"),
        ("2025-09-14", "gpt-5"),
    ],
)
def test_auto_review_is_an_alias_by_date(day: str, model: str) -> None:
    (found,) = read(NAME, [codex_turn("codex-auto-review"), codex_count(ONE, at=f"{day}T12:00:00Z")])
    assert (found.names.model, found.names.requested_model, found.assumed) == (model, "codex-auto-review", True)


@pytest.mark.parametrize("value", [None, 5, [], {}, True])
@pytest.mark.parametrize("field", ["id", "cwd", "source", "forked_from_id", "timestamp", "originator"])
def test_a_field_of_the_session_of_a_wrong_type_costs_nothing(field: str, value: Any) -> None:
    assert totals_of(read(NAME, [codex_meta(**{field: value}), codex_count(ONE)])) == [(200, 800, 50)]


def applied(tier: Any, *, nested: bool = True) -> Json:
    inner = {"service_tier": tier}
    payload = {"type": "thread_settings_applied"} | ({"thread_settings": inner} if nested else inner)
    return {"timestamp": at(2), "type": "event_msg", "payload": payload}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("tier", "expected"), [("fast", "fast"), ("priority", "priority"), ("default", ""), (None, ""), (5, "")]
)
def test_applied_settings_tell_the_tier(nested: bool, tier: Any, expected: str) -> None:
    found = read(NAME, [applied("flex"), codex_count(ONE), applied(tier, nested=nested), codex_count(TWO)])
    assert [each.names.tier for each in found] == ["flex", expected]


@pytest.mark.parametrize(
    "time", ["2026-09-14T09:00:10Z", "2026-09-14 09:00:10", "2026-09-14T11:00:10+02:00", 1789376410000, 1789376410]
)
def test_a_time_is_iso_spaced_or_a_number(time: Any) -> None:
    assert event(NAME, codex_count(ONE, at=time)).ts == 1_789_376_410_000


@pytest.mark.parametrize("time", [None, "soon", True, [], -5, 10**30])
def test_a_counter_without_a_time_is_invalid(time: Any) -> None:
    assert reason(NAME, codex_count(ONE, at=time)).startswith("timestamp is ")


def test_an_invalid_counter_loses_no_tokens() -> None:
    one = reader(NAME)
    assert isinstance(one.parse(line(codex_count(ONE, at="soon"))), Reject)
    found = one.parse(line(codex_count(TWO)))
    assert isinstance(found, Event)
    assert found.output == 90


# -- two kinds of lines for the same calls


def usage_record(used: Json, seconds: float = 10, *, nested: bool = False) -> Json:
    payload = {"response_id": f"r{seconds}", "usage": used}
    if nested:
        return {"timestamp": at(seconds), "type": "event_msg", "payload": payload | {"type": "token_usage_record"}}
    return {"timestamp": at(seconds), "type": "token_usage_record", "payload": payload}


@pytest.mark.parametrize("nested", [False, True])
def test_one_family_of_lines_tells_the_calls(nested: bool) -> None:
    records = [usage_record(ONE, nested=nested), codex_count(ONE, ONE)]
    later = [usage_record(STEP, 20, nested=nested), codex_count(TWO, STEP, at(20))]
    assert totals_of(read(NAME, [codex_meta(), *records, *later])) == [(200, 800, 50), (800, 1200, 40)]
    assert totals_of(read(NAME, [codex_meta(), *reversed(records), *reversed(later)])) == [
        (200, 800, 50),
        (800, 1200, 40),
    ]


def test_equal_calls_of_the_record_family_are_two_calls() -> None:
    assert len(read(NAME, [usage_record(ONE, 10), usage_record(ONE, 20)])) == 2


# -- forks and sub-agents

PARENT = [
    codex_meta("parent"),
    codex_turn("gpt-5-codex"),
    codex_count(ONE, ONE, at(10)),
    codex_count(ONE, ONE, at(11)),
    codex_turn("gpt-5-codex", at(12)),
    codex_count(TWO, STEP, at(20)),
    codex_count(codex_usage(5000, 3000, 100), codex_usage(2000, 1000, 10), at(90)),
]
OWN = codex_usage(3600, 2400, 97)
OWN_STEP = codex_usage(600, 400, 7)
SPAWNED = {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "parent"}}}}


def child(copied: list[Json], *, born: float = 60, own: float = 75, **more: Any) -> list[Json]:
    """A thread born with a copy of its parent's lines, stamped anew, and one call of its own."""
    stamped = [record | {"timestamp": at(born + 0.01 * index)} for index, record in enumerate(copied)]
    return [
        codex_meta("child", at(born), **(more or {"forked_from_id": "parent"})),
        *stamped,
        codex_turn("gpt-5.1", at(born + 0.5)),
        codex_count(OWN, OWN_STEP, at(own)),
    ]


KNOWN = Place(siblings={"parent": [line(record) for record in PARENT]})


@pytest.mark.parametrize("place", [KNOWN, Place()], ids=["parent known", "parent missing"])
@pytest.mark.parametrize("link", [{"forked_from_id": "parent"}, {"parent_thread_id": "parent"}, SPAWNED], ids=str)
def test_a_copied_history_is_not_counted_again(link: Json, place: Place) -> None:
    (found,) = read(NAME, child(PARENT[:6], **link), place)
    assert (found.id, found.session, found.names.model) == ("child:0", "child", "gpt-5.1")
    assert (found.input, found.cache_read, found.output) == (200, 400, 7)


@pytest.mark.parametrize("place", [KNOWN, Place()], ids=["parent known", "parent missing"])
def test_the_totals_go_on_from_the_copied_ones(place: Place) -> None:
    records = child(PARENT[:6])
    del records[-1]["payload"]["info"]["last_token_usage"]
    assert totals_of(read(NAME, records, place)) == [(200, 400, 7)]


def test_a_slow_copy_is_still_known_by_the_parents_totals() -> None:
    records = child(PARENT[:6], own=400)
    for record in records[1:-1]:
        record["timestamp"] = at(300)
    assert totals_of(read(NAME, records, KNOWN)) == [(200, 400, 7)]


def test_a_copy_cut_at_its_start_is_known_by_the_parents_totals() -> None:
    assert totals_of(read(NAME, child(PARENT[4:6]), KNOWN)) == [(200, 400, 7)]


def test_a_child_without_a_copy_counts_from_its_first_call() -> None:
    records = [codex_meta("child", at(60), **SPAWNED), codex_turn(), codex_count(STEP, STEP, at(70))]
    assert totals_of(read(NAME, records, KNOWN)) == [(800, 1200, 40)]
    assert totals_of(read(NAME, records)) == [(800, 1200, 40)]


def test_after_the_second_turn_a_quick_call_is_the_childs_own() -> None:
    records = child(PARENT[:4], own=63)
    assert totals_of(read(NAME, records)) == [(200, 400, 7)]


def test_a_history_of_many_turns_is_copied_in_one_burst() -> None:
    turns = [codex_count(codex_usage(1000 * n, 0, n), codex_usage(1000, 0, 1)) for n in range(1, 9)]
    copied = [record for each in turns for record in (codex_turn(), each)]
    assert totals_of(read(NAME, child(copied))) == [(200, 400, 7)]


def test_two_sub_agents_with_equal_first_turns_are_two_calls() -> None:
    def agent(thread: str) -> list[Event]:
        return read(NAME, [codex_meta(thread, at(60), **SPAWNED), codex_turn(), codex_count(OWN, OWN, at(75))], KNOWN)

    assert [each.id for each in agent("a") + agent("b")] == ["a:0", "b:0"]


def test_a_grandchild_copies_its_parents_copy_too() -> None:
    parent = child(PARENT[:6])
    place = Place(siblings={"child": [line(record) for record in parent]})
    meta = codex_meta("grandchild", at(100), forked_from_id="child")
    copied = [record | {"timestamp": at(100.2)} for record in parent]
    own = codex_count(codex_usage(4000, 2600, 99), codex_usage(400, 200, 2), at(120))
    assert totals_of(read(NAME, [meta, *copied, own], place)) == [(200, 200, 2)]


def test_the_first_known_parent_is_asked() -> None:
    records = child(PARENT[:6], forked_from_id="lost", parent_thread_id="parent")
    assert totals_of(read(NAME, records, KNOWN)) == [(200, 400, 7)]


GROWTH = st.lists(st.integers(1, 5), min_size=1, max_size=8)


def counters(growth: list[int], start: int, seconds: float, *, deltas: bool) -> list[Json]:
    """Counters of calls that each add so many tokens, every one followed by a re-emit."""
    found, total = [], start
    for place, step in enumerate(growth):
        total += step
        last = codex_usage(step, 0, step) if deltas else None
        record = codex_count(codex_usage(total, 0, total), last, at(seconds + place))
        found += [record, record]
    return found


@settings(max_examples=150, deadline=None)
@given(old=GROWTH, own=GROWTH, copied=st.integers(0, 8), deltas=st.booleans(), cut=st.integers(0, 40))
def test_a_fork_is_billed_for_its_own_calls_only(
    old: list[int], own: list[int], copied: int, deltas: bool, cut: int
) -> None:
    history = counters(old, 0, 5, deltas=deltas)[: 2 * copied]
    own = [step + 10 for step in own]  # unlike whatever the parent did next
    begun = sum(old[:copied])
    parent = [line(record) for record in counters(old, 0, 5, deltas=True)]
    records = [
        codex_meta("child", at(60), forked_from_id="parent"),
        *(record | {"timestamp": at(60.1)} for record in history),
        *counters(own, begun, 90, deltas=deltas or not copied),
    ]
    place = Place(siblings={"parent": parent})
    first = reader(NAME, place)
    before = [first.parse(line(record)) for record in records[:cut]]
    second = reader(NAME, place, first.state())
    after = [second.parse(line(record)) for record in records[cut:]]
    events = [each for each in before + after if isinstance(each, Event)]
    assert [each.input for each in events] == own
    assert [each.id for each in events] == [f"child:{index}" for index in range(len(own))]


# -- going on in the middle


FILES = {
    "vector": [*CODEX],
    "totals only": [codex_meta(), codex_turn(), codex_count(ONE), codex_count(ONE), codex_count(TWO), codex_count(ONE)],
    "no totals": [codex_count(None, STEP), codex_count(None, STEP), codex_count(None, ONE, at(20))],
    "fork": child(PARENT[:6]),
    "tier": [applied("fast"), codex_count(ONE), applied(None), codex_count(TWO)],
    "records": [codex_meta(), usage_record(ONE), codex_count(ONE, ONE), usage_record(ONE, 20)],
    "exec": [*CODEX_EXEC, *CODEX_EXEC[1:]],
}


@pytest.mark.parametrize("place", [KNOWN, Place()], ids=["parent known", "parent missing"])
@pytest.mark.parametrize("name", FILES)
def test_a_restart_at_any_line_changes_nothing(name: str, place: Place) -> None:
    records = FILES[name]
    whole = read(NAME, records, place)
    for cut in range(len(records) + 1):
        first = reader(NAME, place)
        before = [first.parse(line(record)) for record in records[:cut]]
        second = reader(NAME, place, first.state())
        after = [second.parse(line(record)) for record in records[cut:]]
        assert [each for each in before + after if each is not None] == whole


def test_a_lone_surrogate_never_reaches_the_state() -> None:
    one = reader(NAME)
    raw = line(codex_meta("T", cwd="C", forked_from_id="P")) + b"\n"
    one.parse(raw.replace(b'"T"', b'"\\ud800"').replace(b'"C"', b'"\\udc00"').replace(b'"P"', b'"\\udfff"'))
    assert isinstance(reader(NAME, Place(), one.state()).parse(line(codex_count(ONE, at=at(300)))), Event)


@pytest.mark.parametrize("state", [b"?", b"[]", b'{"totals":5}', b"\xff"])
def test_a_state_of_somebody_else_is_a_fresh_start(state: bytes) -> None:
    one = reader(NAME, Place(), state)
    assert isinstance(one.parse(line(codex_count(ONE))), Event)


# -- the exec stream


@pytest.mark.parametrize("holder", ["data", "result", "response"])
def test_the_exec_model_may_stand_in_another_object(holder: str) -> None:
    record = CODEX_EXEC[-1] | {"model": None, holder: {"model_name": "gpt-5.1"}}
    assert event(NAME, record).names.model == "gpt-5.1"


def test_an_exec_turn_without_model_or_time_is_assumed_and_takes_the_files_time() -> None:
    record = {"type": "turn.completed", "usage": {"input_tokens": 5, "output_tokens": 1}}
    (found,) = read(NAME, [record], Place(mtime_ms=1_789_000_000_000))
    assert (found.names.model, found.assumed, found.ts) == ("gpt-5", True, 1_789_000_000_000)
    assert isinstance(reader(NAME, Place(mtime_ms=0)).parse(line(record)), Reject)


# -- the dialect


QUIET = [
    ("response_item", {"type": "message", "content": "x" * 9000}),
    ("compacted", {"message": "x"}),
    ("world_state", {}),
    ("event_msg", {"type": "agent_message", "message": "x"}),
    ("event_msg", {"type": "exec_command_end", "stdout": '"token_count"'}),
]


@pytest.mark.parametrize(("kind", "payload"), QUIET)
def test_conversation_is_told_by_its_head(kind: str, payload: Json) -> None:
    raw = line({"timestamp": at(1), "type": kind, "payload": payload})
    assert carries_nothing(b"x\n" + raw + b"\nx", 2, 2 + len(raw))
    assert not carries_nothing(raw, 0, 20)
    assert parse(NAME, raw) is None


def test_what_the_reader_needs_is_never_skipped() -> None:
    needed = [*CODEX, *CODEX_EXEC, applied("fast"), usage_record(ONE), usage_record(ONE, nested=True)]
    odd = {"timestamp": at(1), "type": "event_msg", "payload": {"info": None, "type": "token_count"}}
    for record in [*needed, odd]:
        assert not carries_nothing(line(record), 0, len(line(record)))


def test_words_about_counters_are_no_counter() -> None:
    words = '{"type":"event_msg","payload":{"type":"token_count","info":{"last_token_usage":{"input_tokens":5}}}}'
    message = {"timestamp": at(1), "type": "event_msg", "payload": {"type": "agent_message", "message": words}}
    assert parse(NAME, message) is None


# -- limits


HOURS = {"used_percent": 12.0, "window_minutes": 300, "resets_at": 1_789_400_000}
WEEK = {"used_percent": 41.5, "window_minutes": 10_080, "resets_at": 1_789_900_000}


def limited(record: Json, **limits: Any) -> Json:
    record["payload"]["rate_limits"] = {"limit_id": "codex", "primary": HOURS, "secondary": WEEK} | limits
    return record


def limits_in(parsed: Parsed) -> list[Limit]:
    together = parsed if isinstance(parsed, tuple) else (parsed,)
    return [each for each in together if isinstance(each, Limit)]


def told(**limits: Any) -> list[Limit]:
    return limits_in(parse(NAME, limited(codex_count(None), **limits)))


def test_limits_are_told_beside_a_call() -> None:
    one = reader(NAME)
    for record in CODEX[:-1]:
        one.parse(line(record))
    call, hours, week = one.parse(line(limited(codex_count(ONE, ONE), plan_type="pro")))  # type: ignore[misc]
    assert isinstance(call, Event)
    assert hours == Limit(1_789_376_410_000, NAME, "primary", 12.0, 300, 1_789_400_000_000, "pro")
    assert week == Limit(1_789_376_410_000, NAME, "secondary", 41.5, 10_080, 1_789_900_000_000, "pro")


def test_limits_are_told_without_a_call_and_by_a_re_emit() -> None:
    assert [limit.name for limit in told()] == ["primary", "secondary"]
    one = reader(NAME)
    one.parse(line(codex_count(ONE, ONE)))
    assert len(limits_in(one.parse(line(limited(codex_count(ONE, ONE)))))) == 2


def test_the_same_limits_again_are_no_news() -> None:
    one = reader(NAME)
    assert len(limits_in(one.parse(line(limited(codex_count(ONE, ONE)))))) == 2
    assert isinstance(one.parse(line(limited(codex_count(TWO, STEP)))), Event)
    changed = limited(codex_count(None), primary=HOURS | {"used_percent": 13})
    assert [limit.used for limit in limits_in(one.parse(line(changed)))] == [13, 41.5]


def test_an_older_version_tells_in_how_many_seconds_a_window_resets() -> None:
    (limit,) = told(primary={"used_percent": 3, "window_minutes": 299, "resets_in_seconds": 90}, secondary=None)
    assert (limit.minutes, limit.resets_at) == (299, 1_789_376_410_000 + 90_000)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({"limit_id": None}, "primary"),
        ({"limit_id": "codex_mini"}, "codex_mini primary"),
        ({"limit_id": "codex_mini", "limit_name": "GPT-5.3-Codex-Spark"}, "GPT-5.3-Codex-Spark primary"),
        ({"limit_id": "\x1b[2J"}, "\N{REPLACEMENT CHARACTER}[2J primary"),
    ],
)
def test_the_limit_of_one_model_is_not_the_accounts(limits: Json, name: str) -> None:
    assert told(**limits)[0].name == name


@pytest.mark.parametrize("odd", [None, [], "12", True, -1, 1e9, {"used_percent": None}, {"used_percent": "12"}])
def test_an_odd_window_costs_only_itself(odd: Any) -> None:
    assert [limit.name for limit in told(primary=odd)] == ["secondary"]
    assert [limit.name for limit in told(primary=HOURS | {"used_percent": odd})] == ["secondary"]
    (limit,) = told(primary=HOURS | {"window_minutes": odd, "resets_at": odd}, secondary=None)[:1]
    assert limit.used == 12.0


@pytest.mark.parametrize("odd", [None, [], "x", 5])
def test_odd_limits_cost_nothing_of_the_call(odd: Any) -> None:
    record = codex_count(ONE, ONE)
    record["payload"]["rate_limits"] = odd
    assert totals_of(read(NAME, [record])) == [(200, 800, 50)]


def test_limits_in_a_copied_history_are_of_long_ago() -> None:
    one = reader(NAME)
    one.parse(line(codex_meta("child", forked_from_id="parent")))
    assert one.parse(line(limited(codex_count(ONE, ONE, "2026-09-14T09:00:00.100Z")))) is None
    assert len(limits_in(one.parse(line(limited(codex_count(TWO, STEP, at(60))))))) == 2


def test_where_rollouts_are(tmp_path: Path) -> None:
    assert [str(place.path) for place in DIALECT.places({}, Path("/home/ann"))] == [
        "/home/ann/.codex/sessions",
        "/home/ann/.codex/archived_sessions",
    ]
    (tmp_path / "full" / "sessions").mkdir(parents=True)
    (tmp_path / "bare").mkdir()
    configured = DIALECT.places({"CODEX_HOME": f"{tmp_path}/full, {tmp_path}/bare,/gone"}, Path("/home/ann"))
    assert [str(place.path.relative_to(tmp_path)) for place in configured[:3]] == [
        "full/sessions",
        "full/archived_sessions",
        "bare",
    ]
    assert [str(place.path) for place in configured[3:]] == ["/gone/sessions", "/gone/archived_sessions"]
    assert {place.label for place in configured} == {"Codex"}
