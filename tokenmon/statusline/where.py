"""Which database and which zone, without loading the settings where nothing but their defaults is in use."""

import os
import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import NamedTuple

from tokenmon import directories
from tokenmon.errors import TokenmonError

_NAMED = re.compile(r"^\s*[\"']?(?:db|tz)[\"']?\s*=", re.MULTILINE)


class Where(NamedTuple):
    """What the line is about."""

    database: str
    zone: tzinfo | None
    """None: the machine's, which C knows without loading any."""
    home: str


def where(environment: Mapping[str, str], database: str = "") -> Where:
    """The database that a command without arguments is about, or the one that was named; never an error."""
    home = _home(environment)
    found, zone = environment.get("TOKENMON_DB", ""), environment.get("TOKENMON_TZ", "")
    if not (database and zone) and _is_configured(environment, home):
        found, zone = _configured(environment, home, found, zone)
    usual = os.path.join(directories.state(environment, home), "tokenmon.db")
    return Where(os.path.abspath(_expanded(database or found or usual, home)), _zone(zone), home)


def _home(environment: Mapping[str, str]) -> str:
    try:
        return directories.home_of(environment)
    except KeyError:  # a user without an entry
        return "/"


def _is_configured(environment: Mapping[str, str], home: str) -> bool:
    """Whether the file that holds is one that names a database or a zone."""
    for directory in (directories.config(environment, home), directories.SYSTEM_CONFIG):
        try:
            with open(os.path.join(directory, "config.toml"), encoding="utf-8", errors="replace") as file:
                return _NAMED.search(file.read()) is not None
        except OSError:
            continue
    return False


def _configured(environment: Mapping[str, str], home: str, database: str, zone: str) -> tuple[str, str]:
    from pathlib import Path

    from tokenmon.settings import load_settings

    try:
        settings = load_settings({}, environment, Path(home))
    except TokenmonError:
        return database, zone
    return str(settings.db or ""), settings.tz


def _expanded(path: str, home: str) -> str:
    return home + path[1:] if path == "~" or path.startswith("~/") else path


def _zone(text: str) -> tzinfo | None:
    if not text:
        return None
    from tokenmon.zones import parse_zone

    try:
        return parse_zone(text)
    except ValueError:
        return None
