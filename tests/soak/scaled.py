"""tokenmon, with clocks that run faster: `python -m tests.soak.scaled FACTOR WORDS...` runs `tokenmon WORDS...`.

Whoever asks for the time is told that FACTOR times as much has passed since the start. To wait takes as long as ever.
"""

import sys
import time
from collections.abc import Callable


def _faster(clock: Callable[[], float], factor: float) -> Callable[[], float]:
    start = clock()
    return lambda: start + (clock() - start) * factor


if __name__ == "__main__":
    factor, *words = sys.argv[1:]
    time.time, time.monotonic = _faster(time.time, float(factor)), _faster(time.monotonic, float(factor))
    from tokenmon.cli import main

    sys.exit(main(words))
