"""The list of calls: it follows or it stays, never jumps, finds what is asked for, and shows how a cost comes about."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.segment import Segment

from tests.ingest.ingesting import claude, ingest
from tests.ui.driving import Driver, driven
from tests.ui.filling import NOW, Filler, call, made_up
from tokenmon.events import NANO, Event
from tokenmon.store.answers import StoredEvent
from tokenmon.trace import FIELDS
from tokenmon.ui import listed
from tokenmon.ui.panels.events import EventsPanel
from tokenmon.ui.widgets.event_detail import EventDetail
from tokenmon.ui.widgets.long_table import LongTable
from tokenmon.view import View, Window

GPT = ("gpt-5.1", "openai", 1.25)

NASTY = "[/nope] [bold]x[/] \x1b[2J\x1b]0;owned\x07\x9b31m \u202eevil"
SECRET = "sk-abcdefghijklmnopqrstuvwxyz123456"


def one(minutes: float, key: str = "prod-api", **changes: object) -> tuple[Event, int | None]:
    """A call so many minutes ago."""
    event, cost = call(NOW - int(minutes * 60_000), *GPT, key)
    return replace(event, **changes), cost


@pytest.fixture
def filler(tmp_path: Path) -> Iterator[Filler]:
    """A database that grows; its source is a real file with one line."""
    log = tmp_path / "usage.jsonl"
    log.write_text('{"model":"gpt-5.1","key":"' + SECRET + '","text":"' + NASTY + "z" * 9_000 + '"}\n', "utf-8")
    filler = Filler(tmp_path / "a.db", source=str(log))
    yield filler
    filler.close()


def table_of(driver: Driver) -> LongTable:
    return driver.main.query_one(LongTable)


def segments(driver: Driver) -> list[Segment]:
    return [segment for strip in driver.app.screen._compositor.render_strips() for segment in strip]


# -- following and staying


async def test_what_comes_while_the_user_reads_is_counted_and_g_goes_back_to_it(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(100 + n, f"key-{n}") for n in range(60)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("key-0", "following the newest")
        await driver.press("j", "j")
        await driver.shows("nothing new  f to follow")
        before = [row[:78] for row in driver.rows[5:20]]
        filler.add([one(1, f"new-{n}") for n in range(3)])
        await driver.shows("+3 new  f to follow")
        assert [row[:78] for row in driver.rows[5:20]] == before, "only the scrollbar may move"
        filler.add([one(0.5, "new-3")])
        await driver.shows("+4 new  f to follow")
        await driver.press("g")
        await driver.shows("following the newest", "new-3", "new-0")
        await driver.press("j", "f")
        await driver.shows("following the newest")


async def test_older_events_are_loaded_below_and_stay_through_a_refresh(full: Path) -> None:
    async with driven(full, range="all") as driver:
        await driver.press("5")
        await driver.shows("500 listed, older ones further down")
        table = table_of(driver)
        await driver.press("G")
        await driver.until(lambda: table.cursor_row == 499)
        chosen, on_screen = table.cursor_key, table.cursor_row - table.scroll_offset.y
        await driver.press("j")
        await driver.until(lambda: table.row_count == 600)
        assert table.cursor_key == chosen
        await driver.press("j")
        await driver.until(lambda: table.cursor_row == 500)
        chosen, on_screen = table.cursor_key, table.cursor_row - table.scroll_offset.y
        filler = Filler(full, source="/var/log/llm/other.jsonl")
        filler.add([one(0.1)])
        filler.close()
        await driver.until(lambda: table.row_count == 601)
        assert table.cursor_key == chosen
        assert table.cursor_row - table.scroll_offset.y == on_screen


async def test_a_list_that_would_get_too_long_stays_until_it_is_left(
    tmp_path: Path, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "PAGE", 20)
    monkeypatch.setattr(listed, "MOST", 60)
    filler.add([one(100 + n) for n in range(30)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5", "j", "j")
        await driver.shows("nothing new  f to follow")
        chosen = table_of(driver).cursor_key
        filler.add([one(1 + n / 10) for n in range(100)])
        await driver.shows("newer ones are not listed  f to follow")
        assert table_of(driver).cursor_key == chosen
        await driver.press("g")
        await driver.shows("following the newest", "14:31:07")


async def test_another_question_begins_at_one_page(full: Path) -> None:
    async with driven(full, range="all") as driver:
        await driver.press("5", "G", "j")
        await driver.until(lambda: table_of(driver).row_count == 600)
        await driver.press("slash", *"sonn", "enter")
        await driver.until(lambda: 0 < table_of(driver).row_count < 500)
        await driver.press("escape")
        await driver.until(lambda: table_of(driver).row_count == 500)


def test_only_a_later_moment_of_the_same_question_continues_a_list() -> None:
    view = View(Window(100, 200))
    assert listed._continues(view, View(Window(100, 250)))
    assert listed._continues(view, View(Window(150, 250)))
    assert not listed._continues(view, View(Window(50, 200)))
    assert not listed._continues(view, View(Window(100, 150)))
    assert not listed._continues(view, View(Window(100, 200), search="x"))


async def test_only_rows_on_the_screen_are_made(
    tmp_path: Path, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler.add(made_up(600))
    made: list[str] = []
    time = EventsPanel._time

    def counted(panel: EventsPanel, event: StoredEvent) -> str:
        made.append(event.id)
        return time(panel, event)

    monkeypatch.setattr(EventsPanel, "_time", counted)
    async with driven(tmp_path / "a.db", range="all") as driver:
        await driver.press("5")
        await driver.shows("500 listed")
        made.clear()
        filler.add([one(0.1)])
        await driver.until(lambda: bool(made) and not driver.main.panel.is_asking)
        assert len(made) <= 2 * 24


# -- columns and search


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (160, 45)], ids=str)
async def test_numbers_are_whole_at_every_width(tmp_path: Path, filler: Filler, size: tuple[int, int]) -> None:
    event, _ = one(1, status=429, input=123_456, output=99_900, latency_ms=12_300)
    filler.add([(event, 1_234 * NANO // 10_000)])
    async with driven(tmp_path / "a.db", size) as driver:
        await driver.press("5")
        await driver.shows("TIME", "14:31:07", "$0.123")
        assert ("125K" in driver.text and "99.9K" in driver.text) is (size[0] >= 70), "names come first"
        assert ("429!" in driver.text) is (size[0] >= 70)
        assert ("12.3s" in driver.text) is (size[0] >= 100)


async def test_without_keys_the_column_says_who_else_it_was(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1, key="")])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("PROJECT", "tokenmon")
        assert "KEY " not in driver.text
        filler.add([one(0.5, key="prod-api")])
        await driver.shows("KEY ", "prod-api")


async def test_hits_are_bold_and_underlined(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("5", "slash", *"sonn prod", "enter")
        await driver.until(lambda: "gpt-5.1" not in driver.text and "sonnet" in driver.text)

        def marked() -> set[str]:
            return {s.text for s in segments(driver) if s.style and s.style.bold and s.style.underline}

        await driver.until(lambda: marked() == {"sonn", "prod"})


async def test_a_whole_request_id_finds_its_call(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(n + 1, f"key-{n}", request_id=f"req-{n:04}-abc", keeps_details=True) for n in range(20)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5", "slash", *"req-0007-abc", "enter")
        await driver.until(lambda: "key-7" in driver.text and "key-6" not in driver.text)
        assert table_of(driver).row_count == 1


@pytest.mark.parametrize(("width", "said"), [(60, "status:"), (80, "status:429"), (160, "a phrase")])
async def test_the_search_row_tells_what_can_be_typed(full: Path, width: int, said: str) -> None:
    async with driven(full, (width, 24)) as driver:
        await driver.shows("$")
        await driver.press("slash")
        await driver.shows("model: key:", said, "cost:>0.5")
        assert driver.fits()


# -- the detail


async def test_enter_shows_how_the_cost_comes_about(tmp_path: Path, filler: Filler) -> None:
    event, cost = one(1, request_id="req-1", keeps_details=True, session="s-9", latency_ms=2_000, ttft_ms=800)
    filler.add([(replace(event, cost_logged=9_000_000), cost)])
    async with driven(tmp_path / "a.db", (100, 50)) as driver:
        await driver.press("5")
        await driver.shows("prod-api")
        await driver.press("enter")
        await driver.shows("2,000 x  $1.25/1M", "400 x", "cache read", "sum", "first token")
        text = driver.text
        rows = {row.strip("│ ").split("  ")[0].strip(): row for row in driver.rows if "│" in row}
        assert "req-1" in text
        assert "s-9" in text
        assert "latency 2.0s  first token 800ms  200 tok/s" in text
        assert rows["logged"].split()[2] == "$0.009"
        assert "more logged than listed" in text
        assert "line 1, byte 0" in text
        assert SECRET not in text
        await driver.press("q")
        await driver.until(lambda: "$1.25/1M" not in driver.text)
        assert driver.app.is_running


async def test_the_detail_needs_no_more_than_ascii(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1)])
    async with driven(tmp_path / "a.db", ascii=True) as driver:
        await driver.press("5")
        await driver.shows("prod-api")
        await driver.press("enter")
        await driver.shows("2,000 x  $1.25/1M", "prices have changed")
        assert driver.text.isascii()


async def test_a_detail_longer_than_the_terminal_scrolls(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1)])
    async with driven(tmp_path / "a.db", (60, 16)) as driver:
        await driver.press("5")
        await driver.shows("gpt-5.1")
        await driver.press("enter")
        await driver.shows("event", "status")
        await driver.press(*["j"] * 40)
        await driver.shows("line 1, byte 0")
        assert driver.fits()
        await driver.press("escape")
        await driver.shows("q quit")


async def test_a_price_that_nobody_knows_is_said(tmp_path: Path, filler: Filler) -> None:
    filler.add([call(NOW - 60_000, "local/unpriced-70b", "vllm", None, "prod-api")])
    async with driven(tmp_path / "a.db", (160, 45)) as driver:
        await driver.press("5")
        await driver.shows("unpriced", "no price is known", "? n/a")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=str)
async def test_the_line_is_shown_and_never_obeyed(tmp_path: Path, filler: Filler, size: tuple[int, int]) -> None:
    names = one(1)[0].names._replace(model=NASTY, project=NASTY, user="u" * 900)
    filler.add([one(1, names=names, error=NASTY, status=500, metadata=json.dumps({"a": NASTY}), keeps_details=True)])
    async with driven(tmp_path / "a.db", size) as driver:
        await driver.press("5")
        await driver.shows("500!")
        await driver.press("l")
        await driver.until(lambda: "zzzzzzzzzz" in driver.text)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(driver.text)
        assert SECRET[3:20] not in driver.text
        assert "[bold]x[/]" in driver.text
        assert driver.fits()


async def test_the_pane_follows_the_cursor_and_says_that_a_line_is_gone(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1, "first"), one(2, "second")])
    async with driven(tmp_path / "a.db", (160, 45)) as driver:
        await driver.press("5")
        await driver.shows("first", "line 1, byte 0", "sum")
        await driver.press("j")
        await driver.until(lambda: "byte 1" in driver.text and "line 1" not in driver.text)
        await driver.press("l")
        await driver.shows("no longer there: the file has", "changed since")
        await driver.pilot.resize_terminal(100, 30)
        await driver.until(lambda: not driver.main.query_one(EventDetail).display)
        assert driver.fits()


async def test_a_session_narrows_everything(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1, "first", session="s-1"), one(2, "second", session="s-2")])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5")
        await driver.shows("first", "second")
        await driver.press("w")
        await driver.until(lambda: "session:s-1" in driver.rows[0] and driver.main.panel.ID == "sessions")
        await driver.press("5")
        await driver.until(lambda: "second" not in driver.text and "first" in driver.text)


async def test_the_table_has_exact_values_as_reports_name_them(tmp_path: Path, filler: Filler) -> None:
    filler.add([one(1, request_id="req-1", keeps_details=True), one(2, request_id="req-2", keeps_details=True)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("5", "j")
        await driver.until(lambda: table_of(driver).cursor_row == 1)
        table = driver.main.panel.table()
        assert set(table.columns) == {name for name, _ in FIELDS}
        assert table.columns[0] == "request_id"
        assert [row[0] for row in table.rows] == ["req-1", "req-2"]
        assert table.chosen == 1
        assert table.rows[1][table.columns.index("cost_usd")] == msgspec.Raw(b"0.0075")
        filler.add([one(0.1)])
        await driver.until(lambda: driver.main.panel.table().columns[0] == "id")


async def test_the_detail_tells_every_place_of_a_call_and_how_its_price_was_matched(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(claude("m", 159, second=2))
    ingest(database, logs)
    (logs / "b.jsonl").write_bytes(claude("m", 9, second=1))
    ingest(database, logs)
    async with driven(database, (100, 50), range="all") as driver:
        await driver.press("5")
        await driver.shows("claude-sonnet-4-5")
        await driver.press("enter")
        await driver.shows(
            "also in", "b.jsonl:1, byte 0: has fewer tokens", "matched by", "its date or revision left out"
        )


async def test_an_assumed_model_is_marked_in_the_list_and_told_in_the_detail(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "t.db")
    event, price = call(NOW - 5_000, "gpt-5", "openai", 1.25, "prod-api")
    filler.add([(replace(event, assumed=True), price)])
    filler.close()
    async with driven(tmp_path / "t.db", (80, 40)) as driver:
        await driver.press("5")
        await driver.shows("gpt-5 assumed")
        await driver.press("enter")
        await driver.shows("its format implies one")
