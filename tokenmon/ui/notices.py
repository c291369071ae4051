"""Words for when there is nothing to draw: a first start, an empty range, a search without a hit, a small terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from tokenmon.dialects import DIALECTS
from tokenmon.ui import formatting
from tokenmon.ui.look import Look
from tokenmon.view import View

MIN_COLUMNS, MIN_ROWS = 60, 16
"""Smallest terminal with a layout."""

COMMANDS = (
    ("Read your own logs", "tokenmon ~/path/to/logs"),
    ("See the screen alive", "tokenmon demo"),
    ("Write logs to play with", "tokenmon sample ./logs"),
)
"""What to copy on a first start."""


def places_looked_for(environment: Mapping[str, str], home: Path) -> tuple[tuple[str, str], ...]:
    """Where logs usually are on this machine: label and path, whether or not they exist."""
    places = (place for dialect in DIALECTS for place in dialect.places(environment, home))
    return tuple((place.label, str(place.path)) for place in places)


def first_start(
    look: Look, paths: Sequence[str], found: Sequence[tuple[str, str]], looked_for: Sequence[tuple[str, str]]
) -> Text:
    """No usage yet: what is watched, or what was looked for, and what to do."""
    text = Text("\n No usage recorded yet.\n\n", f"bold {look.palette.text}")
    if paths:
        text.append_text(_places(look, " Watching", [("", path) for path in paths]))
    elif found:
        text.append_text(_places(look, " Found and watching", found))
    elif looked_for:
        text.append_text(_places(look, " Looked for, and not there yet", looked_for))
    for words, command in COMMANDS:
        text.append(f"\n {words:<26}", look.palette.muted).append(command, f"bold {look.palette.primary}")
    return text.append("\n\n This screen fills itself as soon as the first usage is logged.", look.palette.muted)


def _places(look: Look, title: str, places: Sequence[tuple[str, str]]) -> Text:
    text = Text(f"{title}\n", look.palette.muted)
    for label, path in places[:6]:
        text.append(f"   {look.name(label, ''):<14}" if label else "   ", look.palette.text)
        text.append(f"{look.name(path)}\n", look.palette.text)
    if len(places) > 6:
        text.append(f"   and {len(places) - 6} more\n", look.palette.muted)
    return text


def nothing_found(look: Look, view: View, last: int | None, now: int) -> Text:
    """There is usage, but none in this range, or none that search and filters leave."""
    muted = look.palette.muted
    wanted = [*(look.chip(condition) for condition in view.where), look.name(view.search, "")]
    if view.search or view.where:
        text = Text("\n Nothing in this range matches ", muted)
        text.append(" ".join(filter(None, wanted)), f"bold {look.palette.text}")
        back, clear, widen = map(look.keyboard.named, ("back", "clear", "range.next"))
        return text.append(f"\n\n {back} takes one step back, {clear} clears all, {widen} changes the range.", muted)
    text = Text("\n No data in range.\n", f"bold {look.palette.text}")
    if last is not None:
        text.append(f"\n The last event was {formatting.moment(last, look.zone, now)}.", look.palette.muted)
    return text.append(f"\n {look.keyboard.named('range.next')} widens the range.", muted)


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
