"""The only side that writes: plain `sqlite3`, synchronous, one transaction for everything that belongs together.

Events, roll-ups or dirty marks, new names, rejects and the offset of their source commit at once, so a crash at any
moment costs nothing and doubles nothing. After an error the transaction is gone, what was cached from it is read
again, and the writer can be used on: a full disk ends when there is room.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from tokenmon.alerts import Facts
from tokenmon.errors import NotOurDatabase
from tokenmon.events import Limit
from tokenmon.source import Checkpoint, Step, Totals
from tokenmon.store import alerts, allowances, facts, files, meta, retention, rollups, running
from tokenmon.store.batch import Outcome, store_events, store_notes
from tokenmon.store.damage import cannot_write, check_is_a_file, damaged, named
from tokenmon.store.echoes import silence
from tokenmon.store.migrations import migrate, number, transaction
from tokenmon.store.names import SeriesIds
from tokenmon.store.reprice import Price, Repricing
from tokenmon.store.requests import Requests
from tokenmon.store.rows import SERIES, SOURCE, Narrowed, Narrower
from tokenmon.store.schema import HOUR, MAX_SERIES, STEP
from tokenmon.store.sessions import Sessions
from tokenmon.store.sources import Sources, count_doubts
from tokenmon.text import sanitise
from tokenmon.view import Window

OPENING_BUSY_S = 5.0
"""How long a start waits for somebody else's transaction; nobody else should have one."""
BUSY_MS = 1_000
"""How long a transaction waits later on: whoever commits tries again by itself, and meanwhile hears no signal."""

_time_of, _source_of = itemgetter(0), itemgetter(SOURCE)


@dataclass(frozen=True)
class Committed:
    """What became of a batch."""

    checkpoints: tuple[Checkpoint, ...]
    """The next checkpoint of each step, with its source's id."""
    events: int
    """Calls stored for the first time."""
    duplicates: int
    """Events already known, and copies of a rewritten call, whichever of them stays."""
    expired: int
    """Events older than the watermark."""
    refused: int
    """Events that the database cannot hold; kept as rejects."""


class Writer:
    """The writing connection. Whoever opens one holds the `Lock`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, group: str, max_series: int, host: str) -> None:
        self.path = path
        self._connection = connection
        self._file = os.stat(path)
        self._group = group
        self._series = SeriesIds(connection, max_series, host)
        self._sessions = Sessions(connection)
        self._requests = Requests(connection)
        self._sources = Sources(connection)
        self._stale = False
        self._moved = False
        self._log = os.stat(self.log)  # is there, as something was read

    @property
    def log(self) -> str:
        """SQLite's write-ahead log."""
        return f"{self.path}-wal"

    @classmethod
    def open(cls, path: Path, *, group: str = "", max_series: int = MAX_SERIES, host: str = "") -> "Writer":
        """Open the database, making or migrating it.

        `group` names a unix group that may read it; `host` is where events happened whose log does not say.
        """
        files.create_directory(path.parent)
        check_is_a_file(path)
        files.create_file(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=OPENING_BUSY_S)
        try:
            migrate(connection)
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            if group:
                files.let_group_read(path, group)
            return cls(path, connection, group, max_series, host)
        except NotOurDatabase as error:
            connection.close()
            raise named(path, error) from error
        except sqlite3.OperationalError as error:
            connection.close()
            raise cannot_write(path, error) from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise damaged(path, error) from error
        except BaseException:
            connection.close()
            raise

    # -- what ingest asks for

    def checkpoints(self) -> list[Checkpoint]:
        """Every source as it was last stored. Reload them after any error."""
        return self._sources.checkpoints()

    def totals(self, dialect: str, call_id: str) -> Totals:
        """The largest running totals that are stored of one id; zeros where none are."""
        return running.totals_of(self._connection, dialect, call_id)

    def commit(self, steps: Sequence[Step], *, backlog: int, now_ms: int, live: bool) -> Committed:
        """Store a batch in one transaction. `live` adds to the roll-ups, otherwise hours are marked dirty.

        `backlog` is how many bytes are known to be unread. Raises SteppedDown if somebody else moved a source.
        """
        self._sessions.trim()
        with self._transaction():
            checkpoints = self._sources.advance(steps, now_ms)
            batch = Narrowed()
            expired = self._narrow(steps, checkpoints, now_ms, batch)
            settled, still = self._settled_hour(), self._still()
            outcome = store_events(self._connection, batch.plain, batch.rewritten, self._watermark())
            outcome.refused += batch.refused
            self._keep_details(batch, outcome)
            if self._series.has_echoes:
                silence(self._connection, batch, outcome, self._watermark())
            running.keep(self._connection, steps)
            self._sessions.change(outcome.added, outcome.removed, seen=batch.rewritten)
            touched = self._roll_up(outcome, live)
            self._account(steps, checkpoints, expired, outcome, now_ms)
            allowances.remember(self._connection, (limit for step in steps for limit in step.limits))
            self._raise_overflows(now_ms)
            widened = rollups.hours_of(batch.rewritten)  # sessions, also by copies that were not stored
            # Also where the newest event gave way: what then comes up to where it stood is behind what viewers keep.
            older = settled is not None and min({*touched, *widened, self._settled_hour() or 0}) < settled
            recent = still is not None and min(outcome.oldest, self._still() or 0) < still
            self._note_facts(backlog, max(now_ms // HOUR, settled or 0), older=older, recent=recent)
        self._sources.committed()
        return _committed(steps, checkpoints, sum(expired), outcome)

    def rebuild(self, seconds: float) -> int:
        """Rebuild dirty hours, oldest first, until the time is used; returns how many are left."""
        left = rollups.rebuild(self._connection, seconds, start=self._watermark() // HOUR)
        if not left and self._moved:
            with self._transaction():
                self._series.forget_unused()
            self._moved = False
        return left

    def newest(self) -> int | None:
        """The time of the newest event, UTC milliseconds; None where there is none."""
        newest: int | None = self._connection.execute("SELECT max(ts) FROM event").fetchone()[0]
        return newest

    def prune(self, watermark_ms: int, seconds: float) -> bool:
        """Drop events older than the watermark's hour until the time is used; True when none is left."""
        return retention.prune(self._connection, watermark_ms, seconds)

    def reprice(self, price: Price, seconds: float, cursor: int | None) -> int | None:
        """Price stored events again, from `cursor` (None: the first) until the time is used; the next cursor."""
        self._refresh()
        self._moved = True
        try:
            return Repricing(self._connection, self._series, self._sessions, price).run(seconds, cursor)
        except BaseException:
            self._stale = True
            raise

    # -- facts

    def set_meta(self, **values: str | int) -> None:
        """Write facts about the database; unchanged ones write nothing."""
        if any(meta.get(self._connection, name) != value for name, value in values.items()):
            with self._transaction():
                meta.put(self._connection, values)

    def get_meta(self, name: str) -> str | int | None:
        """A fact about the database, None where it was never written."""
        return meta.get(self._connection, name)

    def remember_paths(self, paths: Sequence[str]) -> None:
        """Keep which paths this database is about, in order, each once."""
        self.set_meta(paths=json.dumps(list(dict.fromkeys(paths))))

    def paths(self) -> list[str]:
        """The paths that this database is about."""
        stored = self.get_meta("paths")
        return [str(path) for path in json.loads(stored)] if isinstance(stored, str) else []

    def remember_places(self, places: Sequence[tuple[str, str]]) -> None:
        """Keep the directories that were found on this machine: label and path."""
        self.set_meta(places=json.dumps(list(places)))

    def places(self) -> list[tuple[str, str]]:
        """The directories that were found on this machine: label and path."""
        stored = self.get_meta("places")
        return [(str(label), str(path)) for label, path in json.loads(stored)] if isinstance(stored, str) else []

    def forget_unclaimed(self) -> None:
        """Read sources that no dialect claimed from their start again. Reload the checkpoints after it."""
        with self._transaction():
            self._sources.forget_unclaimed()

    def forget_gone(self) -> None:
        """Drop sources that are gone for long and have no events, beyond a number that is kept. For a start: whoever
        has their checkpoints must not use them any more.
        """
        watermark = self._watermark()
        row = self._connection.execute("SELECT ts FROM event ORDER BY ts LIMIT 1").fetchone()
        if row is None or row[0] >= watermark:  # what is to be pruned is pruned
            with self._transaction():
                self._sources.forget_gone(watermark)

    def facts(self) -> Facts:
        """What the alert rules look at."""
        return facts.facts(self._connection)

    def spent(self, window: Window) -> int:
        """The shown costs in a window as far as they are known, nano-USD; while hours are dirty it lags behind."""
        return facts.spent(self._connection, window)

    def limits(self) -> list[Limit]:
        """The newest news of each official limit."""
        return [allowances.limit_of(row) for row in self._connection.execute(allowances.QUESTION)]

    def set_alerts(self, firing: Sequence[alerts.Alert], now_ms: int) -> None:
        """Store the alerts that hold now; those stored before and not among them are fine again."""
        with self._transaction():
            alerts.sweep(self._connection, firing, now_ms)

    # -- upkeep

    def search_index_is_sound(self) -> bool:
        """Compare the search index with the names; SQLite's own integrity check does not."""
        try:
            self._connection.execute("INSERT INTO series_fts(series_fts, rank) VALUES ('integrity-check', 1)")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return False
        return True

    def rebuild_search_index(self) -> None:
        """Make the search index anew from the names."""
        with self._transaction():
            self._connection.execute("INSERT INTO series_fts(series_fts) VALUES ('rebuild')")

    def is_still_there(self) -> bool:
        """Whether the path still leads to the open file: SQLite writes into a deleted one without a word."""
        return files.leads_to(self.path, self._file)

    def has_its_log(self) -> bool:
        """The same of the log, in which readers would miss what is not written back yet."""
        return files.leads_to(self.log, self._log)

    def checkpoint_wal(self) -> int:
        """Move what is in the log into the database, as far as readers allow, without waiting for them.

        Returns how many bytes they keep in the log.
        """
        _, pages, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages - moved) * number(self._connection, "page_size")

    def close(self) -> None:
        """Close the connection; the last one to leave takes the log with it.

        A group that may read could not make a new log, and without one SQLite reads nothing. So it is left there,
        with nothing in it: a connection that cannot write leaves last.
        """
        if not self._group:
            self._connection.close()
            return
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as last:
            last.execute("SELECT count(*) FROM meta").fetchone()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.close()

    # -- the parts of a commit

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._refresh()
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            self._stale = True
            raise

    def _refresh(self) -> None:
        """Forget ids that went away with a transaction."""
        if self._stale:
            for part in (self._series, self._sessions, self._requests):
                part.load()
            self._stale = False

    def _watermark(self) -> int:
        return meta.get_int(self._connection, "watermark")

    def _newest_hour(self) -> int | None:
        newest = self.newest()
        return None if newest is None else newest // HOUR

    def _settled_hour(self) -> int | None:
        """Before it, viewers keep what they know until `history` grows."""
        newest, front = self._newest_hour(), meta.get(self._connection, "front")
        return min(newest, front // HOUR) if newest is not None and isinstance(front, int) else newest

    def _still(self) -> int | None:
        """Before it, viewers keep what they know until `recent` grows, milliseconds."""
        newest = self.newest()
        return None if newest is None else newest // STEP * STEP

    def _narrow(
        self, steps: Sequence[Step], checkpoints: Sequence[Checkpoint], now_ms: int, batch: Narrowed
    ) -> list[int]:
        """Make rows of all events; returns the number of expired ones by step."""
        narrower = Narrower(self._series, self._sessions.ids, self._sessions.resolve)
        watermark = self._watermark()
        return [
            narrower.narrow(step.rows, checkpoint.id, watermark, now_ms, batch)
            for step, checkpoint in zip(steps, checkpoints, strict=True)
        ]

    def _keep_details(self, batch: Narrowed, outcome: Outcome) -> None:
        """Notes and request ids of what was really stored."""
        requests, notes = batch.requests, batch.notes
        if not requests and not notes:
            return
        if batch.rewritten or len(outcome.added) != len(batch.plain):
            stored = {row[:2] for row in outcome.added}
            notes = [note for note in notes if note[:2] in stored]
            stored -= {row[:2] for row in outcome.removed}  # the request of a replaced row is known already
            stored |= outcome.replayed  # of their requests, too, nobody else's account counts
            requests = [request for request in requests if request[1:] in stored]
        self._requests.add(requests)
        store_notes(self._connection, notes)

    def _roll_up(self, outcome: Outcome, live: bool) -> set[int]:
        """Bring the roll-ups forward or mark what has to be; returns the hours touched."""
        gone = rollups.hours_of(outcome.removed)
        touched = rollups.hours_of(outcome.added) | gone
        if live:
            rollups.mark(self._connection, gone)
            rollups.add(self._connection, outcome.added, rollups.dirty_among(self._connection, touched))
        else:
            rollups.mark(self._connection, touched)
        return touched

    def _account(
        self,
        steps: Sequence[Step],
        checkpoints: Sequence[Checkpoint],
        expired: Sequence[int],
        outcome: Outcome,
        now_ms: int,
    ) -> None:
        """Tallies, rejects and what Health shows, by source."""
        added, removed = (Counter(map(_source_of, rows)) for rows in (outcome.added, outcome.removed))
        refused = Counter(source for source, _, _ in outcome.refused)
        rejects = [(source, offset, 0, reason) for source, offset, reason in outcome.refused]
        tallies = [(-n, n, 0, 0, 0, 0, 0, 0, 0, source) for source, n in removed.items()]
        tallies += [(n, -n, 0, 0, 0, 0, 0, 0, 0, source) for source, n in added.items()]
        tallies += [(0, -n, 0, n, 0, 0, 0, 0, 0, source) for source, n in refused.items()]
        for step, checkpoint, old in zip(steps, checkpoints, expired, strict=True):
            tally, source = step.tally, checkpoint.id
            given = len(step.rows) - old
            counted = (tally.skipped, tally.rejects, old, tally.disagrees, tally.lost_bytes)
            tallies.append((0, given, *counted, tally.unclaimed, tally.lookalikes, source))
            rejects += [(source, line.offset, line.length, line.reason) for line in step.rejects]
            self._sources.note(source, step)
        self._sources.tally(tallies)
        reasons = Counter((source, reason) for source, _, reason in outcome.refused)
        for step, checkpoint in zip(steps, checkpoints, strict=True):
            reasons.update({(checkpoint.id, reason): n for reason, n in step.reasons.items()})
        self._sources.count_reasons(reasons)
        count_doubts(self._connection, self._doubts(outcome))
        self._sources.reject(rejects, now_ms)
        self._sources.saw({row[SOURCE]: row[0] for row in sorted(outcome.added, key=_time_of)}.items())

    def _doubts(self, outcome: Outcome) -> Counter[tuple[int, str]]:
        """How many calls more may be doubted, by source and name."""
        changed: Counter[tuple[int, str]] = Counter()
        doubtful = self._series.doubtful
        if doubtful:
            for rows, sign in ((outcome.added, 1), (outcome.removed, -1)):
                found = Counter((row[SOURCE], row[SERIES]) for row in rows if row[SERIES] in doubtful)
                for (source, series), n in found.items():
                    for name in doubtful[series]:
                        changed[source, name] += sign * n
        return changed

    def _raise_overflows(self, now_ms: int) -> None:
        for (field, source), count in self._series.overflows.items():
            alerts.overflowed(self._connection, field, sanitise(self._sources.path(source)), count, now_ms)
        self._series.overflows.clear()

    def _note_facts(self, backlog: int, present: int, *, older: bool, recent: bool) -> None:
        """`present` is the hour of the clock, or the settled one where that is ahead."""
        facts: dict[str, str | int] = {"backlog": backlog}
        if older:
            facts["history"] = meta.get_int(self._connection, "history") + 1
        elif recent:
            facts["recent"] = meta.get_int(self._connection, "recent") + 1
        front, newest = meta.get_int(self._connection, "front"), self._newest_hour()
        # An event of the future would settle the present hour, and every commit change what is settled. Once there is
        # a front it only moves on, as what viewers keep of before it must stay right.
        if front or (newest is not None and newest > present + 1):
            facts["front"] = max(front, present * HOUR)
        meta.put(self._connection, facts)


def _committed(steps: Sequence[Step], checkpoints: Sequence[Checkpoint], expired: int, outcome: Outcome) -> Committed:
    stored = max(0, len(outcome.added) - len(outcome.removed))
    given = sum(len(step.rows) for step in steps) - expired - len(outcome.refused)
    return Committed(tuple(checkpoints), stored, given - stored, expired, len(outcome.refused))
