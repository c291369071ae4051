"""Lines that are no lines: too long, no JSON, another encoding, nested without end. Each costs only itself."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.dialects.cases.case import raw
from tests.dialects.samples import SAMPLES, Json
from tests.fuzz.mutations import at, places_in, put
from tests.ingest.ingesting import Running, expected, ingest, inputs, native, natives, rows, until
from tests.ingest.test_bad_input import EVERY, clean_files, ingested, is_log, joined, known, told
from tests.tail.test_pieces import at_most
from tokenmon.dialects.native import NATIVE

MIB = 1024 * 1024
CAP = NATIVE.line_cap
REJECTED = "SELECT off, reason FROM reject ORDER BY off"


def of_length(number: int, length: int) -> bytes:
    """A native line of so many bytes, and its newline."""
    short = len(native(number, pad=""))
    return native(number, pad="x" * (length + 1 - short))


def test_fault_054_a_line_of_ten_megabytes_is_one_reject_in_little_memory(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0))
    ingest(database, log)  # what a start needs by itself is there now
    with log.open("ab") as file:
        file.write(of_length(1, 10 * MIB) + native(2))
    with at_most(6 * MIB):
        ingest(database, log)
    assert inputs(database) == expected([0, 2])
    assert rows(database, REJECTED) == [(len(native(0)), "line longer than 512 KiB")]
    assert rows(database, "SELECT rejects, off FROM source") == [(1, log.stat().st_size)]


def test_fault_054_a_line_that_outgrows_a_kill_is_one_reject(tmp_path: Path) -> None:
    """The ingester is killed inside of it, and goes on inside of it."""
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    huge = of_length(1, 10 * MIB)
    log.write_bytes(native(0) + huge[: 3 * MIB])

    def passed_over() -> bool:
        return bool(rows(database, "SELECT 1 FROM source WHERE skipping AND off = ?", log.stat().st_size))

    for end in (6 * MIB, 9 * MIB, None):
        with Running(database, log) as running:
            until(lambda: database.exists() and bool(rows(database, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'")))
            until(passed_over)
            running.process.send_signal(signal.SIGKILL)
        with log.open("ab") as file:
            file.write(huge[log.stat().st_size - len(native(0)) : end])
    with log.open("ab") as file:
        file.write(native(2))
    ingest(database, log)
    assert inputs(database) == expected([0, 2])
    assert rows(database, REJECTED) == [(len(native(0)), "line longer than 512 KiB")]
    assert rows(database, "SELECT rejects, off FROM source") == [(1, log.stat().st_size)]


def test_fault_055_a_line_of_the_limit_counts_and_one_byte_more_does_not(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0) + of_length(1, CAP) + of_length(2, CAP + 1) + native(3))
    ingest(database, log)
    assert inputs(database) == expected([0, 1, 3])
    assert rows(database, "SELECT rejects FROM source") == [(1,)]


NO_RECORDS = {
    b"not json": "line is not JSON",
    native(1)[:-10]: "line is not JSON",
    b"[" + native(1)[:-1] + b"]": "line is not a JSON object",
    b"5": "line is not a JSON object",
    b"null": "line is not a JSON object",
    native(1)[:-1] + native(2)[:-1]: "line is not JSON",
    native(1)[:-1] + b" and more": "line is not JSON",
    b"\xff\xfe": "line is not UTF-8",
    native(1, model="MODEL").replace(b"MODEL", b"gpt\xff")[:-1]: "line is not UTF-8",
}


def test_fault_056_what_is_no_record_is_one_reject_with_its_place_and_its_neighbours_count(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    content, places = native(0), []
    for number, line in enumerate(NO_RECORDS, 10):
        places.append(len(content))
        content += line + b"\n" + native(number)
    log.write_bytes(content)
    ingest(database, log)
    assert inputs(database) == expected([0, *range(10, 10 + len(NO_RECORDS))])
    assert rows(database, REJECTED) == list(zip(places, NO_RECORDS.values(), strict=True))


# -- encodings


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "content", [MARK + native(0) + native(1), native(0) + MARK + native(1)], ids=["start", "later"]
)
def test_fault_057_a_byte_order_mark_costs_no_call_wherever_it_stands(tmp_path: Path, content: bytes) -> None:
    """Further on it stands where files were put together: the call behind it is as good as any."""
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(content)
    ingest(database, log)
    assert inputs(database) == expected([0, 1])
    assert rows(database, "SELECT rejects FROM source") == [(0,)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_fault_057_lines_of_another_encoding_are_rejects_and_later_ones_count(tmp_path: Path, encoding: str) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    foreign = natives(range(3)).decode().encode(encoding) + b"\n"
    log.write_bytes(foreign + native(3) + native(4))
    ingest(database, log)
    assert inputs(database) == expected([3, 4])
    ((rejects, unclaimed),) = rows(database, "SELECT rejects, unclaimed FROM source")
    assert (rejects, unclaimed) == (len([line for line in foreign.split(b"\n") if line.strip()]), 0)


def test_fault_057_bytes_that_are_no_text_cost_nothing_where_nobody_reads_them(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0) + native(1, note="NOTE").replace(b"NOTE", b"caf\xe9") + native(2))
    ingest(database, log)
    assert inputs(database) == expected([0, 1, 2])


# -- characters

CHARACTERS = {
    "a NUL": b"a\0b",
    "a raw control character": b"a\x07b",
    "a raw newline's sisters": b"a\x0b\x0c\x1fb",
    "an escaped NUL": b"a\\u0000b",
    "an escaped control sequence": b"a\\u001b]0;x\\u0007b",
    "half a surrogate": b"a\\ud800b",
    "the other half": b"a\\udc00b",
    "two halves in the wrong order": b"\\udc00\\ud800",
    "DEL and C1": b"a\x7f\xc2\x9bb",
}
HARMFUL = "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]"


@pytest.mark.parametrize("kind", CHARACTERS)
def test_fault_058_characters_that_are_none_cost_at_most_their_line(tmp_path: Path, kind: str) -> None:
    """In every text of a line, one at a time; what is stored of them is harmless."""
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    fields = ("integration", "provider", "model", "account", "request_id", "user", "session", "error", "note", "ts")
    bad = [native(500 + n, **{field: "TEXT"}).replace(b"TEXT", CHARACTERS[kind]) for n, field in enumerate(fields)]
    metadata = native(600, metadata={"k": "TEXT"}).replace(b"TEXT", CHARACTERS[kind])
    log.write_bytes(b"".join(native(n) + line for n, line in enumerate([*bad, metadata])) + native(99))
    ingest(database, log)
    counted = inputs(database)
    assert set(expected([*range(len(fields) + 1), 99])) <= set(counted)
    ((rejects,),) = rows(database, "SELECT rejects FROM source")
    assert len(counted) + rejects == 2 * len(fields) + 3
    assert_harmless(database)


def assert_harmless(database: Path) -> None:
    """No text of the database holds a character that a terminal would obey."""
    texts = [each for row in rows(database, "SELECT * FROM series") for each in row if isinstance(each, str)]
    texts += [name for (name,) in rows(database, "SELECT name FROM session")]
    texts += [each or "" for row in rows(database, "SELECT request_id, error, metadata FROM note") for each in row]
    assert not [
        text for text in texts if not all(each.isprintable() or each == "\N{REPLACEMENT CHARACTER}" for each in text)
    ]


@EVERY
def test_fault_058_no_text_of_any_dialect_aborts_a_batch(dialect: str, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "neighbour.jsonl").write_bytes(natives(range(5)))
    (logs / "odd.jsonl").write_bytes(
        joined([line for record in SAMPLES[dialect][:4] for line in with_odd_texts(record)])
    )
    ingest(tmp_path / "t.db", logs)
    neighbours = (
        "SELECT input FROM event JOIN source ON id = source WHERE hex(path) LIKE '%' || hex('neighbour') || '%'"
    )
    assert sorted(tokens for (tokens,) in rows(tmp_path / "t.db", neighbours)) == expected(range(5))
    assert_harmless(tmp_path / "t.db")


def with_odd_texts(record: Json) -> list[bytes]:
    """The record with each of its texts replaced in turn."""
    texts = [place for place in places_in(record) if isinstance(at(record, place), str)]
    odd = b"".join(CHARACTERS[kind] for kind in ("an escaped NUL", "half a surrogate", "DEL and C1", "the other half"))
    return [raw(put(record, place, "TEXT")).replace(b"TEXT", odd) for place in texts]


# -- nesting

DEPTH = 100_000
DEEP = b"[" * DEPTH + b"]" * DEPTH, b'{"a":' * DEPTH + b"1" + b"}" * DEPTH


def nested(record: Json) -> list[bytes]:
    """A record a hundred thousand deep in a field that nobody knows, in its first count and in all around that."""
    counts = [place for place in places_in(record) if type(at(record, place)) is int]
    used = [counts[0][:end] for end in range(1, len(counts[0]) + 1)] if counts else []
    deep = [raw(record | {"zzz": "DEEP"}), *(raw(put(record, place, "DEEP")) for place in used)]
    return [line.replace(b'"DEEP"', DEEP[number % 2]) for number, line in enumerate(deep)]


@EVERY
def test_fault_059_nesting_without_end_costs_only_its_line(dialect: str, tmp_path: Path) -> None:
    files = clean_files(dialect)

    def mixed(junk: Callable[[Json], Sequence[bytes]]) -> dict[str, bytes]:
        told_of = {name: json.dumps(name).encode() for name in files}  # or two files with one header would be copies
        return {
            name: joined([*lines, told_of[name], *junk(json.loads(lines[-1])), *lines[-1:]])
            if is_log(name)
            else joined(lines)
            for name, lines in files.items()
        }

    clean = ingested(tmp_path / "clean", mixed(lambda record: ()))
    deep = ingested(tmp_path / "deep", mixed(nested))
    assert known(deep) == known(clean)
    junk = sum(len(nested(json.loads(lines[-1]))) for name, lines in files.items() if is_log(name))
    assert told(deep) - told(clean) == junk
    for path in (tmp_path / "deep").rglob("t.db"):
        assert os.path.getsize(path) < 2 * MIB
