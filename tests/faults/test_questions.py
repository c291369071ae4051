"""Whatever is asked for, on the command line, in a setting or in the search box, is looked for and never obeyed."""

import json
from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import Input

from tests.command import Done, python, tokenmon
from tests.ingest.ingesting import ingest, native, stored
from tests.store.building import check_invariant
from tests.ui.driving import driven
from tests.ui.filling import filled as filled_screen

NAMES = (
    *("o'brien", 'say "x"', "x--y", "100%", "100x", "a_b", "axb", "back\\slash", "'; DROP TABLE event; --", "NULL"),
    *("' OR '1'='1", "model:x", "NEAR(a b)", "star*", "?1", "${HOME}", "$(id)", "`id`", "{0}", "%s", "a/*b*/"),
)
"""What SQL, the index, a shell or a format would take for something else."""

TYPED = (
    *('"', "*", "AND", "NEAR(", "a:b", "-x", "^", "---", "   ", "' OR 1=1 --", '"; DROP TABLE event; --', "(", "NOT a"),
    *("model:", 'model:"', "cost:>", "{model}", "\\", "a\tb", "x" * 9_000, "word " * 5_000, "\u202e\x1b[31m", "%_"),
)

MANY = """
import json, sys
from tokenmon.cli import main
print(json.dumps([main(words) for words in json.loads(sys.argv[1])]))
"""


def asked(home: Path, *commands: tuple[str, ...]) -> tuple[list[int], Done]:
    """Exit codes of many commands in one process, and what they said."""
    done = python(home, MANY, json.dumps(commands))
    assert done.code == 0, done.err
    return json.loads(done.out.splitlines()[-1]), done


@pytest.fixture(name="database", scope="module")
def _database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("asked")
    (home / "a.jsonl").write_bytes(
        b"".join(native(i, model=name, project=name, request_id=name) for i, name in enumerate(NAMES))
    )
    ingest(home / "x.db", home / "a.jsonl")
    return home / "x.db"


def test_fault_113_and_114_any_search_has_an_answer_on_the_command_line(database: Path) -> None:
    codes, done = asked(
        database.parent, *(("report", "--db", "x.db", "--csv", f"--search={text}") for text in TYPED)
    )  # fmt: skip
    assert (set(codes), done.err) == ({0}, "")
    requests = [line.split(",")[0] for line in done.out.splitlines()[1:-1:2]]
    assert len(requests) == len(TYPED)
    unfiltered = {text for text, found in zip(TYPED, requests, strict=True) if found == str(len(NAMES))}
    assert unfiltered == {text for text in TYPED if not any(map(str.isalnum, text))} | {"model:", 'model:"', "cost:>"}


@pytest.mark.parametrize(
    "words",
    [
        ("--sort", "cost; DROP TABLE event"), ("--sort", "(SELECT 1)"), ("--by", "model' --"), ("--by", "event.h"),
        ("--where", "model' OR 1=1 --"), ("--where", "1=1"), ("--where", "series.id=1"), ("--range", "1'; DROP"),
        ("--tz", "UTC' --"), ("--limit", "1; DROP"), ("--before", "x' OR 1=1 --"), ("--before", "1-2-3"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_fault_116_an_order_or_a_field_that_there_is_none_is_refused(database: Path, words: tuple[str, ...]) -> None:
    command = "events" if words[0] == "--before" else "report"
    done = tokenmon(database.parent, command, "--db", "x.db", *words)
    assert (done.code, done.out, done.err.count("\n")) == (64, "", 1)
    check_invariant(database)


def test_fault_116_an_order_or_a_range_that_was_configured_wrong_is_refused(database: Path) -> None:
    done = tokenmon(database.parent, "report", "--db", "x.db", environment={"TOKENMON_RANGE": "1'; DROP TABLE event"})
    assert (done.code, done.out) == (78, "")


def test_fault_117_names_with_quotes_wildcards_and_comments_are_found_exactly(database: Path) -> None:
    home, own = database.parent, ("--db", "x.db")
    listed = json.loads(tokenmon(home, "report", *own, "--by", "model", "--json").out)
    assert {row["model"] for row in listed["rows"]} == set(NAMES)
    questions = [
        ("report", *own, "--csv", "--where", f"{field}={name}") for name in NAMES for field in ("model", "project")
    ]
    codes, done = asked(home, *questions)
    assert (set(codes), done.err) == ({0}, "")
    assert {line.split(",")[0] for line in done.out.splitlines()[1:-1:2]} == {"1"}
    codes, done = asked(home, *(("explain", *own, name) for name in (*NAMES, "' OR 1=1 --", "%", "_", "*")))
    assert codes == [0] * len(NAMES) + [1] * 4
    codes, done = asked(
        home, *(("report", *own, "--csv", "--by", "model", f'--search=model:"{name}"') for name in ("brien", "100x"))
    )
    assert [line.split(",")[0] for line in done.out.splitlines() if line[:2] in ("o'", "10")] == ["o'brien", "100x"]
    assert stored(database) == len(NAMES)


async def test_fault_113_to_115_any_search_has_an_answer_on_the_screen(tmp_path: Path) -> None:
    """Typed or pasted, a megabyte of it; and the calls are all there again afterwards."""
    async with driven(filled_screen(tmp_path / "a.db"), range="all") as driver:
        await driver.shows("claude-sonnet-4-5")
        for text in (*TYPED[::3], "word " * 200_000, "x" * 1_000_000):
            await driver.press("slash")
            await driver.until(lambda: isinstance(driver.app.focused, Input))
            assert driver.app.focused is not None
            driver.app.focused.post_message(Paste(text))
            await driver.press("enter")
            await driver.until(lambda: not isinstance(driver.app.focused, Input) and not driver.main.is_asking)
            await driver.press("x")
        await driver.shows("claude-sonnet-4-5")


async def test_fault_116_an_order_that_was_remembered_wrong_is_no_order(tmp_path: Path) -> None:
    wrong = "1; DROP TABLE event"
    kept = {
        f"{panel}.{name}": wrong for panel in ("keys", "models", "sessions") for name in ("sort", "group", "metric")
    }
    (tmp_path / "screen.json").write_text(json.dumps({"": {**kept, "panel": wrong, "theme": wrong, "interval": wrong}}))
    async with driven(filled_screen(tmp_path / "a.db"), range="all") as driver:
        for key, words in (("2", "prod-api"), ("3", "claude-sonnet-4-5"), ("7", "checkout-")):
            await driver.press(key)
            await driver.shows(words)
    check_invariant(tmp_path / "a.db")
