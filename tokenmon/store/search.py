"""What a user types becomes an FTS5 MATCH string that cannot fail: every word is quoted, nothing is an operator.

Raw input would: `gpt-4o` asks for a column `4o`, a lone quote is a syntax error, a NUL ends the string. Words are
prefixes and ANDed; "several words" in closed quotes are a phrase of whole words. A `Term` carries a field, which is
always empty so far: that is where `model:gpt` goes when it comes.
"""

import re
import unicodedata
from typing import NamedTuple

MAX_TERMS = 8
MAX_LENGTH = 64
"""Characters of one term; longer ones are cut, which still finds what starts so."""

_SCANNED = 4096
"""Characters of the input that are looked at, so that a pasted megabyte costs nothing."""

_TERM = re.compile(r'"([^"]*)("|\Z)|([^\s"]+)')


class Term(NamedTuple):
    """One thing that must be found."""

    text: str
    whole: bool = False
    """Whole words, not a prefix."""
    field: str = ""
    """Restricted to this name; empty is all names."""


def terms(text: str) -> tuple[Term, ...]:
    """What is asked for, without what no index could find."""
    found: list[Term] = []
    for match in _TERM.finditer(text[:_SCANNED]):
        phrase, closing, word = match.groups()
        cleaned = _clean(word if phrase is None else phrase)
        if any(character.isalnum() for character in cleaned):
            found.append(Term(cleaned, whole=phrase is not None and closing == '"'))
        if len(found) == MAX_TERMS:
            break
    return tuple(found)


def _clean(text: str) -> str:
    kept = (character for character in text if unicodedata.category(character) not in ("Cc", "Cs", "Cf"))
    return "".join(kept)[:MAX_LENGTH].strip()


def match(text: str) -> str:
    """The MATCH string; empty where there is nothing to search for, which means no filter."""
    return " ".join(f'"{term.text}"' + ("" if term.whole else "*") for term in terms(text))


def found_in(text: str, names: tuple[str, ...]) -> bool:
    """The same question without the index: every term somewhere in the names."""
    lowered = [name.casefold() for name in names]
    return all(any(term.text.casefold() in name for name in lowered) for term in terms(text))
