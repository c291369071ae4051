"""`service status`: what is there, what runs, and what to do."""

import os
import pwd
from pathlib import Path

import pytest

from tests.service.test_install import machine, put_in
from tokenmon.service import status
from tokenmon.service.machine import Machine
from tokenmon.store.lock import Lock

RUNNING = (
    "UnitFileState=enabled\nActiveState=active\nSubState=running\nStatusText=up to date; 3 events\nResult=success\n"
)
FAILED = "UnitFileState=disabled\nActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=78\n"


def answering(place: Path, says: str, *, system: bool = False) -> Machine:
    """A machine whose systemctl answers `show` with `says`."""
    on = machine(place, system=system)
    (place / "says").write_text(says)
    (place / "bin" / "systemctl").write_text(f'#!/bin/sh\ncase "$*" in *show*) cat {place}/says;; esac\n')
    return on


def asked(on: Machine, usual: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = status.run(on, usual)
    return code, capsys.readouterr().out


def test_a_service_that_runs_is_fine_and_says_when_it_needs_linger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    on = answering(tmp_path, RUNNING)
    database = tmp_path / "x.db"
    put_in(on, str(tmp_path / "logs"), "--db", str(database))
    database.write_text("")
    lock = Lock.take(database, wait=False)
    code, out = asked(on, tmp_path / "usual.db", capsys)
    assert code == 0
    assert "state      active (running): up to date; 3 events\n" in out
    assert f"database   {database}\n" in out
    assert f"ingester   running (process {os.getpid()})\n" in out
    user = pwd.getpwuid(os.getuid()).pw_name
    assert f"to do      loginctl enable-linger {user}" in out
    (tmp_path / "var/lib/systemd/linger").mkdir(parents=True)
    (tmp_path / "var/lib/systemd/linger" / user).write_text("")
    assert "to do" not in asked(on, tmp_path / "usual.db", capsys)[1]
    lock.release()
    assert asked(on, tmp_path / "usual.db", capsys)[0] == 2


def test_an_ingester_that_hangs_is_not_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on = answering(tmp_path, RUNNING)
    database = tmp_path / "x.db"
    database.write_text("")
    lock = Lock.take(database, wait=False)
    os.utime(f"{database}.lock", (1, 1))
    code, out = asked(on, database, capsys)
    lock.release()
    assert (code, "gives no sign of life" in out) == (2, True)


def test_a_service_that_failed_says_where_to_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    on = answering(tmp_path, FAILED)
    put_in(on, str(tmp_path / "logs"))
    code, out = asked(on, tmp_path / "usual.db", capsys)
    assert code == 2
    assert "failed (failed), ended by exit-code 78" in out
    assert "to do      journalctl --user-unit tokenmon.service -n 20" in out
    assert "to do      systemctl --user enable tokenmon.service" in out


def test_no_unit_and_no_systemd_are_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    on = machine(tmp_path, systemd=False)
    code, out = asked(on, tmp_path / "usual.db", capsys)
    assert (code, "not installed" in out, "to do      tokenmon service install\n" in out) == (2, True, True)
    put_in(machine(tmp_path), str(tmp_path / "logs"))
    (tmp_path / "run/systemd/system").rmdir()
    code, out = asked(on, tmp_path / "usual.db", capsys)
    assert (code, out.count("systemd    does not run on this machine\n")) == (2, 1)


def test_the_machines_service_is_found_where_there_is_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    put_in(answering(tmp_path, RUNNING, system=True), str(tmp_path / "logs"))
    _, out = asked(answering(tmp_path, RUNNING), tmp_path / "usual.db", capsys)
    assert f"unit       {tmp_path}/etc/systemd/system/tokenmon.service\n" in out
    assert "database   /var/lib/tokenmon/tokenmon.db, not there yet\n" in out
    assert "linger" not in out
