"""What the header tells, and when: every state by what brings it about, with real files, stores and ingesters."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.ingest.ingesting import natives
from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Filler, call
from tokenmon.events import Event
from tokenmon.settings import Settings
from tokenmon.store.lock import holder
from tokenmon.ui import situation
from tokenmon.ui.choices import RANGES
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.look import Look
from tokenmon.ui.screens import live
from tokenmon.ui.situation import Backlog, Situation
from tokenmon.ui.themes import DARK, UNICODE
from tokenmon.ui.widgets.kpi_strip import KpiStrip
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.status_row import Freshness, StatusRow, banner_of, state_of
from tokenmon.view import Condition
from tokenmon.zones import parse_zone

LOOK = Look(parse_zone("UTC"), DARK, UNICODE)


def one(minutes: float, key: str = "prod-api", tokens: int = 4_000) -> tuple[Event, int | None]:
    """A call so many minutes ago."""
    return call(NOW - int(minutes * 60_000), *MODELS[0], key, tokens=tokens)


def header(driver: Driver) -> str:
    """The first row."""
    return driver.main.query_one(StatusRow).text


@contextmanager
def ingesting(database: Path, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that reads these logs."""
    logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tokenmon", "--ingest-only", "--db", str(database), str(logs)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while holder(database) is None or not database.exists():
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


# -- words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Situation(), "live"),
        (Situation(error="disk I/O error", paused_at=0), "DB ERROR"),
        (Situation(paused_at=0, backlog=5), "PAUSED"),
        (Situation(paused_at=0, missed=1), "PAUSED +1 event"),
        (Situation(paused_at=0, missed=1_280), "PAUSED +1,280 events"),
        (Situation(ingesting=False, backlog=5), "nobody ingests"),
        (Situation(silent_s=48, backlog=5), "STALE 40s"),
        (Situation(silent_s=179), "STALE 2m"),
        (Situation(stuck_s=48, backlog=5), "STALE 40s"),
        (Situation(silent_s=19.9), "live"),
        (Situation(backlog=5, share=0.379), "backfill 37%"),
        (Situation(empty=True, looking=True, waiting=True), "looking for logs"),
        (Situation(empty=True, waiting=True), "waiting for data"),
        (Situation(empty=True), "no data yet"),
        (Situation(loading=True), "loading"),
    ],
    ids=str,
)
def test_every_state_is_a_word_and_the_worst_one_wins(state: Situation, words: str) -> None:
    assert state_of(state, LOOK)[0].split(" ", 1)[1] == words


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_a_banner_keeps_what_matters_at_every_width(width: int) -> None:
    error = banner_of(Situation(error="cannot read " + "x" * 200, shown_at=NOW), LOOK, "/x.db", width)
    backfill = banner_of(Situation(backlog=312_000_000, share=0.37, seconds_left=110), LOOK, "/x.db", width)
    assert error is not None
    assert error.plain.endswith("showing 14:32:07, r tries now ")
    assert backfill is not None
    assert backfill.plain.startswith(" ↻ reading logs")
    assert backfill.plain.endswith("totals are partial ")
    assert "37%  312 MB left" in backfill.plain
    assert {cell_len(error.plain), cell_len(backfill.plain)} == {width}


def test_a_banner_names_what_is_silent() -> None:
    silent = banner_of(Situation(silent_s=48, ingester=4242, shown_at=NOW), LOOK, "/x.db", 100)
    stuck = banner_of(Situation(stuck_s=48, backlog=312_000_000, shown_at=NOW), LOOK, "/x.db", 100)
    assert silent is not None
    assert "process 4242, gave no sign of life for 40s" in silent.plain
    assert stuck is not None
    assert "nothing was read for 40s, 312 MB are left" in stuck.plain


def test_an_error_text_cannot_speak_to_the_terminal() -> None:
    banner = banner_of(Situation(error="bad\x1b[2J [/nope]"), LOOK, "/x.db", 80)
    assert banner is not None
    assert "\x1b" not in banner.plain
    assert "[/nope]" in banner.plain


# -- a backlog


def test_the_time_left_is_told_only_when_the_pace_is_known() -> None:
    backlog = Backlog()
    backlog.look(1_000, 1_000, 10.0)
    assert (backlog.share, backlog.seconds_left) == (0.0, None)
    backlog.look(900, 1_000, 12.0)
    assert backlog.seconds_left is None
    backlog.look(800, 1_000, 14.0)
    assert backlog.share == pytest.approx(0.2)
    assert backlog.seconds_left == pytest.approx(16.0)
    backlog.look(2_000, 1_000, 15.0)
    assert (backlog.share, backlog.seconds_left) == (0.0, None)
    backlog.look(0, 1_000, 16.0)
    assert (backlog.share, backlog.seconds_left) == (None, None)


def test_a_screen_that_is_opened_half_way_tells_the_same_share() -> None:
    backlog = Backlog()
    backlog.look(500, 1_000, 10.0)
    assert backlog.share == 0.5


async def test_a_backlog_is_read_with_a_share_and_totals_are_marked_until_it_is(tmp_path: Path) -> None:
    """From the first start on, by a real ingester."""
    logs, database = tmp_path / "logs", tmp_path / "state" / "a.db"
    logs.mkdir()
    for index in range(4):
        (logs / f"{index}.jsonl").write_bytes(natives(range(index * 30_000, (index + 1) * 30_000)))
    ingester = Ingester(database, [str(logs)], Settings())
    seen: list[str] = []
    try:
        async with driven(database, (120, 40), ingester=ingester, range="all", interval=0.05) as driver:

            def live() -> bool:
                state, banner = header(driver), driver.main.query_one("#banner", Lines).text
                seen.append(state)
                assert "no data yet" not in state, "it is not known yet that there is none"
                if "backfill" in state:
                    assert "totals are partial" in banner
                    values = driver.main.query_one(KpiStrip).text.split("\n")[1].split()
                    assert all(value[0] in "~-" for value in values), values
                return "live" in state

            await driver.until(live)
            assert "120K" in driver.main.query_one(KpiStrip).text
            assert "~" not in driver.main.query_one(KpiStrip).text
    finally:
        ingester.stop()
    assert any("backfill" in state for state in seen)


async def test_no_data_is_said_once_everything_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    logs, database = tmp_path / "logs", tmp_path / "state" / "a.db"
    logs.mkdir()
    (logs / "talk.jsonl").write_bytes(b'{"type": "summary", "sessionId": "x"}\n')
    ingester = Ingester(database, [str(logs)], Settings())
    try:
        async with driven(database, ingester=ingester) as driver:
            await driver.shows("no data yet", "No usage recorded yet", "~/logs, 1 file, no usage in it")
    finally:
        ingester.stop()


async def test_panel_and_figures_are_of_one_moment(tmp_path: Path) -> None:
    """However long the interval is: what was committed between their questions is asked for again at once."""
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    async with driven(tmp_path / "a.db", (160, 45), interval=60) as driver:
        await driver.until(lambda: "Top models" in driver.text and not driver.main.is_asking)
        await _interfere(driver, lambda: time.sleep(0.02), every=5)
        await driver.press("r")
        await driver.until(lambda: driver.main.panel.is_asking)
        filler.add([one(1, tokens=50_000)])
        assert driver.main.is_asking
        await _interfere(driver, None)

        def agree() -> bool:
            cost = driver.main.query_one(KpiStrip).text.split("\n")[1].split()[0]
            return cost != first and driver.text.count(cost) == 4

        first = driver.main.query_one(KpiStrip).text.split("\n")[1].split()[0]
        await driver.until(agree)
    filler.close()


# -- silence


async def test_a_silent_ingester_makes_the_data_stale_and_is_named_until_it_answers(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    with ingesting(database, tmp_path / "logs") as process:
        (tmp_path / "logs" / "a.jsonl").write_bytes(natives(range(3)))
        process.send_signal(signal.SIGSTOP)
        at = time.time() - 48
        os.utime(f"{database}.lock", (at, at))
        ingester = Ingester(database, [str(tmp_path / "logs")], Settings())
        async with driven(database, (120, 30), ingester=ingester) as driver:
            await driver.shows("STALE 40s", f"process {process.pid}, gave no sign of life for 40s")
            process.send_signal(signal.SIGCONT)
            await driver.until(lambda: "live" in header(driver))
            assert "no sign of life" not in driver.text
        ingester.stop()


async def test_who_else_ingests_is_said_where_there_is_room(tmp_path: Path) -> None:
    database, logs = tmp_path / "a.db", tmp_path / "logs"
    with ingesting(database, logs) as process:
        (logs / "a.jsonl").write_bytes(natives(range(3)))
        ingester = Ingester(database, [str(logs)], Settings())
        async with driven(database, (160, 45), ingester=ingester, range="all") as driver:
            await driver.shows("live", f"process {process.pid} ingests")
            await driver.until(lambda: not driver.main.is_asking)
        ingester.stop()


async def test_our_own_child_is_not_told_as_somebody_else(tmp_path: Path) -> None:
    database, logs = tmp_path / "a.db", tmp_path / "logs"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(natives(range(3)))
    ingester = Ingester(database, [str(logs)], Settings())
    try:
        async with driven(database, (160, 45), ingester=ingester, range="all") as driver:
            await driver.until(lambda: "live" in header(driver) and ingester.pid is not None)
            assert "ingests" not in header(driver)
    finally:
        ingester.stop()


async def test_a_backlog_that_does_not_shrink_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(situation, "LATE_S", 0.5)
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)], backlog=312_000_000)
    async with driven(tmp_path / "a.db") as driver:
        await driver.shows("backfill")
        await driver.until(lambda: time.monotonic() - driver.main._changed_at > 0.6)
        driver.main.draw_frame()
        await driver.shows("STALE", "nothing was read for", "312 MB are left", "~$")
        monkeypatch.setattr(situation, "LATE_S", 60.0)
        filler.add([one(29)], backlog=300_000_000)
        await driver.shows("backfill")
    filler.close()


# -- trouble with the store


async def test_an_error_that_passes_is_asked_again_though_nothing_is_written(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY", 0.5)
    async with driven(full) as driver:
        await driver.shows("live", "claude-sonnet-4-5", "$")
        await _interfere(driver, lambda: 1)
        await driver.press("r")
        await driver.shows("DB ERROR", "interrupted", "showing 14:32:07, r tries now", "claude-sonnet-4-5", "$")
        await _interfere(driver, None)
        await driver.until(lambda: "live" in header(driver))


async def _interfere(driver: Driver, step: object, every: int = 50) -> None:
    """Let SQLite call `step` between its own steps: one that returns 1 fails the question, a slow one is slow."""
    reader = driver.main.reader_in_use
    assert reader is not None
    await reader._snapshots._connection.set_progress_handler(step, every)  # type: ignore[arg-type]


async def test_keys_are_answered_while_the_store_does_not_answer(full: Path) -> None:
    """The old numbers stay, and after a while it is said that an answer takes its time."""
    async with driven(full) as driver:
        await driver.shows("live", "Top models", "$")
        await driver.until(lambda: not driver.main.is_asking)
        before = driver.main.query_one(KpiStrip).text
        answering = threading.Event()
        await _interfere(driver, lambda: not answering.wait(60))
        try:
            began = time.monotonic()
            await driver.press("t")
            for is_paused in (True, False):
                await driver.press("p")
                await driver.until(lambda: ("PAUSED" in header(driver)) is is_paused)  # noqa: B023
            await driver.until(lambda: "loading" in header(driver))
            assert time.monotonic() - began >= live.LOADING, "only what takes long is said to"
            assert "[7d]" in header(driver), "what was chosen is shown at once"
            assert driver.main.query_one(KpiStrip).text == before
            assert "Top models" in driver.text
        finally:
            answering.set()
        await _interfere(driver, None)
        await driver.until(lambda: "live" in header(driver))


async def test_what_took_long_is_not_said_to_load_once_it_is_there(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BUSY", 30.0)
    async with driven(full) as driver:
        await driver.shows("live", "$")
        await _interfere(driver, lambda: time.sleep(0.05))
        await driver.press("t")
        await driver.shows("loading")
        await _interfere(driver, None)
        await driver.until(lambda: "live" in header(driver))


# -- a pause


async def test_a_pause_counts_what_it_misses(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([one(30)])
    async with driven(tmp_path / "a.db", interval=0.05) as driver:
        await driver.shows("live", "$")
        await driver.press("p")
        await driver.until(lambda: "PAUSED" in header(driver) and "+" not in header(driver))
        figures = driver.main.query_one(KpiStrip).text
        filler.add([one(n) for n in range(1, 129)])
        await driver.shows("PAUSED +128 events")
        filler.add([one(0.5)])
        await driver.shows("PAUSED +129 events")
        assert driver.main.query_one(KpiStrip).text == figures
        await driver.press("p")
        await driver.until(lambda: "live" in header(driver) and "130" in driver.main.query_one(KpiStrip).text)
    filler.close()


# -- the row of ranges and filters


def painted(width: int, chosen: str = "24h", *chips: Condition, state: Situation | None = None) -> str:
    """The row as it is drawn."""
    fresh = Freshness(NOW, NOW, 2.0)
    row = StatusRow().painted(LOOK, state or Situation(), RANGES, chosen, chips, fresh, width)
    assert row.cell_len == width
    return row.plain


def test_all_ranges_are_shown_at_eighty_columns() -> None:
    assert "today  1h [24h] 7d  month  30d  all   " in painted(80)
    assert painted(80).endswith("data 14:32:07 ")
    assert painted(120).endswith("data 14:32:07 · every 2s ")


def test_ranges_give_way_before_filters_and_the_chosen_one_stays() -> None:
    chips = (Condition("model", "claude-sonnet-4-5"), Condition("key", "prod-api"))
    row = painted(100, "24h", *chips)
    assert " model:claude-sonnet-4-5 ✕  key:prod-api ✕ " in row
    assert "[24h]" in row
    assert " 30d " not in row
    narrow = painted(60, "2026-11-01..2026-11-15", Condition("model", "claude-sonnet-4-5-20250929"))
    assert "[2026-11-01..2026-11-15] fixed" in narrow
    assert narrow.rstrip().endswith("✕")


def test_the_ranges_beside_the_chosen_one_stay_longest() -> None:
    row = painted(60, "7d")
    assert "24h [7d] month" in row
    assert " today " not in row
    assert " all " not in row


def test_only_an_explicit_range_is_called_fixed() -> None:
    assert "[mon..]" in painted(120, "mon..")
    assert "fixed" not in painted(120, "mon..")


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
@pytest.mark.parametrize("chips", range(5))
def test_the_row_fits_with_any_number_of_filters(width: int, chips: int) -> None:
    conditions = [Condition(f"field{n}", "日本語のとても長い名前" * 3) for n in range(chips)]
    row = painted(width, "24h", *conditions, state=Situation(paused_at=0, missed=12_345))
    assert "[24h]" in row
    assert "PAUSED +12,345 events" in row


async def test_t_walks_every_range_and_a_click_chooses_one(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("[24h]")
        for name in (*RANGES[RANGES.index("24h") + 1 :], *RANGES[: RANGES.index("24h") + 1]):
            await driver.press("t")
            await driver.shows(f"[{name}]")
        await driver.pilot.click(StatusRow, offset=(header(driver).index("month") + 1, 0))
        await driver.shows("[month]")


async def test_a_click_takes_a_filter_away(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("2")
        await driver.until(lambda: "prod-api" in driver.text and not driver.main.panel.is_asking)
        await driver.press("enter")
        await driver.shows("✕")
        await driver.pilot.click(StatusRow, offset=(header(driver).index("✕") - 3, 0))
        await driver.until(lambda: "✕" not in header(driver))


# -- nothing to draw


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (120, 40), (160, 45), (200, 60)], ids=str)
async def test_a_first_start_fits_and_teaches(empty: Path, size: tuple[int, int]) -> None:
    async with driven(empty, size) as driver:
        await driver.shows(
            "No usage recorded yet",
            "Claude Code, ",
            "Codex, ",
            "tokenmon ~/path/to/logs",
            "tokenmon demo",
            "tokenmon sample ./logs",
            "It fills itself as soon as the first usage is logged.",
        )
        assert driver.fits()


async def test_an_agent_that_is_on_the_machine_is_offered_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    logs = tmp_path / "logs"
    logs.mkdir()
    ingester = Ingester(tmp_path / "state" / "a.db", [str(logs)], Settings())
    try:
        async with driven(tmp_path / "state" / "a.db", ingester=ingester) as driver:
            await driver.shows("~/logs, no log files in it", "Claude Code is here, too", "tokenmon ~/.claude/projects")
    finally:
        ingester.stop()


async def test_an_agent_that_is_left_out_is_told(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    async with driven(empty, without=("claude-code",)) as driver:
        await driver.shows("Claude Code: ~/.claude/projects, left out")


async def test_nothing_in_range_tells_the_last_event_and_a_key(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - 5 * HOUR, *MODELS[0], "prod-api")])
    filler.close()
    async with driven(tmp_path / "a.db", range="1h") as driver:
        await driver.shows("No data in 1h", "The last event was 09:32:07.", "t another range")


async def test_a_search_without_a_hit_says_what_it_was(full: Path) -> None:
    async with driven(full) as driver:
        await driver.shows("Top models")
        await driver.press("slash", *"zzz[/nope]", "enter")
        await driver.shows("Nothing matches  /zzz[/nope]", "in 24h", "Esc one step back", "x clears all")


async def test_a_small_terminal_says_what_is_needed_and_q_ends(full: Path) -> None:
    async with driven(full, (50, 14)) as driver:
        await driver.shows("tokenmon needs 60x16", "this terminal is 50x14", "tokenmon report")
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)
