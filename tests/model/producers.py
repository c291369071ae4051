"""What programs and people do to logs: every way to write, rotate, copy, replace and lose them.

An action is a name and two numbers, from which it makes the best: which file of those that there are, and how much. So
any list of actions can be played, and stays one when some are left out.
"""

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.model.calls import FIRST, LINES, Call, chat, family, told_by

LOGS = (
    "logs/a.jsonl",
    "logs/b.jsonl",
    "logs/ids.jsonl",
    "logs/claude-a.jsonl",
    "logs/claude-b.jsonl",
    "current/c.jsonl",
)
CHATS = ("logs/session-1.json", "logs/session-2.json", "current/session-3.json")
_PADDING = (0, 0, 30, 400, 2000, 6000)


class Producers:
    """Everybody who writes below `place`: into `logs`, and into what `current` leads to at the moment."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._number = FIRST
        self._names = 0
        self._made: dict[str, list[Call]] = {kind: [] for kind in LINES}
        self._written: list[bytes] = []
        for name in ("logs", "day-0", "day-1", "away"):
            (place / name).mkdir()
        (place / "current").symlink_to("day-0")

    # -- which files there are

    def logs(self) -> list[Path]:
        """Regular log files that can be found now, in order."""
        return [path for path in self._files() if ".jsonl" in path.name]

    def chats(self) -> list[Path]:
        """Documents that can be found now, in order."""
        return [path for path in self._files() if path.name.endswith(".json")]

    def everything(self) -> list[Path]:
        """Every file of theirs, found or not."""
        places = ("logs", "day-0", "day-1", "away")
        return [path for place in places for path in (self._place / place).iterdir() if not path.is_symlink()]

    def _files(self) -> Iterator[Path]:
        for directory in ("logs", "current"):
            for path in sorted((self._place / directory).resolve().iterdir()):
                if path.is_file() and not path.is_symlink():
                    yield path

    def _log(self, which: int) -> Path:
        """One of those that there are and those that there could be; no archive, as nobody writes to one."""
        usual = [(self._place / name).parent.resolve() / Path(name).name for name in LOGS]
        paths = sorted({*usual, *(path for path in self.logs() if path.suffix != ".gz")})
        return paths[which % len(paths)]

    def _chat(self, which: int) -> Path:
        path = self._place / CHATS[which % len(CHATS)]
        return path.parent.resolve() / path.name

    # -- lines

    def _call(self) -> Call:
        """One that nobody made before."""
        self._number += 1
        return Call(self._number, 1 + self._number * 7919 % 5000)

    def _line(self, path: Path, size: int, call: Call | None = None) -> bytes:
        kind = family(path.name)
        number, output = call or self._call()
        line = LINES[kind](number, output, _PADDING[size % len(_PADDING)])
        self._made[kind].append(Call(number, output))
        self._written.append(line)
        return line

    def _lines(self, path: Path, size: int) -> bytes:
        return b"".join(self._line(path, size + i) for i in range(1 + size % 9))

    # -- writing to a log

    def append(self, which: int, size: int) -> None:
        """Some lines."""
        path = self._log(which)
        _add(path, self._lines(path, size))

    def tear(self, which: int, size: int) -> None:
        """Some lines, the last not finished."""
        path = self._log(which)
        _add(path, self._lines(path, size)[: -2 - size % 150])

    def forget_newline(self, which: int, size: int) -> None:
        """A line that is whole, but for its newline."""
        path = self._log(which)
        _add(path, self._line(path, size)[:-1])

    def finish(self, which: int, size: int) -> None:
        """What is missing of the last line; a newline where nobody knows what it was to be."""
        path = self._log(which)
        data = _content(path)
        torn = data[data.rfind(b"\n") + 1 :]
        whole = next((line for line in reversed(self._written) if torn and line.startswith(torn)), torn + b"\n")
        _add(path, whole[len(torn) :])

    def repeat(self, which: int, size: int) -> None:
        """A call that was written before, again: it has an id. Claude Code's may have grown, or be an early copy."""
        path = self._log(which)
        kind = family(path.name)
        if kind != "native" and self._made[kind]:
            number, output = self._made[kind][size % len(self._made[kind])]
            grown = output + size % 7 - 3 if kind == "claude" else output
            _add(path, self._line(path, 0, Call(number, max(1, grown))))

    def hole(self, which: int, size: int) -> None:
        """Truncated under a producer that does not append: it goes on where it was."""
        path = self._log(which)
        if end := len(_content(path)):
            with path.open("r+b") as file:
                file.truncate(0)
                file.seek(end)
                file.write(self._lines(path, size))

    def truncate(self, which: int, size: int) -> None:
        """Cut off somewhere, or where a line begins."""
        path = self._log(which)
        data = _content(path)
        cut = size * 37 % (len(data) + 1)
        if path.exists():
            os.truncate(path, cut if size % 3 else data.rfind(b"\n", 0, cut) + 1)

    def rewrite(self, which: int, size: int) -> None:
        """Another content in the same file, beginning with some of the old lines or none."""
        path = self._log(which)
        old = _content(path).splitlines(keepends=True)
        kept = b"".join(old[: len(old) * (size % 4) // 4])
        _write(path, kept + self._lines(path, size))

    def rewrite_in_the_same_size(self, which: int, size: int) -> None:
        """Every line is another one, and nothing is longer or shorter."""
        path = self._log(which)
        if lines := _content(path).splitlines(keepends=True):
            _write(path, b"".join(self._as_long_as(line, family(path.name)) for line in lines))

    def _as_long_as(self, line: bytes, kind: str) -> bytes:
        number = self._call().number
        room = len(line) - len(LINES[kind](number, 9))
        return LINES[kind](number, 9, room) if room >= 0 else b" " * (len(line) - 1) + b"\n"

    # -- what becomes of a log

    def rename(self, which: int, size: int) -> None:
        """Rotated, or out of sight."""
        path = self._log(which)
        if path.is_file():
            path.rename(self._place / "away" / self._fresh_name(path) if size % 5 == 0 else self._beside(path))

    def swap(self, which: int, size: int) -> None:
        """Two files of a family change names."""
        one = self._log(which)
        others = [path for path in self.logs() if family(path.name) == family(one.name) and path.suffix != ".gz"]
        if one.is_file() and others:
            other, aside = others[size % len(others)], self._place / "away" / "swap"
            one.rename(aside)
            if other.exists():
                other.rename(one)
            aside.rename(other)

    def copy(self, which: int, size: int) -> None:
        """A backup beside it."""
        path = self._log(which)
        if path.is_file():
            shutil.copyfile(path, self._beside(path))

    def copy_and_truncate(self, which: int, size: int) -> None:
        """As logrotate does it."""
        self.copy(which, size)
        path = self._log(which)
        if path.is_file():
            os.truncate(path, 0)

    def replace(self, which: int, size: int) -> None:
        """A copy with more lines takes its name."""
        path = self._log(which)
        if path.is_file():
            new = self._place / "away" / "new"
            new.write_bytes(_content(path))
            _add(new, self._lines(path, size))
            new.replace(path)

    def move_between_disks(self, which: int, size: int) -> None:
        """A copy, and the original goes."""
        self.copy(which, size)
        self.delete(which, size)

    def compress(self, which: int, size: int) -> None:
        """An archive stands in its place."""
        path = self._log(which)
        if path.is_file():
            packed = self._place / "away" / "packed"
            packed.write_bytes(gzip.compress(_content(path), 1))
            packed.rename(f"{self._beside(path)}.gz")
            path.unlink()

    def link(self, which: int, size: int) -> None:
        """A second name."""
        path = self._log(which)
        if path.is_file() and path.stat().st_nlink < 3:
            os.link(path, self._beside(path))

    def move_behind_a_link(self, which: int, size: int) -> None:
        """The file is elsewhere, and its name is a symbolic link to it."""
        path = self._log(which)
        if path.is_file() and not path.is_symlink():
            elsewhere = self._place / "away" / self._fresh_name(path)
            path.rename(elsewhere)
            path.symlink_to(elsewhere)

    def point(self, which: int, size: int) -> None:
        """`current` leads to the other day."""
        link = self._place / "link"
        link.symlink_to(f"day-{size % 2}")
        link.replace(self._place / "current")

    def delete(self, which: int, size: int) -> None:
        """Gone for good."""
        self._log(which).unlink(missing_ok=True)

    def recreate(self, which: int, size: int) -> None:
        """Deleted, and another file has its name and perhaps its inode."""
        self.delete(which, size)
        self.append(which, size)

    def _beside(self, path: Path) -> Path:
        return path.with_name(self._fresh_name(path))

    def _fresh_name(self, path: Path) -> str:
        self._names += 1
        return f"{self._names}-{family(path.name)}-old.jsonl"

    # -- documents

    def say(self, which: int, size: int) -> None:
        """A chat with a message more, put in the place of the one before; or written over it."""
        path = self._chat(which)
        data = self._with_more(path, size)
        if size % 3:
            new = self._place / "away" / "chat"
            new.write_bytes(data)
            new.replace(path)
        else:
            _write(path, data)

    def say_half(self, which: int, size: int) -> None:
        """A chat that is still being written over."""
        path = self._chat(which)
        data = self._with_more(path, size)
        _write(path, data[: size * 37 % len(data)])

    def copy_chat(self, which: int, size: int) -> None:
        """One takes the place of another."""
        path = self._chat(which)
        if path.is_file():
            _write(self._chat(size), path.read_bytes())

    def delete_chat(self, which: int, size: int) -> None:
        """Gone for good."""
        self._chat(which).unlink(missing_ok=True)

    def _with_more(self, path: Path, size: int) -> bytes:
        session, told = told_by(_content(path)) or (path.name, [])
        if told and size % 4 == 0:
            told[-1] = Call(told[-1].number, told[-1].output + 5)  # it was not finished yet
        else:
            told.append(self._call())
        return chat(session, told)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _add(path: Path, data: bytes) -> None:
    """One write to a file opened for appending."""
    with path.open("ab", buffering=0) as file:
        file.write(data)


def _write(path: Path, data: bytes) -> None:
    """In place. Time on a file system stands still for some milliseconds, within which nothing seems to change."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(data)
    while path.stat().st_mtime_ns == before:
        path.write_bytes(data)
