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


def test_fault_067_many_invalid_lines_are_counted_and_ten_are_told(tmp_path: Path) -> None:
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


def test_a_file_that_nobody_claims_is_counted_and_what_is_no_record_told_once(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b'{"level":"info"}\n\n[1]\nplain words\nnull\n{"level":"warn"}\n')
    ingest(database, logs)
    assert rows(database, "SELECT unclaimed, lookalikes, rejects, skipped, events FROM source") == [(2, 0, 3, 0, 0)]
    assert rows(database, "SELECT off, reason FROM reject") == [(18, "not a JSON object")]
    assert rows(database, "SELECT reason, n FROM reason") == [("not a JSON object", 3)]
    assert rows(database, "SELECT kind, count FROM alert") == [("invalid lines", 3)]


def test_a_file_of_strangers_records_is_no_alert(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(b'{"level":"info","max_tokens":5,"note":"many tokens"}\n' * 40)
    ingest(database, logs)
    assert rows(database, "SELECT unclaimed, lookalikes, rejects FROM source") == [(40, 0, 0)]
    assert rows(database, "SELECT * FROM alert") == []


def test_what_looks_like_usage_is_one_alert_a_file(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    line = b'{"level":"info","llm":{"usage":{"in":5,"out":7}}}\n'
    (logs / "a.jsonl").write_bytes(line * 30 + b'{"level":"info"}\n')
    (logs / "b.jsonl").write_bytes(b'{"cost":"17"}\n')
    ingest(database, logs)
    with (logs / "a.jsonl").open("ab") as file:
        file.write(line)
    ingest(database, logs)
    assert rows(database, "SELECT unclaimed, lookalikes, rejects FROM source ORDER BY path") == [(32, 31, 0), (1, 1, 0)]
    alerts = rows(database, "SELECT kind, subject, severity, title, count FROM alert ORDER BY subject")
    title = "looks like usage, no dialect reads it; try `tokenmon dialects --try FILE`"
    assert alerts == [
        ("unread usage", str(logs / "a.jsonl"), "info", title, 31),
        ("unread usage", str(logs / "b.jsonl"), "info", title, 1),
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
