"""How one model's name may be spelled: the only liberties taken with a name, so that a price is never guessed.

Taken off are a release date (`-20250929`, `-2025-09-29`, `@20250929`) and Bedrock's revision (`-v1:0`, `-v1`, `:0`).
Before a date is taken off, its other spellings are tried, because a dated release may have a price of its own
(gpt-4o-20240513 is not gpt-4o). `-latest`, `-preview`, `:free` and everything else stay: they mean another model.
"""

import re
from collections.abc import Iterator

_DATE = re.compile(
    r"(?:[-@](20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])|-(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))\Z"
)
_REVISION = re.compile(r"(?:-v\d{1,2}:\d{1,2}|-v1|:0)\Z")
_NUMBERED_REVISION = re.compile(r"(?:-v\d{1,2}:\d{1,2}|:0)\Z")


def spellings(model: str) -> Iterator[str]:
    """Names under which this very model may be listed, the most exact first, in lower case."""
    name = model.lower()
    yield name
    plain = _REVISION.sub("", name)
    if plain != name:
        yield plain
    dated = _DATE.search(plain)
    if dated is None:
        return
    stem = plain[: dated.start()]
    year, month, day = (part for part in dated.groups() if part)
    for spelled in (f"{stem}-{year}-{month}-{day}", f"{stem}-{year}{month}{day}", f"{stem}@{year}{month}{day}"):
        if spelled != plain:
            yield spelled
    if stem:
        yield stem


def without_revision(key: str) -> str:
    """A table's key without Bedrock's `-v1:0`, so that a log that leaves it out is understood."""
    return _NUMBERED_REVISION.sub("", key)
