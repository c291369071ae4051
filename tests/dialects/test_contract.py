"""What every dialect promises: it claims its own records only, and reading is total."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.promises import check
from tests.dialects.samples import NATIVE, SAMPLES, Json, Place, line, parse, reader, reason
from tests.fuzz.mutations import file_of, places_in, put
from tests.fuzz.promises import read as read_as
from tokenmon.dialects import DIALECTS, Dialect, by_name, recognise
from tokenmon.events import Event, Limit, Parsed, Reject

EVERY = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def tells(parsed: Parsed) -> bool:
    """Whether a line told of a call or a limit."""
    return isinstance(parsed, Event | Limit | tuple)


USAGE = {name: next(record for record in records if tells(parse(name, record))) for name, records in SAMPLES.items()}
"""A record of each dialect that tells something."""


def test_there_is_a_sample_of_every_dialect() -> None:
    assert set(SAMPLES) == {dialect.name for dialect in DIALECTS}
    assert by_name("nobody's") is None


@EVERY
def test_a_dialect_claims_its_own_records_and_no_others(dialect: Dialect) -> None:
    for name, records in SAMPLES.items():
        for record in records:
            if name != dialect.name:
                assert not dialect.matches(record), record
    assert recognise(USAGE[dialect.name]) is dialect


STRANGERS: list[Json] = [
    {},
    {"type": "x"},
    {"type": 5, "sessionId": []},
    {"id": 5, "name": "x", "value": [1, 2]},
    {"type": "message", "text": "hello", "user": "U1", "ts": "1789376400.000100"},
    {"level": "info", "ts": 1789376400, "msg": "started"},
]


@pytest.mark.parametrize("record", STRANGERS, ids=lambda record: ",".join(record))
def test_a_strangers_record_is_nobodys(record: Json) -> None:
    assert recognise(record) is None


@EVERY
def test_no_head_hides_a_usage(dialect: Dialect) -> None:
    raw = line(USAGE[dialect.name])
    assert not dialect.carries_nothing(raw, 0, len(raw))


BAD_LINES = {
    "not JSON": b"hello",
    "an array": b'[{"usage":1}]',
    "a scalar": b"5",
    "null": b"null",
    "two objects": None,
    "text after it": None,
    "cut off": None,
    "not UTF-8": b'{"integration":"\xff","usage":1}\xfe',
    "UTF-16": '{"usage":1}'.encode("utf-16"),
    "NUL bytes": b"\0" * 5000,
    "nested deeply": b'{"usage":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested deeply and torn": b'{"a":' * 100_000,
}


@EVERY
@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_costs_only_itself(dialect: Dialect, kind: str) -> None:
    good = line(USAGE[dialect.name])
    made = {"two objects": good + good, "text after it": good + b" x", "cut off": good[:-3]}
    bad = made.get(kind) or BAD_LINES[kind]
    assert bad is not None
    one = reader(dialect.name)
    outcome = one.parse(bad)
    # Without a word that the dialect knows, nothing of it is decoded; a document may be an array.
    harmless = kind == "nested deeply" or (kind == "an array" and dialect.documents)
    assert isinstance(outcome, Reject) or (harmless and outcome is None)
    assert tells(one.parse(good))


@EVERY
@pytest.mark.parametrize("blank", [b"", b" ", b"\r", b"\n", b" \t\r\n", b"\xef\xbb\xbf"])
def test_a_blank_line_is_nothing(dialect: Dialect, blank: bytes) -> None:
    assert parse(dialect.name, blank) is None


@EVERY
@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"  ", b"\t"])
@pytest.mark.parametrize("after", [b"\r", b"\r\n", b"\n", b" "])
def test_marks_and_line_ends_around_a_line_do_not_matter(dialect: Dialect, before: bytes, after: bytes) -> None:
    record = USAGE[dialect.name]
    assert parse(dialect.name, before + line(record) + after) == parse(dialect.name, record)


@EVERY
def test_the_order_of_keys_and_the_spacing_do_not_matter(dialect: Dialect) -> None:
    record = USAGE[dialect.name]
    turned = json.dumps(dict(reversed(record.items())), indent=1).replace("\n", " ").encode()
    assert parse(dialect.name, turned) == parse(dialect.name, record)


@EVERY
def test_a_number_of_5000_digits_in_an_ignored_field_costs_nothing(dialect: Dialect) -> None:
    record = USAGE[dialect.name]
    for number in (b"9" * 5000, b"1e400", b"-1e400"):
        raw = line(record | {"zzz": 424242}).replace(b"424242", number)
        assert parse(dialect.name, raw) == parse(dialect.name, record)


@EVERY
def test_not_a_number_is_not_json(dialect: Dialect) -> None:
    raw = line(USAGE[dialect.name] | {"zzz": 424242}).replace(b"424242", b"NaN")
    assert reason(dialect.name, raw) == "line is not JSON"


# -- properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NUMBERS = [-1, 0, 1, True, 10**10, 10**10 + 1, 10**30, 1.0, 0.5, 1e308, 1789376400000]
TEXTS = ["12", "", " ", "x" * 300, "\ud800", "\x1b[0m", "2026-09-14T09:00:00Z", "9999-12-31T23:59:59Z", "1999-01-01"]
ODD = st.one_of(JSON, st.sampled_from([None, [], {}, [None], [[]], *NUMBERS, *TEXTS]))
PROFILE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(PROFILE, max_examples=40)
"""For each of the dialects: `test_files_that_never_were_cost_only_themselves` tries many more in the time of these."""


@PROFILE
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_read(raw: bytes) -> None:
    for dialect in DIALECTS:
        check(parse(dialect.name, raw), dialect)
        check(parse(dialect.name, b'{"usage":"token_count"' + raw), dialect)


@PROFILE
@given(value=JSON)
def test_any_json_is_read(value: Any) -> None:
    for dialect in DIALECTS:
        check(parse(dialect.name, line(value)), dialect)
        if isinstance(value, dict):
            dialect.matches(value)


@EVERY
@FEW
@given(data=st.data())
def test_any_record_with_odd_values_is_read(dialect: Dialect, data: st.DataObject) -> None:
    record: Any = data.draw(st.sampled_from(SAMPLES[dialect.name]))
    for _ in range(data.draw(st.integers(1, 3))):
        places = places_in(record)
        if places:
            record = put(record, data.draw(st.sampled_from(places)), data.draw(ODD))
    if isinstance(record, dict):
        dialect.matches(record)
    one = reader(dialect.name)
    check(one.parse(line(record)), dialect)
    check(dialect.reader(Place(), one.state()).parse(line(USAGE[dialect.name])), dialect)


@EVERY
@FEW
@given(data=st.data())
def test_any_damaged_line_is_read(dialect: Dialect, data: st.DataObject) -> None:
    raw = bytearray(line(data.draw(st.sampled_from(SAMPLES[dialect.name]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=5)) or b"{"
    check(parse(dialect.name, bytes(raw)), dialect)


@EVERY
@FEW
@given(data=st.data())
def test_a_file_read_in_two_halves_is_read_as_a_whole(dialect: Dialect, data: st.DataObject) -> None:
    records = data.draw(st.lists(st.sampled_from(SAMPLES[dialect.name]), max_size=12))
    cut = data.draw(st.integers(0, len(records)))
    whole, first = reader(dialect.name), reader(dialect.name)
    before = [first.parse(line(record)) for record in records[:cut]]
    second = dialect.reader(Place(), first.state())
    after = [second.parse(line(record)) for record in records[cut:]]
    assert before + after == [whole.parse(line(record)) for record in records]
    assert second.state() == whole.state()


@PROFILE
@given(value=ODD, field=st.sampled_from(sorted(NATIVE)))
def test_a_reason_never_holds_a_value_of_the_line(value: Any, field: str) -> None:
    parsed = parse("native", NATIVE | {field: value, "note": "PRIVATE"})
    if isinstance(parsed, Reject):
        assert parsed.reason.startswith((field, "prompt_tokens", "line is"))
        assert "PRIVATE" not in parsed.reason
        assert not isinstance(value, str) or len(value) < 5 or value not in parsed.reason


@EVERY
def test_files_that_never_were_cost_only_themselves(dialect: Dialect) -> None:
    random = Random(dialect.name)
    for _ in range(150):
        read_as(dialect, file_of(SAMPLES[dialect.name], random))
