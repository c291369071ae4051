"""Fields of a record, read with care: a value that cannot be used gives a reason that names the field, never the value.

Every dialect decodes a line with a typed decoder first, which is several times faster. Only when that fails does it
come here, to tell what is merely unusual (a byte order mark, a lone surrogate, 1e400 in a field that nobody needs)
from what is wrong.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeGuard

import msgspec

from tokenmon import text
from tokenmon.events import MAX_COST, MAX_COUNT, NANO, Reject

BROKEN = (ValueError, RecursionError)
"""What decoding raises for a line that is wrong: msgspec's errors and those of UTF-8 are ValueErrors."""

EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""First instant that is believed, UTC milliseconds."""
LATEST = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""First instant that is not believed any more, UTC milliseconds."""

OUT_OF_TIME = "{} is not between the years 2000 and 2100"

ERROR_LENGTH = 500
"""Longest error text that is kept, characters."""

CONSIDERED = 16 * ERROR_LENGTH
"""How much of it is looked at: a secret that is cut is not recognised."""

CACHED = 4096
"""Distinct combinations that a reader remembers before it forgets them all."""

SHARED = 8192
"""Distinct names, or combinations, that all readers together remember. Every one of a thousand sources may bring new
ids with every line, so what each of them remembered for itself would have no bound to speak of."""

LONGEST_SHARED = 1024
"""Longest text that is remembered, characters."""

Cleaned = Callable[[str | None], str]
"""What makes a name harmless."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Dollars = Annotated[float, msgspec.Meta(ge=0, le=MAX_COST // NANO)]

MAX_STATUS = 999
"""Largest HTTP status that is believed."""

_TICKS_PER_NANO = 10
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_MILLISECONDS_FROM = 10**11
"""A number this large is milliseconds since 1970, a smaller one seconds."""


class Invalid(Exception):
    """The line is invalid; the text is the reason of its `Reject`."""


# -- lines


def bare(line: bytes) -> bytes:
    """The line without blanks around it and without a byte order mark."""
    return line.strip(_BLANK).removeprefix(_BOM).lstrip(_BLANK)


def without_usage(line: bytes) -> Reject | None:
    """What a line is that a byte test has shown to carry no usage: nothing, unless it cannot even be an object."""
    if line[:1] == b"{" and line[-1:] == b"}":
        return None
    rest = bare(line)
    if not rest or (rest[:1] == b"{" and rest[-1:] == b"}"):
        return None
    return Reject("line is not a JSON object")


def value_of(line: bytes) -> Any:
    """The JSON value that a line or a document holds; Invalid where it holds none."""
    try:
        return _decode(bare(line))
    except RecursionError:
        raise Invalid("line is nested too deeply") from None
    except UnicodeDecodeError:
        raise Invalid("line is not UTF-8") from None
    except ValueError:
        raise Invalid("line is not JSON") from None


def record_of(line: bytes) -> dict[str, Any]:
    """The object that a line holds; Invalid where it holds none."""
    record = value_of(line)
    if not isinstance(record, dict):
        raise Invalid("line is not a JSON object")
    return record


def _decode(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except ValueError:
        # The standard decoder is slower and takes more: lone surrogates, and numbers that no float holds.
        return json.loads(line.decode(), parse_constant=_no_constant, parse_int=_integer)


def _no_constant(name: str) -> Any:
    raise ValueError("not JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else math.inf


# -- numbers


def count(value: Any, field: str, most: int = MAX_COUNT) -> int | None:
    """A count between 0 and `most`; null is absent. A float without a fraction is an integer, as in JSON Schema."""
    if type(value) is int and 0 <= value <= most:  # as nearly every one is
        return value
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{field} is not a whole number")
    if value < 0:
        raise Invalid(f"{field} is negative")
    if value > most:
        raise Invalid(f"{field} is larger than {most}")
    return value


def harmless_count(value: Any, most: int = MAX_COUNT) -> int | None:
    """A count that nothing depends on: absent where it cannot be used."""
    try:
        return count(value, "", most)
    except Invalid:
        return None


def together(one: int | None, other: int | None, field: str) -> int:
    """The sum of two counts that are one for us; Invalid where it is larger than a count may be."""
    return count((one or 0) + (other or 0), field) or 0


def harmless_status(value: Any) -> int | None:
    """An HTTP status, which nothing depends on: absent where it cannot be one."""
    return harmless_count(value, MAX_STATUS)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether this is a JSON number."""
    return type(value) is int or type(value) is float


def percentage(value: Any, most: int) -> float | None:
    """A share in percent between 0 and `most`; absent where it cannot be used."""
    return float(value) if is_number(value) and 0 <= value <= most else None


def dollars(value: Any, field: str) -> float | None:
    """An amount of USD; null is absent."""
    if value is None:
        return None
    if not is_number(value) or value != value:
        raise Invalid(f"{field} is not a number")
    if value < 0:
        raise Invalid(f"{field} is negative")
    if value > MAX_COST // NANO:
        raise Invalid(f"{field} is larger than {MAX_COST // NANO}")
    return float(value)


def logged_cost(value: Any) -> int | None:
    """USD as nano-USD where the producer works them out itself: its 0, and what cannot be used, is an unknown cost."""
    try:
        amount = dollars(value, "")
    except Invalid:
        return None
    return round(amount * NANO) if amount else None


def cost_of_ticks(value: Any) -> int | None:
    """xAI's ticks as nano-USD: its 0 is a cost that was not told, as is what cannot be used.

    A dollar has 10^10 ticks (docs.x.ai/developers/cost-tracking).
    """
    ticks = harmless_count(value, MAX_COST * _TICKS_PER_NANO)
    return round(ticks / _TICKS_PER_NANO) if ticks else None


# -- times


def harmless_duration(value: Any) -> int | None:
    """Milliseconds that nothing depends on, rounded: absent where they cannot be used."""
    try:
        return harmless_count(round(value)) if is_number(value) else None
    except (OverflowError, ValueError):
        return None


def milliseconds(moment: datetime, field: str) -> int:
    """A moment with a zone as UTC milliseconds; Invalid before 2000 or after 2100."""
    ts = int(moment.timestamp() * 1000 + 0.5)
    if not EARLIEST <= ts < LATEST:
        raise Invalid(OUT_OF_TIME.format(field))
    return ts


def moment(value: Any, field: str) -> datetime:
    """A time as agents write it: ISO with `T` or a space, UTC where it has no zone, or a number since 1970."""
    if value is None:
        raise Invalid(f"{field} is missing")
    try:
        if is_number(value):
            seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Invalid(f"{field} is not a time")


def harmless_moment(value: Any) -> int | None:
    """A time that nothing depends on, UTC milliseconds: absent where it cannot be used."""
    try:
        return milliseconds(moment(value, ""), "")
    except Invalid:
        return None


def strict_moment(value: Any, field: str) -> datetime:
    """A time as RFC 3339 has it, with a zone."""
    if value is None:
        raise Invalid(f"{field} is missing")
    try:
        return msgspec.convert(value, Moment)
    except ValueError:
        raise Invalid(f"{field} is not an RFC 3339 time with a zone") from None


# -- text and objects


def string(value: Any, field: str) -> str | None:
    """A text; null is absent."""
    if value is None or isinstance(value, str):
        return value
    raise Invalid(f"{field} is not text")


def harmless_string(value: Any) -> str | None:
    """A text that nothing depends on: absent where it is something else."""
    return value if isinstance(value, str) else None


def flag(value: Any, field: str) -> bool | None:
    """True or false; null is absent."""
    if value is None or isinstance(value, bool):
        return value
    raise Invalid(f"{field} is not true or false")


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one in its place."""
    return value if isinstance(value, dict) else {}


def required_name(value: str, field: str) -> str:
    """A name that must not be empty."""
    if not value or value.isspace():
        raise Invalid(f"{field} is empty")
    return name(value, field)


def name(value: str | None, field: str) -> str:
    """A name as it is stored; Invalid where it is longer than a name may be."""
    if not value:
        return ""
    value = value.strip()
    if len(value) > text.NAME_BYTES // 4 and len(value.encode("utf-8", "surrogatepass")) > text.NAME_BYTES:
        raise Invalid(f"{field} is longer than {text.NAME_BYTES} bytes")
    return text.name(value)


def error_text(value: str | None) -> str:
    """An error text, harmless, without secrets and clipped."""
    if not value:
        return ""
    return text.clip(text.hide_secrets(text.sanitise(value[:CONSIDERED].strip())), ERROR_LENGTH)


def clean(raw: str | None) -> str:
    """The harmless name; each distinct one is cleaned once, whatever source it is in."""
    if not raw:
        return ""
    return _cleaned(raw) if len(raw) <= LONGEST_SHARED else text.name(raw)


_cleaned = lru_cache(SHARED)(text.name)
