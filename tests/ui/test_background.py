"""The terminal says whether it is light or dark; whatever it answers, and when, no key is lost and none is made up."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.terminal import Terminal, terminal
from tokenmon.ui.background import Sieve, is_light, theme_for

QUESTION = b"\x1b]11;?\x1b\\"
ATTRIBUTES = b"\x1b[?62;22c"
BLACK, WHITE = b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\", b"\x1b]11;rgb:fdfd/f6f6/e3e3\x07"


def answering(answer: bytes) -> Callable[[bytes], bytes]:
    """A terminal that answers at once."""
    return lambda sent: answer if QUESTION in sent else b""


def is_painted_light(window: Terminal) -> bool:
    """Whether the screen came up with the light theme."""
    window.shows("claude-sonnet-4-5")
    window.settle()
    return any(cell.style.background == (2, 255, 255, 255) for row in window.screen.cells for cell in row)


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        (WHITE + ATTRIBUTES, True),
        (BLACK + ATTRIBUTES, False),
        (ATTRIBUTES, False),
        (WHITE, True),
        (b"\x1b]11;who knows\x1b\\" + ATTRIBUTES, False),
        (WHITE[:14], False),
        (b"", False),
    ],
    ids=["light", "dark", "only attributes", "no attributes", "garbage", "partial", "never"],
)
def test_the_theme_fits_what_the_terminal_answers(tmp_path: Path, answer: bytes, light: bool) -> None:
    with terminal(tmp_path, theme="auto", answers=answering(answer)) as window:
        assert is_painted_light(window) is light
        assert window.sent.count(QUESTION) == 1


def test_what_is_typed_before_the_screen_is_there_is_not_lost(tmp_path: Path) -> None:
    """An arrow and a letter before the answer, one letter between its parts: three keys."""
    with terminal(tmp_path, theme="auto", answers=answering(b"5\x1b[B" + WHITE + b"?" + ATTRIBUTES)) as window:
        window.shows("Everywhere")
        window.type(b"\x1b")
        window.shows(" OUT ")
        assert is_painted_light(window)


def test_a_late_answer_is_not_taken_for_keys(tmp_path: Path) -> None:
    """Its letters would open the search, another range and the help."""
    with terminal(tmp_path, theme="auto") as window:
        window.until(lambda: b"\x1b[?1049h" in window.sent)
        window.type(WHITE[:9])
        window.read(0.15)
        window.type(WHITE[9:] + ATTRIBUTES + b"5")
        window.shows("OUT")
        window.settle()
        assert not {"fdfd", "rgb", "Everywhere"} & set(window.screen.text.split())
        window.type(b"q")
        assert window.end() == 0


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
def test_a_terminal_is_not_asked_where_the_theme_is_given(tmp_path: Path, theme: str) -> None:
    with terminal(tmp_path, theme=theme) as window:
        window.shows("claude-sonnet-4-5")
        assert QUESTION not in window.sent


def test_a_terminal_is_not_asked_where_no_colour_is_wanted(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="auto", NO_COLOR="1") as window:
        window.shows("claude-sonnet-4-5")
        assert QUESTION not in window.sent


def test_a_terminal_is_not_asked_where_another_driver_would_take_its_answer_for_keys(tmp_path: Path) -> None:
    driver = "textual.drivers.linux_driver:LinuxDriver"
    with terminal(tmp_path, theme="auto", TEXTUAL_DRIVER=driver) as window:
        window.shows("claude-sonnet-4-5")
        assert QUESTION not in window.sent
        window.type(b"2")
        window.shows("prod-api")
        window.type(b"\x0cq")
        assert window.end() == 0


def test_a_terminal_that_says_nothing_is_believed_by_its_environment(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="auto", COLORFGBG="0;15") as window:
        assert is_painted_light(window)


def test_the_answer_counts_more_than_the_environment(tmp_path: Path) -> None:
    with terminal(tmp_path, theme="auto", answers=answering(BLACK + ATTRIBUTES), COLORFGBG="0;15") as window:
        assert not is_painted_light(window)


@pytest.mark.parametrize("answer", [WHITE + ATTRIBUTES, b""], ids=["answered", "mute"])
def test_the_terminal_echoes_again_afterwards(tmp_path: Path, answer: bytes) -> None:
    with terminal(tmp_path, theme="auto", answers=answering(answer)) as window:
        before = window.attributes
        window.shows("claude-sonnet-4-5")
        assert window.attributes != before
        window.type(b"q")
        assert window.end() == 0
        assert window.attributes == before


@pytest.mark.parametrize(
    ("colour", "light"),
    [
        ("rgb:ffff/ffff/ffff", True),
        ("rgb:f/f/f", True),
        ("rgba:0000/0000/0000/ffff", False),
        ("rgb:8080/8080/8080", True),
        ("rgb:6060/6060/6060", False),
        ("rgb:0000/0000/ffff", False),
        ("rgb:ff/ff", None),
        ("", None),
    ],
)
def test_luminance_decides(colour: str, light: bool | None) -> None:
    assert is_light(colour) is light


def test_an_answer_may_come_in_any_pieces() -> None:
    came = b"a\x1b[A" + WHITE + b"b" + ATTRIBUTES + b"\x1bc"
    for cut in range(len(came)):
        sieve = Sieve()
        sieve.feed(came[:cut])
        sieve.feed(came[cut:])
        assert sieve.answered
        assert sieve.take() == b"a\x1b[Ab\x1bc", cut
        assert theme_for("auto", sieve) == "light"


def test_escape_alone_is_a_key_though_answers_begin_with_it() -> None:
    sieve = Sieve()
    sieve.feed(b"\x1b")
    assert sieve.take() == b""
    sieve.release()
    assert sieve.take() == b"\x1b"
