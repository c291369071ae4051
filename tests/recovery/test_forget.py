"""A forgotten name is in no byte of the database, and what is left of it adds up."""

import os
import pty
import signal
import subprocess
import sys
import tty
from pathlib import Path

import pytest

from tests.command import environment_of, tokenmon
from tests.ingest.ingesting import Running, claude, ingest, native, natives, stored, until
from tests.recovery.recovering import SECRET, filled, secret_in
from tests.store.building import check_invariant, check_sessions, rows_of
from tokenmon.store.lock import holder

FIELDS = {
    "key": {"api_key_name": SECRET},
    "integration": {"integration": SECRET},
    "project": {"project": SECRET},
    "user": {"user": SECRET},
    "session": {"session": SECRET},
}


def with_secret(directory: Path, **fields: object) -> Path:
    """A database in which one log of its own has the name, in 30 calls among 63, and all that hangs on them."""
    database = filled(directory)
    lines = [native(50_000 + 900 * i, request_id=f"z{i}", error="no", **fields) for i in range(30)]
    (directory / "logs/d.jsonl").write_bytes(b"".join(lines))
    ingest(database, directory / "logs")
    return database


def answering(home: Path, answers: list[str]) -> bytes:
    """What `forget` says at a terminal at which a person answers this."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    words = ["forget", "--project", SECRET, "--db", "x.db"]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "tokenmon", *words],
        env=environment_of(home),
        cwd=home,
        stdin=theirs,
        stdout=subprocess.PIPE,
    ) as process:
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    return said


def is_exact(home: Path, database: Path) -> bool:
    check_invariant(database)
    check_sessions(database)
    done = tokenmon(home, "verify", "--db", database.name)
    return done.code == 0


@pytest.mark.parametrize("field", FIELDS)
def test_a_name_is_in_no_byte_afterwards_and_the_rest_adds_up(tmp_path: Path, field: str) -> None:
    database = with_secret(tmp_path, **FIELDS[field])
    before = stored(database)
    assert secret_in(database) != []
    done = tokenmon(tmp_path, "forget", f"--{field}", SECRET, "--yes", "--db", "x.db")
    assert (done.code, done.err) == (0, "")
    assert f"{field} {SECRET}: 30 requests, $" in done.out
    assert stored(database) == before - 30
    assert rows_of(database, "SELECT sum(n) FROM r16d") == [(before - 30,)]
    assert rows_of(database, "SELECT count(*) FROM note WHERE error = 'no'") == [(0,)]
    assert is_exact(tmp_path, database)
    assert secret_in(database) == []


def test_what_was_read_is_not_read_again_and_what_is_new_counts(tmp_path: Path) -> None:
    database = with_secret(tmp_path, project=SECRET)
    tokenmon(tmp_path, "forget", "--project", SECRET, "--yes", "--db", "x.db")
    left = stored(database)
    ingest(database, tmp_path / "logs")
    assert (stored(database), secret_in(database)) == (left, [])
    with (tmp_path / "logs/d.jsonl").open("ab") as file:
        file.write(native(90_000))
    ingest(database, tmp_path / "logs")
    assert stored(database) == left + 1
    assert is_exact(tmp_path, database)


def test_a_log_that_is_gone_goes_with_its_path(tmp_path: Path) -> None:
    database = filled(tmp_path)
    log = tmp_path / f"logs/{SECRET}.jsonl"
    log.write_bytes(natives(range(2_000, 2_020), session=SECRET, user="mara") + b'{"ts": 1}\n')
    ingest(database, tmp_path / "logs")
    left = stored(database) - 20
    log.unlink()
    done = tokenmon(tmp_path, "forget", "--source", f"logs/{SECRET}.jsonl", "--yes", "--db", "x.db")
    assert (done.code, done.err) == (0, "")
    assert (stored(database), secret_in(database)) == (left, [])
    assert is_exact(tmp_path, database)


def test_a_log_that_is_still_there_is_not_read_again(tmp_path: Path) -> None:
    database = filled(tmp_path)
    log = tmp_path / f"logs/{SECRET}.jsonl"
    log.write_bytes(natives(range(2_000, 2_020)))
    ingest(database, tmp_path / "logs")
    left = stored(database) - 20
    done = tokenmon(tmp_path, "forget", "--source", str(log), "--yes", "--db", "x.db")
    assert "still there" in done.out
    assert secret_in(database) == []
    with log.open("ab") as file:
        file.write(native(3_000))
    ingest(database, tmp_path / "logs")
    assert stored(database) == left + 1
    assert is_exact(tmp_path, database)


def test_a_call_that_was_copied_goes_with_its_copies(tmp_path: Path) -> None:
    database = filled(tmp_path)
    for name in ("e", "f"):
        (tmp_path / f"logs/{name}.jsonl").write_bytes(claude("copied", 9, sessionId=SECRET, second=int(name == "f")))
    ingest(database, tmp_path / "logs")
    assert tokenmon(tmp_path, "forget", "--session", SECRET, "--yes", "--db", "x.db").code == 0
    assert secret_in(database) == []
    assert is_exact(tmp_path, database)


def test_totals_whose_events_were_pruned_go_by_name(tmp_path: Path) -> None:
    database = with_secret(tmp_path, project=SECRET)
    (tmp_path / "logs/later.jsonl").write_bytes(native(150 * 86_400))
    ingest(database, tmp_path / "logs")
    others = stored(database) - 30
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db", "--retention-days", "1").code == 0
    assert stored(database) == 1
    done = tokenmon(tmp_path, "forget", "--project", SECRET, "--yes", "--db", "x.db")
    assert ": 30 requests" in done.out
    assert rows_of(database, "SELECT sum(n) FROM r1h") == rows_of(database, "SELECT sum(n) FROM r16d") == [(others,)]
    assert secret_in(database) == []


def test_an_id_of_a_series_means_one_thing_for_ever(tmp_path: Path) -> None:
    """A screen that looks on knows series by id."""
    database = with_secret(tmp_path, project=SECRET)
    (ids,) = rows_of(database, "SELECT max(id) FROM series")
    for project in (SECRET, "next"):
        assert tokenmon(tmp_path, "forget", "--project", project, "--yes", "--db", "x.db").code == 0
        with (tmp_path / "logs/n.jsonl").open("ab") as file:
            file.write(native(95_000, project="next"))
        ingest(database, tmp_path / "logs")
        ids = (*ids, *rows_of(database, "SELECT id FROM series WHERE project = 'next'")[0])
    assert sorted(set(map(str, ids)), key=int) == list(map(str, ids))


def test_it_asks_twice_and_a_no_changes_nothing(tmp_path: Path) -> None:
    database = with_secret(tmp_path, project=SECRET)
    before = stored(database)
    done = tokenmon(tmp_path, "forget", "--project", SECRET, "--db", "x.db")
    assert (done.code, stored(database)) == (64, before)
    for answers in (["n"], ["y", "something"]):
        assert b"nothing was forgotten" in answering(tmp_path, answers)
        assert stored(database) == before
    assert b"forgotten" in answering(tmp_path, ["y", SECRET])
    assert stored(database) == before - 30


def test_an_unknown_name_is_said_and_an_ingester_is_not_disturbed(tmp_path: Path) -> None:
    database = with_secret(tmp_path, project=SECRET)
    assert tokenmon(tmp_path, "forget", "--key", "nobody", "--yes", "--db", "x.db").code == 1
    assert tokenmon(tmp_path, "forget", "--yes", "--db", "x.db").code == 64
    with Running(database, tmp_path / "logs") as running:
        until(lambda: holder(database) is not None)
        done = tokenmon(tmp_path, "forget", "--project", SECRET, "--yes", "--db", "x.db")
        assert (done.code, done.out, done.err.count("\n")) == (75, "", 1)
        running.end(signal.SIGTERM)
