"""The same calls, however their files are cut, copied, mixed and met: each counts once, as it was.

Left out, because the design says so: a producer whose lines need what earlier lines told (its files are not cut in
two), and a file without ids that stands both whole and in parts (a place in a file is all that tells its lines apart).
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dialects.cases import CASES
from tests.dialects.cases.case import Case
from tests.dialects.samples import Place
from tests.dialects.test_cases import UNTIMED, in_order, stored
from tests.ingest.ingesting import rollups_are_exact
from tests.ingest.made_up import Turning, take_in
from tokenmon.dialects import DIALECTS, by_name
from tokenmon.ingest.kinds import Kinds

SAMPLES = Path(__file__).parents[2] / "sample_data"
OLDER = ("claude-code", "codex", "gh-aw-firewall", "native")
"""Dialects whose samples are made by a generator."""

KINDS = Kinds(DIALECTS)

Files = Mapping[str, bytes]
Writing = tuple[str, bytes, bool]
"""To which path, what, and whether it is added to what is there."""


def mixed(files: Files, dialect: str, chance: Random) -> Iterator[Writing]:
    """The files in any order, some of them twice, in pieces one among another."""
    queues = []
    for path, content in files.items():
        if KINDS.of_name(os.path.basename(path)) != "lines":
            queues.append(_documents(path, content, chance))
            copied = chance.random() < 0.3
        elif chance.random() < 0.4 and may_be_cut(dialect, path, content):
            queues += _cut(path, content, chance)
            copied = False
        else:
            queues.append(_appends(path, content, chance))
            copied = chance.random() < 0.5
        if copied:
            queues.append([(f"copy/{path}", content, False)])
    while queues:
        queue = chance.choice(queues)
        yield queue.pop(0)
        if not queue:
            queues.remove(queue)


def _documents(path: str, content: bytes, chance: Random) -> list[Writing]:
    """Half of a document is what a reader meets now and then."""
    whole = (path, content, False)
    return [whole] if chance.random() < 0.6 else [(path, content[: len(content) // 2], False), whole]


def _appends(path: str, content: bytes, chance: Random) -> list[Writing]:
    """A file in up to three pieces, whose ends need be no ends of lines."""
    ends = sorted(chance.randrange(len(content) + 1) for _ in range(chance.randrange(3)))
    pieces = [content[start:end] for start, end in zip((0, *ends), (*ends, len(content)), strict=True)]
    return [(path, piece, True) for piece in pieces]


def _cut(path: str, content: bytes, chance: Random) -> list[list[Writing]]:
    """Two files, as after a rotation."""
    lines = content.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    first, second = b"".join(lines[:at]), b"".join(lines[at:])
    return [[(f"{path}.1", first, False)], _appends(path, second, chance)]


def may_be_cut(dialect: str, path: str, content: bytes) -> bool:
    """Whether every line of the file stands for itself."""
    found = by_name(dialect)
    assert found is not None
    reader = found.reader(Place(path), b"")
    for line in content.splitlines():
        reader.parse(line)
    return reader.state() == b""


def play(files: Files, dialect: str, directory: Path, chance: Random) -> Path:
    """Write the files as they come, with an ingester that runs, or runs again and again; returns its database."""
    database, logs = directory / "t.db", directory / "logs"
    logs.mkdir()
    writings = list(mixed(files, dialect, chance))
    while writings:
        with Turning(database, logs, dialects=DIALECTS) as turning:
            for _ in range(chance.randrange(1, len(writings) + 1)):
                path = _write(logs, *writings.pop(0))
                if chance.random() < 0.5:
                    turning.until_idle(path)
    take_in(database, logs, dialects=DIALECTS)
    return database


def _write(logs: Path, name: str, content: bytes, added: bool) -> Path:
    path = logs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if added else "wb") as file:
        file.write(content)
    os.utime(path, (UNTIMED, UNTIMED))
    return path


def files_below(directory: Path) -> dict[str, bytes]:
    """All files by their path below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def in_any_way(examples: int) -> settings:
    """So many mixtures, without the search for the smallest one that fails: each takes many files."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.dialect)
@in_any_way(3)
@given(chance=st.randoms(use_true_random=False))
def test_a_case_mixed_in_any_way_holds_its_calls(
    case: Case, tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    directory = tmp_path_factory.mktemp("mixed")
    case.write(directory / "plain")
    database = play(files_below(directory / "plain"), case.dialect, directory, chance)
    assert stored(database) == in_order(case.calls)
    assert rollups_are_exact(database) or not case.calls


@pytest.mark.parametrize("dialect", OLDER)
@in_any_way(2)
@given(chance=st.randoms(use_true_random=False))
def test_a_sample_mixed_in_any_way_holds_its_calls(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    directory = tmp_path_factory.mktemp("mixed")
    take_in(directory / "plain.db", SAMPLES / dialect, dialects=DIALECTS)
    database = play(files_below(SAMPLES / dialect), dialect, directory, chance)
    assert stored(database) == stored(directory / "plain.db")
    assert rollups_are_exact(database)
