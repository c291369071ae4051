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

MOST_MARKS = 3
"""Combining marks in a row that are shown: more would reach into other lines."""

SECRET_LENGTH = 19
"""Nothing shorter looks like a secret, characters; what stands behind `:` or `=` may be one and be shorter."""

_PLAIN = re.compile(r"[\x20-\x7e]*\Z").match

is_harmless = re.compile(rf"[ -9;<>-~]{{0,{SECRET_LENGTH - 1}}}\Z").match
"""Whether there is nothing in a text to clean or to hide, as a look at its length and characters shows of most."""

_WORDS = (
    ("[spr]k-", r"[A-Za-z0-9_\-]{16,}"),  # OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse
    ("[spr]k_", r"(?:live|test)_[A-Za-z0-9]{16,}"),  # Stripe
    ("AIza", r"[0-9A-Za-z_\-]{30,}"),  # Google
    (r"ya29\.", r"[0-9A-Za-z_\-]{16,}"),
    ("gh[pousr]_", r"\w{20,}"),  # GitHub
    ("github_pat_", r"\w{20,}"),
    ("glpat-", r"[\w\-]{16,}"),  # GitLab
    ("gsk_", r"[A-Za-z0-9]{20,}"),  # Groq
    ("xai-", r"[A-Za-z0-9]{20,}"),
    ("hf_", r"[A-Za-z0-9]{20,}"),  # Hugging Face
    ("pplx-", r"[A-Za-z0-9]{20,}"),  # Perplexity
    ("nvapi-", r"[\w\-]{20,}"),  # NVIDIA
    ("r8_", r"[A-Za-z0-9]{20,}"),  # Replicate
    ("csk-", r"[A-Za-z0-9]{20,}"),  # Cerebras
    ("xox[abeprs]-", r"[\w\-]{16,}"),  # Slack
    ("A[KS]IA", r"[0-9A-Z]{16}\b"),  # AWS
    ("eyJ", r"[\w\-]{10,}\.[\w\-]{10,}(?:\.[\w\-]*)?"),  # JWT, also one that was cut
    ("[Bb]earer", r"\s+[\w\-.=+/~]{16,}"),
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

_CALLED = "api[-_]?key|(?:access|auth|refresh|session|security)[-_]?token|secret|password|passwd|authorization"

_GIVEN = re.compile(
    rf"""(?:
      (?P<url>://[^\s/?#@:"']{{0,64}}:) (?=[^\s/?\#@"']{{4,}}@)
    | (?P<parameter>[?&;][\w\-]{{0,32}}(?:key|token|secret|sig|signature|password)=)
    | (?P<field>(?:(?<![a-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{{4}}))
        (?:{_CALLED})\\?["']?\s*[=:]\s*\\?["']?(?:basic\s+)?)
    ) (?!key-[0-9a-f]{{8}}) (?:(?<=:)[^\s/?\#@"']{{4,}}(?=@) | [^\s"'\\&;,<>(){{}}\[\]\ufffd]{{8,}})""",
    re.IGNORECASE | re.VERBOSE,
)
"""What is a secret by where it stands: the password in a URL, a parameter of one, a field that is called so."""

_GIVEN_WORDS = ("key", "token", "secret", "passw", "authoriz", "sig=", "signature=")
"""In each of them but a URL with a password."""


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
            if marks > MOST_MARKS:
                continue
        else:
            marks = 0
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
            cleaned.append("\N{REPLACEMENT CHARACTER}")
        else:
            cleaned.append(character)
    return "".join(cleaned)


def many(count: int, noun: str) -> str:
    """A count and what it counts: `1 line`, `1,204 lines`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def clip(text: str, length: int) -> str:
    """At most `length` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def hide_secrets(text: str) -> str:
    """`text` with everything that looks like a secret replaced by a short fingerprint of it."""
    if _SECRET.search(text) is not None:
        text = _SECRET.sub(lambda match: fingerprint(match[0]), text)
    if _may_be_given(text):
        text = _GIVEN.sub(_hide_given, text)
    return text


def _may_be_given(text: str) -> bool:
    """Nearly no text is looked at any closer, which takes ten times as long."""
    if ":" not in text and "=" not in text:
        return False
    if "://" in text and "@" in text:
        return True
    return any(map(text.lower().__contains__, _GIVEN_WORDS))


def _hide_given(match: re.Match[str]) -> str:
    kept = match[match.lastindex or 0]
    return kept + fingerprint(match[0][len(kept) :])


def fingerprint(secret: str) -> str:
    """A stable stand-in for a secret, from which it cannot be found again: `key-` and 8 hex digits."""
    return "key-" + hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def name(text: str) -> str:
    """A name as it is stored: trimmed, harmless, without secrets; longer ones are cut to `NAME_BYTES`."""
    text = text.strip()
    if is_harmless(text):
        return text
    text = hide_secrets(sanitise(text))
    if len(text) > NAME_BYTES // 4 and len(text.encode()) > NAME_BYTES:
        text = text.encode()[:NAME_BYTES].decode("utf-8", "ignore")
    return text
