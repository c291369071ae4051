"""The Summary: every terminal is filled with what matters most, and a row of it narrows everything."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Alarm, Filler, call, made_up
from tokenmon.events import NANO, Limit
from tokenmon.store.answers import AlertRow
from tokenmon.ui.panels.summary import SummaryPanel, below, beside
from tokenmon.ui.widgets.chart import TimeChart
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.ranking import Ranking
from tokenmon.view import Window


def ranking(driver: Driver, name: str) -> Ranking:
    return driver.main.query_one(f"#top-{name}", Ranking)


def under_cursor(driver: Driver, name: str) -> str | None:
    """The name in the row that the cursor is painted on; None where none is."""
    shown = ranking(driver, name)
    at = shown.cursor
    return None if at is None else shown._ranks[at].key


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (120, 40), (160, 45), (200, 60)], ids=str)
async def test_the_cards_fill_the_panel_without_a_wasted_row(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size) as driver:
        await driver.shows("Top models", "Spend over time", "claude-sonnet-4-5", "$0")
        panel = driver.main.query_one(SummaryPanel)
        cards = [card for card in panel.query(".card") if card.display]
        left = [card for card in cards if card.region.x == 0]
        assert sum(card.region.height for card in left) == panel.size.height
        chart = driver.main.query_one("#spend", TimeChart)
        await driver.until(lambda: chart.size.height >= 5 and len(chart._picture.edges) > 2)
        assert driver.fits()
        assert ("Top keys" in driver.text, "Alerts" in driver.text) == (size[0] >= 100, size[0] >= 100)


async def test_a_tall_narrow_terminal_shows_keys_and_alerts_too(full: Path) -> None:
    async with driven(full, (80, 45)) as driver:
        await driver.shows("Top models", "Top keys", "Alerts", "data-eng error rate 8.1% (limit 5%)", "Spend over time")
        assert driver.main.query_one("#spend", TimeChart).size.height >= 5


@pytest.mark.parametrize("border", [1, 2])
@pytest.mark.parametrize("rows", [(0, 0, 1), (1, 1, 1), (10, 6, 2), (60, 40, 30)], ids=str)
def test_heights_add_up_and_the_chart_is_never_too_low(border: int, rows: tuple[int, int, int]) -> None:
    for height in range(11, 60):
        column = below(height, border, *rows)
        assert column.models + column.spenders + column.spend + column.alerts == height
        assert column.spend >= 5 + border
        assert column.models >= 1
        side = beside(height, border, rows[0])
        assert side.models + side.spend == height


async def test_a_ranking_that_is_cut_says_how_much_is_missing(full: Path) -> None:
    async with driven(full, (60, 16)) as driver:
        await driver.shows("Top models", "claude-sonnet-4-5", "and 7 more")
        await driver.press("G")
        await driver.shows("local/unpriced-70b", "and 7 more")
        assert "claude-sonnet-4-5" not in driver.text


async def test_the_cursor_is_shown_only_once_the_user_moved_and_stays_with_its_row(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api"), call(NOW - HOUR, *MODELS[1], "prod-api")])
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("Top models", "gpt-5.1")
        assert under_cursor(driver, "models") is None
        await driver.press("j", "j")
        assert under_cursor(driver, "models") == "gpt-5.1"
        filler.add([call(NOW - HOUR, *MODELS[1], "prod-api", tokens=900_000)])
        await driver.until(lambda: ranking(driver, "models").cursor == 0)
        assert under_cursor(driver, "models") == "gpt-5.1"
    filler.close()


async def test_enter_narrows_to_the_row_dims_the_others_and_leads_to_when_it_was(full: Path) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.shows("Top models", "gpt-5.1", "BURN / H")
        await driver.press("enter")
        assert under_cursor(driver, "models") == "claude-sonnet-4-5", "the first Enter only shows what it would open"
        assert "model:" not in driver.text
        await driver.press("j", "enter")
        await driver.shows("model:gpt-5.1 ✕", "▸gpt-5.1")
        assert "claude-sonnet-4-5" in driver.text, "other rows are still there"
        await driver.until(lambda: not driver.main.is_asking)
        await driver.press("enter")
        await driver.shows("cost by model", "model:gpt-5.1 ✕")


async def test_left_and_right_go_between_the_rankings_with_one_cursor(full: Path) -> None:
    async with driven(full, (120, 40)) as driver:
        await driver.shows("Top models", "Top keys", "prod-api")
        await driver.press("j", "j", "l")
        assert (under_cursor(driver, "models"), under_cursor(driver, "keys")) == (None, "agents-ci")
        await driver.press("l", "k", "h")
        assert (under_cursor(driver, "models"), under_cursor(driver, "keys")) == ("claude-sonnet-4-5", None)
        await driver.press("right", "enter")
        await driver.shows("key:prod-api ✕")


async def test_right_goes_nowhere_while_there_is_one_ranking(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models", "claude-sonnet-4-5")
        await driver.press("j", "l", "l")
        assert under_cursor(driver, "models") == "claude-sonnet-4-5"


async def test_a_click_chooses_a_row_and_another_opens_it(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models", "gpt-5.1")
        await driver.pilot.click("#top-models", offset=(5, 1))
        assert under_cursor(driver, "models") == "gpt-5.1"
        assert "model:" not in driver.text
        await driver.pilot.click("#top-models", offset=(5, 1))
        await driver.shows("model:gpt-5.1 ✕")


@pytest.mark.parametrize(
    ("project", "title", "name"), [("website", "Top projects", "website"), ("", "Top integrations", "tests")]
)
async def test_where_no_key_is_named_who_spends_is_told_otherwise(
    tmp_path: Path, project: str, title: str, name: str
) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - HOUR, *MODELS[0], "", project=project)])
    filler.close()
    async with driven(tmp_path / "a.db", (120, 40)) as driver:
        await driver.shows(title, name)
        assert "unattributed" not in driver.text
        await driver.press("l", "enter")
        await driver.shows(f"{title[4:-1]}:{name} ✕")


async def test_a_filter_does_not_change_what_the_rows_are(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api"), call(NOW - HOUR, *MODELS[1], "")])
    filler.close()
    async with driven(tmp_path / "a.db", (120, 40)) as driver:
        await driver.shows("Top keys", "gpt-5.1")
        await driver.press("G", "enter")
        await driver.shows("model:gpt-5.1 ✕", "Top keys", "unattributed")
        await driver.until(lambda: "prod-api" not in driver.text)


async def test_a_model_without_a_price_is_unknown_and_stands_last(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("local/unpriced-70b", "? n/a")
        rows = driver.main.query_one("#top-models", Ranking).text.split("\n")
        assert "local/unpriced-70b" in rows[-1]
        assert rows[-1].rstrip().endswith("? n/a")


async def test_a_row_has_the_colour_of_its_band(full: Path) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.shows("Top models", "gpt-5.1")
        chart, models = driver.main.query_one("#spend", TimeChart), ranking(driver, "models")
        await driver.until(lambda: len(chart._picture.bands) == 8)
        series = driver.main.look.palette.series
        styles = {rank.key: rank.style for rank in models._ranks}
        assert all(styles[band.label] == series[band.colour] for band in chart._picture.bands[:7])
        assert len({styles[band.label] for band in chart._picture.bands[:7]}) == 7


async def test_only_a_change_for_the_worse_that_matters_is_amber(tmp_path: Path) -> None:
    before, now = NOW - 30 * HOUR, NOW - 2 * HOUR
    filler = Filler(tmp_path / "a.db")
    filler.add([call(before, "worse", "p", 1.0, "k"), call(before, "better", "p", 9.0, "k", tokens=9_000)])
    filler.add([call(before, "trifle", "p", 1.0, "k", tokens=20)])
    filler.add([call(now, "worse", "p", 1.0, "k", tokens=8_000), call(now, "better", "p", 9.0, "k")])
    filler.add([call(now, "trifle", "p", 1.0, "k", tokens=60)])
    filler.close()
    async with driven(tmp_path / "a.db", range="24h") as driver:
        await driver.shows("▲100%", "▼56%", "▲200%")
        notes = {rank.key: rank.note.style for rank in ranking(driver, "models")._ranks}
        palette = driver.main.look.palette
        assert notes == {"worse": palette.warn, "better": palette.muted, "trifle": palette.muted}


async def test_alerts_are_told_in_full_where_there_is_room(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api")])
    words = "the error rate of the last quarter of an hour is far above what was agreed with everybody involved"
    filler.writer.set_alerts([Alarm("error_rate", "data-eng", "warning", words, 1)], NOW - HOUR)
    filler.close()
    async with driven(tmp_path / "a.db", (100, 30)) as driver:
        await driver.shows("Alerts", "▲ data-eng")
        told = driver.main.query_one("#alerts", Lines).text
        assert words in " ".join(told.replace("13:32", "").split())


async def test_an_acknowledged_alert_is_not_told_again(full: Path) -> None:
    async with driven(full, (120, 40)) as driver:
        await driver.shows("Alerts", "data-eng error rate")
        await driver.press("6", "n", "a", "1")
        await driver.shows("Top models", "nothing new to report")


async def test_the_table_is_the_ranking_that_has_the_cursor(full: Path) -> None:
    async with driven(full, (120, 40)) as driver:
        await driver.shows("Top models", "Top keys", "prod-api")
        await driver.press("l", "j")
        table = driver.main.panel.table()
        assert table.columns[0] == "key"
        assert table.chosen is not None
        assert table.rows[table.chosen][0] == "agents-ci"
        assert None in [row[0] for row in table.rows], "calls without a key are in it"
        await driver.press("h")
        models = driver.main.panel.table()
        cost = models.columns.index("cost_usd")
        costs = [json.loads(bytes(row[cost])) for row in models.rows if row[cost] is not None]  # type: ignore[arg-type]
        reader = driver.main.reader_in_use
        assert reader is not None
        known = driver.main._known
        assert round(sum(costs) * NANO) == known.sums.cost
        assert known.question is not None
        assert known.question.view.window != Window()


async def test_wide_names_keep_values_in_their_column(full: Path) -> None:
    async with driven(full, (120, 40)) as driver:
        await driver.shows("Top keys", "日本-batch")
        rows = ranking(driver, "keys").text.split("\n")
        assert len({cell_len(row) for row in rows}) == 1


HOURS = Limit(NOW - HOUR, "codex", "primary", 58, 300, NOW + 2 * HOUR, "pro")
WEEK = Limit(NOW - HOUR, "codex", "secondary", 93, 10_080, NOW + 60 * HOUR, "pro")
ENDED = Limit(NOW - HOUR, "claude-code", "five_hour", 97, 300, NOW - 1_000)


def with_limits(path: Path, *limits: Limit) -> Path:
    filler = Filler(path)
    filler.add(made_up(200), limits=limits)
    return path


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (160, 45)], ids=str)
@pytest.mark.parametrize("ascii", [False, True])
async def test_limits_are_one_row_above_the_cards(tmp_path: Path, size: tuple[int, int], ascii: bool) -> None:
    database = with_limits(tmp_path / "a.db", HOURS, WEEK, ENDED)
    async with driven(database, size, ascii=ascii) as driver:
        await driver.shows("Top models", "codex 7d", "93%", "Mon 02:32")
        panel = driver.main.query_one(SummaryPanel)
        await driver.until(lambda: panel.query_one("#spend", TimeChart).size.height >= 5)
        shown = [child for child in (panel.query_one("#limits"), *panel.query(".card")) if child.display]
        assert sum(child.region.height for child in shown if child.region.x == 0) == panel.size.height
        assert driver.fits()
        row = panel.query_one("#limits", Lines).text
        assert row.endswith("16:32" if size[0] <= 80 else "reset"), "what was reset gives way first"
        assert "58%" in row
        assert "97%" not in row, "that window has ended"


async def test_a_row_that_is_too_short_keeps_numbers_and_times_and_counts_the_rest(tmp_path: Path) -> None:
    full = Limit(NOW - HOUR, "codex", "GPT-5.3-Codex-Spark primary", 100, 300, NOW + HOUR, "pro")
    other = Limit(NOW - HOUR, "claude-code", "five_hour", 72, 300, NOW + 2 * HOUR)
    database = with_limits(tmp_path / "a.db", HOURS, WEEK, ENDED, full, other)
    async with driven(database, (80, 24)) as driver:
        await driver.shows("Top models", "codex 7d")
        row = driver.main.query_one(SummaryPanel).query_one("#limits", Lines).text
        assert "5h 100%! 15:32" in row, "full is told by a mark, too"
        assert "codex 7d 93% Mon 02:32" in row
        assert row.endswith("+2 more")


async def test_what_fires_is_told_whole_though_there_is_much_more(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    invalid = "1 invalid line, last: line is not JSON"
    notes = [Alarm("invalid lines", f"/a/{i}.jsonl", "info", invalid, 1) for i in range(20)]
    long = Alarm("limit", "codex GPT-5.3-Codex-Spark 5h limit", "warning", "100% used, reset 20:03", 1)
    filler.add(made_up(50))
    filler.writer.set_alerts([*notes, long], NOW)
    async with driven(tmp_path / "a.db", (100, 30)) as driver:
        await driver.shows("Alerts", "reset 20:03", " more")


async def test_one_row_of_alerts_says_that_there_are_more(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add(made_up(50))
    alerts = tuple(AlertRow(i, "limit", f"s{i}", "info", "firing", f"alert {i}", 1, NOW - HOUR) for i in (1, 2, 3))
    async with driven(tmp_path / "a.db", (80, 24)) as driver:
        await driver.shows("Top models")
        panel = driver.main.query_one(SummaryPanel)
        told = panel.one_row(alerts, 40)
        assert "alert 1" in told.plain
        assert told.plain.endswith("and 2 more")
        assert told.cell_len <= 40


async def test_without_limits_there_is_no_row_for_them(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models", "claude-sonnet-4-5")
        assert not driver.main.query_one("#limits").display


async def test_news_of_a_limit_is_shown_at_once(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add(made_up(50))
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("Top models", "claude-sonnet-4-5")
        filler.add([], limits=[HOURS])
        await driver.shows("codex 5h", "58%", "16:32")
