"""A running ingester, and what Linux tells of it while it runs."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.command import environment_of

TICKS = os.sysconf("SC_CLK_TCK")
MODULE = ("-m", "tokenmon")


class Watched:
    """`tokenmon --ingest-only` as a process of its own. Its standard error is kept in a file."""

    def __init__(
        self, database: Path, *paths: Path, flags: Iterable[str] = (), begin: Iterable[str] = MODULE, group: str = ""
    ) -> None:
        """Without paths it finds them and `database` by itself, at home, which is the directory of `database`.

        `begin`: what Python runs. `group`: a control group's file of processes, which it joins first.
        """
        home = database.parent
        self.database = database if paths else home / ".local/state/tokenmon/tokenmon.db"
        self._log = home / f"{database.stem}.log"
        named = ["--db", str(database), *flags, "--", *map(str, paths)] if paths else flags
        words = [*begin, "--ingest-only", *named]
        joining = ["sh", "-c", f'echo $$ > "{group}" && exec "$@"', "sh"] if group else []
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*joining, sys.executable, *words],
                env=environment_of(home), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Wait until it has read everything there is, which it was asked for with `--once`."""
        if self.process.wait():
            raise SystemExit(f"ended with {self.process.returncode}: {self.said[-500:]}")

    @property
    def said(self) -> str:
        """All that it wrote on standard error."""
        return self._log.read_text(errors="replace")

    @property
    def cpu_s(self) -> float:
        """Seconds of processor that it used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def resident_mb(self) -> float:
        """Memory that it holds now, MB of 10^6 bytes."""
        return self._memory("VmRSS")

    @property
    def peak_mb(self) -> float:
        """Most memory that it ever held, MB of 10^6 bytes."""
        return self._memory("VmHWM")

    @property
    def descriptors(self) -> int:
        """Open files, pipes and the like."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def threads(self) -> int:
        """Threads, the first one included."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    @property
    def wal_bytes(self) -> int:
        """Size of the write-ahead log."""
        wal = Path(f"{self.database}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def _memory(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        (found,) = (line.split()[1] for line in status if line.startswith(f"{name}:"))
        return int(found) * 1024 / 1e6
