"""A document is read whole, so that what a producer wrote anew is never mixed with what it wrote before.

The state of the file is taken before its bytes: when it is written while it is read, the state differs afterwards, and
it is read again.
"""

import os
from dataclasses import dataclass

from tokenmon.tail.content import digest, open_regular

LARGEST = 64 << 20
"""Bytes; a larger document is not read."""


@dataclass(frozen=True)
class WholeFile:
    """One look at a file."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    data: bytes | None
    """None where it is larger than `LARGEST`."""

    @property
    def digest(self) -> bytes:
        """Stands for the content; empty where there is too much of it."""
        return b"" if self.data is None else digest(self.data)


def read_whole(path: str) -> WholeFile:
    """The regular file at `path` with all its bytes. Raises OSError; NotRegular for what is no file."""
    fd = open_regular(path)
    try:
        found = os.fstat(fd)
        with open(fd, "rb", closefd=False) as file:
            data = file.read(found.st_size + 1) if found.st_size <= LARGEST else None
            if data is not None and len(data) > found.st_size:  # it grows
                data += file.read(LARGEST + 1 - len(data))
    finally:
        os.close(fd)
    too_much = data is None or len(data) > LARGEST
    return WholeFile(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, None if too_much else data)
