"""A format described in the configuration is read as it says, and a mistake in it is told by file, line and field."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.promises import check
from tests.dialects.samples import Json, Place, line
from tests.fuzz.mutations import NUMBERS, OTHERS, TEXTS, places_in, put
from tokenmon.dialects import DIALECTS, Dialect, by_name, recognise
from tokenmon.dialects.chosen import known_dialects
from tokenmon.dialects.custom import FIELDS, MONEY_UNITS, TIME_UNITS, at
from tokenmon.errors import ConfigError
from tokenmon.events import NANO, Event, Parsed, Reject
from tokenmon.settings import Settings, load_settings

MAPPING = """\
theme = "dark"

[formats.acme]
label = "Acme's gateway"
when = { kind = "llm_call", "meta.version" = [2, 3] }
needs = ["tokens"]
time = { path = "finished", unit = "s" }
provider = { value = "OpenAI" }
model = "request.model"
requested_model = "request.alias"
input = "tokens.in"
output = "tokens.out"
cache_read = "tokens.cached"
cache_write = "tokens.stored"
cache_write_1h = "tokens.stored_hour"
cache = "included"
reasoning = { path = "tokens.thoughts", counted = "beside" }
total = "tokens.all"
web_searches = "searches"
cost = { path = "bill.amount", unit = "cents" }
id = "call"
request_id = "trace"
session = "chat"
project = "labels.0.project"
user = "who"
account = "org"
key_id = "key.hash"
key_name = "key.name"
source_class = { value = "apikey" }
endpoint = "url"
tier = "tier"
status = "http"
error = "failure"
latency = { path = "took", unit = "s" }
ttft = { path = "first", unit = "us" }
streamed = "stream"
"""

CALL: Json = {
    "kind": "llm_call",
    "meta": {"version": 3},
    "finished": 1789376403.5,
    "request": {"model": "gpt-5", "alias": "smart"},
    "tokens": {
        "in": 6600, "out": 500, "cached": 5000, "stored": 1000, "stored_hour": 400, "thoughts": 60, "all": 7160,
    },
    "searches": 2,
    "bill": {"amount": 1.23},
    "call": 77,
    "trace": "tr-1",
    "chat": "s-1",
    "labels": [{"project": "web"}],
    "who": "mara",
    "org": "o-1",
    "key": {"hash": "h-1", "name": "ci"},
    "url": "/v1/chat",
    "tier": "default",
    "http": 200,
    "failure": None,
    "took": 3.25,
    "first": 750000,
    "stream": True,
}  # fmt: skip

SMALL = """\
[formats.acme]
needs = ["usage"]
provider = "vendor"
model = "model"
input = "usage.in"
output = "usage.out"
"""


def load(directory: Path, toml: str) -> Settings:
    """The settings of a configuration file."""
    place = directory / ".config" / "tokenmon"
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.toml").write_text(toml)
    return load_settings({}, {}, directory, directory / "etc")


def dialect(directory: Path, toml: str = MAPPING) -> Dialect:
    """The one format of a configuration."""
    first, *others = known_dialects(load(directory, toml))
    assert tuple(others) == DIALECTS
    return first


def parse(one: Dialect, record: Json | bytes) -> Parsed:
    return one.reader(Place(), b"").parse(record if isinstance(record, bytes) else line(record))


def event(one: Dialect, record: Json) -> Event:
    parsed = parse(one, record)
    assert isinstance(parsed, Event), parsed
    return parsed


def test_every_field_is_read_from_where_the_mapping_says(tmp_path: Path) -> None:
    found = event(dialect(tmp_path), CALL)
    assert (found.ts, found.untimed) == (1_789_376_403_500, False)
    assert (found.input, found.cache_read, found.cache_write_5m, found.cache_write_1h) == (600, 5000, 600, 400)
    assert (found.output, found.reasoning, found.total, found.disagrees) == (560, 60, 7160, False)
    assert (found.cost_logged, found.web_searches) == (12_300_000, 2)
    assert (found.id, found.request_id, found.session, found.rewritten) == ("77", "tr-1", "s-1", False)
    assert (found.status, found.is_error, found.latency_ms, found.ttft_ms, found.streamed) == (
        200,
        False,
        3250,
        750,
        True,
    )
    told = {name: text for name, text in found.names._asdict().items() if text}
    assert told == {
        "dialect": "acme", "integration": "acme", "provider": "openai", "model": "gpt-5", "requested_model": "smart",
        "account": "o-1", "key_id": "h-1", "key_name": "ci", "user": "mara", "source_class": "apikey",
        "project": "web", "endpoint": "/v1/chat",
    }  # fmt: skip


def test_the_example_maps_every_field() -> None:
    assert [name for name in FIELDS if f"\n{name} = " not in MAPPING] == ["integration"]


def test_a_format_comes_before_those_that_are_built_in(tmp_path: Path) -> None:
    native = {"ts": "2026-09-14T09:00:00Z", "integration": "x", "provider": "openai", "model": "gpt-5"}
    record = native | {"prompt_tokens": 1, "completion_tokens": 2, "usage": {"in": 5}}
    known = known_dialects(load(tmp_path, SMALL))
    assert recognise(record) is by_name("native")
    claiming = recognise(record, known)
    assert claiming is not None
    assert claiming.name == "acme"


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"kind": "other"}, True),
        ({"kind": None}, True),
        ({"meta": {"version": 4}}, True),
        ({"meta": {"version": True}}, True),
        ({"meta": []}, True),
        ({"tokens": None}, True),
        ({"meta": {"version": 2}}, False),
        ({"tokens": {"in": 1}}, False),
    ],
)
def test_a_line_is_claimed_by_what_it_says_and_has(tmp_path: Path, change: Json, objection: bool) -> None:
    one = dialect(tmp_path)
    assert one.matches(CALL | change) is not objection
    assert (parse(one, CALL | change) is None) is objection


@pytest.mark.parametrize("tokens", [{}, {"in": None}, {"note": 5}, {"thoughts": 5, "all": 9}])
def test_a_claimed_line_without_a_count_is_no_call(tmp_path: Path, tokens: Json) -> None:
    assert parse(dialect(tmp_path), CALL | {"tokens": tokens}) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokens": {"in": -1}}, "tokens.in is negative"),
        ({"tokens": {"in": 1.5}}, "tokens.in is not a whole number"),
        ({"tokens": {"in": 10**30}}, "tokens.in is larger than 10000000000"),
        ({"tokens": {"in": 5, "cached": 9}}, 'tokens.in is less than the cached tokens in it; is cache = "beside"?'),
        ({"tokens": {"out": 5, "cached": 9}}, "tokens.in is missing"),
        ({"tokens": {"in": 5, "stored": 1, "stored_hour": 2}}, "tokens.stored is less than its part that is kept for"),
        ({"finished": 1789376403500}, "finished is not between the years 2000 and 2100; is its unit s?"),
        ({"finished": "noon"}, "finished is not a number"),
        ({"bill": {"amount": "much"}}, "bill.amount is not a number"),
        ({"bill": {"amount": -1}}, "bill.amount is negative; is its unit cents?"),
        ({"bill": {"amount": 10**9}}, "bill.amount is too large; is its unit cents?"),
    ],
)
def test_a_wrong_value_names_the_path_and_asks_about_the_mapping(tmp_path: Path, change: Json, said: str) -> None:
    parsed = parse(dialect(tmp_path), CALL | change)
    assert isinstance(parsed, Reject)
    assert parsed.reason.startswith(said)


def test_what_is_beside_is_added_and_what_is_included_taken_out(tmp_path: Path) -> None:
    record = {"usage": {"in": 100, "out": 10, "hit": 40, "think": 5}, "vendor": "x", "model": "m"}
    mapped = SMALL + 'cache_read = "usage.hit"\n'
    for cache, thinking, counts in [
        ("included", "included", (60, 40, 10)),
        ("beside", "included", (100, 40, 10)),
        ("included", "beside", (60, 40, 15)),
    ]:
        more = f'cache = "{cache}"\nreasoning = {{ path = "usage.think", counted = "{thinking}" }}\n'
        found = event(dialect(tmp_path, mapped + more), record)
        assert (found.input, found.cache_read, found.output) == counts
        assert found.reasoning == 5


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", 1789376400.25),
        ("ms", 1789376400250),
        ("us", 1789376400250000),
        ("ns", 1789376400250000000),
        ("ns", "1789376400250000000"),
        ("s", "1789376400.25"),
        ("iso", "2026-09-14T11:00:00.250+02:00"),
        ("", "2026-09-14 09:00:00.250"),
        ("", 1789376400250),
    ],
)
def test_times_come_in_any_unit(tmp_path: Path, unit: str, value: object) -> None:
    how = f', unit = "{unit}"' if unit else ""
    one = dialect(tmp_path, SMALL + f'time = {{ path = "at"{how} }}\n')
    assert event(one, {"usage": {"in": 1}, "at": value}).ts == 1_789_376_400_250


MONEY = [("usd", 0.0123), ("cents", 1.23), ("milli-usd", 12.3), ("micro-usd", 12300), ("nano-usd", 12_300_000)]


@pytest.mark.parametrize(("unit", "value"), [*MONEY, ("usd", "0.0123")])
def test_money_comes_in_any_unit(tmp_path: Path, unit: str, value: object) -> None:
    one = dialect(tmp_path, SMALL + f'cost = {{ path = "fee", unit = "{unit}" }}\n')
    assert event(one, {"usage": {"in": 1}, "fee": value}).cost_logged == 12_300_000
    assert MONEY_UNITS["usd"] == NANO
    assert TIME_UNITS["s"] == 10**9


def test_a_line_without_a_time_has_that_of_its_file(tmp_path: Path) -> None:
    found = event(dialect(tmp_path, SMALL), {"usage": {"in": 1}})
    assert (found.ts, found.untimed) == (1_789_376_400_000, True)


def test_a_call_that_is_written_again_is_known_by_its_id(tmp_path: Path) -> None:
    one = dialect(tmp_path, SMALL + 'id = "id"\nrewritten = true\n')
    assert event(one, {"usage": {"in": 1}, "id": "a"}).rewritten
    assert not event(one, {"usage": {"in": 1}}).rewritten


ERRORS = [("boom", True), ({"code": 5}, True), (True, True), ("", False), (None, False)]


@pytest.mark.parametrize(("error", "failed"), ERRORS)
def test_an_error_of_any_kind_is_one(tmp_path: Path, error: object, failed: bool) -> None:
    one = dialect(tmp_path, SMALL + 'error = "error"\n')
    assert event(one, {"usage": {"in": 1}, "error": error}).is_error is failed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b.c", 1),
        ("list.0.x", 2),
        ("list.1.x", None),
        ("list.x", None),
        ("attributes.gen_ai.usage.input_tokens", 3),
        ("attributes.gen_ai.system", 4),
        ("a.b.c.d", None),
        ("list.99999999999999999999.x", None),
        ("", None),
    ],
)
def test_a_path_leads_through_objects_arrays_and_keys_with_dots(path: str, value: object) -> None:
    record = {
        "a": {"b": {"c": 1}},
        "list": [{"x": 2}],
        "attributes": {"gen_ai": {"usage": 5}, "gen_ai.usage.input_tokens": 3, "gen_ai.system": 4},
    }
    assert at(record, path.split(".")) == value


def test_counts_below_keys_with_dots_are_not_missed(tmp_path: Path) -> None:
    one = dialect(tmp_path, SMALL.replace('"usage.in"', '"attributes.gen_ai.usage.in"').replace('["usage"]', '["x"]'))
    assert event(one, {"x": 1, "attributes": {"gen_ai.usage.in": 5}}).input == 5


# -- mistakes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"usage.out"', '"usage.out"\ninptu = "x"', ["line 8", "formats.acme.inptu", "did you mean input?"]),
        ('"usage.out"', '"usage.out"\nflavour = "x"', ["line 8", "formats.acme.flavour", "cache_read"]),
        ('"usage.out"', '"usage..out"', ["line 7", "formats.acme.output", "dots"]),
        ('"usage.out"', "5", ["line 7", "formats.acme.output", "path"]),
        ('"usage.out"', '{ path = "a", value = 1 }', ["line 7", "output", "path or a value"]),
        ('"usage.out"', "{ value = 1 }", ["line 7", "output", "cannot always be the same"]),
        ('"usage.out"', '{ path = "a", unit = "s" }', ["line 7", "output", "'unit'"]),
        ('"usage.out"', '{ pth = "a" }', ["line 7", "output"]),
        ('"vendor"', "{ value = 5 }", ["line 4", "provider", "text"]),
        ('provider = "vendor"\n', "", ["line 2", "formats.acme", "no provider", "value"]),
        ('model = "model"\n', "", ["line 2", "formats.acme", "no model"]),
        ('input = "usage.in"\noutput = "usage.out"\n', "", ["line 2", "neither input nor output"]),
        ('needs = ["usage"]\n', "", ["line 2", "which lines", "when"]),
        ('needs = ["usage"]', 'needs = "usage"', ["line 3", "needs", "list"]),
        ('needs = ["usage"]', 'when = "usage"', ["line 3", "when", "table"]),
        ('needs = ["usage"]', "when = { a = [] }", ["line 3", "when", "'a'"]),
        ('"usage.out"', '"usage.out"\ncache_read = "c"', ["line 2", "cache_read", 'cache = "included"']),
        ('"usage.out"', '"usage.out"\ncache_read = "c"\ncache = "in"', ["line 9", "cache", "included, beside"]),
        ('"usage.out"', '"o"\nreasoning = { path = "r", counted = "besides" }', ["line 8", "did you mean beside?"]),
        ('"usage.out"', '"o"\ntime = { path = "t", unit = "seconds" }', ["line 8", "time", "s, ms, us, ns, iso"]),
        ('"usage.out"', '"o"\ncost = { path = "t", unit = "cent" }', ["line 8", "did you mean cents?"]),
        ('"usage.out"', '"o"\ncost = { path = "t", uint = "usd" }', ["line 8", "'uint'", "did you mean unit?"]),
        ('"usage.out"', '"o"\nsource_class = { value = "robot" }', ["line 8", "apikey, web"]),
        ('"usage.out"', '"o"\nstreamed = { value = "yes" }', ["line 8", "true or false"]),
        ('"usage.out"', '"o"\nrewritten = true', ["line 8", "needs an id"]),
        ('"usage.out"', '"o"\nrewritten = 1', ["line 8", "true or false"]),
        ('"usage.out"', '"o"\nplaces = ["logs"]', ["line 8", "places", "~/"]),
        ('"usage.out"', '"o"\nlabel = ""', ["line 8", "label"]),
        ("formats.acme", 'formats."Acme 1"', ["line 2", "small letters"]),
        ("formats.acme", "formats.native", ["line 2", "built in"]),
        ("[formats.acme]", "[formats]", ["line 2", "[formats.my-gateway]"]),
    ],
)
def test_a_mistake_names_file_line_and_field(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    toml = "# mine\n" + SMALL
    assert old in toml
    with pytest.raises(ConfigError) as wrong:
        known_dialects(load(tmp_path, toml.replace(old, new, 1)))
    assert wrong.value.exit_code == 78
    for part in ["config.toml", *said]:
        assert part in wrong.value.line()


def test_lines_are_named_in_the_second_format_too(tmp_path: Path) -> None:
    toml = SMALL + SMALL.replace("acme", "other").replace("output", "outptu")
    with pytest.raises(ConfigError, match=r"line 12: formats\.other\.outptu"):
        known_dialects(load(tmp_path, toml))


# -- properties

ODD = st.sampled_from([*NUMBERS, *TEXTS, *OTHERS])
UNHINDERED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
PROFILE = settings(max_examples=150, deadline=None, suppress_health_check=UNHINDERED)


@PROFILE
@given(data=st.data())
def test_any_record_with_odd_values_is_read(tmp_path: Path, data: st.DataObject) -> None:
    one = dialect(tmp_path)
    record: Any = CALL
    for _ in range(data.draw(st.integers(1, 3))):
        places = places_in(record)
        if places:
            record = put(record, data.draw(st.sampled_from(places)), data.draw(ODD))
    if isinstance(record, dict):
        one.matches(record)
    check(parse(one, line(record)), one)


@PROFILE
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_read(tmp_path: Path, raw: bytes) -> None:
    one = dialect(tmp_path)
    check(parse(one, raw), one)
    check(parse(one, b'{"in":' + raw), one)
