"""The bytes of one open file, read by place, so that reading never depends on a file position.

A file is opened so that nothing it may be can hurt: a FIFO does not block, a symbolic link is not followed, and what
is not a regular file is refused by what the descriptor says, not by what the name said a moment before.
"""

import errno
import os
import stat
from collections.abc import Callable
from hashlib import blake2b
from typing import Protocol

from tokenmon.source import HEAD

Key = tuple[int, int]
"""Device and inode."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class NotRegular(OSError):
    """The path leads to something that is no regular file: a FIFO, a socket, a device, a directory, a symbolic link."""


class CorruptArchive(OSError):
    """A compressed file cannot be decompressed."""


def open_regular(path: str) -> int:
    """A descriptor of the regular file at `path`; raises NotRegular, or another OSError when it cannot be opened."""
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EOPNOTSUPP):
            raise NotRegular(error.errno, "not a regular file", path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotRegular(errno.EINVAL, "not a regular file", path)
    except OSError:
        os.close(fd)
        raise
    return fd


def leads_to(path: str, key: Key) -> bool:
    """Whether `path` is a name of the file `key`."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == key


def digest(data: bytes | memoryview) -> bytes:
    """128 bits that stand for `data`."""
    return blake2b(data, digest_size=16).digest()


class Content(Protocol):
    """What a file holds, decompressed where it is compressed. All offsets are offsets in the content."""

    @property
    def finished(self) -> bool:
        """The end was reached, and nothing should follow it: true of a complete archive only."""
        ...

    @property
    def torn(self) -> bool:
        """The file ends in the middle of an archive: still being written, or cut off."""
        ...

    def read_at(self, offset: int, view: memoryview, keep: int) -> int:
        """Fill `view` from `offset`; fewer bytes only at the end. Nothing before `keep` will be read again soon."""
        ...

    def exact(self, offset: int, size: int, keep: int) -> bytes:
        """`size` bytes from `offset`, fewer only at the end."""
        ...

    def first(self, size: int) -> bytes:
        """The first bytes, at most `HEAD` of them."""
        ...

    def next_data(self, offset: int) -> int:
        """The first offset not before `offset` that is outside a hole; the size where only a hole follows."""
        ...


class Plain:
    """A file that is its own content."""

    finished = False
    torn = False

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read_at(self, offset: int, view: memoryview, keep: int) -> int:
        """Fill `view` from `offset`; fewer bytes only at the end."""
        size = len(view)
        filled = os.preadv(self._fd, [view], offset)
        while filled < size:
            more = os.preadv(self._fd, [view[filled:]], offset + filled)
            if not more:
                break
            filled += more
        return filled

    def exact(self, offset: int, size: int, keep: int) -> bytes:
        """`size` bytes from `offset`, fewer only at the end."""
        return os.pread(self._fd, size, offset)

    def first(self, size: int) -> bytes:
        """The first bytes, at most `HEAD` of them."""
        return os.pread(self._fd, min(size, HEAD), 0)

    def next_data(self, offset: int) -> int:
        """The first offset not before `offset` that is outside a hole; the size where only a hole follows."""
        seek: Callable[[int, int, int], int] = os.lseek
        try:
            return max(offset, seek(self._fd, offset, os.SEEK_DATA))
        except OSError as error:
            if error.errno == errno.ENXIO:
                return max(offset, os.fstat(self._fd).st_size)
            return offset
