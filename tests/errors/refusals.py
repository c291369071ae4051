"""Every kind of refusal, provoked by the real command in a process of its own. The README's table has the same rows."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.command import Done, environment_of
from tests.ingest.ingesting import Running, native, rows, stored, until
from tests.permissions import BOUND_BY_RIGHTS
from tokenmon import errors

GONE = "os.rmdir(os.getcwd())"
PLAIN_WINDOWS = """
import sqlite3, subprocess, sys, zoneinfo
sys.modules.update(dict.fromkeys(("fcntl", "grp", "pwd", "resource", "termios", "tty")))  # there are none
import tokenmon.start
sys.platform = "win32"
sys.exit(tokenmon.start.main())
"""


def small_disk(size: int) -> str:
    """No file may grow beyond so many bytes."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


class Place:
    """A home with a log and a database that knows it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = home / "logs"
        self.log = self.logs / "a.jsonl"
        self.logs.mkdir()
        self.log.write_bytes(native(1))

    def run(self, *words: str, first: str = "", stdout: int = subprocess.PIPE, **variables: str) -> Done:
        """Run the command without a terminal; `first` are statements of its process before it begins."""
        command = [sys.executable, "-P", "-m", "tokenmon", *words]
        program = f"import os, sys\n{first}\nos.execv(sys.executable, {command!r})"
        return self._done([sys.executable, "-P", "-c", program] if first else command, stdout, **variables)

    def python(self, program: str) -> Done:
        """Run some lines of Python in the place of the command."""
        return self._done([sys.executable, "-P", "-c", program])

    def read(self, name: str = "x.db") -> Path:
        """A database into which the log was read."""
        assert self.run("--ingest-only", "--once", "logs", "--db", name).code == 0
        return self.home / name

    def configured(self, text: str, name: str = "config.toml") -> Path:
        """The user's configuration or prices."""
        directory = self.home / ".config/tokenmon"
        directory.mkdir(parents=True)
        (directory / name).write_text(text)
        return directory

    def _done(self, command: list[str], stdout: int = subprocess.PIPE, **variables: str) -> Done:
        done = subprocess.run(
            command,
            env=environment_of(self.home, **variables),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        return Done(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


@dataclass(frozen=True)
class Refusal:
    """One row of the table."""

    said: str
    """As the table has it: a word of capitals stands for anything."""
    error: type[errors.TokenmonError]
    provoke: Callable[[Place], Done]


def _another_programs(at: Place) -> Done:
    with closing(sqlite3.connect(at.home / "x.db")) as connection:
        connection.execute("CREATE TABLE recipe(name)")
    return at.run("report", "logs", "--db", "x.db")


def _no_database(at: Place) -> Done:
    (at.home / "x.db").write_text("a letter\n" * 100)
    return at.run("report", "--db", "x.db")


def _newer(at: Place) -> Done:
    with closing(sqlite3.connect(at.read())) as connection:
        connection.execute("PRAGMA user_version = 999")
    return at.run("report", "logs", "--db", "x.db")


def _older(at: Place) -> Done:
    with closing(sqlite3.connect(at.read())) as connection:
        connection.execute("PRAGMA user_version = 1")
    return at.run("verify", "--db", "x.db")


def _damaged(at: Place) -> Done:
    database = at.read()
    os.truncate(database, database.stat().st_size // 2)
    return at.run("--ingest-only", "--once", "--db", "x.db")


def _closed_directory(at: Place) -> Done:
    at.logs.chmod(0)
    return at.run("report", "logs/a.jsonl", first=BOUND_BY_RIGHTS)


def _closed_log(at: Place) -> Done:
    at.log.chmod(0)
    return at.run("report", "logs", first=BOUND_BY_RIGHTS)


def _no_right_to_create(at: Place) -> Done:
    (at.home / "closed").mkdir(mode=0o500)
    return at.run("report", "logs", first=BOUND_BY_RIGHTS, XDG_STATE_HOME=str(at.home / "closed"))


def _open_to_everybody(at: Place) -> Done:
    (at.home / "open").mkdir()
    (at.home / "open").chmod(0o777)
    return at.run("--ingest-only", "--once", "logs", "--db", "open/x.db")


def _no_right_to_lock(at: Place) -> Done:
    (at.home / "closed").mkdir(mode=0o500)
    return at.run("--ingest-only", "--once", "logs", "--db", "closed/x.db", first=BOUND_BY_RIGHTS)


def _no_right_to_read(at: Place) -> Done:
    (at.home / "closed").mkdir(mode=0)
    return at.run("report", "--db", "closed/x.db", first=BOUND_BY_RIGHTS)


def _somebody_else(at: Place) -> Done:
    with open(at.home / "x.db.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return at.run("--ingest-only", "--no-wait", "logs", "--db", "x.db")


def _set_wrongly(at: Place) -> Done:
    at.configured('theem = "dark"\n')
    return at.run("report")


def _not_toml(at: Place) -> Done:
    at.configured("theme = dark\n")
    return at.run("report")


def _closed_configuration(at: Place) -> Done:
    at.configured("").chmod(0)
    return at.run("report", "logs", first=BOUND_BY_RIGHTS)


def _unset(at: Place) -> Done:
    at.configured('db = "${SHARED}/x.db"\n')
    return at.run("status")


def _priced_wrongly(at: Place) -> Done:
    at.configured('[[price]]\nmodel = "m"\ninput = "free"\n', "prices.toml")
    return at.run("report", "logs")


def _asked(at: Place) -> Done:
    at.read()
    return at.run("forget", "--integration", "mail-sorter", "--db", "x.db")


def _of_another(at: Place) -> Done:
    at.read()
    return at.run("forget", "--key", "nobody", "--yes", "--db", "x.db")


def _twice(at: Place) -> Done:
    at.read()
    (at.home / "copy.db").touch()
    return at.run("backup", "copy.db", "--db", "x.db")


def _nothing_stored(at: Place) -> Done:
    (at.home / "x.db").touch()
    return at.run("report", "--db", "x.db")


def _settings_of_others(at: Place) -> Done:
    (at.home / ".claude").mkdir()
    (at.home / ".claude/settings.json").write_text("[]")
    return at.run("statusline", "--install", "--yes")


def _full_disk_for_the_answer(at: Place) -> Done:
    with open(at.home / "answer.txt", "wb") as answer:
        return at.run("dialects", first=small_disk(0), stdout=answer.fileno())


def _while_running(at: Place, change: Callable[[Path], None]) -> Done:
    database = at.home / "x.db"
    with Running(database, at.logs) as running:
        until(lambda: stored(database) == 1)
        change(database)
        with at.log.open("ab") as log:
            log.write(native(2))
        _, said = running.process.communicate(timeout=60)
        return Done(running.process.returncode, "", said.decode())


def _moved_by_another(at: Place) -> Done:
    def move(database: Path) -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            connection.execute("UPDATE source SET off = off + 1")
        assert rows(database, "SELECT count(*) FROM source") == [(1,)]

    return _while_running(at, move)


def _taken_away(at: Place) -> Done:
    return _while_running(at, Path.unlink)


REFUSALS = (
    Refusal("unrecognized arguments: WORD", errors.UsageError, lambda at: at.run("report", "--foo")),
    Refusal("argument --by: NAME: choose from NAMES", errors.UsageError, lambda at: at.run("report", "--by", "x")),
    Refusal("WORD is not a range", errors.UsageError, lambda at: at.run("report", "--range", "3x")),
    Refusal("there is nothing to read", errors.UsageError, lambda at: at.run("--ingest-only")),
    Refusal("needs a terminal", errors.UsageError, lambda at: at.run("demo")),
    Refusal("there is no terminal to ask on", errors.UsageError, _asked),
    Refusal("FILE is there already", errors.UsageError, _twice),
    Refusal("FILE is a directory, not a database", errors.NotOurDatabase, lambda at: at.run("report", "--db", "logs")),
    Refusal("the file is a database of another program", errors.NotOurDatabase, _another_programs),
    Refusal("the file is no database", errors.NotOurDatabase, _no_database),
    Refusal("a newer tokenmon wrote the database", errors.NewerDatabase, _newer),
    Refusal("the database is damaged", errors.NotOurDatabase, _damaged),
    Refusal("FILE was removed or replaced while running", errors.NotOurDatabase, _taken_away),
    Refusal("there is no PATH", errors.UnknownPath, lambda at: at.run("report", "lgos")),
    Refusal("cannot reach PATH", errors.UnknownPath, _closed_directory),
    Refusal("cannot create the directory PLACE", errors.CannotCreateDatabase, _no_right_to_create),
    Refusal("everybody may write into PLACE", errors.CannotCreateDatabase, _open_to_everybody),
    Refusal("cannot write the lock FILE", errors.CannotCreateDatabase, _no_right_to_lock),
    Refusal(
        "cannot write the database FILE",
        errors.CannotCreateDatabase,
        lambda at: at.run("report", "logs", "--db", "x.db", first=small_disk(5_000)),
    ),
    Refusal("another process ingests into FILE", errors.LockHeld, _somebody_else),
    Refusal("config.toml line N: unknown setting NAME", errors.ConfigError, _set_wrongly),
    Refusal("config.toml: Invalid value (at line N", errors.ConfigError, _not_toml),
    Refusal("config.toml cannot be read", errors.ConfigError, _closed_configuration),
    Refusal("NAME, which must be set", errors.ConfigError, _unset),
    Refusal("prices.toml:N: price NAME", errors.ConfigError, _priced_wrongly),
    Refusal("there is no database FILE", errors.NoDatabase, lambda at: at.run("status")),
    Refusal("nothing is in the database yet", errors.NoDatabase, _nothing_stored),
    Refusal("you may not read the database FILE", errors.NoDatabase, _no_right_to_read),
    Refusal("cannot read FILE: permission denied", errors.SourceFailed, _closed_log),
    Refusal("another ingester writes into this database", errors.SteppedDown, _moved_by_another),
    Refusal("an older tokenmon wrote it", errors.TokenmonError, _older),
    Refusal("no event has the id NAME", errors.TokenmonError, lambda at: at.run("explain", "x", "--path", "logs")),
    Refusal("FILE knows no key NAME", errors.TokenmonError, _of_another),
    Refusal("Claude Code's settings are not one JSON object", errors.TokenmonError, _settings_of_others),
    Refusal("cannot write the answer", errors.TokenmonError, _full_disk_for_the_answer),
    Refusal("cannot write PLACE", errors.TokenmonError, lambda at: at.run("sample", "logs/a.jsonl/below")),
    Refusal(
        "the working directory is gone",
        errors.TokenmonError,
        lambda at: at.run("report", "logs", first=f"os.mkdir('gone'); os.chdir('gone'); {GONE}"),
    ),
    Refusal("tokenmon runs on Linux and macOS", errors.TokenmonError, lambda at: at.python(PLAIN_WINDOWS)),
)
"""In the order of the table."""
