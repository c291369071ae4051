"""Permission bits bind nobody who is root, and the machine that runs the tests may be."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """A directory of a user whom permissions stop, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as directory:
        root = os.geteuid() == 0
        if root:
            os.chown(directory, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(directory)
        finally:
            if root:
                os.seteuid(0)
