"""What a log says is shown and never obeyed: by no terminal, by no widget, and in no question to the database."""

import json
import re
from pathlib import Path

from tests.command import ROOT
from tests.faults.harming import HARM, MARKUP, harm_in, harmed, secrets_below
from tests.ui.terminal import terminal

SEQUENCE = re.compile(
    rb"\x1b(?:\[([<-?]*)[0-9;:]*([ -/]*[@-~])|([]P^_X])([0-9]*)[^\x07\x1b]*(?:\x07|\x1b\\\\)|([ -/]*[0-~]))"
)
"""An escape sequence; its groups are what tells kinds apart, without parameters."""

OTHERS = (
    "claude-code/projects/-home-dev-monorepo/3fd3ac80-ba1c-4aed-a2a9-2c4b74799765.jsonl",
    "litellm/payloads.jsonl",
)
"""Logs of other dialects, whose texts are replaced one after another."""


WALK = (
    *(b"2", b"b", b"b", b"b", b"b", b"3", b"4", b"b", b"7", b"6", b"n", b"a", b"G"),
    *(b"/", b"evil\r", b"5", b"\r", b"1", b"\x1b", b"?", b"i", b"\x1b", b":", b"\x1b", b"e", b"\x1b"),
)
"""Keys that lead through every panel, groups, alerts, a search, the details of a call, help, commands and export."""


def kinds_of(sent: bytes) -> set[tuple[bytes, ...]]:
    """The kinds of escape sequences that were sent."""
    return {match.groups(b"") for match in SEQUENCE.finditer(sent)}


def logs_with(harm: str, markup: str, *, hostile: bool) -> dict[str, str]:
    """Logs that hold these texts everywhere, and a line that is none."""
    call: dict[str, object] = {"ts": "2025-11-21T14:40:00Z", "integration": harm, "provider": "openai"}
    call |= {
        "model": f"evil-model {harm[:90]}",
        "prompt_tokens": 10**9,
        "completion_tokens": 10,
        "api_key_name": markup,
    }
    call |= {"project": harm, "user": markup, "account": harm, "session": markup, "endpoint": harm, "request_id": harm}
    call |= {"cost_usd": 1_900, "error": harm + markup, "status": 500, "metadata": {harm: markup}}
    lines = [json.dumps(each) for each in (call, {**call, "model": f"evil-model {markup}"}, {**call, "ttft_ms": harm})]
    logs = {f"{(markup + harm).replace('/', '_')[:90]}.jsonl": "".join(f"{line}\n" for line in lines)}
    for number, path in enumerate(OTHERS):
        lines = (ROOT / "sample_data" / path).read_text("utf-8").splitlines()[:3]
        wanted = [bad for line in lines for bad in (harmed(line) if hostile else (line,))]
        logs[f"other-{number}.jsonl"] = "".join(f"{line}\n" for line in wanted)
    return logs


def seen_everywhere(place: Path, harm: str, markup: str, *, hostile: bool) -> tuple[bytes, str]:
    """What the screen sends while one walks through all of it, and what it showed after each key."""
    place.mkdir()
    with terminal(place, logs_hold=logs_with(harm, markup, hostile=hostile), size=(110, 40)) as window:
        window.shows("evil-model")
        shown = window.screen.text
        for key in WALK:
            window.type(key)
            window.settle(0.15)
            shown += window.screen.text
        if hostile:
            assert secrets_below(place, "logs") == [], "also while the write-ahead log is there"
        window.type(b"q")
        assert window.end() == 0
        return window.sent, shown


def test_fault_103_and_104_nothing_of_a_log_is_obeyed_by_a_widget_or_a_terminal(tmp_path: Path) -> None:
    """The screen sends only kinds of sequences that harmless logs bring about too, and markup is shown as it stands."""
    harm = "".join(HARM)
    clean, _ = seen_everywhere(tmp_path / "clean", "harmless", "plain", hostile=False)
    place = tmp_path / harm.replace("/", "")[:90]
    harmed, shown = seen_everywhere(place, harm, MARKUP, hostile=True)
    assert all(words in shown for words in ("[/nope]", "]52;c;aGk="))
    assert "[@click=app.quit]" in shown
    assert kinds_of(harmed) <= kinds_of(clean)
    assert set(SEQUENCE.sub(b"", harmed)) & {*range(32), 127} <= set(SEQUENCE.sub(b"", clean))
    assert not [harm for harm in HARM if harm.encode() in harmed]
    assert not harm_in(SEQUENCE.sub(b" ", harmed).decode().replace("\r", ""))
