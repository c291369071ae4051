"""Files: which there are (`Roots`), which checkpoint each continues (`Register`), and their lines (`OpenSource`)."""

from tokenmon.tail.content import CorruptArchive, NotRegular
from tokenmon.tail.identity import GRACE_S, Register, Retired
from tokenmon.tail.opened import OpenSource, Piece, Unwanted, lineage_of
from tokenmon.tail.roots import Roots, Scan

__all__ = [
    "GRACE_S",
    "CorruptArchive",
    "NotRegular",
    "OpenSource",
    "Piece",
    "Register",
    "Retired",
    "Roots",
    "Scan",
    "Unwanted",
    "lineage_of",
]
