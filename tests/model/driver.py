"""The other end of `tests.model.ingester`: starts it, tells it what to do, and knows whether one is alive."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.command import environment_of

Answer = dict[str, Any]


class Ingesters:
    """One ingester after another, in the same process or a new one as one likes."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._rival: Ingesters | None = None
        command = [sys.executable, "-P", "-m", "tests.model.ingester"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment_of(home), stdin=pipe, stdout=pipe, bufsize=0)
        self.alive = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rival is not None:
            self._rival.__exit__(kind, error, trace)
        self._process.communicate()

    @property
    def rival(self) -> "Ingesters":
        """Others of them, in a process beside this one."""
        self._rival = self._rival or Ingesters(self._home)
        return self._rival

    def ask(self, place: Path, **what: object) -> Answer:
        """Have the living ingester, or a new one, do something in `place`; `ended` where it died of that."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"place": str(place), **what}).encode() + b"\n")
        answer = self._receive()
        self.alive = "ended" not in answer
        if answer.get("last"):
            self._receive()
            self.alive = False
        return answer

    def stop(self, place: Path) -> None:
        """End the living one, if any, as a service that is told to."""
        if self.alive:
            self.ask(place, do="stop")

    def _receive(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the ingesters' process ended"
        answer: Answer = json.loads(line)
        return answer
