"""The parts that need no terminal: bars, colours, figures, rows."""

from datetime import UTC

import pytest
from rich.cells import cell_len
from rich.text import Text

from tokenmon.ui.look import Colours, Look, spread
from tokenmon.ui.themes import ASCII, DARK, LIGHT, UNICODE, Glyphs, Palette, glyphs_for, palette_for
from tokenmon.ui.widgets.bars import bar
from tokenmon.ui.widgets.kpi_strip import change_text
from tokenmon.ui.widgets.lines import pieces

LOOK = Look(UTC, DARK, UNICODE)


def test_a_bar_shows_the_least_share_and_never_outgrows_its_room() -> None:
    assert bar(0, 10, UNICODE) == ""
    assert bar(0.0001, 10, UNICODE) == "╸"
    assert bar(0.25, 10, UNICODE) == "━━╸"
    assert bar(7, 10, UNICODE) == "━" * 10


def test_a_model_keeps_its_colour_when_its_rank_changes() -> None:
    colours = Colours(3)
    assert colours.assign(["a", "b"]) == [0, 1]
    assert colours.assign(["b", "c", "a"]) == [1, 2, 0]
    assert colours.assign(["d", "a"]) == [1, 0], "a newcomer gets a colour that is not on the screen"
    assert colours.assign(["a", "b", "c", "d"]) == [0, 1, 2, 3], "the rest shares the last one"
    assert colours.assign(["e", "d"]) == [0, 1], "and a newcomer has the one that it had before, if nobody else has"


def test_labels_shrink_to_the_cell() -> None:
    assert LOOK.fit("claude-sonnet-4-5", 10) == "claude-so…"
    assert LOOK.fit("日本語のキー", 6) == "日本 …"[:2] + " …" or cell_len(LOOK.fit("日本語のキー", 6)) == 6
    assert cell_len(LOOK.fit("日本語のキー", 6)) == 6


@pytest.mark.parametrize("width", [1, 5, 9, 30])
def test_a_path_loses_its_beginning(width: int) -> None:
    cut = LOOK.fit("/var/log/日本語/usage.jsonl", width)
    assert cell_len(cut) == width
    assert "/var/log/日本語/usage.jsonl".endswith(cut.lstrip("…").rstrip()) or width == 1


def test_the_right_end_of_a_row_wins() -> None:
    row = spread(Text("left " * 10), Text("right"), 20)
    assert row.plain.endswith("right")
    assert row.cell_len == 20


def test_only_a_notable_change_for_the_worse_is_marked() -> None:
    styles = [change_text(LOOK, change).spans or change_text(LOOK, change).style for change in (0.1, 0.5, -0.5)]
    assert styles == [DARK.muted, DARK.warn, DARK.muted]
    assert change_text(LOOK, 0.5, worse_up=False).style == DARK.muted
    assert change_text(LOOK, 0.5, material=False).style == DARK.muted


def test_no_colour_uses_none() -> None:
    palette = palette_for("dark", {"NO_COLOR": "1"})
    assert not palette.coloured
    assert all("#" not in style for style in (palette.text, palette.muted, palette.bad, palette.selected))


def test_a_light_terminal_is_believed() -> None:
    assert palette_for("auto", {"COLORFGBG": "0;15"}) is LIGHT
    assert palette_for("auto", {"COLORFGBG": "15;0"}) is DARK
    assert palette_for("auto", {}) is DARK


def test_terminals_without_glyphs_get_ascii() -> None:
    assert glyphs_for(False, {"LANG": "C.UTF-8"}) is UNICODE
    assert glyphs_for(False, {"LANG": "C"}) is ASCII
    assert glyphs_for(False, {"LANG": "C.UTF-8", "TERM": "linux"}) is ASCII
    assert glyphs_for(True, {"LANG": "C.UTF-8"}) is ASCII


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("palette", "backgrounds"), [(DARK, ("#0f1216", "#1c232b")), (LIGHT, ("#ffffff", "#eaeef2"))])
def test_text_stands_out_from_its_background(palette: Palette, backgrounds: tuple[str, str]) -> None:
    for colour in (palette.text, palette.muted, palette.primary, palette.good, palette.warn, palette.bad):
        for background in backgrounds:
            lighter, darker = sorted((_luminance(colour), _luminance(background)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (colour, background)


def test_what_was_searched_for_is_marked_in_what_is_left_of_a_label() -> None:
    def marked(text: str, width: int, search: str) -> list[str]:
        label = LOOK.found(text, width, DARK.text, search, "project")
        return [label.plain[span.start : span.end] for span in label.spans]

    assert marked("/home/dev/monorepo", 30, "mono dev") == ["dev", "mono"]
    assert marked("/home/dev/monorepo", 10, "mono dev") == ["mono"]
    assert marked("monorepo", 8, "model:mono") == []


@pytest.mark.parametrize("width", [8, 20, 41])
def test_a_long_name_is_folded_after_a_sign(width: int) -> None:
    name = "rollout-2026-11-19T12-52-01-日本語-9b27e5cf-92b7-42c0-ac9e-5d261892ca71.jsonl"
    folded = pieces(name, width)
    assert "".join(folded) == name
    assert all(0 < cell_len(piece) <= width for piece in folded)
    assert width < 20 or all(piece[-1] in "-." for piece in folded[:-1])


@pytest.mark.parametrize(("palette", "glyphs"), [(palette_for("dark", {"NO_COLOR": "1"}), UNICODE), (DARK, ASCII)])
def test_swatches_differ_where_colours_do_not(palette: Palette, glyphs: Glyphs) -> None:
    look = Look(UTC, palette, glyphs)
    assert len({look.swatch(colour) for colour in range(len(glyphs.fills))}) == len(glyphs.fills)
    assert {LOOK.swatch(colour) for colour in range(8)} == {"■"}
