"""The command line: arguments to settings to a face, and the only exit codes.

A face is imported in the branch that needs it, so that `--ingest-only` never loads the screen. Whatever a user can
mend is a `TokenmonError`: one line on stderr that says what, where and what to do. A bug is a traceback.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tokenmon.cli.arguments import FORGOTTEN, Arguments, parse
from tokenmon.cli.target import Target, find_target
from tokenmon.dialects.chosen import left_out
from tokenmon.directories import home_of
from tokenmon.errors import ConfigError, NoDatabase, TokenmonError, UsageError
from tokenmon.ranges import resolve
from tokenmon.saying import say
from tokenmon.settings import Settings, cache_dir, config_dir, database_for, load_settings, state_dir

if TYPE_CHECKING:
    from tokenmon.report.question import Question


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return _run(parse(sys.argv[1:] if words is None else words), os.environ)
    except TokenmonError as error:
        say(" ".join(error.line().split()))
        return error.exit_code
    except BrokenPipeError:  # `| head` has seen enough
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        _let_go()


def _let_go() -> None:
    """What a closed pipe or a full disk did not take is dropped, else Python tries again at its end and tells of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(arguments: Arguments, environment: MutableMapping[str, str]) -> int:
    if sys.platform == "win32":
        raise TokenmonError("tokenmon runs on Linux and macOS", "on Windows run it inside WSL")
    home = _home(environment)
    settings = load_settings(arguments.settings(), environment, home)
    _check_range(settings)
    values = arguments.values
    if arguments.command == "sample":
        return _sample(arguments)
    if arguments.command == "demo":
        return _demo(settings, environment)
    if arguments.command == "statusline":
        return _statusline(arguments, environment, home)
    if arguments.command == "prices":
        from tokenmon.report import prices

        own = config_dir(environment, home) / "prices.toml"
        about = Target(settings, database_for(settings, environment, home), reads_only=True)
        question, cache = _question(arguments, about), cache_dir(environment, home)
        return prices.run(values.model, settings.prices, settings.prices or own, cache, question)
    if arguments.command == "dialects":
        return _dialects(arguments, settings, environment, home)
    if arguments.command == "databases":
        return _databases(arguments, environment, home)
    if arguments.command == "service":
        return _service(arguments, settings, environment, home)
    target = find_target(settings, environment, home)
    if arguments.command in ("verify", "forget", "backup"):
        return _care(arguments, target)
    if arguments.command:
        return _answer(arguments, target, environment, home)
    return _monitor(arguments, target)


def _home(environment: MutableMapping[str, str]) -> Path:
    """The user's directory, from a working directory that is there: places are found by the one or by the other."""
    try:
        os.getcwd()
    except OSError as error:
        raise TokenmonError(f"the working directory is gone: {error.strerror}", "go to another one first") from None
    try:
        home = home_of(environment)
    except KeyError:
        raise ConfigError(f"HOME is not set, and user {os.getuid()} has no home directory", "set HOME") from None
    environment["HOME"] = home  # also for our children
    return Path(home)


def _check_range(settings: Settings) -> None:
    """A wrong range is the flag's fault, or that of whoever configured it."""
    try:
        resolve(settings.range or "all", _now(), settings.zone())
    except UsageError as error:
        origin = settings.origins.get("range", "--range")
        if origin == "--range":
            raise
        raise ConfigError(f"{origin}: {error}", error.hint) from None


def _now() -> int:
    return time.time_ns() // 1_000_000


# -- faces


def _monitor(arguments: Arguments, target: Target) -> int:
    values = arguments.values
    if not values.ingest_only and (values.once or values.no_wait):
        raise UsageError(f"{'--once' if values.once else '--no-wait'} goes with --ingest-only")
    if values.ingest_only:
        if not target.settings.paths:
            raise UsageError("there is nothing to read: no PATH was given and no logs were found", "give a directory")
        if "paths" not in target.settings.given:
            for place in left_out(target.settings, os.environ, Path(home_of(os.environ))):
                say(f"tokenmon: left out: {place.label}, {place.path}")
        with _for_good():
            from tokenmon import headless
        return headless.run(target.settings, target.database, once=values.once, wait=not values.no_wait)
    if not _is_terminal(os.environ):
        _check_there_is_something(target, reads_only=target.reads_only)
        from tokenmon.report import report

        return report.run(_question(arguments, target), report.Grouping())
    return _screen()(target.settings, target.database, target.settings.paths)


def _screen() -> Callable[[Settings, Path, Sequence[str]], int]:
    """What shows the screen."""
    with _for_good():
        from tokenmon.ui import app
    return app.run


@contextmanager
def _for_good() -> Iterator[None]:
    """What is imported inside stays for good: to look for garbage among it while it is made, and every time after,
    would be a tenth of what a start takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _check_there_is_something(target: Target, *, reads_only: bool) -> None:
    """NoDatabase, with what to do about it, where nothing was stored and nothing will be."""
    if target.database.exists() or (target.settings.paths and not reads_only):
        return
    if "db" in target.settings.given:
        raise NoDatabase(f"there is no database {target.database}", "`tokenmon databases` lists those that there are")
    if target.settings.paths:
        raise NoDatabase(f"there is no database {target.database}", "start `tokenmon` or `tokenmon report` with a PATH")
    hint = "give a directory with logs, or try `tokenmon demo`"
    raise NoDatabase(f"there is no database {target.database}, and no logs were found to make one of", hint)


def _is_terminal(environment: Mapping[str, str]) -> bool:
    """Whether a screen can be shown at all."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if environment.get("TERM", "") in ("", "dumb", "unknown"):  # nobody knows what it would make of the screen
        return False
    return all(stream is not None and stream.isatty() for stream in streams)


def _answer(arguments: Arguments, target: Target, environment: Mapping[str, str], home: Path) -> int:
    _check_there_is_something(target, reads_only=target.reads_only or arguments.command == "status")
    values, question = arguments.values, _question(arguments, target)
    if arguments.command == "status":
        from tokenmon.report import status

        return status.run(replace(question, paths=()))
    if arguments.command == "explain":
        from tokenmon.report import explain

        return explain.run(question, values.id, cache_dir(environment, home))
    if arguments.command == "events":
        from tokenmon.report import events

        return events.run(question, values.limit, values.before)
    from tokenmon.report import report

    descending = {"asc": False, "desc": True}.get(values.direction)
    by = tuple(dict.fromkeys(values.by or ()))
    return report.run(question, report.Grouping(by, values.sort or "", descending, values.limit, values.reconcile))


def _question(arguments: Arguments, target: Target) -> "Question":
    from tokenmon.report.question import Question

    values = arguments.values
    return Question(
        settings=target.settings,
        database=target.database,
        paths=() if target.reads_only else target.settings.paths,
        now=_now,
        where=tuple(getattr(values, "where", None) or ()),
        search=getattr(values, "search", ""),
        range=target.settings.range or "all",
        form=getattr(values, "form", "plain"),
    )


def _dialects(arguments: Arguments, settings: Settings, environment: Mapping[str, str], home: Path) -> int:
    values = arguments.values
    if values.file is None:
        if values.format is not None or values.limit is not None:
            raise UsageError(f"{'--limit' if values.format is None else '--format'} goes with --try FILE")
        from tokenmon.report import dialects

        return dialects.run(settings, environment, home, values.form)
    from tokenmon.report import trial

    limit = trial.LINES if values.limit is None else values.limit
    return trial.run(settings, values.file, values.format, limit, values.form, cache_dir(environment, home))


def _care(arguments: Arguments, target: Target) -> int:
    """What is done to a database itself."""
    _check_there_is_something(target, reads_only=True)
    values = arguments.values
    if arguments.command == "verify":
        from tokenmon.report import verify

        return verify.run(target.database, mend=values.repair)
    if arguments.command == "backup":
        from tokenmon.report import backup

        return backup.run(target.database, Path(os.path.abspath(os.path.expanduser(values.file))), agreed=values.yes)
    from tokenmon.report import forget

    named = {field: value for field in FORGOTTEN if (value := getattr(values, f"forget_{field}")) is not None}
    ((field, value),) = named.items()
    return forget.run(target.database, field, value, agreed=values.yes)


def _databases(arguments: Arguments, environment: Mapping[str, str], home: Path) -> int:
    from tokenmon.report import databases

    values = arguments.values
    directory = state_dir(environment, home)
    if values.remove is None:
        return databases.run(directory, _now())
    return databases.remove(directory, values.remove, _now(), agreed=values.yes)


def _demo(settings: Settings, environment: Mapping[str, str]) -> int:
    if not _is_terminal(environment):
        raise UsageError("`tokenmon demo` shows a screen and needs a terminal", "try `tokenmon sample ./logs` instead")
    from tokenmon.sample import demo

    return demo.run(settings, _screen())


def _statusline(arguments: Arguments, environment: Mapping[str, str], home: Path) -> int:
    values = arguments.values
    database = os.path.abspath(values.db) if values.db else ""
    if not values.change:
        from tokenmon.statusline import line

        return line.run(database)
    from tokenmon.statusline import install

    return install.run(environment, home, install=values.change == "install", agreed=values.yes, database=database)


def _service(arguments: Arguments, settings: Settings, environment: Mapping[str, str], home: Path) -> int:
    from tokenmon.service import install, status
    from tokenmon.service.machine import Machine

    values, machine = arguments.values, Machine(environment, home, arguments.values.system)
    if values.what != "install":
        if values.paths or values.only_print:
            raise UsageError(f"{'PATH' if values.paths else '--print'} goes with `tokenmon service install`")
        if values.what == "uninstall":
            return install.uninstall(machine, agreed=values.yes)
        return status.run(machine, database_for(settings, environment, home))
    target = find_target(settings, environment, home)
    how = {"only_print": values.only_print, "agreed": values.yes}
    return install.install(machine, target.settings, target.database, **how)


def _sample(arguments: Arguments) -> int:
    from tokenmon.sample import write_sample

    values = arguments.values
    directory = Path(os.path.expanduser(values.directory))
    try:
        write_sample(directory, events=values.events, days=values.days, bad=values.bad, seed=values.seed, now_ms=_now())
    except OSError as error:
        raise TokenmonError(f"cannot write {directory}: {error.strerror}", "name another directory") from error
    say(f"tokenmon: wrote {values.events:,} events below {directory}; to see them: tokenmon {directory}")
    return 0
