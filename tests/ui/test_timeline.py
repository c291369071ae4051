"""When it was spent: bins that add up, a cursor that reads out one, gaps, and a chart that is right cell by cell."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw
from rich.cells import cell_len
from rich.style import Style

from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call
from tokenmon.dimensions import Dimension, by_name
from tokenmon.events import NANO
from tokenmon.store.answers import Chart, ChartSeries, Collected
from tokenmon.store.lock import Lock
from tokenmon.store.reader import Reader
from tokenmon.ui import formatting
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.panels.spend import FAINT, TOP, Amount, Spend, load_spend, picture_of, uncollected
from tokenmon.ui.panels.timeline import GROUPS, TimelinePanel, usual_width
from tokenmon.ui.themes import ASCII, DARK, LIGHT, PLAIN, UNICODE, Palette
from tokenmon.ui.widgets.axis import FOOT, GUTTER, bin_of, columns_of, interval, linear, logarithmic, time_labels
from tokenmon.ui.widgets.chart import Band, Picture, Row, TimeChart, changes, plain
from tokenmon.view import Condition, View, Window

LOOK = Look(UTC, DARK, UNICODE)
MINUTE = 60_000
DAY = 24 * HOUR


def dimension(name: str) -> Dimension:
    found = by_name(name)
    assert found is not None
    return found


MODEL = dimension("model")


def series(label: str, *costs: int, requests: tuple[int, ...] = ()) -> ChartSeries:
    return ChartSeries(label, costs, costs, requests or tuple(int(cost > 0) for cost in costs))


# -- scales


@pytest.mark.parametrize("largest", [1, 7, 99, 100, 101, 123_456, 2_090_000_000, 10**18])
def test_the_axis_is_round_and_holds_the_largest_value(largest: int) -> None:
    step, intervals = interval(largest, 5)
    assert 2 <= intervals <= 5
    assert largest <= step * intervals <= 3 * largest + 2
    assert f"{step:.0e}"[0] in "125" or f"{step:.1e}".startswith("2.5")


@example(1, 9, True)
@given(st.integers(1, 10**17), st.integers(2, 60), st.booleans())
def test_labels_fit_beside_the_axis_and_differ(largest: int, rows: int, money: bool) -> None:
    for scale in (linear(largest, rows, money), logarithmic(max(1, largest // 977), largest, rows, money)):
        assert all(0 <= row < rows for row in scale.labels)
        assert all(1 <= len(label) <= GUTTER - 1 for label in scale.labels.values()), scale.labels
        if money:
            assert len(set(scale.labels.values())) == len(scale.labels), scale.labels


@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(2, 60))
def test_a_logarithmic_scale_holds_every_value_above_nothing(one: int, other: int, rows: int) -> None:
    scale = logarithmic(min(one, other), max(one, other), rows, money=True)
    assert 0 <= scale.row(min(one, other)) <= scale.row(max(one, other)) < rows
    assert scale.row(0) == -1


def test_a_logarithmic_axis_is_labelled_in_powers() -> None:
    labels = logarithmic(NANO // 500, 30 * NANO, 20, money=True).labels
    assert [labels[row] for row in sorted(labels)] == ["$0.001", "$0.01", "$0.1", "$1", "$10", "$100"]
    assert [*logarithmic(3, 90_000, 20, money=False).labels.values()] == ["1", "10", "100", "1.0K", "10.0K", "100K"]


def test_time_labels_stand_on_round_local_times() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = int(datetime(2025, 11, 20, 14, 30, tzinfo=berlin).timestamp() * 1_000)
    edges = [start + index * 1_800_000 for index in range(49)]
    assert [label for _, label in time_labels(edges, berlin, 6)] == ["18:00", "Fri 21", "06:00", "12:00"]


def test_a_bin_that_is_cut_is_not_labelled_as_if_it_were_whole() -> None:
    edges = [NOW, *range(NOW // HOUR * HOUR + HOUR, NOW + 12 * HOUR, HOUR), NOW + 12 * HOUR]
    labels = time_labels(edges, UTC, 20)
    assert [label for _, label in labels[:2]] == ["15:00", "16:00"]
    assert labels[0][0] == 1


def test_a_year_is_labelled_by_months() -> None:
    edges = [int(datetime(2025, month, 1, tzinfo=UTC).timestamp() * 1_000) for month in range(1, 13)]
    assert [label for _, label in time_labels(edges, UTC, 4)] == ["Jan 2025", "Apr 2025", "Jul 2025", "Oct 2025"]


@given(st.integers(1, 300), st.integers(1, 300))
def test_every_column_belongs_to_one_bin(bins: int, columns: int) -> None:
    spans = [columns_of(bins, columns, at) for at in range(bins)]
    assert [x for span in spans for x in span] == list(range(columns))
    assert all(at == bin_of(bins, columns, x) for at, span in enumerate(spans) for x in span)


# -- cells


@pytest.mark.parametrize("height", range(4, 40, 3))
@pytest.mark.parametrize("largest", [0.05, 0.585, 0.6, 0.61, 0.99, 1.0, 7.3])
def test_no_bar_is_above_the_top_of_the_axis(height: int, largest: float) -> None:
    chart = TimeChart(Look(UTC, PLAIN, ASCII))
    band = Band("m", (0, round(largest * NANO / 2), round(largest * NANO), 0), 0)
    rows = plain(chart.painted(Picture((0, 1, 2, 3, 4), (band,), money=True), 40, height)).split("\n")
    inked = next(index for index, row in enumerate(rows) if "#" in row)
    top = next(index for index, row in enumerate(rows) if "$" in row)
    assert inked >= top == 0
    assert largest <= float(rows[0].split("+")[0].strip().removeprefix("$"))


PALETTES = pytest.mark.parametrize(
    ("palette", "ascii"), [(DARK, False), (LIGHT, False), (PLAIN, False), (PLAIN, True), (DARK, True)]
)


@PALETTES
@pytest.mark.parametrize("size", [(80, 17), (30, 5), (160, 38), (9, 4)])
@pytest.mark.parametrize("lines", [False, True])
def test_a_chart_fills_exactly_its_size(palette: Palette, ascii: bool, size: tuple[int, int], lines: bool) -> None:
    chart = TimeChart(Look(UTC, palette, ASCII if ascii else UNICODE))
    edges = tuple(range(0, 49 * 1_800_000, 1_800_000))
    bands = tuple(Band(f"m{n}", tuple((index % 7) * NANO for index in range(48)), n) for n in range(8))
    picture = Picture(edges, bands, money=True, lines=lines, gaps=frozenset({3, 4}))
    rows = plain(chart.painted(picture, *size, cursor=7)).split("\n")
    assert [cell_len(row) for row in rows] == [size[0]] * size[1]
    if ascii:
        assert all(character < "\x80" for row in rows for character in row)


def test_a_bin_without_cost_is_empty_and_one_with_little_is_not() -> None:
    picture = Picture((0, 1_000, 2_000, 3_000), (Band("m", (NANO, 0, 1_000_000), 0),), money=True)
    lowest = plain(TimeChart(LOOK).painted(picture, 8 + 30, 10)).split("\n")[7][8:]
    assert "█" in lowest[:10]
    assert "█" not in lowest[10:20]
    assert "█" in lowest[20:]


def colours(rows: list[Row], column: int) -> list[str]:
    """The styles of the filled cells of a column of the body, from the top; empty where a cell is free."""
    return [str(row[GUTTER + column][1]) if row[GUTTER + column][0] == "█" else "" for row in rows[:-FOOT]]


def test_every_cell_has_the_colour_of_the_band_that_fills_it() -> None:
    picture = Picture((0, 1_000, 2_000), (Band("a", (4 * NANO, NANO), 0), Band("b", (4 * NANO, 0), 1)), money=True)
    rows = TimeChart(LOOK).painted(picture, 8 + 2, 11)
    low, high = (str(Style.parse(LOOK.palette.series[index])) for index in (0, 1))
    assert colours(rows, 0) == [high] * 4 + [low] * 5
    assert colours(rows, 1) == [""] * 7 + [low] * 2


def test_a_chart_of_one_column_is_drawn() -> None:
    picture = Picture((0, 1_000), (Band("m", (NANO,), 0),), money=True)
    assert plain(TimeChart(LOOK).painted(picture, 9, 6)).split("\n")[0].endswith("█")


def test_the_lowest_label_is_zero_however_few_rows_there_are() -> None:
    picture = Picture((0, 1_000), (Band("m", (37 * NANO,), 0),), money=True)
    for height in range(4, 20):
        rows = plain(TimeChart(LOOK).painted(picture, 40, height)).split("\n")[:-FOOT]
        labels = [row[:8].strip() for row in rows]
        assert labels[-1].startswith("$0"), height
        assert labels[0].startswith("$40"), height


def test_a_chart_without_bins_is_blank() -> None:
    assert TimeChart(LOOK).painted(Picture((), (), money=True), 80, 20) == []


def test_series_differ_without_colour() -> None:
    chart = TimeChart(Look(UTC, PLAIN, UNICODE))
    bands = tuple(Band(str(n), (NANO,), n) for n in range(4))
    body = plain(chart.painted(Picture((0, 1_000), bands, money=True), 20, 14))
    assert all(fill in body for fill in "█▓▒░")


@PALETTES
def test_lines_are_not_stacked_and_end_where_nothing_was_spent(palette: Palette, ascii: bool) -> None:
    look = Look(UTC, palette, ASCII if ascii else UNICODE)
    bands = (Band("a", (NANO, NANO, 0, NANO), 0), Band("b", (NANO // 100,) * 4, 1))
    picture = Picture((0, 1, 2, 3, 4), bands, money=True, lines=True)
    body = plain(TimeChart(look).painted(picture, GUTTER + 8, 23)).split("\n")[:-FOOT]
    inked = [row for row in body if row[GUTTER:].replace(look.glyphs.dot, "").strip()]
    assert len(inked) == 2, "each on a row of its own, although both have money in every bin"
    assert [cell in " ·." for cell in inked[0][GUTTER:]] == [False] * 4 + [True] * 2 + [False] * 2
    if not look.told_by_colour:
        assert set(inked[0][GUTTER:]) - set(" ·.") == {look.fill(0)}
        assert set(inked[1][GUTTER:]) - set(" ·.") == {look.fill(1)}


@PALETTES
def test_a_bin_is_marked_whatever_the_colours_and_the_axis_shows_gaps(palette: Palette, ascii: bool) -> None:
    look = Look(UTC, palette, ASCII if ascii else UNICODE)
    glyphs = look.glyphs
    picture = Picture((0, 1, 2, 3, 4), (Band("a", (NANO, 2 * NANO, 0, 0), 0),), money=True, gaps=frozenset({3}))
    rows = TimeChart(look).painted(picture, GUTTER + 8, 12, cursor=0)
    axis = plain(rows[-FOOT:][:1])[GUTTER:]
    assert axis == glyphs.bar + glyphs.pointer + glyphs.base * 4 + glyphs.base_gap * 2
    above = [row[GUTTER][0] for row in rows[:-FOOT]]
    assert above[0] == glyphs.rule
    assert above[-1] == (glyphs.fills[1] if look.told_by_colour else look.fill(0))
    assert all(row[GUTTER + 2][0] != glyphs.rule for row in rows)


def test_a_moved_cursor_changes_two_columns_and_nothing_else() -> None:
    bands = tuple(Band(f"m{n}", tuple((index % 7) * NANO for index in range(140)), n) for n in range(8))
    picture = Picture(tuple(range(141)), bands, money=True)
    chart = TimeChart(LOOK)
    before, after = (chart.painted(picture, GUTTER + 140, 38, cursor=at) for at in (70, 71))
    touched = {x for region in changes(before, after) for x in range(region.x, region.right)}
    assert touched == {GUTTER + 70, GUTTER + 71}
    assert sum(region.area for region in changes(before, after)) <= 2 * 38


@given(st.data())
def test_changes_are_all_cells_that_differ(data: st.DataObject) -> None:
    cell = st.sampled_from([(character, Style.null()) for character in "abc"])
    rows = st.lists(st.lists(cell, min_size=40, max_size=40), min_size=3, max_size=3)
    before, after = data.draw(rows), data.draw(rows)
    sent = {(x, region.y) for region in changes(before, after) for x in range(region.x, region.right)}
    assert sent >= {(x, y) for y in range(3) for x in range(40) if before[y][x] != after[y][x]}


# -- colours and chips


def test_a_chosen_series_keeps_its_colour_at_the_baseline_and_all_others_are_grey() -> None:
    given_out = Colours(TOP)
    chart = Chart((0, 1), tuple(series(label, cost) for label, cost in (("a", 9), ("b", 5), ("c", 2))))
    free = picture_of(Spend(chart, MODEL, None, (0.0,) * 3), "cost", given_out)
    assert [band.colour for band in free.bands] == [0, 1, 2]
    narrowed = replace(chart, series=(chart.series[1], chart.series[0], chart.series[2]))
    grey = picture_of(Spend(narrowed, MODEL, "b", (0.0,) * 3), "cost", given_out)
    assert [(band.label, band.colour) for band in grey.bands] == [("b", 1), ("a", FAINT), ("c", FAINT)]


async def test_a_chosen_series_is_never_part_of_the_rest(full: Path) -> None:
    async with await Reader.open(full) as reader:
        for model, _, _ in MODELS:
            view = View(Window(NOW - 2 * DAY, NOW), where=(Condition("model", model),))
            spend = await load_spend(reader, view, MODEL, UTC, 70, NOW)
            assert spend.chart.series[0].label == model
            assert not spend.is_faint(0)
            assert all(spend.is_faint(index) for index in range(1, len(spend.chart.series)))


# -- sums


@pytest.mark.parametrize("days", [0.04, 1, 1.7, 30])
@pytest.mark.parametrize("where", [(), (Condition("key", "prod-api"),), (Condition("status", "failed"),)], ids=str)
async def test_bins_add_up_to_the_totals_exactly(full: Path, days: float, where: tuple[Condition, ...]) -> None:
    async with await Reader.open(full) as reader:
        for zone in (UTC, ZoneInfo("Asia/Kathmandu")):
            view = View(Window(NOW - int(days * DAY), NOW - 1_234_567), where=where)
            totals = await reader.totals(view)
            for by in GROUPS:
                spend = await load_spend(reader, view, by, zone, 72, NOW)
                found = {one.label: (sum(one.costs), sum(one.tokens), sum(one.requests)) for one in spend.chart.series}
                if by.name == "key" and where and where[0].field == "key":
                    assert found["prod-api"] == (totals.cost, totals.total, totals.requests)
                    continue
                sums = [sum(column) for column in zip(*found.values(), strict=True)] or [0, 0, 0]
                assert sums == [totals.cost or 0, totals.total, totals.requests], by.name


async def test_what_has_no_price_is_unknown_and_what_misses_some_is_marked(full: Path) -> None:
    async with await Reader.open(full) as reader:
        spend = await load_spend(reader, View(Window(NOW - 2 * DAY, NOW)), MODEL, UTC, 72, NOW)
        local = View(Window(NOW - 2 * DAY, NOW), where=(Condition("model", "local/unpriced-70b"),))
        chosen = await load_spend(reader, local, MODEL, UTC, 72, NOW)
    assert chosen.amount("cost", [0], chosen.bins).spelled("~") == "? n/a"
    assert chosen.amount("tokens", [0], chosen.bins).spelled("~") not in ("? n/a", "0")
    assert spend.amount("cost", range(8), spend.bins).spelled("~").startswith("~$")
    assert not spend.amount("cost", [0], spend.bins).partial
    assert Amount(0, "cost").spelled("~") == "$0.00"


# -- gaps


@given(
    st.lists(st.integers(0, 100), min_size=2, max_size=12, unique=True).map(sorted),
    st.integers(0, 100),
    st.one_of(st.none(), st.integers(0, 100)),
    st.integers(0, 100),
)
def test_a_bin_is_unknown_when_nobody_could_have_seen_it(
    edges: list[int], first: int, until: int | None, now: int
) -> None:
    first = min(first, now, now if until is None else until)
    nothing = Chart(tuple(edges), ())
    gaps = uncollected(nothing, MODEL, Collected(first, until, None), now)
    for at, (start, end) in enumerate(pairwise(edges)):
        seen = range(first, min(now, until if until is not None else now) + 1)
        assert (at in gaps) == (not any(instant in seen for instant in range(start, end)))
    some = Chart(tuple(edges), (series("m", *[1] * (len(edges) - 1)),))
    assert not uncollected(some, MODEL, Collected(first, until, None), now), "what has a call was collected"


def test_old_events_that_are_only_rolled_up_leave_gaps_between_their_hours() -> None:
    quarters = tuple(range(0, 2 * HOUR + 1, 15 * MINUTE))
    rolled = Chart(quarters, (series("m", 0, 0, 0, 5, 0, 0, 0, 7),))
    collected = Collected(0, None, 2 * HOUR)
    assert uncollected(rolled, MODEL, collected, NOW) == {0, 1, 2, 4, 5, 6}
    hours = Chart((0, HOUR, 2 * HOUR), (series("m", 0, 7),))
    assert uncollected(hours, MODEL, collected, NOW) == frozenset(), "an hour without calls is known to be one"
    assert uncollected(hours, dimension("source"), collected, NOW) == {0}


async def test_the_store_tells_since_when_and_until_when_it_knows(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    async with await Reader.open(tmp_path / "a.db") as reader:
        assert await reader.collected() is None
        filler.add([call(NOW - HOUR, *MODELS[0], "k"), call(NOW - 2 * HOUR, *MODELS[0], "k")])
        assert await reader.collected() == Collected(NOW - 2 * HOUR, NOW - HOUR, None)
        lock = Lock.take(tmp_path / "a.db", wait=False)
        assert await reader.collected() == Collected(NOW - 2 * HOUR, None, None)
        lock.release()
        found = await reader.collected()
        assert found is not None
        assert found.until is not None
        assert found.until > NOW, "whoever ingested was alive a moment ago"
    filler.close()


# -- words


def at(text: str, zone: ZoneInfo) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2025-11-21T13:45", "2025-11-21T14:00", "Fri 13:45-14:00"),
        ("2025-11-21T13:45", "2025-11-21T13:52:07", "Fri 13:45-13:53"),
        ("2025-11-15T23:00", "2025-11-16T00:00", "Nov 15 23:00-00:00"),
        ("2025-11-20", "2025-11-21", "Thu Nov 20"),
        ("2025-10-26", "2025-10-27", "Sun Oct 26"),
        ("2025-11-10", "2025-11-17", "Nov 10-Nov 16"),
        ("2024-02-28T06:00", "2024-02-28T12:00", "Feb 28 2024 06:00-12:00"),
        ("2024-02-28", "2024-02-29", "Wed Feb 28 2024"),
        ("2025-03-30T01:00", "2025-03-30T03:00", "Mar 30 01:00 CET-03:00 CEST"),
    ],
)
def test_a_bin_is_called_by_its_local_times(start: str, end: str, words: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert formatting.bin_span(at(start, berlin), at(end, berlin), berlin, NOW) == words


def test_the_width_of_bins_is_that_of_those_in_the_middle() -> None:
    assert usual_width((7, 60, 120, 180, 181)) == 60
    assert usual_width((7, 60, 61)) == 53


# -- the panel


def chart_of(driver: Driver) -> TimeChart:
    return driver.main.query_one(TimelinePanel).query_one(TimeChart)


def subject(driver: Driver) -> str:
    return next(row for row in driver.rows if " by " in row)


async def opened(driver: Driver) -> TimelinePanel:
    await driver.press("4")
    await driver.shows("cost by model", "inspect a bin")
    await driver.until(lambda: not driver.main.is_asking)
    return driver.main.query_one(TimelinePanel)


async def test_the_cursor_reads_out_a_bin_and_leaves_it(full: Path) -> None:
    async with driven(full, range="24h") as driver:
        panel = await opened(driver)
        await driver.press("right")
        assert panel.bin_under_cursor is None
        await driver.press("left")
        await driver.shows("▸ Fri 14:30-14:33")
        assert "▲" in chart_of(driver).text.split("\n")[-2]
        await driver.press("h", "h")
        await driver.shows("▸ Fri 13:30-14:00  ")
        await driver.press("l")
        await driver.shows("▸ Fri 14:00-14:30  ")
        await driver.press("home", "left")
        await driver.shows("▸ Thu 14:32-15:00")
        await driver.press("end", "right")
        await driver.shows("inspect a bin")
        await driver.press("left", "escape")
        await driver.shows("inspect a bin")
        assert driver.main.panel is panel, "Esc leaves the bin before it leaves the panel"
        await driver.press("escape")
        await driver.shows("Top models")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=str)
async def test_the_legend_shows_the_bin(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size, range="24h") as driver:
        panel = await opened(driver)
        table = panel.table()
        await driver.press("left", "left")
        await driver.shows("▸ Fri 14:", "peak")
        column = table.columns.index("gpt-5.1")
        assert panel.table().chosen == len(table.rows) - 2
        spent = table.rows[-2][column]
        words = formatting.money(round(float(bytes(spent).decode()) * NANO)) if isinstance(spent, Raw) else "?"
        row = next(row for row in driver.rows if "gpt-5.1 " in row)
        assert words in row
        if size[0] >= 150:
            share = next(row for row in driver.rows if "gpt-5.1 " in row).split()[-1]
            assert share.endswith("%")
            await driver.shows("Total", "Fri 14:15-14:30")


async def test_the_cursor_stays_with_its_bin_while_time_passes(full: Path) -> None:
    clock = [NOW]
    async with driven(full, now=lambda: clock[0], range="24h") as driver:
        panel = await opened(driver)
        await driver.press("left", "left", "left")
        await driver.shows("▸ Fri 13:30-14:00")
        before = panel.bin_under_cursor
        assert before is not None
        clock[0] += 2 * HOUR
        await driver.press("r")
        await driver.until(lambda: panel.now == clock[0] and not driver.main.is_asking)
        assert "▸ Fri 13:30-14:00" in subject(driver)
        assert panel.bin_under_cursor == before - 4
        clock[0] += 30 * HOUR
        await driver.press("r")
        await driver.until(lambda: panel.bin_under_cursor is None)


async def test_the_first_bin_keeps_the_cursor_although_it_begins_later_every_moment(full: Path) -> None:
    clock = [NOW]
    async with driven(full, now=lambda: clock[0], range="24h") as driver:
        panel = await opened(driver)
        await driver.press("home")
        await driver.shows("▸ Thu 14:32-15:00")
        clock[0] += 10 * MINUTE
        await driver.press("r")
        await driver.shows("▸ Thu 14:42-15:00")
        assert panel.bin_under_cursor == 0


async def test_a_click_reads_out_a_bin(full: Path) -> None:
    async with driven(full, range="24h") as driver:
        panel = await opened(driver)
        await driver.pilot.click(chart_of(driver), offset=(GUTTER, 3))
        await driver.until(lambda: panel.bin_under_cursor == 0)
        await driver.pilot.click(chart_of(driver), offset=(79, 3))
        await driver.until(lambda: panel.bin_under_cursor == len(panel.table().rows) - 1)
        await driver.pilot.click(chart_of(driver), offset=(2, 3))
        assert panel.bin_under_cursor == len(panel.table().rows) - 1


async def test_metric_scale_and_group_are_kept_across_starts(full: Path) -> None:
    async with driven(full) as driver:
        await opened(driver)
        await driver.press("m", "o", "b")
        await driver.shows("tokens by key  log")
        await driver.until(lambda: not driver.main.is_asking)
    async with driven(full) as driver:
        await driver.press("4")
        await driver.shows("tokens by key  log", "prod-api")
        await driver.press("m", "o")
        await driver.shows("requests by key  bin")


async def test_names_that_no_call_carries_are_passed_over(full: Path) -> None:
    async with driven(full) as driver:
        panel = await opened(driver)
        seen = []
        for _ in GROUPS:
            await driver.press("b")
            await driver.until(lambda: not panel.is_asking)
            seen.append(subject(driver).split("by ", 1)[1].split("  ")[0])
            if seen[-1] == "model":
                break
        assert seen == ["key", "provider", "project", "source", "integration", "model"]


async def test_a_source_is_known_by_its_end(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db", "/var/log/" + "deep/" * 20 + "usage-7.jsonl")
    filler.add([call(NOW - HOUR, *MODELS[0], "k")])
    filler.close()
    async with driven(tmp_path / "a.db") as driver:
        await opened(driver)
        await driver.press("b", "b", "b", "b")
        await driver.shows("cost by source", "usage-7.jsonl", "…")
        assert driver.fits()


async def test_a_chip_of_another_dimension_filters_and_one_of_the_same_dims(full: Path) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.press("3", "j", "enter")
        await driver.shows("model:gpt-5.1 ✕")
        await driver.press("4")
        await driver.shows("cost by model", "in this range")
        await driver.until(lambda: not driver.main.is_asking)
        legend = [row[117:].split() for row in driver.rows if "$" in row[117:] and "██" in row[117:]]
        assert [entry[1] for entry in legend][-1] == "gpt-5.1", "the chosen one is at the baseline"
        assert len(legend) > 5
        figures = driver.text.split("Summary")[0]
        assert next(row for row in driver.rows if "Total" in row).split()[-1] in figures, "it alone is the total"
        await driver.press("b")
        await driver.shows("cost by key")
        await driver.until(lambda: not driver.main.is_asking)
        total = next(row for row in driver.rows if "Total" in row).split()[-1]
        assert total in driver.text.split("Summary")[0], "all keys together are what the figures say"


async def test_what_has_not_been_collected_is_said(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - n * HOUR, *MODELS[0], "k") for n in (3, 4, 5)])
    filler.close()
    async with driven(tmp_path / "a.db", range="24h") as driver:
        panel = await opened(driver)
        axis = chart_of(driver).text.split("\n")[-2]
        assert axis.startswith("       └╌╌╌╌"), "before the first event"
        assert axis.rstrip().endswith("╌╌╌╌"), "after the last one, as nobody ingests"
        assert "─" in axis
        await driver.press("left")
        await driver.shows("▸ Fri 14:30-14:33  not collected")
        assert panel.table().rows[-1][2:] == (None, None)
        assert panel.table().rows[0][2:] == (None, None)


async def test_the_table_is_exact(full: Path) -> None:
    async with driven(full, range="24h") as driver:
        panel = await opened(driver)
        table = panel.table()
        async with await Reader.open(full) as reader:
            totals = await reader.totals(View(Window(NOW - DAY, NOW)))
        assert table.columns[:2] == ("from", "to")
        assert table.columns[-2:] == ("Other (3)", "cost_usd")
        assert (table.rows[0][0], table.rows[-1][1]) == ("2025-11-20T14:32:07.000Z", "2025-11-21T14:32:07.000Z")
        nano = [int(Decimal(bytes(row[-1]).decode()) * NANO) for row in table.rows if isinstance(row[-1], Raw)]
        assert sum(nano) == totals.cost
        await driver.press("m", "m")
        await driver.shows("requests by model")
        assert panel.table().columns[-1] == "requests"
        assert sum(row[-1] for row in panel.table().rows if isinstance(row[-1], int)) == totals.requests


async def test_days_that_have_not_come_are_no_rows_and_cannot_be_read_out(full: Path) -> None:
    async with driven(full, range="week") as driver:
        panel = await opened(driver)
        await driver.press("left")
        await driver.shows("▸ Fri 12:00-15:00")
        await driver.pilot.click(chart_of(driver), offset=(78, 3))
        await driver.until(lambda: "▸ Fri 12:00-15:00" in driver.text)
        assert len(panel.table().rows) < len(panel._edges) - 1
        assert chart_of(driver).text.split("\n")[-2].rstrip().endswith("╌╌╌╌")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (160, 45), (200, 60)], ids=str)
@pytest.mark.parametrize("range_text", ["1h", "24h", "7d", "30d", "all", "2025-01-01..2025-11-21"])
async def test_nothing_is_cut_at_any_size(full: Path, size: tuple[int, int], range_text: str) -> None:
    async with driven(full, size, range=range_text) as driver:
        panel = await opened(driver)
        await driver.press("left")
        await driver.shows("▸")
        assert driver.fits()
        rows = chart_of(driver).text.split("\n")
        assert [cell_len(row) for row in rows] == [chart_of(driver).size.width] * chart_of(driver).size.height
        spend = panel._drawn
        assert spend is not None
        marks = sum(row.count("██" if size[0] >= 150 else "█ ") for row in legend_rows(driver))
        assert marks >= len(spend.chart.series)
        whole = {label for _, label in time_labels(panel._edges, UTC, 99)}
        known = {label for most in range(1, 99) for _, label in time_labels(panel._edges, UTC, most)}
        words = [word for word in rows[-1].split("  ") if word.strip()]
        assert words, "there are times below the axis"
        assert {word.strip() for word in words} <= known | whole


def legend_rows(driver: Driver) -> Iterator[str]:
    region = driver.main.query_one(TimelinePanel).query_one("#legend").region
    for row in driver.rows[region.y : region.bottom]:
        yield row[region.x : region.right]


@pytest.mark.parametrize("text", ["2025-03-30..2025-03-30", "2025-10-26..2025-10-26"])
async def test_a_day_of_changed_clocks_has_its_own_hours(tmp_path: Path, text: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = at(text[:10], berlin)
    hours = (at((datetime.fromisoformat(text[:10]) + timedelta(days=1)).isoformat(), berlin) - midnight) // HOUR
    filler = Filler(tmp_path / "a.db")
    filler.add([call(midnight + n * HOUR, *MODELS[0], "k") for n in range(hours)])
    filler.close()
    async with await Reader.open(tmp_path / "a.db") as reader:
        spend = await load_spend(reader, View(Window(midnight, midnight + hours * HOUR)), MODEL, berlin, 30, NOW)
    assert hours in (23, 25)
    assert spend.chart.series[0].requests == (1,) * hours
