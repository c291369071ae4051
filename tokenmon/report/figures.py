"""Numbers as text for people. Money is integer nano-USD until it is text, never a float."""

from datetime import UTC, datetime, timedelta, tzinfo

from tokenmon.events import NANO

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def short_money(nano: int) -> str:
    """Dollars at a glance: `$1,234.56`, `$0.834`, `$0.0071`."""
    if nano == 0:
        return "$0.00"
    places = 2 if nano >= NANO else 3 if nano >= NANO // 100 else 4
    unit = 10 ** (9 - places)
    rounded = (nano + unit // 2) // unit
    if rounded == 0:
        return "<$0.0001"
    whole, part = divmod(rounded, 10**places)
    return f"${whole:,}.{part:0{places}d}" if whole == 0 else f"${whole:,}.{str(part).zfill(places)[:2]}"


def short_difference(nano: int) -> str:
    """A difference in dollars at a glance: `+$0.20`, `-$1.50`."""
    return ("-" if nano < 0 else "+" if nano else "") + short_money(abs(nano))


def short_count(count: int) -> str:
    """A count in at most six characters: `841`, `12.9K`, `1.2M`."""
    if count < 1_000:
        return str(count)
    for unit, letter in ((1_000, "K"), (10**6, "M"), (10**9, "B"), (10**12, "T")):
        tenths = (count * 10 + unit // 2) // unit
        if tenths < 10_000:
            return f"{tenths // 10}.{tenths % 10}{letter}"
    return f"{count / 10**15:.1f}P"


def clock(ms: int, zone: tzinfo) -> str:
    """Local time for people, to the second: `2026-11-20 14:03:22`."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
