"""What every panel shares: keys, filters, copies, exports, the palette, themes, and a screen that rests when it may."""

import asyncio
import csv
import json
import os
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from re import findall
from shlex import split
from typing import Any

import pytest
from textual.events import AppBlur, AppFocus, Resize
from textual.geometry import Size
from textual.widgets import Input

from tests.ui.driving import ENVIRONMENT, Driver, driven
from tests.ui.filling import MODELS, NOW, Filler, call, filled
from tests.ui.terminal import ROOT, RUN, terminal
from tokenmon.errors import ConfigError
from tokenmon.settings import load_settings
from tokenmon.ui.keymap import keyboard_of
from tokenmon.ui.keys import Keyboard, declared
from tokenmon.ui.panels import PANELS
from tokenmon.ui.screens.live import AWAY
from tokenmon.ui.screens.main import MainScreen
from tokenmon.ui.screens.palette import Found, commands_of
from tokenmon.ui.themes import DARK, LIGHT, PLAIN
from tokenmon.ui.widgets.hint_row import HintRow
from tokenmon.ui.widgets.keyed_table import KeyedTable
from tokenmon.ui.widgets.status_row import StatusRow


def one(minutes: float, key: str = "prod-api", model: int = 0) -> Any:
    """A call so many minutes ago."""
    name, provider, price = MODELS[model]
    return call(NOW - int(minutes * 60_000), name, provider, price, key)


async def at_rest(driver: Driver) -> None:
    """Wait until every answer is there, and nobody asks for it again because the store moved meanwhile."""
    resting = 0
    while resting < 5:
        await driver.pilot.pause(0.01)
        resting = 0 if driver.main.is_asking else resting + 1


async def on_keys(driver: Driver) -> KeyedTable:
    """The Keys panel, drawn."""
    await driver.press("2")
    await driver.shows("SEEN", "prod-api")
    await driver.until(lambda: not driver.main.is_asking)
    return driver.main.panel.query_one(KeyedTable)


# -- keys


async def test_brackets_walk_the_panels_as_tab_does(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("right_square_bracket", "right_square_bracket")
        await driver.shows("MODEL")
        await driver.press("left_square_bracket", "tab", "shift+tab")
        await driver.shows("SEEN", "prod-api")


async def test_z_leaves_the_panel_alone_with_status_and_hints(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("z")
        await driver.until(lambda: "REQUESTS" not in driver.text and "5 Events" not in driver.text)
        assert driver.main.panel.size.height == 22
        assert "[24h]" in driver.rows[0]
        assert "? help" in driver.rows[-1]
        await driver.press("z")
        await driver.shows("REQUESTS", "5 Events")


async def test_escape_goes_back_one_step_at_a_time(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("enter")
        await driver.shows("key:prod-api")
        await driver.press("slash", *"son", "question_mark")
        field = driver.main.query_one("SearchRow Input", Input)
        assert field.value == "son?"
        await driver.press("escape")
        assert field.value == ""
        assert field.has_focus, "the text goes first, the field after it"
        await driver.press("escape")
        assert not field.has_focus
        assert "key:prod-api" in driver.rows[0]
        await driver.press("question_mark")
        await driver.shows("Everywhere")
        await driver.press("escape")
        await driver.until(lambda: "Everywhere" not in driver.text)
        assert "key:prod-api" in driver.rows[0]
        await driver.press("escape")
        await driver.until(lambda: "key:prod-api" not in driver.rows[0])
        assert "SEEN" in driver.text
        await driver.press("backspace")
        await driver.shows("Top models")
        await driver.press(*["escape", "backspace"] * 3)
        assert driver.app.is_running


async def test_enter_leaves_the_search_and_keeps_its_words(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("COST▾")
        await driver.press("slash", *"sonnet", "enter")
        await driver.until(lambda: "gpt-5.1" not in driver.text)
        assert isinstance(driver.main.focused, KeyedTable)
        await driver.press("1")
        await driver.shows("Top models", "/ sonnet")


async def test_letters_that_are_typed_do_nothing_else(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("slash", *"qyezxpt", "colon", "right_square_bracket", "backspace")
        await driver.shows("/ qyezxpt:")
        assert driver.app.is_running
        assert "[24h]" in driver.rows[0]
        assert not driver.main.has_class("-alone")


@pytest.mark.parametrize("key", ["question_mark", "e"])
async def test_q_closes_a_modal_and_not_the_program(full: Path, key: str) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press(key)
        await driver.until(lambda: len(driver.app.screen_stack) == 2)
        await driver.press("q")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        assert driver.app.is_running


async def test_the_interval_is_longer_over_a_line_and_walks_in_steps(full: Path) -> None:
    over = {**ENVIRONMENT, "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}
    async with driven(full, (120, 40), environment=over, interval=0.0) as driver:
        await driver.shows("every 5s")
        await driver.press("plus", "plus")
        await driver.shows("every 30s")
        await driver.press(*["minus"] * 9)
        await driver.shows("every 1s")


async def test_fast_typing_asks_little_and_ends_with_the_last_word(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press("3")
        await driver.shows("COST▾", "gpt-5.1")
        await driver.until(lambda: not driver.main.is_asking)
        before = driver.main.asked
        await driver.press("slash", *"claude hai")
        await driver.until(lambda: "claude-haiku-4-5" in driver.text and "sonnet" not in driver.text)
        assert driver.main.asked - before <= 3


# -- the mouse


async def test_a_click_takes_a_filter_away_and_chooses_a_range(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("enter")
        await driver.shows("key:prod-api")
        await driver.press("3")
        await driver.shows("MODEL")
        await driver.press("enter")
        await driver.until(lambda: "model:" in driver.rows[0])
        await driver.press("t")
        await driver.shows("[7d]")
        assert "key:" in driver.rows[0]
        await driver.pilot.click(StatusRow, offset=(driver.rows[0].index("key:"), 0))
        await driver.until(lambda: "key:" not in driver.rows[0])
        assert "model:" in driver.rows[0]
        await driver.press("x")
        await driver.until(lambda: " 30d " in driver.rows[0])
        await driver.pilot.click(StatusRow, offset=(driver.rows[0].index("30d"), 0))
        await driver.shows("[30d]")


async def test_a_click_on_a_hint_does_what_its_key_does(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.pilot.click(HintRow, offset=(driver.rows[-1].index("pause"), 0))
        await driver.shows("PAUSED")
        await driver.pilot.click(HintRow, offset=(driver.rows[-1].index("? help"), 0))
        await driver.shows("Everywhere")


# -- copies


async def test_y_copies_the_name_under_the_cursor_and_claims_no_more_than_that(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("j", "y")
        await driver.shows("sent to the terminal's clipboard: agents-ci")
        assert driver.app.clipboard == "agents-ci"


async def test_capital_y_copies_the_row_as_exact_values(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("Y")
        await driver.shows("sent to the terminal's clipboard:", '{"key":"prod-api"')
        row = json.loads(driver.app.clipboard)
        assert row["key"] == "prod-api"
        assert row["requests"] > 100
        assert isinstance(row["cost_usd"], float)


@pytest.mark.parametrize("key", ["y", "Y"])
async def test_where_nothing_is_under_the_cursor_it_says_so(full: Path, key: str) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("slash", *"zzz", "enter")
        await driver.shows("Nothing matches")
        await driver.press(key)
        await driver.shows("there is nothing under the cursor to copy")
        assert driver.app.clipboard == ""


def test_a_copy_is_sent_to_the_terminal_and_its_toast_goes_for_good(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        window.type(b"3")
        window.shows("MODEL", "claude-sonnet-4-5")
        window.settle()
        window.type(b"y")
        window.shows("sent to the terminal's clipboard")
        assert b"\x1b]52;c;" + b64encode(b"claude-sonnet-4-5") in window.sent
        window.until(lambda: "clipboard" not in window.screen.text)
        window.settle()
        assert not window.read(5), "something is sent although nothing changes"
        window.type(b"q")
        assert window.end() == 0


async def test_a_long_name_is_copied_whole_and_shown_short(tmp_path: Path) -> None:
    name = "team-" + "x" * 100
    filler = Filler(tmp_path / "a.db")
    filler.add([one(5, name)])
    filler.close()
    async with driven(tmp_path / "a.db", ascii=True) as driver:
        await driver.press("2")
        await driver.shows("team-x")
        await driver.press("y")
        await driver.shows("sent to the terminal's clipboard:", "team-xxx", "xxx*")
        assert driver.app.clipboard == name
        assert driver.text.isascii()
        await driver.until(lambda: "clipboard" not in driver.text)


# -- exports


def written(directory: Path) -> list[Path]:
    """The exported files."""
    return sorted(directory.glob("tokenmon-*"))


async def exported(driver: Driver, key: str) -> None:
    """Export the shown panel."""
    await driver.press("e")
    await driver.shows("CSV, for a spreadsheet")
    await driver.press(key)
    await driver.until(lambda: len(driver.app.screen_stack) == 1)


async def test_fault_118_an_export_is_a_new_file_for_its_owner_alone(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driven(full, (160, 45)) as driver:
        table = await on_keys(driver)
        await exported(driver, "c")
        await driver.shows("wrote ", "tokenmon-keys-20251121-143207.csv")
        await exported(driver, "enter")
        await driver.shows("tokenmon-keys-20251121-143207-2.csv")
        first, second = written(tmp_path)
        assert first.read_bytes() == second.read_bytes()
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
        rows = list(csv.DictReader(first.read_text("utf-8").splitlines()))
        assert [row["key"] for row in rows][:2] == ["prod-api", "agents-ci"]
        assert len(rows) == table.row_count


async def test_an_export_says_what_it_is_of(full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with driven(full) as driver:
        await on_keys(driver)
        await driver.press("enter", "3")
        await driver.shows("MODEL", "key:prod-api")
        await driver.press("slash", *"claude", "enter")
        await driver.until(lambda: "gpt-5.1" not in driver.text and not driver.main.is_asking)
        await exported(driver, "j")
        await driver.until(lambda: bool(written(tmp_path)))
        document = json.loads(written(tmp_path)[0].read_text("utf-8"))
        assert document["schema"] == "tokenmon.panel/1"
        assert document["panel"] == "models"
        assert document["generated_at"] == "2025-11-21T14:32:07.000Z"
        assert document["range"]["text"] == "24h"
        assert document["range"]["to"] == "2025-11-21T14:32:07.000Z"
        assert document["where"] == [{"field": "key", "value": "prod-api"}]
        assert document["search"] == "claude"
        assert {row["model"] for row in document["rows"]} == {"claude-sonnet-4-5", "claude-haiku-4-5"}


async def test_fault_118_names_from_a_log_are_obeyed_by_no_spreadsheet_and_no_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(5, "=cmd()|x"), one(6, "a|b<i>")])
    filler.close()
    monkeypatch.chdir(tmp_path)
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("2")
        await driver.shows("a|b<i>")
        await exported(driver, "c")
        await exported(driver, "m")
        await driver.until(lambda: len(written(tmp_path)) == 2)
        table, text = written(tmp_path)
        assert "\r\n'=cmd()|x," in table.read_bytes().decode()
        assert r"| a\|b\<i\> |" in text.read_text("utf-8")


async def test_a_directory_that_takes_no_file_is_said(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    async with driven(full) as driver:
        await on_keys(driver)
        gone.rmdir()
        await exported(driver, "c")
        await driver.shows("cannot write a file into the current directory: No such file")
    os.chdir(tmp_path)


async def test_in_a_browser_the_file_is_the_visitors(tmp_path: Path) -> None:
    """textual-serve speaks to the app through pipes; the file goes to the browser, not to the server's directory."""
    database = filled(tmp_path / "usage.db")
    web = {
        **os.environ,
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "XDG_STATE_HOME": str(tmp_path / "m"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, str(database), str(tmp_path), "dark", ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=tmp_path,
        env={**web, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "ROWS": "24"},
    )
    to_app, from_app = process.stdin, process.stdout
    assert to_app is not None
    assert from_app is not None

    def send(kind: bytes, payload: bytes) -> None:
        to_app.write(kind + len(payload).to_bytes(4, "big") + payload)

    async def wait_for(kind: bytes, words: bytes) -> bytes:
        """The packet of a kind that holds these words."""
        while True:
            got = await asyncio.wait_for(from_app.readexactly(5), 20)
            payload = await from_app.readexactly(int.from_bytes(got[1:], "big"))
            if got[:1] == kind and words in payload:
                return payload

    await from_app.readuntil(b"__GANGLION__\n")
    await wait_for(b"D", b"claude-sonnet-4-5")
    send(b"D", b"3")
    await wait_for(b"D", b"MODEL")
    send(b"D", b"e")
    await wait_for(b"D", b"CSV")
    send(b"D", b"j")
    start = json.loads(await wait_for(b"M", b"deliver_file_start"))
    assert Path(start["path"]).name.startswith("tokenmon-models-")
    send(b"M", json.dumps({"type": "deliver_chunk_request", "key": start["key"], "size": 65_536}).encode())
    assert b"tokenmon.panel/1" in await wait_for(b"P", b"deliver_chunk")
    assert not written(tmp_path)
    send(b"M", b'{"type": "quit"}')
    await process.wait()


# -- the palette


async def chosen(driver: Driver, words: str) -> None:
    """Run the first command that these words find."""
    await driver.press("colon")
    await driver.until(lambda: len(driver.app.screen_stack) == 2)
    await driver.press(*(("space" if letter == " " else "colon" if letter == ":" else letter) for letter in words))
    found = driver.app.screen.query_one(Found)
    await driver.until(lambda: found.option_count > 0 and words.casefold() in _first(found))
    await driver.press("enter")
    await driver.until(lambda: len(driver.app.screen_stack) == 1)


def _first(found: Found) -> str:
    return str(found.get_option_at_index(0).prompt).casefold()


async def test_everything_that_a_key_does_is_in_the_palette_with_its_key(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        found = {command.title.casefold(): command.key for command in commands_of(driver.main.panel, driver.main.look)}
        shown = (MainScreen, *type(driver.main.panel).__mro__)
        told = [binding for kind, binding in declared() if kind in shown]
        assert len(told) > 20
        for binding in told:
            assert found[binding.tooltip.casefold()] == driver.main.look.keyboard.all(binding)
        for name in ("range: 7d", "range: month", "theme: light", "copy the command for this view"):
            assert name in found


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 45)], ids=str)
async def test_the_palette_fits_and_is_ascii_where_it_must_be(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size, ascii=True) as driver:
        await driver.press("3")
        await driver.shows("MODEL")
        await driver.press("ctrl+p")
        await driver.shows("an action, a panel, a range, a theme")
        await driver.press(*"panel")
        await driver.shows("Summary panel")
        assert driver.fits()
        assert driver.text.isascii()
        assert driver.rows[-1].rstrip().endswith("? help  q quit")


async def test_a_command_of_the_palette_is_done(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await chosen(driver, "timeline panel")
        await driver.shows("cost by model")
        await chosen(driver, "range: 30d")
        await driver.shows("[30d]")
        await chosen(driver, "cost, tokens")
        await driver.shows("tokens by model")
        await chosen(driver, "quit")
        await driver.until(lambda: not driver.app.is_running)


async def test_the_command_for_a_view_gives_its_total(tmp_path: Path) -> None:
    name = "it's $HOME; `x`"
    filler = Filler(tmp_path / "my logs.db")
    filler.add([one(5, name), one(6, name, model=1), one(7, "other"), one(8, name, model=2)])
    filler.close()
    async with driven(tmp_path / "my logs.db", range="all") as driver:
        await driver.press("2")
        await driver.shows("it's $HOME")
        await driver.press("enter")
        await driver.shows("key:it's")
        await driver.press("slash", *"claude", "enter", "3")
        await driver.until(lambda: "MODEL" in driver.text and "gpt-5.1" not in driver.text)
        await chosen(driver, "copy the command")
        await driver.shows("sent to the terminal's clipboard:", "tokenmon report --db")
        words = split(driver.app.clipboard)
        shown = driver.main.panel.table()
        expected = float(bytes(shown.rows[0][shown.columns.index("cost_usd")]).decode())  # type: ignore[arg-type]
    assert words[:2] == ["tokenmon", "report"]
    assert words[words.index("--by") + 1] == "model"
    done = subprocess.run(
        [sys.executable, "-m", "tokenmon", *words[1:], "--json"], capture_output=True, text=True, check=True, timeout=60
    )
    totals = json.loads(done.stdout)["totals"]
    assert (totals["requests"], totals["cost_usd"]) == (1, expected)


# -- keys of one's own


def configured(tmp_path: Path, text: str) -> Any:
    """Settings of a configuration file."""
    (tmp_path / ".config/tokenmon").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".config/tokenmon/config.toml").write_text(text)
    return load_settings({}, {}, tmp_path, tmp_path / "none")


async def test_a_key_of_ones_own_works_and_is_told_everywhere(full: Path, tmp_path: Path) -> None:
    settings = configured(tmp_path, '[keys]\n"range.next" = "u,ctrl+n"\nclear = "t"\npanel.keys = "f2"\nquit="Q"\n')
    async with driven(full, keys=settings.keys) as driver:
        await driver.shows("u range", "F2 Keys", "Q quit", "[24h]")
        await driver.press("t", "q")
        await driver.press("u")
        await driver.shows("[7d]")
        await driver.press("f2")
        await driver.shows("SEEN")
        await driver.press("question_mark")
        await driver.shows("u ^N")
        await driver.press("i")
        await driver.shows("range.next", "panel.keys")
        await driver.press("q", "slash", *"zznt", "enter")
        await driver.shows("Nothing matches  /zznt", "t clears all", "u another range")
        await driver.press("t")
        await driver.shows("SEEN")
        await driver.press("colon", *"next range")
        await driver.shows("u ^N")


async def test_a_key_that_is_typed_stays_a_letter(full: Path) -> None:
    """Whatever an action is given for a key, a search takes letters first."""
    async with driven(full, keys={"panel.next": "u", "help": "d"}) as driver:
        await driver.shows("Top models")
        await driver.press("slash", *"ud")
        await driver.shows("/ ud")
        assert len(driver.app.screen_stack) == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('tz = "UTC"\n[keys]\n"range.nxt" = "r"\n', 3, ("'range.nxt'", "did you mean range.next?")),
        ('[keys]\n"range.next" = "T"\n', 2, ("T would be both range.next and range.previous",)),
        ('[keys]\n"keys.group" = "t"\n', 2, ("both keys.group and range.next",)),
        ('[keys]\n\n"range.next" = "hello"\n', 3, ("'hello' is not a key",)),
        ('[keys]\nrange.next = "r,"\n', 2, ("is not a key",)),
        ('[keys]\n"quit.always" = "q"\n', 2, ("quit.always keeps its keys",)),
        ("[keys]\nhelp = 5\n", 1, ("[keys] holds lines",)),
    ],
)
def test_a_mistake_in_keys_is_said_with_its_line(tmp_path: Path, text: str, line: int, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        keyboard_of(configured(tmp_path, text))
    said = error.value.line()
    assert f"config.toml line {line}:" in said
    assert all(word in said for word in words)
    assert error.value.exit_code == 78


def test_keys_may_be_exchanged_and_panels_may_share_one(tmp_path: Path) -> None:
    keys = '"range.next" = "T"\n"range.previous" = "t"\n"keys.group" = "m"\n'
    assert keyboard_of(configured(tmp_path, f"[keys]\n{keys}")).named("range.next") == "T"


def test_the_readme_names_only_keys_that_there_are() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    table = readme.partition("## Keys")[2].partition("\n\nA click")[0]
    named = {key for row in table.splitlines()[4:] for cell in row.split("|")[1::2] for key in findall("`(.+?)`", cell)}
    there = {word for _, binding in declared() for word in Keyboard().all(binding).split()}
    assert len(named) > 25
    assert named <= there | {"Enter"}


# -- choices that are kept


async def test_what_was_chosen_is_there_again(full: Path) -> None:
    async with driven(full, (120, 40), theme="auto", interval=0.0) as driver:
        await on_keys(driver)
        await driver.press("t", "plus")
        await driver.shows("[7d]", "every 5s")
        await chosen(driver, "theme: light")
        await driver.until(lambda: driver.app.theme == LIGHT.theme)
    async with driven(full, (120, 40), theme="auto", interval=0.0) as driver:
        await driver.shows("SEEN", "[7d]", "every 5s")
        assert driver.app.theme == LIGHT.theme


async def test_what_is_set_wins_and_is_not_taken_for_a_choice(full: Path) -> None:
    async with driven(full, (120, 40), theme="auto", interval=0.0) as driver:
        await driver.shows("[24h]")
        await driver.press("t", "plus")
        await driver.shows("[7d]", "every 5s")
    async with driven(full, (120, 40), theme="light", interval=9.0, range="30d") as driver:
        await driver.shows("[30d]", "every 9s")
        assert driver.app.theme == LIGHT.theme
    async with driven(full, (120, 40), theme="auto", interval=0.0) as driver:
        await driver.shows("[7d]", "every 5s")
        assert driver.app.theme == DARK.theme


# -- themes


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.ID)
async def test_a_theme_is_changed_at_once_and_leaves_no_colour_of_the_old_one(full: Path, panel: Any) -> None:
    async with driven(full, (160, 45)) as driver:
        await driver.press(str(PANELS.index(panel) + 1))
        await driver.until(lambda: driver.main.panel.display and not driver.main.is_asking)
        if panel.ID == "events":
            await driver.shows("priced as")
        before = driver.text
        assert colours(driver) & {*DARK.series, DARK.text, DARK.muted}
        await chosen(driver, "theme: light")
        old = {DARK.text, DARK.muted, DARK.primary, *DARK.series} - {LIGHT.text, LIGHT.muted}
        await driver.until(lambda: not driver.main.is_asking and not colours(driver) & old)
        assert driver.text.replace("light", "dark").split() == before.split()


async def test_without_colours_a_theme_says_why_it_changes_nothing(full: Path) -> None:
    async with driven(full, environment={**ENVIRONMENT, "NO_COLOR": "1"}) as driver:
        await driver.shows("Top models")
        await chosen(driver, "theme: light")
        await driver.shows("NO_COLOR is set")
        assert driver.app.theme == PLAIN.theme


def colours(driver: Driver) -> set[str]:
    """Every foreground colour on the screen."""
    styles = [segment.style for strip in driver.app.screen._compositor.render_strips() for segment in strip]
    return {style.color.name for style in styles if style is not None and style.color is not None}


# -- rest


async def test_a_pause_counts_what_came_since(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    async with driven(tmp_path / "a.db") as driver:
        await driver.press("2")
        await driver.shows("prod-api")
        await driver.press("space")
        await driver.shows("PAUSED")
        filler.add([one(minutes, "newcomer") for minutes in range(1, 29)])
        await driver.shows("+28 events")
        assert "newcomer" not in driver.text
        await driver.press("space")
        await driver.shows("newcomer")
    filler.close()


async def test_a_terminal_that_nobody_looks_at_is_painted_once_when_it_is_looked_at_again(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    moment = NOW
    async with driven(tmp_path / "a.db", now=lambda: moment) as driver:
        await driver.press("2")
        await driver.shows("prod-api")
        driver.app.post_message(AppBlur())
        await driver.until(lambda: not driver.app.app_focus)
        filler.add([one(3, "early")])
        await driver.shows("early")
        await at_rest(driver)
        moment += AWAY + 1
        filler.add([one(2, "newcomer")])
        await driver.until(lambda: driver.main.is_behind)
        asked = driver.main.asked
        filler.add([one(1, "another")])
        driver.main.clock_moved()
        assert "newcomer" not in driver.text
        assert driver.main.asked == asked
        driver.app.post_message(AppFocus())
        await driver.shows("newcomer", "another")
        assert driver.main.asked == asked + 1
    filler.close()


async def test_a_burst_of_sizes_is_laid_out_once(full: Path) -> None:
    async with driven(full) as driver:
        await on_keys(driver)
        sizes = []
        driver.app.screen.screen_layout_refresh_signal.subscribe(
            driver.main, lambda screen: sizes.append(screen.size), immediate=True
        )
        for width in range(81, 121):
            driver.app.post_message(Resize(Size(width, 30), Size(width, 30)))
            await driver.pilot.pause(0.005)
        await driver.until(lambda: driver.main.size == (120, 30))
        await driver.shows("TOKENS")
        assert {size.width for size in sizes} <= {80, 120}
