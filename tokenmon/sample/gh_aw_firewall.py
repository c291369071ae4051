"""gh-aw-firewall's `token-usage.jsonl`: the first lines of a run in the old form, all others in today's.

Its input counts include cached tokens, except Anthropic's; the running totals beside each value are there to be
mistaken for values, and the sister file to be mistaken for a log.
"""

from dataclasses import dataclass
from random import Random

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
        chance = self._random.random
        route = self._random.choices(ROUTES, [route.weight for route in ROUTES])[0]
        turn = self._count % CALLS_PER_RUN
        if turn == 0:
            self._credits = 0
        self._count += 1
        prompt = int(route.prompt * (0.4 + chance() + turn / CALLS_PER_RUN))
        reads = int(prompt * (0.5 + 0.45 * chance())) if turn else 0
        writes = int((prompt - reads) * 0.5 * chance()) if route.additive else 0
        output = int(route.output * (0.1 + 1.8 * chance())) + 1
        took = int(400 + output * 11 * (0.5 + chance()))
        sums = self._book.of(route.model)
        sums.requests += 1
        sums.input += prompt - reads - writes
        sums.cache_read += reads
        sums.cache_write_5m += writes
        sums.output += output
        request = b"%06x-%d" % (self._run, self._count)
        shown = prompt - reads - writes if route.additive else prompt
        body = (
            b'"request_id":"%s","provider":"%s","model":"%s","path":"%s","status":200,"streaming":%s,"input_tokens":%d,'
            b'"output_tokens":%d,"cache_read_tokens":%d,"cache_write_tokens":%d,"duration_ms":%d,"response_bytes":%d'
            % (
                request, route.provider.encode(), route.model.encode(), route.path.encode(),
                b"true" if chance() < 0.8 else b"false", shown, output, reads, writes, took, 300 + output * 5,
            )
        )  # fmt: skip
        stamp = self._stamp(at)
        if self._count <= OLD_LINES:
            self._line = b'{"timestamp":"%s",%s}\n' % (stamp, body)
        else:
            if route.reasons:
                reasoning = int(output * 0.6 * chance())
                sums.reasoning += reasoning
                body += b',"reasoning_tokens":%d' % reasoning
            # A credit is a cent: four decimals of it are micro-dollars.
            micro = micro_usd(route.model, prompt - reads - writes, reads, writes, output)
            self._credits += micro
            sums.cost_logged += micro * 1_000
            sums.logged += 1
            self._line = (
                b'{"_schema":"token-usage/v0.28.4","timestamp":"%s","event":"token_usage",%s,'
                b'"ai_credits_this_response":%d.%04d,"ai_credits_total":%d.%04d}\n'
                % (stamp, body, *divmod(micro, 10_000), *divmod(self._credits, 10_000))
            )
        self._logs.append(USAGE, self._line)
        self._audit(at, took, request)

    def _audit(self, at: int, took: int, request: bytes) -> None:
        self._logs.append(AUDIT, b'{"ts":%d,"event":"TRACK_START","rid":"%s"}\n' % (at - took, request))
        self._logs.append(AUDIT, b'{"ts":%d,"event":"TRACK_END","rid":"%s","result":"ok"}\n' % (at, request))

    def bad(self, at: int) -> None:
        """Write a line that a crash cut short."""
        self._book.bad += 1
        self._logs.append(USAGE, torn(self._line, self._random))
