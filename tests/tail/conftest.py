"""A directory of logs and the loop that reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tail.loop import Loop


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


@pytest.fixture
def loop(logs: Path) -> Iterator[Loop]:
    reading = Loop(logs)
    yield reading
    reading.close()
