"""The demo's logs grow while the screen is up, and nothing is left when it is gone, however it goes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Tick

import pytest

from tokenmon.sample import demo
from tokenmon.settings import Settings

PATIENCE = 20.0
"""Seconds until a test gives up."""


def size(paths: Sequence[str]) -> int:
    return sum(path.stat().st_size for name in paths for path in Path(name).rglob("*.jsonl"))


def wait_until_it_grows(paths: Sequence[str]) -> None:
    before, tick = size(paths), Tick()
    for _ in range(int(PATIENCE / 0.02)):
        if size(paths) > before:
            return
        tick.wait(0.02)
    raise AssertionError("the logs do not grow")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_logs_grow_while_the_screen_is_up_and_are_gone_afterwards(temporary: Path) -> None:
    def screen(settings: Settings, database: Path, paths: Sequence[str]) -> int:
        assert (settings.paths, settings.db) == (tuple(paths), database)
        assert list(temporary.iterdir()) == [database.parent]
        wait_until_it_grows(paths)
        return 7

    assert demo.run(Settings(theme="dark"), screen) == 7
    assert list(temporary.iterdir()) == []


def test_nothing_is_left_when_the_screen_fails(temporary: Path) -> None:
    def screen(settings: Settings, database: Path, paths: Sequence[str]) -> int:
        raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        demo.run(Settings(), screen)
    assert list(temporary.iterdir()) == []


SCRIPT = """
import sys, threading
from tokenmon.sample import demo
from tokenmon.settings import Settings

def screen(settings, database, paths):
    print("up", flush=True)
    threading.Event().wait()

sys.exit(demo.run(Settings(), screen))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        child.send_signal(number)
        assert child.wait(PATIENCE) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_the_writer_stops_when_its_parent_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-m", "tokenmon.sample.demo", str(tmp_path)], stdin=subprocess.PIPE)
    wait_until_it_grows([str(tmp_path)])
    child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
