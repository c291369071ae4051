"""Databases made by the real ingester of real logs, for whoever damages, copies or empties them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.ingest.ingesting import claude, ingest, native, natives

SECRET = "zebra-quantum"
"""A name that stands nowhere else."""


def filled(directory: Path, **fields: object) -> Path:
    """A database of 30 native calls over hours, with sessions, notes and doubts, and of copied Claude calls."""
    logs = directory / "logs"
    logs.mkdir()
    lines = [
        native(7_000 * i, api_key_name="ci", project="web", session=f"s{i % 3}", request_id=f"q{i}", **fields)
        for i in range(20)
    ]
    (logs / "a.jsonl").write_bytes(b"".join(lines) + natives(range(100, 110), model="mystery-9") + b'{"ts": 1}\n')
    (logs / "b.jsonl").write_bytes(claude("one", 5) + claude("two", 7, second=3))
    (logs / "c.jsonl").write_bytes(claude("other", 4, request="z") + claude("one", 5) + claude("two", 7, second=3))
    database = directory / "x.db"
    ingest(database, logs)
    return database


def damage(database: Path, *statements: str) -> None:
    """Change the database behind everybody's back."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement


def secret_in(database: Path, secret: str = SECRET) -> list[str]:
    """The files of a database whose bytes hold a secret."""
    files = database.parent.glob(f"{database.name}*")
    return [file.name for file in files if secret.encode() in file.read_bytes()]
