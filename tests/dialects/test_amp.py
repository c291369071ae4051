"""Amp's threads: with a ledger, without one, and between the two (formats.md 8)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.amp import GROWN, LEDGER, NEW, QUESTION, answer, entry, thread, usage
from tests.dialects.samples import Json, Place, events_of, line, parse, reader
from tokenmon.dialects.amp import places
from tokenmon.events import Event, Reject

NAME = "amp"


def calls(document: Json) -> list[Event]:
    return list(events_of(parse(NAME, json.dumps(document, indent=2).encode())))


def counts(event: Event) -> tuple[int, int, int | None, int | None]:
    return (event.input, event.output, event.cache_read, event.cache_write_5m)


def test_the_ledger_tells_the_calls_and_the_message_what_was_cached() -> None:
    first, second, third = calls(LEDGER)
    assert counts(first) == (100, 20, 3000, 400)
    assert counts(second) == (10, 2, None, None)
    assert counts(third) == (50, 5, None, None)
    assert (first.ts, first.session, first.names.project) == (1_789_376_405_000, "T-1", "/home/dev/weather map")


def test_credits_are_no_dollars() -> None:
    assert all(each.cost_logged is None for each in calls(LEDGER))


def test_who_bills_is_known_by_the_model() -> None:
    assert [each.names.provider for each in calls(LEDGER)] == ["anthropic", "openai", "google"]
    assert calls(thread("T-9", [], [entry("e", 1, None, 1, 1, model="own-model")]))[0].names.provider == ""


def test_a_ledger_that_counts_the_cache_as_input_is_not_counted_twice() -> None:
    document = thread("T-9", [answer(1, None, "m", **usage(100, 20, 3000, 400))], [entry("e", 1, 1, 3500, 20)])
    assert counts(calls(document)[0]) == (100, 20, 3000, 400)


def test_a_newer_thread_has_no_ledger() -> None:
    (found,) = calls(NEW)
    assert counts(found) == (10, 178, 11372, 986)
    assert (found.ts, found.id) == (1_789_376_410_000, "T-3:2026-09-14T09:00:10.000Z")


def test_a_thread_that_outlived_its_ledger_loses_no_call() -> None:
    assert [counts(each) for each in calls(GROWN)] == [(100, 20, 0, 0), (7, 9, 120, 0)]


def test_a_call_keeps_its_identity_when_the_ledger_comes_after_the_message() -> None:
    early = thread("T-2", GROWN["messages"][:2])
    assert calls(early)[0].id == calls(GROWN)[0].id == "T-2:1"
    assert all(each.rewritten for each in calls(GROWN))


def test_a_message_that_the_ledger_names_is_no_call_of_its_own_however_late() -> None:
    document = thread("T-9", [answer(1, 30, "m", **usage(1, 2, 0, 0))], [entry("e", 5, 1, 1, 2)])
    assert len(calls(document)) == 1


def test_a_thread_without_an_id_is_known_by_its_file() -> None:
    nameless: Json = {name: value for name, value in NEW.items() if name != "id"}
    (found,) = events_of(reader(NAME, Place("/logs/threads/T-5.json")).parse(line(nameless)))
    assert found.session == "T-5"


def test_an_older_message_that_the_ledger_leaves_out_is_no_call() -> None:
    document = thread("T-9", [answer(7, 1, "m", **usage(9, 9, 9, 9))], [entry("e", 5, None, 1, 2)])
    assert [counts(each) for each in calls(document)] == [(1, 2, None, None)]


def test_a_message_without_a_time_has_that_of_its_thread() -> None:
    (found,) = calls(thread("T-9", [answer(1, None, "m", **usage(9, 9, 9, 9))]))
    assert (found.ts, found.untimed) == (1_789_376_399_000, True)


def test_a_cache_count_of_the_ledgers_own_goes_first() -> None:
    tokens = {"input": 1, "output": 2, "cacheReadInputTokens": 30, "cacheCreationInputTokens": 4}
    document = thread("T-9", [answer(1, None, "m", **usage(1, 2, 99, 99))], [entry("e", 1, 1, 0, 0, tokens=tokens)])
    assert counts(calls(document)[0]) == (1, 2, 30, 4)


def test_a_total_of_another_sum_is_told() -> None:
    def disagrees(total: int) -> bool:
        tokens = {"input": 100, "output": 20, "total": total}
        document = thread("T-9", [answer(1, None, "m", **usage(100, 20, 3000, 400))], [entry("e", 1, 1, 0, 0)])
        document["usageLedger"]["events"][0]["tokens"] = tokens
        return calls(document)[0].disagrees

    assert [disagrees(total) for total in (120, 3520, 0, 777)] == [False, False, False, True]


ODD: tuple[Any, ...] = (None, 5, "x", [], {}, {"tokens": None}, {"tokens": {"total": 5}}, {"tokens": [1]})


@pytest.mark.parametrize("events", [None, 5, "x", {}, list(ODD)])
def test_odd_entries_are_no_calls(events: Any) -> None:
    assert parse(NAME, thread("T-9", [QUESTION]) | {"usageLedger": {"events": events}}) is None


def test_an_entry_that_cannot_be_read_costs_only_itself() -> None:
    bad = entry("bad", 1, None, -1, 1)
    assert len(calls(thread("T-9", [], [bad, *ODD, entry("e", 2, None, 1, 1)]))) == 1
    assert parse(NAME, thread("T-9", [], [bad])) == (Reject("input is negative"),)


@pytest.mark.parametrize("messages", [None, 5, "x", {}, [None, 5, [], {"role": "assistant", "usage": [1]}]])
def test_odd_messages_are_no_calls(messages: Any) -> None:
    assert parse(NAME, {"id": "T-9", "messages": messages, "usage": 1}) is None


def test_the_usual_places() -> None:
    home = Path("/home/dev")
    assert [place.path for place in places({}, home)] == [home / ".local/share/amp/threads"]
    assert [place.path for place in places({"XDG_DATA_HOME": "/d"}, home)] == [Path("/d/amp/threads")]
    assert [place.path for place in places({"AMP_DATA_DIR": "/a,/b"}, home)][1] == Path("/b/threads")
