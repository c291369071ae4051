"""Ranges of time: one grammar for the screen, the reports and the settings, and the bins of a chart.

Spans are half open, [from, to). A date is a day of the viewer's zone, whatever its length; as TO it includes itself.
What names no date means the latest one that has come (`mon..`, `09:00..`) and, as TO, the first after FROM. A wall
clock time that a change of clocks skips is the moment of the change; one that it repeats is the first.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from tokenmon.errors import UsageError
from tokenmon.view import Window

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

CALENDAR = ("today", "yesterday", "week", "month")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WIDTHS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY, WEEK)
"""Widths of a chart's bins, milliseconds of wall clock."""

HINT = "such as 24h, 7d, today, yesterday, week, month, all, 2026-11-01..2026-11-20, mon.. or 09:00.."

_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_LAST = re.compile(r"([0-9]{1,9})([mhdw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ONE_DAY = timedelta(days=1)


def resolve(text: str, now_ms: int, zone: tzinfo, span: Window | None = None) -> Window:
    """The window that `text` means now; `span` is what `all` covers. UsageError on nonsense."""
    word = text.strip().lower()
    try:
        if word == "all":
            return span or Window()
        if last := _LAST.fullmatch(word):
            return _last(int(last[1]) * _UNITS[last[2]], now_ms)
        if word in CALENDAR:
            return _calendar(word, _local(now_ms, zone).date(), zone)
        if ".." in word:
            first, last_end = word.split("..", 1)
            return _between(first.strip(), last_end.strip(), now_ms, zone)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{text[:60]!a} is not a range", HINT)


def compared(text: str, window: Window, now_ms: int, zone: tzinfo) -> Window | None:
    """The span just before `window`, which is what `text` means now, that it is fair to compare it with.

    Of what is not over yet only the part that has passed is compared: today with yesterday until the same time, this
    month with as much of the last one. None for `all` and for what has not begun.
    """
    word = text.strip().lower()
    if word == "all" or window.start is None or window.end is None or now_ms <= window.start:
        return None
    if word not in CALENDAR:
        return Window(window.start, min(window.end, now_ms)).before()
    day = _local(window.start, zone).date()
    lengths = {"week": timedelta(days=7), "month": timedelta(days=(day - _ONE_DAY).day)}
    first = day - lengths.get(word, _ONE_DAY)
    if window.end <= now_ms:
        return Window(_midnight(first, zone), window.start)
    passed = _local(now_ms, zone).replace(tzinfo=None) - datetime.combine(day, time())
    until = _instant(datetime.combine(first, time()) + passed, zone)
    return Window(_midnight(first, zone), min(until, window.start))


def is_fixed(text: str) -> bool:
    """Whether it is an explicit FROM..TO, which does not move with the clock."""
    first, dots, last = text.strip().lower().partition("..")
    return bool(dots) and all(_DATE.fullmatch(end) or _INSTANT.fullmatch(end.upper()) for end in (first, last))


def smallest_holding(now_ms: int, last_ms: int | None) -> str:
    """The smallest of 24h, 7d, 30d and all that holds the last event; all where there is none yet."""
    for text in ("24h", "7d", "30d"):
        last = _LAST.fullmatch(text)
        if last_ms is not None and last is not None and last_ms >= now_ms - int(last[1]) * _UNITS[last[2]]:
            return text
    return "all"


def _last(length: int, now_ms: int) -> Window:
    if length == 0:
        raise ValueError
    return Window(max(now_ms - length, 0), now_ms)


def _calendar(word: str, today: date, zone: tzinfo) -> Window:
    if word == "yesterday":
        return Window(_midnight(today - _ONE_DAY, zone), _midnight(today, zone))
    if word == "week":
        monday = today - timedelta(days=today.weekday())
        return Window(_midnight(monday, zone), _midnight(monday + timedelta(days=7), zone))
    if word == "month":
        first = today.replace(day=1)
        return Window(_midnight(first, zone), _midnight((first + timedelta(days=32)).replace(day=1), zone))
    return Window(_midnight(today, zone), _midnight(today + _ONE_DAY, zone))


def _between(first: str, last: str, now_ms: int, zone: tzinfo) -> Window:
    start = _start(first, _local(now_ms, zone), zone)
    if not last:
        return Window(start, None)
    end = _end(last, _local(start, zone), _local(now_ms, zone), zone)
    if end <= start:
        raise UsageError(
            f"the range {first[:40]}..{last[:40]} ends before it starts", "write FROM..TO, the earlier first"
        )
    return Window(start, end)


def _start(text: str, now: datetime, zone: tzinfo) -> int:
    """Where a span from `text` begins; what names no date is the latest that has come."""
    if text[:3] in WEEKDAYS and _is_weekday(text):
        return _midnight(now.date() - timedelta(days=(now.weekday() - WEEKDAYS.index(text[:3])) % 7), zone)
    if clock := _CLOCK.fullmatch(text):
        at = time(int(clock[1]), int(clock[2]))
        today = _instant(datetime.combine(now.date(), at), zone)
        return today if today <= _millis(now) else _instant(datetime.combine(now.date() - _ONE_DAY, at), zone)
    if day := _day(text, now):
        return _midnight(day, zone)
    return _instant(datetime.fromisoformat(_whole_instant(text)), zone)


def _end(text: str, start: datetime, now: datetime, zone: tzinfo) -> int:
    """Where a span up to `text` ends; what names no date is the first after `start`."""
    if text[:3] in WEEKDAYS and _is_weekday(text):
        days = (WEEKDAYS.index(text[:3]) - start.weekday()) % 7
        return _midnight(start.date() + timedelta(days=days + 1), zone)
    if clock := _CLOCK.fullmatch(text):
        at = time(int(clock[1]), int(clock[2]))
        same = _instant(datetime.combine(start.date(), at), zone)
        return same if same > _millis(start) else _instant(datetime.combine(start.date() + _ONE_DAY, at), zone)
    if day := _day(text, now):
        return _midnight(day + _ONE_DAY, zone)
    return _instant(datetime.fromisoformat(_whole_instant(text)), zone)


def _is_weekday(text: str) -> bool:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return text in WEEKDAYS or text in full


def _day(text: str, now: datetime) -> date | None:
    if text == "today":
        return now.date()
    if text == "yesterday":
        return now.date() - _ONE_DAY
    return date.fromisoformat(text) if _DATE.fullmatch(text) else None


def _whole_instant(text: str) -> str:
    if not _INSTANT.fullmatch(text.upper()):
        raise ValueError
    return text.upper()


# -- local time


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH + at_ms * _MILLISECOND).astimezone(zone)


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _instant(moment: datetime, zone: tzinfo) -> int:
    """UTC milliseconds of a wall clock time, or of a moment that says its offset."""
    return _millis((moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))


def _midnight(day: date, zone: tzinfo) -> int:
    return _instant(datetime.combine(day, time()), zone)


# -- bins


def bins(window: Window, zone: tzinfo, at_most: int) -> tuple[int, ...]:
    """Edges of at most `at_most` bins that are exactly a window with both ends; UTC milliseconds, rising.

    All but the ends are on boundaries of the local wall clock, of the smallest width of `WIDTHS` that fits (or a
    multiple of a week), so that only the ends move with a relative range. A day with a change of clocks has 23 or 25
    bins of an hour; wider bins take the change in.
    """
    if window.start is None or window.end is None or at_most < 1:
        raise ValueError("a window with both ends and room for one bin is needed")
    end = max(window.end, window.start + 1)
    weeks = 1
    for width in WIDTHS:
        if (end - window.start) // width <= at_most:
            edges = _within(window.start, end, _edges(window.start, end, zone, width, weeks))
            if len(edges) - 1 <= at_most:
                return edges
    while True:
        weeks *= 2
        edges = _within(window.start, end, _edges(window.start, end, zone, WEEK, weeks))
        if len(edges) - 1 <= at_most:
            return edges


def _within(start: int, end: int, edges: Iterator[int]) -> tuple[int, ...]:
    """The edges between two ends, and the ends."""
    return (start, *sorted({edge for edge in edges if start < edge < end}), end)


def _edges(start: int, end: int, zone: tzinfo, width: int, weeks: int) -> Iterator[int]:
    """Boundaries of the wall clock around [start, end)."""
    first, last = _local(start, zone).date() - _ONE_DAY, _local(end, zone).date() + 2 * _ONE_DAY
    if width == WEEK:
        step = timedelta(days=7 * weeks)
        monday = first - timedelta(days=(first.toordinal() - 1) % step.days)  # ordinal 1 is a Monday
        while monday < last + step:
            yield _midnight(monday, zone)
            monday += step
        return
    while first <= last:
        edges = _of_day(first, zone, width)
        yield from edges[bisect_right(edges, start) : bisect_left(edges, end)]
        first += _ONE_DAY


@lru_cache(maxsize=512)
def _of_day(day: date, zone: tzinfo, width: int) -> tuple[int, ...]:
    """Kept, because a chart of minutes asks for the same thousands of instants at every refresh."""
    return tuple(sorted(_edges_of_day(day, zone, width)))


def _edges_of_day(day: date, zone: tzinfo, width: int) -> Iterator[int]:
    midnight = datetime.combine(day, time())
    for since in range(0, DAY, width):
        wall = midnight + since * _MILLISECOND
        yield _instant(wall, zone)
        if width <= HOUR:  # a repeated hour is two bins, a repeated quarter of a day stays one
            again = wall.replace(fold=1, tzinfo=zone)
            if again.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
                yield _instant(again, zone)
