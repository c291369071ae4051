"""Codex's counts: inclusive totals that run on, of which an event keeps the disjoint parts of one call."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from tokenmon.dialects import fields
from tokenmon.events import MAX_COUNT

ASSUMED_MODEL = "gpt-5"
"""What Codex used before it named its model."""

AUTO_REVIEW = "codex-auto-review"
AUTO_REVIEW_MODELS = (
    (date(2026, 4, 23), "gpt-5.5"),
    (date(2026, 3, 5), "gpt-5.4"),
    (date(2026, 2, 5), "gpt-5.3-codex"),
    (date(2025, 12, 11), "gpt-5.2-codex"),
    (date(2025, 11, 13), "gpt-5.1-codex"),
    (date(2025, 9, 15), "gpt-5-codex"),
)
"""Which model the alias meant from when on, newest first; before them all the assumed one (ccusage's table)."""

MAX_TOTAL = 10**15
"""Largest running total of a thread that is believed."""

_VERSION = re.compile(r"(?:^|/)gpt-(\d{1,4})(?:\.(\d{1,4}))?")
_BILLS_WRITES = (5, 6)


class Counts(NamedTuple):
    """What Codex writes about one call or about a thread so far; input includes the cache, output the reasoning."""

    input: int | None = None
    cached: int | None = None
    written: int | None = None
    output: int | None = None
    reasoning: int | None = None
    total: int | None = None

    def since(self, before: "Counts | None") -> "Counts":
        """What was added; all of it where the totals fell, because they started anew."""
        if before is None:
            return self
        parts = [None if now is None else now - (then or 0) for now, then in zip(self, before, strict=True)]
        if any(part is not None and part < 0 for part in parts):
            return self
        return Counts(*parts)

    def check_growth(self) -> None:
        """Invalid where one call cannot have been this large."""
        if max(filter(None, self[:5]), default=0) > MAX_COUNT:
            raise fields.Invalid(f"total_token_usage grew by more than {MAX_COUNT}")

    @property
    def is_nothing(self) -> bool:
        """No call was billed."""
        return not any(self[:5])


class Tokens(NamedTuple):
    """The disjoint counts of an event."""

    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None


_ALIASES = (
    ("input_tokens", "prompt_tokens"),
    ("cached_input_tokens", "cache_read_input_tokens", "cached_tokens"),
    ("cache_write_input_tokens",),
    ("output_tokens", "completion_tokens"),
    ("reasoning_output_tokens",),
    ("total_tokens",),
)
_PLAIN = tuple(aliases[0] for aliases in _ALIASES)


def counts_of(usage: Any, field: str, most: int = MAX_TOTAL) -> Counts | None:
    """The counts of a usage object; None where there is none or where it holds no recognised number."""
    if not isinstance(usage, dict):
        return None
    given, cached, written, output, reasoning, total = plain = Counts(*map(usage.get, _PLAIN))
    if (  # spelled out: this passes nearly every line
        type(given) is type(cached) is type(output) is int
        and 0 <= given <= most
        and 0 <= cached <= most
        and 0 <= output <= most
        and (written is None or (type(written) is int and 0 <= written <= most))
        and (reasoning is None or (type(reasoning) is int and 0 <= reasoning <= most))
        and (total is None or (type(total) is int and 0 <= total <= most))
    ):
        return plain
    return _careful(usage, field, most)


def _careful(usage: Mapping[str, Any], field: str, most: int) -> Counts | None:
    present = [next((alias for alias in aliases if usage.get(alias) is not None), aliases[0]) for aliases in _ALIASES]
    if not any(fields.is_number(usage.get(alias)) for alias in present):
        return None
    return Counts(*(fields.count(usage.get(alias), f"{field}.{alias}", most) for alias in present))


def tokens_of(counts: Counts, model: str) -> Tokens:
    """The disjoint counts. Writes are apart only for the models that bill them, and stay in the input elsewhere."""
    counts.check_growth()
    given = counts.input or 0
    cached = min(counts.cached or 0, given)
    billed = counts.written if counts.written is not None and bills_writes(model) else None
    written = min(billed or 0, given - cached)
    return Tokens(
        input=given - cached - written,
        output=counts.output or 0,
        cache_read=None if counts.cached is None else cached,
        cache_write=None if billed is None else written,
        reasoning=counts.reasoning,
    )


def bills_writes(model: str) -> bool:
    """Whether OpenAI bills cache writes of this model: gpt-5.6 and later."""
    found = _VERSION.search(model)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= _BILLS_WRITES


def model_of(record: Mapping[str, Any]) -> str:
    """The model that a record names, in any of the places that versions have used."""
    for holder in (record, record.get("metadata"), record.get("info")):
        if isinstance(holder, dict):
            for field in ("model", "model_name"):
                value = holder.get(field)
                if isinstance(value, str) and value.strip():
                    return value.strip()
    return ""


def meant_by(model: str, ts: int) -> tuple[str, str, bool]:
    """The model that was used, the one that was asked for where it differs, and whether the log leaves it open."""
    if not model:
        return ASSUMED_MODEL, "", True
    if model != AUTO_REVIEW:
        return model, "", False
    day = datetime.fromtimestamp(ts / 1000, UTC).date()
    meant = next((name for since, name in AUTO_REVIEW_MODELS if day >= since), ASSUMED_MODEL)
    return meant, AUTO_REVIEW, True
