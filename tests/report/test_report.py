"""The report's JSON and CSV are a contract; its table tells list prices and unknown costs from the rest."""

import csv
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tokenmon.dimensions import DIMENSIONS, by_name
from tokenmon.errors import ConfigError
from tokenmon.exact import harmless, json_text
from tokenmon.pricing.overrides import read_overrides
from tokenmon.report.output import cells
from tokenmon.report.question import Question
from tokenmon.report.report import Grouping, cost_text, csv_lines, document, plain_lines
from tokenmon.report.unpriced import found_in
from tokenmon.report.unpriced import plain_lines as unpriced_lines
from tokenmon.settings import Settings
from tokenmon.store.answers import Breakdown, Group, Sums, Unpriced
from tokenmon.view import Window

MODEL, DAY = by_name("model"), by_name("day")
assert MODEL is not None
assert DAY is not None

ONE = Sums(
    requests=1,
    errors=0,
    input=10,
    cache_read=2000,
    cache_write_5m=1000,
    cache_write_1h=2000,
    output=159,
    reasoning=None,
    total=5169,
    cost=18_765_000,
    cost_logged=None,
    cost_list=18_765_000,
    first=1_763_647_402_123,
    last=1_763_647_402_123,
)
FOUND = Breakdown((Group(("claude-sonnet-4-5-20250929",), ONE),), 1, False, ONE)
SHOWN = Window(1_763_647_402_123, 1_763_647_402_124)


def question(**given: object) -> Question:
    return Question(Settings(tz="UTC"), Path("x.db"), (), lambda: 0, **given)  # type: ignore[arg-type]


def test_the_document_is_the_one_of_the_design() -> None:
    assert MODEL is not None
    text = json.dumps(json.loads(json_text(document([MODEL], FOUND, SHOWN, 0, "UTC"))))
    numbers = (
        '"requests": 1, "errors": 0, "input_tokens": 10, "cache_read_tokens": 2000, "cache_write_5m_tokens": 1000, '
        '"cache_write_1h_tokens": 2000, "output_tokens": 159, "reasoning_tokens": null, "total_tokens": 5169, '
        '"cost_usd": 0.018765, "cost_logged_usd": null, "cost_list_usd": 0.018765, "unpriced_requests": 0, '
        '"assumed_requests": 0, "first_event_at": "2025-11-20T14:03:22.123Z", '
        '"last_event_at": "2025-11-20T14:03:22.123Z"'
    )
    assert text == (
        '{"schema": "tokenmon.report/1", "generated_at": "1970-01-01T00:00:00.000Z", '
        '"range": {"from": "2025-11-20T14:03:22.123Z", "to": "2025-11-20T14:03:22.124Z", "tz": "UTC"}, '
        '"by": ["model"], '
        f'"rows": [{{"model": "claude-sonnet-4-5-20250929", {numbers}}}], '
        f'"rows_total": 1, "truncated": false, "totals": {{{numbers}}}}}'
    )


def test_nothing_is_0_where_0_is_meant_and_null_elsewhere() -> None:
    totals = document([], Breakdown((), 0, False, Sums()), Window(), 0, "UTC")["totals"]
    assert isinstance(totals, dict)
    zero = {"requests", "errors", "unpriced_requests", "total_tokens", "cost_usd"}
    assert {name for name, value in totals.items() if value is not None} == zero
    assert totals["requests"] == 0


def test_a_missing_name_is_null_and_never_the_text_none() -> None:
    assert MODEL is not None
    found = Breakdown((Group((None,), ONE),), 1, False, ONE)
    rows = document([MODEL], found, SHOWN, 0, "UTC")["rows"]
    assert isinstance(rows, list)
    assert rows[0]["model"] is None
    assert csv_lines([MODEL], found)[1].startswith(",1,0,10,")


def test_csv_has_the_columns_of_json() -> None:
    assert MODEL is not None
    heading, row = csv.reader(csv_lines([MODEL], FOUND))
    rows = document([MODEL], FOUND, SHOWN, 0, "UTC")["rows"]
    assert isinstance(rows, list)
    assert heading == list(rows[0])
    assert dict(zip(heading, row, strict=True))["cost_usd"] == "0.018765"
    assert dict(zip(heading, row, strict=True))["reasoning_tokens"] == ""


def test_csv_without_groups_is_the_totals() -> None:
    heading, row = csv.reader(csv_lines([], FOUND))
    assert heading[0] == "requests"
    assert row[0] == "1"


@pytest.mark.parametrize(
    ("sums", "text"),
    [
        (Sums(), "$0.00"),
        (Sums(requests=2, unpriced=2), "?"),
        (Sums(requests=1, cost=10**9, cost_logged=10**9, cost_list=2 * 10**9), "$1.00"),
        (Sums(requests=1, cost=10**9, cost_list=10**9), "$1.00*"),
        (Sums(requests=2, cost=3 * 10**9, cost_logged=10**9, cost_list=2 * 10**9), "$3.00*"),
        (Sums(requests=3, cost=10**9, cost_list=10**9, unpriced=1), "~$1.00*"),
    ],
)
def test_a_cost_says_how_good_it_is(sums: Sums, text: str) -> None:
    assert cost_text(sums) == text


def big(number: int) -> Sums:
    return Sums(
        requests=number,
        errors=number,
        input=number,
        cache_read=number,
        cache_write_5m=number,
        output=number,
        total=5 * number,
        cost=number * 10**6,
        cost_list=number * 10**6,
        unpriced=12_345,
        assumed=3,
    )


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda each: each.name)
def test_the_table_fits_80_columns(dimension: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    label = "a-value-that-is-longer-than-any-sensible-column-of-a-table-of-eighty-characters"
    groups = tuple(Group((label, label), big(10**power)) for power in range(8))
    found = Breakdown(groups, 900, True, big(12_345_678))
    lines = plain_lines(question(), [dimension, DAY], found, SHOWN, None)  # type: ignore[list-item]
    assert all(cells(line) <= 80 for line in lines)
    assert any("12,345,678" in line for line in lines)
    assert any("8 of 900 rows" in line for line in lines)
    assert "12,345 of 12,345,678 requests" in " ".join(lines)
    assert any("list price" in line for line in lines)


def test_no_events_are_said_not_drawn() -> None:
    assert plain_lines(question(), [DAY], Breakdown((), 0, False, Sums()), Window(), None)[1] == "No events."  # type: ignore[list-item]


def test_open_ends_are_shown_as_the_events_span() -> None:
    view, shown = question(range="all").view(Window(5, 9))
    assert (view.window, shown) == (Window(), Window(5, 9))
    view, shown = question(range="1970-01-01T00:00Z..").view(Window(5, 9))
    assert (view.window, shown) == (Window(0, None), Window(0, 9))
    assert (
        question(range="2030-01-01..").view(Window(5, 9))[1].start == question(range="2030-01-01..").view(None)[1].start
    )


BOTH = Sums(
    requests=10,
    total=5_000,
    cost=5 * 10**9,
    cost_logged=4 * 10**9,
    cost_list=3 * 10**9,
    unpriced=1,
    unpriced_total=400,
    both=5,
    both_logged=3 * 10**9,
    both_list=2 * 10**9,
    only_logged=1,
)
RECONCILED_FOUND = Breakdown((Group(("gpt-5",), BOTH), Group((None,), ONE)), 2, False, BOTH)


def test_the_difference_is_over_the_requests_that_have_both() -> None:
    assert MODEL is not None
    fields = Grouping(reconcile=True).fields
    found = json.loads(json_text(document([MODEL], RECONCILED_FOUND, SHOWN, 0, "UTC", fields, ())))
    row, without = found["rows"]
    assert {name: row[name] for name in list(row)[-7:]} == {
        "reconciled_requests": 5,
        "reconciled_logged_usd": 3,
        "reconciled_list_usd": 2,
        "difference_usd": 1,
        "difference_percent": 50,
        "only_logged_requests": 1,
        "only_list_requests": 3,
    }
    assert [without[name] for name in list(row)[-7:]] == [0, None, None, None, None, 0, 1]
    assert found["unpriced"] == []
    heading, line, _ = csv.reader(csv_lines([MODEL], RECONCILED_FOUND, fields))
    assert dict(zip(heading, line, strict=True))["difference_percent"] == "50.00"
    assert heading == list(row)


def test_a_report_without_reconciling_has_its_old_fields() -> None:
    assert MODEL is not None
    found = document([MODEL], RECONCILED_FOUND, SHOWN, 0, "UTC")
    assert "unpriced" not in found
    assert not any("reconciled" in name for name in found["totals"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda each: each.name)
def test_the_reconciled_table_fits_80_columns(dimension: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    large = replace(BOTH, requests=123_456, both_logged=10**13, both_list=10**13 + 10**12)
    found = Breakdown((Group(("a-long-name-of-a-model-20260101",), large),) * 3, 3, False, large)
    lines = plain_lines(question(), [dimension], found, SHOWN, None, reconcile=True)  # type: ignore[list-item]
    assert all(cells(line) <= 80 for line in lines)
    assert any("-$1,000.00" in line and "-9.1" in line for line in lines)
    assert "those of 5 of 123,456 requests that have both" in " ".join(lines)


def test_what_has_no_price_is_listed_with_what_to_write_down(tmp_path: Path) -> None:
    """The entry is refused while it is empty, and understood once it is filled in, whatever the names are."""
    model, provider = 'odd "x\\y"\n\x7f\u2028 ☃', "ACME"
    sums = replace(BOTH, unpriced=7, unpriced_total=900)
    (found,) = found_in(
        Breakdown((Group((provider, model, "fast"), sums), Group(("a", "b", None), ONE)), 2, False, BOTH)
    )
    assert found == Unpriced(model, 7, 900, provider, "fast")
    path = tmp_path / "prices.toml"
    lines = unpriced_lines([found], path)
    assert f"add it to\n{path}:" in "\n".join(lines)
    entry_of = "\n".join(lines[lines.index("[[price]]") :])
    path.write_text(entry_of)
    with pytest.raises(ConfigError):
        read_overrides(path)
    path.write_text(entry_of.replace("input = ", "input = 3").replace("output =", "output = 15"))
    (price,) = read_overrides(path).prices
    assert (price.models, price.provider, price.tier) == ((harmless(model).lower(),), "acme", "fast")


def test_calls_that_name_no_model_have_no_entry(tmp_path: Path) -> None:
    assert "[[price]]" not in unpriced_lines([Unpriced("", 1, 5)], tmp_path)
