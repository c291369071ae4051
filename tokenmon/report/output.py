"""The only module that prints to stdout. Bytes, UTF-8 whatever the locale, written once they are complete."""

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import wrap

from tokenmon.errors import TokenmonError
from tokenmon.text import clip, sanitise

GAP, NARROW = "  ", " "
LEAST_LABEL = 6
"""Columns that a label keeps however narrow the terminal is."""


def write(text: str) -> None:
    """Print `text` and a newline; nothing where stdout is closed."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TokenmonError(f"cannot write the answer: {error.strerror}", "make room, or send it elsewhere") from error


# -- tables for people


@dataclass(frozen=True)
class Column:
    """A column of a table; labels stand left and shrink, numbers stand right and never do."""

    heading: str
    label: bool = False


def terminal_width() -> int:
    """Columns to fit into: the terminal's, 80 without one."""
    return max(40, get_terminal_size((80, 24)).columns)


def folded(label: str, text: str) -> list[str]:
    """Text after its label in as many lines as it takes; a path is never broken, so that it can be copied."""
    return wrap(
        text,
        terminal_width(),
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], total: Sequence[str] | None, width: int) -> str:
    """Rows under their headings, fitted into `width` by shortening labels; `total` below a rule."""
    body = [[sanitise(cell) for cell in row] for row in (*rows, *([total] if total else []))]
    gap, widths = next(_fits(columns, body, width))
    heads = [_heading(column, each) for column, each in zip(columns, widths, strict=True)]
    tall = max(len(head) for head in heads)
    heads = [[""] * (tall - len(head)) + head for head in heads]
    lines = [_line(columns, widths, [head[level] for head in heads], gap) for level in range(tall)]
    rule = gap.join("-" * each for each in widths)
    lines += [rule, *(_line(columns, widths, row, gap) for row in body)]
    if total:
        lines.insert(-1, rule)
    return "\n".join(lines)


def cells(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _heading(column: Column, width: int) -> list[str]:
    """A heading in as few lines as fit: words of a number's heading go below each other."""
    return [column.heading] if cells(column.heading) <= width else column.heading.split()


def _fits(columns: Sequence[Column], body: Sequence[Sequence[str]], width: int) -> Iterator[tuple[str, list[int]]]:
    """Gaps and widths of columns, the roomiest first: gaps give way before labels; the last may still be too wide."""
    whole = [max([cells(column.heading), *(cells(row[i]) for row in body)]) for i, column in enumerate(columns)]
    if _taken(GAP, whole) <= width:
        yield GAP, whole
    least = [max(cells(word) for word in column.heading.split()) for column in columns]
    full = [max([least[i], *(cells(row[i]) for row in body)]) for i in range(len(columns))]
    yield from ((gap, full) for gap in (GAP, NARROW) if _taken(gap, full) <= width)
    widths = list(full)
    labels = [i for i, column in enumerate(columns) if column.label]
    while _taken(NARROW, widths) > width and any(widths[i] > LEAST_LABEL for i in labels):
        widths[max(labels, key=lambda i: widths[i])] -= 1
    yield NARROW, widths


def _taken(gap: str, widths: Sequence[int]) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str], gap: str) -> str:
    parts = [_cell(column, width, text) for column, width, text in zip(columns, widths, row, strict=True)]
    return gap.join(parts).rstrip()


def _cell(column: Column, width: int, text: str) -> str:
    is_path = text.startswith("/")  # its end tells it from others
    while column.label and cells(text) > width:
        text = f"…{text[2:]}" if is_path else clip(text, len(text) - 1)
    blank = " " * (width - cells(text))
    return text + blank if column.label else blank + text
