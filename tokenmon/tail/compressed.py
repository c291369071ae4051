"""Rotated `.gz` and `.zst` files: offsets count decompressed bytes, so that they compare with the plain file's.

An archive is decompressed once, forwards; the decompressor stays with the open source, and what was decompressed but
not yet consumed stays in a window. Going back costs decompressing from the start again, which only happens when a
source is opened anew. What a file is, its first bytes say; a name ending in `.gz` that holds none is an error.
"""

import os
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from tokenmon.source import GZIP, HEAD, ZSTD
from tokenmon.tail.content import Content, CorruptArchive, Plain

_SUFFIXES = (".gz", ".zst")
_UNREAD = (".bz2", ".xz", ".lz4", ".zip", ".7z", ".br", ".lzma")
_RAW = 64 * 1024
_BLOCK = 256 * 1024


def looks_compressed(path: str) -> bool:
    """Whether the name says that it is an archive of a kind that is read."""
    return path.endswith(_SUFFIXES)


def content_of(fd: int, path: str) -> Content:
    """The content of an open file, whatever holds it. Raises CorruptArchive for what no archive is or is read here."""
    if path.endswith(_UNREAD):
        raise CorruptArchive(0, "compressed in a way that is not read; .gz and .zst are", path)
    magic = os.pread(fd, 4, 0)
    if not magic:
        return Unready()
    if magic.startswith(GZIP):
        return Compressed(fd, path, _Gzip, zlib.error)
    if magic == ZSTD:
        zstd = _zstd()
        return Compressed(fd, path, zstd.ZstdDecompressor, zstd.ZstdError)
    if not looks_compressed(path):
        return Plain(fd)
    if len(magic) < len(ZSTD):
        return Unready()
    raise CorruptArchive(0, "the name says compressed, the content does not", path)


def _zstd() -> Any:
    try:
        return import_module("compression.zstd")
    except ModuleNotFoundError:
        return import_module("backports.zstd")


class Unready:
    """What is not begun yet: nothing in it, and when it grows it may be a plain file or an archive, by any name."""

    finished = False
    torn = False

    def read_at(self, offset: int, view: memoryview, keep: int) -> int:
        return 0

    def exact(self, offset: int, size: int, keep: int) -> bytes:
        return b""

    def first(self, size: int) -> bytes:
        return b""

    def next_data(self, offset: int) -> int:
        return offset


class _Member(Protocol):
    """A decompressor of one gzip member or one zstd frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of the others."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


class Compressed:
    """A file whose content is compressed."""

    def __init__(self, fd: int, path: str, member: Callable[[], _Member], failure: type[Exception]) -> None:
        self._fd = fd
        self._path = path
        self._new_member = member
        self._failure = failure
        self._first = b""
        self._rewind()

    def _rewind(self) -> None:
        self._member = self._new_member()
        self._raw_offset = 0
        self._pending = b""
        self._window = bytearray()
        self._start = 0
        """Offset of the window's first byte."""
        self.finished = False

    @property
    def _position(self) -> int:
        return self._start + len(self._window)

    def read_at(self, offset: int, view: memoryview, keep: int) -> int:
        """Fill `view` from `offset`; fewer bytes only at the end. What comes before `keep` is forgotten."""
        self._reach(offset + len(view), min(keep, offset))
        begin = offset - self._start
        part = self._window[begin : begin + len(view)] if begin >= 0 else b""
        view[: len(part)] = part
        return len(part)

    def exact(self, offset: int, size: int, keep: int) -> bytes:
        """`size` bytes from `offset`, fewer only at the end."""
        self._reach(offset + size, min(keep, offset))
        begin = offset - self._start
        return bytes(memoryview(self._window)[begin : begin + size]) if begin >= 0 else b""

    def first(self, size: int) -> bytes:
        """The first bytes, at most `HEAD` of them."""
        if len(self._first) < min(size, HEAD):
            self._reach(HEAD, self._start)
        return self._first[:size]

    def next_data(self, offset: int) -> int:
        """Holes are not known inside an archive."""
        return offset

    @property
    def torn(self) -> bool:
        """The file ends in the middle of an archive: still being written, or cut off."""
        return not self.finished and not self._member.eof

    def _reach(self, end: int, keep: int) -> None:
        """Decompress up to `end` or the end, with the window starting at `keep`."""
        if keep < self._start:
            self._rewind()
        while self._position < end:
            block = self._next_block()
            if not block:
                break
            if len(self._first) < HEAD and self._position <= HEAD:
                self._first = (self._first[: self._position] + block)[:HEAD]
            self._window += block
            self._forget(keep)
        self._forget(keep)

    def _forget(self, keep: int) -> None:
        done = min(keep, self._position) - self._start
        if done > 0:
            del self._window[:done]
            self._start += done

    def _next_block(self) -> bytes:
        """The next decompressed bytes; empty where the file ends for now."""
        try:
            while True:
                if self._member.eof and not self._next_member():
                    return b""
                data = b""
                if self._member.needs_input:
                    data = self._pending or self._raw()
                    self._pending = b""
                    if not data:
                        return b""
                block = self._member.decompress(data, _BLOCK)
                if block:
                    return block
        except self._failure as error:
            raise CorruptArchive(0, f"damaged archive after {self._position:,} bytes of content", self._path) from error

    def _next_member(self) -> bool:
        """Start on what follows the end of a member, padding left out; false where nothing does."""
        rest = (self._pending or self._member.unused_data).lstrip(b"\0")
        while not rest:
            raw = self._raw()
            if not raw:
                self.finished = True
                return False
            rest = raw.lstrip(b"\0")
        self.finished = False
        self._member = self._new_member()
        self._pending = rest
        return True

    def _raw(self) -> bytes:
        data = os.pread(self._fd, _RAW, self._raw_offset)
        self._raw_offset += len(data)
        return data
