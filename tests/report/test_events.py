"""`events`: one object a line with every field of the design, and a table that fits."""

import csv
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tokenmon.events import NAMES, Names
from tokenmon.exact import json_line
from tokenmon.report.events import _page, row
from tokenmon.report.output import cells
from tokenmon.report.question import Question
from tokenmon.settings import Settings
from tokenmon.store.answers import StoredEvent
from tokenmon.trace import FIELDS

EVENT = StoredEvent(
    id="19aa1b7c64b-00112233445566ff",
    ts=1_763_647_402_123,
    names=Names(host="box", dialect="native", integration="ci", provider="openai", model="gpt-5.1", key_id="key-1"),
    input=10,
    cache_read=None,
    cache_write_5m=None,
    cache_write_1h=None,
    output=5,
    reasoning=0,
    cost=100_000_000,
    cost_logged=None,
    cost_list=100_000_000,
    cost_kind="list",
    priced_as="openai/gpt-5.1",
    assumed=False,
    streamed=None,
    basis="exact",
    web_searches=0,
    session="",
    source_path="/logs/a.jsonl",
    source_offset=17,
    status=None,
    is_error=False,
    latency_ms=None,
    ttft_ms=None,
    request_id="req_1",
    metadata='{"branch":"main"}',
)
ORDER = [
    *("id", "ts", "dialect", "source_path", "source_offset"),
    *(name for name in NAMES if name != "dialect"),
    *("session", "request_id", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("output_tokens", "reasoning_tokens", "total_tokens", "cost_usd", "cost_logged_usd", "cost_list_usd", "cost_kind"),
    *("priced_as", "assumed", "latency_ms", "ttft_ms", "status", "error", "metadata", "quality"),
]


def question(form: str) -> Question:
    return Question(Settings(tz="UTC"), Path("x.db"), (), lambda: 0, form=form)  # type: ignore[arg-type]


def test_an_object_has_the_fields_of_the_design_in_order() -> None:
    found = json.loads(json_line(row(EVENT)))
    assert list(found) == ORDER
    assert found["ts"] == "2025-11-20T14:03:22.123Z"
    assert (found["cost_usd"], found["cost_logged_usd"], found["cache_read_tokens"]) == (0.1, None, None)
    assert (found["reasoning_tokens"], found["total_tokens"], found["session"]) == (0, 15, None)
    assert found["metadata"] == {"branch": "main"}


def test_csv_has_the_same_columns() -> None:
    heading, line = csv.reader(_page(question("csv"), (EVENT,), True))
    assert heading == [name for name, _ in FIELDS] == ORDER
    assert dict(zip(heading, line, strict=True))["cost_usd"] == "0.1"
    assert dict(zip(heading, line, strict=True))["metadata"] == '{"branch":"main"}'
    assert len(_page(question("csv"), (EVENT,), False)) == 1


@pytest.mark.parametrize("form", ["plain", "csv", "json"])
def test_pages_join_to_one_answer(form: str) -> None:
    together = _page(question(form), (EVENT, EVENT), True)
    assert _page(question(form), (EVENT,), True) + _page(question(form), (EVENT,), False) == together


def test_the_list_fits_80_columns_and_marks_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = replace(EVENT, names=EVENT.names._replace(model="m" * 60, key_name="k" * 60), cost=None, status=529)
    lines = _page(question("plain"), (EVENT, long), True)
    assert all(cells(line) <= 80 for line in lines)
    assert "$0.100*" in lines[2]
    assert "?" in lines[3]
    assert lines[3].endswith("529")


def test_nothing_is_said_once() -> None:
    assert _page(question("plain"), (), True) == ["No events."]
    assert _page(question("json"), (), True) == []
