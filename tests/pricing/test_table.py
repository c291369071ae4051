"""The compiled table: made once, in a process of its own, and nothing of genai-prices in this one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pricing.calls import call, usd
from tokenmon.pricing import PriceBook, open_book
from tokenmon.pricing.table import open_table

OPEN = """
import json, sys
from pathlib import Path
from tokenmon.pricing import open_book
book = open_book(None, Path(sys.argv[1]))
print(json.dumps([book.version, book.date, sorted(sys.modules)]))
"""

Opened = tuple[Path, str, str, set[str]]
"""A cache directory, the version and the date of its table, the modules that were loaded."""


def _open_elsewhere(cache: Path, cwd: Path) -> tuple[str, str, set[str]]:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-P", "-c", OPEN, str(cache)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        check=True,
        text=True,
    )
    version, date, modules = json.loads(done.stdout)
    return version, date, set(modules)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A cache that was made from a directory full of traps, and what the process that made it told."""
    place = tmp_path_factory.mktemp("traps")
    for name in ("random", "decimal", "tokenmon", "genai_prices"):
        (place / f"{name}.py").write_text("raise SystemExit('run by mistake')")
    return place / "a" / "b", *_open_elsewhere(place / "a" / "b", place)


def test_genai_prices_never_enters_this_process_not_even_to_compile(opened: Opened) -> None:
    """Nor do modules of the working directory: they would have ended it."""
    cache, version, date, modules = opened
    assert not modules & {"genai_prices", "pydantic", "httpx", "httpx2", "asyncio", "textual"}
    assert version == "0.2.3" or version > "0.2.3"
    assert date >= "2026-11-01"
    assert [path.name for path in cache.iterdir()] == [f"prices-{version}-1.json"]


def test_the_table_is_private_and_made_once(opened: Opened) -> None:
    cache = opened[0]
    (path,) = cache.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    before = path.stat()
    open_table(cache)
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", [b"\xff\x00", b'{"format": 1, "version": "0.0.0"}'])
def test_a_damaged_table_is_made_again(cache: Path, tmp_path: Path, book: PriceBook, damage: bytes) -> None:
    (original,) = cache.glob("prices-*.json")
    (tmp_path / original.name).write_bytes(damage)
    assert open_book(None, tmp_path).fingerprint == book.fingerprint
    assert (tmp_path / original.name).read_bytes() == original.read_bytes()


def test_without_a_place_for_the_cache_prices_are_still_known(tmp_path: Path) -> None:
    not_a_directory = tmp_path / "file"
    not_a_directory.write_text("")
    assert open_book(None, not_a_directory / "cache").price(call("claude-haiku-4-5", 1000)).cost == usd("0.001")
    assert not_a_directory.read_text() == ""


def test_the_table_is_nearly_all_of_what_genai_prices_knows(cache: Path, book: PriceBook) -> None:
    table = open_table(cache)
    assert len(table.models) >= 2000
    assert table.left_out <= 20
    assert table.date == book.date
