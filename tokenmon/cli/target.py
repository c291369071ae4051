"""Which database a command is about, and which paths feed it (design, section 5: "Which database")."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from tokenmon.cli.arguments import COMMANDS
from tokenmon.dialects import found_places
from tokenmon.dialects.chosen import known_dialects, looked_for
from tokenmon.errors import NoDatabase, NotOurDatabase, UnknownPath
from tokenmon.settings import DISCOVERED, Settings, database_for


@dataclass(frozen=True)
class Target:
    """A database and its paths, checked."""

    settings: Settings
    """With the paths filled in: what an ingester of this database reads."""
    database: Path
    reads_only: bool
    """`--db X` without a PATH: a report is about what is there."""


def find_target(settings: Settings, environment: Mapping[str, str], home: Path) -> Target:
    """What to work on. UnknownPath, NotOurDatabase or NoDatabase before anything is created."""
    dialects = looked_for(settings)
    database = database_for(settings, environment, home)
    if _is_directory(database):
        raise NotOurDatabase(f"{database} is a directory, not a database", "give --db the name of a file")
    given = "paths" in settings.given
    if given:
        _check(settings.paths, database)
    own = () if given or "db" not in settings.given else _remembered(database, settings, environment, home)
    paths = own or settings.paths or tuple(str(place.path) for place in found_places(environment, home, dialects))
    origins = settings.origins
    if not own and not settings.paths and "db" not in settings.given:
        origins = {**origins, "paths": DISCOVERED}
    filled = replace(settings, paths=paths, origins=origins)
    return Target(filled, database, reads_only="db" in settings.given and not given)


def _is_directory(database: Path) -> bool:
    try:
        return stat.S_ISDIR(os.stat(database).st_mode)
    except PermissionError:
        hint = "ask for the group that may (setting `group`), or name another with --db"
        raise NoDatabase(f"you may not read the database {database}", hint) from None
    except OSError:
        return False


def _remembered(database: Path, settings: Settings, environment: Mapping[str, str], home: Path) -> tuple[str, ...]:
    """The database's own paths without the places of a dialect that is left out now."""
    from tokenmon.store.remembered import remembered_paths  # which Windows cannot load, not even to be refused

    read = {str(place.path) for dialect in looked_for(settings) for place in dialect.places(environment, home)}
    usual = {str(place.path) for dialect in known_dialects(settings) for place in dialect.places(environment, home)}
    return tuple(path for path in remembered_paths(database) if path in read or path not in usual)


def _check(paths: tuple[str, ...], database: Path) -> None:
    from tokenmon.store.remembered import knows

    for path in paths:
        if (missing := _why_missing(path)) and not knows(database, path):
            raise missing


def _why_missing(path: str) -> UnknownPath | None:
    name = path.encode("utf-8", "replace").decode()
    try:
        os.stat(path)
    except FileNotFoundError:
        return UnknownPath(f"there is no {name}", _hint(path))
    except OSError as error:
        return UnknownPath(f"cannot reach {name}: {error.strerror}", "look at the rights of the directories above it")
    return None


def _hint(path: str) -> str:
    """A word that is nearly a command may have been meant as one."""
    near = get_close_matches(os.path.basename(path), COMMANDS, 1)
    meant = f"did you mean the command `tokenmon {near[0]}`? else " if near else ""
    return f"{meant}check the spelling; a missing path is fine once its database has seen it"
