"""The range that was last looked at, beside the database: a viewer never writes into the database itself."""

import json
import os
from pathlib import Path


def _file(database: Path) -> Path:
    return database.with_name(database.name + ".screen")


def read_range(database: Path) -> str:
    """The range last used with this database; empty where none is remembered."""
    try:
        kept = json.loads(_file(database).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    text = kept.get("range") if isinstance(kept, dict) else None
    return text if isinstance(text, str) and len(text) < 100 else ""


def write_range(database: Path, text: str) -> None:
    """Remember a range; where that is not possible the next start chooses one."""
    place = _file(database)
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"range": text}, file)
        draft.replace(place)
    except OSError:
        return
