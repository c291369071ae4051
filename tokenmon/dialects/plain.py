"""Readers for dialects that need no more speed than a plain decoder gives, so that such a dialect is two functions.

A line is decoded into a record once a byte test says that it may carry usage; what the record is, the dialect's
function says. Most lines stand for themselves. Where they do not (a header names the session, an earlier line the
model) the function is given what was remembered, a struct of the dialect's own, and may change it.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Record, Surroundings
from tokenmon.dialects.fields import Cleaned, Invalid
from tokenmon.events import Event, Parsed, Reject

Memory = TypeVar("Memory", bound=msgspec.Struct)
Part = TypeVar("Part")


class Scene(Generic[Memory]):
    """What a record is read with, besides itself."""

    def __init__(self, surroundings: Surroundings, memory: Memory) -> None:
        self.surroundings = surroundings
        self.memory = memory
        """What earlier lines of the source told."""
        self.clean: Cleaned = fields.clean
        """Makes names harmless, each distinct one once."""

    def moment(self, value: object, field: str) -> tuple[int, bool]:
        """A time in UTC milliseconds; where there is none, the file's last modification, and True."""
        if value is not None:
            return fields.milliseconds(fields.moment(value, field), field), False
        ts = self.surroundings.mtime_ms
        if not fields.EARLIEST <= ts < fields.LATEST:
            raise Invalid(f"{field} is missing")
        return ts, True


class Nothing(msgspec.Struct):
    """The memory of a dialect whose lines stand for themselves."""


class PlainReader(Generic[Memory]):
    """Reads one source line by line."""

    def __init__(
        self,
        read: Callable[[Record, Scene[Memory]], Parsed],
        words: tuple[bytes, ...],
        scene: Scene[Memory],
    ) -> None:
        self._read = read
        self._words = words
        self._scene = scene

    def parse(self, line: bytes) -> Parsed:
        """What the dialect's function makes of the line's record; nothing where no wanted word is in it."""
        if not any(word in line for word in self._words):
            return fields.without_usage(line)
        if not fields.bare(line):
            return None
        try:
            return self._read(fields.record_of(line), self._scene)
        except Invalid as reason:
            return Reject(str(reason))

    def state(self) -> bytes:
        """What earlier lines told; empty where nothing is remembered."""
        return msgspec.json.encode(self._scene.memory) if self._scene.memory.__struct_fields__ else b""


def alone(
    read: Callable[[Record, Scene[Nothing]], Parsed], *words: bytes
) -> Callable[[Surroundings, bytes], PlainReader[Nothing]]:
    """A dialect's `reader` where lines stand for themselves. A line without any of `words` carries no usage."""

    def reader(surroundings: Surroundings, state: bytes) -> PlainReader[Nothing]:
        return PlainReader(read, words, Scene(surroundings, Nothing()))

    return reader


def remembering(
    memory: type[Memory], read: Callable[[Record, Scene[Memory]], Parsed], *words: bytes
) -> Callable[[Surroundings, bytes], PlainReader[Memory]]:
    """The same where earlier lines tell something: `memory()` is what is known before the first."""

    def reader(surroundings: Surroundings, state: bytes) -> PlainReader[Memory]:
        return PlainReader(read, words, Scene(surroundings, _remembered(memory, state)))

    return reader


def each_of(read: Callable[[Part], Event | None], parts: Iterable[Part]) -> Parsed:
    """What the parts of a document are. One that cannot be read costs only itself."""
    found: list[Event | Reject] = []
    for part in parts:
        try:
            event = read(part)
        except Invalid as reason:
            found.append(Reject(str(reason)))
        else:
            found += [event] if event is not None else []
    return tuple(found) or None


def _remembered(memory: type[Memory], state: bytes) -> Memory:
    """What an earlier reader knew; nothing where that cannot be read any more."""
    try:
        return msgspec.json.decode(state, type=memory) if state else memory()
    except fields.BROKEN:
        return memory()
