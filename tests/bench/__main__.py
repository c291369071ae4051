"""`python -m tests.bench [NAME ...] [--scale S]`: what is measured, what this machine could do at best, and the target.

Every figure comes from the real command in a child process, or from the reader that the panels use, on made-up logs
in a temporary directory. Times vary by machine; the ratios to a limit measured in the same run vary much less.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.asking import panels, panels10m
from tests.bench.figures import Figure, table
from tests.bench.ingesting import native, payloads, rejects, rollouts, transcripts
from tests.bench.screen import screen
from tests.bench.statusline import statusline

BENCHES: dict[str, Callable[[Path, float], Iterator[Figure]]] = {
    bench.__name__: bench
    for bench in (native, rejects, transcripts, rollouts, payloads, panels, screen, statusline, panels10m)
}
USUAL = ("native", "rejects", "transcripts", "rollouts", "payloads", "panels", "screen", "statusline")
"""What runs when none is named; the other takes minutes and a gigabyte."""


def main() -> int:
    """Run the benches named, the usual ones by default; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; {' '.join(USUAL)} by default"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full amount of data, for a quick look")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHES]:
        parser.error(f"no bench is called {unknown[0]}; there are {', '.join(BENCHES)}")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tokenmon-bench-") as place:
        for name in options.names or USUAL:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures += BENCHES[name](Path(place), options.scale)
    print(table(figures))
    return 0 if all(figure.met for figure in figures) else 1


sys.exit(main())
