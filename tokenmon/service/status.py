"""`tokenmon service status`: whether the service is there, runs and reads, and what to do where it does not.

It exits with 0 where an ingester of its database lives and the unit is active, else with 2, as `tokenmon status` does.
"""

import os
import pwd
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tokenmon.exact import harmless
from tokenmon.service.machine import Machine
from tokenmon.service.unit import HOME, NAME, database_of
from tokenmon.settings import load_settings
from tokenmon.store.lock import holder

FINE, DEAD = 0, 2
HANGS_MS = 60_000
PROPERTIES = ("UnitFileState", "ActiveState", "SubState", "StatusText", "Result", "ExecMainStatus")


@dataclass(frozen=True)
class Line:
    """One line of the answer, and whether all is well with it."""

    about: str
    text: str
    fine: bool = True
    advice: str = ""


def run(machine: Machine, usual: Path, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> int:
    """Print how the service is; `usual` is the database of this user. Returns the exit code."""
    machine = _with_a_unit(machine)
    lines = list(_lines(machine, usual, now_ms()))
    for line in lines:
        print(f"{line.about:<10} {harmless(line.text)}")
    for line in lines:
        if line.advice:
            print(f"to do      {line.advice}")
    return FINE if all(line.fine for line in lines) else DEAD


def _with_a_unit(machine: Machine) -> Machine:
    """The user's service, or the machine's where that is the only one."""
    of_system = replace(machine, system=True)
    return of_system if not machine.unit.exists() and of_system.unit.exists() else machine


def _lines(machine: Machine, usual: Path, now_ms: int) -> Iterator[Line]:
    yield _unit(machine)
    if machine.unit.exists():
        yield from _manager(machine)
    database = _database(machine, usual)
    yield _file(database)
    yield _ingester(database, now_ms)
    if not machine.system and machine.unit.exists():
        yield from _linger(machine)


def _unit(machine: Machine) -> Line:
    if machine.unit.exists():
        return Line("unit", str(machine.unit))
    words = "sudo tokenmon service install --system PATH ..." if machine.system else "tokenmon service install"
    return Line("unit", f"{machine.unit}: not installed", fine=False, advice=words)


def _manager(machine: Machine) -> Iterator[Line]:
    """What systemd says of the unit."""
    if not machine.has_systemd():
        yield Line("systemd", "does not run on this machine", fine=False)
        return
    answer = machine.systemctl("show", NAME, f"--property={','.join(PROPERTIES)}")
    if answer.code:
        yield Line("systemd", f"cannot be asked: {answer.error}", fine=False, advice=f"{machine.words} status {NAME}")
        return
    told = dict(line.split("=", 1) for line in answer.out.splitlines() if "=" in line)
    enabled = told.get("UnitFileState") == "enabled"
    words = f"{'sudo ' if machine.system else ''}{machine.words}"
    yield Line("at boot", told.get("UnitFileState") or "unknown", advice="" if enabled else f"{words} enable {NAME}")
    yield _activity(told, machine, words)


def _activity(told: dict[str, str], machine: Machine, words: str) -> Line:
    state = f"{told.get('ActiveState', 'unknown')} ({told.get('SubState', '')})"
    text = f"{state}: {told['StatusText']}" if told.get("StatusText") else state
    if told.get("ActiveState") == "active":
        return Line("state", text)
    if told.get("Result", "success") != "success":
        text += f", ended by {told['Result']} {told.get('ExecMainStatus', '')}"
    unit = "--unit" if machine.system else "--user-unit"
    advice = f"journalctl {unit} {NAME} -n 20 tells why; then {words} restart {NAME}"
    return Line("state", text, fine=False, advice=advice)


def _database(machine: Machine, usual: Path) -> Path:
    """What the service writes into: the machine's configuration, or the unit, says it."""
    if machine.system:
        if machine.system_config.exists():
            return load_settings({}, {}, HOME, machine.system_config.parent).db or HOME / "tokenmon.db"
        return HOME / "tokenmon.db"
    try:
        return database_of(machine.unit.read_text("utf-8", "replace")) or usual
    except OSError:
        return usual


def _file(database: Path) -> Line:
    try:
        database.stat()
    except PermissionError:
        advice = "ask for its group: sudo usermod -aG GROUP NAME, then log in anew"
        return Line("database", f"{database}: you may not read it", fine=False, advice=advice)
    except OSError:
        return Line("database", f"{database}, not there yet", fine=False)
    return Line("database", str(database))


def _ingester(database: Path, now_ms: int) -> Line:
    found = holder(database)
    if found is None:
        return Line("ingester", "not running", fine=False)
    process, alive_at = found
    if now_ms - alive_at > HANGS_MS:
        return Line("ingester", f"gives no sign of life (process {process})", fine=False)
    return Line("ingester", f"running (process {process})")


def _linger(machine: Machine) -> Iterator[Line]:
    user = pwd.getpwuid(os.getuid()).pw_name
    if machine.lingers(user):
        yield Line("linger", "yes: it runs without a login")
    else:
        text = "no: it ends with the last logout"
        yield Line("linger", text, advice=f"loginctl enable-linger {user}, to keep it running")
