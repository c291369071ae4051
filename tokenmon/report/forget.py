"""`tokenmon forget`: shows what one name stands for, asks twice, and removes it for good."""

from pathlib import Path

from tokenmon.agreement import agrees, repeats
from tokenmon.errors import TokenmonError
from tokenmon.exact import exact_money, harmless, instant
from tokenmon.report.output import write
from tokenmon.store.forget import Going, Left, find, forget, going
from tokenmon.store.opening import mending
from tokenmon.text import many


def run(database: Path, field: str, value: str, *, agreed: bool) -> int:
    """Remove all calls of one name. LockHeld where somebody ingests, TokenmonError where nothing is called so."""
    with mending(database) as connection:
        named = find(connection, field, value)
        if not value or not named.ids:
            hint = f"`tokenmon report --by {field}` lists them"
            raise TokenmonError(f"{database} knows no {field} {harmless(value)!r}", hint)
        write(harmless(f"{field} {value}: {_told(going(connection, named))}"))
        if not agreed and not (agrees(f"Forget all of it in {database}, for good?") and repeats(value)):
            write("nothing was forgotten")
            return 0
        left = forget(connection, named)
    write("forgotten")
    for line in _left(left):
        write(line)
    return 0


def _told(what: Going) -> str:
    requests = many(what.requests, "request")
    if what.first is None or what.last is None:
        return requests
    return f"{requests}, {exact_money(what.cost)}, {instant(what.first)} to {instant(what.last)}"


def _left(left: Left) -> list[str]:
    """What a person should know besides."""
    told = ["Logs are left alone and not read again; one that is written anew from its start is, as a new log."]
    if left.logs:
        told.append("The log is still there: its new lines count, under its path; `exclude` keeps it out.")
    if left.older:
        told.append("Totals of calls that retention removed before stay: which of them were of this is not known.")
    if left.documents:
        told.append("The log is still there and known by its path only: name it in `exclude`, or it is read anew.")
    if left.states:
        told.append(f"{left.states:,} logs that still grow remember the name for lines to come, until they end.")
    if left.paths:
        told.append(f"{left.paths:,} logs have the name in their path; forget those with --source.")
    if left.totals:
        told.append("Should the session go on, its log tells totals from the start, which then count again.")
    if left.viewers:
        told.append("Somebody looks at the database: its log beside it is emptied when the last screen on it ends.")
    return told
