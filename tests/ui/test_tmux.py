"""In a real tmux the screen shows what it shows elsewhere, at any size, and asks it for its background in vain."""

from pathlib import Path

from tests.ui.terminal import terminal
from tests.ui.tmux import Tmux, screen_in_tmux

SIZES = ((80, 24), (200, 60))


def settled(tmux: Tmux) -> list[str]:
    """What is shown once the ingester has looked at everything."""
    gone = ("6 Health ▲", " ingests")  # that of the screen before may still be about to end
    return tmux.until(
        lambda lines: "claude-sonnet-4-5" in "\n".join(lines) and not any(word in "\n".join(lines) for word in gone)
    )


def test_resized_it_shows_what_a_fresh_start_shows(tmp_path: Path) -> None:
    fresh = {}
    for size in SIZES:
        with screen_in_tmux(tmp_path, size) as tmux:
            settled(tmux)
            tmux.type("4")
            tmux.shows("cost by model", "Other (")
            fresh[size] = tmux.settled()
    with screen_in_tmux(tmp_path, (120, 40)) as tmux:
        settled(tmux)
        tmux.type("4")
        tmux.shows("cost by model")
        for size in SIZES:
            tmux.resize(*size)
            tmux.until(lambda lines: lines == fresh[size])  # noqa: B023


def test_it_shows_what_the_tests_emulator_shows(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        expected = window.screen.lines
        window.type(b"q")
        window.end()
    with screen_in_tmux(tmp_path) as tmux:
        tmux.until(lambda lines: lines == expected)


def test_the_background_is_asked_for_without_a_trace(tmp_path: Path) -> None:
    """Of the answers, none becomes a key, and keys still are."""
    with screen_in_tmux(tmp_path, theme="auto") as tmux:
        settled(tmux)
        tmux.type("2")
        shown = "\n".join(tmux.shows("prod-api", "SHARE"))
        assert "rgb:" not in shown
        assert "Everywhere" not in shown
