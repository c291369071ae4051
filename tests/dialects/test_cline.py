"""Tasks of Cline, Roo Code and Kilo Code: whole documents, and what only their path tells (formats.md 8)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.cases.cline import ASKED, CLINE, CLINES, KILO, KILOS, PROJECT, ROO, ROOS, VECTOR, call, counts, said
from tests.dialects.samples import Json, Place, events_of, line, parse, reader
from tokenmon.dialects.cline import places
from tokenmon.events import Basis, Event, Names, Reject

NAME = "cline"


def place(extension: str, task: str = "1789376400000") -> Place:
    return Place(f"/home/dev/.config/Code/User/globalStorage/{extension}/tasks/{task}/ui_messages.json")


def calls(messages: Any, extension: str = CLINE) -> list[Event]:
    whole = json.dumps(messages, indent=1).encode()
    return list(events_of(reader(NAME, place(extension)).parse(whole)))


def test_a_call_of_cline() -> None:
    assert calls([VECTOR]) == [
        Event(
            ts=1_789_376_405_000,
            names=Names(
                dialect=NAME,
                integration="cline",
                provider="anthropic",
                model="claude-sonnet-4-5",
                source_class="agent",
                project=PROJECT,
            ),
            input=100,
            output=20,
            cache_read=3000,
            cache_write_5m=400,
            cost_logged=3_100_000,
            id="1789376400000:1789376405000",
            rewritten=True,
            session="1789376400000",
        )
    ]


def test_a_task_holds_each_answered_call_once() -> None:
    found = calls(CLINES)
    assert [(each.input, each.output) for each in found] == [(100, 20), (50, 5), (900, 90)]
    assert [each.basis for each in found] == [Basis.EXACT, Basis.EXACT, Basis.AGGREGATE]


def test_a_cost_of_0_is_unknown() -> None:
    assert [each.cost_logged for each in calls(CLINES)] == [3_100_000, None, 20_000_000]


@pytest.mark.parametrize(("extension", "integration"), [(CLINE, "cline"), (ROO, "roo-code"), (KILO, "kilo-code")])
def test_the_path_tells_which_of_the_three_it_is(extension: str, integration: str) -> None:
    assert calls([VECTOR], extension)[0].names.integration == integration


def test_a_path_of_none_of_them_is_clines() -> None:
    assert calls([VECTOR], "somebody.else")[0].names.integration == "cline"


def test_a_fork_counts_the_cache_as_input_since_some_version() -> None:
    found = calls(ROOS, ROO)
    assert [(each.input, each.cache_read, each.cache_write_5m) for each in found] == [
        (4, 0, 12000),
        (10, 12000, 0),
        (800, 0, 0),
    ]


def test_cline_itself_never_counts_the_cache_as_input() -> None:
    assert calls([call(5, counts(12010, 40, 0, 12000, 0))])[0].input == 12010


def test_a_moved_task_of_a_fork_is_known_by_what_only_forks_write() -> None:
    assert calls(KILOS, "somewhere")[0].input == 300


def test_the_last_model_named_is_that_of_the_calls_after_it() -> None:
    assert [each.names.model for each in calls(ROOS, ROO)] == ["claude-sonnet-4"] * 3
    assert calls([call(5, counts(9, 1, 0, 0, 0))], KILO)[0].names.model == ""


def test_a_call_that_broke_off_failed_and_one_that_was_stopped_did_not() -> None:
    broken = calls(ROOS, ROO)[-1]
    assert (broken.failed, broken.error) == (True, "overloaded")
    assert not calls([call(5, {"cancelReason": "user_cancelled"} | counts(9, 1, 0, 0, 0))])[0].failed


def test_a_call_that_is_told_again_with_more_is_the_same() -> None:
    (early,), (late,) = calls([call(5, counts(9, 1, 0, 0, 0))]), calls([call(5, counts(9, 7, 0, 0, 0.1))])
    assert early.id == late.id
    assert late.total > early.total


def test_two_tasks_of_one_moment_are_two() -> None:
    one, two = (reader(NAME, place(CLINE, task)).parse(line([VECTOR])) for task in ("1", "2"))
    (first,), (second,) = events_of(one), events_of(two)
    assert first.id != second.id


@pytest.mark.parametrize("empty", [b"[]", b"[ ]", b"\xef\xbb\xbf[]", line([said("text", 1, "hi"), ASKED])])
def test_a_task_without_calls_is_nothing(empty: bytes) -> None:
    assert parse(NAME, empty) is None


ODD: tuple[Any, ...] = (
    None, 5, "api_req_started", [], {}, {"say": "api_req_started"}, said("api_req_started", 1, "[1]"),
    said("api_req_started", 1, "null"), said("api_req_started", 1, "\ud800"), call(1, {"tokensIn": None}),
    {"ts": 1, "type": "say", "say": "api_req_started", "text": {"tokensIn": 5}},
)  # fmt: skip


def test_odd_messages_cost_only_themselves() -> None:
    bad = call(1, {"tokensIn": "5"})
    assert [each.input for each in calls([bad, *ODD, VECTOR])] == [100]
    assert parse(NAME, line([bad, *ODD])) == (Reject("tokensIn is not a whole number"),)


def test_a_time_that_is_none_is_the_files() -> None:
    untimed: Json = {name: value for name, value in VECTOR.items() if name != "ts"}
    (found,) = calls([untimed])
    assert (found.untimed, found.id) == (True, "")


def test_the_usual_places() -> None:
    home = Path("/home/dev")
    found = {place.path: place.label for place in places({}, home)}
    assert found[home / ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks"] == "Cline"
    assert found[home / ".config/Cursor/User/globalStorage/rooveterinaryinc.roo-cline/tasks"] == "Roo Code"
    assert found[home / ".vscode-server/data/User/globalStorage/kilocode.kilo-code/tasks"] == "Kilo Code"
    assert found[home / "Library/Application Support/VSCodium/User/globalStorage/saoudrizwan.claude-dev/tasks"]
    assert found[home / ".cline/data/tasks"] == "Cline"
    moved = {place.path for place in places({"XDG_CONFIG_HOME": "/x", "APPDATA": "/w"}, home)}
    assert Path("/x/Code/User/globalStorage/kilocode.kilo-code/tasks") in moved
    assert Path("/w/Code/User/globalStorage/kilocode.kilo-code/tasks") in moved
