"""Exact values as text for other programs, in JSON, CSV and Markdown: what reports print and the screen exports.

Text from logs and paths is made harmless again here. Spreadsheets obey a cell that begins with `=`, so CSV puts an
apostrophe before such text; numbers stay numbers. Money is integer nano-USD until it is text, never a float.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from tokenmon.events import NANO
from tokenmon.text import MOST_MARKS

Value = str | int | bool | None | msgspec.Raw
"""A cell of JSON, CSV and Markdown; Raw is a number (or object) already written out."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dollars(nano: int) -> str:
    """Exact dollars with up to nine decimals: `0.018765`."""
    whole, part = divmod(abs(nano), NANO)
    decimals = f"{part:09d}".rstrip("0")
    return ("-" if nano < 0 else "") + (f"{whole}.{decimals}" if decimals else str(whole))


def exact_money(nano: int) -> str:
    """Dollars for people who check a sum: at least two decimals, at most nine."""
    whole, _, decimals = dollars(nano).partition(".")
    return f"${int(whole):,}.{decimals:0<2}"


def money(nano: int | None) -> Value:
    """A cost as an exact number of dollars."""
    return None if nano is None else msgspec.Raw(dollars(nano).encode())


def instant(ms: int) -> str:
    """UTC with `Z` and milliseconds: `2026-11-20T14:03:22.123Z`."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def harmless(text: str) -> str:
    """`text` without control characters and heaps of marks; else, unlike a name for people, left as it is, so that a
    path still opens.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        if marks <= MOST_MARKS:
            shown.append("\N{REPLACEMENT CHARACTER}" if category in _OBEYED else character)
    return "".join(shown)


_OBEYED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def json_text(document: object) -> str:
    """A JSON document for scripts, indented so that people can look at it, too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def json_line(row: Mapping[str, Value]) -> str:
    """One line of NDJSON."""
    return msgspec.json.encode(row).decode()


def csv_line(cells: Iterable[Value]) -> str:
    """One CSV line without its newline."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_csv_cell(cell) for cell in cells])
    return line.getvalue().removesuffix("\r\n")


def _csv_cell(value: Value) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    return plain(value)


def markdown_line(cells: Iterable[Value]) -> str:
    """One row of a Markdown table without its newline; nothing in a cell is read as markup."""
    return f"| {' | '.join(_markdown_cell(cell) for cell in cells)} |"


def _markdown_cell(value: Value) -> str:
    return _MARKUP.sub(r"\\\g<0>", " ".join(plain(value).split()))


_MARKUP = re.compile(r"[\\`*\[\]<>|&~!]")
"""What begins markup within a line; a backslash before it makes it plain."""


def plain(value: Value) -> str:
    """A value by itself: empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)
