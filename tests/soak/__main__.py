"""`python -m tests.soak [NAME ...] [--scale S]`: much at once, for long, in little memory.

Every figure comes from the real command in a process of its own, on made-up logs in a temporary directory, and
everything that is read must be counted exactly. With all of them it takes half an hour and some gigabytes.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure, table
from tests.soak.backlog import backlog
from tests.soak.growing import growing
from tests.soak.many import many
from tests.soak.rotation import rotation
from tests.soak.storm import storm

SOAKS: dict[str, Callable[[Path, float], Iterator[Figure]]] = {
    soak.__name__: soak for soak in (backlog, growing, storm, rotation, many)
}


def main() -> int:
    """Run those named, all by default; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SOAKS)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full size, for a quick look")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in SOAKS]:
        parser.error(f"no soak is called {unknown[0]}; there are {', '.join(SOAKS)}")
    figures: list[Figure] = []
    for name in options.names or SOAKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="tokenmon-soak-") as place:
            figures += SOAKS[name](Path(place), options.scale)
    print(table(figures))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
