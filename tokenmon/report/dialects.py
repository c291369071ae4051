"""`tokenmon dialects`: which log formats are read, and where their logs are on this machine."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill, wrap

from tokenmon.dialects import DIALECTS, Dialect, Place
from tokenmon.dialects.chosen import known_dialects, looked_for
from tokenmon.exact import harmless, json_text
from tokenmon.report.output import terminal_width, write
from tokenmon.report.question import Format
from tokenmon.settings import Settings
from tokenmon.text import clip


@dataclass(frozen=True)
class Listed:
    """A dialect as it is listed."""

    dialect: Dialect
    places: tuple[tuple[Place, bool], ...]
    """Its usual places, and whether they are on this machine."""
    configured: str
    """Where the configuration describes it; empty where it is built in."""
    left_out: str
    """Who says that its places are left out; empty where they are looked at."""

    @property
    def label(self) -> str:
        """What people call its producer, or those whose logs it reads."""
        return self.dialect.label or ", ".join(dict.fromkeys(place.label for place, _ in self.places))

    @property
    def state(self) -> str:
        """found, not found, left out, or no usual place."""
        if self.left_out:
            return "left out"
        if not self.places:
            return "no usual place"
        return "found" if any(found for _, found in self.places) else "not found"


def run(settings: Settings, environment: Mapping[str, str], home: Path, form: Format) -> int:
    """Print all dialects."""
    found = listed(settings, environment, home)
    write(json_text(document(found)) if form == "json" else "\n".join(plain_lines(found, home, terminal_width())))
    return 0


def listed(settings: Settings, environment: Mapping[str, str], home: Path) -> list[Listed]:
    """All dialects, in the order in which they are asked whether a line is theirs."""
    looked = [dialect.name for dialect in looked_for(settings)]
    return [
        Listed(
            dialect,
            tuple((place, place.path.exists()) for place in dict.fromkeys(dialect.places(environment, home))),
            settings.origins.get(f"formats.{dialect.name}", ""),
            "" if dialect.name in looked else settings.origins.get("without", ""),
        )
        for dialect in known_dialects(settings)
    ]


def document(found: Sequence[Listed]) -> dict[str, object]:
    """`dialects --json`."""
    return {
        "schema": "tokenmon.dialects/1",
        "dialects": [
            {
                "name": each.dialect.name,
                "producer": harmless(each.label) or None,
                "state": each.state,
                "configured_by": harmless(each.configured) or None,
                "left_out_by": harmless(each.left_out) or None,
                "documents": list(each.dialect.documents),
                "places": [{"path": harmless(str(place.path)), "found": there} for place, there in each.places],
            }
            for each in found
        ],
    }


# -- for people

MISSING = 4
"""Places that are not there and are shown all the same; JSON has all."""

NOTES = (
    "What a file is, its lines decide, wherever it is: `tokenmon dialects --try FILE` shows what they become. "
    "`tokenmon` without a PATH reads the places that are found when it starts; "
    "`--without NAME` leaves a dialect's places out.",
)
OWN = (
    "A changed [formats.NAME] counts for new lines: a line that a database holds is not read again. "
    "What no dialect claimed before is read from its start once a format is there for it."
)


def plain_lines(found: Sequence[Listed], home: Path, width: int) -> list[str]:
    """A line for each dialect, its places below."""
    name = max(len(each.dialect.name) for each in found) + 2
    lines: list[str] = []
    for each in found:
        lines.append(f"{each.dialect.name:<{name}}{harmless(each.label)}".rstrip())
        for told in _details(each, home):
            lines += wrap(told, width, initial_indent="  ", subsequent_indent="    ")
        lines += [f"  {told}" for told in _places(each, home, width - 2)]
    there = sum(1 for each in found for _, is_there in each.places if is_there)
    notes = [f"{len(found)} dialects; places of theirs that are on this machine: {there}.", *NOTES]
    if len(found) > len(DIALECTS):
        notes.append(OWN)
    return [*lines, *(line for note in notes for line in ("", fill(note, width)))]


def _places(each: Listed, home: Path, width: int) -> Iterator[str]:
    """Every place that is there, and a few that are not: editors keep the same logs in dozens of directories."""
    missing = 0
    for place, there in each.places:
        told = f"{_mark(each, there)} {_short(str(place.path), home)}"
        missing += not there
        if there:
            yield told
        elif missing <= MISSING:
            yield clip(told, width)
    if missing > MISSING:
        yield f"and {missing - MISSING:,} more that are not found"


def _mark(each: Listed, there: bool) -> str:
    return "left out " if each.left_out and there else "found    " if there else "not found"


def _details(each: Listed, home: Path) -> Iterator[str]:
    """What people do not see from its places."""
    if each.configured:
        yield f"described by {_short(each.configured, home)}"
    if each.left_out:
        yield f"left out by {_short(each.left_out, home)}"
    elif not each.places:
        yield "no usual place, name its directory"
    if each.dialect.documents:
        yield f"documents {', '.join(each.dialect.documents)}"


def _short(text: str, home: Path) -> str:
    """A path with `~` for the user's directory."""
    below = f"{home}{os.sep}"
    return harmless(f"~/{text.removeprefix(below)}" if text.startswith(below) else text)
