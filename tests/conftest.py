"""What cannot run here is left out, and said: a test that needs a tool never passes by being skipped in silence."""

import os
import shutil

import pytest

from tests.command import cache_home, price_cache
from tokenmon.pricing import open_book

NEEDS = {"tmux": ("ui/test_tmux.py", "ui/test_copying.py"), "systemd-analyze": ("service/test_verifier.py",)}
MISSING = [name for name in NEEDS if shutil.which(name) is None]

collect_ignore = [path for name in MISSING for path in NEEDS[name]]


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as processors: half of the time, tests of screens and processes wait for something."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_configure(config: pytest.Config) -> None:
    """No test touches the user's own cache; where several processes run tests, the first fills theirs for all."""
    os.environ["XDG_CACHE_HOME"] = cache_home()
    if config.getoption("numprocesses", None):
        open_book(None, price_cache())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines of a run."""
    for name in MISSING:
        for path in NEEDS[name]:
            terminalreporter.write_line(f"tests/{path} was left out: it needs {name}")
