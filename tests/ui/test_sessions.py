"""Sessions: whole pieces of work, recognisable, and together all of the cost."""

import json
from pathlib import Path

import pytest

from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call
from tokenmon.events import NANO
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.sessions import SessionsPanel
from tokenmon.ui.widgets.keyed_table import KeyedTable
from tokenmon.view import Condition

SESSIONS = str([panel.ID for panel in PANELS].index("sessions") + 1)
UUID = "3f2a9c1d-1111-2222-3333-444455556666"


def names(driver: Driver) -> list[str]:
    """The first cells of all rows, without the mark of a chosen one."""
    table = driver.main.query_one(SessionsPanel).query_one(KeyedTable)
    return [table.get_row_at(index)[0].plain.strip() for index in range(table.row_count)]


def working(path: Path) -> Path:
    """Three sessions, and a call that belongs to none."""
    filler = Filler(path)
    filler.add(
        [
            call(NOW - 5 * HOUR, *MODELS[0], "k", session="nightly-eval", tokens=9_000),
            call(NOW - 3 * HOUR, *MODELS[1], "k", session="nightly-eval", status=500),
            call(NOW - 2 * HOUR, *MODELS[3], "k", session=UUID, project="/home/dev/shop"),
            call(NOW - 2 * HOUR + 65_000, *MODELS[3], "k", session=UUID, project="/home/dev/shop"),
            call(NOW - HOUR, *MODELS[9], "k", session="local"),
            call(NOW - HOUR, *MODELS[0], "k"),
        ]
    )
    filler.close()
    return path


async def test_a_session_has_a_name_that_people_recognise_and_what_it_took(tmp_path: Path) -> None:
    async with driven(working(tmp_path / "a.db"), (160, 45)) as driver:
        await driver.press(SESSIONS)
        await driver.shows("SESSION", "nightly-eval", "shop, 12:32:07", "no session")
        row = next(row for row in driver.rows if "nightly-eval" in row)
        assert "2h 00m" in row
        assert "09:32:07" in row
        assert "11:32:07" in row
        assert "1!" in row
        assert "claude-sonnet-4-5 +1" in row or "gpt-5.1 +1" in row
        shop = next(row for row in driver.rows if "shop, 12:32:07" in row)
        assert "1m 05s" in shop
        assert UUID not in driver.text


async def test_the_dearest_first_or_the_newest_and_the_choice_is_kept(tmp_path: Path) -> None:
    database = working(tmp_path / "a.db")
    async with driven(database) as driver:
        await driver.press(SESSIONS)
        await driver.shows("COST▾", "nightly-eval")
        assert names(driver) == ["nightly-eval", "shop, 12:32:07", "local", "no session"]
        await driver.press("s")
        await driver.shows("LAST▾")
        await driver.until(lambda: names(driver) == ["local", "shop, 12:32:07", "nightly-eval", "no session"])
    async with driven(database) as driver:
        await driver.press(SESSIONS)
        await driver.shows("LAST▾")


async def test_enter_shows_the_calls_of_a_session(tmp_path: Path) -> None:
    async with driven(working(tmp_path / "a.db")) as driver:
        await driver.press(SESSIONS)
        await driver.shows("nightly-eval")
        await driver.press("enter")
        await driver.shows("session:nightly-eval ✕", "TIME", "gpt-5.1")
        await driver.until(lambda: "gemini" not in driver.text and "local/unpriced" not in driver.text)
        await driver.press(SESSIONS)
        await driver.shows("▸ nightly-eval", "shop, 12:32:07")


async def test_calls_without_a_session_can_be_opened_too(tmp_path: Path) -> None:
    async with driven(working(tmp_path / "a.db")) as driver:
        await driver.press(SESSIONS)
        await driver.shows("no session")
        await driver.press("G", "enter")
        await driver.shows("session:", "TIME")
        await driver.until(lambda: driver.main._known.sums.requests == 1)


@pytest.mark.parametrize("range_text", ["24h", "all", "2025-11-20T20:00..2025-11-21"])
async def test_the_rows_are_all_of_the_cost(full: Path, range_text: str) -> None:
    async with driven(full, range=range_text) as driver:
        await driver.press(SESSIONS)
        await driver.shows("checkout-")
        await driver.until(lambda: not driver.main.is_asking)
        table = driver.main.panel.table()
        cost, requests = table.columns.index("cost_usd"), table.columns.index("requests")
        costs = [json.loads(bytes(row[cost])) for row in table.rows if row[cost] is not None]  # type: ignore[arg-type]
        sums = driver.main._known.sums
        assert round(sum(costs) * NANO) == sums.cost
        assert sum(int(str(row[requests])) for row in table.rows) == sums.requests


async def test_other_filters_narrow_the_sessions(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("gpt-5.1")
        await driver.press("j", "enter")
        await driver.shows("model:gpt-5.1 ✕")
        await driver.press(SESSIONS)
        await driver.shows("checkout-")
        await driver.until(lambda: not driver.main.is_asking)
        reader = driver.main.reader_in_use
        question = driver.main._known.question
        assert reader is not None
        assert question is not None
        assert question.view.where == (Condition("model", "gpt-5.1"),)
        models = driver.main.panel.table().columns.index("models")
        assert {row[models] for row in driver.main.panel.table().rows} <= {"gpt-5.1", None}


async def test_long_names_lose_their_middle(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    name = "evaluation-of-the-new-prompt-for-the-support-desk-run-17"
    filler.add([call(NOW - HOUR, *MODELS[0], "k", session=name)])
    filler.close()
    async with driven(tmp_path / "a.db") as driver:
        await driver.press(SESSIONS)
        await driver.shows("evaluation-", "…", "run-17")
        assert names(driver)[0] != name


async def test_the_session_of_a_call_is_on_the_screen_with_the_cursor_on_it(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - n * 60_000, *MODELS[0], "k", session=f"work-{n:02}", tokens=n * 900) for n in range(1, 41)])
    filler.close()
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("following the newest")
        await driver.press("w")
        await driver.shows("SESSION", "▸ work-01", "work-02")
        assert names(driver)[driver.main.query_one(SessionsPanel).query_one(KeyedTable).cursor_row] == "▸ work-01"
        await driver.press("k")
        await driver.press("r")
        await driver.until(lambda: not driver.main.panel.is_asking)
        table = driver.main.query_one(SessionsPanel).query_one(KeyedTable)
        assert names(driver)[table.cursor_row] == "work-02", "and the user moves it from there"
