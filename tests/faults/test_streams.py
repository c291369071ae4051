"""Where stdin, stdout or stderr is closed, full or read by nobody, the logs are read all the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import environment_of
from tests.faults.screens import append, database_in
from tests.ingest.ingesting import native, stored, until

REDIRECTED = {
    "closed": "<&- >&- 2>&-",
    "stderr closed": "2>&-",
    "full": ">/dev/full 2>/dev/full",
    "read by nobody": "2>&1 | true",
}


@pytest.mark.parametrize("how", REDIRECTED)
def test_fault_102_an_ingester_that_nobody_hears_reads_on_until_it_is_told_to_end(tmp_path: Path, how: str) -> None:
    logs, database = append(tmp_path, native(0)), database_in(tmp_path)
    command = f'{{ "$@"; echo $? >code; }} {REDIRECTED[how]}'
    words = [sys.executable, "-m", "tokenmon", "--ingest-only", "--db", str(database), str(logs)]
    shell = subprocess.Popen(
        ["/bin/sh", "-c", command, "sh", *words], cwd=tmp_path, env=environment_of(tmp_path), stdout=subprocess.PIPE
    )
    until(lambda: stored(database) == 1)
    append(tmp_path, native(1))
    until(lambda: stored(database) == 2)
    pid = int(Path(f"{database}.lock").read_text())
    os.kill(pid, signal.SIGTERM)
    printed, _ = shell.communicate(timeout=60)
    assert (tmp_path / "code").read_text() == "0\n"
    assert printed == b""


def test_fault_102_under_nohup_an_ingester_outlives_its_terminal(tmp_path: Path) -> None:
    logs, database = append(tmp_path, native(0)), database_in(tmp_path)
    words = [sys.executable, "-m", "tokenmon", "--ingest-only", "--db", str(database), str(logs)]
    process = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *words],
        env=environment_of(tmp_path),
        stderr=subprocess.DEVNULL,
    )
    until(lambda: stored(database) == 1)
    process.send_signal(signal.SIGHUP)
    append(tmp_path, native(1))
    until(lambda: stored(database) == 2)
    process.terminate()
    assert process.wait(60) == 0
