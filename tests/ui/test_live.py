"""The screen follows the store: what is written appears, what is paused stays, and what is late or broken is said."""

import os
from pathlib import Path

from tests.ui.driving import driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call
from tokenmon.events import Event
from tokenmon.ui.widgets.long_table import LongTable


def one(minutes: float, key: str = "prod-api", tokens: int = 4_000) -> tuple[Event, int | None]:
    """A call so many minutes ago."""
    return call(NOW - int(minutes * 60_000), *MODELS[0], key, tokens=tokens)


async def test_a_new_event_appears_by_itself(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("2")
        await driver.shows("prod-api")
        filler.add([one(1, "newcomer")])
        await driver.shows("newcomer")
    filler.close()


async def test_a_database_that_does_not_exist_yet_is_waited_for_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "later" / "a.db"
    async with driven(path) as driver:
        await driver.shows("waiting for data", "tokenmon demo", "no database at")
        assert not path.parent.exists()
        filler = Filler(path)
        filler.add([one(30)])
        await driver.shows("live", "claude-sonnet-4-5")
        filler.close()


async def test_a_pause_freezes_every_panel(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("2")
        await driver.shows("prod-api")
        await driver.press("p")
        await driver.shows("PAUSED")
        filler.add([one(1, "newcomer")])
        await driver.shows("PAUSED +1 event")
        assert "newcomer" not in driver.text
        await driver.press("p")
        await driver.shows("newcomer", "live")
    filler.close()


async def test_cursor_and_scroll_stay_with_their_event_while_newer_ones_arrive(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(100 + n, f"key-{n}") for n in range(60)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("key-0")
        table = driver.main.panel.query_one(LongTable)
        await driver.press(*["j"] * 30)
        chosen, on_screen = table.cursor_key, table.cursor_row - table.scroll_offset.y
        filler.add([one(1, f"new-{n}") for n in range(5)])
        await driver.until(lambda: table.row_count == 65)
        await driver.pilot.pause()
        assert table.cursor_key == chosen
        assert table.cursor_row == 35
        assert table.cursor_row - table.scroll_offset.y == on_screen
    filler.close()


async def test_on_the_first_row_the_list_follows_the_newest(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(100 + n, f"key-{n}") for n in range(60)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("key-0")
        filler.add([one(1, "newcomer")])
        await driver.shows("newcomer")
        assert driver.main.panel.query_one(LongTable).cursor_row == 0
    filler.close()


async def test_a_backlog_is_said_and_totals_are_marked(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)], backlog=312_000_000)
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("backfill", "312 MB left", "totals are partial", "~$", "~1")
        filler.add([one(29)], backlog=156_000_000)
        await driver.shows("backfill 50%")
        filler.add([one(28)], backlog=0)
        await driver.shows("live")
        assert "partial" not in driver.text
    filler.close()


async def test_a_broken_database_is_said_and_the_last_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    filler = Filler(path)
    filler.add([one(30)])
    filler.writer.checkpoint_wal()
    filler.close()
    async with driven(path) as driver:
        await driver.shows("live", "claude-sonnet-4-5")
        other = tmp_path / "other"
        other.write_bytes(b"this is not a database" * 1_000)
        os.replace(other, path)
        await driver.shows("DB ERROR", "claude-sonnet-4-5", "showing 14:32:07, r tries now")
        assert driver.app.is_running


async def test_a_replaced_database_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = Filler(path)
    first.add([one(30)])
    first.close()
    second = Filler(tmp_path / "b.db")
    second.add([one(30, "other-key")])
    second.close()
    async with driven(path) as driver:
        await driver.press("2")
        await driver.shows("prod-api")
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(tmp_path / "b.db", path)
        await driver.shows("other-key")


async def test_a_relative_range_moves_with_the_clock_and_a_fixed_one_does_not(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30, "morning"), one(60 * 23, "yesterday")])
    moment = NOW
    async with driven(tmp_path / "a.db", now=lambda: moment) as driver:
        await driver.press("2")
        await driver.shows("morning", "yesterday")
        moment = NOW + 3 * HOUR
        await driver.press("r")
        await driver.until(lambda: "yesterday" not in driver.text)
        assert "morning" in driver.text
    filler.close()


async def test_places_that_were_found_are_named(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.writer.remember_places([("Claude Code", "/home/me/.claude/projects")])
    filler.close()
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("No usage recorded yet", "Watching", "Claude Code: /home/me/.claude/projects, not there")
