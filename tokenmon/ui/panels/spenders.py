"""Who spends, where nobody says by what: by key, and where no key is named by project, then by integration.

A log that names no key would else be one row `(unattributed)`.
"""

from datetime import tzinfo

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import Breakdown
from tokenmon.store.reader import Reader
from tokenmon.view import View, Window

SPENDERS: tuple[Dimension, ...] = tuple(
    dimension for name in ("key", "project", "integration") if (dimension := by_name(name))
)
"""The first of them that any call names; the last one in any case."""


async def spender(reader: Reader, window: Window, zone: tzinfo) -> Dimension | None:
    """The dimension that tells who spends in a window; None while there is no call.

    It depends on the window alone: a filter must not change what the rows are.
    """
    for by in SPENDERS:
        found = await reader.breakdown(View(window), (by,), zone=zone, sort="name", limit=1)
        if not found.groups:
            return None
        if found.groups[0].values[0]:
            return by
    return SPENDERS[-1]


async def spenders(reader: Reader, view: View, zone: tzinfo, limit: int) -> tuple[Dimension, Breakdown]:
    """Who spends, the largest `limit`; a chosen one among the others."""
    by = await spender(reader, view.window, zone) or SPENDERS[0]
    return by, await reader.breakdown(view.without(by.name), (by,), zone=zone, limit=limit)
