"""What many tests of faults begin with."""

from pathlib import Path

import pytest

from tests.faults.ten import log_of_ten


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory of one log with ten calls."""
    return log_of_ten(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a database is to be."""
    return tmp_path / "t.db"
