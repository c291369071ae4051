"""`python -m tests.fuzz [--minutes N] [--seed S] [--dialect NAME] [--guided]`

Made-up files for every parser until the time is used; the first that breaks a promise is printed with what makes it
again. With `--guided` the files grow towards code that was not reached yet, which needs `pip install atheris`.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from tests.dialects.samples import SAMPLES
from tests.fuzz.mutations import file_of, line_of
from tests.fuzz.promises import read
from tokenmon.dialects import DIALECTS, Dialect


@contextmanager
def told(title: str, made: list[bytes]) -> Iterator[None]:
    """Say which file it was that breaks a promise."""
    kept = False
    try:
        yield
        kept = True
    finally:
        if not kept:
            print(title, *made, sep="\n", file=sys.stderr)


def plain(dialects: list[Dialect], minutes: float, seed: int) -> None:
    """Files from samples; ends with the error of the first that breaks a promise."""
    end, files, lines = time.monotonic() + 60 * minutes, 0, 0
    tried: Counter[str] = Counter()
    while time.monotonic() < end:
        random = Random(f"{seed}:{files}")
        dialect = random.choice(dialects)
        strange = SAMPLES[random.choice(dialects).name] if random.random() < 0.1 else SAMPLES[dialect.name]
        made = file_of(strange, random)
        with told(f"{dialect.name}, file {files} of seed {seed}:", made):
            read(dialect, made)
        files, lines = files + 1, lines + len(made)
        tried[dialect.name] += 1
    print(f"seed {seed}: {files:,} files, {lines:,} lines, {len(tried)} dialects, {minutes:g} minutes; nothing found")


def guided(dialects: list[Dialect], minutes: float, seed: int) -> None:
    """The first byte chooses the dialect, the rest is its file. Ends the process."""
    atheris = import_module("atheris")
    atheris.instrument_all()

    def one(data: bytes) -> None:
        read(dialects[data[0] % len(dialects)] if data else dialects[0], data[1:].split(b"\n"))

    corpus = [
        bytes([number]) + b"\n".join(line_of(record, Random(seed)) for record in SAMPLES[dialect.name])
        for number, dialect in enumerate(dialects)
    ]
    for data in corpus:
        one(data)
    options = [sys.argv[0], f"-max_total_time={int(60 * minutes)}", f"-seed={seed}", "-max_len=20000", _kept(corpus)]
    atheris.Setup(options, one)
    atheris.Fuzz()


def _kept(corpus: list[bytes]) -> str:
    """The corpus as a directory, which is how it is handed over."""
    place = Path(mkdtemp(prefix="tokenmon-fuzz-"))
    for number, data in enumerate(corpus):
        (place / str(number)).write_bytes(data)
    return str(place)


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files (default 1)")
    parser.add_argument("--dialect", choices=[dialect.name for dialect in DIALECTS], help="only this one")
    parser.add_argument("--guided", action="store_true", help="towards code that was not reached yet")
    options = parser.parse_args()
    dialects = [dialect for dialect in DIALECTS if options.dialect in (None, dialect.name)]
    (guided if options.guided else plain)(dialects, options.minutes, options.seed)


if __name__ == "__main__":
    main()
