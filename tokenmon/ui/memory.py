"""What the user chose, kept across starts in one small file of the user's: a viewer never writes beside a database,
which may be a service's.

Values are short texts by name (`keys.sort`: `cost`), checked by whoever asks for them. A range and acknowledged alerts
belong to their database, everything else to the user. What cannot be kept is chosen anew at the next start.
"""

import json
import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from tokenmon import directories
from tokenmon.replacing import replace_file

OF_DATABASE = frozenset({"range", "acknowledged"})
"""Names whose value differs by database."""

MOST_DATABASES = 100
"""Databases of which anything is kept: those used last."""

MOST_CHARACTERS = 400
"""Of a value; anything longer was not written by us."""

Kept = dict[str, dict[str, str]]
"""By database, the values by name; those of the user under an empty path."""


class Memory:
    """The choices of one user, as the screen of one database sees them."""

    def __init__(self, file: Path, database: Path) -> None:
        self._file = file
        self._database = os.path.realpath(database)
        self._kept = _read(file)

    def get(self, name: str, among: Container[str] | None = None) -> str:
        """What was kept under a name; empty where nothing was, or nothing that is `among` what it may be."""
        value = self._kept.get(self._owner(name), {}).get(name, "")
        return value if among is None or value in among else ""

    def put(self, name: str, value: str) -> None:
        """Keep a value; an empty one is forgotten."""
        if value == self.get(name):
            return
        self._kept = _read(self._file)  # another screen may have written since
        values = {**self._kept.pop(self._owner(name), {}), name: value}
        self._kept[self._owner(name)] = {known: text for known, text in values.items() if text}
        self._write()

    def _owner(self, name: str) -> str:
        return self._database if name in OF_DATABASE else ""

    def _write(self) -> None:
        while len(self._kept) > MOST_DATABASES:
            del self._kept[next(path for path in self._kept if path)]
        with suppress(OSError):
            directories.make(str(self._file.parent))
            replace_file(self._file, json.dumps(self._kept, indent=1).encode())


def _read(file: Path) -> Kept:
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {
        owner: {name: text for name, text in values.items() if isinstance(text, str) and len(text) <= MOST_CHARACTERS}
        for owner, values in kept.items()
        if isinstance(values, dict)
    }
