"""Databases that the tests of the screen look at."""

from pathlib import Path

import pytest

from tests.ui.filling import Filler, filled


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with something on every panel; nobody writes into it."""
    return filled(tmp_path_factory.mktemp("full") / "usage.db")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A database without an event."""
    path = tmp_path / "usage.db"
    Filler(path).close()
    return path
