"""Log files being written: lines wait in memory and go out in one append per file, as a careful producer does it."""

import os
from pathlib import Path

HELD = 4 * 1024 * 1024
"""Bytes that wait at most."""


class Logs:
    """Files under one directory, by their path below it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.size = 0
        """Bytes written and waiting."""
        self._waiting: dict[str, list[bytes]] = {}
        self._held = 0

    def append(self, path: str, line: bytes) -> None:
        """Put a line, newline included, at the end of a file."""
        lines = self._waiting.get(path)
        if lines is None:
            self._waiting[path] = [line]
        else:
            lines.append(line)
        self._held += len(line)
        if self._held > HELD:
            self.flush()

    def flush(self) -> None:
        """Write what waits: per file one write at its end, which no other writer can tear."""
        for path, lines in self._waiting.items():
            target = self.directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                data = b"".join(lines)
                while data:
                    data = data[os.write(descriptor, data) :]
            finally:
                os.close(descriptor)
        self._waiting = {}
        self.size += self._held
        self._held = 0
