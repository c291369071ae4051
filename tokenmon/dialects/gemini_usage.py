"""Gemini's counts, as several agents write them: which of them include others, their total tells.

The API's prompt includes the cache, and thoughts stand beside the output. Some that speak of another API in Gemini's
words count thoughts in the output, or the cache beside the prompt. Where no reading gives the total, the API's is
taken, and the event says that it disagrees.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tokenmon.dialects import fields


class Told(NamedTuple):
    """What a log tells of a call, or of all calls to a model."""

    prompt: int | None
    output: int | None
    cached: int | None
    thoughts: int | None
    tool: int | None
    """Prompts of tools."""
    total: int | None


class Tokens(NamedTuple):
    """The disjoint counts of an event."""

    input: int
    output: int
    cache_read: int | None
    reasoning: int | None
    disagrees: bool


def told(counts: Mapping[str, Any], keys: tuple[str, ...], within: str) -> Told:
    """The counts under these keys, in the order of `Told`; Invalid where one cannot be used."""
    return Told(*(fields.count(counts.get(key), f"{within}.{key}") for key in keys))


def tokens_of(counts: Told, within: str) -> Tokens | None:
    """The disjoint counts; None where nothing is told, Invalid where a sum is larger than a count may be."""
    if not any(count is not None for count in counts):
        return None
    prompt, output, cached, thoughts, tool, total = (count or 0 for count in counts)
    least = prompt + output + tool
    readings = [(least + thoughts, True, False), (least + thoughts + cached, True, True)]
    if thoughts <= output:
        readings += [(least, False, False), (least + cached, False, True)]
    _, beside, apart = next((reading for reading in readings if reading[0] == total), readings[0])
    billed_input = (prompt if apart else max(prompt - cached, 0)) + tool
    billed_output = output + thoughts if beside else output
    return Tokens(
        input=fields.count(billed_input, f"{within} of the input") or 0,
        output=fields.count(billed_output, f"{within} of the output") or 0,
        cache_read=counts.cached,
        reasoning=counts.thoughts,
        disagrees=total > 0 and billed_input + billed_output + cached != total,
    )
