"""What cannot run here is left out, and said: a test that needs a tool never passes by being skipped in silence."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.command import cache_home, price_cache
from tokenmon.pricing import open_book

NEEDS = {"tmux": ("ui/test_tmux.py", "ui/test_copying.py"), "systemd-analyze": ("service/test_verifier.py",)}
MISSING = [name for name in NEEDS if shutil.which(name) is None]

collect_ignore = [path for name in MISSING for path in NEEDS[name]]


LONGEST = (
    *("test_terminal.py", "test_themes.py", "test_bytes.py", "test_hostile.py", "test_snapshots.py", "test_chrome.py"),
    *("test_tmux.py", "test_notify.py", "test_table.py", "test_writer_and_reader.py", "test_backup.py"),
)
"""They begin first, else at the end one process is busy with them while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays together; the others follow in their order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as processors: most of the time, tests of screens and processes wait for something."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """No test touches the user's own cache, and none fails because a machine is busy; where several processes run
    tests, the first makes the table of prices for all.
    """
    os.environ["XDG_CACHE_HOME"] = cache_home()
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")
    if config.getoption("numprocesses", None):
        open_book(None, price_cache())


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests, whose home others may not see."""
    for name in [name for name in os.environ if name.startswith(("XDG_", "TOKENMON_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", cache_home())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines of a run."""
    for name in MISSING:
        for path in NEEDS[name]:
            terminalreporter.write_line(f"tests/{path} was left out: it needs {name}")
