"""Is a place on a file system that other machines serve? SQLite's log needs memory that all its users share, which no
network can give: two machines on one database would damage it, and some such file systems forget locks.

Pure: the kernel's table of mounts is handed over as text (proc_pid_mountinfo(5)); without one nothing is known.
"""

import re
from pathlib import PurePosixPath

_FROM_ELSEWHERE = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "ncpfs",
     "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.davfs", "davfs")
)  # fmt: skip


def network_file_system(place: str, mounts: str) -> str:
    """The kind of file system that `place`, a path without links, is on, where other machines serve it; else empty."""
    path, deepest, kind = PurePosixPath(place), -1, ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        columns = fields.split(" ")
        if len(columns) < 5 or not rest:
            continue
        point = PurePosixPath(_plain(columns[4]))
        if path.is_relative_to(point) and len(point.parts) >= deepest:  # of two at one point the later one is seen
            deepest, kind = len(point.parts), rest.split(" ")[0]
    return kind if kind in _FROM_ELSEWHERE else ""


def _plain(point: str) -> str:
    """Spaces, tabs, newlines and backslashes stand there as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)
