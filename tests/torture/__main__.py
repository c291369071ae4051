"""`python -m tests.torture [--minutes N] [--seed S] [--lines N] [--writers N]`

Writers write, rotate and copy; an ingester is killed again and again, and started anew. When the time is used
everything is read to the end, and every call must be there once. The same seed makes the same writers; when the kills
strike is chance.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from random import Random

from tests.torture.writers import Writer


def ingester(database: Path, logs: Path, *flags: str) -> "subprocess.Popen[bytes]":
    """One as a process of its own."""
    place = database.parent
    environment = os.environ | {"HOME": str(place), "XDG_CACHE_HOME": str(place / "cache")}
    command = [sys.executable, "-m", "tokenmon", "--ingest-only", "--scan-interval", "0.2", "--db", str(database)]
    return subprocess.Popen([*command, *flags, str(logs)], env=environment, stderr=subprocess.PIPE)


def kill_again_and_again(database: Path, logs: Path, writers: list[Writer], end: float, random: Random) -> int:
    """Start and kill until the writers are done or it is time to stop; returns how often."""
    kills = 0
    while time.monotonic() < end and any(writer.is_alive() for writer in writers):
        process = ingester(database, logs)
        try:
            process.wait(random.uniform(0.3, 2.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        else:
            raise SystemExit(f"the ingester ended by itself: {(process.stderr or sys.stdin.buffer).read().decode()}")
        process.communicate()
    return kills


def differences(database: Path, calls: dict[int, int]) -> list[str]:
    """What the database holds otherwise than the writers wrote it."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT input, output FROM event").fetchall()
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        (rolled,) = connection.execute("SELECT coalesce(sum(n), 0) FROM r16d").fetchone()
    found = dict(rows)
    wrong = [f"integrity: {sound}"] * (sound != "ok")
    wrong += [f"{len(rows) - len(found)} calls are counted twice"] * (len(rows) != len(found))
    wrong += [f"{len(calls.keys() - found.keys())} calls are missing"] * bool(calls.keys() - found.keys())
    wrong += [f"{len(found.keys() - calls.keys())} calls were never made"] * bool(found.keys() - calls.keys())
    other = sum(1 for serial in calls.keys() & found.keys() if calls[serial] != found[serial])
    wrong += [f"{other} calls have another output"] * bool(other)
    return wrong + [f"the roll-ups hold {rolled} of {len(rows)} calls"] * (rolled != len(rows))


def main() -> int:
    """0 when all totals are exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long at most (default 2)")
    parser.add_argument("--seed", type=int, default=1, help="of the writers (default 1)")
    parser.add_argument("--lines", type=int, default=200_000, help="calls that are written at most (default 200,000)")
    parser.add_argument("--writers", type=int, default=4, help="how many write at once (default 4)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tokenmon-torture-") as place:
        database, logs = Path(place) / "t.db", Path(place) / "logs"
        logs.mkdir()
        stop, end = threading.Event(), time.monotonic() + 60 * options.minutes
        share = options.lines // options.writers
        writers = [Writer(number, logs, options.seed, share, stop) for number in range(1, options.writers + 1)]
        for writer in writers:
            writer.start()
        try:
            kills = kill_again_and_again(database, logs, writers, end, Random(options.seed))
        finally:
            stop.set()
        for writer in writers:
            writer.join()
        for _ in range(2):
            last = ingester(database, logs, "--once")
            said = last.communicate()[1].decode()
            if last.returncode:
                raise SystemExit(f"the last look failed with {last.returncode}: {said}")
        calls = {serial: output for writer in writers for serial, output in writer.calls.items()}
        wrong = differences(database, calls)
        files = sum(1 for path in logs.rglob("*") if path.is_file())
        actions = sum(writer.actions for writer in writers)
    figures = f"{len(calls):,} calls, {actions:,} actions, {files:,} files, {kills} kills"
    print(f"seed {options.seed}: {figures}: {'; '.join(wrong) or 'exact'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
