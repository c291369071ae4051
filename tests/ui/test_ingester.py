"""Somebody always ingests while a screen is open; what keeps it from happening is said."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.terminal import PATIENCE
from tokenmon.cli.target import find_target
from tokenmon.settings import Settings
from tokenmon.store.lock import Lock, holder
from tokenmon.store.remembered import remembered_paths
from tokenmon.ui.ingester import Ingester
from tokenmon.ui.memory import Memory


def wait(ingester: Ingester, holds: Callable[[], bool]) -> None:
    """Check as the screen does, until something holds."""
    until = time.monotonic() + PATIENCE
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


def test_a_child_is_told_no_paths_where_they_were_found_so_that_it_finds_those_that_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".claude/projects").mkdir(parents=True)
    target = find_target(Settings(), os.environ, tmp_path)
    assert target.settings.discovers
    ingester = Ingester(target.database, target.settings.paths, target.settings)
    try:
        wait(ingester, lambda: ingester.pid is not None and remembered_paths(target.database) != ())
    finally:
        ingester.stop()
    assert remembered_paths(target.database) == (str(tmp_path / ".claude/projects"),)


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
        assert not ingester.trouble.startswith("tokenmon")
    finally:
        ingester.stop()


def test_choices_are_kept_for_the_user_and_ranges_for_their_database(tmp_path: Path) -> None:
    file = tmp_path / "state" / "screen.json"
    first, second = Memory(file, tmp_path / "a.db"), Memory(file, tmp_path / "b.db")
    first.put("range", "mon..")
    first.put("keys.sort", "requests")
    second.put("theme", "light")
    again = Memory(file, tmp_path / "a.db")
    assert (again.get("range"), again.get("keys.sort"), again.get("theme")) == ("mon..", "requests", "light")
    assert again.get("keys.sort", among=("cost", "name")) == ""
    assert Memory(file, tmp_path / "b.db").get("range") == ""
    assert [path.name for path in file.parent.iterdir()] == ["screen.json"]


@pytest.mark.parametrize("damage", ["{", "[]", '{"": 7}', '{"": {"range": 7}}', '{"": {"theme": "' + "x" * 500 + '"}}'])
def test_damaged_choices_are_forgotten(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "screen.json"
    file.write_text(damage)
    memory = Memory(file, tmp_path / "a.db")
    assert (memory.get("range"), memory.get("theme")) == ("", "")
    memory.put("range", "7d")
    assert Memory(file, tmp_path / "a.db").get("range") == "7d"
