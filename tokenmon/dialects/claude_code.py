"""Claude Code's transcripts.

One call is written as several lines, seconds apart, and copied into the files of side chains, forks and resumed
sessions; so every event is `rewritten` and its identity is the call's (`message.id` and `requestId`), never the
session's or the file's. The counts are Anthropic's own and disjoint already. Nearly all bytes are tool results in
`user` lines, which their head tells apart; nothing in a line but the counts and the time may cost us the line.

The desktop app's local agents keep transcripts of the same kind, and beside each an audit that repeats its calls
without their request ids: the transcript counts, the audit carries nothing. OpenClaude, made from Claude Code, writes
the same for models of any provider, which it does not name.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Surroundings, listed
from tokenmon.dialects.fields import EARLIEST, LATEST, Count, Dollars, Invalid, Moment
from tokenmon.events import NANO, Basis, Event, Names, Parsed, Reject
from tokenmon.text import sanitise

NAME = "claude-code"
LINE_CAP = 64 * 1024 * 1024
"""Usage follows megabytes of content, bytes."""
HEAD = 1024
"""How far into a line its head reaches at most, bytes."""
SYNTHETIC = "<synthetic>"
"""Model of the messages that Claude Code made up itself."""
AUDITED = "_audit_timestamp"
"""What every line of the desktop app's audit has, and no line of a transcript."""
OPENCLAUDE = "openclaude"
"""A name that begins its directory with a dot."""
CLAUDES = "claude-"
"""How the names of Anthropic's models begin."""
STANDARD_TIERS = ("", "standard", "default", "auto")


class Split(msgspec.Struct, gc=False):
    """Cache writes by how long they are kept."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class ServerTools(msgspec.Struct, gc=False):
    """Tools that Anthropic ran, billed beside the tokens."""

    web_search_requests: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """What part of the output was what."""

    thinking_tokens: Count | None = None


class Counts(msgspec.Struct, gc=False):
    """Anthropic's counts of one call, exclusive of each other."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation: Split | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None


class Iteration(Counts, gc=False):
    """One round within a call; an advisor's round is a call of its own."""

    type: str | None = None
    model: str | None = None


class Usage(Counts, gc=False):
    """The usage object of a message."""

    iterations: list[Iteration] | None = None


class Message(msgspec.Struct, gc=False):
    """Anthropic's message, without its content."""

    id: str | None = None
    model: str | None = None
    usage: Usage | None = None


class Progress(msgspec.Struct, gc=False):
    """What an old `progress` line carries: a whole line of a side chain."""

    message: "Line | None" = None


class Line(msgspec.Struct, gc=False):
    """One line of a transcript, without its content."""

    type: str | None = None
    timestamp: Moment | None = None
    sessionId: str | None = None
    requestId: str | None = None
    uuid: str | None = None
    cwd: str | None = None
    isSidechain: bool | None = None
    costUSD: Dollars | None = None
    message: Message | None = None
    data: Progress | None = None
    audited: str | None = msgspec.field(default=None, name=AUDITED)


_decode = msgspec.json.Decoder(Line).decode
_COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_TEXTS = ("type", "sessionId", "requestId", "uuid", "cwd")
_DESKTOP = "Claude/local-agent-mode-sessions"


class ClaudeReader:
    """Reads one transcript; keeps nothing between lines but what it has cleaned already."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        self._names: dict[tuple[str | None, str | None, str], Names] = {}
        self._clean = fields.clean
        self._is_open = f".{OPENCLAUDE}" in PurePath(surroundings.path).parts

    def state(self) -> bytes:
        """Nothing: every line stands for itself."""
        return b""

    def parse(self, line: bytes) -> Parsed:
        """The calls of a line: usually one, with an advisor more, none where it carries no usage."""
        if b'"usage"' not in line:
            return fields.without_usage(line)
        try:
            try:
                decoded = _decode(line)
            except fields.BROKEN:
                decoded = _line(fields.record_of(line))
            return self._events(decoded)
        except Invalid as reason:
            return Reject(str(reason))

    def _events(self, line: Line) -> Parsed:
        if line.audited is not None:
            return None
        if line.type == "progress":
            if line.data is None or line.data.message is None:
                return None
            line = _within(line, line.data.message)
        message = line.message
        if message is None or message.usage is None or line.type not in ("assistant", None):
            return None
        main = self._event(line, message)
        if not message.usage.iterations:
            return main
        advice = tuple(self._advice(line, message, message.usage.iterations))
        if not advice:
            return main
        return advice if main is None else (main, *advice)

    def _event(self, line: Line, message: Message) -> Event | None:
        usage = message.usage
        assert usage is not None
        if not _has_counts(usage) or (message.model == SYNTHETIC and not _tokens(usage)):
            return None
        cost = None if line.costUSD is None else round(line.costUSD * NANO)
        call, attempt = message.id or _own_id(line), (line.requestId or "") if message.id else ""
        return self._made(line, message.model, usage, call, attempt, cost)

    def _advice(self, line: Line, message: Message, iterations: list[Iteration]) -> Iterator[Event]:
        """A second model's calls, whose tokens are not in the message's own numbers."""
        advisors = (iteration for iteration in iterations if iteration.type == "advisor_message")
        for index, advisor in enumerate(advisors):
            if _has_counts(advisor):
                call = f"{message.id or _own_id(line)}:advisor:{index}"
                yield self._made(line, advisor.model, advisor, call, line.requestId or "", None)

    def _made(self, line: Line, model: str | None, usage: Counts, call: str, attempt: str, cost: int | None) -> Event:
        if line.timestamp is None:
            raise Invalid("timestamp is missing")
        ts = int(line.timestamp.timestamp() * 1000 + 0.5)
        if not EARLIEST <= ts < LATEST:
            raise Invalid(fields.OUT_OF_TIME.format("timestamp"))
        write_5m, write_1h = _writes(usage)
        raw = (model, line.cwd, _tier(usage))
        return Event(
            ts,
            self._names.get(raw) or self._new_names(raw),
            usage.input_tokens or 0,
            usage.output_tokens or 0,
            usage.cache_read_input_tokens,
            write_5m,
            write_1h,
            None if usage.output_tokens_details is None else usage.output_tokens_details.thinking_tokens,
            cost,
            0 if usage.server_tool_use is None else usage.server_tool_use.web_search_requests or 0,
            call,
            attempt,
            bool(call),  # rewritten
            bool(line.isSidechain),  # replay
            usage.speed is not None,
            self._clean(line.sessionId),
            _request_id(line.requestId),
            False,  # keeps_details
            "",  # metadata
            None,  # status
            False,  # failed
            "",  # error
            None,  # latency_ms
            None,  # ttft_ms
            None,  # streamed
            False,  # assumed
            Basis.EXACT,
        )

    def _new_names(self, raw: tuple[str | None, str | None, str]) -> Names:
        model, project, tier = raw
        if len(self._names) >= fields.CACHED:
            self._names.clear()
        names = self._names[raw] = Names(
            dialect=NAME,
            integration=OPENCLAUDE if self._is_open else NAME,
            provider="" if self._is_open and not (model or "").startswith(CLAUDES) else "anthropic",
            model=self._clean(model),
            source_class="agent",
            project=self._clean(project),
            tier=self._clean(tier),
        )
        return names


def _within(outer: Line, inner: Line) -> Line:
    """The line of a side chain that a `progress` line carries, completed by what only that one says."""
    inner.timestamp = inner.timestamp or outer.timestamp
    inner.sessionId = inner.sessionId or outer.sessionId
    inner.cwd = inner.cwd or outer.cwd
    inner.uuid = inner.uuid or outer.uuid
    return inner


def _request_id(raw: str | None) -> str:
    if not raw:
        return ""
    return raw if raw.isascii() and raw.isprintable() else sanitise(raw)


def _own_id(line: Line) -> str:
    return f"{line.sessionId or ''}:{line.uuid}" if line.uuid else ""


def _has_counts(usage: Counts) -> bool:
    """Whether there is one recognised number; 0 is one."""
    return (
        usage.input_tokens is not None
        or usage.output_tokens is not None
        or usage.cache_read_input_tokens is not None
        or usage.cache_creation_input_tokens is not None
        or (usage.cache_creation is not None and _writes(usage) != (None, None))
    )


def _tokens(usage: Counts) -> int:
    writes = _writes(usage)
    return (
        (usage.input_tokens or 0)
        + (usage.output_tokens or 0)
        + (usage.cache_read_input_tokens or 0)
        + (writes[0] or 0)
        + (writes[1] or 0)
    )


def _writes(usage: Counts) -> tuple[int | None, int | None]:
    """Cache writes kept for five minutes and for an hour; what the split leaves out of the flat sum is the former."""
    flat, split = usage.cache_creation_input_tokens, usage.cache_creation
    if split is None:
        return flat, None
    write_5m, write_1h = split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens
    rest = (flat or 0) - (write_5m or 0) - (write_1h or 0)
    if rest > 0:
        return (write_5m or 0) + rest, write_1h
    return write_5m if write_5m is not None or write_1h is not None else flat, write_1h


def _tier(usage: Counts) -> str:
    """What changes the price besides the tokens; fast is priced by itself, whatever the service tier."""
    speed, tier = usage.speed, usage.service_tier
    if speed == "fast":
        return "fast"
    return "" if tier is None or tier in STANDARD_TIERS else tier


# -- the careful path: the same line, field by field


def _line(record: Mapping[str, Any]) -> Line:
    known: dict[str, Any] = {field: fields.harmless_string(record.get(field)) for field in _TEXTS}
    if AUDITED in record:
        return Line(audited="")
    inner = fields.mapping(record.get("data")).get("message")
    if known["type"] == "progress":
        known["data"] = Progress(_line(inner)) if isinstance(inner, dict) else None
    elif known["type"] in ("assistant", None):
        known["message"] = _message(fields.mapping(record.get("message")))
    if known.get("data") is None and known.get("message") is None:
        return Line(**known)
    time = record.get("timestamp")
    return Line(
        timestamp=None if time is None else fields.moment(time, "timestamp"),
        isSidechain=record.get("isSidechain") is True,
        costUSD=_cost(record.get("costUSD")),
        **known,
    )


def _cost(value: Any) -> float | None:
    return fields.dollars(value, "costUSD") if fields.is_number(value) else None


def _message(record: Mapping[str, Any]) -> Message | None:
    """The message; None where it has no usage, so that nothing else of the line matters."""
    usage = fields.mapping(record.get("usage"))
    rounds = usage.get("iterations")
    advisors = [_iteration(each) for each in rounds if _is_advisor(each)] if isinstance(rounds, list) else []
    counts = _counts(usage)
    if not counts and not advisors:
        return None
    return Message(
        id=fields.harmless_string(record.get("id")),
        model=fields.harmless_string(record.get("model")),
        usage=Usage(iterations=advisors, **counts),
    )


def _is_advisor(iteration: Any) -> bool:
    return isinstance(iteration, dict) and iteration.get("type") == "advisor_message"


def _iteration(record: Mapping[str, Any]) -> Iteration:
    model = fields.harmless_string(record.get("model"))
    return Iteration(type="advisor_message", model=model, **_counts(record))


def _counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The counts that bill, of the right type; the rest where it can be used. None at all: no event."""
    split = fields.mapping(usage.get("cache_creation"))
    if not any(fields.is_number(value) for value in (*(usage.get(field) for field in _COUNTS), *split.values())):
        return {}
    counts: dict[str, Any] = {field: fields.count(usage.get(field), f"usage.{field}") for field in _COUNTS}
    details, tools = fields.mapping(usage.get("output_tokens_details")), fields.mapping(usage.get("server_tool_use"))
    return counts | {
        "cache_creation": Split(
            fields.count(split.get("ephemeral_5m_input_tokens"), "usage.cache_creation.ephemeral_5m_input_tokens"),
            fields.count(split.get("ephemeral_1h_input_tokens"), "usage.cache_creation.ephemeral_1h_input_tokens"),
        ),
        "output_tokens_details": OutputDetails(fields.harmless_count(details.get("thinking_tokens"))),
        "server_tool_use": ServerTools(fields.harmless_count(tools.get("web_search_requests"))),
        "service_tier": fields.harmless_string(usage.get("service_tier")),
        "speed": fields.harmless_string(usage.get("speed")),
    }


# -- what the dialect is


def carries_nothing(line: bytes, start: int, end: int) -> bool:
    """Whether the head says that a user wrote the line. Only top-level keys stand before the first `"message":`."""
    message = line.find(b'"message":', start, start + HEAD if end > start + HEAD else end)
    return message > 0 and line.find(b'"type":"user"', start, message) > 0


def matches(record: Record) -> bool:
    """A line of a transcript, with or without usage: a kind and a session, or a kind that is Claude Code's alone."""
    kind, message = record.get("type"), record.get("message")
    if not isinstance(kind, str) or "payload" in record or "usageMetadata" in record or "tokens" in record:
        return False
    if "systemPayload" in record or (isinstance(message, dict) and "parts" in message):
        return False
    if kind == "assistant":
        return isinstance(message, dict) and ("sessionId" in record or "usage" in message)
    return "sessionId" in record or "leafUuid" in record or kind == "file-history-snapshot" or AUDITED in record


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`CLAUDE_CONFIG_DIR` (comma between several) and `CLAUDE_CONFIG_DIRS` (colon or semicolon), else the two
    directories that versions have used; where the desktop app keeps its agents on macOS and on Linux; and OpenClaude's.
    """
    configured = listed(environment, "CLAUDE_CONFIG_DIR") + listed(environment, "CLAUDE_CONFIG_DIRS", ":;")
    roots = dict.fromkeys(configured or [home / ".claude", home / ".config" / "claude"])
    given = environment.get("XDG_CONFIG_HOME", "")
    own = Path(given) if given.startswith("/") else home / ".config"
    return (
        *(Place(root if root.name == "projects" else root / "projects", "Claude Code") for root in roots),
        *(Place(app / _DESKTOP, "Claude Desktop") for app in (home / "Library" / "Application Support", own)),
        Place(home / f".{OPENCLAUDE}" / "projects", "OpenClaude"),
    )


CLAUDE_CODE = Dialect(
    name=NAME, matches=matches, reader=ClaudeReader, line_cap=LINE_CAP, carries_nothing=carries_nothing, places=places
)
