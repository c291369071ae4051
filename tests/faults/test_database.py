"""Whatever happens to the database or to its disk is told, costs nothing that the logs still hold, and ends nothing
that could go on."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.command import tokenmon
from tests.faults.ten import append
from tests.ingest.ingesting import Running, expected, ingest, inputs, rollups_are_exact, rows, stored, until
from tests.permissions import open_to_all, without_rights
from tests.recovery.recovering import filled
from tests.store.building import START, a_row, a_source, a_step, an_event, commit, rows_of
from tokenmon.alerts import Facts, evaluate
from tokenmon.cli import main
from tokenmon.store import backup as backups
from tokenmon.store.lock import held_up
from tokenmon.store.mounts import network_file_system
from tokenmon.store.schema import HOUR
from tokenmon.store.writer import Writer

pytestmark = pytest.mark.usefixtures("own_home")

MANY = 6_000
"""Lines, whose rows do not fit into little room."""
PAGE = 8192


def status(database: Path) -> tuple[int, str, str | None]:
    """What a check of the service sees: exit code, the line about the ingester, and why it is paused."""
    plain, found = (tokenmon(database.parent, "status", "--db", str(database), *form) for form in ((), ("--json",)))
    (line,) = (line for line in plain.out.splitlines() if line.startswith("ingester"))
    return plain.code, line, json.loads(found.out)["ingester"].get("paused")


# -- no room


@contextmanager
def pausing(running: Running, database: Path, logs: Path, why: str) -> Iterator[None]:
    """Lines that cannot be stored are waited for, and that is told, until what the block does ends it."""
    append(logs, range(10, MANY))
    until(lambda: bool(held_up(database)))
    code, line, paused = status(database)
    assert (code, why in str(paused), why in line) == (2, True, True)
    assert stored(database) < MANY
    yield
    until(lambda: stored(database) == MANY)
    until(lambda: not held_up(database))
    assert status(database)[0] == 0
    code, said = running.end(signal.SIGTERM)
    assert code == 0
    assert f"paused: the database refuses: {why}" in said
    assert inputs(database) == expected(range(MANY))
    assert rollups_are_exact(database)
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_fault_072_a_full_disk_is_waited_for_and_told_and_costs_nothing(database: Path, logs: Path) -> None:
    ingest(database, logs)
    ((pages,),) = rows(database, "PRAGMA page_count")
    program = ("tests.faults.cramped", "pages", str(pages))
    with (
        Running(database, logs, program=program) as running,
        pausing(running, database, logs, "database or disk is full"),
    ):
        running.process.send_signal(signal.SIGUSR1)


def test_fault_073_a_file_that_may_not_grow_is_waited_for_and_told_and_costs_nothing(
    database: Path, logs: Path
) -> None:
    ingest(database, logs)
    size = database.stat().st_size
    program = ("tests.faults.cramped", "bytes", str(size))
    with Running(database, logs, program=program) as running, pausing(running, database, logs, "disk I/O error"):
        running.process.send_signal(signal.SIGUSR1)


def test_fault_074_a_lock_of_another_process_is_waited_for_and_told_and_costs_nothing(
    database: Path, logs: Path
) -> None:
    with Running(database, logs, program=("tests.faults.cramped", "bytes", str(1 << 30))) as running:
        until(lambda: stored(database) == 10)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pausing(running, database, logs, "database is locked"):
                other.execute("ROLLBACK")


def test_fault_074_a_short_lock_of_another_process_is_no_trouble(database: Path) -> None:
    """Not even where it commits what our own transaction has not seen."""
    writer = Writer.open(database)
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO meta(name, value) VALUES ('theirs', 1)")
        release = Timer(0.3, other.execute, ["COMMIT"])
        release.start()
        assert commit(writer, a_step(a_source(), [a_row(an_event("a"))])).events == 1
        release.join()
    writer.close()


# -- gone


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_fault_075_a_database_that_goes_away_ends_the_ingester_with_an_error(
    database: Path, logs: Path, what: str
) -> None:
    with Running(database, logs) as running:
        until(lambda: stored(database) == 10)
        if what == "removed":
            database.unlink()
        else:
            ingest(database.with_name("other.db"), logs)
            database.with_name("other.db").replace(database)
        code, said = running.wait()
    assert code == 65
    assert said.splitlines()[-1] == f"tokenmon: {database} was removed or replaced while running (start again)"


def test_fault_076_a_log_removed_while_running_ends_the_ingester_and_nothing_is_lost(
    database: Path, logs: Path
) -> None:
    with Running(database, logs) as running:
        until(lambda: stored(database) == 10)
        Path(f"{database}-wal").unlink()
        append(logs, range(10, 20))
        code, said = running.wait()
    assert code == 65
    assert f"{database}-wal was removed or replaced" in said.splitlines()[-1]
    ingest(database, logs)
    assert inputs(database) == expected(range(20))
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_fault_076_a_log_removed_after_a_crash_costs_only_reading_again(database: Path, logs: Path) -> None:
    ingest(database, logs)
    with Running(database, logs, program=("tests.faults.struck", "hang", "wal_checkpoint")) as running:
        append(logs, range(10, 20))
        assert running.process.stdout is not None
        running.process.stdout.readline()
        assert stored(database) == 20
        running.end(signal.SIGKILL)
    Path(f"{database}-wal").unlink()
    assert stored(database) == 10
    ingest(database, logs)
    assert inputs(database) == expected(range(20))


# -- damaged


def overwritten(data: bytes, page: int) -> bytes:
    return data[: (page - 1) * PAGE] + b"\xff" * PAGE + data[page * PAGE :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a text": lambda data: b"a letter, and no database at all. " * 400,
    "no header": lambda data: b"\xff" * 100 + data[100:],
    "the first page only": lambda data: data[:PAGE],
    "half of it": lambda data: data[: len(data) // PAGE // 2 * PAGE],
    "no schema": lambda data: data[:100] + overwritten(data, 1)[100:],
}
TABLES = ("event", "source", "meta", "series_fts_data")


def damaged(database: Path, damage: str) -> bytes:
    """What is left of the database."""
    data = database.read_bytes()
    if damage in DAMAGES:
        return DAMAGES[damage](data)
    ((page,),) = rows(database, "SELECT rootpage FROM sqlite_schema WHERE name = ?", damage)
    return overwritten(data, page)


@pytest.mark.parametrize("damage", [*DAMAGES, *TABLES])
def test_fault_077_damage_is_one_line_with_what_to_do_and_nothing_is_touched(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = filled(tmp_path)
    content = damaged(database, damage)
    database.write_bytes(content)
    append(tmp_path / "logs", range(500, 510))
    for words in (["--ingest-only", "--once"], ["report", str(tmp_path / "logs")]):
        code = main([*words, "--db", str(database)])
        said = capsys.readouterr().err
        assert (code, said.count("\n")) == (65, 1)
        assert f"{database}: the " in said
        assert "`tokenmon verify --repair` mends" in said or "the file is no database (give --db" in said
        assert database.read_bytes() == content


def test_fault_077_a_file_that_was_emptied_does_not_take_its_log_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite itself would remove the log as that of another database."""
    database, log = filled(tmp_path), tmp_path / "x.db-wal"
    database.write_bytes(b"")
    log.write_bytes(b"calls of today")
    for words in (["--ingest-only", "--once", str(tmp_path / "logs")], ["report"], ["status"], ["verify"]):
        assert main([*words, "--db", str(database)]) == 65
        assert "its log is not" in capsys.readouterr().err
    assert (database.read_bytes(), log.read_bytes()) == (b"", b"calls of today")


# -- places


def in_a_closed_directory(place: Path) -> Path:
    return place / "x.db"


def in_no_directory_that_could_be_made(place: Path) -> Path:
    return place / "state" / "tokenmon" / "x.db"


def only_to_be_read(place: Path) -> Path:
    ingest(place / "x.db", place.parent / "logs")
    (place / "x.db").chmod(0o444)
    return place / "x.db"


def below_a_file(place: Path) -> Path:
    (place / "file").touch()
    return place / "file" / "x.db"


def of_a_name_too_long(place: Path) -> Path:
    return place / f"{'x' * 300}.db"


@pytest.mark.parametrize(
    "where",
    [in_a_closed_directory, in_no_directory_that_could_be_made, only_to_be_read, below_a_file, of_a_name_too_long],
)
def test_fault_080_a_place_where_no_database_can_be_is_one_line_and_73(
    tmp_path: Path, logs: Path, where: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place = open_to_all(tmp_path / "place")
    database = where(place)
    with without_rights(place):
        code = main(["--ingest-only", "--once", "--db", str(database), str(logs)])
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (73, 1)
    assert str(database.parent) in said


def test_fault_080_without_a_home_it_is_one_line_and_73(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = open_to_all(tmp_path / "place")
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(place / "nobody"))
    with without_rights(place):
        assert main(["--ingest-only", "--once", str(logs)]) == 73
    assert capsys.readouterr().err.count("\n") == 1


def test_fault_080_a_directory_is_no_database(tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--ingest-only", "--once", "--db", str(tmp_path), str(logs)]) == 65
    assert "is a directory" in capsys.readouterr().err


# -- network file systems

MOUNTS = """\
22 28 0:20 / /proc rw,nosuid shared:12 - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 28 0:35 / /home rw,relatime shared:20 master:3 - nfs4 server:/export/home rw,vers=4.2
41 40 0:36 / /home/mara/local rw,relatime - xfs /dev/vdb1 rw
42 28 0:37 / /mnt/my\\040disk rw - fuse.sshfs mara@server:/ rw,user_id=1000
43 28 0:38 / /srv rw - ext4 /dev/vdc1 rw
44 28 0:39 / /srv rw - cifs //server/share rw,vers=3.0
45 28 0:40 / /mnt/c rw - 9p drvfs rw,aname=drvfs
a line that means nothing
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/home/mara/.local/state/tokenmon/tokenmon.db", "nfs4"),
        ("/home/mara/local/x.db", ""),
        ("/homes/x.db", ""),
        ("/mnt/my disk/x.db", "fuse.sshfs"),
        ("/srv/x.db", "cifs"),
        ("/mnt/c/Users/x.db", "9p"),
        ("/var/lib/tokenmon/x.db", ""),
    ],
)
def test_fault_081_a_network_file_system_is_told_by_the_table_of_mounts(place: str, kind: str) -> None:
    assert network_file_system(place, MOUNTS) == kind
    assert network_file_system(place, "") == ""


def test_fault_081_a_database_on_a_network_file_system_is_a_note_in_health_and_no_alarm() -> None:
    (alert,) = evaluate(Facts(network="nfs4"))
    assert (alert.kind, alert.severity) == ("network disk", "info")
    assert "nfs4" in alert.title


# -- long readers, long lives


def test_fault_082_a_log_that_a_long_reader_keeps_is_told_and_shrinks_afterwards(
    database: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenmon.alerts.LARGE_LOG", 200_000)
    alerts = "SELECT state FROM alert WHERE kind = 'large log'"
    ingest(database, logs)
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (10,)
        append(logs, range(10, MANY))
        ingest(database, logs)
        assert rows(database, alerts) == [("firing",)]
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (10,)
        reader.execute("ROLLBACK")
    ingest(database, logs)
    assert not Path(f"{database}-wal").exists()
    assert rows(database, alerts) == [("ok",)]
    assert inputs(database) == expected(range(MANY))


def test_fault_083_a_database_that_is_pruned_every_day_stops_growing(database: Path) -> None:
    writer, source = Writer.open(database), a_source()
    sizes: list[int] = []
    for day in range(12):
        calls = [a_row(an_event(f"{day}-{i}", at=(24 * day + i % 24) * HOUR + i)) for i in range(2_000)]
        source = commit(writer, a_step(source, calls), live=False).checkpoints[0]
        writer.rebuild(60)
        while not writer.prune(START + 24 * (day - 2) * HOUR, 0):
            pass
        sizes.append(rows(database, "PRAGMA page_count")[0][0])
    writer.close()
    assert rows_of(database, "SELECT count(*) FROM event") == [(3 * 2_000,)]
    assert rows_of(database, "SELECT sum(n) FROM r16d") == [(12 * 2_000,)]
    assert sizes[11] <= 1.1 * sizes[4]


# -- a backup


class Interrupted(sqlite3.Connection):
    """Somebody commits after every page that is copied."""

    between: Callable[[], None]

    def backup(self, target: sqlite3.Connection, **named: Any) -> None:
        """Page by page."""
        super().backup(target, pages=1, progress=lambda status, left, total: self.between())


def test_fault_085_a_backup_is_of_one_moment_whatever_is_committed_meanwhile(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a snapshot SQLite would begin anew after each of these commits, and copy what came later."""
    writer, checkpoints = Writer.open(database), [a_source()]

    def goes_on() -> None:
        if len(checkpoints) < 300:
            call = a_row(an_event(str(len(checkpoints)), at=len(checkpoints)))
            checkpoints.append(commit(writer, a_step(checkpoints[-1], [call])).checkpoints[0])

    goes_on()
    monkeypatch.setattr(Interrupted, "between", staticmethod(goes_on), raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.connect", partial(sqlite3.connect, factory=Interrupted))
        backups.backup(database, tmp_path / "copy.db")
    writer.close()
    assert rows_of(tmp_path / "copy.db", "SELECT count(*), (SELECT off FROM source) FROM event") == [(1, 1000)]
    assert len(checkpoints) > 20
