"""A bad line costs only itself: counted, told with its place and the field, never kept, never told twice."""

from pathlib import Path

from tests.ingest.ingesting import expected, ingest, inputs, native, natives, rows


def test_an_invalid_line_is_told_by_place_and_field(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    bad = native(1, prompt_tokens=-5)
    (logs / "a.jsonl").write_bytes(native(0) + bad + b"{not json}\n" + native(2))
    ingest(database, logs)
    assert inputs(database) == expected([0, 2])
    offset = len(native(0))
    assert rows(database, "SELECT off, length, reason FROM reject ORDER BY off") == [
        (offset, len(bad) - 1, "prompt_tokens is negative"),
        (offset + len(bad), len(b"{not json}"), "line is not JSON"),
    ]
    assert rows(database, "SELECT kind, severity, state, count FROM alert") == [("invalid lines", "info", "info", 2)]


def test_many_invalid_lines_are_counted_and_ten_are_told(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    for name in ("a", "b"):
        (logs / f"{name}.jsonl").write_bytes(native(ord(name)) + b"{nonsense}\n" * 500 + native(ord(name) + 9))
    ingest(database, logs)
    assert inputs(database) == expected([97, 98, 106, 107])
    assert rows(database, "SELECT rejects FROM source") == [(500,), (500,)]
    assert rows(database, "SELECT count(*) FROM reject GROUP BY source") == [(10,), (10,)]
    assert rows(database, "SELECT reason, n FROM reason") == [("line is not JSON", 500)] * 2


def test_the_text_of_a_bad_line_is_not_in_the_database(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0) + b'{"prompt":"my secret plan"}\n' + b"my secret plan\n")
    ingest(database, logs)
    assert rows(database, "SELECT rejects FROM source") == [(2,)]
    assert b"secret plan" not in database.read_bytes()


def test_a_file_of_no_known_format_is_all_rejects(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b'{"level":"info"}\n\n[1]\n')
    ingest(database, logs)
    assert rows(database, "SELECT reason FROM reject ORDER BY off") == [
        ("no known dialect claims this record",),
        ("not a JSON object",),
    ]


def test_bad_lines_before_the_first_good_one_do_not_hide_the_dialect(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b"garbage\n" + natives(range(3)))
    ingest(database, logs)
    assert inputs(database) == expected(range(3))
    assert rows(database, "SELECT dialect, rejects FROM source") == [("native", 1)]


def test_a_line_beyond_the_cap_is_one_reject(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(native(0) + native(1, pad="x" * 3_000_000) + native(2))
    ingest(database, logs)
    assert inputs(database) == expected([0, 2])
    assert rows(database, "SELECT rejects FROM source") == [(1,)]
    assert rows(database, "SELECT reason FROM reject") == [("line longer than 512 KiB",)]
