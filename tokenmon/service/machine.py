"""Where a machine keeps units, and its systemd: asked through `systemctl`, never through a library.

A service is either a user's or the machine's; the two differ in places and in the words that systemctl needs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenmon import directories
from tokenmon.errors import TokenmonError
from tokenmon.service.unit import NAME
from tokenmon.text import sanitise

ANSWER_S = 30
PROBE = (
    "PrivateUsers=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateNetwork=yes",
    "PrivateDevices=yes",
)


@dataclass(frozen=True)
class Answer:
    """What a command of the machine said."""

    code: int
    out: str
    error: str
    """Its first line on stderr."""


@dataclass(frozen=True)
class Machine:
    """One machine as one user sees it, for a service of this user or (`system`) of the machine."""

    environment: Mapping[str, str]
    home: Path
    system: bool
    root: Path = Path("/")
    installation: Sequence[str] = (sys.executable, sys.prefix, str(Path(__file__).parents[1]))
    """Where this tokenmon and its Python are."""

    @property
    def unit(self) -> Path:
        """The file of the unit."""
        if self.system:
            return self.root / "etc/systemd/system" / NAME
        configured = Path(directories.config(self.environment, str(self.home))).parent
        return configured / "systemd/user" / NAME

    @property
    def system_config(self) -> Path:
        """Where every tokenmon of the machine finds its configuration."""
        return self.root / directories.SYSTEM_CONFIG.lstrip("/") / "config.toml"

    @property
    def sysusers(self) -> Path:
        """Where the service's own user is described."""
        return self.root / "etc/sysusers.d/tokenmon.conf"

    @property
    def words(self) -> str:
        """`systemctl`, for messages."""
        return "systemctl" if self.system else "systemctl --user"

    def has_systemd(self) -> bool:
        """Whether systemd runs here (sd_booted(3))."""
        return (self.root / "run/systemd/system").is_dir() and self._which("systemctl") is not None

    def lingers(self, user: str) -> bool:
        """Whether this user's services run without a login."""
        return (self.root / "var/lib/systemd/linger" / user).exists()

    def systemctl(self, *words: str) -> Answer:
        """Ask or tell the service manager."""
        return self.run("systemctl", *(() if self.system else ("--user",)), *words)

    def order(self, *words: str) -> None:
        """Tell the service manager; TokenmonError says what it had against it."""
        answer = self.systemctl(*words)
        if answer.code:
            raise TokenmonError(f"`{self.words} {' '.join(words)}` failed: {answer.error}", self._hint(answer.error))

    def can_hide(self) -> bool:
        """Whether a user's service may hide file systems and the network here. Where it cannot be tried, it may."""
        if self._which("systemd-run") is None or self.systemctl("show-environment").code:
            return True
        options = [f"--property={each}" for each in PROBE]
        return self.run("systemd-run", "--user", "--quiet", "--wait", "--collect", *options, "true").code == 0

    def run(self, *words: str) -> Answer:
        """Run one command of the machine."""
        try:
            done = subprocess.run(
                words,
                env={**self.environment, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=ANSWER_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Answer(1, "", sanitise(str(error)))
        errors = done.stderr.decode(errors="replace").strip().splitlines()
        return Answer(done.returncode, done.stdout.decode(errors="replace"), sanitise(errors[0]) if errors else "")

    def has(self, command: str) -> bool:
        """Whether the machine has a command."""
        return self._which(command) is not None

    def _which(self, command: str) -> str | None:
        return shutil.which(command, path=self.environment.get("PATH", os.defpath))

    def _hint(self, error: str) -> str:
        if "bus" in error and not self.system:
            return "log in as this user itself, not through su or sudo, or set XDG_RUNTIME_DIR=/run/user/$(id -u)"
        return f"ask `{self.words} status {NAME}`"
