"""Words for when there is nothing to draw: a first start, an empty range, a search without a hit, a small terminal.

They teach: what was looked for and where, what was found by the name that people call it, and commands to copy. Where
rows are few, blank ones go first, then the rest of the list of places.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from tokenmon.dialects import Place, found_places
from tokenmon.dialects.chosen import left_out, looked_for
from tokenmon.settings import Settings
from tokenmon.store.answers import Health
from tokenmon.ui import formatting
from tokenmon.ui.look import Look
from tokenmon.view import View

MIN_COLUMNS, MIN_ROWS = 60, 16
"""Smallest terminal with a layout."""

FRAME_ROWS = 6
"""Rows around a panel, with a banner."""

COMMANDS = (
    ("Read your own logs", "tokenmon ~/path/to/logs"),
    ("See the screen alive", "tokenmon demo"),
    ("Write logs to play with", "tokenmon sample ./logs"),
)
"""What to copy on a first start."""


def first_start(look: Look, listed: list[Text], looking: bool, size: Size) -> Text:
    """No usage yet: what is looked at, what was looked for, what else is on this machine, and what to do."""
    blank = Text("")
    commands = [_command(look, words, command) for words, command in COMMANDS]
    words = "Looking for usage for the first time." if looking else "No usage recorded yet."
    title = Text(f" {words}", f"bold {look.palette.text}")
    fills = Text(" It fills itself as soon as the first usage is logged.", look.palette.muted)
    room = size.height - FRAME_ROWS
    rest = len(commands) + 2
    if len(listed) + rest > room:
        more = len(listed) - (room - rest) + 1
        listed = [*listed[:-more], Text(f"   and {more} more", look.palette.muted)]
    roomy = len(listed) + rest + 4 <= room
    gap = [blank] if roomy else []
    rows = [*gap, title, *gap, *listed, *gap, *commands, *gap, fills]
    return Text("\n").join(rows)


def _command(look: Look, words: str, command: str) -> Text:
    return Text(f" {words:<26}", look.palette.muted).append(command, f"bold {look.palette.primary}")


def places(
    look: Look,
    settings: Settings,
    paths: Sequence[str],
    health: Health | None,
    environment: Mapping[str, str],
    home: Path,
    width: int,
) -> list[Text]:
    """What is watched with how much is there, what is usual and not there, and what is there and not watched."""
    looked = looked_for(settings)
    usual = [place for dialect in looked for place in dialect.places(environment, home)]
    labels = {str(place.path): place.label for place in usual}
    if health is not None:
        labels |= {path: label for label, path in health.places}
        paths = paths or [path for _, path in health.places]
    found = {str(place.path) for place in found_places(environment, home, looked)}
    own = any(path not in labels for path in paths)
    rows = [Text(" Watching" if paths else " Looked for, and not there yet", look.palette.muted)]
    rows += [_place(look, labels.get(path, ""), path, _held(path, health), home, width) for path in paths]
    apart = [place for place in left_out(settings, environment, home) if str(place.path) not in paths]
    rows += [_place(look, place.label, str(place.path), "left out", home, width) for place in apart]
    if own:
        offered = [place for place in usual if str(place.path) in found and str(place.path) not in paths]
        return [*rows, *(_offer(look, place, home) for place in offered)]
    watched = {labels.get(path, "") for path in paths}
    missing = dict.fromkeys(place.label for place in usual if place.label not in watched)
    begin = "not there: " if paths else ""
    words = f"{begin}{', '.join(missing)}; `tokenmon dialects` says where"
    return [*rows, *(Text(f"   {look.name(line)}", look.palette.text) for line in wrap(words, max(20, width - 4)))]


def _held(path: str, health: Health | None) -> str:
    """How many log files are at or below a path."""
    if not os.path.exists(path):
        return "not there"
    if health is None or not health.caught_up:
        return ""
    below = path.rstrip(os.sep) + os.sep
    files = sum(source.path == path or source.path.startswith(below) for source in health.sources)
    if not files:
        return "no log files in it"
    more = "+" if health.sources_total > len(health.sources) else ""
    return f"{files:,}{more} {'file' if files == 1 else 'files'}, no usage in {'it' if files == 1 else 'them'}"


def _place(look: Look, label: str, path: str, note: str, home: Path, width: int) -> Text:
    """A path and what is said of it; where both do not fit the path loses its beginning, as its end tells more."""
    text = Text("   ")
    if label:
        text.append(f"{look.name(label)}: ", f"bold {look.palette.text}")
    end = f", {note}" if note else ""
    shown, room = _short(look, path, home), max(8, width - text.cell_len - cell_len(end) - 1)
    while cell_len(shown) > room:
        shown = look.glyphs.ellipsis + shown[2:]
    return text.append(shown, look.palette.text).append(end, look.palette.muted)


def _offer(look: Look, place: Place, home: Path) -> Text:
    """An agent's logs that are on this machine and not looked at here."""
    command = f"tokenmon {_short(look, str(place.path), home)}"
    return Text(f" {place.label + ' is here, too':<26}", look.palette.muted).append(
        command, f"bold {look.palette.primary}"
    )


def _short(look: Look, path: str, home: Path) -> str:
    """A path with `~` for the user's directory."""
    below = f"{home}{os.sep}"
    return look.name("~/" + path.removeprefix(below) if path.startswith(below) else path)


def nothing_found(look: Look, view: View, range_text: str, last: int | None, now: int) -> Text:
    """There is usage, but none in this range, or none that search and filters leave."""
    palette = look.palette
    wanted = [*(look.chip(condition) for condition in view.where), *(f"/{view.search}" for _ in view.search[:1])]
    title = "No data" if not wanted else "Nothing matches"
    text = Text(f"\n {title}", f"bold {palette.text}")
    if wanted:
        text.append("  ").append(look.name("  ".join(wanted)), f"bold {palette.primary}")
    text.append(f"{'  ' if wanted else ' '}in {look.name(range_text or 'all')}\n", palette.muted)
    if last is not None:
        of_all = "of all " if wanted else ""
        text.append(f"\n The last event {of_all}was {formatting.moment(last, look.zone, now)}.", palette.muted)
    return text.append("\n\n").append_text(_keys(look, _ways_out(look, view)))


def _ways_out(look: Look, view: View) -> Iterable[tuple[str, str]]:
    """Keys that lead to something to see."""
    narrowed = (("back", "one step back"), ("clear", "clears all")) if view.search or view.where else ()
    ways = (*narrowed, ("range.next", "another range"), ("range.custom", "any range"))
    return ((look.keyboard.named(name), words) for name, words in ways)


def _keys(look: Look, keys: Iterable[tuple[str, str]]) -> Text:
    row = Text("")
    for key, words in keys:
        row.append(f" {key}", f"bold {look.palette.primary}").append(f" {words} ", look.palette.muted)
    return row


def too_small(look: Look, columns: int, rows: int) -> Text:
    """Says what is needed and the way out."""
    lines = (
        f"tokenmon needs {MIN_COLUMNS}x{MIN_ROWS}",
        f"this terminal is {columns}x{rows}",
        "",
        "resize, or try: tokenmon report",
        "q quit",
    )
    return Text("\n".join(line.center(columns).rstrip() for line in lines), look.palette.text)
