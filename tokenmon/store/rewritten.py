"""Which copy of a rewritten call stays: a pure function of what is stored and what arrives.

Of several copies of one attempt the winner is the maximum of (no replay, token total, tells the speed, time, line
hash); then all replays of a call go if any attempt at it is none. Both are choices of a maximum, so the result does
not depend on the order, the number or the batches of arrival.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokenmon.events import attempts_of
from tokenmon.store.rows import CALL, LINE, SPEED, UID, EventRow, total_of


def rank(row: EventRow) -> tuple[bool, int, int, int, int]:
    """The higher one wins. A replay never replaces the call itself, else what stays would depend on the order."""
    return row[UID] == CALL, total_of(row), row[SPEED], row[0], row[LINE]


def call_of(row: EventRow) -> int:
    """The same for all attempts at one call."""
    return attempts_of(row[1])[0]


class Settled(NamedTuple):
    """What becomes of calls."""

    removed: list[EventRow]
    added: list[EventRow]
    standing: dict[int, EventRow]
    """What counts in the end, by h."""


def settle(stored: Iterable[EventRow], arriving: Sequence[EventRow]) -> Settled:
    """What to do, given all stored rows of the calls that arrive."""
    known = {row[1]: row for row in stored}
    best = dict(known)
    for row in arriving:
        rival = best.get(row[1])
        if rival is None or rank(row) > rank(rival):
            best[row[1]] = row
    if any(row[UID] != CALL for row in best.values()):
        best = _without_replays(best)
    removed = [row for h, row in known.items() if best.get(h) is not row]
    added = [row for h, row in best.items() if known.get(h) is not row]
    return Settled(removed, added, best)


def _without_replays(best: dict[int, EventRow]) -> dict[int, EventRow]:
    made = {call_of(row) for row in best.values() if row[UID] == CALL}
    return {h: row for h, row in best.items() if row[UID] == CALL or call_of(row) not in made}
