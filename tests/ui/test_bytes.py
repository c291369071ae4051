"""What a refresh costs over SSH: nothing while nothing changes, little while much does, and the picture is the same."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len, set_cell_size

from tests.ui.emulator import Emulator
from tests.ui.terminal import terminal
from tokenmon.ui.driver import Canvas

PANELS = {b"1": "Summary", b"2": "Keys", b"3": "Models", b"4": "Timeline", b"5": "Events"}
KB = 1024


def test_unchanged_data_sends_nothing_for_ten_seconds(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.ready()
        assert window.read(10) == b""
        window.type(b"q")
        assert window.end() == 0


def lines_of(number: int, chance: random.Random) -> str:
    """Calls of ten models and keys: every refresh changes every row of every table."""
    calls = []
    for index in range(40):
        call: dict[str, object] = {"ts": f"2025-11-21T14:{number + 33:02}:{index:02}Z", "integration": "x"}
        call |= {"provider": "openai", "model": f"model-{index % 10}", "api_key_name": f"key-{index % 10}"}
        call |= {"prompt_tokens": chance.randrange(10**6), "completion_tokens": chance.randrange(10**4)}
        calls.append(json.dumps({**call, "cost_usd": chance.random()}))
    return "".join(line + "\n" for line in calls)


@pytest.mark.parametrize(("size", "most", "most_of_events"), [((80, 24), 8, 16), ((200, 60), 30, 60)])
def test_a_refresh_in_which_everything_changes_stays_within_its_budget(
    tmp_path: Path, size: tuple[int, int], most: int, most_of_events: int
) -> None:
    chance = random.Random(1)
    with terminal(tmp_path, size=size, logs_hold={"usage.jsonl": lines_of(0, chance)}) as window:
        window.ready()
        for number, (key, title) in enumerate(PANELS.items(), 1):
            window.type(key)
            window.settle(0.7)
            with (tmp_path / "logs" / "usage.jsonl").open("a") as log:
                log.write(lines_of(number, chance))
            before = len(window.sent)
            window.until(lambda: len(window.sent) > before)  # noqa: B023
            window.settle(0.7)
            sent = len(window.sent) - before
            assert sent <= (most_of_events if title == "Events" else most) * KB, (title, sent)
        window.type(b"q")
        assert window.end() == 0


ROWS = 3
WIDGETS = ((1, 8), (9, 16), (1, 24))
"""First column and width: two widgets side by side, or one in the place of both."""
STYLES = ("", "1", "7", "4;38;5;3", "38;2;1;2;3;48;2;4;5;6", "38;2;1;2;3;48;2;9;9;9", "1;31;42", "91", "1;38;2;7;7;7")
SEGMENTS = some.lists(some.tuples(some.sampled_from(STYLES), some.text(alphabet="ab █━日", min_size=1, max_size=6)))


def painted(row: int, widget: tuple[int, int], segments: list[tuple[str, str]]) -> str:
    """A row of a widget, as Textual writes it: all of its width, every segment with a style of its own."""
    column, width = widget
    written = f"\x1b[{row};{column}H"
    for style, text in [*segments, ("", " " * width)]:
        fitting = set_cell_size(text, min(width, cell_len(text)))
        width -= cell_len(fitting)
        written += f"\x1b[{style}m{fitting}\x1b[0m" if style else fitting
    return written


PIECES = some.tuples(some.integers(1, ROWS), some.sampled_from(WIDGETS), SEGMENTS)
FRAMES = some.lists(some.lists(PIECES, min_size=1, max_size=4, unique_by=lambda piece: piece[0]))


@given(FRAMES)
def test_what_is_sent_shows_what_all_of_it_would_show(frames: list[list[tuple[int, tuple[int, int], Any]]]) -> None:
    canvas, expected, shown = Canvas(), Emulator(24, ROWS), Emulator(24, ROWS)
    for pieces in frames:
        frame = "\n".join(painted(*piece) for piece in pieces) + "\x1b[1;1H"
        expected.feed(frame.encode())
        shown.feed(canvas.changes(frame).encode())
        assert visible(shown) == visible(expected)
        assert canvas.changes(frame) == ""


def visible(emulator: Emulator) -> list[list[tuple[str, object]]]:
    """Every cell; of a blank, only what shows on one."""
    return [
        [(text, style if text != " " or style.attributes & {4, 7} else style.background) for text, style in row]
        for row in emulator.cells
    ]


def test_what_is_not_a_frame_is_sent_as_it_is() -> None:
    canvas = Canvas()
    frame = painted(1, WIDGETS[0], [("1", "words")])
    assert canvas.changes(frame).count("words") == 1
    assert canvas.changes("\x1b]52;c;aGk=\x07") == "\x1b]52;c;aGk=\x07"
    assert canvas.changes(frame) == ""
    assert canvas.changes("\x1b[2J") == "\x1b[2J"
    assert canvas.changes(frame).count("words") == 1
    assert canvas.changes(frame, (7, 24)) == "", "it is there, so nothing is sent beyond the edge"
    assert canvas.changes(frame).count("words") == 1, "but what is there after the edge moved is not known"
