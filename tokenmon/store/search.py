"""What a user types becomes terms, and their words an FTS5 MATCH string that cannot fail: all of it is quoted.

Raw input would: `gpt-4o` asks for a column `4o`, a lone quote is a syntax error, a NUL ends the string. Words are
prefixes and ANDed; "several words" in closed quotes are a phrase of whole words. `model:gpt` looks into one name;
`quality:` asks for a doubt; `status:`, `cost:`, `tokens:`, `latency:`, `session:` and `source:` ask for what only
single events know. A value that is not typed to its end asks for nothing yet, and a field or value that means nothing
is a word like any other: so typing never fails.

Marking what was found needs the index' idea of a word, which `_words` repeats; with it, search also goes on without
the index while that is broken.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import ceil, floor
from typing import NamedTuple

from tokenmon import doubts
from tokenmon.events import NAMES, NANO, Names

MAX_TERMS = 8
MAX_LENGTH = 64
"""Characters of one term; longer ones are cut, which still finds what starts so."""

FAR = 1 << 62
"""No number that is compared is greater."""

OF_NAMES: dict[str, tuple[str, ...]] = {**{name: (name,) for name in NAMES}, "key": ("key_name", "key_id")}
"""Fields over names, and the names that they look into."""

UNITS: dict[str, dict[str, int]] = {
    "cost": {"": NANO},
    "tokens": {"": 1, "k": 1_000, "m": 1_000_000},
    "latency": {"": 1, "ms": 1, "s": 1_000},
    "status": {"": 1},
}
"""Fields that compare a number, and what one of each unit is: nano-USD, tokens, milliseconds."""

OUTCOMES = ("ok", "failed")
"""What a status can be besides a number; the place of each is the error flag that it stands for."""

FIELDS: tuple[str, ...] = (*OF_NAMES, *UNITS, "session", "source", doubts.FIELD)
"""Everything that may stand before a colon."""

_SCANNED = 4096
"""Characters of the input that are looked at, so that a pasted megabyte costs nothing."""

_TERM = re.compile(rf'(?:({"|".join(FIELDS)}):)?(?:"([^"]*)("|\Z)|([^\s"]*))', re.IGNORECASE)
_COMPARISON = re.compile(r"(>=|<=|>|<|=|)\$?(\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})([a-z]*)", re.ASCII)
_NOT_YET = re.compile(r"[<>]?=?\$?\.?")
_CLASS = re.compile(r"(\d{1,3})x{0,2}", re.ASCII)
_MARKS = ("\u0300", "\u0331")
"""The first and the last combining mark that the index takes for a part of a word."""

Range = tuple[int, int]
"""The least and the greatest number, both included."""

Hit = tuple[int, int]
"""[start, end) of characters."""


class Term(NamedTuple):
    """One thing that must be found."""

    text: str
    whole: bool = False
    """Whole words, not a prefix."""
    field: str = ""
    """One of FIELDS; empty is all names."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it looks into; none where it asks for what only events know."""
        return OF_NAMES.get(self.field, ()) if self.field else NAMES


@lru_cache(16)
def terms(text: str) -> tuple[Term, ...]:
    """What is asked for, without what no index could find and what is not typed to its end."""
    found = (term for match in _TERM.finditer(text[:_SCANNED]) if (term := _term(*match.groups())) is not None)
    return tuple(islice(found, MAX_TERMS))


def _term(field: str | None, phrase: str | None, closing: str | None, word: str | None) -> Term | None:
    text, whole, name = _clean(phrase or word or ""), closing == '"', (field or "").lower()
    if name and _is_half_typed(name, text):
        return None
    if name and _means_something(name, text):
        return Term(text, whole, name)
    text = _clean(f"{field}:{text}") if field else text
    return Term(text, whole) if _words(text) else None


def _clean(text: str) -> str:
    kept = (character for character in text if unicodedata.category(character) not in ("Cc", "Cs", "Cf"))
    return "".join(kept)[:MAX_LENGTH].strip()


def _is_half_typed(field: str, text: str) -> bool:
    if field in OF_NAMES:
        return not _words(text)
    if field == doubts.FIELD:
        return text.lower() not in doubts.NAMES and any(name.startswith(text.lower()) for name in doubts.NAMES)
    return _NOT_YET.fullmatch(text) is not None if field in UNITS else not text


def _means_something(field: str, text: str) -> bool:
    if field == doubts.FIELD:
        return text.lower() in doubts.NAMES
    return field not in UNITS or bounds(field, text) is not None or outcome(field, text) is not None


def bounds(field: str, text: str) -> Range | None:
    """The numbers that a comparison allows: `>0.5` dollars, `<=10k` tokens, `2s`, `42` for 420 to 429 of `status`."""
    if field == "status" and (digits := _CLASS.fullmatch(text)):
        size = 10 ** (3 - len(digits[1]))
        return int(digits[1]) * size, (int(digits[1]) + 1) * size - 1
    compared = _COMPARISON.fullmatch(text.lower())
    unit = UNITS[field].get(compared[3]) if compared else None
    return _allowed(compared[1], Fraction(compared[2]) * unit) if compared and unit else None


def _allowed(operator: str, number: Fraction) -> Range:
    least = floor(number) + 1 if operator == ">" else ceil(number)
    greatest = ceil(number) - 1 if operator == "<" else floor(number)
    return min(FAR, least) if operator[:1] != "<" else -FAR, min(FAR, greatest) if operator[:1] != ">" else FAR


def outcome(field: str, text: str) -> int | None:
    """The error flag that a status begins to spell: 1 for `fail`."""
    if field != "status":
        return None
    return next((flag for flag, word in enumerate(OUTCOMES) if word.startswith(text.lower())), None)


def only_word(text: str) -> str:
    """The one word that is searched for, at its full length; empty where there is more or nothing."""
    found = terms(text)
    return text.strip().strip('"') if len(found) == 1 and not found[0].field and len(text) <= _SCANNED else ""


# -- names


def match(text: str) -> str:
    """The MATCH string of what asks for names; empty where nothing does, which means no filter."""
    return " ".join(_matched(term) for term in terms(text) if term.names)


def _matched(term: Term) -> str:
    columns = f"{{{' '.join(term.names)}}} : " if term.field else ""
    return f'{columns}"{term.text}"' + ("" if term.whole else "*")


def found_in(text: str, names: Names) -> bool:
    """The same question without the index."""
    values = dict(zip(NAMES, names, strict=True))
    return all(any(next(_spans(term, values[name]), None) for name in term.names) for term in terms(text) if term.names)


def found_among(texts: Sequence[str], search: str) -> bool:
    """Whether these texts, which are of no call, hold all words; what is asked of single calls leaves nothing out."""
    return all(any(next(_spans(term, text), None) for text in texts) for term in terms(search) if term.names)


# -- marking


def hits(text: str, search: str, field: str = "") -> tuple[Hit, ...]:
    """Where the text of a cell is what was searched for, in order and apart; `field` is what the cell shows.

    `field` is one of FIELDS, or empty for text that holds any names.
    """
    found = sorted(span for term in terms(search) for span in _marked(term, text, field))
    apart: list[Hit] = []
    for start, end in found:
        if apart and start <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return tuple(apart)


def _marked(term: Term, text: str, field: str) -> Iterator[Hit]:
    if term.names:
        shown = OF_NAMES.get(field, ()) if field else NAMES
        return _spans(term, text) if set(shown) & set(term.names) else iter(())
    mark = _MARKED.get(term.field)
    return mark(term.text, text) if mark and term.field == field else iter(())


def _marked_status(asked: str, text: str) -> Iterator[Hit]:
    range_ = bounds("status", asked)
    number = text.isascii() and text.isdigit() and range_ is not None and range_[0] <= int(text[:9]) <= range_[1]
    if number or (text and outcome("status", asked) == outcome("status", text) is not None):
        yield 0, len(text)


def _marked_session(asked: str, text: str) -> Iterator[Hit]:
    if text.startswith(asked):
        yield 0, len(asked)


def _marked_source(asked: str, text: str) -> Iterator[Hit]:
    folded = text.lower()
    place = folded.find(asked.lower()) if len(folded) == len(text) else -1
    while place >= 0:
        yield place, place + len(asked)
        place = folded.find(asked.lower(), place + len(asked))


_MARKED: dict[str, Callable[[str, str], Iterator[Hit]]] = {
    "status": _marked_status,
    "session": _marked_session,
    "source": _marked_source,
}


# -- words


class _Word(NamedTuple):
    folded: str
    places: tuple[int, ...]
    """Where each character of it came from, then where it ends."""


@lru_cache(4096)
def _words(text: str) -> tuple[_Word, ...]:
    """Words as `unicode61 remove_diacritics 2` makes them: letters and numbers, without case, Latin without marks."""
    words: list[_Word] = []
    folded = ""
    places: list[int] = []
    for place, character in enumerate((*text, " ")):
        if unicodedata.category(character)[0] in "LN":
            folded += _folded(character)
            places.append(place)
        elif folded and not _MARKS[0] <= character <= _MARKS[1]:
            words.append(_Word(folded, (*places, place)))
            folded, places = "", []
    return tuple(words)


def _folded(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return (base if base.isascii() else character).lower()


def _spans(term: Term, text: str) -> Iterator[Hit]:
    """Where the words of a term stand in a row."""
    asked, words = [word.folded for word in _words(term.text)], _words(text)
    for start in range(len(words) - len(asked) + 1):
        row = words[start : start + len(asked)]
        if _are(asked, [word.folded for word in row], term.whole):
            yield row[0].places[0], row[-1].places[-1 if term.whole else len(asked[-1])]


def _are(asked: Sequence[str], row: Sequence[str], whole: bool) -> bool:
    last = row[-1] == asked[-1] if whole else row[-1].startswith(asked[-1])
    return last and row[:-1] == asked[:-1]
