"""Lines in any order, written several times, over several files, read in several runs: what must not matter."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.dialects.samples import line
from tests.ingest.ingesting import ingest, rows

Lines = list[dict[str, Any]]
Call = tuple[Any, ...]

CALLS = """
SELECT model, input, output, cache_read, cache_write_5m, reasoning, event.err
FROM event JOIN series ON series.id = event.series ORDER BY model, input, output, cache_read, event.err"""


@st.composite
def scattered(draw: st.DrawFn, lines: Sequence[dict[str, Any]]) -> list[Lines]:
    """Files that together hold every line at least once."""
    places = [draw(st.sets(st.integers(0, 2), min_size=1)) for _ in lines]
    files = [[each for each, own in zip(lines, places, strict=True) if number in own] for number in range(3)]
    return [draw(st.permutations(file)) for file in files if file]


def calls(files: Sequence[Lines]) -> list[Call]:
    """What a database holds after it has read these files, one after the other and each in a run of its own."""
    with tempfile.TemporaryDirectory() as directory:
        logs, database = Path(directory, "logs"), Path(directory, "t.db")
        logs.mkdir()
        for number, lines in enumerate(files):
            logs.joinpath(f"{number}.jsonl").write_bytes(b"".join(line(each) + b"\n" for each in lines))
            ingest(database, logs)
        return rows(database, CALLS)
