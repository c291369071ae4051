"""From an event to its row: identified, priced, traced. The loop over lines does the same, written flat for speed.

Of running totals only the growth is a call: what they exceed the largest totals that were ever seen of the same thing,
count by count. So the calls always add up to the largest totals, in whatever order copies and older states are read.
How many requests a growth was is not known, and so it is an aggregate.
"""

from collections.abc import Callable

from msgspec.structs import replace

from tokenmon.events import Basis, Event, identity_of_id, identity_of_place, identity_of_rewritten, identity_of_totals
from tokenmon.pricing import PriceBook
from tokenmon.source import Row, Step, Totals
from tokenmon.store.requests import identity_of_echo, request_hash

Known = Callable[[str, str], Totals]
"""The largest totals that are stored, by dialect and id."""


class Rows:
    """Makes the rows of one batch after another."""

    def __init__(self, book: PriceBook, known: Known) -> None:
        self.book = book
        self._known = known
        self._ahead: dict[tuple[str, str], Totals] = {}
        """Totals of this batch, which are not stored yet."""

    def committed(self) -> None:
        """The batch is stored."""
        self._ahead.clear()

    def add(self, event: Event, step: Step, offset: int, line_hash: int, place: tuple[int, int, bytes]) -> None:
        """Add an event to a step. `place` (lineage, offset, text) identifies one that its producer gave no id."""
        if event.running:
            self._add_growth(event, step, offset)
            return
        cost, priced_as = self.book.price(event)
        step.rows.append(Row(event, _identity(event, place), offset, line_hash, cost, priced_as))
        step.tally.disagrees += event.disagrees

    def _add_growth(self, event: Event, step: Step, offset: int) -> None:
        key = event.names.dialect, event.id
        before = self._ahead.get(key) or self._known(*key)
        now = before.with_larger(event)
        if now == before:
            return
        self._ahead[key] = step.totals[key] = now
        grown = replace(event, basis=Basis.AGGREGATE, web_searches=0, **now.beyond(before, event))
        cost, priced_as = self.book.price(grown)
        step.rows.append(Row(grown, identity_of_totals(*key, now), offset, 0, cost, priced_as))
        step.tally.disagrees += event.disagrees


def _identity(event: Event, place: tuple[int, int, bytes]) -> int:
    if event.echo:
        return identity_of_echo(request_hash(event.request_id))
    if event.rewritten:
        return identity_of_rewritten(event.names, event.id, event.attempt)
    if event.id:
        return identity_of_id(event.names, event.id)
    return identity_of_place(*place)
