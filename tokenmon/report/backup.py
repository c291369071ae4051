"""`tokenmon backup FILE`: a consistent copy of a database, while it is in use."""

import os
from pathlib import Path

from tokenmon.errors import UsageError
from tokenmon.exact import harmless
from tokenmon.report.output import write
from tokenmon.store.backup import backup


def run(database: Path, target: Path, *, agreed: bool) -> int:
    """Write the copy; UsageError where a file would be replaced and nobody agreed to that."""
    if target.is_dir():
        raise UsageError(f"{target} is a directory", "name a file in it")
    if target.exists() and os.path.samefile(database, target):
        raise UsageError(f"{target} is the database itself", "name another file")
    if os.path.lexists(target) and not agreed:
        raise UsageError(f"{target} is there already", "name another file, or add --yes to replace it")
    size = backup(database, target)
    write(harmless(f"wrote {target}, {size:,} bytes; to look at it: tokenmon report --db {target}"))
    return 0
