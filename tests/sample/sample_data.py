"""How `sample_data/` was made; `python -m tests.sample.sample_data` makes it again."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from tests.dialects.cases import CASES
from tokenmon.sample import SampleLedger, write_sample

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"

UNTIL = datetime(2026, 11, 20, 18, tzinfo=UTC)


def generate(directory: Path) -> SampleLedger:
    """As `tokenmon sample DIR --events 400 --days 10 --bad 3 --seed 3` wrote it on a Friday evening."""
    return write_sample(directory, events=400, days=10, bad=3, seed=3, now_ms=int(UNTIL.timestamp() * 1000))


def write(directory: Path) -> None:
    """What the generators write, and the small logs of the dialects that have none."""
    generate(directory)
    for case in CASES:
        case.write(directory / case.dialect)


if __name__ == "__main__":
    shutil.rmtree(SAMPLE_DATA, ignore_errors=True)
    write(SAMPLE_DATA)
