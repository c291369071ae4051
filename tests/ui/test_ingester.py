"""Somebody always ingests while a screen is open; what keeps it from happening is said."""

import time
from collections.abc import Callable
from pathlib import Path

from tokenmon.settings import Settings
from tokenmon.store.lock import Lock, holder
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.remembered import read_range, write_range


def wait(ingester: Ingester, holds: Callable[[], bool]) -> None:
    """Check as the screen does, until something holds."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        ingester.check()
        time.sleep(0.05)


def test_a_child_is_started_when_nobody_ingests_and_ends_when_it_is_stopped(tmp_path: Path) -> None:
    database, logs = tmp_path / "state" / "a.db", tmp_path / "logs"
    logs.mkdir()
    ingester = Ingester(database, [str(logs)], Settings())
    try:
        wait(ingester, lambda: ingester.pid is not None)
        assert ingester.at_work
        assert database.exists()
    finally:
        ingester.stop()
    assert holder(database) is None


def test_no_child_is_started_while_somebody_ingests(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    lock = Lock.take(database, wait=False)
    ingester = Ingester(database, [str(tmp_path)], Settings())
    ingester.check()
    lock.release()
    assert ingester.pid is not None
    ingester.stop()
    assert not database.exists(), "a child would have made it"


def test_why_a_child_ended_is_said(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    database.write_bytes(b"not a database at all" * 100)
    ingester = Ingester(database, [str(tmp_path)], Settings())
    try:
        wait(ingester, lambda: bool(ingester.trouble))
        assert "a.db" in ingester.trouble
    finally:
        ingester.stop()


def test_a_range_is_remembered_and_damage_is_forgotten(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    assert read_range(database) == ""
    write_range(database, "7d")
    assert read_range(database) == "7d"
    (tmp_path / "a.db.screen").write_text("{")
    assert read_range(database) == ""
    write_range(tmp_path / "missing" / "a.db", "7d")
