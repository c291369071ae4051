"""The only place where numbers, money and times become text, so that every panel spells them alike.

Values never outgrow their column: money has three to five significant digits, counts at most five characters.
Money is nano-USD, times are UTC milliseconds shown in the viewer's zone.
"""

import math
from datetime import datetime, timedelta, tzinfo

from tokenmon.events import NANO
from tokenmon.store.answers import AlertRow

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

UNKNOWN = "? n/a"
"""An unknown cost; it is never shown as 0."""

NOTHING = "-"
"""A value that nobody can know yet."""


def money(nano: int) -> str:
    """`$110.2`, `$35.62`, `$0.834`, `$0.026`, `$0.0071`, `$12.3K`."""
    if nano < 0:
        return "-" + money(-nano)
    if nano == 0:
        return "$0.00"
    dollars = nano / NANO
    if dollars < 0.00005:
        return "<$0.0001"
    for below, decimals in ((0.00995, 4), (0.9995, 3), (99.995, 2), (999.95, 1), (9_999.5, 0)):
        if dollars < below:
            return f"${dollars:,.{decimals}f}"
    return "$" + _short(dollars)


def difference(nano: int) -> str:
    """Money with its sign: `+$0.18`, `-$1.20`."""
    return ("+" if nano > 0 else "") + money(nano)


def apart(ratio: float) -> str:
    """A share with its sign: `+47.1%`, `0.0%`; beyond a thousand percent without decimals."""
    percent = round(100 * ratio, 1) + 0.0
    return f"{percent:+.1f}%" if 0 < abs(percent) < 999.95 else f"{min(percent, 99_999):+.0f}%" if percent else "0.0%"


def cost(nano: int | None, unpriced: int = 0, approximately: str = "~") -> str:
    """A cost that may be unknown (`? n/a`), or miss some requests (`~$1.20`)."""
    if nano is None:
        return UNKNOWN
    return (approximately if unpriced else "") + money(nano)


def count(number: int | None) -> str:
    """`649`, `2.8K`, `286K`, `84.0M`; `-` where nobody reported it."""
    if number is None:
        return NOTHING
    return str(number) if abs(number) < 1_000 else _short(number)


def _short(number: float) -> str:
    for divisor, unit in ((1e3, "K"), (1e6, "M"), (1e9, "B"), (1e12, "T")):
        scaled = number / divisor
        if abs(scaled) < 99.95:
            return f"{scaled:.1f}{unit}"
        if abs(scaled) < 999.5 or unit == "T":
            return f"{scaled:.0f}{unit}"
    raise AssertionError("the last unit takes every number")


def percent(part: float, whole: float, decimals: int = 0) -> str:
    """`52%`; `-` where there is no whole to be a part of."""
    return f"{100 * part / whole:.{decimals}f}%" if whole else NOTHING


def data_size(size: int) -> str:
    """`512 B`, `34 KB`, `4.1 MB`, `412 MB`."""
    if size < 1_000:
        return f"{size} B"
    value = float(size)
    for unit in ("KB", "MB", "GB"):
        value /= 1_000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 and unit != "KB" else f"{value:.0f} {unit}"
    return f"{value / 1_000:.1f} TB"


def span(milliseconds: int) -> str:
    """A length of time by its largest unit: `44s`, `15m`, `2h`, `3d`; a negative one is `0s`."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if milliseconds >= unit:
            return f"{milliseconds // unit}{name}"
    return f"{max(0, milliseconds) // SECOND}s"


def duration(milliseconds: int) -> str:
    """How long something took, by its two largest units: `44s`, `15m 20s`, `2h 05m`, `3d 04h`."""
    for unit, name, part, lesser in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m"), (MINUTE, "m", SECOND, "s")):
        if milliseconds >= unit:
            return f"{milliseconds // unit}{name} {milliseconds % unit // part:02}{lesser}"
    return f"{max(0, milliseconds) // SECOND}s"


def latency(milliseconds: int | None) -> str:
    """`1.2s`, `340ms`; `-` where it was not measured."""
    if milliseconds is None:
        return NOTHING
    return f"{milliseconds}ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f}s"


def local(instant: int, zone: tzinfo) -> datetime:
    """A UTC millisecond as the viewer's wall clock shows it; an impossible one as the nearest possible."""
    return datetime.fromtimestamp(min(max(instant, 0), 253_402_000_000_000) / 1_000, zone)


def clock(instant: int, zone: tzinfo) -> str:
    """`14:32:07`."""
    return f"{local(instant, zone):%H:%M:%S}"


def moment(instant: int, zone: tzinfo, now: int) -> str:
    """`14:32:07` today, else `Nov 20 14:32`, else `2025-11-20`."""
    then, today = local(instant, zone), local(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    return f"{then:%b %d %H:%M}" if abs(today - then) < timedelta(days=300) else f"{then:%Y-%m-%d}"


def day_or_time(instant: int | None, zone: tzinfo, now: int) -> str:
    """`14:32` today, else `Nov 20`, else `2025-11`; `-` where it never was. Unlike an age it does not tick."""
    if instant is None:
        return NOTHING
    then, today = local(instant, zone), local(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%b %d}" if abs(today - then) < timedelta(days=300) else f"{then:%Y-%m}"


def tick(instant: int, zone: tzinfo, step: int) -> str:
    """A label on a time axis whose labels are `step` milliseconds apart: `18:00`, `Fri 20`, `Nov 20`, `2026`."""
    then = local(instant, zone)
    if step >= 360 * DAY:
        return f"{then:%Y}"
    if step >= 28 * DAY:
        return f"{then:%b %Y}"
    if step >= 2 * DAY:
        return f"{then:%b %d}"
    return f"{then:%a %d}" if (then.hour, then.minute) == (0, 0) else f"{then:%H:%M}"


def bin_span(start: int, end: int, zone: tzinfo, now: int) -> str:
    """A bin of a chart: `Fri 13:45-14:00`, `Nov 12 06:00-12:00`, `Fri Nov 20`, `Nov 16-Nov 22`.

    Days of another year say it; on both sides of a change of clocks the zone is told.
    """
    first, last, today = local(start, zone), local(end, zone), local(now, zone)
    year = "" if first.year == today.year else f" {first:%Y}"
    if end - start >= DAY - 2 * HOUR:
        final = local(end - 1, zone)
        if first.date() == final.date():
            return f"{first:%a %b %d}{year}"
        return f"{first:%b %d}-{final:%b %d}{year}"
    if last.second or last.microsecond:
        last += timedelta(minutes=1)
    day = f"{first:%a}" if timedelta() <= today.date() - first.date() < timedelta(days=6) else f"{first:%b %d}{year}"
    if first.utcoffset() != last.utcoffset():
        return f"{day} {first:%H:%M %Z}-{last:%H:%M %Z}"
    return f"{day} {first:%H:%M}-{last:%H:%M}"


def axis_money(nano: float, step: float) -> str:
    """A label of a money axis whose labels are `step` nano-USD apart, with the decimals that the step needs, in seven
    characters."""
    if step >= 1_000 * NANO:
        return money(round(nano)) if nano else "$0"
    decimals = _decimals(step / NANO)
    if decimals <= 4 or not nano:
        return f"${nano / NANO:.{min(decimals, 4)}f}"
    digits, _, exponent = f"{nano / NANO:.1e}".partition("e")
    return f"${digits.removesuffix('.0')}e{int(exponent)}"


def axis_power(nano: float) -> str:
    """A label of a money axis whose labels are powers of ten: `$0.01`, `$1`, `$100`."""
    return axis_money(nano, max(nano, 10 * NANO) if nano >= NANO else nano)


def axis_count(number: float, step: float) -> str:
    """A label of a count axis."""
    return count(round(number))


def _decimals(step: float) -> int:
    """Decimals that tell multiples of `step` (1, 2, 2.5 or 5 times a power of ten) apart; two for whole dollars."""
    if step >= 10:
        return 0
    if step >= 1:
        return 2
    exponent = math.floor(math.log10(step))
    return -exponent + (1 if round(step / 10**exponent, 6) == 2.5 else 0)


def lateness(seconds: float) -> str:
    """How late something is: `40s`, `2m`, `3h`; in steps of ten seconds and more, so that it rarely changes."""
    steps = int(seconds // 10 * 10)
    return span(steps * SECOND)


def alert(row: AlertRow) -> str:
    """What an alert says and about whom; of a path only the end, which tells files apart."""
    about = row.subject.rstrip("/").rpartition("/")[2] if row.subject.startswith("/") else row.subject
    return row.title if not about or about in row.title else f"{about}: {row.title}"
