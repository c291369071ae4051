"""The native line: README's field list, and onWatch's files unchanged."""

import json
from importlib.resources import files
from typing import Any

import pytest

from tests.dialects.samples import NATIVE, Json, event, line, parse, reason
from tokenmon.dialects.native import Line
from tokenmon.events import MAX_COUNT, Event, Names, Reject

INCLUSIVE: Json = {
    "ts": "2026-05-02T08:15:30Z",
    "integration": "i",
    "provider": "p",
    "model": "m",
    "prompt_tokens": 100,
    "completion_tokens": 5,
}


def with_(**more: Any) -> Json:
    return INCLUSIVE | more


def without(*names: str) -> Json:
    return {name: value for name, value in INCLUSIVE.items() if name not in names}


def test_onwatchs_line_reads_unchanged() -> None:
    assert event("native", NATIVE) == Event(
        ts=1_777_709_730_000,
        names=Names(
            dialect="native", integration="mail-sorter", provider="openai", model="gpt-4.1-mini", account="team-b"
        ),
        input=840,
        output=95,
        cost_logged=2_100_000,
        id="r-77",
        request_id="r-77",
        keeps_details=True,
        metadata='{"job":"nightly"}',
        latency_ms=1130,
    )


def test_every_optional_field_is_kept() -> None:
    read = event(
        "native",
        with_(
            api_key_id="k1",
            api_key_name="ci",
            user="ann",
            source_class="web",
            session="s",
            project="p1",
            endpoint="/v1",
            requested_model="auto",
            stream=True,
            ttft_ms=7,
            status=429,
            error="slow down",
            reasoning_tokens=2,
        ),
    )
    names = read.names
    assert (names.key_id, names.key_name, names.user, names.source_class) == ("k1", "ci", "ann", "web")
    assert (names.project, names.endpoint, names.requested_model) == ("p1", "/v1", "auto")
    assert (read.session, read.streamed, read.ttft_ms, read.status, read.error) == ("s", True, 7, 429, "slow down")
    assert (read.reasoning, read.is_error) == (2, True)


def test_prompt_includes_cache_and_is_reduced_by_it() -> None:
    read = event("native", with_(cache_read_tokens=60, cache_write_tokens=30, cache_write_1h_tokens=10))
    assert (read.input, read.cache_read, read.cache_write_5m, read.cache_write_1h) == (10, 60, 20, 10)
    assert read.total == 105


def test_unreported_cache_is_not_zero() -> None:
    read = event("native", with_(cache_read_tokens=0))
    assert (read.cache_read, read.cache_write_5m, read.cache_write_1h, read.reasoning) == (0, None, None, None)
    assert event("native", with_(cache_write_tokens=7)).cache_write_1h is None


def test_an_hours_write_alone_is_all_that_was_written() -> None:
    read = event("native", with_(cache_write_1h_tokens=40))
    assert (read.input, read.cache_write_5m, read.cache_write_1h) == (60, None, 40)


def test_fewer_prompt_than_cache_tokens_is_invalid() -> None:
    assert "prompt_tokens" in reason("native", with_(cache_read_tokens=99, cache_write_tokens=2))
    assert "cache_write_1h_tokens" in reason("native", with_(cache_write_tokens=2, cache_write_1h_tokens=3))


def test_the_exclusive_twins_are_taken_as_they_are() -> None:
    record = without("prompt_tokens", "completion_tokens") | {"input_tokens": 3, "output_tokens": 4}
    read = event("native", record | {"cache_read_tokens": 90, "total_tokens": 97})
    assert (read.input, read.output, read.cache_read, read.disagrees) == (3, 4, 90, False)


@pytest.mark.parametrize(("total", "disagrees"), [(None, False), (105, False), (106, True), (0, True)])
def test_a_total_is_checked_and_not_used(total: int | None, disagrees: bool) -> None:
    read = event("native", with_(total_tokens=total, cache_read_tokens=10))
    assert (read.disagrees, read.total) == (disagrees, 105)


@pytest.mark.parametrize("field", ["ts", "integration", "provider", "model", "prompt_tokens", "completion_tokens"])
@pytest.mark.parametrize("null", [False, True])
def test_a_missing_required_field_is_named(field: str, null: bool) -> None:
    record = with_(**{field: None}) if null else without(field)
    assert reason("native", record) == f"{field} is missing"


@pytest.mark.parametrize("given", ["input_tokens", "output_tokens"])
def test_a_missing_twin_is_named(given: str) -> None:
    twin = {"input_tokens": "output_tokens", "output_tokens": "input_tokens"}[given]
    record = without("prompt_tokens", "completion_tokens") | {given: 1}
    assert reason("native", record) == f"{twin} is missing"


@pytest.mark.parametrize("field", [field for field in Line.__struct_fields__ if field not in INCLUSIVE])
def test_null_in_an_optional_field_is_absent(field: str) -> None:
    assert parse("native", with_(**{field: None})) == parse("native", INCLUSIVE)


@pytest.mark.parametrize("value", [-1, "12", True, 1.5, [1], {}, MAX_COUNT + 1, 2**63, 10**30])
@pytest.mark.parametrize("field", ["prompt_tokens", "cache_read_tokens", "total_tokens", "latency_ms", "status"])
def test_a_bad_count_is_named_and_its_value_is_not(field: str, value: Any) -> None:
    assert reason("native", with_(**{field: value})).startswith(f"{field} is ")


@pytest.mark.parametrize("number", [b"1e400", b"NaN", b"Infinity", b"-Infinity", b"9" * 5000])
@pytest.mark.parametrize("field", ["prompt_tokens", "cost_usd"])
def test_a_number_that_is_none_is_invalid(field: str, number: bytes) -> None:
    raw = line(with_(**{field: 424242})).replace(b"424242", number)
    assert isinstance(parse("native", raw), Reject)


def test_a_float_without_fraction_is_an_integer() -> None:
    raw = line(with_(prompt_tokens=424242)).replace(b"424242", b"1e3")
    assert event("native", raw).input == 1000


def test_the_largest_count_is_accepted() -> None:
    assert event("native", with_(prompt_tokens=MAX_COUNT)).input == MAX_COUNT


@pytest.mark.parametrize(
    ("cost", "nano"),
    [
        (0, 0),
        (0.000000001, 1),
        (0.1, 100_000_000),
        (1.1, 1_100_000_000),
        (1234.567890123, 1_234_567_890_123),
        (2000, 2_000_000_000_000),
    ],
)
def test_cost_is_exact_to_the_nano_dollar(cost: float, nano: int) -> None:
    assert event("native", with_(cost_usd=cost)).cost_logged == nano


@pytest.mark.parametrize("cost", [-0.1, 1e308, 2000.01, "0.1", True, [0.1]])
def test_a_bad_cost_is_named(cost: Any) -> None:
    assert reason("native", with_(cost_usd=cost)).startswith("cost_usd is ")


@pytest.mark.parametrize("field", ["integration", "provider", "model"])
@pytest.mark.parametrize("blank", ["", "   "])
def test_a_required_name_must_not_be_empty(field: str, blank: str) -> None:
    assert reason("native", with_(**{field: blank})) == f"{field} is empty"


@pytest.mark.parametrize(
    "field", ["integration", "provider", "model", "account", "request_id", "api_key_name", "session", "endpoint"]
)
def test_a_name_of_more_than_256_bytes_is_invalid(field: str) -> None:
    assert reason("native", with_(**{field: "é" * 129})) == f"{field} is longer than 256 bytes"
    assert isinstance(parse("native", with_(**{field: "é" * 128})), Event)


def test_providers_are_open_trimmed_and_lower_case() -> None:
    assert event("native", with_(provider="  My-Own AI ", model=" m ")).names.provider == "my-own ai"


def test_default_account_stays_as_given() -> None:
    assert event("native", with_(account="default")).names.account == "default"
    assert event("native", INCLUSIVE).names.account == ""


def test_an_unknown_source_class_is_invalid() -> None:
    assert reason("native", with_(source_class="robot")).startswith("source_class is ")


@pytest.mark.parametrize("field", ["api_key_id", "api_key_name", "request_id", "session", "user"])
def test_a_secret_is_never_kept(field: str) -> None:
    secret = "sk-" + "a1B2c3D4e5F6g7H8i9J0"
    assert secret not in repr(event("native", with_(**{field: secret})))


def test_a_secret_in_metadata_or_error_is_never_kept() -> None:
    secret = "sk-" + "a1B2c3D4e5F6g7H8i9J0"
    read = event("native", with_(metadata={"key": secret}, error=f"bad key {secret}"))
    assert secret not in repr(read)
    assert json.loads(read.metadata)["key"].startswith("key-")


def test_names_are_made_harmless() -> None:
    read = event("native", with_(model="a\x1b[31mb\u202e", session="\x07s", error="\x1b]0;x\x07"))
    assert "\x1b" not in repr(read.names.model + read.session + read.error).replace("\\x1b", "")
    assert read.names.model == "a\ufffd[31mb\ufffd"


def test_a_lone_surrogate_is_made_harmless() -> None:
    raw = line(with_(model="MODEL", x="IGNORED")).replace(b"MODEL", b"a\\ud800b").replace(b"IGNORED", b"\\udfff")
    assert event("native", raw).names.model == "a\ufffdb"


def test_metadata_is_compacted_with_sorted_keys() -> None:
    raw = line(with_(metadata=0)).replace(b'"metadata":0', b'"metadata": { "b" : 1,\t"a": [ 1, 2 ] }')
    assert event("native", raw).metadata == '{"a":[1,2],"b":1}'


@pytest.mark.parametrize("metadata", [[], "x", 1, True])
def test_metadata_must_be_an_object(metadata: Any) -> None:
    assert reason("native", with_(metadata=metadata)) == "metadata is not an object"


def test_metadata_is_bounded_after_compaction() -> None:
    filler = "x" * (4096 - len('{"k":""}'))
    assert len(event("native", with_(metadata={"k": filler})).metadata) == 4096
    assert reason("native", with_(metadata={"k": filler + "x"})) == "metadata is longer than 4096 bytes"


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2026-05-02T08:15:30Z", 1_777_709_730_000),
        ("2026-05-02T10:15:30+02:00", 1_777_709_730_000),
        ("2026-05-02T08:15:30.1234567Z", 1_777_709_730_123),
        ("2026-05-02T08:15:30.999Z", 1_777_709_730_999),
        ("2000-01-01T00:00:00Z", 946_684_800_000),
    ],
)
def test_times_are_utc_milliseconds(ts: str, expected: int) -> None:
    assert event("native", with_(ts=ts)).ts == expected


@pytest.mark.parametrize(
    "ts",
    [
        "2026-05-02T08:15:30",
        "2026-05-02",
        "yesterday",
        "",
        1777709730,
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-30T00:00:00Z",
        [],
    ],
)
def test_a_bad_time_is_named(ts: Any) -> None:
    assert reason("native", with_(ts=ts)).startswith("ts is ")


def test_a_line_without_request_id_has_no_id() -> None:
    read = event("native", INCLUSIVE)
    assert (read.id, read.request_id, read.rewritten, read.keeps_details) == ("", "", False, True)


def test_fault_062_of_the_same_key_twice_the_last_one_counts() -> None:
    assert event("native", line(INCLUSIVE)[:-1] + b',"prompt_tokens":7}').input == 7


def test_unknown_fields_cost_nothing() -> None:
    record = with_(content="x" * 1_000_000, **{f"k{i}": i for i in range(10_000)})
    assert event("native", record) == event("native", INCLUSIVE)


def test_an_error_text_is_clipped() -> None:
    assert len(event("native", with_(error="e" * 100_000)).error) == 500


def test_the_schema_names_the_same_fields_as_the_reader() -> None:
    schema = json.loads(files("tokenmon.dialects").joinpath("native.schema.json").read_text())
    assert set(schema["properties"]) == set(Line.__struct_fields__)
    assert schema["required"] == ["ts", "integration", "provider", "model"]
    counts = [each for name, each in schema["properties"].items() if name.endswith("_tokens")]
    assert all(each["maximum"] == MAX_COUNT and each["minimum"] == 0 for each in counts)
