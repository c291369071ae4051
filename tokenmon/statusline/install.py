"""Puts `tokenmon statusline` into Claude Code's settings, and takes it out again.

The file is its user's: the change is shown and agreed to first, everything else in it stays byte for byte, and it is
replaced in one step. What is not one JSON object is left alone.
"""

import difflib
import json
import os
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tokenmon import directories
from tokenmon.agreement import agrees
from tokenmon.errors import TokenmonError
from tokenmon.exact import harmless
from tokenmon.replacing import replace_file

KEY = "statusLine"
OURS = "tokenmon statusline"
_BLANK = " \t\r\n"
_BOM = "\N{BYTE ORDER MARK}"
_decoder = json.JSONDecoder()


class Member(NamedTuple):
    """One member of an object: where it begins, where its value does, and where that ends."""

    name: str
    start: int
    value: int
    end: int


def settings_file(environment: Mapping[str, str], home: Path) -> Path:
    """Claude Code's settings of this user."""
    configured = environment.get("CLAUDE_CONFIG_DIR", "").split(",")[0].strip()
    return (Path(configured) if configured else home / ".claude") / "settings.json"


def run(environment: Mapping[str, str], home: Path, *, install: bool, agreed: bool, database: str = "") -> int:
    """Change the settings once the change was shown and agreed to. TokenmonError where that cannot be done.

    `database` is the one that the line is to be about, where it is not the usual one.
    """
    path = settings_file(environment, home)
    before = _read(path)
    after = installed(before, _command(database)) if install else uninstalled(before)
    if after == before:
        state = "shows tokenmon already" if install else "does not show tokenmon"
        print(f"{harmless(str(path))}: Claude Code's status line {state}; nothing to change")
        return 0
    print("".join(_difference(path, before, after)), end="")
    if not agreed and not agrees("Make this change?"):
        print("nothing was changed")
        return 0
    if _read(path) != before:
        raise TokenmonError(f"{path} was changed meanwhile", "nothing was changed; try again")
    _replace(path, after)
    if install:
        directories.make(directories.told_limits(environment, str(home)))
    print(f"wrote {harmless(str(path))}; Claude Code shows it with its next answer")
    return 0


def _command(database: str) -> str:
    """What Claude Code is to run: by its short name where that leads here. -P: it is run inside of any project, whose
    files must not stand in for modules.
    """
    found = shutil.which("tokenmon")
    leads_here = found is not None and os.path.realpath(found) == os.path.realpath(sys.argv[0])
    command = OURS if leads_here else f"{shlex.quote(sys.executable)} -P -m {OURS}"
    return f"{command} --db {shlex.quote(database)}" if database else command


# -- the text of the settings


def installed(text: str, command: str) -> str:
    """The settings with our status line in them."""
    entry = json.dumps({"type": "command", "command": command, "padding": 0}, ensure_ascii=False)
    members = _members(text)
    for member in members:
        if member.name == KEY:
            same = json.loads(text[member.value : member.end]) == json.loads(entry)
            return text if same else text[: member.value] + entry + text[member.end :]
    begin = text.index("{") + 1
    if not members:
        return f'{text[:begin]}\n  "{KEY}": {entry}\n{text[begin:].lstrip(_BLANK)}'
    return f'{text[: members[0].start]}"{KEY}": {entry},{text[begin:]}'


def uninstalled(text: str) -> str:
    """The settings without our status line; somebody else's stays."""
    members = _members(text)
    for place, member in enumerate(members):
        if member.name == KEY:
            if not _is_ours(text, member):
                raise TokenmonError("the status line in Claude Code's settings is not tokenmon's", "it was left alone")
            if place + 1 < len(members):
                return text[: member.start] + text[members[place + 1].start :]
            return text[: members[place - 1].end if place else member.start] + text[member.end :]
    return text


def _is_ours(text: str, member: Member) -> bool:
    value = json.loads(text[member.value : member.end])
    command = value.get("command") if isinstance(value, dict) else None
    return isinstance(command, str) and OURS in command


def _members(text: str) -> list[Member]:
    """The members of the one object that the settings are; TokenmonError where they are something else."""
    try:
        if isinstance(json.loads(text.removeprefix(_BOM)), dict):
            return list(_walk(text))
    except (ValueError, RecursionError):
        pass
    raise TokenmonError("Claude Code's settings are not one JSON object", "mend them first; nothing was changed")


def _walk(text: str) -> Iterator[Member]:
    """The members of an object that is known to be right."""
    at = _past_blanks(text, text.index("{") + 1)
    while text[at] != "}":
        start = at
        name, at = _decoder.raw_decode(text, start)
        value = _past_blanks(text, _past_blanks(text, at) + 1)
        _, end = _decoder.raw_decode(text, value)
        yield Member(name, start, value, end)
        at = _past_blanks(text, end)
        if text[at] == ",":
            at = _past_blanks(text, at + 1)


def _past_blanks(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at


# -- the file


def _read(path: Path) -> str:
    """The settings; an empty object where there are none."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return "{}\n"
    except UnicodeDecodeError:
        raise TokenmonError(f"{path} is not UTF-8 text", "mend it first; nothing was changed") from None
    except OSError as error:
        raise TokenmonError(f"cannot read {path}: {error.strerror}") from None
    return text if text.strip(_BLANK + _BOM) else "{}\n"


def _difference(path: Path, before: str, after: str) -> Iterator[str]:
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    for line in difflib.unified_diff(old, new, str(path), str(path)):
        yield harmless(line.rstrip("\n")) + "\n"


def _replace(path: Path, text: str) -> None:
    """Write it in one step, with the rights it had; a link stays a link."""
    real = Path(os.path.realpath(path))
    try:
        directories.make(str(real.parent))
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o600
        replace_file(real, text.encode(), mode)
    except OSError as error:
        raise TokenmonError(f"cannot write {real}: {error.strerror}") from None
