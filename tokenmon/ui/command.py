"""The command line that answers for what the screen shows: to be copied into a script, a message or another shell."""

from collections.abc import Sequence
from pathlib import Path
from shlex import join

from tokenmon.dimensions import by_name
from tokenmon.settings import Settings
from tokenmon.ui.tables import Table
from tokenmon.view import Condition


def report_command(
    settings: Settings, database: Path, table: Table, range_text: str, where: Sequence[Condition], search: str
) -> str:
    """`tokenmon report` for a view, quoted for a shell. It is grouped as the table is, where reports can be."""
    words = ["tokenmon", "report"]
    if "paths" in settings.given:
        words += settings.paths
    if "db" in settings.given or "paths" not in settings.given:
        words += ["--db", str(database)]
    if table.columns and by_name(table.columns[0]) is not None:
        words += ["--by", table.columns[0]]
    if "difference_usd" in table.columns:
        words.append("--reconcile")
    words += [word for each in where for word in ("--where", f"{each.field}={each.value}")]
    if search:
        words.append(f"--search={search}")  # one word, because a search may begin with a dash
    words += ["--range", range_text]
    if settings.tz:
        words.append(f"--tz={settings.tz}")
    return join(words)
