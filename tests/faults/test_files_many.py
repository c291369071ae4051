"""Many files and busy ones: none starves another, none is forgotten, and descriptors are left for everybody."""

import os
from pathlib import Path

import pytest

from tests.command import python
from tests.faults.scenarios import Logs
from tests.ingest.ingesting import expected, ingest, inputs, rows
from tests.ingest.made_up import Turning
from tests.tail.loop import Clock
from tokenmon.dialects import DIALECTS
from tokenmon.ingest import Service
from tokenmon.settings import Settings


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs", ids=False)


def offset(database: Path, path: Path) -> int:
    """How far a file is stored."""
    found = rows(database, "SELECT off FROM source WHERE path = ?", os.fsencode(path))
    return int(found[0][0]) if found else 0


def test_fault_036_a_file_that_grows_faster_than_it_is_read_starves_nobody(tmp_path: Path, logs: Logs) -> None:
    database, cap = tmp_path / "t.db", 4096
    with Turning(database, logs.directory, dialects=DIALECTS, settings=Settings(bytes_per_file=cap)) as turning:
        for turn in range(20):
            before = offset(database, logs.path("a.jsonl"))
            logs.append("a.jsonl", range(1000 + 100 * turn, 1100 + 100 * turn))
            logs.append("b.jsonl", [turn])
            turning.hint(logs.path("a.jsonl"), logs.path("b.jsonl"))
            turning.turn()
            turning.flush()
            assert 0 < offset(database, logs.path("a.jsonl")) - before <= cap
            assert offset(database, logs.path("b.jsonl")) == logs.path("b.jsonl").stat().st_size
        assert offset(database, logs.path("a.jsonl")) < logs.path("a.jsonl").stat().st_size / 2
        turning.until_idle()
    assert inputs(database) == expected([*range(20), *range(1000, 3000)])


def test_fault_037_more_files_than_may_be_looked_at_or_opened_are_all_read(tmp_path: Path, logs: Logs) -> None:
    database, most = tmp_path / "t.db", 0
    for number in range(300):
        logs.append(f"{number}.jsonl", [number])
    few = Settings(files_per_cycle=7, entries_per_cycle=11)
    before = len(os.listdir("/dev/fd"))
    with Service(few, database, [str(logs.directory)], once=True, wait=False) as service:

        def look(_: object) -> None:
            nonlocal most
            most = max(most, len(os.listdir("/dev/fd")))

        service.run(look)
    assert inputs(database) == expected(range(300))
    assert most - before < 120
    told = "SELECT count FROM alert WHERE kind = 'many entries' AND state = 'info'"
    assert rows(database, told) == [(302,)], "the path, the directory and what is in it"
    for number in range(0, 300, 50):
        logs.append(f"{number}.jsonl", [300 + number])
    ingest(database, logs.directory, settings=few)
    assert inputs(database) == expected([*range(300), *range(300, 600, 50)])


def test_fault_038_a_quiet_files_line_is_seen_within_two_scans_beside_a_busy_one(tmp_path: Path, logs: Logs) -> None:
    database, clock = tmp_path / "t.db", Clock()
    for number in range(100):
        logs.append(f"{number}.jsonl", [number])
    few = Settings(files_per_cycle=10, bytes_per_file=4096)
    with Turning(database, logs.directory, dialects=DIALECTS, clock=clock, settings=few) as turning:
        turning.until_idle()
        logs.append("57.jsonl", [500])
        started = clock.now
        while 500 not in [tokens - 1000 for tokens in inputs(database)]:
            assert clock.now - started <= 2 * few.scan_interval
            logs.append("busy.jsonl", range(1000, 1050))  # faster than it is read
            clock.now += 0.25
            turning.hint(logs.path("busy.jsonl"))
            turning.turn()
            turning.flush()


def test_fault_038_it_looks_around_again_after_one_interval(tmp_path: Path, logs: Logs) -> None:
    """Whatever else wakes it, or does not."""
    clock = Clock()
    with Turning(tmp_path / "t.db", logs.directory, dialects=DIALECTS, clock=clock) as turning:
        turning.until_idle()
        for _ in range(3):
            assert turning.rest_s == Settings().scan_interval
            clock.now += 3.0
            turning.turn()
            assert turning.rest_s == Settings().scan_interval - 3.0
            clock.now += turning.rest_s
            turning.turn()


HELD = """
import os, resource, sys
from pathlib import Path
from tokenmon.ingest import Service
from tokenmon.settings import Settings
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with Service(Settings(), Path(sys.argv[2]), [sys.argv[1]], once=True, wait=False) as service:
    service.run(lambda progress: None)
    print(64 - len(os.listdir("/dev/fd")), service.failures)
"""


def test_fault_039_with_few_descriptors_enough_are_left_for_everything_else(tmp_path: Path, logs: Logs) -> None:
    for number in range(100):
        logs.append(f"{number}.jsonl", [number])
    done = python(tmp_path, HELD, str(logs.directory), str(tmp_path / "t.db"))
    left, failures = done.out.split()
    assert int(left) >= 32, done.err
    assert failures == "{}"
    assert inputs(tmp_path / "t.db") == expected(range(100))


NONE_LEFT = """
import os, resource, sys
from pathlib import Path
from tests.ingest.ingesting import native
from tokenmon.ingest import Service
from tokenmon.settings import Settings
logs, database = Path(sys.argv[1]), Path(sys.argv[2])
with Service(Settings(scan_interval=0.01), database, [str(logs)], once=True, wait=False) as service:
    service.run(lambda progress: None)
    for number in range(1, 30):
        (logs / f"{number}.jsonl").write_bytes(native(number))
    free = os.dup(0)
    os.close(free)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    while not service.failures:
        service.run(lambda progress: None)
    print(*service.failures.items())
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    while service.failures:
        service.run(lambda progress: None)
"""


def test_fault_039_no_descriptor_at_all_is_told_once_and_passes(tmp_path: Path, logs: Logs) -> None:
    database = tmp_path / "t.db"
    logs.append("0.jsonl", [0])
    done = python(tmp_path, NONE_LEFT, str(logs.directory), str(database))
    assert "too many open files" in done.out, done.err
    told = (str(logs.directory), "cannot be read: too many open files", "ok")
    assert rows(database, "SELECT subject, title, state FROM alert") == [told]
    assert inputs(database) == expected(range(30))
