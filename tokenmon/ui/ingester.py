"""The child that reads the logs: the screen never ingests itself, so a backlog never makes a key press slow.

Whenever nobody holds the lock, any open screen starts one; the lock elects among several. It ends with its screen: by
SIGTERM when the screen ends in order, and by itself, told the parent's pid, when it does not.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import tokenmon
from tokenmon.settings import Settings
from tokenmon.store import lock

LOG_LIMIT = 1_000_000
"""Bytes of the child's log that are kept at most; it is only read when the child fails."""

SOON = 5.0
"""Seconds of life after which the end of a child is an accident: the next one is started at once."""

PAUSES = (0, 0, 4, 10, 30)
"""Checks that are let pass after no, one, two … failures, one soon after the other."""

GIVE_UP = 3.0
"""Seconds that the end of the screen waits for the child's last batch."""


class Ingester:
    """Keeps somebody ingesting into one database."""

    def __init__(self, database: Path, paths: Sequence[str], settings: Settings) -> None:
        self.database = database
        self.paths = tuple(paths)
        self._discovers = settings.discovers
        self._environment = _environment(settings)
        self.pid: int | None = None
        """Whoever ingests now, ours or another's."""
        self.trouble = ""
        """Why our last child ended with nobody taking over; empty while all is well."""
        self.held_up = ""
        """Why whoever ingests cannot store anything at the moment; empty while it can."""
        self._sign: tuple[int, int] | None = None
        self._heard_at = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        """How often in a row a child ended soon."""
        self._idle_checks = 0

    @property
    def at_work(self) -> bool:
        """Whether somebody ingests, or our child is about to, as far as it is known to be able to."""
        return self.pid is not None or (self._child is not None and not self.trouble)

    @property
    def foreign(self) -> bool:
        """Whether it is not our own child that ingests."""
        return self.pid is not None and (self._child is None or self._child.pid != self.pid)

    @property
    def silent_s(self) -> float:
        """Seconds since whoever ingests gave a sign of life; 0 where nobody does.

        Of our own clock, which stands still while the machine sleeps, so that waking up is no silence.
        """
        return time.monotonic() - self._heard_at if self._sign is not None else 0.0

    def check(self) -> None:
        """Look who ingests, and start a child where nobody does. Called every two seconds; costs one `flock`."""
        holder = lock.holder(self.database)
        self.pid = holder[0] if holder else None
        self.held_up = lock.held_up(self.database) if holder else ""
        self._note_sign(holder)
        self._bound_log()
        if self._child is not None and self._child.poll() is not None:
            self._note_end(self._child.returncode)
        if self.pid is not None:
            self.trouble = ""
        elif self._child is None and self._may_start():
            try:
                self._start()
            except OSError as error:
                self._note_failure(f"the ingester cannot be started: {error.strerror}")

    def stop(self) -> None:
        """End the child and wait for its last batch."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(GIVE_UP)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _note_sign(self, sign: tuple[int, int] | None) -> None:
        """Whoever is seen for the first time may have been silent for long."""
        if sign is not None and sign != self._sign:
            age = 0.0 if self._sign else max(0.0, time.time() - sign[1] / 1_000)
            self._heard_at = time.monotonic() - age
        self._sign = sign

    def _may_start(self) -> bool:
        """At once, but after several children that ended soon wait longer and longer, up to a minute."""
        self._idle_checks += 1
        return self._idle_checks > PAUSES[min(self._failures, len(PAUSES) - 1)]

    def _start(self) -> None:
        if self._log is None:
            self._log = _log()
        self._started_at = time.monotonic()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tokenmon", "--ingest-only", *self._words()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env=self._environment,
            start_new_session=True,
        )

    def _words(self) -> list[str]:
        """What the child is told: nothing where it finds by itself what we found, and what may come later."""
        if self._discovers:
            return []
        return ["--db", str(self.database), *(["--", *self.paths] if self.paths else [])]

    def _note_end(self, code: int) -> None:
        """A child that was at work for a while was well. The last line of one that was killed says nothing of that."""
        self._child = None
        if time.monotonic() - self._started_at > SOON:
            self._failures = 0
        if code:
            told = f"the ingester was ended by signal {-code}" if code < 0 else self._last_line()
            self._note_failure(told or f"the ingester ended with code {code}")

    def _note_failure(self, trouble: str) -> None:
        self.trouble, self._idle_checks = trouble, 0
        self._failures += 1

    def _last_line(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2_000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("tokenmon: ") if lines else ""

    def _bound_log(self) -> None:
        if self._log is not None and os.fstat(self._log.fileno()).st_size > LOG_LIMIT:
            os.ftruncate(self._log.fileno(), 0)


def _environment(settings: Settings) -> dict[str, str]:
    """The child runs this very package (`-P`: never one that lies in the working directory), with our settings.

    It knows its parent, to end with it.
    """
    package = str(Path(tokenmon.__file__).resolve().parent.parent)
    found = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(found), "TOKENMON_PARENT": str(os.getpid())}
    return {**os.environ, **settings.as_variables(), **own}


def _log() -> IO[bytes]:
    """A file without a name; appended to, so that our reading and cutting does not move the child's place."""
    descriptor, name = tempfile.mkstemp(prefix="tokenmon-")
    os.unlink(name)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return os.fdopen(descriptor, "rb")
