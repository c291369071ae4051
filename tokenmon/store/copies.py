"""Where a call was seen besides the line that counts, and why that one does.

Lines that lost were filed when they arrived. A file that is a copy as a whole is never parsed, so nothing is filed of
it: it is found by its lineage, and whoever can read files must see for himself that it holds the line, as files of
different origin may share their first line.
"""

import os

from tokenmon.store.answers import Copy, StoredEvent, Why
from tokenmon.store.pages import cursor
from tokenmon.store.rows import CALL, ECHO
from tokenmon.store.snapshot import Row, Snapshot

MOST = 50
"""Copies that are told, of either kind."""

_COUNTS = """
SELECT ts, uid, ifnull(speed, 0), source, input + cache_read + cache_write_5m + cache_write_1h + output
FROM event WHERE ts = ? AND h = ?
"""
_FILED = f"""
SELECT sighting.source, source.path, source.kind, sighting.off,
  sighting.uid, sighting.tokens, ifnull(sighting.speed, 0), sighting.ts
FROM sighting JOIN source ON source.id = sighting.source
WHERE sighting.h = ? AND (sighting.uid IS NOT NULL OR sighting.ts = ?) ORDER BY source.path LIMIT {MOST}
"""
_WHOLE = f"""
SELECT id, path, kind FROM source
WHERE lineage = (SELECT lineage FROM source WHERE id = ?1) AND id <> ?1 AND off > ?2 ORDER BY gone, path LIMIT {MOST}
"""


async def read(snapshot: Snapshot, event: StoredEvent) -> tuple[Copy, ...]:
    """The other places of a call, those that were filed first; none where the event is gone by now."""
    ts, h = cursor(event.id)
    counts = await snapshot.one(_COUNTS, (ts, h))
    if counts is None:
        return ()
    source = counts[3]
    filed = await snapshot.all(_FILED, (h, ts))
    known = {row[0] for row in filed}
    whole = await snapshot.all(_WHOLE, (source, event.source_offset))
    return (
        *(Copy(os.fsdecode(row[1]), row[2], row[3], _why(counts, row)) for row in filed),
        *(Copy(os.fsdecode(path), kind, event.source_offset, "file") for i, path, kind in whole if i not in known),
    )


def _why(counts: Row, filed: Row) -> Why:
    """The first in which the line that counts is better, in the order of `rewritten.rank`."""
    ts, uid, speed, _, tokens = counts
    *_, other_uid, other_tokens, other_speed, other_ts = filed
    if uid is None:
        return "known"
    if other_uid == ECHO != uid:
        return "echo"
    if (uid == CALL) != (other_uid == CALL):
        return "replay"
    if tokens != other_tokens:
        return "tokens"
    if speed != other_speed:
        return "speed"
    return "time" if ts != other_ts else "known"
