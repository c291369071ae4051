"""`python -m tests.torture [--minutes N] [--seed S] [--lines N] [--writers N] [--kills N]`

Writers write, rotate and copy; an ingester is killed again and again, and started anew. In the end everything is read,
and every call must be there once, every offset at the end of its file. What was not exact is told, and its files stay.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.torture.torture import Torture, run


def main() -> int:
    """0 when all totals are exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="over which the lines are spread (default 3)")
    parser.add_argument("--seed", type=int, default=1, help="of the writers (default 1)")
    parser.add_argument("--lines", type=int, default=200_000, help="calls that are written at most (default 200,000)")
    parser.add_argument("--writers", type=int, default=4, help="how many write at once (default 4)")
    parser.add_argument("--kills", type=int, default=100, help="at least, however long it takes (default 100)")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="tokenmon-torture-"))
    torture = Torture(options.seed, 60 * options.minutes, options.lines, options.writers, options.kills)
    outcome = run(torture, place)
    print(f"seed {options.seed}: {outcome}")
    if outcome.wrong:
        print(f"kept: {place}")
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
