"""gh-aw-firewall's `token-usage.jsonl`: the first lines of a run in the old form, all others in today's.

Its input counts include cached tokens, except Anthropic's; the running totals beside each value are there to be
mistaken for values, and the sister file to be mistaken for a log.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from tokenmon.sample.generator import Stamps, torn
from tokenmon.sample.ledger import Book
from tokenmon.sample.logs import Logs
from tokenmon.sample.money import micro_usd

USAGE = "gh-aw-firewall/token-usage.jsonl"
AUDIT = "gh-aw-firewall/token-tracker-audit.jsonl"

OLD_LINES = 8
"""How many lines of a new log are in the form of 0.25.8."""

CALLS_PER_RUN = 40
"""After so many calls the firewall starts again, and so do its running totals."""


@dataclass(frozen=True)
class Route:
    """One model behind the firewall."""

    weight: float
    provider: str
    model: str
    path: str
    prompt: int
    output: int
    reasons: bool = False

    @property
    def additive(self) -> bool:
        """Cached tokens are beside the input, not in it."""
        return self.provider == "anthropic"


ROUTES: tuple[Route, ...] = (
    Route(4, "anthropic", "claude-sonnet-4-5-20250929", "/v1/messages?beta=true", 21_000, 620),
    Route(2, "openai", "gpt-5.3-codex", "/v1/responses", 18_000, 850, reasons=True),
    Route(2, "copilot", "gpt-5-mini", "/chat/completions", 9_000, 300),
    Route(1, "gemini", "gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", 12_000, 540),
)


class Call(NamedTuple):
    """The numbers of one call."""

    route: Route
    uncached: int
    reads: int
    writes: int
    output: int
    reasoning: int
    took: int
    """Milliseconds."""
    streamed: bool


def _body(call: Call, request: bytes) -> bytes:
    """What old and new lines share."""
    route = call.route
    shown = call.uncached if route.additive else call.uncached + call.reads + call.writes
    return (
        b'"request_id":"%s","provider":"%s","model":"%s","path":"%s","status":200,"streaming":%s,"input_tokens":%d,'
        b'"output_tokens":%d,"cache_read_tokens":%d,"cache_write_tokens":%d,"duration_ms":%d,"response_bytes":%d'
        % (
            request, route.provider.encode(), route.model.encode(), route.path.encode(),
            b"true" if call.streamed else b"false", shown, call.output, call.reads, call.writes, call.took,
            300 + call.output * 5,
        )
    )  # fmt: skip


class Firewall:
    """Writes the usage log and its audit trail."""

    def __init__(self, random: Random, book: Book, logs: Logs) -> None:
        self._random = random
        self._book = book
        self._logs = logs
        self._stamp = Stamps()
        self._count = 0
        self._credits = 0
        self._run = random.getrandbits(24)
        self._line = b""

    def call(self, at: int) -> None:
        """Write down one call of a workflow."""
        turn = self._count % CALLS_PER_RUN
        if turn == 0:
            self._credits = 0
        self._count += 1
        call = self._made_up(turn)
        route = call.route
        reasoning = call.reasoning if self._count > OLD_LINES else 0
        sums = self._book.of(route.model)
        sums.add(call.uncached, call.reads, call.writes, 0, call.output, reasoning)
        request = b"%06x-%d" % (self._run, self._count)
        stamp = self._stamp(at)
        if self._count <= OLD_LINES:
            self._line = b'{"timestamp":"%s",%s}\n' % (stamp, _body(call, request))
        else:
            micro = micro_usd(route.model, call.uncached, call.reads, call.writes, call.output)
            self._credits += micro
            sums.add_cost(micro)
            # A credit is a cent: four decimals of it are micro-dollars.
            self._line = (
                b'{"_schema":"token-usage/v0.28.4","timestamp":"%s","event":"token_usage",%s%s,'
                b'"ai_credits_this_response":%d.%04d,"ai_credits_total":%d.%04d}\n'
                % (
                    stamp, _body(call, request), b',"reasoning_tokens":%d' % reasoning if route.reasons else b"",
                    *divmod(micro, 10_000), *divmod(self._credits, 10_000),
                )
            )  # fmt: skip
        self._logs.append(USAGE, self._line)
        self._audit(at, call.took, request)

    def _made_up(self, turn: int) -> Call:
        chance = self._random.random
        route = self._random.choices(ROUTES, [route.weight for route in ROUTES])[0]
        prompt = int(route.prompt * (0.4 + chance() + turn / CALLS_PER_RUN))
        reads = int(prompt * (0.5 + 0.45 * chance())) if turn else 0
        writes = int((prompt - reads) * 0.5 * chance()) if route.additive else 0
        output = int(route.output * (0.1 + 1.8 * chance())) + 1
        return Call(
            route=route, uncached=prompt - reads - writes, reads=reads, writes=writes, output=output,
            reasoning=int(output * 0.6 * chance()) if route.reasons else 0,
            took=int(400 + output * 11 * (0.5 + chance())), streamed=chance() < 0.8,
        )  # fmt: skip

    def _audit(self, at: int, took: int, request: bytes) -> None:
        self._logs.append(AUDIT, b'{"ts":%d,"event":"TRACK_START","rid":"%s"}\n' % (at - took, request))
        self._logs.append(AUDIT, b'{"ts":%d,"event":"TRACK_END","rid":"%s","result":"ok"}\n' % (at, request))

    def bad(self, at: int) -> None:
        """Write a line that a crash cut short."""
        self._book.bad += 1
        self._logs.append(USAGE, torn(self._line, self._random))
