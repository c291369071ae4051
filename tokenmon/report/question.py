"""Asking a database: bring it up to date first where its paths are known, then ask, then say what is missing.

asyncio, aiosqlite and the ingester are loaded here and only when a question is asked.
"""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tokenmon.errors import SourceFailed
from tokenmon.ranges import resolve
from tokenmon.report.output import terminal_width
from tokenmon.saying import say
from tokenmon.settings import Settings
from tokenmon.text import clip, sanitise
from tokenmon.view import Condition, View, Window

if TYPE_CHECKING:
    from tokenmon.store.reader import Reader

T = TypeVar("T")

Format = Literal["json", "csv", "plain"]


@dataclass(frozen=True)
class Question:
    """What is common to all questions."""

    settings: Settings
    database: Path
    paths: tuple[str, ...]
    """What is brought up to date first; empty: only read."""
    now: Callable[[], int]
    """The clock, UTC milliseconds."""
    where: tuple[Condition, ...] = ()
    search: str = ""
    range: str = "all"
    form: Format = "plain"

    def view(self, span: Window | None) -> tuple[View, Window]:
        """The view asked for, and its window as it is shown: `all` and open ends from the events' span."""
        window = resolve(self.range, self.now(), self.settings.zone())
        start = span.start if span is not None and window.start is None else window.start
        end = span.end if span is not None and window.end is None else window.end
        if start is not None and end is not None:
            end = max(start, end)
        return View(window, self.where, self.search), Window(start, end)


def ask(question: Question, answer: Callable[["Reader"], Coroutine[Any, Any, T]]) -> T:
    """Bring the database up to date, then let `answer` ask it and print; SourceFailed only after that."""
    import asyncio

    from tokenmon.store.reader import Reader

    caught_up, failure = _brought_up_to_date(question)

    async def asked() -> tuple[T, int]:
        async with await Reader.open(question.database) as reader:
            result = await answer(reader)
            if caught_up or failure is not None:
                return result, 0
            return result, sum(1 for each in (await reader.health()).sources if each.error and not each.gone)

    result, failing = asyncio.run(asked())
    if failure is not None:
        raise failure
    if failing:
        count = "a source" if failing == 1 else f"{failing:,} sources"
        raise SourceFailed(f"{count} could not be read", "`tokenmon status` says which and why")
    if not caught_up:
        say("tokenmon: not everything that was logged is read yet; these are the numbers so far")
    return result


def _brought_up_to_date(question: Question) -> tuple[bool, SourceFailed | None]:
    """Whether everything that was there is stored, and what could not be read."""
    if not question.paths:
        return True, None
    from tokenmon.ingest import bring_up_to_date

    with _progress() as progress:
        try:
            return bring_up_to_date(question.settings, question.database, question.paths, progress), None
        except SourceFailed as failure:
            return False, failure


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Progress on one line of stderr that is gone at the end, without an escape sequence; silent without a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda text: None
        return

    width = terminal_width() - 1

    def show(text: str) -> None:
        sys.stderr.write("\r" + " " * width + "\r" + clip(sanitise(text), width))
        sys.stderr.flush()

    try:
        yield show
    finally:
        show("")
        sys.stderr.write("\r")
        sys.stderr.flush()
