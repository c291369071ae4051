"""Formats of a user's own: a table `[formats.NAME]` in `config.toml` says which lines are calls and what stands where.

A mapping is checked when tokenmon starts, whole and with a message that names file, line and field, because a mistake
in it would otherwise be lines that nobody reads. What changes totals most, whether the input includes cached tokens,
has no default: whoever maps a cache count says it.

    [formats.acme]
    when = { kind = "llm_call" }
    time = { path = "finished", unit = "s" }
    provider = { value = "openai" }
    model = "request.model"
    input = "usage.in"
    output = "usage.out"
    cache_read = "usage.cached"
    cache = "included"
"""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from tokenmon.dialects import fields, plain
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.fields import Invalid
from tokenmon.errors import ConfigError
from tokenmon.events import MAX_COST, MAX_COUNT, NANO, Event, Names, Parsed, SourceClass
from tokenmon.text import clip, sanitise

LINE_CAP = 8 << 20
"""Longest line, bytes: records of one's own tend to hold the prompt, too."""
STANDARD_TIERS = ("standard", "default", "auto")

Kind = Literal["text", "class", "count", "time", "duration", "money", "status", "flag", "error"]

FIELDS: Mapping[str, Kind] = {
    "time": "time",
    "provider": "text",
    "model": "text",
    "requested_model": "text",
    "input": "count",
    "output": "count",
    "cache_read": "count",
    "cache_write": "count",
    "cache_write_1h": "count",
    "reasoning": "count",
    "total": "count",
    "web_searches": "count",
    "cost": "money",
    "id": "text",
    "request_id": "text",
    "session": "text",
    "project": "text",
    "user": "text",
    "account": "text",
    "key_id": "text",
    "key_name": "text",
    "integration": "text",
    "source_class": "class",
    "endpoint": "text",
    "tier": "text",
    "status": "status",
    "error": "error",
    "latency": "duration",
    "ttft": "duration",
    "streamed": "flag",
}
"""Everything about a call that a mapping can place, and how it is read."""

OPTIONS = ("label", "places", "when", "needs", "cache", "rewritten")
"""What else a mapping says."""

REQUIRED = ("provider", "model")
CACHE_FIELDS = ("cache_read", "cache_write", "cache_write_1h")
BILLED = ("input", "output", *CACHE_FIELDS)

TIME_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""Nanoseconds."""
MONEY_UNITS = {"usd": NANO, "cents": NANO // 100, "milli-usd": 10**6, "micro-usd": 1_000, "nano-usd": 1}
"""Nano-USD."""
UNITS: Mapping[str, Sequence[str]] = {
    "time": (*TIME_UNITS, "iso"),
    "duration": tuple(TIME_UNITS),
    "money": tuple(MONEY_UNITS),
}
USUAL_UNITS = {"time": "", "duration": "ms", "money": "usd"}
"""A time without a unit is ISO, or seconds or milliseconds by its size."""
COUNTED = ("included", "beside")

SHOWN = 60
"""Characters of a path in a reason."""

_NAME = r"[a-z0-9][a-z0-9_-]{0,63}\Z"
_NUMBER = r"-?[0-9]{1,40}(\.[0-9]{1,20})?\Z"
_SOURCE_CLASSES: tuple[str, ...] = get_args(SourceClass)


def at(value: Any, parts: Sequence[str]) -> Any:
    """What stands at a path; None where nothing does. Keys that themselves hold dots are found, too."""
    if not parts:
        return value
    if isinstance(value, list):
        index = int(parts[0]) if parts[0].isdecimal() and len(parts[0]) < 9 else len(value)
        return at(value[index], parts[1:]) if index < len(value) else None
    if isinstance(value, dict):
        for count in range(1, len(parts) + 1):
            inner = value.get(".".join(parts[:count]))
            if inner is not None and (found := at(inner, parts[count:])) is not None:
                return found
    return None


# -- a mapping


@dataclass(frozen=True)
class Where:
    """Where the value of a field comes from: a path in the record, or always the same."""

    parts: tuple[str, ...] = ()
    constant: Any = None
    unit: str = ""
    beside: bool = False
    """Reasoning only: the tokens are not part of the output that is logged."""

    @property
    def path(self) -> str:
        """The path as it is written, harmless, for reasons."""
        return clip(sanitise(".".join(self.parts)), SHOWN)

    def of(self, record: Record) -> Any:
        """The value in a record; None where there is none."""
        return at(record, self.parts) if self.parts else self.constant


@dataclass(frozen=True)
class Format:
    """A checked mapping."""

    name: str
    label: str
    places: tuple[str, ...]
    when: tuple[tuple[Where, tuple[Any, ...]], ...]
    """Where a value must stand for a line to be this format's, and which are accepted."""
    needs: tuple[Where, ...]
    """What must be there as well."""
    fields: Mapping[str, Where]
    cached_in_input: bool
    rewritten: bool

    def objection(self, record: Record) -> str:
        """Why a record is not this format's, naming the field; empty where it is."""
        for where, accepted in self.when:
            value = where.of(record)
            if value is None:
                return f"{where.path} is missing"
            if not any(_is_same(value, each) for each in accepted):
                return f"{where.path} is not {' or '.join(_quoted(each) for each in accepted)}"
        return next((f"{where.path} is missing" for where in self.needs if where.of(record) is None), "")

    def dialect(self) -> Dialect:
        """The dialect that reads it."""
        return Dialect(
            name=self.name,
            label=self.label,
            matches=lambda record: not self.objection(record),
            reader=plain.alone(self._read, *self._words()),
            line_cap=LINE_CAP,
            places=self._places,
        )

    def _places(self, environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
        below_home = (str(home) + place[1:] if place.startswith("~/") else place for place in self.places)
        return tuple(Place(Path(place), self.label) for place in below_home)

    def _words(self) -> tuple[bytes, ...]:
        """A line with none of these holds no count; an empty word, which is in every line, where that is not sure."""
        keys = (_last_key(self.fields[name].parts) for name in BILLED if name in self.fields)
        return tuple(b'%b"' % key.encode() if re.fullmatch(r"[\w -]+", key, re.ASCII) else b"" for key in keys)

    # -- one call

    def _read(self, record: Record, scene: plain.Scene[plain.Nothing]) -> Parsed:
        """The call that a record tells; nothing where it is another's, or holds no count."""
        if self.objection(record):
            return None
        counts = {name: self._count(record, name) for name in (*BILLED, "reasoning", "total")}
        if all(counts[name] is None for name in BILLED):
            return None
        write, write_1h = counts["cache_write"], counts["cache_write_1h"]
        if write is not None and write_1h is not None:
            write = self._less(write, write_1h, "cache_write", "is less than its part that is kept for an hour")
        cached = (counts["cache_read"] or 0) + (write or 0) + (write_1h or 0)
        billed = self._input(counts["input"], cached)
        reasoning, output = counts["reasoning"], counts["output"] or 0
        if reasoning and self.fields["reasoning"].beside:
            output = _bounded(output + reasoning, self.fields["reasoning"].path)
        ts, untimed = self._time(record, scene)
        clean = scene.clean
        request_id = clean(self._text(record, "request_id"))
        call = clean(self._text(record, "id"))
        error, failed = self._error(record)
        total = counts["total"]
        return Event(
            ts=ts,
            names=self._names(record, scene),
            input=billed,
            output=output,
            cache_read=counts["cache_read"],
            cache_write_5m=write,
            cache_write_1h=write_1h,
            reasoning=reasoning,
            cost_logged=self._cost(record),
            web_searches=fields.harmless_count(self._plain(record, "web_searches")) or 0,
            id=call,
            rewritten=self.rewritten and bool(call),
            session=clean(self._text(record, "session")),
            request_id=request_id or call,
            keeps_details=True,
            status=fields.harmless_status(self._plain(record, "status")),
            failed=failed,
            error=error,
            latency_ms=self._duration(record, "latency"),
            ttft_ms=self._duration(record, "ttft"),
            streamed=self._flag(record, "streamed"),
            disagrees=total is not None and total != billed + cached + output,
            untimed=untimed,
        )

    def _names(self, record: Record, scene: plain.Scene[plain.Nothing]) -> Names:
        text = {name: scene.clean(self._text(record, name)) for name in Names._fields if name in FIELDS}
        tier, source_class = text["tier"].lower(), text["source_class"]
        return Names(
            **text
            | {
                "dialect": self.name,
                "integration": text["integration"] or self.name,
                "provider": text["provider"].lower(),
                "tier": "" if tier in STANDARD_TIERS else tier,
                "source_class": source_class if source_class in _SOURCE_CLASSES else "",
            }
        )

    def _value(self, record: Record, name: str) -> Any:
        where = self.fields.get(name)
        return None if where is None else where.of(record)

    def _plain(self, record: Record, name: str) -> Any:
        """A value, as a number where it is the text of one: the mapping says that it is meant to be one."""
        value = self._value(record, name)
        if isinstance(value, str) and re.match(_NUMBER, value):
            return float(value) if "." in value else int(value)
        return value

    def _count(self, record: Record, name: str) -> int | None:
        value = self._plain(record, name)
        return None if value is None else fields.count(value, self.fields[name].path)

    def _input(self, given: int | None, cached: int) -> int:
        """Input without cached tokens."""
        if not self.cached_in_input or not cached:
            return given or 0
        if given is None:
            raise Invalid(f"{self.fields['input'].path} is missing")
        return self._less(given, cached, "input", 'is less than the cached tokens in it; is cache = "beside"?')

    def _less(self, whole: int, part: int, name: str, otherwise: str) -> int:
        if whole < part:
            raise Invalid(f"{self.fields[name].path} {otherwise}")
        return whole - part

    def _text(self, record: Record, name: str) -> str:
        value = self._value(record, name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
            return str(value)
        return value if isinstance(value, str) else ""

    def _flag(self, record: Record, name: str) -> bool | None:
        value = self._value(record, name)
        return value if isinstance(value, bool) else None

    def _error(self, record: Record) -> tuple[str, bool]:
        """What an error says, and whether there is one at all."""
        value = self._value(record, "error")
        return (fields.error_text(value), False) if isinstance(value, str) else ("", bool(value))

    def _time(self, record: Record, scene: plain.Scene[plain.Nothing]) -> tuple[int, bool]:
        where = self.fields.get("time")
        if where is None:
            return scene.moment(None, "time")
        if where.unit not in TIME_UNITS:
            return scene.moment(where.of(record), where.path)
        value = self._plain(record, "time")
        if value is None:
            return scene.moment(None, where.path)
        if not _is_sane(value):
            raise Invalid(f"{where.path} is not a number")
        ts = _in_milliseconds(value, where.unit)
        if not fields.EARLIEST <= ts < fields.LATEST:
            raise Invalid(f"{fields.OUT_OF_TIME.format(where.path)}; is its unit {where.unit}?")
        return ts, False

    def _duration(self, record: Record, name: str) -> int | None:
        value = self._plain(record, name)
        if not _is_sane(value):
            return None
        duration = _in_milliseconds(value, self.fields[name].unit)
        return duration if 0 <= duration <= MAX_COUNT else None

    def _cost(self, record: Record) -> int | None:
        """Nano-USD."""
        value = self._plain(record, "cost")
        if value is None:
            return None
        where = self.fields["cost"]
        if not _is_sane(value):
            raise Invalid(f"{where.path} is not a number")
        cost: int = round(value * MONEY_UNITS[where.unit])
        if not 0 <= cost <= MAX_COST:
            raise Invalid(f"{where.path} is {'negative' if cost < 0 else 'too large'}; is its unit {where.unit}?")
        return cost


def _bounded(count: int, path: str) -> int:
    if count > MAX_COUNT:
        raise Invalid(f"{path} is too large")
    return count


def _is_sane(value: Any) -> bool:
    """A number to calculate with: neither infinite nor of hundreds of digits."""
    return fields.is_number(value) and abs(value) < 10**30


def _in_milliseconds(value: int | float, unit: str) -> int:
    nanoseconds = TIME_UNITS[unit]
    if isinstance(value, int):
        return (value * nanoseconds + 500_000) // 1_000_000
    return math.floor(value * (nanoseconds / 1_000_000) + 0.5)


def _last_key(parts: Sequence[str]) -> str:
    """The last part that is a key and no place in an array; of a key with dots in it its end."""
    return next((part for part in reversed(parts) if not part.isdecimal()), "")


def _is_same(value: Any, wanted: Any) -> bool:
    """Equality as in JSON: true is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _quoted(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{clip(sanitise(value), SHOWN)}"' if isinstance(value, str) else str(value)


# -- checking


def formats(tables: Mapping[str, Mapping[str, object]], lines: Mapping[str, str], taken: Sequence[str]) -> list[Format]:
    """The mappings of a configuration, in its order.

    `lines` says where each is written (`formats.NAME.FIELD`), `taken` which names others have. Raises ConfigError.
    """
    return [_Check(name, table, lines).format(taken) for name, table in tables.items()]


class _Check:
    """One table, looked at field by field."""

    def __init__(self, name: str, table: Mapping[str, object], lines: Mapping[str, str]) -> None:
        self._name = name
        self._table = table
        self._lines = lines

    def _wrong(self, key: str, problem: str, hint: str = "") -> ConfigError:
        whole = f"formats.{self._name}"
        place = self._lines.get(f"{whole}.{key}") or self._lines.get(whole, "config.toml")
        return ConfigError(f"{place}: {whole}{f'.{key}' if key else ''} {problem}", hint)

    def format(self, taken: Sequence[str]) -> Format:
        """The table as a mapping."""
        if not re.match(_NAME, self._name):
            raise self._wrong("", "is no name: use small letters, digits, - and _")
        if self._name in taken:
            raise self._wrong("", "has the name of a dialect that is built in", "give it another name")
        known = (*FIELDS, *OPTIONS)
        for key in self._table:
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"fields are {', '.join(known)}"
                raise self._wrong(key, "is no field", hint)
        found = {name: self._where(name, kind) for name, kind in FIELDS.items() if name in self._table}
        self._is_whole(found)
        return Format(
            name=self._name,
            label=self._label(),
            places=self._places(),
            when=tuple(self._conditions()),
            needs=tuple(Where(self._parts("needs", each)) for each in self._list("needs")),
            fields=found,
            cached_in_input=self._cache(found) == COUNTED[0],
            rewritten=self._rewritten(found),
        )

    def _is_whole(self, found: Mapping[str, Where]) -> None:
        for name in REQUIRED:
            if name not in found:
                raise self._wrong("", f"has no {name}", f'as a path, or always the same: {name} = {{ value = "..." }}')
        if "input" not in found and "output" not in found:
            raise self._wrong("", "has neither input nor output", 'such as input = "usage.prompt_tokens"')
        if not self._table.get("when") and not self._table.get("needs"):
            hint = 'when = { type = "call" }, or needs = ["usage"]'
            raise self._wrong("", "does not say which lines are its", hint)

    def _where(self, name: str, kind: Kind) -> Where:
        """Where a field stands: a path, or a table with a path or a value."""
        given = self._table[name]
        if isinstance(given, str):
            return Where(self._parts(name, given), unit=USUAL_UNITS.get(kind, ""))
        if not isinstance(given, dict) or ("path" in given) == ("value" in given):
            raise self._wrong(name, 'must be a path such as "usage.input", or a table with a path or a value')
        extra = "counted" if name == "reasoning" else "unit" if kind in UNITS else ""
        for key in given:
            if key not in ("path", "value", extra):
                near = get_close_matches(key, ("path", "value", *filter(None, (extra,))), 1)
                raise self._wrong(name, f"does not know {key!a}", f"did you mean {near[0]}?" if near else "")
        if "value" in given:
            return Where(constant=self._constant(name, kind, given["value"]))
        return Where(
            self._parts(name, given["path"]),
            unit=self._one_of(name, "unit", given.get("unit", USUAL_UNITS.get(kind, "")), UNITS.get(kind, ())),
            beside=self._one_of(name, "counted", given.get("counted", COUNTED[0]), COUNTED) == COUNTED[1],
        )

    def _one_of(self, key: str, what: str, given: object, choices: Sequence[str]) -> str:
        if given and given not in choices:
            near = get_close_matches(str(given), choices, 1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise self._wrong(key, f"has the {what} {given!a}, not one of {', '.join(choices)}", hint)
        return str(given)

    def _constant(self, name: str, kind: Kind, value: object) -> object:
        if kind == "class" and value not in _SOURCE_CLASSES:
            raise self._wrong(name, f"must be one of {', '.join(filter(None, _SOURCE_CLASSES))}")
        if (kind in ("text", "class") and isinstance(value, str)) or (kind == "flag" and isinstance(value, bool)):
            return value
        if kind in ("text", "class", "flag"):
            raise self._wrong(name, f"must have {'true or false' if kind == 'flag' else 'a text'} as its value")
        raise self._wrong(name, "cannot always be the same; give it a path")

    def _parts(self, key: str, path: object) -> tuple[str, ...]:
        if not isinstance(path, str) or not all(path.split(".")):
            raise self._wrong(key, 'must name fields with dots between them, such as "usage.input"')
        return tuple(path.split("."))

    def _conditions(self) -> Iterator[tuple[Where, tuple[Any, ...]]]:
        when = self._table.get("when", {})
        if not isinstance(when, dict):
            raise self._wrong("when", 'must be a table such as { "request.kind" = "chat" }')
        for path, value in _flat(when):
            accepted = value if isinstance(value, list) else [value]
            if not accepted or not all(isinstance(each, (str, int, float, bool)) for each in accepted):
                raise self._wrong("when", f"must give {path!a} a text, a number, true or false, or a list of them")
            yield Where(self._parts("when", path)), tuple(accepted)

    def _list(self, key: str) -> list[str]:
        given = self._table.get(key, [])
        if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
            raise self._wrong(key, "must be a list of texts")
        return given

    def _places(self) -> tuple[str, ...]:
        places = self._list("places")
        for place in places:
            if not place.startswith("~/") and not os.path.isabs(place):
                raise self._wrong("places", f"must be whole paths, or begin with ~/, unlike {place!a}")
        return tuple(places)

    def _label(self) -> str:
        label = self._table.get("label", self._name)
        if not isinstance(label, str) or not label.strip():
            raise self._wrong("label", "must be a text")
        return sanitise(label.strip())

    def _cache(self, found: Mapping[str, Where]) -> str:
        cached = next((name for name in CACHE_FIELDS if name in found), None)
        given = self._table.get("cache")
        if given is None and cached is not None:
            hint = 'cache = "included" where input includes them, cache = "beside" where it does not'
            raise self._wrong("", f"has {cached}, and does not say whether input includes it", hint)
        return self._one_of("cache", "value", given or COUNTED[1], COUNTED)

    def _rewritten(self, found: Mapping[str, Where]) -> bool:
        rewritten = self._table.get("rewritten", False)
        if not isinstance(rewritten, bool):
            raise self._wrong("rewritten", "must be true or false")
        if rewritten and "id" not in found:
            raise self._wrong("rewritten", "needs an id, by which a call is known when it is written again")
        return rewritten


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Conditions with their paths, quoted or as tables in tables."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
