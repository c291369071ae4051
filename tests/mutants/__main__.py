"""`python -m tests.mutants [WORD ...]`

Every mutant, or those whose promise contains one of the words, in a copy of the tree; exit code 1 where one survives.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.command import ROOT, cache_home
from tests.mutants.catalogue import MUTANTS, Mutant

PARTS = ("tokenmon", "tests", "sample_data", "pyproject.toml", "README.md")


def copied(place: Path) -> Path:
    """What the tests need of the tree."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, place / part)
    return place


def caught_by(mutant: Mutant, tree: Path) -> str:
    """The test that fails; empty where none does."""
    path = tree / "tokenmon" / mutant.file
    sound = path.read_text("utf-8")
    path.write_text(sound.replace(mutant.old, mutant.new), "utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, *(f"tests/{each}" for each in mutant.tests)],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(sound, "utf-8")
    failed = re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not failed):
        raise SystemExit(f"the tests of this mutant do not run: {mutant.broken}\n{done.stdout}{done.stderr}")
    return failed[0] if failed else ""


def main(words: Iterable[str]) -> int:
    """Try them and tell of each; the number of survivors decides."""
    chosen = [each for each in MUTANTS if not words or any(word in each.broken for word in words)]
    survivors = 0
    cache_home()
    with tempfile.TemporaryDirectory(prefix="tokenmon-mutants-") as place:
        tree = copied(Path(place))
        for mutant in chosen:
            test = caught_by(mutant, tree)
            survivors += not test
            print(f"{f'caught by {test}' if test else 'NOT CAUGHT'}: {mutant.broken}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} not caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
