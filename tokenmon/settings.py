"""Settings: one declaration each; its flag, its `TOKENMON_*` variable and its `config.toml` key derive from the field.

Flags win over variables, variables over the file. A variable is a flag that persists: `TOKENMON_DB=x` decides as
`--db x` does. Unknown variables are left alone, because orchestrators set some of their own (`TOKENMON_PORT`);
an unknown key in the file is an error that names the nearest known one. The file is the user's, else the machine's
(`/etc/tokenmon/config.toml`), never a mixture of both.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tokenmon import directories
from tokenmon.budget import Budget, parse_budget
from tokenmon.errors import ConfigError, UsageError
from tokenmon.zones import parse_zone

DAY_S = 86_400
THEMES = ("auto", "dark", "light", "ansi")

KEYS = "keys"
FORMATS = "formats"
TABLES = (KEYS, FORMATS)
"""The tables of the file that are no settings with a flag."""


@dataclass(frozen=True)
class Spelling:
    """How one setting is written, and what it accepts."""

    help: str
    read: Callable[[object], object]
    """From a flag's or variable's text or a value of the file; ValueError says what it must be."""
    metavar: str = ""
    shown: bool = False
    """Whether `tokenmon --help` lists it; the others are flags all the same."""
    located: bool = False
    """A place in the file system: `~` and relative paths are resolved."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return read


_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _SWITCH:
        return _SWITCH[value.lower()]
    raise ValueError("must be true or false")


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= DAY_S:
        raise ValueError(f"must be a number of seconds from 0 to {DAY_S}")
    return number


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return read


def _places(value: object) -> tuple[str, ...]:
    """Several paths: a list, or one text with the separator of PATH between them."""
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and part for part in value):
        raise ValueError("must be a list of paths")
    return tuple(value)


def _names(value: object) -> tuple[str, ...]:
    """Several names: a list, or one text with commas or the separator of PATH between them."""
    if isinstance(value, str):
        value = [part for part in re.split(rf"[,\s{os.pathsep}]+", value) if part]
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and part for part in value):
        raise ValueError("must be a list of names")
    return tuple(name for part in value for name in re.split(r"[,\s]+", part) if name)


def _place(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path")
    return Path(value)


def _zone(value: object) -> str:
    parse_zone(_text(value))
    return str(value)


def _budget(value: object) -> Budget:
    return parse_budget(value if isinstance(value, str) else "")


def _spelled(read: Callable[[object], object], help: str, metavar: str = "", **how: bool) -> dict[str, Spelling]:
    return {"spelling": Spelling(help, read, metavar, **how)}


DISCOVERED = "found on this machine"
"""The origin of paths that nobody named."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with its default."""

    paths: tuple[str, ...] = field(
        default=(), metadata=_spelled(_places, "directory or log file to read", "PATH", located=True)
    )
    db: Path | None = field(default=None, metadata=_spelled(_place, "database file", "FILE", shown=True, located=True))
    range: str = field(
        default="", metadata=_spelled(_text, "24h, 7d, today, week, all, FROM..TO, ...", "R", shown=True)
    )
    """Empty: the screen's last or smallest that holds an event; `all` for reports."""
    tz: str = field(default="", metadata=_spelled(_zone, "time zone, as Europe/Berlin or +05:30", "ZONE", shown=True))
    """Empty: the machine's."""
    theme: str = field(default="auto", metadata=_spelled(_choice(*THEMES), ", ".join(THEMES), "THEME", shown=True))
    ascii: bool = field(default=False, metadata=_spelled(_switch, "draw with ASCII characters only", shown=True))
    mouse: bool = field(default=True, metadata=_spelled(_switch, "leave the mouse to the terminal", shown=True))
    bell: bool = field(
        default=False, metadata=_spelled(_switch, "ring the bell once for each new critical alert", shown=True)
    )
    interval: float = field(
        default=0.0, metadata=_spelled(_number, "seconds between two refreshes of the screen", "S", shown=True)
    )
    """0: 2 locally, 5 over SSH."""
    budget: Budget | None = field(
        default=None, metadata=_spelled(_budget, "dollars a period: 150/month, 50/week, 20/day", "B", shown=True)
    )
    """For everything that is collected; whatever is filtered, it is the whole that is paid for."""
    scan_interval: float = field(
        default=5.0, metadata=_spelled(_number, "seconds between two scans of the directories", "S")
    )
    files_per_cycle: int = field(default=100, metadata=_spelled(_whole(1, 10_000), "files opened in one cycle", "N"))
    bytes_per_file: int = field(
        default=262_144, metadata=_spelled(_whole(4_096, 1 << 30), "bytes read of one file in one cycle", "N")
    )
    entries_per_cycle: int = field(
        default=10_000, metadata=_spelled(_whole(1, 10_000_000), "directory entries looked at in one cycle", "N")
    )
    retention_days: int = field(
        default=0, metadata=_spelled(_whole(0, 100_000), "days that events are kept; 0 is for ever", "N")
    )
    max_series: int = field(
        default=20_000, metadata=_spelled(_whole(1, 10_000_000), "distinct combinations of names that are kept", "N")
    )
    prices: Path | None = field(default=None, metadata=_spelled(_place, "price overrides (TOML)", "FILE", located=True))
    """Default: `prices.toml` beside the user's `config.toml`, when there is one."""
    group: str = field(default="", metadata=_spelled(_text, "unix group that may read the database", "GROUP"))
    log_format: str = field(
        default="text", metadata=_spelled(_choice("text", "json"), "log of --ingest-only: text or json", "F")
    )
    exclude: tuple[str, ...] = field(
        default=(), metadata=_spelled(_places, "path that is not read", "PATH", located=True)
    )
    without: tuple[str, ...] = field(
        default=(), metadata=_spelled(_names, "dialect whose usual places are left out", "DIALECT")
    )

    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the screen by the id of what they do: the table `[keys]`, which the screen checks."""
    formats: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Log formats of one's own by name: the tables `[formats.NAME]`, which the dialects check."""

    given: frozenset[str] = frozenset()
    """Settings named by a flag or a variable, not by the file."""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Where each setting that differs from its default was set, for messages: `--tz`, `/etc/... line 3`."""

    @property
    def discovers(self) -> bool:
        """Whether the paths are those that are usual and there, so that others may join them while it runs."""
        return self.origins.get("paths") == DISCOVERED

    def is_set(self, name: str) -> bool:
        """Whether a setting was set at all, by a flag, a variable or the file."""
        return name in self.origins or getattr(self, name) != getattr(Settings, name)

    def zone(self) -> tzinfo:
        """The time zone of everything shown."""
        return parse_zone(self.tz)

    def as_variables(self) -> dict[str, str]:
        """What was given by a flag or a variable, as variables: a child process then has the same settings."""
        return {
            variable(name): _as_text(getattr(self, name)) for name in sorted(self.given) if name not in ("paths", "db")
        }


def _as_text(value: object) -> str:
    """A setting's value as a flag's text."""
    if isinstance(value, tuple):
        return os.pathsep.join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


SPELLINGS: Mapping[str, Spelling] = {
    each.name: each.metadata["spelling"] for each in fields(Settings) if "spelling" in each.metadata
}


def flag(name: str) -> str:
    """The flag of a setting; a switch that is on by default is turned off by it."""
    dashed = name.replace("_", "-")
    return f"--no-{dashed}" if getattr(Settings, name) is True else f"--{dashed}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TOKENMON_{name.upper()}"


# -- places


def state_dir(environment: Mapping[str, str], home: Path) -> Path:
    """Where databases are."""
    return Path(directories.state(environment, str(home)))


def cache_dir(environment: Mapping[str, str], home: Path) -> Path:
    """Where things are that can be made again."""
    return Path(directories.cache(environment, str(home)))


def config_dir(environment: Mapping[str, str], home: Path) -> Path:
    """Where the user's configuration is."""
    return Path(directories.config(environment, str(home)))


def _slug(path: str) -> str:
    return re.sub(r"[^\w.-]+", "_", os.path.basename(path), flags=re.ASCII)[:40] or "root"


def database_for(settings: Settings, environment: Mapping[str, str], home: Path) -> Path:
    """Which database the paths belong to (design, section 5).

    `--db` decides; PATHs have one of their own, so that trying sample data never mixes with one's own numbers;
    without either it is the one that the file names, else `tokenmon.db`.
    """
    if settings.db is not None and "db" in settings.given:
        return settings.db
    if settings.paths and "paths" in settings.given:
        real = sorted({os.path.realpath(path) for path in settings.paths})
        digest = blake2b("\0".join(real).encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return state_dir(environment, home) / f"{_slug(real[0])}-{digest}.db"
    return settings.db or state_dir(environment, home) / "tokenmon.db"


# -- loading


def load_settings(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    home: Path,
    system: Path = Path(directories.SYSTEM_CONFIG),
) -> Settings:
    """All settings from flags (None: not given), environment and file; ConfigError says where one is wrong."""
    own = config_dir(environment, home)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for directory in (own, system):
        if _is_there(directory / "config.toml"):
            values, origins = _from_file(directory / "config.toml", environment, home)
            break
    given = set()
    for name in SPELLINGS:
        if flags.get(name) is not None:
            where = "PATH" if name == "paths" else flag(name)
            try:
                values[name] = _read(name, flags[name], Path.cwd(), home)
            except ValueError as wrong:
                raise UsageError(f"{where} {wrong}, not {_shown(flags[name])}") from None
        elif environment.get(variable(name)):
            where = variable(name)
            try:
                values[name] = _read(name, environment[where], Path.cwd(), home)
            except ValueError as wrong:
                raise ConfigError(f"{where} {wrong}, not {_shown(environment[where])}") from None
        else:
            continue
        given.add(name)
        origins[name] = where
    if "prices" not in values and _is_there(own / "prices.toml"):
        values["prices"] = own / "prices.toml"
    return Settings(**values, given=frozenset(given), origins=origins)  # type: ignore[arg-type]


def _is_there(path: Path) -> bool:
    """Whether there is such a file; also where its directory is closed to us, so that reading it says so."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _shown(value: object) -> str:
    return ascii(value)[:60]


def _read(name: str, value: object, base: Path, home: Path) -> object:
    """The value of a setting; places relative to `base`."""
    spelling = SPELLINGS[name]
    result = spelling.read(value)
    if not spelling.located:
        return result
    if isinstance(result, tuple):
        return tuple(_located(part, base, home) for part in result)
    return Path(_located(str(result), base, home))


def _located(text: str, base: Path, home: Path) -> str:
    if text == "~" or text.startswith("~/"):
        text = str(home) + text[1:]
    return os.path.abspath(os.path.join(base, text))


def _from_file(path: Path, environment: Mapping[str, str], home: Path) -> tuple[dict[str, object], dict[str, str]]:
    text, table = _parse_file(path)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in table.items():
        line = _line_of(key, text)
        where = f"{path} line {line}"
        if key == KEYS:
            values[key], lines = _keys(value, where, text, line)
            origins |= {f"{KEYS}.{name}": f"{path} line {number}" for name, number in lines.items()}
            continue
        if key == FORMATS:
            values[key], lines = _formats(value, where, text, line)
            origins |= {name: f"{path} line {number}" for name, number in lines.items()}
            continue
        if key not in SPELLINGS:
            near = get_close_matches(key, SPELLINGS, 1)
            raise ConfigError(f"{where}: unknown setting {key!a}", f"did you mean {near[0]}?" if near else _known())
        try:
            values[key] = _read(key, _expanded(value, environment), path.parent, home)
        except ValueError as wrong:
            raise ConfigError(f"{where}: {key} {wrong}") from None
        origins[key] = where
    return values, origins


def _known() -> str:
    return f"settings are {', '.join(SPELLINGS)} and the tables {', '.join(f'[{table}]' for table in TABLES)}"


def _keys(value: object, where: str, text: str, line: int) -> tuple[dict[str, str], dict[str, int]]:
    """Keys by id, quoted or dotted, and the line of each."""
    keys = dict(_flat(value, where))
    return keys, {name: _line_of(name, text, line) for name in keys}


def _flat(value: object, where: str, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _flat(below, where, f"{name}.{key}" if name else key)
    elif isinstance(value, str) and name:
        yield name, value
    else:
        raise ConfigError(f'{where}: [{KEYS}] holds lines such as "range.next" = "r,R"')


def _formats(value: object, where: str, text: str, line: int) -> tuple[dict[str, dict[str, object]], dict[str, int]]:
    """Formats by name, and the line of each and of each of its fields: `formats.NAME` and `formats.NAME.FIELD`."""
    if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
        raise ConfigError(f"{where}: [{FORMATS}] holds tables such as [{FORMATS}.my-gateway]")
    lines: dict[str, int] = {}
    for name, table in value.items():
        head = lines[f"{FORMATS}.{name}"] = max(line, _line_of(f"{FORMATS}.{name}", text))
        for key in table:
            whole = f"{FORMATS}.{name}.{key}"
            lines[whole] = max(_line_of(key, text, head), _line_of(whole, text, head))
    return value, lines


def _parse_file(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "look at its rights") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {with_line(str(error), text)}") from None


def with_line(message: str, text: str) -> str:
    """The parser's message, with a line also where it only says that the text ended."""
    if "at end of document" in message:
        return message.replace("at end of document", f"at line {max(1, len(text.splitlines()))}, the end")
    return message


def _line_of(key: str, text: str, after: int = 0) -> int:
    """The line of a key or table below line `after`, counted from 1; `after` where it is not found."""
    start = re.compile(r"\s*\[*\s*[\"']?" + re.escape(key) + r"[\"']?\s*[\].=]")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if number > after and start.match(line)), max(1, after))


_REFERENCE = re.compile(r"\$\{(\w+)\}")


def _expanded(value: object, environment: Mapping[str, str]) -> object:
    """`${NAME}` in texts replaced by the environment's value; a name that is not set is an error, not nothing."""
    if isinstance(value, list):
        return [_expanded(part, environment) for part in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise ValueError(f"uses ${{{match[1]}}}, which must be set")
        return environment[match[1]]

    return _REFERENCE.sub(replaced, value)
