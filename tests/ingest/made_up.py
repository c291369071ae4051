"""A producer that does not exist, so that what is promised of documents, totals and tables is shown on its own."""

import json
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.command import price_cache
from tests.ingest.ingesting import rows
from tokenmon.dialects import DIALECTS, Dialect, Table
from tokenmon.dialects.base import Reader, Surroundings
from tokenmon.dialects.fields import Invalid, count, value_of
from tokenmon.events import NANO, Event, Names, Parsed, Reject
from tokenmon.ingest import Progress
from tokenmon.ingest.pipeline import Ingester
from tokenmon.pricing import PriceBook, open_book
from tokenmon.settings import Settings
from tokenmon.store.writer import Writer

START_MS = 1_780_000_000_000

Json = dict[str, Any]


class TalkReader:
    """`{"talk": session, "messages": [{"id", "input", "output"}]}`; a message may have no time."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._mtime_ms = surroundings.mtime_ms

    def parse(self, line: bytes) -> Parsed:
        """All messages of a document, bad ones among them."""
        try:
            talk = value_of(line)
        except Invalid as reason:
            return Reject(str(reason))
        if isinstance(talk, list):
            talk = talk[0]
        return tuple(self._message(talk, message) for message in talk["messages"])

    def state(self) -> bytes:
        """A document needs none."""
        return b""

    def _message(self, talk: Json, message: Json) -> Event | Reject:
        try:
            return Event(
                ts=message.get("ts", self._mtime_ms),
                names=Names(dialect="talk", provider="openai", model="gpt-5-mini"),
                input=count(message["input"], "input") or 0,
                output=count(message["output"], "output") or 0,
                id=f"{talk['talk']}/{message['id']}",
                rewritten=True,
                session=talk["talk"],
                untimed="ts" not in message,
            )
        except Invalid as reason:
            return Reject(str(reason))


def _talk_reader(surroundings: Surroundings, state: bytes) -> Reader:
    assert state == b""
    return TalkReader(surroundings)


TALK = Dialect(
    name="talk",
    matches=lambda record: "talk" in record and isinstance(record.get("messages"), list),
    reader=_talk_reader,
    documents=("talk-*.json",),
    tables=(
        Table(
            files="talks*.db",
            places="SELECT written, id FROM talk",
            record="SELECT json FROM talk WHERE id = ?1",
            late=1000,
        ),
    ),
)


class MeterReader:
    """`{"meter": id, "at": ms, "input": n, "output": n, "usd": dollars}`: running totals, as document or as line."""

    def parse(self, line: bytes) -> Parsed:
        """The totals."""
        meter = value_of(line)
        return Event(
            ts=meter["at"],
            names=Names(dialect="meter", provider="anthropic", model="claude-sonnet-4-5"),
            input=meter["input"],
            output=meter["output"],
            cost_logged=None if meter.get("usd") is None else round(meter["usd"] * NANO),
            id=meter["meter"],
            running=True,
        )

    def state(self) -> bytes:
        """Totals stand for themselves."""
        return b""


METER = Dialect(
    name="meter",
    matches=lambda record: "meter" in record,
    reader=lambda surroundings, state: MeterReader(),
    documents=("meter-*.json",),
)
MADE_UP = (TALK, METER, *DIALECTS)


def meter(at: int, input: int, output: int, usd: float | None = None, *, name: str = "m") -> bytes:
    """Totals at a moment (milliseconds after the start)."""
    return json.dumps({"meter": name, "at": START_MS + at, "input": input, "output": output, "usd": usd}).encode()


def message(number: int, output: int = 10, **more: object) -> Json:
    """A message of a talk; `number` makes it differ from its neighbours."""
    return {"id": f"m{number}", "ts": START_MS + number, "input": 1000 + number, "output": output} | more


def talk(numbers: Sequence[int] = (), *messages: Json, name: str = "t", indent: int | None = None) -> bytes:
    """A document of these messages."""
    return json.dumps({"talk": name, "messages": [*map(message, numbers), *messages]}, indent=indent).encode()


@cache
def book() -> PriceBook:
    """The bundled prices."""
    return open_book(None, price_cache())


class Turning:
    """An ingester that knows the made-up producers too, turn by turn."""

    def __init__(
        self,
        database: Path,
        *paths: Path,
        once: bool = False,
        dialects: Sequence[Dialect] = MADE_UP,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self._writer = Writer.open(database)
        self._ingester = Ingester(
            settings or Settings(), self._writer, book(), map(str, paths), once=once, dialects=dialects, clock=clock
        )

    def __enter__(self) -> "Turning":
        return self

    def __exit__(self, *_: object) -> None:
        self._ingester.close()
        self._writer.close()

    def until_idle(self, *changed: Path) -> list[Progress]:
        """Everything there is, or that changed since; what was committed."""
        self._ingester.hint(map(str, changed))
        told = [self._ingester.turn()]
        while self._ingester.is_behind:
            told.append(self._ingester.turn())
        told.append(self._ingester.flush())
        while self._writer.rebuild(1.0):
            pass
        return [progress for progress in told if progress is not None]

    def hint(self, *changed: Path) -> None:
        """These may have changed."""
        self._ingester.hint(map(str, changed))

    def turn(self) -> None:
        """One turn."""
        self._ingester.turn()

    def flush(self) -> None:
        """Commit what was read."""
        self._ingester.flush()

    @property
    def rest_s(self) -> float:
        """Seconds until it looks around again by itself."""
        return self._ingester.rest_s

    @property
    def failures(self) -> dict[str, str]:
        """Paths that cannot be read at the moment, and why."""
        return self._ingester.failures


def take_in(database: Path, *paths: Path, dialects: Sequence[Dialect] = MADE_UP) -> list[Progress]:
    """Read everything there is below `paths`, and stop."""
    with Turning(database, *paths, once=True, dialects=dialects) as turning:
        return turning.until_idle()


def tallies(database: Path) -> list[tuple[int, ...]]:
    """Events, duplicates and rejects of each source, by its path."""
    return rows(database, "SELECT events, duplicates, rejects FROM source ORDER BY path")
