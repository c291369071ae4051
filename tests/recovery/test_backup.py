"""A backup is a database of its own, of one moment, whoever writes meanwhile."""

import signal
import stat
from pathlib import Path

from tests.command import tokenmon
from tests.ingest.ingesting import Running, ingest, natives, rollups_are_exact, stored, until
from tests.recovery.recovering import filled
from tests.store.building import check_invariant
from tokenmon.store.remembered import remembered_paths


def test_a_copy_is_whole_private_and_remembers_its_paths(tmp_path: Path) -> None:
    database = filled(tmp_path)
    done = tokenmon(tmp_path, "backup", "copy.db", "--db", "x.db")
    assert (done.code, done.err) == (0, "")
    copy = tmp_path / "copy.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert remembered_paths(copy) == remembered_paths(database)
    for words in (["report", "--json"], ["report", "--by", "key", "--csv"]):
        ours, theirs = (tokenmon(tmp_path, *words, "--db", name).out for name in ("x.db", "copy.db"))
        assert ours.partition("rows")[2] == theirs.partition("rows")[2]
    (tmp_path / "logs/new.jsonl").write_bytes(natives(range(5_000, 5_010)))
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "copy.db").code == 0
    assert stored(copy) == stored(database) + 10


def test_fault_085_a_backup_while_an_ingester_writes_restores_to_the_same_totals(tmp_path: Path) -> None:
    database = filled(tmp_path)
    log = tmp_path / "logs/a.jsonl"
    with Running(database, tmp_path / "logs", flags=["--scan-interval", "0.1"]) as running:
        for start in range(10_000, 40_000, 10_000):
            with log.open("ab") as file:
                file.write(natives(range(start, start + 10_000)))
            before = stored(database)
            assert tokenmon(tmp_path, "backup", "copy.db", "--yes", "--db", "x.db").code == 0
            assert before <= stored(tmp_path / "copy.db") <= stored(database)
            check_invariant(tmp_path / "copy.db")
            assert tokenmon(tmp_path, "verify", "--db", "copy.db").code == 0
        until(lambda: stored(database) == 30_033)
        running.end(signal.SIGTERM)
    ingest(tmp_path / "copy.db", tmp_path / "logs")
    assert stored(tmp_path / "copy.db") == 30_033
    assert rollups_are_exact(tmp_path / "copy.db")


def test_a_file_that_is_there_stays_unless_agreed(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "copy.db").write_text("precious")
    done = tokenmon(tmp_path, "backup", "copy.db", "--db", "x.db")
    assert (done.code, done.err.count("\n")) == (64, 1)
    assert (tmp_path / "copy.db").read_text() == "precious"
    assert tokenmon(tmp_path, "backup", "copy.db", "--yes", "--db", "x.db").code == 0
    assert tokenmon(tmp_path, "verify", "--db", "copy.db").code == 0


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    assert tokenmon(tmp_path, "backup", "none/copy.db", "--db", "x.db").code == 73
    assert tokenmon(tmp_path, "backup", "x.db", "--yes", "--db", "x.db").code == 64
    assert tokenmon(tmp_path, "backup", "logs", "--yes", "--db", "x.db").code == 64
    assert [place.name for place in tmp_path.iterdir() if not place.name.startswith(("x.db", "logs"))] == []
