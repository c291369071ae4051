"""Health: what is wrong, what is fine, what was seen already, and why a line could not be read."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.ui.driving import Driver, driven
from tests.ui.filling import HOUR, MODELS, NOW, Alarm, Filler, call, made_up
from tokenmon.alerts import RULES
from tokenmon.events import Limit
from tokenmon.pricing.overrides import read_overrides
from tokenmon.ui.panels import PANELS
from tokenmon.ui.panels.health import HealthPanel
from tokenmon.ui.widgets.lines import Lines
from tokenmon.ui.widgets.page import Page
from tokenmon.wanted import wanted

HEALTH = str([panel.ID for panel in PANELS].index("health") + 1)
LATE = Alarm("source fails", "/logs/a.jsonl", "critical", "cannot be read: permission denied", 1)
BUDGET = Alarm("budget", "150/month", "warning", "101% of the budget is used", 1)
UNPRICED = Alarm("unpriced model", "acme", "info", "no price is known; the cost of 3 requests is not counted", 3)


def troubled(path: Path, *alarms: Alarm) -> Filler:
    """A database with these alerts, the first one the newest."""
    filler = Filler(path)
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api")])
    for age, alarm in reversed(list(enumerate(alarms))):
        filler.writer.set_alerts([*alarms[age + 1 :], alarm], NOW - (age + 1) * 60_000)
    return filler


def page(driver: Driver) -> Page:
    return driver.main.query_one(HealthPanel).query_one(Page)


def told(driver: Driver) -> str:
    """The whole page, also what is scrolled away."""
    return page(driver).query_one(Lines).text


def tab(driver: Driver) -> str:
    return next(row for row in driver.rows if f"{HEALTH} Health" in row)


async def test_alerts_that_fire_come_first_then_what_informs_then_what_is_fine(tmp_path: Path) -> None:
    troubled(tmp_path / "a.db", UNPRICED, BUDGET, LATE).close()
    async with driven(tmp_path / "a.db", (120, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS  2 firing, 1 info")
        words = [row.split()[1] for row in told(driver).split("\n")[1:5]]
        assert words == ["FIRING", "FIRING", "INFO", "OK"]
        assert f"{len(RULES) - 3} rules" in driver.text
        await driver.press("n", "n", "n", "j", "enter")
        await driver.shows("every line could be read")
        assert "every source can be read" not in driver.text, "one cannot"
        assert "▲2" in tab(driver)


async def test_nothing_wrong_is_told_rule_by_rule(full: Path) -> None:
    filler = Filler(full.with_name("fine.db"))
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api")])
    filler.close()
    async with driven(full.with_name("fine.db")) as driver:
        await driver.press(HEALTH)
        await driver.shows("none firing", f"{len(RULES)} rules")
        await driver.press("j", "enter")
        await driver.shows(*(rule.fine for rule in RULES[:10]))
        assert all(rule.fine in told(driver) for rule in RULES)


async def test_of_many_alerts_that_fire_ten_are_listed_until_somebody_asks_for_all(tmp_path: Path) -> None:
    failing = [Alarm("source fails", f"/logs/{n}.jsonl", "critical", "cannot be read: is gone", 1) for n in range(99)]
    filler = troubled(tmp_path / "a.db", BUDGET, *failing)
    async with driven(tmp_path / "a.db", (120, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS  100 firing", "89 more of these; Enter lists them", "101% of the budget")
        assert told(driver).count("cannot be read: is gone") == 10
        await driver.press(*"n" * 11, "j", "enter")
        await driver.until(lambda: told(driver).count("cannot be read: is gone") == 99)
    filler.close()


async def test_an_acknowledged_alert_is_listed_and_not_counted(tmp_path: Path) -> None:
    filler = troubled(tmp_path / "a.db", LATE, BUDGET)
    async with driven(tmp_path / "a.db") as driver:
        await driver.press(HEALTH)
        await driver.shows("2 firing", "▲2")
        await driver.press("a")
        assert "2 firing" in driver.text, "the first press only shows which alert it would be"
        await driver.press("a")
        await driver.shows("1 firing, 1 acknowledged", "ACK", "▲1")
        await driver.press("a")
        await driver.shows("ALERTS  2 firing", "▲2")
        await driver.press("a", "n", "a")
        await driver.shows("none firing, 2 acknowledged")
        await driver.until(lambda: "▲" not in tab(driver))
    filler.writer.set_alerts([LATE, Alarm("budget", "150/month", "warning", "120% of the budget is used", 2)], NOW)
    async with driven(tmp_path / "a.db") as driver:
        await driver.press(HEALTH)
        await driver.shows("none firing, 2 acknowledged", "120%")
        filler.writer.set_alerts([LATE], NOW)
        await driver.shows("none firing, 1 acknowledged")
        filler.writer.set_alerts([LATE, BUDGET], NOW + 1)
        await driver.shows("1 firing, 1 acknowledged", "▲1")
    filler.close()


async def test_notes_that_say_the_same_are_folded_until_somebody_asks(tmp_path: Path) -> None:
    notes = [Alarm("invalid lines", f"/logs/{n}.jsonl", "info", f"{n + 1} invalid lines", n + 1) for n in range(9)]
    filler = troubled(tmp_path / "a.db", *notes, LATE)
    async with driven(tmp_path / "a.db", (120, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS  1 firing, 9 info", "6 more of these; Enter lists them")
        assert told(driver).count(".jsonl: ") == 3 + 1, "three notes, and the source that fails"
        for _ in range(5):
            await driver.press("j")
        await driver.press("enter")
        await driver.shows("9 invalid lines")
        assert "more of these" not in told(driver)
    filler.close()


async def test_a_terminal_that_is_far_too_narrow_shows_it_as_soon_as_it_is_wide_enough(full: Path) -> None:
    async with driven(full, (20, 60)) as driver:
        await driver.press(HEALTH)
        await driver.until(lambda: "SOURCES" in told(driver))
        await driver.pilot.resize_terminal(80, 60)
        await driver.shows("SOURCES  1 log file", "usage.jsonl  ")


async def test_n_walks_the_alerts_and_goes_round(tmp_path: Path) -> None:
    troubled(tmp_path / "a.db", LATE, BUDGET, UNPRICED).close()
    async with driven(tmp_path / "a.db") as driver:
        await driver.press(HEALTH)
        await driver.shows("2 firing, 1 info")
        walked = []
        for key in ("n", "n", "n", "n", "N"):
            await driver.press(key)
            table = driver.main.panel.table()
            assert table.chosen is not None
            walked.append(table.rows[table.chosen][table.columns.index("kind")])
        assert walked == ["source fails", "budget", "unpriced model", "source fails", "unpriced model"]


@pytest.mark.parametrize("size", [(60, 16), (80, 24)], ids=str)
async def test_everything_can_be_reached(full: Path, size: tuple[int, int]) -> None:
    async with driven(full, size) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS")
        seen = set(driver.rows)
        for _ in range(60):
            await driver.press("j")
            seen |= set(driver.rows)
        for heading in ("INGEST", "SOURCES", "INVALID LINES", "WITHOUT A PRICE", "STORE", "THIS TERMINAL"):
            assert any(heading in row for row in seen), heading
        await driver.shows("zone: UTC")
        await driver.press("g")
        await driver.shows("ALERTS")
        for _ in range(20):
            await driver.press("pagedown")
        await driver.shows("zone: UTC")
        for _ in range(20):
            await driver.press("pageup")
        await driver.shows("ALERTS")
        await driver.press("G")
        await driver.shows("zone: UTC", f"{size[0]}x{size[1]}")
        assert driver.fits()


async def test_the_cursor_stays_with_its_entry_while_others_come(tmp_path: Path) -> None:
    filler = troubled(tmp_path / "a.db", BUDGET)
    async with driven(tmp_path / "a.db") as driver:
        await driver.press(HEALTH)
        await driver.shows("1 firing")
        assert page(driver).cursor == "", "it is not shown before the user moved"
        await driver.press("n")
        chosen = page(driver).cursor
        filler.writer.set_alerts([BUDGET, LATE], NOW)
        await driver.shows("2 firing")
        assert page(driver).cursor == chosen
        assert driver.main.panel.table().chosen == 1
    filler.close()


async def test_an_invalid_line_is_read_from_its_file_when_asked_for_and_is_harmless(tmp_path: Path) -> None:
    secret = "sk-" + "A1b2C3d4" * 4
    log = tmp_path / "usage.jsonl"
    filler = Filler(tmp_path / "a.db", source=str(log))
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api")], rejects=["line is not JSON"])
    filler.close()
    log.write_text("\n" + f"\x1b[2J{{broken [/] {secret} " + "x" * 400 + "THE END\n")
    async with driven(tmp_path / "a.db", (100, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows("line is not JSON")
        assert "broken" not in driver.text
        await driver.press("slash", *"not JSON", "enter")
        await driver.shows("/ not JSON")
        await driver.until(lambda: "rules" not in driver.text)
        await driver.press("G")
        while not page(driver).cursor.startswith("line"):
            await driver.press("k")
        await driver.press("enter")
        await driver.shows("line 2:", "{broken [/] key-")
        assert secret not in driver.text
        assert "THE END" not in driver.text
        assert "\x1b" not in driver.text
        await driver.press("l")
        await driver.until(lambda: "broken" not in driver.text)
        log.unlink()
        await driver.press("l")
        await driver.shows("cannot be read: the file is not there any more")


async def test_sources_tell_their_state_in_words(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db", source="/var/log/llm/usage.jsonl")
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api")], rejects=["x"])
    filler.close()
    async with driven(tmp_path / "a.db", (120, 45)) as driver:
        await driver.press(HEALTH)
        await driver.shows("STATE", "DIALECT", "BEHIND", "COPIES", "/var/log/llm/usage.jsonl")
        row = next(row for row in driver.rows if "usage.jsonl" in row and "fresh" in row)
        assert row.split()[:4] == ["●", "/var/log/llm/usage.jsonl", "fresh", "native"]
        table = driver.main.panel.table()
        assert (table.columns[0], table.rows[0][0]) == ("path", "/var/log/llm/usage.jsonl")


async def test_a_model_without_a_price_has_its_override_to_copy(full: Path) -> None:
    async with driven(full) as driver:
        await driver.press(HEALTH, "G")
        await driver.shows("? local/unpriced-70b", "[[price]]", 'model = "local/unpriced-70b"', "prices.toml")
        while not page(driver).cursor.startswith("model"):
            await driver.press("k")
        table = driver.main.panel.table()
        assert table.chosen is not None
        entry = str(table.rows[table.chosen][0])
        assert entry.startswith('[[price]]\nmodel = "local/unpriced-70b"\nprovider = "vllm"\ninput =')


@pytest.mark.parametrize("model", ["acme-coder-70b", 'quo"ted\\back', "日本-llm"])
def test_an_override_gives_the_model_a_price_once_it_is_filled_in(tmp_path: Path, model: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("\n".join(wanted(model)).replace("input = ", "input = 3").replace("output =", "output = 15"))
    (price,) = read_overrides(file).prices
    assert price.models == (json.loads(json.dumps(model.lower())),)


async def test_a_search_narrows_every_section(full: Path) -> None:
    async with driven(full, (100, 50)) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS", "model is missing")
        await driver.press("slash", *"missing", "enter")
        await driver.until(lambda: "rules" not in driver.text)
        assert "model is missing" in driver.text
        assert "prompt_tokens is negative" not in driver.text
        assert "local/unpriced-70b" not in driver.text


async def test_the_pace_is_of_the_hour_up_to_the_newest_event_and_stands_still(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - 90_000 * number, *MODELS[0], "k") for number in range(1, 30)])
    clock = [NOW]
    async with driven(tmp_path / "a.db", now=lambda: clock[0]) as driver:
        await driver.press(HEALTH)
        await driver.shows("INGEST", "29 events in the hour to 14:30:37", "█")
        clock[0] += 20 * 60_000
        await driver.press("r")
        await driver.until(lambda: driver.main.panel.now == clock[0])
        await driver.shows("29 events in the hour to 14:30:37")
        filler.add([call(clock[0] - 1_000, *MODELS[0], "k") for _ in range(3_600)])
        await driver.shows("1.0 events a second in the hour to 14:52:06")
    filler.close()


@pytest.mark.parametrize(("bell", "rings"), [(True, 1), (False, 0)])
async def test_the_bell_rings_once_for_a_critical_alert_that_begins(tmp_path: Path, bell: bool, rings: int) -> None:
    filler = troubled(tmp_path / "a.db", LATE)
    async with driven(tmp_path / "a.db", bell=bell) as driver:
        heard: list[None] = []
        driver.app.bell = lambda: heard.append(None)  # type: ignore[method-assign]
        await driver.press(HEALTH)
        await driver.shows("1 firing")
        assert not heard, "it is not new"
        filler.writer.set_alerts([LATE, BUDGET], NOW)
        await driver.shows("2 firing")
        assert not heard, "it is not critical"
        another = Alarm("source fails", "/logs/b.jsonl", "critical", "cannot be read: input/output error", 1)
        filler.writer.set_alerts([LATE, BUDGET, another], NOW)
        await driver.shows("3 firing")
        filler.add([call(NOW - 1_000, *MODELS[2], "k")])
        await driver.shows("14:32:06")
        assert len(heard) == rings
    filler.close()


async def test_limits_are_told_with_plan_and_reset_and_can_be_copied(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add(
        [call(NOW - HOUR, *MODELS[0], "prod-api")],
        limits=[
            Limit(NOW - HOUR, "codex", "primary", 58.4, 300, NOW + 2 * HOUR, "pro"),
            Limit(NOW - HOUR, "claude-code", "five_hour", 97, 300, NOW - 1_000),
            Limit(NOW - HOUR, "codex", "GPT-5.3-Codex-Spark secondary", 100, 10_080, NOW + 60 * HOUR, "pro"),
        ],
    )
    async with driven(tmp_path / "a.db", (80, 45)) as driver:
        await driver.press(HEALTH)
        await driver.shows("LIMITS", "codex 5h", "58%  until 16:32  (pro, told 13:32)", "claude-code 5h")
        section = told(driver).split("LIMITS")[1].split("INGEST")[0]
        assert "codex GPT-5.3-Codex-Spark 7d" in section
        assert "100%! until Mon 02:32" in section, "full is told by a mark, too"
        assert "97%" not in section
        assert "reset" in section
        assert driver.fits()
        panel = driver.main.query_one(HealthPanel)
        page(driver).walk(1, lambda key: key.startswith("limit "))
        table = panel.table()
        assert table.columns[:2] == ("name", "dialect")
        assert [row[0] for row in table.rows] == ["GPT-5.3-Codex-Spark secondary", "primary", "five_hour"]


async def test_while_logs_are_read_nothing_is_called_fine(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add(made_up(50), backlog=5_000)
    async with driven(tmp_path / "a.db", (100, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows(
            "ALERTS", "what else may be wrong is known when everything is read", "none so far", "5 KB known"
        )
        assert "every model has a price" not in driver.text


async def test_what_has_a_time_to_come_does_not_make_the_data_new(tmp_path: Path) -> None:
    filler = Filler(tmp_path / "a.db")
    filler.add([call(NOW - HOUR, *MODELS[0], "prod-api"), call(NOW + 700 * HOUR, *MODELS[0], "prod-api")])
    async with driven(tmp_path / "a.db", (100, 40)) as driver:
        await driver.press(HEALTH)
        await driver.shows("data 13:32:07", "1 event in the hour to 13:32:07")


async def test_without_limits_there_is_no_section_of_them(full: Path) -> None:
    async with driven(full, (80, 45)) as driver:
        await driver.press(HEALTH)
        await driver.shows("ALERTS", "INGEST")
        assert "LIMITS" not in told(driver)


def doubtful(path: Path) -> Path:
    """Calls of which some may be doubted, and lines that are invalid for two reasons."""
    filler = Filler(path)
    ordinary, price = call(NOW - HOUR, *MODELS[0], "prod-api")
    filler.add(
        [
            (ordinary, price),
            (replace(ordinary, ts=NOW - 2, assumed=True), price),
            (replace(ordinary, ts=NOW - 3, input=0, output=0, cache_read=0), 0),
            (replace(ordinary, ts=NOW - 4, names=ordinary.names._replace(model="mystery-9")), None),
        ],
        rejects=["model is missing", "prompt_tokens is negative", "model is missing"],
    )
    filler.close()
    return path


async def test_quality_tells_what_became_of_lines_and_why_they_are_invalid(tmp_path: Path) -> None:
    async with driven(doubtful(tmp_path / "a.db"), (100, 60)) as driver:
        await driver.press(HEALTH)
        await driver.shows("QUALITY", "DIALECT", "native, 1 source", "1 assumed", "1 empty", "1 unpriced")
        row = next(row for row in driver.rows if "native, 1 source" in row)
        assert row.split()[-4:] == ["4", "0", "3", "0"]
        assert "2 model is missing" not in driver.text
        while not page(driver).cursor.startswith("dialect"):
            await driver.press("j")
        await driver.press("enter")
        await driver.shows("2 model is missing", "1 prompt_tokens is negative")
        table = driver.main.panel.table()
        assert table.columns[:6] == ("dialect", "sources", "events", "skipped", "rejects", "duplicates")
        assert table.rows[table.chosen or 0] == ("native", 1, 4, 0, 3, 0, 1, 1, 0, 0, 1, 0)
        await driver.press("enter")
        await driver.until(lambda: "2 model is missing" not in driver.text)


@pytest.mark.parametrize(("name", "model"), [("empty", "claude-sonnet-4-5"), ("unpriced", "mystery-9")])
async def test_the_calls_behind_a_number_are_one_key_away(tmp_path: Path, name: str, model: str) -> None:
    async with driven(doubtful(tmp_path / "a.db"), (120, 50), range="24h") as driver:
        await driver.press(HEALTH)
        await driver.shows("QUALITY")
        while page(driver).cursor != f"doubt native {name}":
            await driver.press("j")
        await driver.press("enter")
        await driver.shows("quality:" + name, "dialect:native")
        assert driver.main.panel.ID == "events"
        await driver.until(lambda: len(driver.main.panel.table().rows) == 1)
        table = driver.main.panel.table()
        assert table.rows[0][table.columns.index("model")] == model
        assert name in str(table.rows[0][table.columns.index("quality")])


async def test_a_model_without_a_price_leads_to_its_calls(tmp_path: Path) -> None:
    async with driven(doubtful(tmp_path / "a.db"), (120, 60), range="24h") as driver:
        await driver.press(HEALTH)
        await driver.shows("WITHOUT A PRICE")
        while not page(driver).cursor.startswith("model"):
            await driver.press("j")
        await driver.press("enter")
        await driver.shows("quality:unpriced", "model:mystery-9")
        assert driver.main.panel.ID == "events"
