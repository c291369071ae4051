"""What can be typed. Every command is one `Command`; its help is one line an option, so that it fits a small screen.

Settings become flags by their own declaration (settings.py); the rarely used are accepted everywhere and listed
nowhere but in the README. Wrong arguments are one line and exit code 64, not argparse's page.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import fill
from typing import Any, NoReturn

from tokenmon import __version__, doubts
from tokenmon.dimensions import DIMENSIONS
from tokenmon.errors import UsageError
from tokenmon.settings import SPELLINGS, Settings, flag
from tokenmon.view import Condition

FIELDS = (*(dimension.name for dimension in DIMENSIONS if dimension.bucket is None), "status", doubts.FIELD)
"""What `--where` filters by."""


FORGOTTEN = {
    "key": ("NAME", "an API key, by its name or its id"),
    "integration": ("NAME", "a script, a gateway or an agent"),
    "project": ("NAME", "a project"),
    "user": ("NAME", "a user"),
    "source": ("FILE", "a log, by its path"),
    "session": ("NAME", "a session"),
}
"""What `forget` takes, and how its help tells of it."""
SERVICE = ("install", "status", "uninstall")
"""What can be done about the service."""


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line and help of one line an option."""

    def __init__(self, name: str, usage: str, about: str, example: str, rest: str = "") -> None:
        prog = f"tokenmon {name}".strip()
        super().__init__(prog=prog, usage=f"{prog} {usage}", description=about, allow_abbrev=False, add_help=False)
        self._example, self._rest = example, rest

    def error(self, message: str) -> NoReturn:
        raise UsageError(message.replace("\n", " "), " ".join(self.format_usage().split()))

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help goes where answers go, with their errors."""
        from tokenmon.report.output import write

        write(message.rstrip("\n"))

    def format_help(self) -> str:
        shown = [action for action in self._actions if action.help != argparse.SUPPRESS]
        spelt = [_spelt(action) for action in shown]
        width = min(27, max(map(len, spelt)) + 2)
        lines = [f"usage: {self.usage}", "", str(self.description), ""]
        lines += [f"  {each:<{width}}{action.help}" for each, action in zip(spelt, shown, strict=True)]
        lines += ["", *([self._rest] if self._rest else []), f"Example: {self._example}"]
        return "\n".join(lines) + "\n"


def _spelt(action: argparse.Action) -> str:
    """An option with its value, as the help shows it."""
    if not action.option_strings:
        return str(action.metavar)
    return ", ".join(action.option_strings) + (f" {action.metavar}" if action.metavar and action.nargs != 0 else "")


class _Chosen(argparse.Action):
    """Several flags of which the last one counts: stores its own name without dashes."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, (option_string or "").removeprefix("--"))


# -- values


def _near(text: str, known: Sequence[str]) -> str:
    near = get_close_matches(text, known, 1)
    return f"did you mean {near[0]}? " if near else ""


def _dimension(text: str) -> str:
    names = [dimension.name for dimension in DIMENSIONS]
    if text not in names:
        raise argparse.ArgumentTypeError(f"{text!a}: {_near(text, names)}choose from {', '.join(names)}")
    return text


def _sort(text: str) -> str:
    """A column by the store's name; JSON's spelling (`cost_usd`) is accepted, too."""
    from tokenmon.store.groups import COLUMNS  # and with it all the store's answers, which no ingester needs

    column = text
    for suffix in ("_tokens", "_usd", "_event_at"):
        column = column.removesuffix(suffix)
    if column not in COLUMNS:
        raise argparse.ArgumentTypeError(f"{text!a}: {_near(text, COLUMNS)}choose from {', '.join(COLUMNS)}")
    return column


def _condition(text: str) -> Condition:
    field, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!a} is not FIELD=VALUE")
    if field not in FIELDS:
        raise argparse.ArgumentTypeError(f"{field!a}: {_near(field, FIELDS)}choose from {', '.join(FIELDS)}")
    if field == "status" and value not in ("ok", "failed") and not (value.isascii() and value.isdigit()):
        raise argparse.ArgumentTypeError(f"status is ok, failed or a number, not {value!a}")
    if field == doubts.FIELD and value not in doubts.NAMES:
        near = _near(value, doubts.NAMES)
        raise argparse.ArgumentTypeError(f"{value!a}: {near}{field} is one of {', '.join(doubts.NAMES)}")
    return Condition(field, value)


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) >= least):
            raise argparse.ArgumentTypeError(f"{text!a} is not a whole number of at least {least}")
        return int(text)

    return read


# -- groups of options


def _add_settings(parser: Parser, *shown: str) -> None:
    """All settings as flags; those named are listed in the help."""
    for name, spelling in SPELLINGS.items():
        if name == "paths":
            continue
        about = spelling.help if name in shown else argparse.SUPPRESS
        default = getattr(Settings, name)
        if isinstance(default, bool):
            parser.add_argument(flag(name), dest=name, action="store_const", const=not default, help=about)
        elif isinstance(default, tuple):
            parser.add_argument(flag(name), dest=name, action="append", metavar=spelling.metavar, help=about)
        else:
            parser.add_argument(flag(name), dest=name, metavar=spelling.metavar, help=about)


def _add_paths(parser: Parser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="directories or files (default: configured or found)")


def _add_filter(parser: Parser) -> None:
    parser.add_argument(
        "--where",
        type=_condition,
        action="append",
        metavar="FIELD=VALUE",
        help="exact: key=ci, status=failed, quality=empty; repeat",
    )
    parser.add_argument("--search", default="", metavar="TEXT", help="as on the screen: words, model:gpt, cost:>0.5")


def _add_form(parser: Parser, forms: Sequence[str] = ("--json", "--csv", "--plain")) -> None:
    parser.add_argument(*forms, dest="form", action=_Chosen, default="plain", help="how it is printed (default: plain)")


def _add_help(parser: Parser) -> None:
    parser.add_argument("-h", "--help", action="help", help="show this")


# -- the commands


def _monitor() -> Parser:
    parser = Parser(
        "",
        "[PATH ...] [options]  or  tokenmon COMMAND ...",
        "Shows in a terminal what LLM usage costs, live, from the logs you already have.",
        "tokenmon ~/.claude/projects --range 7d",
        fill("Commands: " + ", ".join(name for name in COMMANDS if name) + "; try --help", 80),
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="directories or log files; ./demo for one named as a command"
    )
    parser.add_argument(
        "--ingest-only", action="store_true", help="no screen: read the logs into the database, for ever"
    )
    parser.add_argument("--once", action="store_true", help="with --ingest-only: read what is there, then exit")
    parser.add_argument("--no-wait", action="store_true", help="with --ingest-only: exit if another process ingests")
    _add_settings(parser, "db", "range", "tz", "theme", "ascii", "mouse", "bell", "interval", "budget", "log_format")
    parser.add_argument("--version", action="version", version=f"tokenmon {__version__}", help="show the version")
    _add_help(parser)
    return parser


def _demo() -> Parser:
    parser = Parser(
        "demo",
        "[options]",
        "Shows the screen alive, on made-up logs that keep growing in a temporary place.",
        "tokenmon demo --theme dark",
    )
    _add_settings(parser, "range", "tz", "theme", "ascii", "mouse", "bell", "interval", "budget")
    _add_help(parser)
    return parser


def _report() -> Parser:
    parser = Parser(
        "report",
        "[PATH ...] [options]",
        "Prints what was used and what it cost.",
        "tokenmon report --by model --range month --json",
        fill(f"DIM: {', '.join(dimension.name for dimension in DIMENSIONS)}", 80),
    )
    _add_paths(parser)
    parser.add_argument(
        "--by",
        type=_dimension,
        action="append",
        metavar="DIM",
        help="group by DIM, see below; repeat for more",
    )
    _add_filter(parser)
    _add_settings(parser, "range", "tz", "db")
    parser.add_argument("--reconcile", action="store_true", help="compare logged costs with list prices")
    parser.add_argument("--sort", type=_sort, metavar="COL", help="cost, total, requests, errors, last, name, ...")
    parser.add_argument("--asc", "--desc", dest="direction", action=_Chosen, help="direction of the order")
    parser.add_argument("--limit", type=_whole(0), default=500, metavar="N", help="rows (default 500; 0: all)")
    _add_form(parser)
    _add_help(parser)
    return parser


def _events() -> Parser:
    parser = Parser(
        "events",
        "[PATH ...] [options]",
        "Prints single calls, newest first.",
        "tokenmon events --where status=failed --range today",
    )
    _add_paths(parser)
    _add_filter(parser)
    _add_settings(parser, "range", "tz", "db")
    parser.add_argument("--limit", type=_whole(0), default=500, metavar="N", help="events (default 500; 0: all)")
    parser.add_argument("--before", metavar="CURSOR", help="go on where a cut said, or before an event's id")
    _add_form(parser)
    _add_help(parser)
    return parser


def _explain() -> Parser:
    parser = Parser(
        "explain",
        "ID [--path PATH]... [options]",
        "Traces one call: its line, its tokens, the price of each class, the sum.",
        "tokenmon explain req_011CVabc",
    )
    parser.add_argument("id", metavar="ID", help="a whole request id, or the id that `events --json` gives")
    parser.add_argument(
        "--path", dest="paths", action="append", metavar="PATH", help="directory or log file; may be repeated"
    )
    _add_settings(parser, "tz", "db", "prices")
    _add_help(parser)
    return parser


def _status() -> Parser:
    parser = Parser(
        "status",
        "[PATH ...] [options]",
        "Says whether everything is read: 0 fine, 1 an alert fires, 2 something fails.",
        "tokenmon status --json",
    )
    _add_paths(parser)
    _add_settings(parser, "db")
    _add_form(parser, ("--json", "--plain"))
    _add_help(parser)
    return parser


def _prices() -> Parser:
    parser = Parser(
        "prices",
        "[MODEL] [options]",
        "Says what a model costs, since when, and from where.",
        "tokenmon prices claude-sonnet-4-5",
    )
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="as the log names it; provider/model for one provider"
    )
    _add_settings(parser, "prices")
    _add_help(parser)
    return parser


def _statusline() -> Parser:
    parser = Parser(
        "statusline",
        "[--install | --uninstall] [options]",
        "Prints one line about costs for Claude Code, which hands it JSON on stdin.",
        "tokenmon statusline --install",
    )
    parser.add_argument(
        *("--install", "--uninstall"),
        dest="change",
        action=_Chosen,
        default="",
        help="put it into Claude Code's settings, or take it out",
    )
    parser.add_argument("--yes", action="store_true", help="without asking; the change is shown in any case")
    _add_settings(parser, "db")
    _add_help(parser)
    return parser


def _service() -> Parser:
    parser = Parser(
        "service",
        "install|status|uninstall [PATH ...] [options]",
        "Keeps reading the logs in the background, by systemd.",
        "tokenmon service install",
    )
    parser.add_argument("what", metavar="WHAT", choices=SERVICE, help="install, status or uninstall")
    about = "with install: what it reads (default: as `tokenmon`)"
    parser.add_argument("paths", nargs="*", default=None, metavar="PATH", help=about)  # else argparse requires one
    parser.add_argument("--system", action="store_true", help="one for the machine, with a user and a group of its own")
    parser.add_argument("--print", dest="only_print", action="store_true", help="with install: print the unit only")
    parser.add_argument("--yes", action="store_true", help="without asking; what changes is shown in any case")
    _add_settings(parser, "db", "group", "retention_days")
    _add_help(parser)
    return parser


def _dialects() -> Parser:
    parser = Parser(
        "dialects",
        "[--try FILE] [options]",
        "Lists the log formats and where their logs are here, or tries one file.",
        "tokenmon dialects --try ./calls.jsonl",
    )
    parser.add_argument("--try", dest="file", metavar="FILE", help="shows what its first lines become")
    parser.add_argument("--format", metavar="NAME", help="with --try: this dialect or configured format only")
    parser.add_argument("--limit", type=_whole(0), metavar="N", help="with --try: lines (default 20; 0: all)")
    _add_settings(parser, "without")
    _add_form(parser, ("--json", "--plain"))
    _add_help(parser)
    return parser


def _sample() -> Parser:
    parser = Parser(
        "sample", "DIR [options]", "Writes made-up logs to play with.", "tokenmon sample ./logs --events 100000"
    )
    parser.add_argument("directory", metavar="DIR", help="where to; it is made when missing")
    parser.add_argument("--events", type=_whole(0), default=5_000, metavar="N", help="calls (default 5000)")
    parser.add_argument(
        "--days", type=_whole(1), default=30, metavar="N", help="days they are spread over (default 30)"
    )
    parser.add_argument("--bad", type=_whole(0), default=0, metavar="N", help="invalid lines among them (default 0)")
    parser.add_argument(
        "--seed", type=_whole(0), default=1, metavar="N", help="the same seed makes the same logs (default 1)"
    )
    _add_help(parser)
    return parser


def _verify() -> Parser:
    parser = Parser(
        "verify",
        "[PATH ...] [options]",
        "Checks that a database holds together: 0 fine, 1 something is wrong.",
        "tokenmon verify --repair",
    )
    _add_paths(parser)
    parser.add_argument("--repair", action="store_true", help="rebuild what can be; nobody may ingest meanwhile")
    _add_settings(parser, "db")
    _add_help(parser)
    return parser


def _forget() -> Parser:
    parser = Parser(
        "forget",
        "--key NAME | --source FILE | ... [options]",
        "Removes every call of one name, and the name, from a database for good.",
        "tokenmon forget --project acme-secret",
        "The logs themselves are left alone. Nobody may ingest meanwhile.",
    )
    names = parser.add_mutually_exclusive_group(required=True)
    for field, (metavar, about) in FORGOTTEN.items():
        names.add_argument(f"--{field}", dest=f"forget_{field}", metavar=metavar, help=about)
    parser.add_argument("--yes", action="store_true", help="without asking twice; what goes is shown in any case")
    _add_settings(parser, "db")
    _add_help(parser)
    return parser


def _backup() -> Parser:
    parser = Parser(
        "backup",
        "FILE [options]",
        "Copies a database as it is at one moment, also while somebody ingests.",
        "tokenmon backup ~/tokenmon-2026-11-21.db",
    )
    parser.add_argument("file", metavar="FILE", help="where to; a database of its own: --db FILE")
    parser.add_argument("--yes", action="store_true", help="replace FILE if it is there")
    _add_settings(parser, "db")
    _add_help(parser)
    return parser


def _databases() -> Parser:
    parser = Parser(
        "databases",
        "[options]",
        "Lists the databases there are: size, paths, events, age, who ingests.",
        "tokenmon databases --remove logs-1a2b3c4d",
    )
    parser.add_argument("--remove", metavar="NAME", help="removes one that is listed")
    parser.add_argument("--yes", action="store_true", help="with --remove: without asking")
    _add_help(parser)
    return parser


COMMANDS: dict[str, Callable[[], Parser]] = {
    "": _monitor,
    "demo": _demo,
    "report": _report,
    "events": _events,
    "explain": _explain,
    "status": _status,
    "prices": _prices,
    "dialects": _dialects,
    "verify": _verify,
    "forget": _forget,
    "backup": _backup,
    "databases": _databases,
    "statusline": _statusline,
    "service": _service,
    "sample": _sample,
}
"""The one list of commands; the empty one is the monitor."""


@dataclass(frozen=True)
class Arguments:
    """A command and what was given to it."""

    command: str
    values: argparse.Namespace

    def settings(self) -> dict[str, object]:
        """The flags that are settings; None where not given."""
        given = {name: getattr(self.values, name, None) for name in SPELLINGS}
        return {**given, "paths": given["paths"] or None}


def parse(words: Sequence[str]) -> Arguments:
    """What the command line says. UsageError; exits by itself for --help and --version."""
    command, rest = _split(words)
    parser = COMMANDS[command]()
    return Arguments(command, parser.parse_intermixed_args(_joined(_placed(rest))))


def _split(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command, wherever it stands: the first word that is neither a flag nor a flag's value."""
    takes_value = {option for action in _monitor()._actions if action.nargs is None for option in action.option_strings}
    skip = False
    for place, word in enumerate(words):
        if word == "--":
            break
        if skip or word.startswith("-"):
            skip = not skip and word in takes_value
        elif word in COMMANDS and word:
            return word, [*words[:place], *words[place + 1 :]]
        else:
            break
    return "", list(words)


def _placed(words: Sequence[str]) -> list[str]:
    """A path behind `--` in a spelling that is no flag's, because argparse forgets where it stood."""
    if "--" not in words:
        return list(words)
    end = words.index("--")
    return [*words[:end], *(f"./{word}" if word.startswith("-") else word for word in words[end + 1 :])]


def _joined(words: Sequence[str]) -> list[str]:
    """`--tz -03:30` as one word, because argparse takes an offset to the west for a flag."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--tz" and word[:1] == "-" and word[1:2].isdigit():
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
