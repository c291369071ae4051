"""From an event to its row: identified, priced, traced. The loop over lines does the same, written flat for speed."""

from tokenmon.events import Event, identity_of_id, identity_of_place, identity_of_rewritten
from tokenmon.pricing import PriceBook
from tokenmon.source import Row


def row_of(event: Event, book: PriceBook, offset: int, line_hash: int, place: tuple[int, int, bytes]) -> Row:
    """The row of an event. `place` (lineage, offset, text) identifies one that its producer gave no id."""
    cost, priced_as = book.price(event)
    return Row(event, _identity(event, place), offset, line_hash, cost, priced_as)


def _identity(event: Event, place: tuple[int, int, bytes]) -> int:
    if event.rewritten:
        return identity_of_rewritten(event.names, event.id, event.attempt)
    if event.id:
        return identity_of_id(event.names, event.id)
    return identity_of_place(*place)
