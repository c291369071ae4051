"""Permission bits bind nobody who is root, and the machine that runs the tests may be."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOUND_BY_RIGHTS = """
import ctypes, os
if os.geteuid() == 0:  # the bits bind root, too, once it has neither DAC_OVERRIDE nor DAC_READ_SEARCH to pass on
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
"""
"""First lines of a program that permissions stop, also where it is root's."""

NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """A directory of a user whom permissions stop, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as directory:
        root = os.geteuid() == 0
        if root:
            os.chown(directory, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(directory)
        finally:
            if root:
                os.seteuid(0)


@contextmanager
def without_rights(directory: Path) -> Iterator[None]:
    """As somebody who may not write there; root stops being root for the moment."""
    directory.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        directory.chmod(0o755)


def open_to_all(directory: Path) -> Path:
    """A new directory that everybody may look into."""
    directory.mkdir()
    for place in (directory, *directory.parents[:-1]):
        if place.stat().st_mode & 0o005 != 0o005:
            place.chmod(0o755)
    return directory
