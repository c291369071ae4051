"""What must hold of any file whatever is in it, for the reader of a dialect."""

from collections.abc import Iterable

from tests.dialects.promises import check
from tests.dialects.samples import Place
from tokenmon.dialects import DIALECTS, Dialect
from tokenmon.dialects.fields import BROKEN, Invalid, record_of


def read(dialect: Dialect, lines: Iterable[bytes]) -> None:
    """Read a file; a reader that goes on from a state must not differ from one that went all the way."""
    place = Place()
    whole = dialect.reader(place, b"")
    for line in lines:
        claim(line)
        dialect.carries_nothing(line, 0, len(line))
        resumed = dialect.reader(place, whole.state())
        parsed = whole.parse(line)
        check(parsed, dialect)
        assert resumed.parse(line) == parsed, "a reader that goes on here reads the line otherwise"
        assert resumed.state() == whole.state(), "a reader that goes on here remembers something else"


def claim(line: bytes) -> None:
    """Every dialect says whether a record is its own."""
    try:
        record = record_of(line)
    except (*BROKEN, Invalid):
        return
    for dialect in DIALECTS:
        assert dialect.matches(record) in (True, False)
