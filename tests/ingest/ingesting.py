"""Real files, a real database, the real ingester: what the tests of ingest share."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.command import cache_home
from tokenmon.ingest import Progress, Service
from tokenmon.settings import Settings

START_MS = 1_780_000_000_000


def native(number: int, **fields: object) -> bytes:
    """A valid native line without an id; `number` makes it differ from its neighbours."""
    seconds = START_MS // 1000 + number
    record: dict[str, object] = {
        "ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
        "integration": "mail-sorter",
        "provider": "openai",
        "model": "gpt-5-mini",
        "prompt_tokens": 1000 + number,
        "completion_tokens": 10,
    }
    return json.dumps(record | fields).encode() + b"\n"


def natives(numbers: Iterable[int], **fields: object) -> bytes:
    """Several of them."""
    return b"".join(native(number, **fields) for number in numbers)


def claude(message: str, output: int, *, request: str = "r", second: int = 0, **fields: object) -> bytes:
    """A Claude Code line of one call, as far as it was written when `output` tokens were."""
    record: dict[str, object] = {
        "type": "assistant", "sessionId": "s-1", "cwd": "/home/dev/alpha", "isSidechain": False,
        "requestId": f"req_{request}", "uuid": f"u-{message}-{second}",
        "timestamp": f"2026-09-14T09:00:{second:02d}.000Z",
        "message": {
            "id": f"msg_{message}", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 2000, "output_tokens": output},
        },
    }  # fmt: skip
    return json.dumps(record | fields).encode() + b"\n"


def ingest(database: Path, *paths: Path, settings: Settings | None = None) -> list[Progress]:
    """Read everything there is below `paths`, and stop."""
    told: list[Progress] = []
    with Service(settings or Settings(), database, [str(path) for path in paths], once=True, wait=False) as service:
        service.run(told.append)
    return told


def rows(database: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """The answer to a question in SQL."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()


def inputs(database: Path) -> list[int]:
    """The input tokens of every event, in order: with `native`, which lines were counted and how often."""
    return sorted(tokens for (tokens,) in rows(database, "SELECT input FROM event"))


def expected(numbers: Iterable[int]) -> list[int]:
    """What `inputs` gives for these native lines, each counted once."""
    return sorted(1000 + number for number in numbers)


def rollups_are_exact(database: Path) -> bool:
    """Whether the widest roll-up and the events agree."""
    sums = "sum(input), sum(output), sum(cache_read), coalesce(sum(cost_list), 0)"
    (events,) = rows(database, f"SELECT count(*), {sums} FROM event")
    (rolled,) = rows(database, f"SELECT sum(n), {sums} FROM r16d")
    return events == rolled


class Running:
    """`tokenmon --ingest-only` as a process of its own, or a program that runs it under difficulties."""

    def __init__(
        self, database: Path, *paths: Path, flags: Iterable[str] = (), program: Iterable[str] = ("tokenmon",)
    ) -> None:
        command = [sys.executable, "-m", *program, "--ingest-only", "--db", str(database), *flags]
        environment = os.environ | {"HOME": str(database.parent), "XDG_CACHE_HOME": cache_home()}
        self.process = subprocess.Popen(
            [*command, "--", *map(str, paths)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait(self) -> tuple[int, str]:
        """Wait for its end: exit code and what was said on stderr."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode()

    def said(self) -> bytes:
        """The next line of stderr, as soon as there is one."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal and wait: exit code and what was said on stderr."""
        self.process.send_signal(number)
        return self.wait()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Look again until something is true."""
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            raise AssertionError(f"not so after {seconds} s")
        time.sleep(0.02)


def stored(database: Path) -> int:
    """How many events there are; 0 while there is no database."""
    try:
        return int(rows(database, "SELECT count(*) FROM event")[0][0])
    except sqlite3.OperationalError:
        return 0
