"""tokenmon, with another clock: `python -m tests.faults.shifted FILE WORDS...` runs `tokenmon WORDS...`.

The clock of the wall is off by as many seconds as FILE says, now; the monotonic one goes on, as it does when somebody
sets the clock, or when the machine slept. What happens once an hour happens all the time.
"""

import sys
import time
from pathlib import Path

from tokenmon.cli import main
from tokenmon.ingest import service

if __name__ == "__main__":
    file, *words = sys.argv[1:]
    _true = time.time_ns

    def _shifted() -> int:
        return _true() + int(Path(file).read_text()) * 1_000_000_000

    service.PRUNE_EVERY_S = 0.0
    time.time_ns = _shifted
    time.time = lambda: _shifted() / 1e9
    sys.exit(main(words))
