"""A file is replaced in one step, so that nobody ever reads half of it and a crash leaves the one or the other."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write the whole file anew; its directory must be there. Raises OSError, and then leaves nothing behind."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:  # also when it is interrupted: a draft is of no use to anybody
        os.unlink(draft)
        raise
