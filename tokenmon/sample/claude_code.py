"""Claude Code transcripts with their habits: a call is written several times while it streams, sub-agents repeat
their parent's calls in files of their own, and most bytes are tool results that nobody is billed for.
"""

import json
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple
from uuid import UUID

from tokenmon.sample.generator import MINUTE, Stamps, torn
from tokenmon.sample.ledger import Book
from tokenmon.sample.logs import Logs

MODELS: tuple[str, ...] = ("claude-sonnet-4-5-20250929", "claude-opus-4-8", "claude-haiku-4-5-20251001")
PROJECTS: tuple[str, ...] = ("/home/dev/helpdesk", "/home/dev/monorepo", "/home/dev/weather-map")
VERSION = "2.1.14"

PAUSE = 90 * MINUTE
"""After so long without a call somebody starts a new session."""

CALLS_PER_SESSION = 45
SPAWNS = 0.12
"""Chance that a call makes a sub-agent."""

PROSE = (
    "The handler reads the whole file before it answers, which is why the first request after a restart is slow. "
    "I will stream it instead, keep the old behaviour behind the same function, and add a test with a large fixture. "
)
LISTING = "  142  def render(self, rows: Sequence[Row]) -> Iterator[str]:\n  143      for row in rows:\n"


@dataclass
class Thread:
    """A session's own transcript, or a sub-agent's beside it."""

    path: str
    session: str
    project: str
    agent: str
    """Empty for the session itself."""
    calls_left: int
    last: int
    """When it last wrote, UTC milliseconds."""
    context: int
    """Tokens that the next call reads from the cache."""
    recent: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    """The last usage lines: before the request id, the id, and after it."""


class Call(NamedTuple):
    """The numbers of one call."""

    model: str
    plain: int
    """Uncached input tokens."""
    context: int
    """Tokens read from the cache."""
    written: int
    """Tokens written to the cache, `kept_long` of them for an hour."""
    kept_long: int
    output: int
    thinking: int
    """Part of the output; 0: not reported."""


def _usage(call: Call) -> bytes:
    details = b',"output_tokens_details":{"thinking_tokens":%d}' % call.thinking if call.thinking else b""
    return (
        b'{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"cache_creation":'
        b'{"ephemeral_5m_input_tokens":%d,"ephemeral_1h_input_tokens":%d},"output_tokens":%d%s,"service_tier":"standard"}'
        % (call.plain, call.written, call.context, call.written - call.kept_long, call.kept_long, call.output, details)
    )


class ClaudeCode:
    """Writes transcripts of a few projects."""

    def __init__(self, random: Random, book: Book, logs: Logs) -> None:
        self._random = random
        self._book = book
        self._logs = logs
        self._stamp = Stamps()
        self._threads: dict[str, Thread] = {}
        """The newest session of each project."""
        self._agents: list[Thread] = []
        self._last: tuple[str, bytes] = ("", b"")

    def _id(self, prefix: str) -> bytes:
        return b"%s%020x" % (prefix.encode(), self._random.getrandbits(80))

    def call(self, at: int) -> None:
        """Write down one call, in a sub-agent if one is at work, else in a project's session."""
        self._agents = [agent for agent in self._agents if agent.calls_left and at - agent.last < PAUSE]
        if self._agents and self._random.random() < 0.6:
            self._write(self._agents[0], at)
            return
        thread = self._session(self._random.choices(PROJECTS, (5, 3, 2))[0], at)
        self._write(thread, at)
        if self._random.random() < SPAWNS:
            self._spawn(thread, at)

    def _session(self, project: str, at: int) -> Thread:
        thread = self._threads.get(project)
        if thread is None or not thread.calls_left or at - thread.last > PAUSE:
            session = str(UUID(int=self._random.getrandbits(128), version=4))
            slug = project.replace("/", "-")
            thread = Thread(
                path=f"claude-code/projects/{slug}/{session}.jsonl",
                session=session, project=project, agent="", calls_left=CALLS_PER_SESSION, last=at,
                context=9_000 + self._random.randrange(9_000),
            )  # fmt: skip
            self._threads[project] = thread
            summary = {"type": "summary", "summary": "Make the first request fast", "leafUuid": session[:8]}
            self._logs.append(thread.path, json.dumps(summary, separators=(",", ":")).encode() + b"\n")
            self._user(thread, at - 60_000, "Why is the first request after a restart slow?")
        return thread

    def _spawn(self, parent: Thread, at: int) -> None:
        """A sub-agent starts with copies of what its parent said last."""
        agent = f"{self._random.getrandbits(32):08x}"
        path = parent.path.removesuffix(".jsonl") + f"/subagents/agent-{agent}.jsonl"
        copy = Thread(path, parent.session, parent.project, agent, 2 + self._random.randrange(5), at, 4_000)
        for number, (before, request, after) in enumerate(parent.recent):
            before = before.replace(b'"isSidechain":false', b'"isSidechain":true,"agentId":"%s"' % agent.encode())
            # Some copies keep the request id, others come with a new one: both are replays.
            self._logs.append(path, before + self._request(self._id("req_") if number else request) + after)
        self._agents.append(copy)

    def _head(self, thread: Thread, kind: bytes) -> bytes:
        side = b'true,"agentId":"%s"' % thread.agent.encode() if thread.agent else b"false"
        return (
            b'{"parentUuid":"%s","isSidechain":%s,"userType":"external","cwd":"%s","sessionId":"%s","version":"%s",'
            b'"gitBranch":"main","type":"%s",'
            % (
                b"%08x" % self._random.getrandbits(32), side, thread.project.encode(), thread.session.encode(),
                VERSION.encode(), kind,
            )
        )  # fmt: skip

    def _request(self, request: bytes) -> bytes:
        return b'"requestId":"%s",' % request

    def _end(self, at: int) -> bytes:
        return b'"uuid":"%08x","timestamp":"%s"}\n' % (self._random.getrandbits(32), self._stamp(at))

    def _user(self, thread: Thread, at: int, content: object) -> None:
        message = b'"message":{"role":"user","content":%s},' % json.dumps(content, separators=(",", ":")).encode()
        self._logs.append(thread.path, self._head(thread, b"user") + message + self._end(at))

    def _tool_result(self, thread: Thread, at: int) -> None:
        """A user line with what a tool printed; it may well talk about usage."""
        chance = self._random.random()
        size = int(80 + 1_500 * chance**8)
        text = '{"usage":{"input_tokens":999999}}' if chance < 0.1 else (LISTING * (size // len(LISTING) + 1))[:size]
        self._user(thread, at, [{"type": "tool_result", "tool_use_id": "toolu_1", "content": text}])

    def _write(self, thread: Thread, at: int) -> None:
        """One call: its line, written again while it grows, and what its tool printed."""
        call = self._made_up(thread)
        self._book.of(call.model).add(
            call.plain, call.context, call.written - call.kept_long, call.kept_long, call.output, call.thinking
        )
        message, request = self._id("msg_"), self._id("req_")
        drafts = (self._random.random() < 0.45) + (self._random.random() < 0.15)
        for draft in range(drafts, -1, -1):
            shown = call._replace(output=9 - draft, thinking=0) if draft else call
            before = self._head(thread, b"assistant") + self._message(message, shown, draft > 0)
            after = self._end(at - draft * 1_700)
            self._last = (thread.path, before + self._request(request) + after)
            self._logs.append(*self._last)
        if not thread.agent:
            thread.recent = [*thread.recent[-1:], (before, request, after)]
        self._tool_result(thread, at)
        thread.context += call.written
        thread.calls_left -= 1
        thread.last = at

    def _made_up(self, thread: Thread) -> Call:
        chance = self._random.random
        written = 300 + int(5_000 * chance() ** 3)
        output = 40 + int(1_500 * chance() ** 2)
        kept_long = written if chance() < 0.4 else written // 3 if chance() < 0.2 else 0
        return Call(
            model=self._random.choices(MODELS, (1, 1, 8) if thread.agent else (6, 3, 1))[0],
            plain=2 + int(60 * chance()),
            context=thread.context,
            written=written,
            kept_long=0 if thread.agent else kept_long,
            output=output,
            thinking=output // 3 if chance() < 0.5 else 0,
        )

    def _message(self, message: bytes, call: Call, draft: bool) -> bytes:
        text = PROSE[: 30 if draft else 30 + int(90 * self._random.random())]
        return (
            b'"message":{"id":"%s","type":"message","role":"assistant","model":"%s","content":[{"type":"text",'
            b'"text":"%s"}],"stop_reason":%s,"usage":%s},'
            % (message, call.model.encode(), text.encode(), b"null" if draft else b'"tool_use"', _usage(call))
        )

    def bad(self, at: int) -> None:
        """Write a line that a crash cut short."""
        path, line = self._last
        self._book.bad += 1
        self._logs.append(path, torn(line, self._random))
