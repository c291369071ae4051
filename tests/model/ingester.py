"""The real ingester as a process that dies where it is told to, meets a full disk, and whose clock is set.

Importing costs half a second, so one process imports and then makes a copy of itself for every ingester that is
started. Whoever drives it writes a line of JSON and reads a line, in turns. What dies, dies of SIGKILL: at the n-th
statement that SQLite is given, at the n-th instruction that SQLite executes, or where it stands.
"""

import json
import os
import resource
import signal
import sqlite3
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn, cast

from tests.model.clock import CLOCK
from tokenmon.errors import TokenmonError
from tokenmon.ingest import Service
from tokenmon.ingest.pipeline import Ingester
from tokenmon.pricing import PriceBook, open_book
from tokenmon.settings import Settings, cache_dir
from tokenmon.store.writer import Writer

SETTINGS = Settings(scan_interval=0.0, bytes_per_file=4096)
"""Every turn looks everywhere, and takes little, so that there are many turns to be killed in."""
MOST_TURNS = 2_000
"""What is not read by then is never read."""
MOST_PAGES = 1 << 30

_Request = dict[str, Any]


def receive() -> _Request | None:
    """The next request; None when nobody will make one."""
    line = os.read(0, 65_536)
    request: _Request | None = json.loads(line) if line else None
    return request


def answer(**what: object) -> None:
    """One line."""
    os.write(1, json.dumps(what).encode() + b"\n")


def die(*_: object) -> None:
    """At once."""
    os.kill(os.getpid(), signal.SIGKILL)


class Fate:
    """What is to happen to the connections to the database, those that are made later included."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._statements = 0
        self._instructions = 0
        self._pages = 0
        connect = sqlite3.connect

        def connect_and_remember(*words: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*words, **options)
            self._connections.append(connection)
            self._prepare(connection)
            return connection

        sqlite3.connect = cast(Any, connect_and_remember)

    def expect(self, request: _Request) -> None:
        """Take from a request when to die and how much room there is."""
        self._statements = request.get("statement", 0)
        self._instructions = request.get("instruction", 0)
        self._pages = request.get("pages", 0)
        size = request.get("bytes", resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        for connection in self._connections:
            self._prepare(connection)

    @property
    def is_near(self) -> bool:
        """Whether to die soon."""
        return bool(self._statements or self._instructions)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            (used,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count={used + self._pages if self._pages else MOST_PAGES}")
        except sqlite3.ProgrammingError:  # it was closed
            self._connections.remove(connection)
            return
        connection.set_trace_callback(self._count if self._statements else None)
        connection.set_progress_handler(die if self._instructions else None, self._instructions)

    def _count(self, statement: str) -> None:
        self._statements -= 1
        if not self._statements:
            die()


class Life:
    """One ingester, from its start to its end."""

    def __init__(self, book: PriceBook, place: Path) -> None:
        self._book = book
        self._fate = Fate()
        self._database = place / "t.db"
        self._paths = [str(place / "logs"), str(place / "current")]

    def run(self, request: _Request) -> None:
        """Do as the first request says, then as long as there are others."""
        self._fate.expect(request)
        if request["do"] == "once":
            self._once()
            return
        with closing(Writer.open(self._database)) as writer:
            ingester = Ingester(SETTINGS, writer, self._book, self._paths)
            with closing(ingester):
                self._obey(request, ingester, writer)

    def _once(self) -> None:
        """What `tokenmon --ingest-only --once` does."""
        with Service(SETTINGS, self._database, self._paths, once=True, wait=False) as service:
            service.run(lambda progress: None)
            failures = service.failures
        self._survive()
        answer(done=True, failures=failures, last=True)

    def _obey(self, request: _Request | None, ingester: Ingester, writer: Writer) -> None:
        while request is not None and request["do"] != "stop":
            self._fate.expect(request)
            CLOCK.step(request.get("step", 0.0))
            CLOCK.go_on(request.get("passing", 0.0))
            try:
                self._look(ingester, writer)
            except sqlite3.Error as error:
                self._survive()
                answer(done=False, refused=str(error))
            else:
                self._survive()
                answer(done=True, failures=ingester.failures)
            request = receive()

    def _look(self, ingester: Ingester, writer: Writer) -> None:
        """Until twice nothing was left to read."""
        idle = 0
        for _ in range(MOST_TURNS):
            progress = ingester.turn()
            idle = 0 if progress is not None or ingester.is_behind else idle + 1
            if idle == 2:
                writer.rebuild(1.0)
                return
        raise TimeoutError("it never comes to rest")

    def _survive(self) -> None:
        if self._fate.is_near:
            die()


def live(book: PriceBook, request: _Request) -> NoReturn:
    """One life, in the copy of the process."""
    code = 1
    try:
        Life(book, Path(request["place"])).run(request)
        code = 0
    except (sqlite3.Error, TokenmonError) as error:
        answer(done=False, refused=str(error), last=True)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Bring one life after the other into being."""
    book = open_book(None, cache_dir(os.environ, Path.home()))
    while (request := receive()) is not None:
        pid = os.fork()
        if not pid:
            live(book, request)
        _, status = os.waitpid(pid, 0)
        answer(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
