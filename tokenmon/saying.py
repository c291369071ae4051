"""Lines for people on stderr. Whoever read them may be gone, or never was there, and that stops nothing."""

import sys
from contextlib import suppress

from tokenmon.text import sanitise


def say(*lines: str) -> None:
    """Each on a line of its own, harmless whatever path or name is in it; nothing where stderr is closed, or nobody
    takes what is written there.
    """
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            for line in lines:
                print(sanitise(line), file=sys.stderr)
            sys.stderr.flush()
