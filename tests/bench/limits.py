"""What this machine does at best, measured in the same run as what it is compared with."""

import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

BUFFER = 256 * 1024
BATCH = 20_000
COLUMNS = 14


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the middle one of several calls."""
    return statistics.median(seconds(work) for _ in range(rounds))


def reading(directory: Path) -> float:
    """Seconds to read every byte below a directory into one buffer."""
    paths = [path for path in directory.rglob("*") if path.is_file()]

    def read_all() -> None:
        buffer = bytearray(BUFFER)
        for path in paths:
            with path.open("rb", buffering=0) as source:
                while source.readinto(buffer):
                    pass

    return median(read_all)


def inserting(directory: Path, rows: int) -> float:
    """Seconds to insert as many rows of integers into a table without an index, in the store's batches."""
    path = directory / "limit.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    connection.execute(f"CREATE TABLE event({', '.join(f'c{column} INTEGER' for column in range(COLUMNS))})")
    statement = f"INSERT INTO event VALUES ({', '.join('?' * COLUMNS)})"
    batch = [_row(number) for number in range(BATCH)]
    began = time.perf_counter()
    for start in range(0, rows, BATCH):
        connection.execute("BEGIN")
        connection.executemany(statement, batch[: rows - start])
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    path.unlink()
    return took


def _row(number: int) -> tuple[int, ...]:
    """As wide as an event: a time, a hash, a series, counts."""
    return (1_795_000_000_000 + number, hash(("h", number)), number % 2_000, *range(number, number + COLUMNS - 3))
