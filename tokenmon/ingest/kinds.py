"""How a file is read is decided by its name where it is found in a directory; of a file that was named, by its content.

Somebody who names a file wants it read, whatever its name: a whole JSON value that is longer than its first line is a
document, and so is a single line of a producer that writes documents.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase, translate

import msgspec

from tokenmon.dialects import Dialect, Record, Table, recognise
from tokenmon.dialects.fields import Invalid, bare, value_of
from tokenmon.source import Kind, is_log_name
from tokenmon.tail.content import open_regular
from tokenmon.tail.database import LOG, MAGIC
from tokenmon.tail.document import LARGEST, read_whole

_HEAD = 64 * 1024
_LOOKED_AT = 100
"""Objects of an array that are looked at."""


class Kinds:
    """How files are read, given the dialects there are."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self.dialects = dialects
        self._writing_documents = [dialect for dialect in dialects if dialect.documents]
        self._is_document = _any(glob for dialect in dialects for glob in dialect.documents)
        self._is_database = _any(table.files for dialect in dialects for table in dialect.tables)
        self._is_either = _any(
            glob for each in dialects for glob in (*each.documents, *(table.files for table in each.tables))
        )

    def of_name(self, name: str) -> Kind | None:
        """How a file of this name is read where it is found in a directory; None where it is not."""
        if is_log_name(name):
            return "lines"
        if self._is_document(name):
            return "document"
        return "tables" if self._is_database(name) else None

    def is_wanted(self, name: str) -> bool:
        """Whether a file of this name is read where it is found in a directory."""
        return is_log_name(name) or self._is_either(name)

    def is_told_of(self, name: str) -> bool:
        """The same, or that it tells of changes in such a file: a database's log."""
        return self.is_wanted(name) or (name.endswith(LOG) and self.of_name(name.removesuffix(LOG)) == "tables")

    def source_of(self, path: str) -> str:
        """The source that changed when the file at `path` did."""
        is_log = path.endswith(LOG) and self.of_name(os.path.basename(path).removesuffix(LOG)) == "tables"
        return path.removesuffix(LOG) if is_log else path

    def tables_of(self, path: str) -> list[tuple[Dialect, list[Table]]]:
        """What may be in the database at `path`: of every dialect, where the file was named."""
        name = os.path.basename(path)
        wanted = self.is_wanted(name)
        return [
            (dialect, tables)
            for dialect in self.dialects
            if (tables := [table for table in dialect.tables if not wanted or fnmatchcase(name, table.files)])
        ]

    def of_content(self, path: str) -> Kind:
        """How a file is read that was named although its name says nothing. Raises OSError."""
        fd = open_regular(path)
        try:
            head, size = os.pread(fd, _HEAD, 0), os.fstat(fd).st_size
        finally:
            os.close(fd)
        first, _, rest = bare(head).partition(b"\n")
        alone = is_whole(first)
        if head.startswith(MAGIC):
            return "tables"
        if first[:1] not in (b"{", b"[") or (alone and rest.strip()) or size > LARGEST:
            return "lines"
        data = bare(read_whole(path).data or b"")
        if not is_whole(data):
            return "lines"
        writes_documents = claimed_by(data, self._writing_documents) is not None
        return "document" if writes_documents or not alone else "lines"

    def dialect_of(self, path: str, data: bytes) -> Dialect | None:
        """The dialect that claims the document found at `path`; one without documents may only where it was named."""
        found = self.is_wanted(os.path.basename(path))
        return claimed_by(data, self._writing_documents if found else self.dialects)


def claimed_by(data: bytes, dialects: Sequence[Dialect]) -> Dialect | None:
    """The dialect that claims this JSON value, or the first of its objects that any dialect claims."""
    return next((dialect for record in _records(data) if (dialect := recognise(record, dialects))), None)


def _records(data: bytes) -> list[Record]:
    try:
        value = value_of(data)
    except Invalid:
        return []
    values = value[:_LOOKED_AT] if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


def is_whole(data: bytes) -> bool:
    """Whether this is one JSON value to its end."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):  # which may still be a lone surrogate
        try:
            value_of(data)
        except Invalid:
            return False
    return True


def _any(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether a name is matched by any of these. Most names of a tree end like none of them, which is told at once."""
    known = tuple(globs)
    endings = tuple({re.split(r"[]*?]", glob)[-1] for glob in known})
    match = re.compile("|".join(map(translate, known)) or r"(?!)").match
    return lambda name: name.endswith(endings) and match(name) is not None
