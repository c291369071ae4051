"""Who spends, where nobody says by what: by key, and where no key is named by project, then by integration.

A log that names no key would else be one row `unattributed`.
"""

from datetime import tzinfo

from tokenmon.dimensions import Dimension, by_name
from tokenmon.store.answers import Breakdown
from tokenmon.store.reader import Reader
from tokenmon.view import View

SPENDERS: tuple[Dimension, ...] = tuple(
    dimension for name in ("key", "project", "integration") if (dimension := by_name(name))
)
"""The first of which any value is named is shown."""


async def spenders(reader: Reader, view: View, zone: tzinfo, limit: int) -> tuple[Dimension, Breakdown]:
    """The dimension that tells who spends, and its largest `limit` groups; a chosen one among the others.

    Which dimension that is depends on the range alone: a filter must not change what the rows are.
    """
    by = SPENDERS[-1]
    for by in SPENDERS:
        named = await reader.breakdown(View(view.window), (by,), zone=zone, sort="name", limit=1)
        if any(group.values[0] for group in named.groups):
            break
    return by, await reader.breakdown(view.without(by.name), (by,), zone=zone, limit=limit)
