"""`tokenmon` without a PATH finds where logs usually are, reads each place once, and leaves out what it is told to."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import Done, tokenmon
from tests.ingest.ingesting import claude, native, natives
from tests.test_cli_end_to_end import databases


def requests(home: Path, *words: str, **environment: str) -> int:
    """How many calls a report without a PATH counts."""
    done = tokenmon(home, "report", "--json", *words, environment=environment)
    assert (done.code, done.err) == (0, "")
    total: int = json.loads(done.out)["totals"]["requests"]
    return total


def by_dialect(home: Path, *words: str) -> dict[str, int]:
    done = tokenmon(home, "report", "--by", "dialect", "--json", *words)
    assert done.code == 0
    return {row["dialect"]: row["requests"] for row in json.loads(done.out)["rows"]}


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def configured(home: Path, toml: str) -> None:
    written(home / ".config/tokenmon/config.toml", toml.encode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Claude Code, Codex without a call, and onWatch on one machine."""
    written(tmp_path / ".claude/projects/web/s.jsonl", claude("a", 5) + claude("b", 5))
    written(tmp_path / ".onwatch/api-integrations/a.jsonl", natives(range(3)))
    written(tmp_path / ".codex/sessions/2026/r.jsonl", b'{"type":"turn.started"}\n')
    return tmp_path


def test_agents_and_gateways_of_the_machine_are_found(home: Path) -> None:
    assert by_dialect(home) == {"claude-code": 2, "native": 3}
    assert databases(home) == ["tokenmon.db"]


def test_variables_of_gateways_are_honoured(home: Path) -> None:
    written(home / "elsewhere/a.jsonl", natives(range(10, 15)))
    written(home / "awf/token-usage.jsonl", natives(range(20, 21)))
    variables = {"ONWATCH_API_INTEGRATIONS_DIR": str(home / "elsewhere"), "AWF_TOKEN_LOG_DIR": str(home / "awf")}
    assert requests(home, **variables) == 2 + 5 + 1


def test_a_format_of_ones_own_has_places(home: Path) -> None:
    written(home / "acme/a.jsonl", b'{"usage":{"in":5},"model":"gpt-5"}\n')
    configured(home, '[formats.acme]\nplaces = ["~/acme"]\nneeds = ["usage"]\nprovider = { value = "openai" }\n'
                     'model = "model"\ninput = "usage.in"\n')  # fmt: skip
    assert by_dialect(home) == {"claude-code": 2, "native": 3, "acme": 1}


def test_places_that_overlap_or_are_links_are_read_once(home: Path) -> None:
    (home / "link").symlink_to(home / ".onwatch")
    inner = home / ".onwatch/api-integrations"
    toml = "".join(
        f'[formats.{name}]\nplaces = ["{place}"]\nneeds = ["zzz"]\nprovider = {{ value = "x" }}\n'
        'model = "model"\ninput = "in"\n'
        for name, place in {"one": home / ".onwatch", "two": home / "link", "three": inner}.items()
    )
    configured(home, toml)
    assert by_dialect(home) == {"claude-code": 2, "native": 3}
    status = json.loads(tokenmon(home, "status", "--json").out)
    paths = [source["path"] for source in status["sources"]]
    assert len(paths) == len(set(paths)) == 3


def test_a_place_that_appears_later_is_found_at_the_next_start(home: Path) -> None:
    assert requests(home) == 5
    written(home / ".config/claude/projects/x/s.jsonl", claude("c", 5))
    assert requests(home) == 6


# -- left out


@pytest.mark.parametrize("how", ["flag", "variable", "file"])
def test_a_dialects_places_are_left_out_by_name_and_that_is_told(home: Path, how: str) -> None:
    words, variables = [], {}
    if how == "flag":
        words = ["--without", "claude-code", "--without", "codex"]
    elif how == "variable":
        variables = {"TOKENMON_WITHOUT": "claude-code,codex"}
    else:
        configured(home, 'without = ["claude-code", "codex"]\n')

    def run(*command: str) -> Done:
        return tokenmon(home, *command, *words, environment=variables)

    assert json.loads(run("report", "--json").out)["totals"]["requests"] == 3
    told = f"left out: Claude Code, {home}/.claude/projects\ntokenmon: left out: Codex, {home}/.codex/sessions\n"
    assert told in run("--ingest-only", "--once").err
    assert f"left out   Claude Code: {home}/.claude/projects\n" in run("status").out
    assert run("dialects").out.count("  left out  ~/") == 2


def test_what_was_read_before_stays_and_grows_no_more(home: Path) -> None:
    ingest = ("--ingest-only", "--once", "--db", "own.db")
    tokenmon(home, *ingest)
    with (home / ".claude/projects/web/s.jsonl").open("ab") as file:
        file.write(claude("c", 5))
    with (home / ".onwatch/api-integrations/a.jsonl").open("ab") as file:
        file.write(native(9))
    tokenmon(home, *ingest, "--without", "claude-code")
    assert requests(home, "--db", "own.db") == 6
    tokenmon(home, *ingest)
    assert requests(home, "--db", "own.db") == 7


def test_a_path_that_is_named_is_read_whatever_is_left_out(home: Path) -> None:
    assert requests(home, str(home / ".claude/projects"), "--without", "claude-code") == 2


@pytest.mark.parametrize(
    ("toml", "words", "code", "said"),
    [
        ("", ["--without", "claude"], 64, "--without: there is no dialect 'claude' (did you mean claude-code?)"),
        (
            'tz = "UTC"\nwithout = ["zzz"]\n',
            [],
            78,
            "config.toml line 2: there is no dialect 'zzz' (`tokenmon",
        ),
        ("without = [5]\n", [], 78, "config.toml line 1: without must be a list of names"),
    ],
)
def test_an_unknown_name_is_an_error(home: Path, toml: str, words: list[str], code: int, said: str) -> None:
    configured(home, toml)
    for command in (["report"], ["dialects"], ["--ingest-only", "--once"]):
        done: Any = tokenmon(home, *command, *words)
        assert done.code == code
        assert said in done.err
