"""Codex's rollouts, and the saved output of `codex exec --json`.

A rollout repeats running totals, so a call is what they grew by; the same totals again are a re-emit, whatever the
line's own delta says. A forked or spawned thread starts with its parent's whole history, stamped anew: those counters
are recognised by the parent's sequence of totals where the parent's file is known, else by when they were stamped.
Nothing is compared across threads: two agents may honestly make equal calls.

A tier counts only where a thread's log tells it. `service_tier` of Codex's config.toml tells what is set now, not what
was when a call was made, and a guess of it would double the list price of a whole history.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Surroundings, listed
from tokenmon.dialects.codex_limits import limits_of
from tokenmon.dialects.codex_usage import Counts, counts_of, meant_by, model_of, tokens_of
from tokenmon.dialects.fields import Invalid
from tokenmon.events import MAX_COUNT, Event, Names, Parsed, Reject

NAME = "codex"
LINE_CAP = 64 * 1024 * 1024
REPLAY_MS = 5_000
"""A history is copied within this time of the thread's creation."""
BURST_MS = 1_000
"""Copied lines follow each other within this time."""
STANDARD_TIERS = ("", "default", "standard", "auto")

KINDS = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted", "token_usage_record"})
WANTED_KINDS = frozenset({b"session_meta", b"turn_context", b"event_msg", b"token_usage_record"})
WANTED_EVENTS = frozenset({b"token_count", b"token_usage_record", b"thread_settings_applied"})
_WANTED = (
    b'"token_count"',
    b'"turn_context"',
    b'"session_meta"',
    b'"token_usage_record"',
    b'"thread_settings_applied"',
    b'"turn.completed"',
    b'"thread.started"',
)
_UNWANTED = re.compile(
    rb'\{(?:"timestamp":"[^"]{1,40}",|"ordinal":\d{1,18},)*"type":"'
    rb'(?:(?!%b")\w{1,40}","payload":\{|event_msg","payload":\{"type":"(?!%b")\w{1,40}")'
    % (b'"|'.join(sorted(WANTED_KINDS)), b'"|'.join(sorted(WANTED_EVENTS)))
).match
_ROLLOUT = re.compile(r"rollout-.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[^/]*\Z")


class State(msgspec.Struct, gc=False):
    """What a reader must know to go on in the middle of a file."""

    met: bool = False
    """The thread's own `session_meta` was seen; later ones are its ancestors'."""
    thread: str = ""
    project: str = ""
    model: str = ""
    """As the last turn named it."""
    tier: str = ""
    totals: Counts | None = None
    """The thread's running totals so far."""
    index: int = 0
    """Calls counted in this thread."""
    family: str = ""
    """Which of two kinds of lines tells the calls; the other repeats them."""
    repeated: str = ""
    """Hash of the last counter without totals."""
    parents: list[str] = []
    """Threads whose history may be copied here."""
    created: int | None = None
    """When the thread began, UTC milliseconds."""
    replaying: bool = False
    matched: int = 0
    """How many of the parent's counters were passed."""
    contexts: int = 0
    """Turns begun in this file, copied ones too."""
    copied_at: int | None = None
    """When the last copied counter was stamped, UTC milliseconds."""


_encode_state = msgspec.json.encode
_decode_state = msgspec.json.Decoder(State).decode


class CodexReader:
    """Reads one rollout or one saved exec stream."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        self._surroundings = surroundings
        self._at = _state(state)
        self._history: list[Counts] | None = None
        self._searched = False
        self._names: dict[tuple[str, ...], Names] = {}
        self._clean = fields.clean
        self._told: Any = None
        """The limits that were told last."""

    def state(self) -> bytes:
        """Where in the thread's story the reader is."""
        return _encode_state(self._at)

    def parse(self, line: bytes) -> Parsed:
        """The call that a line tells of, if any."""
        if not any(word in line for word in _WANTED):
            return fields.without_usage(line)
        try:
            return self._read(fields.record_of(line), line)
        except Invalid as reason:
            return Reject(str(reason))

    def _read(self, record: Record, line: bytes) -> Parsed:
        kind, payload = record.get("type"), fields.mapping(record.get("payload"))
        if kind == "event_msg":
            kind = payload.get("type")
            if kind == "token_count":
                return self._with_limits(self._counter(record, payload, line), record, payload)
        if kind == "token_usage_record":
            return self._usage_record(record, payload)
        if kind == "turn.completed":
            return self._exec_turn(record)
        if kind == "session_meta":
            self._meet(record, payload)
        elif kind == "turn_context":
            self._turn(payload)
        elif kind == "thread_settings_applied":
            self._settings(payload)
        elif kind == "thread.started":
            self._at.thread = self._text(record.get("thread_id")) or self._at.thread
        return None

    # -- what the thread is

    def _meet(self, record: Record, meta: Mapping[str, Any]) -> None:
        at = self._at
        if at.met:
            return
        at.met = True
        at.thread = self._text(meta.get("id")) or self._text(meta.get("session_id"))
        at.project = self._text(meta.get("cwd"))
        at.parents = [self._text(parent) for parent in _parents(meta)]
        at.replaying = bool(at.parents)
        for value in (meta.get("timestamp"), record.get("timestamp")):
            if at.created is None:
                at.created = fields.harmless_moment(value)

    def _turn(self, context: Mapping[str, Any]) -> None:
        at = self._at
        at.contexts += 1
        at.model = self._text(model_of(context)) or at.model
        at.project = at.project or self._text(context.get("cwd"))
        self._tier(context)

    def _settings(self, payload: Mapping[str, Any]) -> None:
        settings = fields.mapping(payload.get("thread_settings")) or payload
        self._at.model = self._at.model or self._text(model_of(settings))
        self._tier(settings)

    def _tier(self, settings: Mapping[str, Any]) -> None:
        if "service_tier" in settings:
            tier = self._text(settings["service_tier"])
            self._at.tier = "" if tier in STANDARD_TIERS else tier

    def _text(self, value: Any) -> str:
        """A name for the state, harmless; empty where it is no text."""
        return self._clean(fields.harmless_string(value))

    # -- calls

    def _counter(self, record: Record, payload: Mapping[str, Any], line: bytes) -> Event | None:
        at, info = self._at, fields.mapping(payload.get("info"))
        totals = counts_of(info.get("total_token_usage"), "total_token_usage")
        last = counts_of(info.get("last_token_usage"), "last_token_usage", MAX_COUNT)
        if (totals is None and last is None) or (totals is not None and totals == at.totals):
            return None
        if not self._tells_calls("token_count"):
            return None
        ts = _instant(record)
        if at.replaying and self._is_copy(totals, ts):
            at.totals = totals or at.totals
            return None
        if totals is None and self._repeats(line):
            return None
        before, at.totals = at.totals, totals or at.totals
        return self._event(ts, last or (totals or Counts()).since(before), model_of(payload))

    def _with_limits(self, call: Event | None, record: Record, payload: Mapping[str, Any]) -> Parsed:
        """A counter's call, and the limits that are told beside it.

        Most counters tell the same again, which is no news; those in a copied history are of long ago.
        """
        told = payload.get("rate_limits")
        if told is None or told == self._told or self._at.replaying:
            return call
        ts = call.ts if call is not None else fields.harmless_moment(record.get("timestamp"))
        if ts is None:
            return call
        self._told = told
        limits = tuple(limits_of(told, ts, NAME, self._clean))
        if not limits:
            return call
        return limits if call is None else (call, *limits)

    def _usage_record(self, record: Record, payload: Mapping[str, Any]) -> Event | None:
        used = counts_of(payload.get("usage"), "usage", MAX_COUNT)
        if used is None or not self._tells_calls("token_usage_record"):
            return None
        ts = _instant(record)
        if self._at.replaying and self._is_copy(used, ts):
            return None
        return self._event(ts, used, model_of(payload))

    def _exec_turn(self, record: Record) -> Event | None:
        used = counts_of(record.get("usage"), "usage", MAX_COUNT)
        if used is None:
            return None
        holders = (record, *(fields.mapping(record.get(field)) for field in ("data", "result", "response")))
        ts = fields.harmless_moment(record.get("timestamp"))
        if ts is None:
            ts = self._surroundings.mtime_ms
            if not fields.EARLIEST <= ts < fields.LATEST:
                raise Invalid("timestamp is missing")
        self._at.model = self._text(next(filter(None, map(model_of, holders)), "")) or self._at.model
        return self._event(ts, used, "", counted=False)

    def _event(self, ts: int, used: Counts, model: str, *, counted: bool = True) -> Event | None:
        """The event of a call; `counted` where the thread and the place in it identify the call."""
        at = self._at
        model, asked_for, assumed = meant_by(model or at.model, ts)
        tokens = tokens_of(used, model)
        if used.is_nothing:
            return None
        thread = self._thread()
        event = Event(
            ts=ts,
            names=self._names_of(model, asked_for),
            input=tokens.input,
            output=tokens.output,
            cache_read=tokens.cache_read,
            cache_write_5m=tokens.cache_write,
            reasoning=tokens.reasoning,
            id=f"{thread}:{at.index}" if counted and thread else "",
            session=thread,
            assumed=assumed,
        )
        at.index += counted
        return event

    def _names_of(self, model: str, asked_for: str) -> Names:
        raw = (model, asked_for, self._at.project, self._at.tier)
        names = self._names.get(raw)
        if names is None:
            if len(self._names) >= fields.CACHED:
                self._names.clear()
            names = self._names[raw] = Names(
                dialect=NAME,
                integration=NAME,
                provider="openai",
                model=self._clean(model),
                requested_model=asked_for,
                source_class="agent",
                project=self._at.project,
                tier=self._at.tier,
            )
        return names

    def _thread(self) -> str:
        if not self._at.thread:
            found = _ROLLOUT.search(self._surroundings.path)
            return found[1] if found else ""
        return self._at.thread

    def _tells_calls(self, family: str) -> bool:
        """Whether this kind of line tells the calls of this file: the kind that came first does."""
        self._at.family = self._at.family or family
        return self._at.family == family

    def _repeats(self, line: bytes) -> bool:
        digest = blake2b(line.strip(), digest_size=8).hexdigest()
        same, self._at.repeated = digest == self._at.repeated, digest
        return same

    # -- copied history

    def _is_copy(self, counts: Counts | None, ts: int) -> bool:
        """Whether a counter is the parent's; the first that is not ends the copied history."""
        at = self._at
        history = self._parents_history()
        if history is None or counts is None:
            at.replaying = self._is_stamped_as_copy(ts)
        else:
            early = at.created is not None and ts - at.created <= REPLAY_MS
            place = _find(history, counts, at.matched, at.matched + 1 if not early else len(history))
            beyond = place is None and at.matched >= len(history)  # which may be all that was copied so far
            at.replaying = place is not None or (beyond and self._is_stamped_as_copy(ts))
            at.matched = at.matched if place is None else place + 1
        if at.replaying:
            at.copied_at = ts
        else:
            self._history = None
        return at.replaying

    def _is_stamped_as_copy(self, ts: int) -> bool:
        """Without the parent: stamped just after the creation and before the second turn, or in one burst with it."""
        at = self._at
        if at.created is None or ts - at.created > REPLAY_MS:
            return False
        return at.contexts < 2 or (at.copied_at is not None and ts - at.copied_at <= BURST_MS)

    def _parents_history(self) -> list[Counts] | None:
        if not self._searched:
            self._searched = True
            for parent in self._at.parents:
                lines = self._surroundings.lines_of(parent)
                if lines is not None:
                    self._history = _history(lines, self._at.family)
                    break
        return self._history


def _state(state: bytes) -> State:
    try:
        return _decode_state(state) if state else State()
    except fields.BROKEN:
        return State()


def _find(history: list[Counts], counts: Counts, start: int, end: int) -> int | None:
    try:
        return history.index(counts, start, end)
    except ValueError:
        return None


def _history(lines: Any, family: str) -> list[Counts]:
    """The sequence of a thread's counters, as a copy of it would repeat them."""
    history: list[Counts] = []
    word = b'"' + family.encode() + b'"'
    for line in lines:
        if word not in line:
            continue
        try:
            counts = _counter_of(fields.record_of(line), family)
        except Invalid:
            continue
        if counts is not None and (family != "token_count" or not history or history[-1] != counts):
            history.append(counts)
    return history


def _counter_of(record: Record, family: str) -> Counts | None:
    payload = fields.mapping(record.get("payload"))
    if family not in (record.get("type"), payload.get("type")):
        return None
    if family == "token_count":
        return counts_of(fields.mapping(payload.get("info")).get("total_token_usage"), "total_token_usage")
    return counts_of(payload.get("usage"), "usage")


def _parents(meta: Mapping[str, Any]) -> list[str]:
    subagent = fields.mapping(fields.mapping(meta.get("source")).get("subagent"))
    spawned_by = fields.mapping(subagent.get("thread_spawn")).get("parent_thread_id")
    found = (meta.get("forked_from_id"), meta.get("parent_thread_id"), spawned_by)
    return list(dict.fromkeys(parent for parent in found if isinstance(parent, str) and parent.strip()))


def _instant(record: Record) -> int:
    return fields.milliseconds(fields.moment(record.get("timestamp"), "timestamp"), "timestamp")


# -- what the dialect is


def carries_nothing(line: bytes, start: int, end: int) -> bool:
    """Whether the head, in the order in which Codex writes it, names a kind of line that never carries usage."""
    return _UNWANTED(line, start, end) is not None


def matches(record: Record) -> bool:
    """A line of a rollout, or of an exec stream."""
    kind = record.get("type")
    if not isinstance(kind, str):
        return False
    if "payload" in record:
        return kind in KINDS or ("timestamp" in record and isinstance(record["payload"], dict))
    if kind == "thread.started":
        return "thread_id" in record
    if kind in ("turn.started", "turn.failed"):
        return True
    return (kind == "turn.completed" and "usage" in record) or (kind.startswith("item.") and "item" in record)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`CODEX_HOME` (several, comma between them; a bare directory of rollouts too), else `~/.codex`."""
    configured = listed(environment, "CODEX_HOME")
    found: list[Place] = []
    for root in configured or [home / ".codex"]:
        within = [root / "sessions", root / "archived_sessions"]
        bare = configured and root.is_dir() and not any(path.is_dir() for path in within)
        found += [Place(path, "Codex") for path in ([root] if bare else within)]
    return tuple(found)


CODEX = Dialect(
    name=NAME, matches=matches, reader=CodexReader, line_cap=LINE_CAP, carries_nothing=carries_nothing, places=places
)
