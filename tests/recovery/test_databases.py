"""The databases of a user are listed, and one goes only where nobody ingests into it."""

import fcntl
from pathlib import Path

from tests.command import tokenmon
from tests.ingest.ingesting import natives


def test_all_are_listed_with_what_they_are_about(tmp_path: Path) -> None:
    assert "no database" in tokenmon(tmp_path, "databases").out
    for name, calls in (("alpha", 5), ("beta", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jsonl").write_bytes(natives(range(calls)))
        assert tokenmon(tmp_path, "report", name).code == 0
    state = tmp_path / ".local/state/tokenmon"
    (state / "torn.db").write_bytes(b"no database at all" * 100)
    done = tokenmon(tmp_path, "databases")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "5 calls" in lines[0]
    assert lines[0].startswith("alpha-")
    assert lines[1] == f"  {tmp_path / 'alpha'}"
    assert "1 calls" not in lines[2]
    assert "nobody ingests" in lines[2]
    assert lines[4].startswith("torn.db")
    assert "cannot be read" in lines[4]


def test_one_goes_with_all_that_stands_beside_it_once_nobody_ingests(tmp_path: Path) -> None:
    (tmp_path / "alpha").mkdir()
    (tmp_path / "alpha/a.jsonl").write_bytes(natives(range(5)))
    tokenmon(tmp_path, "report", "alpha")
    state = tmp_path / ".local/state/tokenmon"
    (database,) = state.glob("*.db")
    assert tokenmon(tmp_path, "databases", "--remove", database.stem).code == 64
    with open(f"{database}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "ingests" in tokenmon(tmp_path, "databases").out
        assert tokenmon(tmp_path, "databases", "--remove", database.stem, "--yes").code == 75
    assert database.exists()
    for name in ("../x", "none", "", str(tmp_path / "alpha/a.jsonl")):
        assert tokenmon(tmp_path, "databases", "--remove", name, "--yes").code == 3
    assert tokenmon(tmp_path, "databases", "--remove", database.stem, "--yes").code == 0
    assert list(state.glob("*.db*")) == []
    assert (tmp_path / "alpha/a.jsonl").exists()
