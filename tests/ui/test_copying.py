"""What is copied arrives: the terminal is sent it, and tmux, told to take it, has it in a buffer."""

from pathlib import Path

import pytest

from tests.ui.terminal import terminal
from tests.ui.tmux import screen_in_tmux


@pytest.mark.parametrize(("panel", "moves", "name"), [("2", 1, "agents-ci"), ("3", 0, "claude-sonnet-4-5")])
def test_y_copies_the_name_of_the_row_under_the_cursor(tmp_path: Path, panel: str, moves: int, name: str) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        window.type(panel.encode())
        window.shows(name)
        window.type(b"j" * moves)
        window.settle()
        window.type(b"y")
        window.until(lambda: bool(window.screen.copied))
        assert window.screen.copied == [name]
        window.type(b"q")
        assert window.end() == 0


def test_what_y_copies_is_in_the_buffer_of_tmux(tmp_path: Path) -> None:
    with screen_in_tmux(tmp_path) as tmux:
        tmux.shows("claude-sonnet-4-5")
        tmux.type("2")
        tmux.shows("agents-ci", "SHARE")
        tmux.type("j")
        tmux.type("y")
        tmux.until(lambda lines: "agents-ci" in tmux.copied)
        assert tmux.copied == "agents-ci"
