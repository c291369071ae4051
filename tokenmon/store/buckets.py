"""Calendar buckets in the viewer's zone: an hour that comes twice is two buckets, a day may have 23 hours or 25.

Days, weeks and months begin at local midnight (the first one, where a clock goes back over it); hours are real hours
counted from local ones, so that a zone half an hour off has buckets half an hour off.

A block is no calendar's: it begins at the full UTC hour of a call and lasts five hours; the next call after it begins
the next one (ccusage's `identify_session_blocks`, whose blocks the allowance of Claude Code's plans follows). There, a
call at the very millisecond of a block's end still belongs to it; here, where a roll-up of an hour is never divided, it
begins the next.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from tokenmon.store.schema import HOUR

Bucket = Literal["hour", "day", "week", "month"]

BLOCK = 5 * HOUR
"""How long a block lasts, milliseconds."""


def _local(at: int, zone: tzinfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(zone)


def _instant(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def floor(at: int, bucket: Bucket, zone: tzinfo) -> int:
    """Start of the bucket that holds a moment, both UTC milliseconds."""
    local = _local(at, zone)
    if bucket == "hour":
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at - into // timedelta(milliseconds=1)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if bucket == "week":
        midnight -= timedelta(days=midnight.weekday())
    elif bucket == "month":
        midnight = midnight.replace(day=1)
    return _instant(midnight)


def following(start: int, bucket: Bucket, zone: tzinfo) -> int:
    """Start of the next bucket."""
    if bucket == "hour":
        return floor(start + HOUR, "hour", zone)
    # From noon, so that no clock change can reach the next midnight.
    noon = _local(start, zone).replace(hour=12, minute=0, second=0, microsecond=0)
    if bucket == "month":
        noon = noon.replace(day=28) + timedelta(days=4)
    else:
        noon += timedelta(days=7 if bucket == "week" else 1)
    return floor(_instant(noon), bucket, zone)


def spans(start: int, end: int, bucket: Bucket, zone: tzinfo) -> Iterator[tuple[int, int]]:
    """The buckets that [start, end) touches, whole."""
    low = floor(start, bucket, zone)
    while low < end:
        high = following(low, bucket, zone)
        if high <= low:  # an offset changed by less than an hour: the bucket is what is left of it
            high = low + HOUR
        yield low, high
        low = high


def label(start: int, bucket: Bucket, zone: tzinfo) -> str:
    """`2026-11-20T14:00+01:00`, `2026-11-20`, `2026-W47` or `2026-11`."""
    local = _local(start, zone)
    if bucket == "hour":
        return local.isoformat(timespec="minutes")
    if bucket == "day":
        return local.date().isoformat()
    if bucket == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02}"
    return f"{local.year}-{local.month:02}"


def blocks(hours: Iterable[int]) -> Iterator[int]:
    """Starts of the blocks that cover these hours (UTC, numbered since 1970, rising), milliseconds."""
    end = None
    for hour in hours:
        start = hour * HOUR
        if end is None or start >= end:
            end = start + BLOCK
            yield start


def block_label(start: int, zone: tzinfo) -> str:
    """`2026-11-20T14:00+01:00..19:00`: what `--range` takes, too."""
    return f"{label(start, 'hour', zone)}..{_local(start + BLOCK, zone):%H:%M}"


def is_in_block(text: str, now_ms: int) -> bool:
    """Whether a moment is in the block of that label."""
    return 0 <= now_ms - _instant(datetime.fromisoformat(text.partition("..")[0])) < BLOCK
