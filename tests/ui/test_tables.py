"""Keys and Models: which columns there are, in which order rows stand and stay, pages, chips, and that sums agree."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from tests.ui.driving import Driver, driven
from tests.ui.filling import NOW, Filler, call
from tokenmon.dimensions import by_name
from tokenmon.events import NANO, Event
from tokenmon.settings import Settings
from tokenmon.store.answers import Group, Sums
from tokenmon.ui.command import report_command
from tokenmon.ui.panels.cells import right
from tokenmon.ui.panels.grouped import LIMIT, GroupedPanel
from tokenmon.ui.panels.keys import GROUPS, KeysPanel
from tokenmon.ui.panels.measures import MEASURES
from tokenmon.ui.panels.models import ModelsPanel
from tokenmon.ui.panels.spend import METRICS, load_spend
from tokenmon.ui.panels.timeline import GROUPS as CHARTED
from tokenmon.ui.widgets.columns import Column
from tokenmon.ui.widgets.keyed_table import KeyedTable, LazyRow
from tokenmon.view import View

Call = tuple[Event, int | None]
BOTH = pytest.mark.parametrize("panel", [KeysPanel, ModelsPanel], ids=lambda panel: panel.ID)
NUMBER = {KeysPanel: "2", ModelsPanel: "3"}


def spent(cents: int | None, *, minutes: int = 30, failed: bool = False, tokens: int = 4_000, **names: str) -> Call:
    """One call that cost so much, with these names."""
    event, _ = call(NOW - minutes * 60_000, "gpt-5.1", "openai", 1.0, "", tokens=tokens, status=500 if failed else 200)
    known = event.names._replace(**{"project": "", "integration": "", **names})
    return msgspec.structs.replace(event, names=known), None if cents is None else cents * NANO // 100


def stored(path: Path, *batches: Sequence[Call]) -> Path:
    """A database with these calls."""
    filler = Filler(path)
    for calls in batches:
        filler.add(calls)
    filler.close()
    return path


def table_of(driver: Driver) -> KeyedTable:
    return driver.main.panel.query_one(KeyedTable)


def names(driver: Driver) -> list[str]:
    """The rows from the top, by name."""
    table = table_of(driver)
    return [table.get_row_at(index)[0].plain.strip() for index in range(table.row_count)]


async def opened(driver: Driver, panel: type[GroupedPanel]) -> KeyedTable:
    """Show a panel and wait for its rows."""
    await driver.press(NUMBER[panel])
    await driver.until(lambda: driver.main.panel.ID == panel.ID and table_of(driver).row_count > 0)
    return table_of(driver)


async def settled(driver: Driver) -> None:
    await driver.until(lambda: not driver.main.is_asking)


def headings(driver: Driver) -> list[str]:
    return [column.label for column in table_of(driver)._shown_columns]


# -- columns


@pytest.mark.parametrize(
    ("width", "panel", "labels"),
    [
        (60, KeysPanel, "KEY REQS COST SHARE"),
        (80, KeysPanel, "KEY REQS COST SHARE CHANGE ERR SEEN"),
        (100, KeysPanel, "KEY REQS IN OUT TOKENS COST SHARE CHANGE ERR SEEN"),
        (120, KeysPanel, "KEY REQS IN OUT TOKENS COST SHARE CHANGE ERR SEEN TREND"),
        (200, KeysPanel, "KEY KEY ID REQS IN READ OUT TOKENS COST SHARE CHANGE ERR SEEN TREND TOP MODEL"),
        (80, ModelsPanel, "MODEL REQS TOKENS COST SHARE CHANGE $/1M"),
        (120, ModelsPanel, "MODEL REQS IN OUT TOKENS COST SHARE CHANGE $/1M CACHE ERR"),
        (160, ModelsPanel, "MODEL PROVIDER REQS IN OUT TOKENS COST SHARE CHANGE $/1M CACHE ERR TREND"),
    ],
)
async def test_every_width_has_its_columns(
    full: Path, tmp_path: Path, width: int, panel: type[GroupedPanel], labels: str
) -> None:
    keyed = stored(tmp_path / "a.db", [spent(500 - n, key_name=f"key-{n}", key_id=f"sk-{n}") for n in range(9)])
    async with driven(keyed if panel is KeysPanel else full, (width, 45)) as driver:
        table = await opened(driver, panel)
        shown = " ".join(headings(driver)).replace("▾", "")
        for label in labels.split():
            assert label in shown
        assert not table.show_horizontal_scrollbar
        row = next(row for row in driver.rows if "━━" in row and "%" in row)
        assert cell_len(row.rstrip()) > width - 16
        assert " " * 30 not in row.rstrip()


async def test_a_long_name_has_room_before_optional_columns_come(tmp_path: Path) -> None:
    long = "a-project-with-a-rather-long-name-of-fifty-letters"
    database = stored(tmp_path / "a.db", [spent(500, key_name=long), spent(400, key_name="short")])
    async with driven(database, (160, 30)) as driver:
        await opened(driver, KeysPanel)
        assert long in driver.text
    async with driven(database, (80, 24)) as driver:
        await opened(driver, KeysPanel)
        assert "a-project-with-a-rat…" in driver.text
        assert "$5.00" in driver.text
        assert "SEEN" in driver.text


async def test_failures_no_name_and_no_price_are_marked_without_colour(tmp_path: Path) -> None:
    calls = [spent(100, key_name="fails", failed=n < 8) for n in range(99)]
    calls += [spent(None, key_name="free"), spent(100), spent(100, key_name="partly"), spent(None, key_name="partly")]
    async with driven(stored(tmp_path / "a.db", calls)) as driver:
        await opened(driver, KeysPanel)
        of = {row.split()[0]: row for row in driver.rows if "$" in row or "n/a" in row}
        assert "8.1%!" in of["fails"]
        assert "0.0% " in of["(unattributed)"]
        assert "? n/a" in of["free"]
        assert "~$1.00" in of["partly"]


@pytest.mark.parametrize("key", ["", "enter"])
async def test_cells_have_their_colours(full: Path, key: str) -> None:
    async with driven(full) as driver:
        await opened(driver, ModelsPanel)
        await driver.press("j", *[key] * bool(key))
        await driver.until(lambda: ("model:" in driver.rows[0]) is bool(key))
        await settled(driver)
        palette = driver.main.look.palette
        swatch, name = style_of(driver, "claude-sonnet-4-5", "■"), style_of(driver, "claude-sonnet-4-5", "claude")
        assert swatch.color == Color.parse(palette.muted if key else palette.series[0])
        assert name.color == Color.parse(palette.muted if key else palette.text)
        assert bool(name.bold) is not bool(key)
        chosen = style_of(driver, "gpt-5.1", "gpt-5.1")
        assert chosen.color == Color.parse(palette.text)
        assert chosen.bold


def style_of(driver: Driver, row: str, text: str) -> Style:
    """What a text in the row of a name is painted with."""
    strips = driver.app.screen._compositor.render_strips()[4:]
    parts = next(strip for strip in strips if row in strip.text)
    return next(part.style for part in parts if text in part.text and part.style)


async def test_what_a_model_costs_per_million_is_what_was_paid(tmp_path: Path) -> None:
    cheap = [spent(60, model="cheap", tokens=40_000) for _ in range(10)]
    partly = [spent(60, model="partly"), spent(None, model="partly")]
    async with driven(stored(tmp_path / "a.db", cheap, partly)) as driver:
        await opened(driver, ModelsPanel)
        of = {row.split()[1]: row for row in driver.rows if "■" in row}
        assert "13.64" in of["cheap"].split(), "6 dollars for 440,000 tokens"
        assert "?" in of["partly"].split()
        assert "1 request without a price, not in the cost" in driver.text


@pytest.mark.parametrize(("ascii", "top"), [(False, "█"), (True, "#")])
async def test_the_trend_shows_when_it_was_spent(tmp_path: Path, ascii: bool, top: str) -> None:
    early = [spent(1_000, key_name="early", minutes=22 * 60)]
    late = [spent(100 + n, key_name="late", minutes=12 * 60 - n * 60) for n in range(12)]
    async with driven(stored(tmp_path / "a.db", early, late), (160, 45), ascii=ascii) as driver:
        await opened(driver, KeysPanel)
        trend = {row[0].plain.strip(): row[position(driver, "trend")].plain for row in rows_of(driver)}
        assert trend["early"].strip() == top
        assert trend["early"].index(top) < 2
        assert trend["late"][:3].strip() == ""
        assert trend["late"].index(top) > 3


def rows_of(driver: Driver) -> list[list[Any]]:
    table = table_of(driver)
    return [table.get_row_at(index) for index in range(table.row_count)]


async def test_what_no_log_reports_takes_no_room(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([spent(500, key_name="a")])
    async with driven(tmp_path / "a.db", (200, 30)) as driver:
        await opened(driver, KeysPanel)
        assert "READ" in headings(driver)
        assert "WRITE" not in headings(driver)
        event, cost = spent(400, key_name="b")
        filler.add([(msgspec.structs.replace(event, cache_write_1h=7_000), cost)])
        await driver.until(lambda: "WRITE" in headings(driver))
        written = {row[0].plain.strip(): row[position(driver, "cache_write")].plain for row in rows_of(driver)}
        assert written == {"a": "-", "b": "7.0K"}
    filler.close()


async def test_columns_are_chosen_and_kept(full: Path) -> None:
    async with driven(full, (100, 30)) as driver:
        await opened(driver, KeysPanel)
        wide = table_of(driver)._shown_columns[0].width
        await driver.press("C")
        await driver.shows("Columns", "[x]  SHARE", "[x]  ERR", "not now; the dearest model")
        await driver.press(*["j"] * 8, "space")
        await driver.shows("[ ]  SHARE")
        await driver.press("q")
        await driver.until(lambda: "Columns" not in driver.text)
        assert "SHARE" not in headings(driver)
        assert table_of(driver)._shown_columns[0].width > wide, "names have its room"
        assert driver.app.is_running
    async with driven(full, (100, 30)) as driver:
        await opened(driver, KeysPanel)
        assert "SHARE" not in headings(driver)
        await opened(driver, ModelsPanel)
        assert "SHARE" in headings(driver)


# -- groups


@pytest.mark.parametrize(
    ("named", "label"),
    [
        ({"key_name": "k", "project": "p"}, "KEY"),
        ({"project": "p", "integration": "i"}, "PROJECT"),
        ({}, "INTEGRATION"),
    ],
)
async def test_keys_open_by_what_calls_name(tmp_path: Path, named: dict[str, Any], label: str) -> None:
    async with driven(stored(tmp_path / "a.db", [spent(100, **named), spent(50)])) as driver:
        await opened(driver, KeysPanel)
        assert headings(driver)[0] == label


async def test_keys_regroup_and_the_choice_is_kept(full: Path) -> None:
    async with driven(full) as driver:
        await opened(driver, KeysPanel)
        for dimension in (*GROUPS[1:], GROUPS[0], GROUPS[1]):
            await driver.press("b")
            await grouped(driver, dimension.label.upper())
        assert names(driver) == ["tests"]
    async with driven(full) as driver:
        await opened(driver, KeysPanel)
        assert headings(driver)[0] == "INTEGRATION"


async def grouped(driver: Driver, label: str) -> None:
    await driver.until(lambda: headings(driver)[0] == label)


# -- order


def some(panel: type[GroupedPanel]) -> list[Call]:
    """Rows that every column puts into another order, one without a name and one without a price."""
    calls = []
    for n, row in enumerate(("delta", "alpha", "", "charlie", "bravo")):
        names: dict[str, Any] = {"key_name" if panel is KeysPanel else "model": row}
        calls += [spent(0, minutes=50, failed=True, **names)] * (n % 3)
        calls += [spent(None if row == "charlie" else 100 * n, tokens=1_000 * (7 - n), minutes=n + 1, **names)]
        calls += [spent(10 * n, minutes=60 * 30, **names)]
    return calls


@BOTH
async def test_every_heading_sorts_and_a_second_click_turns_it_round(tmp_path: Path, panel: type[GroupedPanel]) -> None:
    async with driven(stored(tmp_path / "a.db", some(panel)), (200, 30)) as driver:
        table = await opened(driver, panel)
        row = next(index for index, text in enumerate(driver.rows) if "COST▾" in text)
        for column in list(table._shown_columns):
            at = driver.rows[row].index(column.label.rstrip("▾"))
            first, then = "▴▾" if MEASURES[column.key].text else "▾▴"
            await driver.pilot.click(table, offset=(at, 0))
            await sorted_by(driver, column.key, first)
            once = values(driver, panel, column.key)
            await driver.pilot.click(table, offset=(at, 0))
            await sorted_by(driver, column.key, then)
            twice = values(driver, panel, column.key)
            known = [value for value in once if value is not None]
            assert known == sorted(known, reverse=first == "▾"), column.key
            assert [value for value in twice if value is not None] == known[::-1], column.key
            assert once[len(known) :] == twice[len(known) :] == [None] * (len(once) - len(known)), "missing is last"


async def sorted_by(driver: Driver, key: str, arrow: str) -> None:
    await driver.until(lambda: headings(driver)[position(driver, key)].endswith(arrow))


def position(driver: Driver, key: str) -> int:
    return [column.key for column in table_of(driver)._shown_columns].index(key)


def values(driver: Driver, panel: type[GroupedPanel], key: str) -> list[Any]:
    """What the rows from the top are sorted by."""
    data = driver.main.query_one(panel)._data
    assert data is not None
    groups = {group.values[0] or "": group for group in data.compared.now.groups}
    return [MEASURES[key].value(data.line(groups[shown])) for shown in table_of(driver)._shown]


async def test_equals_go_by_name_and_the_nameless_last(tmp_path: Path) -> None:
    calls = [spent(100, key_name=name) for name in ("bravo", "", "Alpha", "charlie")]
    async with driven(stored(tmp_path / "a.db", calls)) as driver:
        await opened(driver, KeysPanel)
        for arrow in "▾▴":
            await driver.shows(f"COST{arrow}")
            assert names(driver) == ["Alpha", "bravo", "charlie", "(unattributed)"]
            await driver.press("S")


@BOTH
async def test_s_walks_what_is_shown_and_the_order_is_kept(full: Path, panel: type[GroupedPanel]) -> None:
    async with driven(full) as driver:
        await opened(driver, panel)
        walked = []
        for _ in range(len(headings(driver)) - 1):
            walked.append(next(label for label in headings(driver) if label[-1] in "▾▴"))
            await driver.press("s")
        assert walked[0] == "COST▾"
        assert walked[-1][-1] == "▴", "names start ascending"
        assert len(set(walked)) == len(walked)
        assert "COST▾" in headings(driver)
        await driver.press("s", "S")
        await driver.shows("REQS▴")
    async with driven(full) as driver:
        await opened(driver, panel)
        await driver.shows("REQS▴")


async def test_an_order_that_is_not_shown_is_said(full: Path) -> None:
    async with driven(full, (160, 45)) as driver:
        await opened(driver, KeysPanel)
        await driver.press("s", "s", "s", "s")
        await driver.shows("SEEN▾")
        await driver.pilot.resize_terminal(60, 20)
        await driver.shows("sorted by SEEN▾")


async def test_cursor_and_scroll_stay_with_their_row_through_twenty_refreshes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows change places at every refresh, because nobody holds them here."""
    monkeypatch.setattr("tokenmon.ui.panels.grouped.HOLD", 0.0)
    database = stored(tmp_path / "a.db", [spent(1_000 - n, key_name=f"key-{n:02}") for n in range(60)])
    async with driven(database) as driver:
        table = await opened(driver, KeysPanel)
        await driver.press(*["j"] * 30)
        assert table.cursor_key == "key-30"
        panel = driver.main.query_one(KeysPanel)
        for turn in range(20):
            before = names(driver)
            reshuffle(panel, turn)
            assert names(driver) != before
            await driver.pilot.pause()
            assert table.cursor_key == "key-30"
            assert table.cursor_row == names(driver).index("key-30")
            assert 0 <= table.cursor_row - table.scroll_offset.y < table.size.height - 1
        await driver.press("j", "j", "s")
        assert table.cursor_key is not None
        chosen = table.cursor_key
        await settled(driver)
        assert table.cursor_key == chosen


def reshuffle(panel: GroupedPanel, turn: int) -> None:
    """Draw what is known with other costs, as a refresh does."""
    data = panel._data
    assert data is not None

    def dearer(group: Group, index: int) -> Group:
        more = (index * 7_919 * (turn + 1)) % 997 * NANO // 50
        return Group(group.values, msgspec.structs.replace(group.sums, cost=(group.sums.cost or 0) + more))

    groups = tuple(dearer(group, index) for index, group in enumerate(data.compared.now.groups))
    now = replace(data.compared.now, groups=groups)
    panel.draw(replace(data, compared=replace(data.compared, now=now)))


async def test_rows_are_held_while_the_user_reads_and_sorted_when_he_is_quiet(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([spent(300, key_name="alpha"), spent(200, key_name="bravo"), spent(100, key_name="charlie")])
    async with driven(tmp_path / "a.db") as driver:
        table = await opened(driver, KeysPanel)
        await driver.press("j")
        filler.add([spent(900, key_name="charlie"), spent(50, key_name="newcomer")])
        await driver.shows("$10.00", "COST▾held", "newcomer")
        assert names(driver) == ["alpha", "bravo", "charlie", "newcomer"], "values change, rows do not move"
        await driver.until(lambda: names(driver)[0] == "charlie")
        assert time.monotonic() - table.moved_at >= 5
        assert table.cursor_key == "bravo"
        assert "held" not in driver.text
        filler.add([spent(900, key_name="bravo")])
        await driver.until(lambda: names(driver)[0] == "bravo")
    filler.close()


async def test_choosing_an_order_does_not_wait(tmp_path: Path) -> None:
    calls = [spent(300, key_name="dear"), *[spent(1, key_name="busy") for _ in range(9)]]
    async with driven(stored(tmp_path / "a.db", calls)) as driver:
        table = await opened(driver, KeysPanel)
        await driver.press("j", "s")
        assert names(driver) == ["busy", "dear"]
        assert table.cursor_key == "busy"
        assert "held" not in driver.text


async def test_an_untouched_cursor_stays_on_top(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([spent(300, key_name="alpha"), spent(200, key_name="bravo")])
    async with driven(tmp_path / "a.db") as driver:
        table = await opened(driver, KeysPanel)
        filler.add([spent(900, key_name="bravo")])
        await driver.until(lambda: names(driver)[0] == "bravo")
        assert table.cursor_row == 0
    filler.close()


# -- pages


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,234 keys; the higher the number the cheaper."""
    calls = [spent(5_000 - n, key_name=f"key-{n:04}") for n in range(1_234)]
    return stored(tmp_path_factory.mktemp("crowd") / "crowd.db", calls)


async def test_any_number_of_rows_page_by_page(crowd: Path, tmp_path: Path) -> None:
    async with driven(crowd) as driver:
        table = await opened(driver, KeysPanel)
        await driver.shows("1-500 of 1,234", "key-0000")
        total = driver.rows[2].split()[0]
        await driver.press("G")
        assert table.cursor_key == "key-0499"
        await driver.press("pagedown")
        await driver.shows("501-1,000 of 1,234", "key-0500")
        assert table.cursor_key == "key-0500"
        assert table.scroll_offset.y == 0
        await driver.press("pageup")
        await driver.shows("1-500 of 1,234", "key-0499")
        assert table.cursor_key == "key-0499"
        await driver.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await driver.shows("1,001-1,234 of 1,234", "key-1000")
        assert table.row_count == 234
        assert driver.rows[2].split()[0] == total, "the figures are of all rows"
        await driver.press("j", "S")
        await driver.shows("1-500 of 1,234")
        assert table.cursor_key == "key-1001", "the cursor goes with its row to another page"
        await driver.press("less_than_sign")
        assert "1-500" in driver.text
    for file in crowd.parent.glob("screen.json"):
        file.unlink()


async def test_a_refresh_of_a_whole_page_is_quick(full: Path) -> None:
    """Every value of 500 rows differs: only what is on the screen is made, and within a frame."""
    columns = [Column(str(n), f"C{n}", 8, right=True) for n in range(12)]
    async with driven(full, (160, 45)) as driver:
        table = await opened(driver, KeysPanel)
        style = driver.main.look.palette.text

        def rows(turn: int) -> list[LazyRow]:
            return [
                LazyRow(str(n), lambda n=n: (right(str(n + turn), style),) * len(columns))  # type: ignore[misc]
                for n in range(LIMIT)
            ]

        table.show(columns, rows(0))
        await driver.pilot.pause()
        took = []
        for turn in range(1, 21):
            shown = rows(turn)
            began = time.process_time()
            table.show(columns, shown)
            took.append(time.process_time() - began)
            await driver.pilot.pause()
        assert table.get_row_at(0)[0].plain == "20"
        assert sum("cells" in vars(row) for row in shown) < 50
        assert median(took) < 0.016


# -- chips


@BOTH
async def test_the_chosen_row_is_marked_and_the_others_are_faint(full: Path, panel: type[GroupedPanel]) -> None:
    async with driven(full) as driver:
        table = await opened(driver, panel)
        count, muted = table.row_count, driver.main.look.palette.muted
        await driver.press("j", "enter")
        await driver.shows("▸ ")
        assert table.row_count == count, "all rows are still there"
        assert "▸" in table.get_row_at(1)[0].plain
        for index in range(count):
            cells = table.get_row_at(index)
            faint = all(str(cell.style) == muted and not cell.spans for cell in cells)
            assert faint is (index != 1)
        await driver.press("escape")
        await driver.until(lambda: "▸" not in driver.text)


async def test_a_chosen_row_is_told_without_colour_and_in_ascii(full: Path) -> None:
    async with driven(full, ascii=True) as driver:
        await opened(driver, KeysPanel)
        await driver.press("enter")
        await driver.shows("> prod-api")


async def test_other_chips_filter(full: Path) -> None:
    async with driven(full) as driver:
        await opened(driver, KeysPanel)
        await driver.press("enter")
        await driver.shows("key:prod-api")
        await driver.press("3")
        await driver.until(lambda: driver.main.panel.ID == "models" and table_of(driver).row_count > 0)
        await settled(driver)
        requests = sum(row[position(driver, "requests")] for row in table_rows(driver))
        assert "▸" not in driver.text
        assert str(requests) == driver.rows[2].split()[4], driver.rows[2]


def table_rows(driver: Driver) -> list[tuple[Any, ...]]:
    return [*driver.main.panel.table().rows]


async def test_a_click_moves_the_cursor_and_the_next_one_opens_the_row(full: Path) -> None:
    async with driven(full) as driver:
        table = await opened(driver, KeysPanel)
        await driver.pilot.click(table, offset=(5, 1))
        await driver.pilot.pause()
        assert "key:" not in driver.rows[0], "the first click only moves the cursor"
        await driver.pilot.click(table, offset=(5, 3))
        await driver.until(lambda: table.cursor_row == 2)
        assert "key:" not in driver.rows[0]
        await driver.pilot.click(table, offset=(30, 3))
        await driver.shows("key:support-bot ✕")


# -- values


async def test_the_table_is_exact(tmp_path: Path) -> None:
    calls = [(spent(0, key_name="a")[0], 1_234_567_891), spent(None, key_name="b", minutes=5), spent(100)]
    async with driven(stored(tmp_path / "a.db", calls)) as driver:
        await opened(driver, KeysPanel)
        await driver.press("j")
        table = driver.main.panel.table()
        assert table.columns[:2] == ("key", "requests")
        rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
        assert rows["a"]["cost_usd"] == msgspec.Raw(b"1.234567891")
        assert rows["b"]["cost_usd"] is None
        assert rows["b"]["unpriced_requests"] == 1
        assert rows["b"]["last_event_at"] == "2025-11-21T14:27:07.000Z"
        assert rows[None]["input_tokens"] == 2_000
        assert table.chosen == 1
        assert table.rows[1][0] is None


RANGES = ("1h", "24h", "7d", "today", "month", "all", "2025-11-20..2025-11-20", "09:20..11:40", "mon..")


@pytest.mark.parametrize("range_text", RANGES)
async def test_totals_agree_everywhere_to_the_nano_dollar(full: Path, range_text: str) -> None:
    """The figures are the sum of the rows of Models, and of Keys in every grouping, and of the bins of the Timeline."""
    async with driven(full, range=range_text) as driver:
        await driver.until(lambda: driver.main._known.question is not None and not driver.main.is_asking)
        question = driver.main._known.question
        assert question is not None
        for view in chipped(question.view):
            totals = await question.reader.totals(view)
            for panel in (driver.main.query_one(ModelsPanel), driver.main.query_one(KeysPanel)):
                for dimension in GROUPS if panel.ID == "keys" else (panel.by,):
                    if isinstance(panel, KeysPanel):
                        panel.by, panel._is_open = dimension, True
                    data = await panel.load(question.reader, view)
                    rows = [
                        group.sums
                        for group in data.compared.now.groups
                        if data.chosen is None or (group.values[0] or "") == data.chosen
                    ]
                    assert summed(rows) == summed([totals]), (panel.ID, dimension.name, view)
            for dimension in CHARTED:
                zone, now = driver.main.look.zone, question.now
                spend = await load_spend(question.reader, view, dimension, zone, 20, now)
                binned = tuple(spend.amount(metric, spend.counted, spend.bins).value for metric in METRICS)
                assert binned == summed([totals])[:3], (dimension.name, view)


def chipped(view: View) -> list[View]:
    """The view as it is, and with one and two chips."""
    one = view.only("model", "gpt-5.1")
    return [view, one, one.only("key", "prod-api"), view.only("key", ""), view.only("provider", "anthropic")]


def summed(rows: Sequence[Sums]) -> tuple[int, ...]:
    """Cost in nano-USD, tokens, requests, failures, requests without a price."""
    return (
        sum(row.cost or 0 for row in rows),
        sum(row.total for row in rows),
        sum(row.requests for row in rows),
        sum(row.errors for row in rows),
        sum(row.unpriced for row in rows),
    )


def test_what_panels_show_are_columns_and_dimensions() -> None:
    for panel in (KeysPanel, ModelsPanel):
        keys = (*panel.ESSENTIAL, *panel.OPTIONAL)
        assert len(set(keys)) == len(keys)
        assert set(keys) <= MEASURES.keys()
    for measure in MEASURES.values():
        assert not measure.at_least or measure.key == "trend" or by_name(measure.key) is not None


def reconcilable(path: Path) -> Path:
    """Calls of which some have a logged cost, some a list price, some both, some neither."""
    filler = Filler(path)
    event, _ = call(NOW - 9, "gpt-5.1", "openai", 1.25, "prod-api")
    other = msgspec.structs.replace(event, names=event.names._replace(model="claude-x"))
    filler.add(
        [
            (msgspec.structs.replace(event, ts=NOW - 1, cost_logged=3_000_000_000), 2_000_000_000),
            (msgspec.structs.replace(event, ts=NOW - 2, cost_logged=1_000_000_000), None),
            (msgspec.structs.replace(event, ts=NOW - 3), 5_000_000_000),
            (msgspec.structs.replace(other, ts=NOW - 4), None),
        ]
    )
    filler.close()
    return path


async def test_v_compares_what_was_logged_with_the_list_and_is_remembered(tmp_path: Path) -> None:
    database = reconcilable(tmp_path / "a.db")
    async with driven(database, (80, 24)) as driver:
        await driver.press("3")
        await driver.shows("gpt-5.1", "$/1M")
        await driver.press("v")
        await driver.shows("LOGGED", "LIST", "OVER", "$3.00", "$2.00", "+$1.00", "+50.0%")
        await driver.shows(
            "logged $3.00, list $2.00: +$1.00, +50.0%, 1 of 4 requests with both",
            "1 only logged, 1 only list, 1 neither",
        )
        table = driver.main.panel.table()
        assert dict(zip(table.columns, table.rows[0], strict=True)) == {
            "model": "gpt-5.1",
            "requests": 3,
            "total_tokens": 13_200,
            "reconciled_requests": 1,
            "reconciled_logged_usd": msgspec.Raw(b"3"),
            "reconciled_list_usd": msgspec.Raw(b"2"),
            "difference_usd": msgspec.Raw(b"1"),
            "only_logged_requests": 1,
            "only_list_requests": 1,
            "unpriced_requests": 0,
        }
        assert "--reconcile" in report_command(Settings(), database, table, "24h", (), "")
    async with driven(database, (80, 24)) as driver:
        await driver.press("3")
        await driver.shows("LOGGED", "+50.0%")
        await driver.press("v")
        await driver.shows("$/1M")
        await driver.until(lambda: "LOGGED" not in driver.text)
