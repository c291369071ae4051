"""What the README shows works as it is written there."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.command import price_cache
from tokenmon.dialects import DIALECTS, by_name, recognise
from tokenmon.dialects.chosen import known_dialects
from tokenmon.dialects.custom import FIELDS, OPTIONS
from tokenmon.events import Event
from tokenmon.pricing import open_book
from tokenmon.settings import load_settings

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


class Nowhere:
    """A source that has nothing but its lines."""

    path = "calls.jsonl"
    mtime_ms = 0

    def lines_of(self, name_contains: str) -> None:
        """There are no siblings."""

    def beside(self, name: str) -> None:
        """There is nothing beside it."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_two_commands_stand_before_everything_but_the_pictures() -> None:
    first, second = blocks("sh")[:2]
    assert first == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/tokenmon sample_data\n"
    assert second == "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/python -m pytest\n"
    assert README.index(second) < README.index("\n## ")


def test_the_lines_of_python_write_a_native_line(tmp_path: Path) -> None:
    """The example is run as it stands, and its line read by the native dialect."""
    define, use = blocks("python")
    path = tmp_path / "calls.jsonl"
    subprocess.run([sys.executable, "-c", define + use], cwd=tmp_path, check=True, timeout=60)
    line = path.read_bytes()
    dialect = recognise(json.loads(line))
    assert dialect is not None
    assert dialect is by_name("native")
    event = dialect.reader(Nowhere(), b"").parse(line.removesuffix(b"\n"))
    assert isinstance(event, Event)
    assert (event.input, event.cache_read, event.output, event.names.key_name) == (328, 512, 95, "ci")


def test_the_format_reads_the_line_above_it(tmp_path: Path) -> None:
    mapping, _ = blocks("toml")
    (line,) = blocks("json")
    config = tmp_path / ".config" / "tokenmon"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(mapping)
    first, *_ = known_dialects(load_settings({}, {}, tmp_path, tmp_path))
    event = first.reader(Nowhere(), b"").parse(line.encode())
    assert isinstance(event, Event)
    assert (event.input, event.cache_read, event.output, event.cost_logged) == (1600, 5000, 500, 12_300_000)
    assert (event.ts, event.names.provider, event.names.model) == (1_789_376_403_500, "openai", "gpt-5")


def test_every_dialect_is_listed() -> None:
    section = README[README.index("## What it reads") : README.index("### A format of your own")]
    listed = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted(dialect.name for dialect in DIALECTS)


def test_every_field_of_a_format_is_named() -> None:
    section = README[README.index("### A format of your own") : README.index("## How it counts")]
    assert [name for name in (*FIELDS, *OPTIONS) if name not in section] == []


def test_the_prices_file_is_understood(tmp_path: Path) -> None:
    _, toml = blocks("toml")
    path = tmp_path / "prices.toml"
    path.write_text(toml)
    book = open_book(path, price_cache())
    for model in ("acme-coder-70b", "llama-local", "team-sonnet"):
        assert book.prices_of(model), model
