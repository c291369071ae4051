"""The units by systemd's rules, wherever this runs; its own verifier is asked in test_verifier.py."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmon.errors import UsageError
from tokenmon.service.unit import Unit, database_of, quoted, system_unit, user_unit

COMMAND = (sys.executable, "-P", "-m", "tokenmon", "--ingest-only", "--db", "/data/my own.db", "/logs/100%/$HOME/it's")
UNIT = Unit(
    command=COMMAND,
    database=Path("/data/x y/my own.db"),
    cache=Path("/home/mara/.cache/tokenmon"),
    paths=("/logs/100%/$HOME/it's",),
    environment={"CODEX_HOME": '/a "quoted" \\ 50% place'},
)

KEYS = {
    "Unit": {"Description", "StartLimitIntervalSec"},
    "Service": {
        *("Type", "NotifyAccess", "ExecStart", "ExecReload", "Restart", "RestartSec", "RestartPreventExitStatus"),
        *("TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "UMask", "LimitNOFILE", "LimitCORE", "TasksMax"),
        *("MemoryMax", "NoNewPrivileges", "RestrictAddressFamilies", "SystemCallFilter", "SystemCallErrorNumber"),
        *("SystemCallArchitectures", "RestrictNamespaces", "RestrictRealtime", "LockPersonality", "PrivateUsers"),
        *("ProtectSystem", "ProtectHome", "PrivateNetwork", "PrivateDevices", "PrivateTmp", "ReadWritePaths"),
        *("RestrictSUIDSGID", "Environment", "User", "Group", "SupplementaryGroups", "StateDirectory"),
        *("StateDirectoryMode", "CacheDirectory", "CacheDirectoryMode", "IPAddressDeny", "CapabilityBoundingSet"),
        *("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups"),
        *("ProtectClock", "ProtectHostname", "ProtectProc"),
    },
    "Install": {"WantedBy"},
    "X-Tokenmon": {"Database"},
}
"""What systemd 245 and later know in each section, as far as we use it."""

SEVERAL = {"Environment", "ReadWritePaths"}


def parsed(text: str) -> dict[tuple[str, str], list[str]]:
    """Values by section and key; every line is a section, a comment, or a known key with a value."""
    section, found = "", dict[tuple[str, str], list[str]]()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if match := re.fullmatch(r"\[([\w-]+)\]", line):
            section = match[1]
            continue
        key, equals, value = line.partition("=")
        assert equals
        assert key in KEYS[section], line
        found.setdefault((section, key), []).append(value)
    assert all(len(values) == 1 for (_, key), values in found.items() if key not in SEVERAL)
    return found


def words(line: str) -> list[str]:
    """A command line taken apart as systemd.service(5) says."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    undone = [re.sub(r"\\(.)", r"\1", inside) if inside or not plain else plain for inside, plain in found]
    return [re.sub(r"([%$])(\1|\w*)", lambda found: found[1] if found[1] == found[2] else "", word) for word in undone]


UNITS = {
    "user": user_unit(UNIT),
    "user without namespaces": user_unit(Unit(COMMAND, Path("/data/x.db"), namespaces=False)),
    "user of /tmp": user_unit(Unit(COMMAND, Path("/data/x.db"), paths=("/tmp/logs",))),
    "system": system_unit(Unit(COMMAND, Path("/var/lib/tokenmon/tokenmon.db"), group="tokenmon")),
    "system with another group": system_unit(Unit(COMMAND, Path("/srv/x.db"), group="adm")),
}


@pytest.mark.parametrize("name", UNITS)
def test_every_line_is_known_and_the_service_is_closed(name: str) -> None:
    found = {key: values[0] for (section, key), values in parsed(UNITS[name]).items() if section == "Service"}
    assert words(found["ExecStart"]) == list(COMMAND)
    assert found["ExecStart"].startswith("/")
    assert found["ExecReload"].startswith("/")
    expected = {
        "Type": "notify", "Restart": "always", "UMask": "0077", "NoNewPrivileges": "yes", "LimitCORE": "0",
        "RestrictAddressFamilies": "AF_UNIX", "SystemCallFilter": "@system-service", "TimeoutStartSec": "infinity",
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    assert int(found["WatchdogSec"]) >= 60
    hidden = {"ProtectSystem": "strict", "ProtectHome": "read-only", "PrivateNetwork": "yes"}
    if "without" not in name:
        assert {key: found.get(key) for key in hidden} == hidden
    else:
        assert not hidden.keys() & found.keys()


def test_what_a_unit_may_write_is_its_database_and_its_cache() -> None:
    user = parsed(UNITS["user"])
    assert user["Service", "ReadWritePaths"] == ['"-/data/x y"', "-/home/mara/.cache/tokenmon"]
    assert user["Service", "PrivateTmp"] == ["yes"]
    assert user["Service", "Environment"] == ['"CODEX_HOME=/a \\"quoted\\" \\\\ 50%% place"']
    passing = parsed(UNITS["user of /tmp"])
    assert ("Service", "PrivateTmp") not in passing
    assert passing["Service", "Environment"] == ['"TMPDIR=/data"']
    assert ("Service", "ReadWritePaths") not in parsed(UNITS["system"])
    assert parsed(UNITS["system with another group"])["Service", "ReadWritePaths"] == ["-/srv"]


def test_the_directory_of_a_group_may_have_its_bit() -> None:
    assert ("Service", "RestrictSUIDSGID") in parsed(UNITS["user"])
    assert ("Service", "RestrictSUIDSGID") not in parsed(UNITS["system"])
    assert parsed(UNITS["system with another group"])["Service", "SupplementaryGroups"] == ["adm"]


def test_the_unit_says_which_database_it_is_for() -> None:
    assert database_of(UNITS["user"]) == UNIT.database
    assert database_of("[Unit]\n") is None


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20))
def test_any_word_arrives_as_it_was(word: str) -> None:
    if " " not in word and all(letter.isprintable() for letter in word):
        assert words(quoted(word)) == ([word] if word else [""])


@pytest.mark.parametrize("path", ["/a\nb", "/a\x7f", "/\udcff", "/a\x85b"])
def test_what_a_unit_cannot_hold_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        quoted(path)
    with pytest.raises(UsageError):
        user_unit(Unit(COMMAND, Path(path) / "x.db"))
