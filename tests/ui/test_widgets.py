"""The parts that need no terminal: bars, the chart's scale and labels, colours, figures, rows."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tokenmon.events import NANO
from tokenmon.store.answers import Sums
from tokenmon.ui.look import Colours, Look, spread
from tokenmon.ui.themes import ASCII, DARK, LIGHT, PLAIN, UNICODE, Palette, glyphs_for, palette_for
from tokenmon.ui.widgets.bars import bar
from tokenmon.ui.widgets.chart import Band, Picture, TimeChart, scale, time_labels
from tokenmon.ui.widgets.kpi_strip import change_text, cost_label, figures_of
from tokenmon.ui.widgets.status_row import Situation, banner_of, state_of

LOOK = Look(UTC, DARK, UNICODE)


def test_a_bar_shows_the_least_share_and_never_outgrows_its_room() -> None:
    assert bar(0, 10, UNICODE) == ""
    assert bar(0.0001, 10, UNICODE) == "╸"
    assert bar(0.25, 10, UNICODE) == "━━╸"
    assert bar(7, 10, UNICODE) == "━" * 10


@pytest.mark.parametrize("largest", [1, 7, 99, 100, 101, 123_456, 2_090_000_000, 10**18])
def test_the_axis_is_round_and_holds_the_largest_value(largest: int) -> None:
    step, intervals = scale(largest, 5)
    assert 2 <= intervals <= 5
    assert largest <= step * intervals <= 3 * largest + 2
    assert f"{step:.0e}"[0] in "125" or f"{step:.1e}".startswith("2.5")


@pytest.mark.parametrize("height", range(4, 40, 3))
@pytest.mark.parametrize("largest", [0.05, 0.585, 0.6, 0.61, 0.99, 1.0, 7.3])
def test_no_bar_is_above_the_top_of_the_axis(height: int, largest: float) -> None:
    chart = TimeChart(Look(UTC, PLAIN, ASCII))
    band = Band("m", (0, round(largest * NANO / 2), round(largest * NANO), 0), 0)
    rows = chart.painted(Picture((0, 1, 2, 3, 4), (band,), money=True), 40, height).plain.split("\n")
    inked = next(index for index, row in enumerate(rows) if "#" in row)
    top = next(index for index, row in enumerate(rows) if "$" in row)
    assert inked >= top == 0
    assert largest <= float(rows[0].split("+")[0].strip().removeprefix("$"))


def test_time_labels_stand_on_round_local_times() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = int(datetime(2025, 11, 20, 14, 30, tzinfo=berlin).timestamp() * 1_000)
    edges = [start + index * 1_800_000 for index in range(49)]
    assert [label for _, label in time_labels(edges, berlin, 6)] == ["18:00", "Fri 21", "06:00", "12:00"]


def test_a_year_is_labelled_by_months() -> None:
    edges = [int(datetime(2025, month, 1, tzinfo=UTC).timestamp() * 1_000) for month in range(1, 13)]
    assert [label for _, label in time_labels(edges, UTC, 4)] == ["Jan 2025", "Apr 2025", "Jul 2025", "Oct 2025"]


@pytest.mark.parametrize(("palette", "glyphs"), [(DARK, UNICODE), (PLAIN, UNICODE), (PLAIN, ASCII), (DARK, ASCII)])
@pytest.mark.parametrize("size", [(80, 17), (30, 5), (160, 38), (9, 4)])
def test_a_chart_fills_exactly_its_size(palette: Palette, glyphs: object, size: tuple[int, int]) -> None:
    chart = TimeChart(Look(UTC, palette, ASCII if glyphs is ASCII else UNICODE))
    edges = tuple(range(0, 49 * 1_800_000, 1_800_000))
    bands = tuple(Band(f"m{n}", tuple((index % 7) * NANO for index in range(48)), n) for n in range(8))
    rows = chart.painted(Picture(edges, bands, money=True), *size).plain.split("\n")
    assert [cell_len(row) for row in rows] == [size[0]] * size[1]
    if glyphs is ASCII:
        assert all(character < "\x80" for row in rows for character in row)


def test_a_bin_without_cost_is_empty_and_one_with_little_is_not() -> None:
    chart = TimeChart(LOOK)
    picture = Picture((0, 1_000, 2_000, 3_000), (Band("m", (NANO, 0, 1_000_000), 0),), money=True)
    lowest = chart.painted(picture, 8 + 30, 10).plain.split("\n")[7][8:]
    assert "█" in lowest[:10]
    assert "█" not in lowest[10:20]
    assert "█" in lowest[20:]


def test_every_cell_has_the_colour_of_the_band_that_fills_it() -> None:
    chart = TimeChart(LOOK)
    picture = Picture((0, 1_000, 2_000), (Band("a", (4 * NANO, NANO), 0), Band("b", (4 * NANO, 0), 1)), money=True)
    rows = chart.painted(picture, 8 + 2, 11).split("\n")[:-2]

    def colour(row: Text, column: int) -> str:
        styles = [span.style for span in row.spans if span.start <= 8 + column < span.end]
        return str(styles[-1]) if row.plain[8 + column] == "█" else ""

    low, high = (str(Style.parse(LOOK.palette.series[index])) for index in (0, 1))
    assert [colour(row, 0) for row in rows] == [high] * 4 + [low] * 5
    assert [colour(row, 1) for row in rows] == [""] * 7 + [low] * 2


def test_a_chart_of_one_column_is_drawn() -> None:
    picture = Picture((0, 1_000), (Band("m", (NANO,), 0),), money=True)
    assert TimeChart(LOOK).painted(picture, 9, 6).plain.split("\n")[0].endswith("█")


def test_the_lowest_label_is_zero_however_few_rows_there_are() -> None:
    picture = Picture((0, 1_000), (Band("m", (37 * NANO,), 0),), money=True)
    for height in range(4, 20):
        labels = [row[:8].strip() for row in TimeChart(LOOK).painted(picture, 40, height).plain.split("\n")[:-2]]
        assert labels[-1].startswith("$0"), height
        assert labels[0].startswith("$40"), height


def test_a_chart_without_bins_is_blank() -> None:
    assert TimeChart(LOOK).painted(Picture((), (), money=True), 80, 20).plain == ""


def test_series_differ_without_colour() -> None:
    chart = TimeChart(Look(UTC, PLAIN, UNICODE))
    bands = tuple(Band(str(n), (NANO,), n) for n in range(4))
    body = chart.painted(Picture((0, 1_000), bands, money=True), 20, 14).plain
    assert all(fill in body for fill in "█▓▒░")


def test_a_model_keeps_its_colour_when_its_rank_changes() -> None:
    colours = Colours(3)
    assert colours.assign(["a", "b"]) == [0, 1]
    assert colours.assign(["b", "c", "a"]) == [1, 2, 0]
    assert colours.assign(["d", "a"]) == [1, 0], "a newcomer gets a colour that is not on the screen"
    assert colours.assign(["a", "b", "c", "d"]) == [0, 1, 2, 3], "the rest shares the last one"


def test_labels_shrink_to_the_cell() -> None:
    assert LOOK.fit("claude-sonnet-4-5", 10) == "claude-so…"
    assert LOOK.fit("日本語のキー", 6) == "日本 …"[:2] + " …" or cell_len(LOOK.fit("日本語のキー", 6)) == 6
    assert cell_len(LOOK.fit("日本語のキー", 6)) == 6


def test_the_right_end_of_a_row_wins() -> None:
    row = spread(Text("left " * 10), Text("right"), 20)
    assert row.plain.endswith("right")
    assert row.cell_len == 20


def test_figures_of_nothing_are_not_zero() -> None:
    assert {figure.value for figure in figures_of(Sums(cost=0), None, None, partial=False, approximately="~")} == {"-"}


def test_an_unknown_cost_says_so_in_the_strip() -> None:
    sums = Sums(requests=2, total=10, cost=None, unpriced=2)
    assert figures_of(sums, None, None, partial=False, approximately="~")[0].value == "? n/a"


def test_totals_of_a_backfill_are_marked() -> None:
    sums = Sums(requests=2, total=10, cost=NANO, cost_list=NANO)
    values = [figure.value for figure in figures_of(sums, None, None, partial=True, approximately="~")]
    assert values[:3] == ["~$1.00", "~10", "~2"]


def test_list_prices_are_called_list_prices() -> None:
    assert cost_label(Sums(requests=1, cost=5, cost_list=5)) == "COST list price"
    assert cost_label(Sums(requests=1, cost=5, cost_logged=5)) == "COST"
    assert cost_label(Sums(requests=2, cost=9, cost_logged=5, cost_list=4)) == "COST incl list"


def test_only_a_notable_change_for_the_worse_is_marked() -> None:
    styles = [change_text(LOOK, change).spans or change_text(LOOK, change).style for change in (0.1, 0.5, -0.5)]
    assert styles == [DARK.muted, DARK.warn, DARK.muted]
    assert change_text(LOOK, 0.5, worse_up=False).style == DARK.muted
    assert change_text(LOOK, 0.5, material=False).style == DARK.muted


def test_every_state_is_a_word() -> None:
    states = [
        Situation(),
        Situation(error="disk I/O error"),
        Situation(waiting=True, empty=True),
        Situation(empty=True),
        Situation(backlog=5, progress="37%"),
        Situation(paused_at=0),
        Situation(ingesting=False),
    ]
    words = [state_of(situation, LOOK)[0] for situation in states]
    assert [word.split(" ", 1)[1] for word in words] == [
        "live",
        "DB ERROR",
        "waiting for data",
        "no data yet",
        "backfill 37%",
        "PAUSED",
        "nobody ingests",
    ]


def test_an_error_text_cannot_speak_to_the_terminal() -> None:
    banner = banner_of(Situation(error="bad\x1b[2J [/nope]"), LOOK, "/x.db")
    assert banner is not None
    assert "\x1b" not in banner.plain
    assert "[/nope]" in banner.plain


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
