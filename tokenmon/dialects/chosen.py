"""Which dialects lines are read with, and whose places are looked for: those that are built in, and the settings' say.

Formats of the user's own come first, because somebody who describes a format means it.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path

from tokenmon import __version__
from tokenmon.dialects import DIALECTS, by_name, found_places
from tokenmon.dialects.base import Dialect, Place
from tokenmon.dialects.custom import Format, formats
from tokenmon.errors import ConfigError, UsageError
from tokenmon.settings import Settings, flag


def configured(settings: Settings) -> list[Format]:
    """The formats that the configuration describes. ConfigError where one is wrong."""
    return formats(settings.formats, settings.origins, [dialect.name for dialect in DIALECTS])


def known_dialects(settings: Settings) -> tuple[Dialect, ...]:
    """All dialects, in the order in which they may claim a record. ConfigError where a configured one is wrong."""
    return (*(each.dialect() for each in configured(settings)), *DIALECTS)


def fingerprint(settings: Settings) -> str:
    """Changes whenever other lines than before may be claimed."""
    told = [__version__, [dialect.name for dialect in DIALECTS], settings.formats]
    return blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def looked_for(settings: Settings) -> tuple[Dialect, ...]:
    """The dialects whose usual places are looked at: all but those that are left out. ConfigError, UsageError."""
    dialects = known_dialects(settings)
    names = [dialect.name for dialect in dialects]
    for name in settings.without:
        if name not in names:
            origin = settings.origins.get("without", flag("without"))
            near = get_close_matches(name, names, 1)
            wrong = UsageError if origin == flag("without") else ConfigError
            raise wrong(
                f"{origin}: there is no dialect {name!a}",
                f"did you mean {near[0]}?" if near else "`tokenmon dialects` lists them",
            )
    return tuple(dialect for dialect in dialects if dialect.name not in settings.without)


def left_out(settings: Settings, environment: Mapping[str, str], home: Path) -> list[Place]:
    """The places on this machine that are not looked at because their dialect is left out. ConfigError, UsageError."""
    looked = looked_for(settings)
    others = [dialect for dialect in known_dialects(settings) if by_name(dialect.name, looked) is None]
    return found_places(environment, home, others)
