"""What goes to stdout is harmless, exact and fits."""

import csv

import pytest

from tokenmon.exact import csv_line, harmless, json_line, json_text, markdown_line, money
from tokenmon.report.output import Column, cells, table

LABEL, NUMBER = Column("Model", label=True), Column("Cache read")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_fault_118_a_cell_that_a_spreadsheet_would_obey_is_neutralised(first: str) -> None:
    [line] = csv.reader([csv_line([f"{first}cmd()", "a,b", 'say "x"'])])
    assert line == [f"'{first}cmd()", "a,b", 'say "x"']


def test_fault_118_numbers_stay_numbers_in_csv() -> None:
    assert csv_line([-5, money(-20), None, True, "", 0]) == "-5,-0.00000002,,true,,0"


def test_a_cell_of_markdown_is_plain_text_in_one_cell() -> None:
    line = markdown_line(["a|b\n<b>*x*</b>", None, 5, money(20), "gpt_5 [x](y)"])
    assert line == r"| a\|b \<b\>\*x\*\</b\> |  | 5 | 0.00000002 | gpt_5 \[x\](y) |"


def test_costs_are_json_numbers_without_noise() -> None:
    assert json_line({"a": money(100_000_000), "b": money(300_000_000), "c": None}) == '{"a":0.1,"b":0.3,"c":null}'
    assert '"cost_usd": 0.018765' in json_text({"cost_usd": money(18_765_000)})


def test_text_that_a_terminal_would_obey_is_made_harmless() -> None:
    assert harmless("a\x1b[31m\x9b\u202eb") == "a\ufffd[31m\ufffd\ufffdb"
    assert harmless("/logs/Mu\u0308ller \udcff.jsonl") == "/logs/Mu\u0308ller \ufffd.jsonl"
    assert "\x1b" not in table([LABEL], [["\x1b]0;x\x07"]], None, 80)


def test_labels_shrink_and_numbers_never() -> None:
    rows = [["a-model-with-a-very-long-name-indeed-2026-11-20", "123,456,789"], ["漢字" * 20, "1"]]
    lines = table([LABEL, NUMBER], rows, ["Total", "123,456,790"], 30).splitlines()
    assert all(cells(line) <= 30 for line in lines)
    assert "123,456,789" in lines[2]
    assert "…" in lines[2]
    assert lines[-1].startswith("Total")


def test_headings_of_numbers_stand_in_two_lines_when_narrow() -> None:
    lines = table([LABEL, NUMBER], [["x", "1.2M"]], None, 15).splitlines()
    assert lines[:3] == ["       Cache", "Model   read", "-----  -----"]
    assert table([LABEL, NUMBER], [["x", "1.2M"]], None, 80).startswith("Model  Cache read\n")
