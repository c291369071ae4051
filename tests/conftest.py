"""What cannot run here is left out, and said: a test that needs tmux never passes by being skipped in silence."""

import pytest

from tests.ui.tmux import is_installed

collect_ignore = [] if is_installed() else ["ui/test_tmux.py", "ui/test_copying.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines of a run."""
    for path in collect_ignore:
        terminalreporter.write_line(f"tests/{path} was left out: it needs tmux")
