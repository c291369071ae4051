"""A log of ten calls, and more of them: what tests of crashes and of the database begin with."""

from collections.abc import Iterable
from pathlib import Path

from tests.ingest.ingesting import natives


def log_of_ten(place: Path) -> Path:
    """Write the log; its directory."""
    logs = place / "logs"
    logs.mkdir()
    append(logs, range(10))
    return logs


def append(logs: Path, numbers: Iterable[int]) -> None:
    """As a producer appends."""
    with (logs / "a.jsonl").open("ab") as file:
        file.write(natives(numbers))
