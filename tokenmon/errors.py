"""Why tokenmon cannot start or go on, each with the exit code that scripts rely on.

TokenmonError
├── UsageError            64  wrong arguments
├── NotOurDatabase        65  the file is something else, or damaged
│   └── NewerDatabase     65  written by a later tokenmon
├── UnknownPath           66  a PATH that neither exists nor was ever known to this database
├── CannotCreateDatabase  73  no directory, no permission, no space, or open to everybody
├── LockHeld              75  another ingester has the lock (and --no-wait was given)
├── ConfigError           78  names the file, the line and the field
├── NoDatabase             3  nothing to read
├── SourceFailed           2  done, but some source could not be read
└── SteppedDown            1  another ingester writes, although this one has the lock

A bad line is not an error: it is an `events.Reject`, a value that is counted and shown.
"""


class TokenmonError(Exception):
    """Something its user can mend: `str(error)` says what and where, `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """What to do about it, as a sentence without a full stop; empty when there is nothing to add."""

    def line(self) -> str:
        """The one line for stderr."""
        return f"tokenmon: {self}" + (f" ({self.hint})" if self.hint else "")


class UsageError(TokenmonError):
    """The arguments make no sense."""

    exit_code = 64


class NotOurDatabase(TokenmonError):
    """The database file is not tokenmon's, or is damaged."""

    exit_code = 65


class NewerDatabase(NotOurDatabase):
    """The database was written by a later version."""


class UnknownPath(TokenmonError):
    """A PATH does not exist and this database never saw it."""

    exit_code = 66


class CannotCreateDatabase(TokenmonError):
    """The database, its directory or its lock cannot be created."""

    exit_code = 73


class LockHeld(TokenmonError):
    """Another process ingests into this database."""

    exit_code = 75


class ConfigError(TokenmonError):
    """A setting in the file, the environment or a price override is wrong."""

    exit_code = 78


class NoDatabase(TokenmonError):
    """There is no database to read, or it cannot be read."""

    exit_code = 3


class SourceFailed(TokenmonError):
    """The work is done, but at least one source could not be read."""

    exit_code = 2


class SteppedDown(TokenmonError):
    """Another process moved a source on: this one must not write any more."""
