"""What is loaded when, and that every list has one home.

Imports are import-linter's affair (`lint-imports` in `.ci/run`); these tests see what really happens in a process.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.dialects.cases import CASES
from tokenmon.dialects import DIALECTS
from tokenmon.sample import GENERATORS

PACKAGE = Path(__file__).parents[1] / "tokenmon"

SCREEN = {"textual", "rich", "plotext", "textual_plotext"}

DIALECT_NAMES = tuple(dialect.name for dialect in DIALECTS)


def loaded_by(statement: str) -> set[str]:
    """Top-level names of `sys.modules` after a statement, in a fresh process."""
    script = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_ingester_loads_neither_a_screen_nor_an_event_loop() -> None:
    unwanted = SCREEN | {"asyncio", "aiosqlite", "genai_prices"}
    assert loaded_by("import tokenmon.headless") & unwanted == set()


def test_the_command_line_loads_no_screen_before_it_is_asked_for_one() -> None:
    assert loaded_by("import tokenmon.cli") & (SCREEN | {"asyncio", "aiosqlite", "genai_prices"}) == set()


@pytest.mark.parametrize("module", ["tokenmon.report", "tokenmon.sample", "tokenmon.ingest", "tokenmon.store"])
def test_only_the_screen_loads_textual(module: str) -> None:
    assert loaded_by(f"import {module}") & SCREEN == set()


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_a_dialect_is_named_by_its_own_module_and_its_generator_only(name: str) -> None:
    spelled = (f'"{name}"', f"'{name}'")
    module = name.replace("-", "_") + ".py"
    homes = {PACKAGE / "dialects" / module, PACKAGE / "sample" / "generators.py", PACKAGE / "sample" / "bulk.py"}
    naming = {path for path in PACKAGE.rglob("*.py") if any(word in path.read_text("utf-8") for word in spelled)}
    assert naming - homes == set()
    assert PACKAGE / "dialects" / module in naming


def test_every_dialect_has_made_up_logs() -> None:
    made_up = [generator.dialect for generator in GENERATORS] + [case.dialect for case in CASES]
    assert sorted(made_up) == sorted(DIALECT_NAMES)
