"""Every panel of `PANELS`, empty and full, small and large: what a user must always see, and what must never happen."""

from pathlib import Path
from typing import Any

import pytest

from tests.ui.driving import driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call, made_up
from tokenmon.events import Event, Names
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.base import Panel
from tokenmon.ui.widgets.chart import TimeChart
from tokenmon.ui.widgets.keyed_table import KeyedTable

SIZES = ((80, 24), (160, 45))
EACH_PANEL = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.ID)


def key_of(panel: type[Panel[Any]]) -> str:
    return str(PANELS.index(panel) + 1)


@EACH_PANEL
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (160, 45), (200, 60)], ids=str)
async def test_a_full_store_fits(full: Path, panel: type[Panel[Any]], size: tuple[int, int]) -> None:
    async with driven(full, size) as driver:
        await driver.shows("$")
        await driver.press(key_of(panel))
        await driver.until(lambda: driver.main.panel.display and not driver.main.panel.is_asking)
        rows = driver.rows
        assert driver.fits()
        assert len(rows) == size[1]
        assert rows[-1].rstrip().endswith("? help  q quit")
        assert f"{key_of(panel)} {panel.TITLE}" in driver.text
        assert not any(table.show_horizontal_scrollbar for table in driver.main.query(KeyedTable) if table.display)


@EACH_PANEL
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_an_empty_store_says_what_to_do(empty: Path, panel: type[Panel[Any]], size: tuple[int, int]) -> None:
    async with driven(empty, size) as driver:
        await driver.press(key_of(panel))
        await driver.shows("no data yet", "q quit", "tokenmon demo" if panel.NEEDS_EVENTS else "INGEST")
        assert "$" not in driver.text
        assert driver.fits()


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_chrome_takes_five_rows_when_short_and_eight_when_tall(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size) as driver:
        chrome = 5 if size[1] < 32 else 8
        await driver.until(lambda: "$" in driver.text and size[1] - driver.main.panel.size.height == chrome)


async def test_figures_are_whole_at_eighty_columns(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("COST list price", "TOKENS", "REQUESTS", "ERRORS", "CACHE HIT")
        await driver.until(lambda: driver.rows[2].split()[:1] != ["COST"])
        values = driver.rows[2]
        assert "…" not in values
        assert values.split()[0].startswith("~$"), "some requests have no price"


async def test_a_small_terminal_says_how_small(full: Path) -> None:
    async with driven(full, (50, 14)) as driver:
        await driver.shows("needs 60x16", "50x14", "q quit")
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)


async def test_growing_a_small_terminal_shows_the_panel(full: Path) -> None:
    async with driven(full, (50, 14)) as driver:
        await driver.shows("needs 60x16")
        await driver.pilot.resize_terminal(80, 24)
        await driver.shows("Top models", "claude-sonnet-4-5", "? help  q quit")
        assert driver.fits()


async def test_a_model_without_a_price_is_unknown_and_not_free(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("local/unpriced-70b", "? n/a", "without a price")


async def test_panels_follow_tab_and_go_round(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("shift+tab")
        await driver.shows("SESSION", "LENGTH", "checkout-")
        await driver.press("tab", "tab")
        await driver.shows("SEEN", "prod-api")


async def test_a_click_chooses_a_panel(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.pilot.click("TabRow", offset=(driver.rows[3].index("4 Timeline"), 0))
        await driver.shows("cost by model")


@EACH_PANEL
async def test_a_search_narrows_every_panel(full: Path, panel: type[Panel[Any]]) -> None:
    async with driven(full) as driver:
        await driver.until(lambda: "▲" in driver.rows[2])
        before = driver.rows[2]
        await driver.press(key_of(panel), "slash", *("negat" if panel.ID == "health" else "sonn"), "enter")
        if panel.ID == "health":
            await driver.until(lambda: "model is missing" not in driver.text and "prompt_tokens" in driver.text)
            return
        await driver.until(lambda: "gpt-5.1" not in driver.text and driver.rows[2] != before)
        if panel.ID not in ("keys", "sessions"):
            await driver.shows("claude-s")
        await driver.press("escape")
        await driver.until(lambda: driver.rows[2] == before)


async def test_words_of_a_search_are_anded_and_a_miss_is_said(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3", "slash", *"claude hai")
        await driver.until(lambda: "claude-haiku-4-5" in driver.text and "sonnet" not in driver.text)
        await driver.press(*"zzz")
        await driver.shows("Nothing matches", "/claude haizzz")
        await driver.press("escape")
        await driver.shows("claude-sonnet-4-5")


async def test_letters_of_a_search_are_no_keys(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("slash", "q", "4", "p")
        await driver.shows("/ q4p")
        assert driver.app.is_running
        assert "PAUSED" not in driver.text


async def test_escape_never_ends_the_program(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("5", *["escape"] * 6)
        await driver.shows("Top models")
        assert driver.app.is_running


async def test_ranges_go_round_and_an_empty_one_says_so(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - 5 * HOUR, *MODELS[0], "prod-api")])
    filler.close()
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("[24h]", "Top models")
        await driver.press("T")
        await driver.shows("[1h]", "No data in 1h", "09:32:07")
        await driver.press("t", "t")
        await driver.shows("[7d]", "Top models")


async def test_a_typed_range_is_taken_and_nonsense_is_refused(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("c", *["backspace"] * 5, *"nonsense", "enter")
        await driver.shows("not a range")
        await driver.press(*["backspace"] * 8, *"2025-11-20..2025-11-20", "enter")
        await driver.shows("[2025-11-20..2025-11-20]")


async def test_the_last_range_is_remembered(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("[24h]")
        await driver.press("t")
        await driver.shows("[7d]")
    async with driven(full) as driver:
        await driver.shows("[7d]")
        await driver.press("T")
        await driver.shows("[24h]")


async def test_sorting_shows_its_column_and_turns(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("COST▾")
        await driver.press("s")
        await driver.shows("REQS▾")
        await driver.press("S")
        await driver.shows("REQS▴")
        table = driver.main.panel.query_one(KeyedTable)
        await driver.until(lambda: table.get_row_at(0)[1].plain < table.get_row_at(1)[1].plain)


async def test_the_cursor_stays_with_its_row_when_rows_move(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("COST▾")
        table = driver.main.panel.query_one(KeyedTable)
        await driver.press("j", "j")
        chosen = table.cursor_key
        assert chosen == "gemini-3-pro"
        for _ in range(6):
            before = list(table.rows)
            await driver.press("s")
            await driver.until(lambda: not driver.main.panel.is_asking)
            assert table.cursor_key == chosen
            assert len(before) == table.row_count
        await driver.press("G")
        assert table.cursor_row == table.row_count - 1


async def test_the_timeline_counts_and_groups_by_choice(full: Path) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.press("4")
        await driver.shows("cost by model", "claude-sonnet-4-5", "$")
        await driver.press("m")
        await driver.shows("tokens by model")
        await driver.press("b")
        await driver.shows("tokens by key", "prod-api", "unattributed")


async def test_help_tells_every_key_of_every_panel(full: Path) -> None:
    async with driven(full, (80, 70)) as driver:
        await driver.shows("Top models")
        await driver.press("question_mark")
        await driver.shows("Everywhere", *(panel.TITLE for panel in PANELS), "next range", "cost, tokens or requests")
        assert driver.fits()
        await driver.press("q")
        await driver.until(lambda: "Everywhere" not in driver.text)
        assert driver.app.is_running


async def test_every_key_has_a_name_of_its_own(full: Path) -> None:
    async with driven(full) as driver:
        kinds = {kind for widget in driver.main.walk_children() for kind in type(widget).__mro__}
        kinds |= {type(driver.main), type(driver.app)}
        ours = [kind for kind in kinds if kind.__module__.startswith("tokenmon.")]
        names = [binding.id for binding in {b for kind in ours for b in vars(kind).get("BINDINGS", ())}]
        assert None not in names
        assert len(names) == len(set(names))


NASTY = "[/nope] [bold]x[/] \x1b[2J\x1b]0;owned\x07\x9b31m \u202eevil"


@EACH_PANEL
async def test_text_from_a_log_is_shown_and_never_obeyed(tmp_path: Path, panel: type[Panel[Any]]) -> None:
    names = Names(*(NASTY for _ in Names._fields))._replace(dialect="native", model="[/nope]\x1b[31m")
    event = Event(ts=NOW - 1_000, names=names, input=5, output=5, error=NASTY, status=500, session=NASTY)
    filler = Filler(tmp_path / "a.db", source=f"/logs/{NASTY}.jsonl")
    filler.add([(event, 10**9)], rejects=[f"[/nope] {NASTY}"])
    filler.close()
    async with driven(tmp_path / "a.db", (160, 45)) as driver:
        await driver.shows("$")
        await driver.press(key_of(panel))
        await driver.until(lambda: driver.main.panel.display and not driver.main.panel.is_asking)
        await driver.shows("[/nope]")
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(driver.text)
        assert driver.fits()


@EACH_PANEL
async def test_nothing_ticks_while_nothing_is_written(full: Path, panel: type[Panel[Any]]) -> None:
    """Ten minutes later, the same range shows the same characters: there are times, no ages."""
    clock = [NOW]
    async with driven(full, now=lambda: clock[0], range="2025-11-19..2025-11-21") as driver:
        await driver.press(key_of(panel))
        await driver.shows("$")
        await driver.until(lambda: driver.main.panel.display and not driver.main.is_asking)
        before = driver.text
        clock[0] += 600_000
        await driver.press("r")
        await driver.until(lambda: driver.main.panel.now == clock[0] and not driver.main.is_asking)
        assert driver.text == before


async def test_hidden_panels_are_not_drawn(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        timeline = driver.main.query_one("#timeline", Panel)
        assert not timeline.is_asking
        assert timeline.query_one(TimeChart).text == ""


async def test_a_wide_terminal_shows_more_figures(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("$")
        assert "BURN / H" not in driver.text
        await driver.pilot.resize_terminal(160, 45)
        await driver.shows("BURN / H", "Top keys", "Alerts", "data-eng error rate")


async def test_ascii_is_ascii(full: Path) -> None:
    async with driven(full, ascii=True) as driver:
        for panel in PANELS:
            await driver.press(key_of(panel))
            await driver.until(lambda: driver.main.panel.display and not driver.main.panel.is_asking)
            assert {character for character in driver.text if character > "\x7f"} <= set("日本")


def test_made_up_calls_are_what_the_tests_think() -> None:
    calls = made_up(600)
    assert len(calls) == 600
    assert any(cost is None for _, cost in calls)


@pytest.mark.parametrize(("ascii", "fills"), [(True, 8), (False, 1)])
async def test_the_legend_shows_what_the_chart_is_drawn_with(full: Path, ascii: bool, fills: int) -> None:
    async with driven(full, (160, 45), ascii=ascii) as driver:
        await driver.press("4")
        await driver.shows("cost by model", "Other")
        legend = [row[118:] for row in driver.rows[7:] if "%" in row[118:]]
        marks = [entry.split()[0] for entry in legend if entry.split()]
        assert len(marks) == 8
        assert len(set(marks)) == fills


async def test_a_row_narrows_everything_and_escape_widens_it_again(full: Path) -> None:
    async with driven(full) as driver:
        await driver.until(lambda: "▲" in driver.rows[2])
        before = driver.rows[2]
        await driver.press("2", "j", "enter")
        await driver.shows("key:agents-ci ✕")
        await driver.until(lambda: driver.rows[2] != before)
        await driver.press("3")
        await driver.shows("MODEL", "claude-sonnet-4-5")
        await driver.press("enter")
        await driver.until(lambda: "key:" in driver.rows[0] and "model:" in driver.rows[0])
        await driver.press("escape")
        await driver.until(lambda: "model:" not in driver.rows[0] and "key:agents-ci ✕" in driver.rows[0])
        await driver.press("x")
        await driver.until(lambda: "key:" not in driver.rows[0] and driver.rows[2] == before)


async def test_the_same_row_again_leads_to_when_it_was(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("2")
        await driver.shows("SEEN", "prod-api")
        await driver.press("enter")
        await driver.shows("key:prod-api ✕")
        await driver.until(lambda: not driver.main.panel.is_asking)
        await driver.press("enter")
        await driver.shows("cost by model", "key:prod-api ✕")


@pytest.mark.parametrize("panel", ["summary", "keys", "models", "events"])
async def test_what_was_searched_for_is_marked_on_every_panel(full: Path, panel: str) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.press(str([each.ID for each in PANELS].index(panel) + 1), "slash", *"sonn", "enter")

        def marked() -> set[str]:
            strips = driver.app.screen._compositor.render_strips()
            return {s.text for strip in strips for s in strip if s.style and s.style.bold and s.style.underline}

        await driver.until(lambda: marked() == {"sonn"})


async def test_hints_are_of_keys_that_do_something(full: Path) -> None:
    async with driven(full, (120, 40)) as driver:
        await driver.shows("Enter open", "e export")
        assert "x clear" not in driver.rows[-1]
        await driver.press("slash", *"zzz", "enter")
        await driver.shows("Nothing matches", "x clear")
        assert "Enter open" not in driver.rows[-1]
        assert "e export" not in driver.rows[-1]
        await driver.press("x")
        await driver.shows("Enter open", "e export")


@pytest.mark.parametrize("panel", ["models", "events", "summary"])
async def test_a_reversed_row_has_no_ink_that_would_become_ground(full: Path, panel: str) -> None:
    async with driven(full, theme="ansi") as driver:
        await driver.press(str([each.ID for each in PANELS].index(panel) + 1), "j")

        def reversed_() -> list[str | None]:
            strips = driver.app.screen._compositor.render_strips()[4:-1]
            styles = [s.style for strip in strips for s in strip if s.text.strip() and s.style and s.style.reverse]
            return [style.color.name if style.color else None for style in styles]

        await driver.until(lambda: bool(reversed_()))
        assert set(reversed_()) <= {None, "default"}
