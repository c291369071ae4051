"""Sources whose path is their identity: what is written anew has another inode every time, and no head that stays."""

import os
from collections.abc import Iterable

from msgspec.structs import replace

from tokenmon.source import Checkpoint


class NamedSources:
    """Checkpoints of documents and databases, by path."""

    def __init__(self, checkpoints: Iterable[Checkpoint]) -> None:
        self._known = {checkpoint.path: checkpoint for checkpoint in checkpoints}
        self._vanished: list[str] = []

    def known_paths(self) -> list[str]:
        """Where they are: what a scan should find."""
        return [path for path, checkpoint in self._known.items() if not checkpoint.gone]

    def databases(self) -> list[str]:
        """Those that may change while their file does not, as the rows are in a log beside it."""
        return [path for path, known in self._known.items() if known.kind == "tables" and not known.gone]

    def checkpoint(self, path: str) -> Checkpoint | None:
        """How far the source at `path` is stored."""
        return self._known.get(path)

    def advanced(self, checkpoint: Checkpoint) -> None:
        """A source was read, or the store numbered its checkpoint."""
        self._known[checkpoint.path] = checkpoint

    def vanished(self, path: str) -> None:
        """No file is there any more; its events stay."""
        if path in self._known and not self._known[path].gone:
            self._vanished.append(path)

    def overdue(self) -> list[tuple[Checkpoint, Checkpoint]]:
        """Checkpoints to commit as gone: before and after."""
        paths, self._vanished = dict.fromkeys(self._vanished), []
        gone = [self._known[path] for path in paths if not os.path.exists(path)]
        self._known |= {before.path: replace(before, gone=True) for before in gone}
        return [(before, self._known[before.path]) for before in gone]
