"""`python -m tests.model [--minutes N] [--seed S] [--steps N] [--actions FILE]`

Plays random histories, one seed after another, until one goes wrong or the time is used. A history that goes wrong is
told with its seed and made shorter: `--seed S --minutes 0` plays that one again, and `--actions FILE` the shorter one.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.model.driver import Ingesters
from tests.model.history import made_of, play, read, shortened, written


def main() -> int:
    """0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long; 0 is one history (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="of the first history (default 1)")
    parser.add_argument("--steps", type=int, default=100, help="actions of a history (default 100)")
    parser.add_argument("--actions", type=Path, help="play the actions of this file instead, once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tokenmon-home-") as home, Ingesters(Path(home)) as ingesters:
        if options.actions:
            failure = play(read(options.actions.read_text()), ingesters)
            print(f"step {failure.step}: {failure.what}" if failure else "nothing was wrong")
            return 1 if failure else 0
        return search(ingesters, options.seed, options.steps, options.minutes)


def search(ingesters: Ingesters, first: int, steps: int, minutes: float) -> int:
    """One seed after another; 1 where one of them goes wrong."""
    end, seed = time.monotonic() + 60 * minutes, first
    played: Counter[str] = Counter()
    while True:
        history = made_of(seed, steps)
        if (failure := play(history, ingesters)) is not None:
            print(f"seed {seed}, step {failure.step}: {failure.what}")
            shorter, failure = shortened(history, ingesters, seconds=120)
            kept = Path(tempfile.gettempdir()) / f"tokenmon-model-{seed}.actions"
            kept.write_text(written(shorter))
            print(f"shorter, step {failure.step}: {failure.what}", written(shorter), sep="\n", end="")
            print(f"again: python -m tests.model --actions {kept}")
            return 1
        played.update(action.name for action in history)
        seed += 1
        if time.monotonic() >= end:
            break
    kills = sum(n for name, n in played.items() if name.startswith("kill"))
    full = played["fill_pages"] + played["fill_bytes"]
    print(f"seeds {first} to {seed - 1}: {played.total():,} actions, {kills:,} kills, {full:,} full disks: exact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
