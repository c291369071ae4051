"""Databases that the tests of the screen look at."""

import shutil
from pathlib import Path

import pytest

from tests.command import cache_home
from tests.ui.driving import ENVIRONMENT
from tests.ui.filling import Filler, filled


@pytest.fixture(scope="session", autouse=True)
def price_table() -> None:
    """The table of prices is made once, and not where the user's own is."""
    ENVIRONMENT["XDG_CACHE_HOME"] = cache_home()


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with something on every panel, made once."""
    return filled(tmp_path_factory.mktemp("full") / "usage.db")


@pytest.fixture
def full(original: Path, tmp_path: Path) -> Path:
    """A copy of it, with nothing beside it."""
    return Path(shutil.copy(original, tmp_path / "full.db"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A database without an event."""
    path = tmp_path / "usage.db"
    Filler(path).close()
    return path
