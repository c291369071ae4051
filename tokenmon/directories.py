"""Where tokenmon keeps its own files: by the XDG variables, else where they usually are below the home directory.

Text in, text out, because the status line has no time for more.
"""

import os
from collections.abc import Mapping

SYSTEM_CONFIG = "/etc/tokenmon"
"""Where a service's configuration is, for every user of the machine."""


def _base(environment: Mapping[str, str], home: str, name: str, default: str) -> str:
    given = environment.get(name, "")
    return os.path.join(given if os.path.isabs(given) else os.path.join(home, default), "tokenmon")


def state(environment: Mapping[str, str], home: str) -> str:
    """Where databases are."""
    return _base(environment, home, "XDG_STATE_HOME", ".local/state")


def cache(environment: Mapping[str, str], home: str) -> str:
    """Where things are that can be made again."""
    return _base(environment, home, "XDG_CACHE_HOME", ".cache")


def config(environment: Mapping[str, str], home: str) -> str:
    """Where the user's configuration is."""
    return _base(environment, home, "XDG_CONFIG_HOME", ".config")


def told_limits(environment: Mapping[str, str], home: str) -> str:
    """Where the status line keeps the limits that it was told, for the ingester to read."""
    return os.path.join(state(environment, home), "statusline")


def home_of(environment: Mapping[str, str]) -> str:
    """The user's directory; an empty or relative HOME would put a database into `/` or wherever one happens to be."""
    given = environment.get("HOME", "")
    if os.path.isabs(given):
        return given
    import pwd  # not on Windows

    return pwd.getpwuid(os.getuid()).pw_dir


def make(directory: str, mode: int = 0o700) -> None:
    """Make the directory and what is missing above it, with these rights whatever the umask is. Raises OSError."""
    if os.path.isdir(directory):
        return
    make(os.path.dirname(os.path.abspath(directory)), mode)
    try:
        os.mkdir(directory, 0o700)
        os.chmod(directory, mode)
    except FileExistsError:  # somebody else was faster
        if not os.path.isdir(directory):
            raise
