"""What is put in and taken out, on a machine that is a directory, with tools that write down what they were told."""

import json
import os
import pty
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command import Done, environment_of, tokenmon
from tests.permissions import without_rights
from tokenmon.cli.arguments import parse
from tokenmon.errors import TokenmonError, UsageError
from tokenmon.service import install
from tokenmon.service.install import uninstall
from tokenmon.service.machine import Machine
from tokenmon.settings import Settings, database_for, load_settings

TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$TOLD"
case "$*" in
  *"$FAILING"*) [ -n "$FAILING" ] && { echo "it cannot be done" >&2; exit 1; };;
esac
exit 0
"""


Variables = Mapping[str, str]
NONE: Variables = {}


def machine(
    place: Path, *, system: bool = False, systemd: bool = True, failing: str = "", variables: Mapping[str, str] = {}
) -> Machine:
    tools = place / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("systemctl", "systemd-run", "systemd-sysusers"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    if systemd:
        (place / "run/systemd/system").mkdir(parents=True, exist_ok=True)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "TOLD": str(place / "told"), "FAILING": failing, **variables}
    return Machine(environment, home_of(place), system, place, ("/usr/bin/python3", "/opt/tokenmon"))


def home_of(place: Path) -> Path:
    (place / "home").mkdir(exist_ok=True)
    return place / "home"


def told(place: Path) -> list[str]:
    return (place / "told").read_text().splitlines() if (place / "told").exists() else []


def put_in(on: Machine, *words: str, agreed: bool = True, only_print: bool = False) -> int:
    settings = load_settings(parse(["service", "install", *words]).settings(), on.environment, on.home, on.root / "etc")
    database = database_for(settings, on.environment, on.home)
    return install.install(on, settings, database, only_print=only_print, agreed=agreed)


@pytest.fixture
def logs(tmp_path: Path) -> str:
    (tmp_path / "logs").mkdir()
    return str(tmp_path / "logs")


# -- a user's


def test_a_users_service_is_written_enabled_and_started(
    tmp_path: Path, logs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    on = machine(tmp_path)
    assert put_in(on, logs, "--tz", "Asia/Kathmandu") == 0
    unit = tmp_path / "home/.config/systemd/user/tokenmon.service"
    text = unit.read_text()
    assert f"ExecStart={sys.executable} -P -m tokenmon --ingest-only {logs}\n" in text
    assert 'Environment="TOKENMON_TZ=Asia/Kathmandu"\n' in text
    assert "PrivateUsers=yes" in text
    assert stat.S_IMODE(unit.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home/.local/state/tokenmon").stat().st_mode) == 0o700
    assert [line for line in told(tmp_path) if "show-environment" not in line and "systemd-run" not in line] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable tokenmon.service",
        "systemctl --user restart --no-block tokenmon.service",
    ]
    out = capsys.readouterr().out
    assert f"+ExecStart={sys.executable}" in out
    assert "loginctl enable-linger" in out


def test_where_users_have_no_namespaces_nothing_asks_for_them(tmp_path: Path, logs: str) -> None:
    on = machine(tmp_path, failing="PrivateUsers")
    assert put_in(on, logs) == 0
    text = on.unit.read_text()
    assert "PrivateUsers" not in text
    assert "ProtectSystem" not in text
    assert "RestrictAddressFamilies=AF_UNIX" in text


def test_the_shells_places_are_the_services_too_and_nothing_else_of_the_shell(tmp_path: Path, logs: str) -> None:
    variables = {
        "CODEX_HOME": f"{tmp_path}/codex", "XDG_STATE_HOME": f"{tmp_path}/state", "OPENAI_API_KEY": "sk-made-up",
        "TOKENMON_RETENTION_DAYS": "9", "TOKENMON_PORT": "8080",
    }  # fmt: skip
    on = machine(tmp_path, variables=variables)
    assert put_in(on, logs) == 0
    carried = [line for line in on.unit.read_text().splitlines() if line.startswith("Environment=")]
    names = {line.partition('"')[2].partition("=")[0] for line in carried}
    assert names - {"TMPDIR"} == {"CODEX_HOME", "XDG_STATE_HOME", "TOKENMON_RETENTION_DAYS"}


def test_an_update_shows_the_difference_and_nothing_is_written_unasked(
    tmp_path: Path, logs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    on = machine(tmp_path)
    with pytest.raises(UsageError, match="no terminal"):
        put_in(on, logs, agreed=False)
    assert not on.unit.exists()
    put_in(on, logs)
    capsys.readouterr()
    put_in(on, logs, "--db", str(tmp_path / "other.db"))
    out = capsys.readouterr().out
    assert f"-ExecStart={sys.executable} -P -m tokenmon --ingest-only {logs}" in out
    assert f"+ExecStart={sys.executable} -P -m tokenmon --ingest-only --db {tmp_path}/other.db {logs}" in out
    assert "+Type=" not in out


def test_what_somebody_else_wrote_stays(tmp_path: Path, logs: str) -> None:
    on = machine(tmp_path)
    on.unit.parent.mkdir(parents=True)
    on.unit.write_text("[Service]\nExecStart=/my/own\n")
    with pytest.raises(TokenmonError, match="not written by tokenmon"):
        put_in(on, logs)
    assert uninstall(on, agreed=True) == 0
    assert on.unit.read_text() == "[Service]\nExecStart=/my/own\n"
    assert "systemctl --user disable" not in "\n".join(told(tmp_path))


def test_it_is_taken_out_and_the_database_stays(tmp_path: Path, logs: str, capsys: pytest.CaptureFixture[str]) -> None:
    on = machine(tmp_path)
    put_in(on, logs, "--db", str(tmp_path / "x.db"))
    (tmp_path / "x.db").write_text("numbers")
    with pytest.raises(UsageError):
        uninstall(on, agreed=False)
    assert on.unit.exists()
    (tmp_path / "told").unlink()
    assert uninstall(on, agreed=True) == 0
    assert not on.unit.exists()
    assert (tmp_path / "x.db").read_text() == "numbers"
    assert told(tmp_path) == ["systemctl --user disable --now tokenmon.service", "systemctl --user daemon-reload"]
    capsys.readouterr()
    assert uninstall(on, agreed=True) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_what_systemd_has_against_it_is_told(tmp_path: Path, logs: str) -> None:
    with pytest.raises(TokenmonError, match="failed: it cannot be done"):
        put_in(machine(tmp_path, failing="enable tokenmon"), logs)


def test_without_systemd_nothing_is_written(tmp_path: Path, logs: str) -> None:
    on = machine(tmp_path, systemd=False)
    with pytest.raises(TokenmonError, match="no systemd runs on this machine"):
        put_in(on, logs)
    assert not on.unit.exists()
    assert told(tmp_path) == []


def test_a_users_service_is_not_for_sudo_and_needs_something_to_read(tmp_path: Path, logs: str) -> None:
    with pytest.raises(UsageError, match="installed by that user"):
        put_in(machine(tmp_path, variables={"SUDO_USER": "mara"}), logs)
    with pytest.raises(UsageError, match="nothing to read"):
        put_in(machine(tmp_path))


# -- the machine's


def test_the_machines_service_has_a_user_and_a_configuration_that_everybody_finds(
    tmp_path: Path, logs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    on = machine(tmp_path, system=True)
    assert put_in(on, logs, "--retention-days", "30", "--without", "codex") == 0
    assert told(tmp_path) == [
        f"systemd-sysusers {tmp_path}/etc/sysusers.d/tokenmon.conf",
        "systemctl daemon-reload",
        "systemctl enable tokenmon.service",
        "systemctl restart --no-block tokenmon.service",
    ]
    config = tmp_path / "etc/tokenmon/config.toml"
    assert tomllib.loads(config.read_text()) == {
        "db": "/var/lib/tokenmon/tokenmon.db", "group": "tokenmon", "paths": [logs],
        "retention_days": "30", "without": "codex",
    }  # fmt: skip
    person = load_settings({}, {}, home_of(tmp_path), config.parent)
    assert (person.db, person.group) == (Path("/var/lib/tokenmon/tokenmon.db"), "tokenmon")
    assert (person.paths, person.retention_days, person.without) == ((logs,), 30, ("codex",))
    assert database_for(person, {}, home_of(tmp_path)) == Path("/var/lib/tokenmon/tokenmon.db")
    unit = on.unit.read_text()
    assert f"ExecStart={sys.executable} -P -m tokenmon --ingest-only\n" in unit
    assert "User=tokenmon\n" in unit
    assert (
        (tmp_path / "etc/sysusers.d/tokenmon.conf")
        .read_text()
        .endswith('u tokenmon - "reads logs for tokenmon" /var/lib/tokenmon\n')
    )
    assert [stat.S_IMODE(path.stat().st_mode) for path in (on.unit, config)] == [0o644, 0o644]
    assert 'db = "/var/lib/tokenmon/tokenmon.db"' in capsys.readouterr().out


def test_a_configuration_that_is_there_decides(tmp_path: Path, logs: str) -> None:
    on = machine(tmp_path, system=True)
    on.system_config.parent.mkdir(parents=True)
    on.system_config.write_text(f'db = "/srv/numbers/x.db"\npaths = ["{logs}"]\ngroup = "adm"\n')
    assert put_in(on) == 0
    assert "ReadWritePaths=-/srv/numbers\n" in on.unit.read_text()
    assert "SupplementaryGroups=adm\n" in on.unit.read_text()
    with pytest.raises(UsageError, match="says otherwise"):
        put_in(on, "--db", "/elsewhere.db")
    assert uninstall(on, agreed=True) == 0
    assert on.system_config.exists()
    on.system_config.write_text("theme = 'dark'\n")
    with pytest.raises(UsageError, match="names no `db`"):
        put_in(on)


@pytest.mark.parametrize("changed", [False, True])
def test_its_configuration_goes_with_it_unless_a_person_changed_it(tmp_path: Path, logs: str, changed: bool) -> None:
    on = machine(tmp_path, system=True)
    put_in(on, logs)
    put_in(on)  # again: the same files
    if changed:
        on.system_config.write_text(on.system_config.read_text() + 'tz = "UTC"\n')
    assert uninstall(on, agreed=True) == 0
    assert on.system_config.exists() == changed
    assert not on.unit.exists()
    assert not on.sysusers.exists()


def test_the_machines_service_is_told_what_to_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the directories that are given to it"):
        put_in(machine(tmp_path, system=True))


def test_an_installation_in_a_home_is_not_the_machines(tmp_path: Path, logs: str) -> None:
    (tmp_path / "python").symlink_to("/home/mara/.local/bin/python")
    on = replace(machine(tmp_path, system=True), installation=("/opt/tokenmon", str(tmp_path / "python")))
    with pytest.raises(TokenmonError, match="where the service's user cannot read it"):
        put_in(on, logs)


def test_without_rights_it_says_whose_they_are(tmp_path: Path, logs: str) -> None:
    on = machine(tmp_path, system=True)
    on.unit.parent.mkdir(parents=True)
    for directory in (tmp_path, *tmp_path.parents):
        if directory.owner() != "root" or directory.stat().st_mode & 0o077 == 0:
            directory.chmod(0o755)
    with without_rights(on.unit.parent), pytest.raises(TokenmonError, match="cannot write") as caught:
        put_in(on, logs)
    assert caught.value.hint == "run it as root, with sudo"
    assert caught.value.exit_code == 1


# -- the command


def test_print_prints_the_unit_only(tmp_path: Path, logs: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = tokenmon(tmp_path, "service", "install", "--print", "logs")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("# Written by")
    assert f"--ingest-only {logs}\n" in done.out
    assert sorted(tmp_path.rglob("*")) == before


def test_the_machines_unit_is_printed_without_a_trace(
    tmp_path: Path, logs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    on = machine(tmp_path, system=True, systemd=False)
    assert put_in(on, logs, only_print=True) == 0
    assert "User=tokenmon\n" in capsys.readouterr().out
    assert not (tmp_path / "etc").exists()


def of(home: Path, *words: str) -> Done:
    return tokenmon(home, "service", *words)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 64),
        (["restart"], 64),
        (["status", "logs"], 64),
        (["uninstall", "--print"], 64),
        (["install", "--print"], 64),
        (["install", "--print", "elsewhere"], 66),
        (["status"], 2),
        (["uninstall"], 0),
    ],
)
def test_each_outcome_has_its_code_and_at_most_one_line_of_error(
    tmp_path: Path, logs: str, words: list[str], code: int
) -> None:
    done = of(tmp_path, *words)
    assert done.code == code
    assert done.err.count("\n") == (code not in (0, 2))


def test_the_unit_that_is_printed_ingests_when_its_command_is_run(tmp_path: Path, logs: str) -> None:
    call = {
        "ts": "2026-11-18T10:00:00Z", "integration": "test", "provider": "openai", "model": "gpt-5.1",
        "prompt_tokens": 100, "completion_tokens": 10,
    }  # fmt: skip
    (tmp_path / "logs" / "a.jsonl").write_text(json.dumps(call) + "\n")
    unit = of(tmp_path, "install", "--print", "logs").out
    [command] = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
    done = subprocess.run(
        [*command.split(), "--once"], env=environment_of(tmp_path), capture_output=True, check=True, timeout=60
    )
    assert b"1 event" in done.stderr
    assert '"requests": 1' in tokenmon(tmp_path, "report", "logs", "--json").out


@pytest.mark.parametrize(("answer", "writes"), [(b"y\n", True), (b"\n", False)])
def test_a_terminal_is_asked(tmp_path: Path, logs: str, answer: bytes, writes: bool) -> None:
    on = machine(tmp_path)
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    before = sys.stdin
    with open(theirs, closefd=False) as terminal:
        sys.stdin = terminal
        try:
            assert put_in(on, logs, agreed=False) == 0
        finally:
            sys.stdin = before
    os.close(ours)
    os.close(theirs)
    assert on.unit.exists() == writes


def test_settings_are_not_root_s(tmp_path: Path, logs: str) -> None:
    """What root has configured for itself is not what the machine's service does."""
    on = machine(tmp_path, system=True)
    (on.home / ".config/tokenmon").mkdir(parents=True)
    (on.home / ".config/tokenmon/config.toml").write_text('group = "wheel"\nretention_days = 3\n')
    assert put_in(on, logs) == 0
    written = load_settings({}, {}, tmp_path / "nobody", on.system_config.parent)
    assert (written.group, written.retention_days) == ("tokenmon", Settings.retention_days)
