"""An event is one billed model call, in the shape everything above the dialects shares.

Token counts are disjoint, so totals are sums; `None` means that the producer does not report the count, which is
not 0. Money is integer nano-USD, time integer UTC milliseconds. An event is a value: dialects make them, nobody
changes them.
"""

from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

NANO = 1_000_000_000
"""Nano-USD in a dollar."""

MAX_COUNT = 10**10
"""Largest token count that is believed; above it the line is invalid, so that sums never overflow."""

MAX_COST = 2_000 * NANO
"""Largest cost of one call that is believed, more than any takes: a million of them overflow no sum, nor four times."""

SourceClass = Literal["", "apikey", "web", "legacy", "agent"]


class Names(NamedTuple):
    """Everything about a call that is text and repeats; one distinct combination is one row of `series`.

    Empty means that the log does not say. Every value went through `text.name`.
    """

    host: str = ""
    """The machine whose log it is."""
    dialect: str = ""
    """Which dialect read the line."""
    integration: str = ""
    """The script, gateway or agent that made the call."""
    provider: str = ""
    """Who bills it: anthropic, openai, google, ..."""
    model: str = ""
    """The model as logged."""
    requested_model: str = ""
    """The model that was asked for, where it differs."""
    account: str = ""
    key_id: str = ""
    """Identifier or fingerprint of the API key, never the secret."""
    key_name: str = ""
    """What the key was called when the call was made."""
    user: str = ""
    source_class: str = ""
    """apikey, web, legacy or agent; empty is unattributed."""
    project: str = ""
    tier: str = ""
    """Whatever changes the price besides the tokens: standard is empty; batch, flex, priority, fast."""
    endpoint: str = ""


NAMES: tuple[str, ...] = Names._fields
"""The one list of names: columns of `series`, its full-text index and its triggers are made from it."""


class Basis:
    """How good a measurement is (unified-token-telemetry's `measurement_basis`)."""

    EXACT = "exact"
    AGGREGATE = "provider_aggregate"
    ESTIMATE = "derived_estimate"


class Flag:
    """Bits of `series.flags`: what every event of a series has in common besides its names."""

    CACHE_READ = 1
    """Cache reads are reported, so that 0 means 0."""
    CACHE_WRITE_5M = 2
    CACHE_WRITE_1H = 4
    REASONING = 8
    LOGGED = 16
    """The producer wrote a cost."""
    LISTED = 32
    """A list price is known."""
    ASSUMED = 64
    """The model is implied by the format, not named by the log."""
    STREAMED = 128
    UNSTREAMED = 256
    """Neither of the two: the log does not say."""
    AGGREGATE = 512
    ESTIMATE = 1024
    """Neither of the two: the measurement is exact."""
    DISAGREES = 2048
    """The line's own total is not the sum of its parts."""
    UNTIMED = 4096
    """The line has no time; its file's last modification stands in."""
    EMPTY = 8192
    """Not one token was used."""
    FUTURE = 16384
    """The line's time had not come yet when it was read."""
    ECHO = 32768
    """Telemetry tells it, under the id of a request that the producer's own log would know."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One billed model call as its line tells it.

    Fields by name, please, except on the hot paths of a dialect, where their order saves half of the time.
    """

    ts: int
    """When the call ended, UTC milliseconds."""
    names: Names
    """`host` is empty here; the ingester fills it in."""
    input: int
    """Uncached input tokens."""
    output: int
    """Billed output tokens, reasoning included."""
    cache_read: int | None = None
    cache_write_5m: int | None = None
    """Tokens written to a cache kept for five minutes, or for a time that the log does not tell."""
    cache_write_1h: int | None = None
    reasoning: int | None = None
    """Part of `output`; information only."""
    cost_logged: int | None = None
    """What the producer says that the call cost, nano-USD."""
    web_searches: int = 0
    """Web searches billed beside the tokens."""

    id: str = ""
    """The producer's id of the call; empty where there is none, and the line's place in its file counts instead."""
    attempt: str = ""
    """With `rewritten`: the second half of the id (Claude Code's request id)."""
    rewritten: bool = False
    """The producer writes one call several times, at different times and into different files."""
    replay: bool = False
    """With `rewritten`: a side chain's copy, or a span around the call; gives way to the same `id` that is none."""
    has_speed: bool = False
    """With `rewritten`: the line tells the speed, or the cache, and so wins over an equal one that does not."""

    session: str = ""
    request_id: str = ""
    """What `explain` and search accept for this call (stored as a hash; the text where `keeps_details`)."""
    keeps_details: bool = False
    """Store request id, error text and metadata; otherwise they are read from the file when asked for."""
    metadata: str = ""
    """Compacted JSON object of at most 4096 bytes, or empty."""
    status: int | None = None
    """HTTP status."""
    failed: bool = False
    """The call failed, whatever the status says."""
    error: str = ""
    """Error text, sanitised and clipped."""
    latency_ms: int | None = None
    ttft_ms: int | None = None
    """Time to first token."""
    streamed: bool | None = None
    assumed: bool = False
    """The log does not name the model; its format implies it."""
    basis: str = Basis.EXACT
    disagrees: bool = False
    """The line carries a total that is not the sum of its parts (counted, never used)."""
    untimed: bool = False
    """The line has no time; its file's last modification stands in."""
    running: bool = False
    """The counts are the running totals of `id`: only what they grew by since they were last seen is a call."""
    echo: bool = False
    """With `rewritten`: telemetry's account of a call; `request_id` is its identity, and it gives way to whatever else
    tells the same request."""

    @property
    def total(self) -> int:
        """All billed tokens."""
        return (
            self.input + self.output + (self.cache_read or 0) + (self.cache_write_5m or 0) + (self.cache_write_1h or 0)
        )

    @property
    def is_error(self) -> bool:
        """Status of 400 or more, a failure flag, or an error text."""
        return self.failed or bool(self.error) or (self.status is not None and self.status >= 400)


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A line that should have been an event and cannot be; the text itself is never kept."""

    reason: str
    """A sentence fragment that names the field, without any value from the line: `prompt_tokens is negative`."""


class Limit(msgspec.Struct, frozen=True, gc=False):
    """How much of an official allowance was used at a moment, in its provider's own words."""

    ts: int
    """When it was told, UTC milliseconds."""
    dialect: str
    """The dialect of the calls that use it up, whoever told it."""
    name: str
    """Which allowance, as its provider calls it: `primary`, `five_hour`, `seven_day`."""
    used: float
    """Percent of it."""
    minutes: int | None = None
    """How long its window is; None where that is not told."""
    resets_at: int | None = None
    """When it is whole again, UTC milliseconds."""
    plan: str = ""
    """The plan that it belongs to; empty where that is not told."""


Parsed = Event | Limit | tuple[Event | Limit | Reject, ...] | Reject | None
"""What a line turns out to be: a call, news of a limit, several of them, an invalid line, or nothing of the kind.

A document, or a batch, may hold what is invalid among what is not.
"""


# -- identity

_ATTEMPT_BITS = 16
_number = int.from_bytes


def identity_of_id(names: Names, call_id: str) -> int:
    """Signed 64-bit hash of a call that its producer gave an id; with the event's time it is the identity."""
    scope = f"{names.dialect}\0{names.integration}\0{names.provider}\0{call_id}"
    return _number(blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def identity_of_place(lineage: int, offset: int, line: bytes) -> int:
    """Signed 64-bit hash of a call without an id: where its line stands in the file and all copies of it."""
    place = b"%d\0%d\0%b" % (lineage, offset, line)
    return _number(blake2b(place, digest_size=8).digest(), "big", signed=True)


def identity_of_totals(dialect: str, call_id: str, totals: tuple[int, ...]) -> int:
    """Signed 64-bit hash of the call that brought the running totals of an id to these."""
    reached = f"{dialect}\0{call_id}\0{totals}"
    return _number(blake2b(reached.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def identity_of_rewritten(names: Names, call_id: str, attempt: str) -> int:
    """Signed 64-bit hash unique by itself: 48 bits of the call's id, then 16 of the attempt.

    So one range of the index holds all attempts at a call, which is how a side chain's replay is found
    (formats.md 1). 48 bits keep two unrelated ids apart among tens of millions.
    """
    scope = f"{names.dialect}\0{call_id}"
    call = blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    tail = blake2b(attempt.encode("utf-8", "surrogatepass"), digest_size=2).digest() if attempt else b"\0\0"
    return _number(call + tail, "big", signed=True)


def attempts_of(identity: int) -> tuple[int, int]:
    """The inclusive range of identities that share the call's id with `identity`."""
    first = identity >> _ATTEMPT_BITS << _ATTEMPT_BITS
    return first, first + (1 << _ATTEMPT_BITS) - 1
