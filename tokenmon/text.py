"""Text from a log is untrusted: it is made harmless once before it is stored and again before it is shown.

Harmless means: no control character, no escape sequence, no bidirectional override, no invisible character,
at most three combining marks in a row, and a bounded length. What was dropped shows as U+FFFD, so that nobody
mistakes a cleaned name for the real one.
"""

import hashlib
import re
import unicodedata

NAME_BYTES = 256
"""Longest name that is stored, in UTF-8 bytes (onWatch's limit, so its files work unchanged)."""

SECRET_LENGTH = 19
"""Nothing shorter looks like a secret, characters."""

_PLAIN = re.compile(r"[\x20-\x7e]*\Z").match

_WORDS = (
    ("sk-", r"[A-Za-z0-9_\-]{16,}"),  # OpenAI, Anthropic, OpenRouter, Stripe style
    ("pk-", r"[A-Za-z0-9_\-]{16,}"),
    ("rk-", r"[A-Za-z0-9_\-]{16,}"),
    ("AIza", r"[0-9A-Za-z_\-]{30,}"),  # Google
    ("gh[pousr]_", r"\w{20,}"),  # GitHub
    ("github_pat_", r"\w{20,}"),
    ("gsk_", r"[A-Za-z0-9]{20,}"),  # Groq
    ("xai-", r"[A-Za-z0-9]{20,}"),
    ("hf_", r"[A-Za-z0-9]{20,}"),
    ("AKIA", r"[0-9A-Z]{16}\b"),  # AWS
    ("eyJ", r"[\w\-]{10,}\.[\w\-]{10,}(?:\.[\w\-]*)?"),  # JWT, also one that was cut
    ("Bearer", r"\s+[\w\-.=]{16,}"),
)
"""How a secret begins, and what follows."""


def _looking_like(begin: str, rest: str) -> str:
    """A pattern for a secret at the start of a word; also after a JSON escape, whose last letter is no part of it.

    It starts with a letter and looks back from there for the start of the word, so that the search can leap from one
    possible first letter to the next: half the time of a leading \\b.
    """
    before = (rf"(?<!\w{begin})", rf"(?<=\\[bfnrt]{begin})", rf"(?<=\\u[0-9A-Fa-f]{{4}}{begin})")
    return f"{begin}(?:{'|'.join(before)}){rest}"


_SECRET = re.compile("|".join(_looking_like(*words) for words in _WORDS))


def sanitise(text: str) -> str:
    """`text` without anything a terminal would obey; printable ASCII comes back as the same object."""
    if _PLAIN(text):
        return text
    cleaned: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category[0] == "M":
            marks += 1
            if marks > 3:
                continue
        else:
            marks = 0
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
            cleaned.append("\N{REPLACEMENT CHARACTER}")
        else:
            cleaned.append(character)
    return "".join(cleaned)


def clip(text: str, length: int) -> str:
    """At most `length` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def hide_secrets(text: str) -> str:
    """`text` with everything that looks like a secret replaced by a short fingerprint of it."""
    if _SECRET.search(text) is None:
        return text
    return _SECRET.sub(lambda match: fingerprint(match.group()), text)


def fingerprint(secret: str) -> str:
    """A stable stand-in for a secret, from which it cannot be found again: `key-` and 8 hex digits."""
    return "key-" + hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def name(text: str) -> str:
    """A name as it is stored: trimmed, harmless, without secrets; longer ones are cut to `NAME_BYTES`."""
    text = text.strip()
    if _PLAIN(text) is None:
        text = sanitise(text)
    if len(text) >= SECRET_LENGTH:
        text = hide_secrets(text)
        if len(text) > NAME_BYTES // 4 and len(text.encode()) > NAME_BYTES:
            text = text.encode()[:NAME_BYTES].decode("utf-8", "ignore")
    return text
