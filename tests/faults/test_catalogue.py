"""The suite names what it proves: nothing in the catalogue is left without a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.faults.catalogue import FAULTS

TESTS = Path(__file__).parent.parent


def numbers() -> Iterator[int]:
    """Of every test that is called after a fault."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_fault_"):
                named = re.match(r"test_fault_(\d{3})_", node.name)
                assert named, f"{path}: {node.name}"
                yield int(named[1])


def test_every_fault_has_a_test_and_every_number_is_a_faults() -> None:
    assert set(numbers()) == FAULTS.keys()
