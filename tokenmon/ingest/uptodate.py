"""Before a report is printed its database is brought up to date: every file's offset reaches the size it had when the
question was asked, by the running ingester or by one of our own. After ten seconds without progress the report
prints what is there and says so.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenmon.dialects.chosen import known_dialects
from tokenmon.errors import CannotCreateDatabase, LockHeld, NoDatabase, SourceFailed
from tokenmon.ingest.kinds import Kinds
from tokenmon.ingest.pipeline import own_files
from tokenmon.ingest.service import Service
from tokenmon.settings import Settings
from tokenmon.store.lock import holder
from tokenmon.store.offsets import offsets
from tokenmon.tail import Roots

PATIENCE_S = 10.0
POLL_S = 0.05


def bring_up_to_date(settings: Settings, database: Path, paths: Sequence[str], progress: Callable[[str], None]) -> bool:
    """Ingest what `paths` hold now; `progress` is told in words. True when all of it is stored.

    Raises SourceFailed when our own ingester stored everything but what it could not read. Who may only read the
    database, as the group of a service may, has what its ingester stores.
    """
    try:
        service = Service(settings, database, paths, once=True, wait=False)
    except LockHeld:
        return _wait_for_the_other(settings, database, paths, progress)
    except CannotCreateDatabase:
        if not database.exists() or database.stat().st_size == 0:
            raise
        return holder(database) is not None and _wait_for_the_other(settings, database, paths, progress)
    with service:
        service.run(lambda done: progress(f"reading logs, {done.backlog:,} bytes to go") if done.backlog else None)
        failures = service.failures
    if failures:
        path, reason = next(iter(failures.items()))
        more = f", and {len(failures) - 1:,} more" if len(failures) > 1 else ""
        raise SourceFailed(f"cannot read {path}: {reason}{more}", "`tokenmon status` says which and why")
    return True


def _wait_for_the_other(
    settings: Settings, database: Path, paths: Sequence[str], progress: Callable[[str], None]
) -> bool:
    """Another process ingests: wait until it has stored what is there now."""
    wanted = _sizes(settings, database, paths)
    missing, patience = -1, time.monotonic() + PATIENCE_S
    while True:
        try:
            stored = offsets(database)
        except NoDatabase:
            stored = {}
        left = sum(max(0, size - stored.get(path, 0)) for path, size in wanted.items())
        if left == 0:
            return True
        if left != missing:
            missing, patience = left, time.monotonic() + PATIENCE_S
            progress(f"waiting for the running ingester, {left:,} bytes to go")
        elif time.monotonic() > patience:
            return False
        time.sleep(POLL_S)


def _sizes(settings: Settings, database: Path, paths: Sequence[str]) -> dict[str, int]:
    """Every log file below `paths` and its size now."""
    roots = Roots(
        [Path(path) for path in paths],
        exclude=own_files(database),
        entries_per_cycle=1_000_000,
        is_wanted=Kinds(known_dialects(settings)).is_wanted,
    )
    return {path: os.stat(path).st_size for path in roots.scan().found}
