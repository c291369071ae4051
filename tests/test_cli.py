"""The command line as scripts see it: help that fits, exit codes, and one line that says what is wrong."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import environment_of, tokenmon
from tokenmon import __version__
from tokenmon.cli.arguments import COMMANDS, parse
from tokenmon.dimensions import DIMENSIONS
from tokenmon.directories import home_of
from tokenmon.report.output import cells
from tokenmon.settings import SPELLINGS, Settings, flag
from tokenmon.view import Condition


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_small_screen_and_has_an_example(command: str) -> None:
    lines = COMMANDS[command]().format_help().splitlines()
    assert len(lines) <= 24
    assert max(cells(line) for line in lines) <= 80
    assert lines[-1].startswith(f"Example: tokenmon {command}".rstrip())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_the_help_is_accepted(command: str) -> None:
    example = COMMANDS[command]().format_help().splitlines()[-1].removeprefix("Example: tokenmon ")
    assert parse(example.split()).command == command


@pytest.mark.parametrize("given", ["", "relative", "~"])
def test_a_home_that_is_no_place_is_none(given: str) -> None:
    """Else the database would be in `/.local`, or below wherever one happens to be."""
    assert home_of({"HOME": given}) == home_of({})
    assert Path(home_of({})).is_absolute()
    assert home_of({"HOME": "/home/mara"}) == "/home/mara"


def test_help_and_version_are_fine(tmp_path: Path) -> None:
    done = tokenmon(tmp_path, "report", "--help")
    assert (done.code, done.err) == (0, "")
    assert all(dimension.name in done.out for dimension in DIMENSIONS)
    assert tokenmon(tmp_path, "--version").out == f"tokenmon {__version__}\n"


# -- what is typed


def test_a_commands_name_is_the_command_and_a_path_is_a_path() -> None:
    assert parse(["demo"]).command == "demo"
    assert parse(["./demo"]).values.paths == ["./demo"]
    assert (parse(["--", "demo"]).command, parse(["--", "demo"]).values.paths) == ("", ["demo"])
    assert (parse(["logs", "report"]).command, parse(["logs", "report"]).values.paths) == ("", ["logs", "report"])


def test_flags_may_stand_before_the_command_and_between_paths() -> None:
    found = parse(["--db", "events", "report", "a", "--by", "model", "b", "--tz", "-03:30", "--by", "day"])
    assert found.command == "report"
    assert found.values.paths == ["a", "b"]
    assert found.values.by == ["model", "day"]
    assert (found.settings()["db"], found.settings()["tz"]) == ("events", "-03:30")


@pytest.mark.parametrize("name", [name for name in SPELLINGS if name != "paths"])
def test_every_setting_is_a_flag_of_the_monitor(name: str) -> None:
    switch = isinstance(getattr(Settings, name), bool)
    given = parse([flag(name)] if switch else [flag(name), "1"]).settings()
    assert given[name] is not None
    assert all(value is None for other, value in given.items() if other != name)


def test_a_filter_is_exact_and_may_be_empty() -> None:
    where = parse(["report", "--where", "key=a=b", "--where", "model=", "--where", "status=429"]).values.where
    assert where == [Condition("key", "a=b"), Condition("model", ""), Condition("status", "429")]


def test_the_last_of_opposite_flags_counts() -> None:
    values = parse(["report", "--json", "--csv", "--asc", "--desc", "--sort", "cost_usd"]).values
    assert (values.form, values.direction, values.sort) == ("csv", "desc", "cost")


# -- exit codes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--foo"], "unrecognized arguments: --foo"),
        (["report", "--foo"], "usage: tokenmon report"),
        (["report", "--by", "modle"], "did you mean model?"),
        (["report", "--sort", "1; DROP TABLE event"], "--sort"),
        (["report", "--where", "model"], "FIELD=VALUE"),
        (["report", "--where", "day=2026-11-20"], "choose from"),
        (["report", "--where", "status=bad"], "ok, failed or a number"),
        (["report", "--limit", "-1"], "--limit"),
        (["report", "--range", "3x"], "such as 24h"),
        (["events", "--tz", "Mars"], "Europe/Berlin"),
        (["--theme", "pink"], "auto, dark, light, ansi"),
        (["--once"], "--ingest-only"),
        (["explain"], "ID"),
        (["sample"], "DIR"),
        (["demo"], "needs a terminal"),
        (["report", "--js"], "--js"),
        (["--db", ""], "--db"),
        (["--ingest-only"], "nothing to read"),
    ],
)
def test_wrong_arguments_are_one_line_and_64(tmp_path: Path, words: list[str], said: str) -> None:
    done = tokenmon(tmp_path, *words)
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith("tokenmon: ")
    assert done.err.count("\n") == 1
    assert said in done.err


@pytest.mark.parametrize("command", ["report", "events", "status", "explain", ""])
def test_what_is_no_database_of_ours_is_65(tmp_path: Path, command: str) -> None:
    (tmp_path / "text.db").write_text("not a database at all, whatever its name says\n" * 30)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE x(y)")
    words = {"": [], "explain": ["explain", "x"]}.get(command, [command])
    for name in ("text.db", "other.db", "."):
        done = tokenmon(tmp_path, *words, "--db", name)
        assert (done.code, done.out) == (65, "")
        assert str(tmp_path / name if name != "." else tmp_path) in done.err
        assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["report"], ["events"], ["status"], ["--ingest-only", "--once"]])
def test_a_path_that_never_was_is_66_and_creates_nothing(tmp_path: Path, words: list[str]) -> None:
    done = tokenmon(tmp_path, *words, "nowhere")
    assert (done.code, done.out) == (66, "")
    assert str(tmp_path / "nowhere") in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["report"], ["events"], ["status"], ["explain", "x"], []])
def test_without_a_database_to_read_it_is_3(tmp_path: Path, words: list[str]) -> None:
    for more in ([], ["--db", "none.db"]):
        done = tokenmon(tmp_path, *words, *more)
        assert (done.code, done.out) == (3, "")
        assert "there is no database" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("theem = 1\n", "line 1: unknown setting 'theem' (did you mean theme?)"),
        ("\nrange = '3x'\n", "line 2: '3x' is not a range"),
        ("theme = [\n", "config.toml"),
    ],
)
def test_a_wrong_config_is_78_and_names_file_line_and_field(tmp_path: Path, file: str, said: str) -> None:
    config = tmp_path / ".config/tokenmon/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(file)
    done = tokenmon(tmp_path, "report")
    assert done.code == 78
    assert str(config) in done.err
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_wrong_variable_is_78(tmp_path: Path) -> None:
    done = tokenmon(tmp_path, "report", environment={"TOKENMON_RANGE": "3x"})
    assert (done.code, done.err.startswith("tokenmon: TOKENMON_RANGE: ")) == (78, True)


def test_an_error_never_carries_what_a_terminal_would_obey(tmp_path: Path) -> None:
    done = tokenmon(tmp_path, "no\x1b]0;where\x07\nelse")
    assert done.code == 66
    assert "\x1b" not in done.err
    assert done.err.count("\n") == 1


def test_plain_windows_is_told_in_one_line(tmp_path: Path) -> None:
    program = "import sys; from tokenmon.cli import main; sys.platform = 'win32'; sys.exit(main([]))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment_of(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == "tokenmon: tokenmon runs on Linux and macOS (on Windows run it inside WSL)\n"


def test_the_command_line_itself_loads_no_face(tmp_path: Path) -> None:
    program = "import sys, tokenmon.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment_of(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"textual", "rich", "asyncio", "aiosqlite", "genai_prices", "plotext", "watchdog"}
