"""A panel as a new file, with its range, its filters and the order on the screen; never over one that exists."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import count
from pathlib import Path

from tokenmon.exact import Value, csv_line, harmless, instant, json_text, markdown_line
from tokenmon.replacing import replace_file
from tokenmon.ui import formatting
from tokenmon.ui.tables import Table
from tokenmon.view import View
from tokenmon.zones import zone_name

SCHEMA = "tokenmon.panel/1"


@dataclass(frozen=True)
class Excerpt:
    """What is exported: a panel's table, and of what it is the table."""

    panel: str
    """The panel's ID."""
    table: Table
    view: View
    range: str
    """As the user chose it."""
    zone: tzinfo
    now: int
    """When it is written, UTC milliseconds."""

    @property
    def name(self) -> str:
        """A file's name without its ending: `tokenmon-keys-20261121-143207`."""
        return f"tokenmon-{self.panel}-{formatting.local(self.now, self.zone):%Y%m%d-%H%M%S}"

    @property
    def rows(self) -> Iterator[tuple[Value, ...]]:
        """The rows, harmless whatever is in a log."""
        for row in self.table.rows:
            yield tuple(harmless(cell) if isinstance(cell, str) else cell for cell in row)


def csv_text(excerpt: Excerpt) -> str:
    """A heading and the rows, as a spreadsheet reads them."""
    return "".join(csv_line(row) + "\r\n" for row in (excerpt.table.columns, *excerpt.rows))


def json_document(excerpt: Excerpt) -> str:
    """The rows, and everything that is needed to ask for them again."""
    view = excerpt.view
    start, end = (None if at is None else instant(at) for at in (view.window.start, view.window.end))
    document = {
        "schema": SCHEMA,
        "panel": excerpt.panel,
        "generated_at": instant(excerpt.now),
        "range": {"text": excerpt.range, "from": start, "to": end, "tz": zone_name(excerpt.zone)},
        "where": [{"field": each.field, "value": harmless(each.value) or None} for each in view.where],
        "search": harmless(view.search),
        "rows": [dict(zip(excerpt.table.columns, row, strict=True)) for row in excerpt.rows],
    }
    return json_text(document) + "\n"


def markdown_text(excerpt: Excerpt) -> str:
    """A table below a line that says what it is a table of."""
    view, zone = excerpt.view, excerpt.zone
    about = [f"tokenmon {excerpt.panel}", excerpt.range, *(f"{each.field}={each.value}" for each in view.where)]
    about += [view.search] if view.search else []
    about.append(f"{formatting.local(excerpt.now, zone):%Y-%m-%d %H:%M:%S} {zone_name(zone)}")
    numbers = ["---" if column == excerpt.table.columns[0] else "---:" for column in excerpt.table.columns]
    head = [markdown_line(about), "", markdown_line(excerpt.table.columns), f"| {' | '.join(numbers)} |"]
    return "\n".join([*head, *map(markdown_line, excerpt.rows)]) + "\n"


@dataclass(frozen=True)
class Format:
    """One way to write it."""

    name: str
    """Also the file's ending."""
    key: str
    """What chooses it."""
    title: str
    text_of: Callable[[Excerpt], str]


FORMATS: tuple[Format, ...] = (
    Format("csv", "c", "CSV, for a spreadsheet", csv_text),
    Format("json", "j", "JSON, with range and filters", json_document),
    Format("md", "m", "Markdown, to paste", markdown_text),
)


def write_new(directory: Path, name: str, ending: str, text: str) -> Path:
    """Write a new file that only its owner may read; OSError where the directory or the disk does not let us.

    Its name is taken first, which follows no link and takes no other file's place, then it appears as a whole.
    """
    for number in count(1):
        path = directory / (f"{name}.{ending}" if number == 1 else f"{name}-{number}.{ending}")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        break
    try:
        replace_file(path, text.encode("utf-8", "replace"))
    except OSError:
        path.unlink(missing_ok=True)  # half a file is worse than none
        raise
    return path
