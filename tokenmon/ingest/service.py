"""An ingester with everything it needs around it: the lock, the writer, the price book, hints, and housekeeping.

One loop serves the service, the child of a screen and the moment before a report. Between batches it does bounded
bits of what can wait: rebuild dirty hours, price again after the price book changed, prune, evaluate the rules.
"""

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tokenmon.alerts import evaluate
from tokenmon.dialects import Place, found_places
from tokenmon.dialects.chosen import fingerprint, known_dialects, looked_for
from tokenmon.errors import ConfigError, LockHeld, NotOurDatabase, SteppedDown
from tokenmon.ingest.batch import Progress
from tokenmon.ingest.kinds import Kinds
from tokenmon.ingest.pipeline import Ingester
from tokenmon.ingest.spending import budget_facts, limit_facts
from tokenmon.notify import Manager
from tokenmon.pricing import open_book
from tokenmon.saying import say
from tokenmon.settings import Settings, cache_dir
from tokenmon.store.damage import cannot_write, damage_is_named
from tokenmon.store.lock import Lock
from tokenmon.store.mounts import network_file_system
from tokenmon.store.schema import HOUR
from tokenmon.store.writer import Writer
from tokenmon.text import many, name, sanitise
from tokenmon.watch import Watch

HEARTBEAT_S = 2.0
CHUNK_S = 0.2
"""Longest bit of housekeeping between two looks at the files and the signals."""
FIRST_REBUILD_S = 10.0
"""A backlog that is read sooner is rolled up once, at its end; in a longer one viewers are not made to wait for that.
Until then they add up the events of dirty hours, of which there are not many yet."""
RETRY_S: tuple[float, ...] = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Pauses after the database refused, the last one again and again."""
PRUNE_EVERY_S = 3600.0
RULES_EVERY_S = 5.0
QUIET_S = 0.1
"""Shortest pause between two idle looks: a busy file is read ten times a second, not a thousand."""
SLICE_S = 0.25
"""Longest wait that a signal, or the end of the screen that this is the child of, does not shorten."""
LOCK_POLL_S = 0.2
TELL_WAITING_S = 60.0
DISCOVER_EVERY_S = 60.0
"""Between two looks for places that were not there at the start, as of an agent that is installed later."""


def never() -> bool:
    """Nobody asks to stop."""
    return False


class Service:
    """The ingester of one database, from taking the lock to letting go of it."""

    def __init__(
        self,
        settings: Settings,
        database: Path,
        paths: Sequence[str],
        *,
        once: bool,
        wait: bool,
        stop: Callable[[], bool] = never,
        manager: Manager | None = None,
    ) -> None:
        """Raises LockHeld (unless `wait`), CannotCreateDatabase, NotOurDatabase, ConfigError.

        `manager` is told how it goes; without one nobody is.
        """
        self._settings = settings
        self._once = once
        self._stop = stop
        self._manager = manager or Manager({})
        self._stored = 0
        self._lock = _take_lock(database, wait, stop, self._manager)
        try:
            self._writer = Writer.open(
                database, group=settings.group, max_series=settings.max_series, host=name(socket.gethostname())
            )
        except ConfigError as error:
            self._lock.release()
            raise ConfigError(f"{settings.origins['group']}: {error}", error.hint) from None
        except BaseException:
            self._lock.release()
            raise
        try:
            with _troubles_named(database):
                if not self._writer.search_index_is_sound():
                    self._writer.rebuild_search_index()
                self.paths = self._paths(paths)
                self._look_again()
                self._writer.forget_gone()
                self._book = open_book(settings.prices, cache_dir(os.environ, Path.home()))
                dialects = known_dialects(settings)
                self._ingester = Ingester(settings, self._writer, self._book, self.paths, once=once, dialects=dialects)
                self._reprice_from = self._reprice_start()
            self._is_told_of = Kinds(dialects).is_told_of
            self._watch = None if once else Watch(self.paths, is_wanted=self._is_told_of)
        except BaseException:
            self._writer.close()
            self._lock.release()
            raise
        self._next = dict.fromkeys(("heartbeat", "rules", "prune", "rebuild"), 0.0)
        self._next["discover"] = time.monotonic() + DISCOVER_EVERY_S
        self._trouble: tuple[str, ...] = ()
        self._held_up = ""
        """Why nothing can be stored; empty again once something was."""
        self._network = network_file_system(os.path.realpath(database), _mounts())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def failures(self) -> dict[str, str]:
        """Paths that cannot be read at the moment, and why."""
        return self._ingester.failures

    def run(self, tell: Callable[[Progress], None]) -> None:
        """Ingest until asked to stop; with `once` until everything there is stored."""
        attempts = 0
        while not self._stop():
            try:
                with damage_is_named(self._writer.path):
                    if self._beat(tell):
                        return
                attempts = 0
                self._manager.beat(self._state())
            except sqlite3.Error as error:
                self._check_files()
                self._pause(f"the database refuses: {error}", RETRY_S[min(attempts, len(RETRY_S) - 1)])
                attempts += 1
        self._manager.stopping()
        self._flush()

    def _flush(self) -> None:
        """Store what was read last, if the database takes it now."""
        try:
            self._ingester.flush()
        except sqlite3.Error as error:
            say(f"tokenmon: the last batch is read again by the next ingester: {error}")

    def _state(self) -> str:
        """What it is at, in a line for people."""
        doing = "reading a backlog" if self._ingester.is_behind else "up to date"
        failing = f", {many(len(self.failures), 'source')} cannot be read" if self.failures else ""
        return f"{doing}; {many(self._stored, 'event')} since the start{failing}"

    def close(self) -> None:
        """Let go of everything, the lock last."""
        if self._watch is not None:
            self._watch.close()
        self._ingester.close()
        self._writer.close()
        self._lock.release()

    # one beat

    def _beat(self, tell: Callable[[Progress], None]) -> bool:
        """One turn of the ingester and what goes with it; True when there is nothing left to do (`once`)."""
        if self._watch is not None:
            self._ingester.hint(self._watch.hints())
        progress = self._ingester.turn()
        if progress is not None:
            self._held_up = ""
            self._stored += sum(file.rows for file in progress.files)
            tell(progress)
        self._heartbeat()
        if self._ingester.is_behind:
            self._rebuild_now_and_then()
            return False
        self._writer.set_meta(caught_up=1)
        if self._housekeeping():
            return False
        if self._once:
            return True
        self._idle()
        return False

    def _heartbeat(self) -> None:
        if self._due("heartbeat", HEARTBEAT_S):
            self._check_files()
            self._keep_lock()

    def _check_files(self) -> None:
        """NotOurDatabase where others do not see any more what this ingester writes."""
        if not self._writer.is_still_there():
            raise NotOurDatabase(f"{self._writer.path} was removed or replaced while running", "start again")
        if not self._writer.has_its_log():
            with suppress(sqlite3.Error):
                self._writer.checkpoint_wal()  # what is in it is only ours to save
            raise NotOurDatabase(f"{self._writer.log} was removed or replaced while running", "start again")

    def _keep_lock(self) -> None:
        """Show that we are alive, and what holds us up. Whoever removed the lock file opened the door to a second
        ingester: close it again, or give way to who came in. What both read meanwhile counts once, because the offsets
        say so. SteppedDown.
        """
        if not self._lock.is_still_there():
            try:
                renewed = Lock.take(self._writer.path, wait=False)
            except LockHeld as held:
                raise SteppedDown(f"the lock of {self._writer.path} was removed, and {held.hint} has it now") from held
            self._lock.release()
            self._lock = renewed
        self._lock.touch(self._held_up)

    def _rebuild_now_and_then(self) -> None:
        """In a backlog spend at most a quarter of the time on roll-ups, so that viewers stay quick."""
        now = time.monotonic()
        if self._next["rebuild"] == 0.0:
            self._next["rebuild"] = now + FIRST_REBUILD_S
        if now >= self._next["rebuild"]:
            self._writer.rebuild(CHUNK_S)
            spent = time.monotonic() - now
            self._next["rebuild"] = now + max(2.0, 4 * spent)

    def _housekeeping(self) -> bool:
        """One bounded bit of what can wait; True when there is more of it."""
        if self._writer.rebuild(CHUNK_S):
            return True
        if self._reprice_from is not None:
            self._reprice_from = self._writer.reprice(self._book.price, CHUNK_S, self._reprice_from)
            if self._reprice_from is None:
                self._remember_prices()
            return True
        if self._settings.retention_days and self._due("prune", PRUNE_EVERY_S) and not self._prune():
            return True
        if self._once or self._due("rules", RULES_EVERY_S):
            self._evaluate_rules()
        return False

    def _prune(self) -> bool:
        """Drop some of what is too old; True when none is left.

        Days count back from the newest event where the clock is ahead of it: a clock that is wrong for a while must
        not cost what is fresh.
        """
        newest = self._writer.newest()
        if newest is None:
            return True
        now = min(newest, int(time.time() * 1000))
        is_done = self._writer.prune(now - self._settings.retention_days * 24 * HOUR, CHUNK_S)
        if not is_done:
            self._next["prune"] = 0.0
        return is_done

    def _evaluate_rules(self) -> None:
        now, budget = int(time.time() * 1000), self._settings.budget
        facts = replace(
            self._writer.facts(),
            limits=limit_facts(self._writer.limits(), now, self._settings.zone()),
            budget=None if budget is None else budget_facts(budget, self._writer.spent, now, self._settings.zone()),
            failures=tuple((sanitise(path), reason) for path, reason in self.failures.items()),
            missing=tuple(map(sanitise, self._ingester.missing)),
            known=tuple(dialect.name for dialect in known_dialects(self._settings)),
            trouble=self._trouble,
            log_bytes=self._writer.checkpoint_wal(),
            network=self._network,
            entries=self._ingester.entries,
            looks=self._ingester.looks,
        )
        self._writer.set_alerts(evaluate(facts), now)
        self._held_up = ""

    def _idle(self) -> None:
        """Wait for a hint, the next scan, or a signal."""
        assert self._watch is not None
        if self._settings.discovers and self._due("discover", DISCOVER_EVERY_S):
            self._discover()
        self._watch.tend()
        self._trouble = tuple(self._watch.problems())
        self._writer.checkpoint_wal()
        began = time.monotonic()
        until = began + min(HEARTBEAT_S, self._ingester.rest_s)
        while not self._stop() and (left := until - time.monotonic()) > 0:
            if self._watch.wait(min(SLICE_S, left)):
                break
        if not self._stop():
            time.sleep(max(0.0, min(QUIET_S, began + QUIET_S - time.monotonic())))

    def _pause(self, why: str, seconds: float) -> None:
        """Say why nothing is stored at the moment, and wait. That is no hang: to be started anew would not help."""
        self._held_up = why
        say(f"tokenmon: paused: {why}; trying again in {seconds:g} s")
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop():
            self._keep_lock()
            self._manager.alive(f"paused: {why}")
            time.sleep(min(0.2, seconds))

    def _due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._next[what]:
            return False
        self._next[what] = now + every
        return True

    # prices and paths

    def _reprice_start(self) -> int | None:
        """Where to begin pricing again: nowhere when the price book is the one the events were priced with."""
        known = self._writer.get_meta("prices")
        if known == self._book.fingerprint:
            return None
        if known is None:
            self._remember_prices()
            return None
        return -(1 << 62)

    def _remember_prices(self) -> None:
        self._writer.set_meta(
            prices=self._book.fingerprint, prices_version=self._book.version, prices_date=self._book.date
        )

    def _paths(self, given: Sequence[str]) -> list[str]:
        """The paths to read: those given, else those the database remembers."""
        paths = list(given) or self._writer.paths()
        self._remember(paths, self._usual())
        return paths

    def _usual(self) -> list[Place]:
        """The usual places that are there now."""
        return found_places(os.environ, Path.home(), looked_for(self._settings))

    def _remember(self, paths: Sequence[str], usual: Sequence[Place]) -> None:
        self._writer.remember_paths(sorted({*self._writer.paths(), *paths}))
        self._writer.remember_places([(place.label, str(place.path)) for place in usual if str(place.path) in paths])

    def _discover(self) -> None:
        """Read places that appeared, too."""
        assert self._watch is not None
        usual = self._usual()
        new = dict.fromkeys(str(place.path) for place in usual if str(place.path) not in self.paths)
        if not new:
            return
        self.paths += new
        self._remember(self.paths, usual)
        for path in new:
            self._ingester.read_also(path)
        self._watch.close()
        self._watch = Watch(self.paths, is_wanted=self._is_told_of)

    def _look_again(self) -> None:
        """Read what nobody claimed from its start once there are other dialects or formats than before."""
        dialects = fingerprint(self._settings)
        if self._writer.get_meta("dialects") != dialects:
            self._writer.forget_unclaimed()
            self._writer.set_meta(dialects=dialects)


@contextmanager
def _troubles_named(database: Path) -> Iterator[None]:
    """Errors of SQLite before the first batch, when there is nothing yet to pause."""
    try:
        with damage_is_named(database):
            yield
    except sqlite3.OperationalError as error:
        raise cannot_write(database, error) from error


def _mounts() -> str:
    """What is mounted where; empty on systems that do not tell."""
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _take_lock(database: Path, wait: bool, stop: Callable[[], bool], manager: Manager) -> Lock:
    """The lock; with `wait` as soon as it is free. Raises LockHeld, also when asked to stop while waiting."""
    told = -TELL_WAITING_S
    while True:
        try:
            return Lock.take(database, wait=False)
        except LockHeld as held:
            if not wait or stop():
                raise
            manager.alive(sanitise(f"waiting: {held}"))
            if time.monotonic() - told >= TELL_WAITING_S:
                told = time.monotonic()
                say(f"{held.line()}; waiting for it")
        time.sleep(LOCK_POLL_S)
