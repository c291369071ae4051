"""The screen in a real terminal: it is left in order however it ends, shows the same at every size and in every theme
whatever was shown before, and nothing in a log reaches the terminal but as text."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.ui.emulator import BEGIN, END, Style
from tests.ui.terminal import Terminal, colours_of, started, terminal
from tokenmon.store.lock import holder


def in_order(sent: bytes) -> bool:
    """Whether the last bytes leave the alternate screen, show the cursor, wrap lines, and give mouse and paste back."""
    modes = {b"1049": b"l", b"25": b"h", b"7": b"h"} | dict.fromkeys(
        (b"1000", b"1003", b"1004", b"1006", b"2004"), b"l"
    )
    last = {mode: sent[sent.rfind(b"\x1b[?" + mode) :][len(mode) + 3 :][:1] for mode in modes}
    return last == modes


def test_q_leaves_the_terminal_in_order(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.shows("claude-sonnet-4-5")
        window.type(b"q")
        assert window.end() == 0
        assert in_order(window.sent)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_fault_093_a_signal_leaves_the_terminal_in_order_and_no_process_behind(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with terminal(tmp_path) as window:
        before = window.attributes
        window.shows("claude-sonnet-4-5")
        window.until(lambda: holder(tmp_path / "state" / "usage.db") is not None)
        os.kill(window.pid, number)
        assert window.end() == code
        assert in_order(window.sent)
        assert window.attributes == before
        assert holder(tmp_path / "state" / "usage.db") is None


@pytest.mark.parametrize("through", [(), ("/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh")], ids=["told", "not told"])
def test_fault_095_it_ends_with_its_terminal(tmp_path: Path, through: tuple[str, ...]) -> None:
    """Also where nobody tells it, because the signal is ignored: it must not read the end of the line for ever."""
    with terminal(tmp_path, through=through) as window:
        window.ready()
        before = window.spent
        assert window.hang_up() == 129
        assert window.spent - before < 3
        assert holder(tmp_path / "state" / "usage.db") is None


def test_it_ends_with_a_terminal_that_has_not_answered(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="auto") as window:
        window.shows("claude-sonnet-4-5")
        assert window.hang_up() == 129


def test_its_ingester_ends_with_it(tmp_path: Path) -> None:
    database = tmp_path / "state" / "usage.db"
    with terminal(tmp_path) as window:
        window.shows("claude-sonnet-4-5")
        window.until(lambda: holder(database) is not None)
        window.type(b"q")
        assert window.end() == 0
        assert holder(database) is None


def test_a_line_appended_to_a_log_is_on_the_screen(tmp_path: Path) -> None:
    database = tmp_path / "state" / "usage.db"
    with terminal(tmp_path) as window:
        window.shows("claude-sonnet-4-5")
        window.type(b"2")
        window.shows("prod-api")
        line: dict[str, object] = {
            "ts": "2025-11-21T14:40:00Z",
            "integration": "x",
            "provider": "openai",
            "model": "gpt-5",
        }
        line |= {"prompt_tokens": 10, "completion_tokens": 10, "api_key_name": "newcomer"}
        (tmp_path / "logs" / "usage.jsonl").write_text(json.dumps(line) + "\n")
        window.shows("newcomer")
        window.type(b"q")
        assert window.end() == 0
        assert holder(database) is None


def test_without_colour_no_colour_is_sent_and_the_screen_is_not_blank(tmp_path: Path) -> None:
    with terminal(tmp_path, NO_COLOR="1") as window:
        window.shows("claude-sonnet-4-5")
        window.type(b"4")
        window.shows("cost by model")
        window.until(lambda: style(window, "4 Timeline") == BOLD_REVERSE)
        assert 7 not in style(window, "1 Summary").attributes
        window.type(b"q")
        window.end()
        assert not colours_of(window.sent)


def test_the_ansi_theme_sends_no_colours_of_its_own(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="ansi") as window:
        window.shows("claude-sonnet-4-5")
        window.type(b"2")
        window.shows("prod-api")
        window.settle()
        window.type(b"q")
        window.end()
        assert b"38;2;" not in window.sent
        assert b"48;2;" not in window.sent


BOLD_REVERSE = Style(frozenset({1, 7}))


def style(window: Terminal, words: str) -> Style:
    """What the first character of some words is painted with."""
    row = next(number for number, line in enumerate(window.screen.lines) if words in line)
    return window.screen.cells[row][window.screen.lines[row].index(words)].style


SIZES = ((80, 24), (200, 60), (60, 16))


def every_panel(window: Terminal) -> dict[bytes, list[str]]:
    """What each panel shows, by its key."""
    shown = {}
    for key, words in {b"4": "cost by model", b"5": "TIME ", b"1": "Top models"}.items():
        window.type(key)
        window.shows(words)
        window.settle(0.7)
        shown[key] = window.screen.lines
    return shown


def test_resized_it_shows_what_a_fresh_start_shows(tmp_path: Path) -> None:
    fresh = {}
    for size in SIZES:
        with terminal(tmp_path, size=size) as window:
            window.ready()
            fresh[size] = every_panel(window)
            window.type(b"q")
            window.end()
    with terminal(tmp_path, size=(120, 40)) as window:
        window.ready()
        for key in fresh[SIZES[0]]:
            window.type(key)
            for size in SIZES:
                window.resize(*size)
                window.until(lambda: window.screen.lines == fresh[size][key])  # noqa: B023
        window.type(b"q")
        window.end()


def test_a_window_that_is_too_small_is_used_again_when_it_grows(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        before = window.screen.lines
        window.resize(50, 14)
        window.shows("60x16")
        window.resize(80, 24)
        window.until(lambda: window.screen.lines == before)


def test_after_ctrl_l_the_whole_screen_is_sent_again(tmp_path: Path) -> None:
    """Something else wrote on the terminal."""
    with terminal(tmp_path) as window:
        window.ready()
        before = window.screen.lines
        window.screen.resize(80, 24)  # the picture is lost, and the process is not told
        window.type(b"\x0c")
        window.until(lambda: window.screen.lines == before)


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP], ids=["asked to stop", "stopped by force"])
def test_fault_098_stopped_and_continued_it_shows_the_same_and_takes_keys(tmp_path: Path, stop: signal.Signals) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        before, shell = window.screen.lines, len(window.sent)
        os.kill(window.pid, stop)
        os.waitpid(window.pid, os.WUNTRACED)
        window.settle()
        assert stop == signal.SIGSTOP or in_order(window.sent[shell:])
        window.screen.resize(80, 24)  # the shell wrote on the terminal
        os.kill(window.pid, signal.SIGCONT)
        window.until(lambda: window.screen.lines == before)
        window.type(b"2")
        window.shows("prod-api")
        window.type(b"q")
        assert window.end() == 0
        assert in_order(window.sent)


def test_a_terminal_that_tells_its_size_in_words_is_painted_anew(tmp_path: Path) -> None:
    def answers(sent: bytes) -> bytes:
        return b"\x1b[?2048;2$y" if b"\x1b[?2048$p" in sent else b""

    with terminal(tmp_path, size=(100, 30), answers=answers) as window:
        window.ready()
        assert "2048" in window.screen.modes
        window.screen.resize(80, 24)  # no signal tells of it, as through a relay
        window.type(b"\x1b[48;24;80;480;800t")
        window.until(lambda: "q quit" in window.screen.lines[-1] and "????" not in window.screen.text)


def test_a_character_may_come_byte_by_byte(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        window.type(b"/")
        for byte in "日ü".encode():
            window.type(bytes([byte]))
            window.read(0.15)
        window.shows("日ü")
        window.type(b"\r")
        window.settle()
        window.type(b"q")
        assert window.end() == 0


def test_a_frame_that_changes_something_is_wrapped_in_one_synchronised_update(tmp_path: Path) -> None:
    def answers(sent: bytes) -> bytes:
        return b"\x1b[?2026;1$y" if b"\x1b[?2026$p" in sent else b""

    with terminal(tmp_path, answers=answers) as window:
        window.shows("claude-sonnet-4-5")
        for key in (b"2", b"j", b"4", b"?"):
            window.type(key)
            window.settle()
        sent = window.sent[window.sent.index(BEGIN) :]
        frames = sent.split(BEGIN)[1:]
        assert len(frames) >= 5
        for frame in frames:
            content, end, rest = frame.partition(END)
            assert end, "a frame that never ends"
            assert content, "a frame without a change"
            assert not re.search(rb"\x1b\[[\d;]*[Hm]", rest), "something is painted outside of a frame"


def test_256_colours_are_used_where_the_terminal_has_no_more(tmp_path: Path) -> None:
    with terminal(tmp_path, COLORTERM="") as window:
        window.shows("claude-sonnet-4-5")
        window.type(b"4")
        window.shows("cost by model")
        window.settle()
        window.type(b"q")
        window.end()
        assert b"38;5;" in window.sent
        assert b"38;2;" not in window.sent
        assert b"48;2;" not in window.sent


def test_ascii_sends_nothing_else_but_names_from_the_logs(tmp_path: Path) -> None:
    with terminal(tmp_path, ascii_only=True) as window:
        window.shows("claude-sonnet-4-5")
        for key in (b"2", b"3", b"4", b"5", b"6", b"?", b"\x1b"):
            window.type(key)
            window.settle(0.3)
        window.type(b"q")
        window.end()
        assert {character for character in window.sent.decode() if not character.isascii()} <= set("日本")


@pytest.mark.parametrize(
    ("command", "term"),
    [
        ('"$@"', "dumb"),
        ('unset TERM; "$@"', ""),
        ('"$@" </dev/null', "xterm-256color"),
        ('"$@" <&-', "xterm-256color"),
        ('"$@" 2>&-', "xterm-256color"),
        ('"$@" | cat', "xterm-256color"),
    ],
    ids=["dumb", "unnamed", "no input", "input closed", "stderr closed", "piped"],
)
def test_fault_096_without_a_terminal_there_is_a_report_and_no_escape_sequence(
    tmp_path: Path, command: str, term: str
) -> None:
    log = tmp_path / "usage.jsonl"
    call = {"ts": "2025-11-21T14:40:00Z", "integration": "x", "provider": "openai", "model": "gpt-5"}
    log.write_text(json.dumps({**call, "prompt_tokens": 10, "completion_tokens": 10}) + "\n")
    tokenmon = [sys.executable, "-m", "tokenmon", str(log)]
    home = str(tmp_path)
    words = ["/bin/sh", "-c", command, "sh", *tokenmon]
    with started(words, TERM=term, HOME=home, XDG_STATE_HOME=home, XDG_CONFIG_HOME=home) as window:
        assert window.end() == 0
        assert b"\x1b" not in window.sent
        assert b"2025-11-21" in window.sent
