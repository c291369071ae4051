"""Puts the service in and takes it out: every file is shown and agreed to before it is written, or before it goes.

A file of ours says so in its first line; what somebody else wrote is never replaced or removed, and the database never
is. The machine's configuration carries a digest of what was written, so that it is kept once a person changed it.
"""

import difflib
import json
import os
import pwd
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from tokenmon import directories
from tokenmon.agreement import agrees
from tokenmon.dialects import found_places
from tokenmon.dialects.chosen import looked_for
from tokenmon.errors import TokenmonError, UsageError
from tokenmon.exact import harmless
from tokenmon.replacing import replace_file
from tokenmon.service.machine import Machine
from tokenmon.service.unit import HOME, NAME, OURS, SYSUSERS, USER, Unit, system_unit, user_unit
from tokenmon.settings import Settings, cache_dir, config_dir, load_settings, state_dir, variable
from tokenmon.store.files import create_directory

OWN = (sys.executable, "-P", "-m", "tokenmon", "--ingest-only")
"""This installation. -P: whatever directory it is started in, no file there stands in for a module."""
PRIVATE_HOMES = ("/home", "/root", "/run/user")
NOT_CARRIED = ("paths", "db", "group")
"""Settings that are written in a place of their own."""


@dataclass(frozen=True)
class File:
    """A file as it is to be."""

    path: Path
    text: str
    mode: int


def install(machine: Machine, settings: Settings, database: Path, *, only_print: bool, agreed: bool) -> int:
    """Write the service's files and start it. TokenmonError where that cannot be done, before anything is written."""
    files = _system_files(machine, settings) if machine.system else [_user_file(machine, settings, database)]
    if only_print:
        print(files[0].text, end="")
        return 0
    _check_systemd(machine)
    if not _is_agreed([line for file in files for line in _difference(machine, file)], "Install this?", agreed=agreed):
        return 0
    if not machine.system:
        create_directory(database.parent)
        create_directory(cache_dir(machine.environment, machine.home))
    for file in files:
        _write(file)
    if machine.system:
        _make_user(machine)
    for words in (("daemon-reload",), ("enable", NAME), ("restart", "--no-block", NAME)):
        machine.order(*words)
    _say_installed(machine, files[0].path)
    return 0


def uninstall(machine: Machine, *, agreed: bool) -> int:
    """Stop the service and remove what `install` wrote, but for what was changed since, and the database."""
    files = [file for file in (machine.unit, *_beside(machine)) if _is_ours(file)]
    kept = [file for file in _beside(machine) if file.exists() and file not in files]
    if not files:
        print(f"{harmless(str(machine.unit))}: not there, or not written by tokenmon; nothing to remove")
        return 0
    if not _is_agreed([f"remove {harmless(str(file))}" for file in files], "Remove this?", agreed=agreed):
        return 0
    if machine.has_systemd() and machine.unit in files:
        machine.order("disable", "--now", NAME)
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise _refused("remove", file, error) from error
    if machine.has_systemd():
        machine.order("daemon-reload")
    for file in kept:
        print(f"kept {harmless(str(file))}: it was changed since, or is not tokenmon's")
    print("removed; the database stays" + (f", and so does the user {USER}" if machine.system else ""))
    return 0


# -- what is written


def _user_file(machine: Machine, settings: Settings, database: Path) -> File:
    if "SUDO_USER" in machine.environment:
        raise UsageError("a user's service is installed by that user", "leave sudo away, or add --system")
    if not settings.paths:
        raise UsageError("there is nothing to read: no PATH was given and no logs were found", "give a directory")
    named = ("--db", str(database)) if "db" in settings.given else ()
    unit = Unit(
        command=(*OWN, *named, *(settings.paths if "paths" in settings.given else ())),
        database=database,
        cache=cache_dir(machine.environment, machine.home),
        paths=settings.paths,
        environment={**_relied_upon(machine.environment, machine.home), **settings.as_variables()},
        group=settings.group,
        namespaces=not machine.has_systemd() or machine.can_hide(),
    )
    return File(machine.unit, user_unit(unit), 0o600)


class _Noted(dict[str, str]):
    """An environment that remembers which of its variables were looked at."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)


def _relied_upon(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """The variables that decide here where logs and our own files are: a service does not have a shell's."""
    noted = _Noted(environment)
    found_places(noted, home, looked_for(load_settings({}, noted, home)))
    for place in (state_dir, cache_dir, config_dir):
        place(noted, home)
    own = variable("")
    return {name: environment[name] for name in noted.names & set(environment) if name != "HOME" and own not in name}


def _system_files(machine: Machine, given: Settings) -> list[File]:
    """The unit first; then the service's user, and the configuration unless there is one."""
    _check_installation(machine.installation)
    settings, config = _system_settings(machine, given)
    assert settings.db is not None
    unit = Unit(command=OWN, database=settings.db, paths=settings.paths, group=settings.group)
    files = [File(machine.unit, system_unit(unit), 0o644), File(machine.sysusers, SYSUSERS, 0o644)]
    return [*files, *([config] if config else [])]


def _check_installation(places: Iterable[str]) -> None:
    """A user of its own cannot enter somebody's home."""
    for place in map(os.path.realpath, places):
        if any(Path(place).is_relative_to(home) for home in PRIVATE_HOMES):
            hint = "install it for everybody first, as `python3 -m venv /opt/tokenmon` and its pip do"
            raise TokenmonError(f"this tokenmon is in {place}, where the service's user cannot read it", hint)


def _system_settings(machine: Machine, given: Settings) -> tuple[Settings, File | None]:
    """The settings of the machine's service, and its configuration where it is to be written."""
    path = machine.system_config
    if path.exists():
        there = load_settings({}, {}, HOME, path.parent)
        if any(getattr(there, name) != getattr(given, name) for name in given.given):
            raise UsageError(f"{path} is there and says otherwise", "change it there, and leave the settings away")
        if there.db is None or not there.paths:
            raise UsageError(f"{path} names no `{'paths' if there.db else 'db'}`", "write it there first")
        return there, None
    if "paths" not in given.given:
        raise UsageError("a service of the machine reads the directories that are given to it", "give PATHs")
    named = {name: getattr(given, name) for name in given.given}  # not what root has configured for itself
    settings = replace(Settings(db=HOME / "tokenmon.db", group=USER, given=given.given), **named)
    return settings, File(path, _configuration(settings), 0o644)


def _configuration(settings: Settings) -> str:
    others = sorted(settings.given - set(NOT_CARRIED))
    body = "".join(
        f"{line}\n"
        for line in (
            "# Every tokenmon of this machine reads this, unless its user has a ~/.config/tokenmon/config.toml.",
            f"db = {_toml(str(settings.db))}",
            f"group = {_toml(settings.group)}  # its members see these numbers: usermod -aG {settings.group} NAME",
            f"paths = [{', '.join(map(_toml, settings.paths))}]",
            *(f"{name} = {_toml(settings.as_variables()[variable(name)])}" for name in others),
        )
    )
    return f"{OURS}; {_digest(body)}\n{body}"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _digest(body: str) -> str:
    return blake2b(body.encode(), digest_size=8).hexdigest()


# -- what is there


def _beside(machine: Machine) -> Sequence[Path]:
    return (machine.sysusers, machine.system_config) if machine.system else ()


def _is_ours(path: Path) -> bool:
    """Whether a file was written by `install` and, where it carries a digest, not changed since."""
    head, _, body = (_read(path) or "").partition("\n")
    if not head.startswith(OURS):
        return False
    return path.name != "config.toml" or head == f"{OURS}; {_digest(body)}"


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused("read", path, error) from error


def _difference(machine: Machine, file: File) -> Iterator[str]:
    before = _read(file.path)
    if before is not None and not before.startswith(OURS):
        raise TokenmonError(f"{file.path} was not written by tokenmon", "move it aside first; nothing was changed")
    if before == file.text:
        yield f"{harmless(str(file.path))} stays as it is"
        return
    old, new = ((text or "").splitlines() for text in (before, file.text))
    for line in difflib.unified_diff(old, new, str(file.path), str(file.path), lineterm=""):
        yield harmless(line)


def _check_systemd(machine: Machine) -> None:
    if not machine.has_systemd():
        hint = "`tokenmon service install --print` prints a unit for a machine that has it"
        raise TokenmonError("no systemd runs on this machine, so nothing was installed", hint)


def _is_agreed(shown: Iterable[str], question: str, *, agreed: bool) -> bool:
    print("\n".join(shown))
    if agreed or agrees(question):
        return True
    print("nothing was changed")
    return False


def _write(file: File) -> None:
    try:
        directories.make(str(file.path.parent), 0o755 if file.mode & stat.S_IROTH else 0o700)
        replace_file(file.path, file.text.encode(), file.mode)
    except OSError as error:
        raise _refused("write", file.path, error) from error


def _refused(what: str, path: Path, error: OSError) -> TokenmonError:
    hint = "run it as root, with sudo" if isinstance(error, PermissionError) else ""
    return TokenmonError(f"cannot {what} {path}: {error.strerror}", hint)


def _make_user(machine: Machine) -> None:
    """The service's own user, by the file that describes it; or say how to make it where that has no tool."""
    if machine.has("systemd-sysusers"):
        answer = machine.run("systemd-sysusers", str(machine.sysusers))
        if answer.code:
            raise TokenmonError(f"systemd-sysusers could not make the user {USER}: {answer.error}")
        return
    try:
        pwd.getpwnam(USER)
    except KeyError:
        command = f"useradd --system --user-group --home-dir {HOME} --shell /usr/sbin/nologin {USER}"
        raise TokenmonError(f"there is no user {USER} yet", f"run `{command}`, then install again") from None


def _say_installed(machine: Machine, unit: Path) -> None:
    print(f"wrote {harmless(str(unit))}; it starts now and at every boot. How it is: tokenmon service status")
    if machine.system:
        print(f"Its user {USER} must be able to read the logs; a person in its group sees them counted, after a login.")
    else:
        user = pwd.getpwuid(os.getuid()).pw_name
        if not machine.lingers(user):
            print(f"It runs while you are logged in. To keep it running: loginctl enable-linger {user}")
