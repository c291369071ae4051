"""`tokenmon verify`: does a database hold together. A line for each check; 0 all is fine, 1 something is wrong."""

from pathlib import Path

from tokenmon.report.output import write
from tokenmon.store.opening import looking, mending
from tokenmon.store.repair import repair
from tokenmon.store.verify import verify


def run(database: Path, *, mend: bool) -> int:
    """Check, or rebuild first what can be rebuilt. LockHeld where that is asked for while somebody ingests."""
    if mend:
        with mending(database) as connection:
            for done in repair(connection):
                write(f"repair  {done}")
    failed = False
    with looking(database) as connection:
        for about, wrong in verify(connection):
            write(f"WRONG   {about}: {wrong}" if wrong else f"fine    {about}")
            failed = failed or bool(wrong)
    if failed and not mend:
        write("what can be rebuilt is rebuilt by: tokenmon verify --repair")
    return 1 if failed else 0
