"""The figures above every panel: what they say, mark as unknown, are compared with, and where they stand."""

from pathlib import Path

import pytest

from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call
from tokenmon.budget import parse_budget
from tokenmon.events import NANO, Event
from tokenmon.store.answers import Sums
from tokenmon.ui.measured import Measured, Spending, edges
from tokenmon.ui.themes import ASCII, UNICODE
from tokenmon.ui.widgets.bars import sparkline
from tokenmon.ui.widgets.kpi_strip import KpiStrip, cost_label, figures_of
from tokenmon.view import Window

DAY = 24 * HOUR
MIDNIGHT = NOW // DAY * DAY

LABELS = ("COST", "TOKENS", "REQUESTS", "ERRORS", "CACHE HIT", "BURN / H", "BUDGET")


def costing(dollars: float, hours_ago: float, key: str = "ci") -> tuple[Event, int | None]:
    """A call that cost so much, so long ago."""
    event, _ = call(NOW - int(hours_ago * HOUR), *MODELS[0], key)
    return event, round(dollars * NANO)


def strip(driver: Driver) -> list[str]:
    """The rows of the figures."""
    return driver.main.query_one(KpiStrip).text.split("\n")


def value(driver: Driver, label: str) -> str:
    """What stands under a label."""
    labels, values = strip(driver)[:2]
    start = labels.index(label)
    column = driver.app.size.width // sum(name in labels for name in LABELS)
    return values[start : start + column].strip()


def values_of(measured: Measured, *, partial: bool = False) -> dict[str, str]:
    """Values by the first word of their label."""
    figures = figures_of(measured, None, partial=partial, approximately="~")
    return {figure.label.split()[0]: figure.value for figure in figures}


# -- what is known and what is not


def test_figures_of_nothing_are_not_zero() -> None:
    assert set(values_of(Measured()).values()) == {"-"}


def test_an_unknown_cost_says_so() -> None:
    assert values_of(Measured(Sums(requests=2, total=10, cost=None, unpriced=2)))["COST"] == "? n/a"


def test_totals_of_a_backfill_are_marked_and_compared_with_nothing() -> None:
    sums = Sums(requests=2, total=10, cost=NANO, cost_list=NANO)
    measured = Measured(sums, before=sums, hour=sums, hour_before=Sums(requests=1, cost=5))
    figures = figures_of(measured, None, partial=True, approximately="~")
    assert [figure.value for figure in figures] == ["~$1.00", "~10", "~2", "~0.0%", "-", "~$1.00"]
    assert {figure.change for figure in figures} == {None}


def test_a_cost_that_misses_calls_has_one_mark() -> None:
    sums = Sums(requests=2, total=10, cost=NANO, cost_list=NANO, unpriced=1)
    assert values_of(Measured(sums), partial=True)["COST"] == "~$1.00"


def test_an_hour_without_a_call_cost_nothing_and_an_hour_that_was_not_asked_for_is_unknown() -> None:
    sums = Sums(requests=1, total=10, cost=NANO, cost_list=NANO)
    assert values_of(Measured(sums, hour=Sums(cost=0)))["BURN"] == "$0.00"
    assert values_of(Measured(sums))["BURN"] == "-"


def test_list_prices_are_called_list_prices_at_length_and_in_short() -> None:
    assert cost_label(Sums(requests=1, cost=5, cost_list=5)) == ("COST list price", "COST list")
    assert cost_label(Sums(requests=1, cost=5, cost_logged=5)) == ("COST", "COST")
    assert cost_label(Sums(requests=2, cost=9, cost_logged=5, cost_list=4)) == ("COST incl list", "COST +list")


# -- where they stand


@pytest.mark.parametrize(
    ("size", "budget", "columns"),
    [
        ((60, 16), None, (1, 13, 25, 37, 49)),
        ((80, 24), "150/month", (1, 17, 33, 49, 65)),
        ((100, 30), None, (1, 17, 33, 49, 65, 81)),
        ((120, 40), "150/month", (1, 18, 35, 52, 69, 86, 103)),
        ((160, 45), "150/month", (1, 23, 45, 67, 89, 111, 133)),
        ((200, 60), "150/month", (1, 29, 57, 85, 113, 141, 169)),
    ],
)
async def test_they_fill_the_width_evenly(
    full: Path, size: tuple[int, int], budget: str | None, columns: tuple[int, ...]
) -> None:
    async with driven(full, size, budget=budget and parse_budget(budget)) as driver:
        await driver.shows("$")
        labels = strip(driver)[0]
        assert tuple(labels.index(label) for label in LABELS[: len(columns)]) == columns
        assert all(label not in labels for label in LABELS[len(columns) :])


@pytest.mark.parametrize(("size", "chrome"), [((80, 24), 5), ((120, 31), 5), ((120, 32), 8), ((160, 45), 8)])
async def test_a_tall_terminal_adds_a_row_of_sparklines_and_two_blank_ones(
    full: Path, size: tuple[int, int], chrome: int
) -> None:
    async with driven(full, size) as driver:
        await driver.shows("$")
        await driver.until(lambda: ("█" in strip(driver)[2]) is (chrome == 8))
        await driver.until(lambda: bool(driver.rows[chrome].strip()) and not driver.main.panel.is_asking)
        assert driver.app.size.height - driver.main.panel.size.height == chrome
        blank = [1, 5] if chrome == 8 else []
        await driver.until(lambda: [index for index, row in enumerate(driver.rows[:7]) if not row.strip()] == blank)


async def test_a_terminal_that_grows_shows_what_it_has_room_for(full: Path) -> None:
    async with driven(full, budget=parse_budget("20/day")) as driver:
        await driver.shows("$")
        await driver.pilot.resize_terminal(160, 45)
        await driver.until(lambda: "█" in strip(driver)[2] and "%" in value(driver, "BUDGET"))
        wide = strip(driver)
    async with driven(full, (160, 45), budget=parse_budget("20/day")) as driver:
        await driver.until(lambda: strip(driver) == wide)


# -- what they are compared with


async def test_today_is_compared_with_yesterday_until_the_same_time(tmp_path: Path) -> None:
    """14 hours of today against 24 of yesterday would always look well."""
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(3, 2), costing(2, 26), costing(50, 20)])
    async with driven(tmp_path / "a.db", range="today") as driver:
        await driver.until(lambda: value(driver, "COST") == "$3.00 ▲50%")
    filler.close()


async def test_this_month_is_compared_with_as_much_of_the_last_one(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(3, 2), costing(6, 31 * 24 + 2), costing(50, 25 * 24)])
    async with driven(tmp_path / "a.db", range="month") as driver:
        await driver.until(lambda: value(driver, "COST") == "$3.00 ▼50%")
    filler.close()


async def test_tables_compare_with_the_same_span(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(3, 2), costing(2, 26), costing(50, 20)])
    async with driven(tmp_path / "a.db", range="today") as driver:
        await driver.press("2")
        await driver.until(lambda: any("ci" in row and "▲50%" in row for row in driver.rows))
    filler.close()


async def test_everything_is_compared_with_nothing(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(3, 2), costing(2, 26)])
    async with driven(tmp_path / "a.db", range="all") as driver:
        await driver.until(lambda: value(driver, "COST") == "$5.00")
    filler.close()


def test_only_a_notable_and_material_change_for_the_worse_is_marked() -> None:
    def material(now: float, before: float) -> bool:
        sums = [Sums(requests=1, total=1, cost=int(dollars * NANO)) for dollars in (now, before)]
        return figures_of(Measured(sums[0], sums[1]), None, partial=False, approximately="~")[0].material

    assert material(15.0, 10.0)
    assert not material(0.30, 0.10)


# -- sparklines


def test_a_sparkline_has_a_column_a_value_and_shows_the_least() -> None:
    assert sparkline((0, 0.001, 4, 8), UNICODE) == " ▁▅█"
    assert sparkline((1, 2), UNICODE, top=8) == "▂▃"
    assert sparkline((9,), UNICODE, top=8) == "█"
    assert sparkline((), UNICODE) == ""
    assert sparkline((0, 1, 8), ASCII).isascii()
    assert len(ASCII.levels) == len(UNICODE.levels)


@pytest.mark.parametrize("span", [HOUR, DAY, 7 * DAY, 30 * DAY, 400 * DAY])
@pytest.mark.parametrize("most", [13, 19, 22])
def test_bins_of_a_sparkline_fill_its_room_and_stay_where_they_are(span: int, most: int) -> None:
    bins = edges(Window(NOW - span, NOW), NOW, most)
    assert most * 0.7 <= len(bins) - 1 <= most
    assert bins[0] <= NOW - span < bins[1]
    assert bins[-2] < NOW <= bins[-1]
    later = edges(Window(NOW + 1_000 - span, NOW + 1_000), NOW + 1_000, most)
    assert len(set(bins) ^ set(later)) <= 2


def test_what_has_not_come_has_no_bins() -> None:
    assert edges(Window(MIDNIGHT, MIDNIGHT + DAY), NOW, 20)[-1] < NOW + HOUR
    assert edges(Window(NOW + HOUR, NOW + DAY), NOW, 20) == ()
    assert edges(Window(), NOW, 20) == ()


async def test_a_sparkline_shows_when_it_was(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(1, 23), costing(8, 12), costing(1, 0.01)])
    async with driven(tmp_path / "a.db", (160, 45), range="24h") as driver:
        await driver.until(lambda: "█" in strip(driver)[2])
        course = strip(driver)[2][1:20].rstrip()
        assert course.strip(" ") == course.lstrip(" ")
        assert [course.count(glyph) for glyph in "▂█"] == [2, 1]
        assert abs(course.index("█") - len(course) / 2) <= 1.5
        assert course.rstrip()[-1] == "▂"
    filler.close()


async def test_the_burn_ends_with_the_last_hour_not_with_the_clock_hour_just_begun(tmp_path: Path) -> None:
    """At 14:32 the hour that began at 14:00 would look as if the spending stopped."""
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(4, hours + 0.6) for hours in range(10)] + [costing(4, 0.9)])
    async with driven(tmp_path / "a.db", (160, 45)) as driver:
        await driver.until(lambda: value(driver, "BURN / H").startswith("$8.00"))
        await driver.until(lambda: strip(driver)[2][111:133].rstrip().endswith("█"))
    filler.close()


async def test_sparklines_are_ascii_where_everything_is(full: Path) -> None:
    async with driven(full, (160, 45), ascii=True) as driver:
        await driver.until(lambda: "#" in strip(driver)[2])
        assert strip(driver)[2].isascii()


# -- the budget


async def test_a_budget_tells_what_is_used_and_what_is_left(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(30, 2), costing(45, 10 * 24), costing(500, 60 * 24)])
    async with driven(tmp_path / "a.db", (160, 45), budget=parse_budget("150/month"), range="1h") as driver:
        await driver.until(lambda: value(driver, "BUDGET month") == "50% $75.00 left")
    filler.close()


async def test_a_chip_or_a_search_does_not_change_the_budget(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(30, 2, "ci"), costing(45, 3, "prod")])
    async with driven(tmp_path / "a.db", (160, 45), budget=parse_budget("150/month")) as driver:
        await driver.until(lambda: value(driver, "COST") == "$75.00")
        await driver.press("slash", *"ci", "enter")
        await driver.until(lambda: value(driver, "COST") == "$30.00")
        assert value(driver, "BUDGET") == "50% $75.00 left"
    filler.close()


async def test_a_budget_that_is_used_up_is_marked_by_more_than_colour(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([costing(24.8, 2)])
    async with driven(tmp_path / "a.db", (160, 45), budget=parse_budget("20/day")) as driver:
        await driver.until(lambda: value(driver, "BUDGET day") == "124%! $4.80 over")
    filler.close()


def test_the_full_column_of_a_budget_is_all_of_it() -> None:
    spending = Spending(parse_budget("8/day"), Sums(requests=2, cost=4 * NANO), (Sums(cost=NANO), Sums(cost=3 * NANO)))
    budget = figures_of(Measured(spending=spending), spending.budget, partial=False, approximately="~")[-1]
    assert sparkline(budget.course, UNICODE, budget.top) == "▂▅"
    assert not budget.alarming


def test_a_budget_without_any_known_cost_is_unknown() -> None:
    spending = Spending(parse_budget("8/day"), Sums(requests=2, cost=None, unpriced=2))
    figure = figures_of(Measured(spending=spending), spending.budget, partial=False, approximately="~")[-1]
    assert figure.value == "? n/a"
