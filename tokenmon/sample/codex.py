"""Codex rollouts with their habits: running totals that are written again without a call, news of rate limits alone,
and forks whose file first repeats everything that the parent counted, re-stamped.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from tokenmon.sample.generator import MINUTE, Stamps, torn
from tokenmon.sample.ledger import Book
from tokenmon.sample.logs import Logs

MODELS: tuple[str, ...] = ("gpt-5.3-codex", "gpt-5.5")
PROJECTS: tuple[str, ...] = ("/home/dev/monorepo", "/home/dev/helpdesk")
VERSION = "0.142.0"

PAUSE = 100 * MINUTE
"""After so long without a call somebody starts a new thread."""

CALLS_PER_THREAD = 40
FORKS = 0.35
"""Chance that a new thread is a fork of the one before."""

Counts = tuple[int, int, int, int]
"""Input with cached tokens, cached tokens, output, reasoning."""


def _spelled(counts: Counts) -> bytes:
    return (
        b'{"input_tokens":%d,"cached_input_tokens":%d,"output_tokens":%d,"reasoning_output_tokens":%d,"total_tokens":%d}'
        % (*counts, counts[0] + counts[2])
    )


@dataclass
class Thread:
    """One rollout file."""

    path: str
    id: str
    project: str
    model: str
    calls_left: int
    last: int
    """When it last wrote, UTC milliseconds."""
    totals: Counts = (0, 0, 0, 0)
    counted: int = 0
    """Calls so far, a fork's parent's included."""
    lines: list[bytes] = field(default_factory=list)
    """What a fork repeats: all lines but messages, without their time."""


class Codex:
    """Writes rollouts of a few projects."""

    def __init__(self, random: Random, book: Book, logs: Logs) -> None:
        self._random = random
        self._book = book
        self._logs = logs
        self._stamp = Stamps()
        self._thread: Thread | None = None
        self._used = 4.0
        self._last: tuple[str, bytes] = ("", b"")

    def _line(self, thread: Thread, at: int, rest: bytes) -> None:
        thread.lines.append(rest)
        self._logs.append(thread.path, b'{"timestamp":"%s",%s}\n' % (self._stamp(at), rest))

    def _open(self, at: int) -> Thread:
        """A new thread, or a fork of the last one."""
        parent = self._thread
        random = self._random
        name = str(UUID(int=random.getrandbits(128), version=4))
        began = at - 20_000
        moment = datetime.fromtimestamp(began // 1_000, UTC)
        thread = Thread(
            path=f"codex/sessions/{moment:%Y/%m/%d}/rollout-{moment:%Y-%m-%dT%H-%M-%S}-{name}.jsonl",
            id=name, project=random.choices(PROJECTS, (3, 1))[0], model=random.choices(MODELS, (3, 1))[0],
            calls_left=CALLS_PER_THREAD, last=at,
        )  # fmt: skip
        forked = parent if parent is not None and parent.counted and random.random() < FORKS else None
        own = b',"forked_from_id":"%s"' % forked.id.encode() if forked else b""
        if forked:
            thread.project = forked.project
        meta = (
            b'"type":"session_meta","payload":{"id":"%s","timestamp":"%s","cwd":"%s","originator":"codex_cli_rs",'
            b'"cli_version":"%s"%s,"instructions":"You are a coding agent; answer briefly and run the tests."}'
            % (name.encode(), self._stamp(began), thread.project.encode(), VERSION.encode(), own)
        )
        context = b'"type":"turn_context","payload":{"cwd":"%s","model":"%s","effort":"high"}' % (
            thread.project.encode(), thread.model.encode(),
        )  # fmt: skip
        self._line(thread, began, meta)
        if forked:
            thread.totals, thread.counted = forked.totals, forked.counted
            for number, rest in enumerate(forked.lines):
                self._line(thread, began + number, rest)
        self._line(thread, began + 9_000, context)
        return thread

    def call(self, at: int) -> None:
        """Write down one call, now and then with what Codex writes beside it."""
        thread = self._thread
        if thread is None or not thread.calls_left or at - thread.last > PAUSE:
            thread = self._thread = self._open(at)
        chance = self._random.random
        prompt = 4_000 + int(60_000 * chance() ** 2)
        cached = int(prompt * (0.55 + 0.4 * chance())) if thread.counted else 0
        output = 60 + int(2_200 * chance() ** 2)
        reasoning = int(output * 0.6 * chance())
        self._book.of(thread.model).add(prompt - cached, cached, 0, 0, output, reasoning)
        call: Counts = (prompt, cached, output, reasoning)
        before = thread.totals
        thread.totals = (before[0] + prompt, before[1] + cached, before[2] + output, before[3] + reasoning)
        if chance() < 0.2:
            news = b'"type":"event_msg","payload":{"type":"token_count","info":null,%s}' % self._limits(at)
            self._line(thread, at - 2_000, news)
        self._message(thread, at - 900)
        last = b"" if chance() < 0.15 else b',"last_token_usage":%s' % _spelled(call)
        rest = (
            b'"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":%s%s,'
            b'"model_context_window":272000},%s}' % (_spelled(thread.totals), last, self._limits(at))
        )
        thread.counted += 1
        self._last = (thread.path, b'{"timestamp":"%s",%s}\n' % (self._stamp(at), rest))
        self._line(thread, at, rest)
        if chance() < 0.25:
            self._line(thread, at, rest)
        thread.calls_left -= 1
        thread.last = at

    def _message(self, thread: Thread, at: int) -> None:
        output = b'"type":"response_item","payload":{"type":"function_call_output","call_id":"call_1","output":"ok"}'
        self._logs.append(thread.path, b'{"timestamp":"%s",%s}\n' % (self._stamp(at), output))

    def _limits(self, at: int) -> bytes:
        """How much of the five hours and of the week is used."""
        self._used = (self._used + 0.7) % 90
        resets = at // 1_000 // 18_000 * 18_000 + 18_000
        return (
            b'"rate_limits":{"primary":{"used_percent":%.1f,"window_minutes":300,"resets_at":%d},'
            b'"secondary":{"used_percent":%.1f,"window_minutes":10080,"resets_at":%d}}'
            % (self._used, resets, self._used / 3, at // 1_000 // 604_800 * 604_800 + 604_800)
        )

    def bad(self, at: int) -> None:
        """Write a line that a crash cut short."""
        path, line = self._last
        self._book.bad += 1
        self._logs.append(path, torn(line, self._random))
