"""The units of systemd, as text: what the ingester may do is written down, and everything else is taken away.

Both have what needs no privileges: no sockets but UNIX ones (so no network, whatever else holds), the system calls of
a plain service, no new privileges, no core dump (a log may hold secrets), a limit of memory. The system unit adds what
only root can order. A user's manager can hide file systems and the network too, but only inside of a user namespace,
which not every kernel grants: hence `PrivateUsers=`, and a block that is left out where it was tried and does not work.

What is left out on purpose: `MemoryDenyWriteExecute=` (ctypes, through which inotify is reached, may need it),
`IPAddressDeny=` for users (needs privileges), `StateDirectory=` for users (before systemd 254 it is below ~/.config),
`RestrictSUIDSGID=` where a group may read (the directory's set-group-id bit is how new files get the group), and a
filter against `@privileged` (it has chown, which the same needs).

A start waits as long as another process ingests, so it has no time limit. SIGHUP ends the ingester with 0 after its
batch, as for every signal; `Restart=always` then starts it with the configuration of now, and nothing is lost or read
twice: that is the reload. Of what a start can fail with, only what a person must mend is not tried again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenmon.errors import ConfigError, UnknownPath, UsageError

NAME = "tokenmon.service"
OURS = "# Written by `tokenmon service install`"
USER = "tokenmon"
HOME = Path("/var/lib/tokenmon")
CACHE = Path("/var/cache")
SECTION, DATABASE = "X-Tokenmon", "Database"
"""Where the unit says which database it is for; systemd passes over such a section."""
WATCHDOG_S = 120
MEMORY = "256M"
PASSING = (Path("/tmp"), Path("/var/tmp"))

SYSUSERS = f"""{OURS}
u {USER} - "reads logs for tokenmon" {HOME}
"""


@dataclass(frozen=True)
class Unit:
    """What differs from one service to another."""

    command: Sequence[str]
    """Absolute path of the interpreter and everything after it."""
    database: Path
    cache: Path | None = None
    """A user's cache, which stays writable; the system's is made by systemd."""
    paths: Sequence[str] = ()
    """What is read, for deciding whether /tmp may be private."""
    environment: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    """Who may read the database beside its owner."""
    namespaces: bool = True
    """Whether a user may hide file systems here."""


_COMMON = f"""\
Restart=always
RestartSec=5
RestartPreventExitStatus={UsageError.exit_code} {UnknownPath.exit_code} {ConfigError.exit_code}
TimeoutStartSec=infinity
TimeoutStopSec=30
WatchdogSec={WATCHDOG_S}
UMask=0077
LimitNOFILE=4096
LimitCORE=0
TasksMax=64
MemoryMax={MEMORY}
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes"""

_HIDDEN = """\
ProtectSystem=strict
ProtectHome=read-only
PrivateNetwork=yes
PrivateDevices=yes"""

_PRIVILEGED = """\
IPAddressDeny=any
CapabilityBoundingSet=
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible"""


def user_unit(unit: Unit) -> str:
    """The unit of one user's manager."""
    return _text(unit, _user_lines(unit), "default.target")


def system_unit(unit: Unit) -> str:
    """The unit of the machine, run by a user of its own."""
    return _text(unit, _system_lines(unit), "multi-user.target")


def _text(unit: Unit, lines: Iterator[str], target: str) -> str:
    return f"""{OURS}; `tokenmon service uninstall` takes it out.
[Unit]
Description=tokenmon: reads LLM usage logs into its database
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(map(quoted, unit.command))}
ExecReload=/bin/sh -c "kill -HUP $MAINPID"
{_COMMON}
{chr(10).join(lines)}

[Install]
WantedBy={target}

[{SECTION}]
{DATABASE}={_check(str(unit.database))}
"""


def database_of(text: str) -> Path | None:
    """The database that a unit of ours was written for."""
    found = [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{DATABASE}=")]
    return Path(found[-1]) if found else None


def _user_lines(unit: Unit) -> Iterator[str]:
    if unit.namespaces:
        yield "# These need user namespaces. Where the service fails with 217/USER or 226/NAMESPACE, install it again."
        yield "PrivateUsers=yes"
        yield _HIDDEN
        yield _writable(unit.database.parent)
        if unit.cache is not None:
            yield _writable(unit.cache)
    yield from _temporary(unit, private=unit.namespaces)
    yield from _shared(unit)


def _system_lines(unit: Unit) -> Iterator[str]:
    yield f"User={USER}"
    yield f"Group={USER}"
    if unit.group not in ("", USER):
        yield f"SupplementaryGroups={_check(unit.group)}"
    yield f"StateDirectory={HOME.name}"
    yield "StateDirectoryMode=0750"
    yield f"CacheDirectory={HOME.name}"
    yield "CacheDirectoryMode=0700"
    yield _HIDDEN
    if not unit.database.is_relative_to(HOME):
        yield _writable(unit.database.parent)
    yield _PRIVILEGED
    yield _variable("HOME", str(HOME))
    yield _variable("XDG_CACHE_HOME", str(CACHE))
    yield from _temporary(unit, private=True)
    yield from _shared(unit)


def _temporary(unit: Unit, *, private: bool) -> Iterator[str]:
    """A /tmp of its own, unless the logs are there; then SQLite's temporary files are beside the database."""
    if any(Path(path).is_relative_to(place) for path in unit.paths for place in PASSING):
        yield _variable("TMPDIR", str(unit.database.parent))
    elif private:
        yield "PrivateTmp=yes"


def _shared(unit: Unit) -> Iterator[str]:
    if not unit.group:
        yield "RestrictSUIDSGID=yes"
    for name, value in sorted(unit.environment.items()):
        yield _variable(name, value)


# -- words of a unit (systemd.syntax(7), systemd.service(5) "Command lines")


def quoted(word: str) -> str:
    """One word of a command line. UsageError for what a unit cannot hold."""
    escaped = _escaped(word)
    return f'"{escaped.replace("$", "$$")}"' if _needs_quotes(word) else escaped


def _variable(name: str, value: str) -> str:
    return f'Environment="{name}={_escaped(value)}"'


def _needs_quotes(word: str) -> bool:
    return not word or any(not (letter.isalnum() or letter in "/._-+=:,@%") for letter in word)


def _escaped(text: str) -> str:
    _check(text)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _writable(place: Path) -> str:
    """A place that may be written, if it is there; backslashes do not escape in such a list."""
    text = _check(str(place))
    if '"' in text or "\\" in text:
        raise UsageError(f"a unit cannot name {text!a}", "name another place with --db")
    word = f"-{text}".replace("%", "%%")
    return f'ReadWritePaths="{word}"' if _needs_quotes(text) else f"ReadWritePaths={word}"


def _check(text: str) -> str:
    if any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) < 0xE000 for letter in text):
        raise UsageError(f"a unit cannot hold {text!a}", "it has control characters, or is not UTF-8")
    return text
