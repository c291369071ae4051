"""Time zones: the machine's by its name and with its history, an IANA name, or an offset.

The machine's zone is looked up as a zone, not asked for as today's offset, so that summer's days keep their bounds
when they are looked at in winter.
"""

import os
import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?\Z")


def parse_zone(text: str) -> tzinfo:
    """The zone of an IANA name or an offset; empty is the machine's. ValueError on anything else."""
    if not text:
        return _machine_zone()
    if text == "Z":
        return ZoneInfo("UTC")
    offset = _OFFSET.match(text)
    if offset is not None and int(offset[2]) < 24:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    zone = _named_zone(text)
    if zone is None:
        raise ValueError("must be a time zone such as Europe/Berlin or +02:00")
    return zone


def zone_name(zone: tzinfo) -> str:
    """What a reader of JSON can build the zone from again: an IANA name, or an offset."""
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    return str(zone).removeprefix("UTC") or "UTC"


def _named_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, a directory of names
        return None


def _machine_zone() -> tzinfo:
    """The zone that TZ or /etc/localtime names, with its history, so that summer's days stay summer's in winter."""
    named = os.environ.get("TZ")
    if named is not None:
        return _named_zone(named.removeprefix(":")) or _posix_zone(named) or ZoneInfo("UTC")
    path = os.path.realpath("/etc/localtime")
    zone = _named_zone(path.partition("/zoneinfo/")[2])
    if zone is not None:
        return zone
    try:
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")


def _posix_zone(text: str) -> tzinfo | None:
    """A zone written out (`CET-1`); one with a change of clocks has a name, and that is what to use."""
    parts = re.fullmatch(r"[A-Za-z]{3,}([+-]?)(\d{1,2})(?::([0-5]\d))?", text)
    if parts is None or int(parts[2]) > 23:
        return None
    minutes = int(parts[2]) * 60 + int(parts[3] or 0)
    return timezone(timedelta(minutes=minutes if parts[1] == "-" else -minutes))  # POSIX counts westward
