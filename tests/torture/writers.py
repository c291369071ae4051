"""Producers that write, rotate and copy their logs as careless ones do, and know what every call of theirs used.

Nothing that a writer does loses a line by itself: what is truncated was copied before, and only copies are deleted. So
whatever is missing or doubled in the end is the ingester's fault. Every line is like no other.
"""

import gzip
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

ROTATIONS = ("rename", "copy_and_truncate", "compress")
BESIDES = {"append": 60, "append_in_halves": 12, "rewrite_message": 8, "copy": 4, "link": 2, "document": 6}
"""What a writer does besides rotating, and how often."""
ROTATING = 13
"""How often all its ways to rotate are taken together."""
LINES = 70
"""That an action writes, about."""
LONGEST_PAUSE_S = 2.0


class Writer(threading.Thread):
    """One producer with a directory of its own, which spreads its lines over the time it has."""

    def __init__(
        self,
        number: int,
        directory: Path,
        seed: int,
        *,
        lines: int,
        seconds: float,
        ids: bool,
        rotations: Sequence[str] = ROTATIONS,
    ) -> None:
        super().__init__(name=f"writer-{number}")
        self.calls: dict[int, int] = {}
        """What should be counted: output tokens by input tokens, which no two calls share."""
        self.actions: Counter[str] = Counter()
        """How often it did what."""
        self._number = number
        self._directory = directory / f"w{number}"
        self._random = Random(f"{seed}:{number}")
        self._left = lines
        self._seconds = seconds
        self._ids = ids
        self._rotations = rotations
        self._ending = threading.Event()
        self._serial = number * 10_000_000
        self._files = 0

    @property
    def rotations(self) -> int:
        """How often it rotated a log."""
        return sum(self.actions[name] for name in self._rotations)

    def stop(self) -> None:
        """Write no more."""
        self._ending.set()

    def run(self) -> None:
        """Write until the lines or the time are used."""
        self._directory.mkdir(parents=True)
        path, end = self._new_file(), time.monotonic() + self._seconds
        names = [*BESIDES, *self._rotations]
        weights = [*BESIDES.values(), *(ROTATING / len(self._rotations) for _ in self._rotations)]
        while self._left > 0 and not self._ending.is_set() and time.monotonic() < end:
            (name,) = self._random.choices(names, weights)
            path = getattr(self, f"_{name}")(path)
            self.actions[name] += 1
            pause = 2 * (end - time.monotonic()) * LINES / max(LINES, self._left)
            self._ending.wait(self._random.uniform(0, max(0.0, min(pause, LONGEST_PAUSE_S))))

    # -- calls

    def _call(self) -> tuple[int, int]:
        """Input and output of a call that was never made before."""
        self._serial += 1
        self._left -= 1
        output = self._random.randrange(1, 5_000)
        self.calls[self._serial] = output
        return self._serial, output

    def _native(self) -> bytes:
        serial, output = self._call()
        record: dict[str, Any] = {
            "ts": f"2026-{1 + serial % 9:02}-{1 + serial % 28:02}T{serial % 24:02}:00:{serial % 60:02}Z",
            "integration": self.name, "provider": "openai", "model": "gpt-5-mini",
            "input_tokens": serial, "output_tokens": output,
        }  # fmt: skip
        if self._ids:
            record["request_id"] = f"q-{serial}"
        return json.dumps(record).encode() + b"\n"

    def _message(self, serial: int, output: int) -> bytes:
        """One line of a call of Claude Code's, as far as it was written when `output` tokens were."""
        record: dict[str, Any] = {
            "type": "assistant", "sessionId": f"s-{self._number}", "requestId": f"req_{serial}", "uuid": f"u-{serial}",
            "timestamp": f"2026-09-{1 + serial % 28:02}T09:00:{serial % 60:02}.000Z",
            "message": {
                "id": f"msg_{serial}", "role": "assistant", "model": "claude-sonnet-4-5",
                "usage": {"input_tokens": serial, "output_tokens": output},
            },
        }  # fmt: skip
        return json.dumps(record).encode() + b"\n"

    # -- what happens to a file

    def _new_file(self) -> Path:
        self._files += 1
        return self._directory / f"{self._files:05}.jsonl"

    def _append(self, path: Path) -> Path:
        _add(path, b"".join(self._native() for _ in range(self._random.randrange(1, 200))))
        return path

    def _append_in_halves(self, path: Path) -> Path:
        data = b"".join(self._native() for _ in range(3))
        cut = self._random.randrange(1, len(data))
        _add(path, data[:cut])
        self._ending.wait(self._random.random() / 20)
        _add(path, data[cut:])
        return path

    def _rewrite_message(self, path: Path) -> Path:
        """A call that grows, in two files: the transcript, and a side chain that repeats it."""
        serial, output = self._call()
        transcript, other = self._directory / "claude-a.jsonl", self._directory / f"claude-{self._files % 7}.jsonl"
        for target, written in ((transcript, output // 3), (other, output), (transcript, output // 2)):
            _add(target, self._message(serial, written))
        return path

    def _rename(self, path: Path) -> Path:
        if path.exists():
            path.rename(f"{path}.1")
        return self._new_file()

    def _copy_and_truncate(self, path: Path) -> Path:
        if path.exists():
            shutil.copyfile(path, f"{path}.{self._random.randrange(1 << 30)}")
            os.truncate(path, 0)
        return path

    def _copy(self, path: Path) -> Path:
        if path.exists():
            copy = self._directory / f"backup-{self._random.randrange(5)}.jsonl"
            copy.unlink(missing_ok=True)
            shutil.copyfile(path, copy)
        return path

    def _link(self, path: Path) -> Path:
        if path.exists():
            os.link(path, f"{path.with_suffix('')}-{self._random.randrange(1 << 30)}.link.jsonl")
        return path

    def _compress(self, path: Path) -> Path:
        """As logrotate does it: under another name first, then packed, then the plain file goes."""
        if not path.exists():
            return path
        rotated = path.rename(f"{path}.1")
        packed = Path(f"{rotated}.gz.tmp")
        packed.write_bytes(gzip.compress(rotated.read_bytes(), 1))
        packed.rename(f"{rotated}.gz")
        rotated.unlink()
        return self._new_file()

    def _document(self, path: Path) -> Path:
        """A chat that is written whole, with a message more each time."""
        chat = self._directory / "chats" / f"session-{self._files % 3}.json"
        chat.parent.mkdir(exist_ok=True)
        earlier = json.loads(chat.read_bytes())["messages"] if chat.exists() else []
        serial, output = self._call()
        message = {
            "id": f"g-{serial}", "type": "gemini", "model": "gemini-2.5-pro", "timestamp": "2026-09-14T09:00:09.000Z",
            "tokens": {"input": serial, "output": output, "cached": 0, "total": serial + output},
        }  # fmt: skip
        document = {"sessionId": f"{self.name}-{chat.stem}", "projectHash": "p", "messages": [*earlier, message]}
        fresh = chat.with_suffix(".tmp")
        fresh.write_text(json.dumps(document))
        fresh.replace(chat)
        return path


def _add(path: Path, data: bytes) -> None:
    """One write to a file opened for appending."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)
