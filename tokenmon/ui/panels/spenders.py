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
    """The dimension that tells who spends in a view, and its largest `limit` groups; a chosen one among the others."""
    first: Breakdown | None = None
    for by in SPENDERS:
        found = await reader.breakdown(view.without(by.name), (by,), zone=zone, limit=limit)
        if any(group.values[0] for group in found.groups):
            return by, found
        first = first or found
    assert first is not None
    return SPENDERS[0], first
