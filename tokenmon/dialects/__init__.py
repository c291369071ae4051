"""The formats tokenmon reads: a new one is a module beside these and its line in `DIALECTS`, the only list of them."""

from tokenmon.dialects.base import Dialect, Place, Reader, Record, Surroundings

__all__ = ["DIALECTS", "Dialect", "Place", "Reader", "Record", "Surroundings", "by_name", "recognise"]

DIALECTS: tuple[Dialect, ...] = ()


def by_name(name: str) -> Dialect | None:
    """The dialect of that name."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), None)


def recognise(record: Record) -> Dialect | None:
    """The first dialect that claims this record."""
    return next((dialect for dialect in DIALECTS if dialect.matches(record)), None)
