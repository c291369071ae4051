"""`tokenmon databases`: which ones there are, and how one goes that is no longer wanted."""

import os
from pathlib import Path

from tokenmon.agreement import agrees
from tokenmon.errors import NoDatabase
from tokenmon.exact import harmless
from tokenmon.report.output import write
from tokenmon.store.kept import SUFFIX, Kept, kept_in
from tokenmon.store.kept import remove as remove_database
from tokenmon.text import many

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def run(directory: Path, now_ms: int) -> int:
    """Print each with its size, its events and its paths."""
    found = kept_in(directory)
    if not found:
        write(harmless(f"there is no database in {directory} yet"))
    for each in found:
        write(_told(each, now_ms))
    return 0


def remove(directory: Path, name: str, now_ms: int, *, agreed: bool) -> int:
    """Remove one once that was agreed to. NoDatabase where none is called so, LockHeld where somebody ingests."""
    found = {each.database.name: each for each in kept_in(directory)}
    chosen = found.get(name) or found.get(f"{name}{SUFFIX}")
    if chosen is None:
        raise NoDatabase(
            f"there is no database {name} in {directory}", "`tokenmon databases` lists those that there are"
        )
    write(_told(chosen, now_ms))
    if not agreed and not agrees("Remove it for good?"):
        write("nothing was removed")
        return 0
    remove_database(chosen.database)
    write(harmless(f"removed {chosen.database}; the logs themselves are still there"))
    return 0


def _told(each: Kept, now_ms: int) -> str:
    parts = [f"{each.size / 1e6:,.1f} MB"]
    if each.calls is None:
        parts.append("cannot be read")
    else:
        parts.append(many(each.calls, "call"))
        parts.append("no events" if each.newest is None else f"the newest {_age(now_ms - each.newest)} ago")
    parts.append("nobody ingests" if each.ingester is None else f"process {each.ingester} ingests")
    lines = [f"{each.database.name}  {', '.join(parts)}"]
    lines += [f"  {path}" for path in ((each.trouble,) if each.trouble else each.paths)]
    return "\n".join(harmless(os.fsencode(line).decode("utf-8", "replace")) for line in lines)


def _age(ms: int) -> str:
    """A time in its largest unit: `3 d`."""
    return next((f"{ms // size} {unit}" for unit, size in _UNITS if ms >= size), "0 s")
