"""Native lines of a small company's scripts: every optional field is there somewhere, none is everywhere.

A line's names are spelled once per combination; a call only fills in numbers. That is what makes 100,000 lines a
second possible, which the bench needs.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tokenmon.sample.generator import Stamps, torn
from tokenmon.sample.ledger import Book, Expected
from tokenmon.sample.logs import Logs
from tokenmon.sample.money import micro_usd

WEB, APIKEY, AGENT, LEGACY = "web", "apikey", "agent", "legacy"

ERRORS: tuple[tuple[int, bytes], ...] = (
    (429, b"rate limit reached, retry after 20 s"),
    (500, b"the provider failed"),
    (529, b"overloaded"),
)


@dataclass(frozen=True)
class Integration:
    """One script or service that writes native lines into a file of its own."""

    name: str
    weight: float
    provider: str
    models: tuple[str, ...]
    prompt: int
    """Typical input tokens, cached ones included."""
    output: int
    """Typical output tokens."""
    keys: tuple[tuple[str, str], ...] = (("", ""),)
    """(`api_key_id`, `api_key_name`); empty where there is none."""
    users: tuple[str, ...] = ("",)
    account: str = ""
    project: str = ""
    endpoint: str = ""
    source_class: str = ""
    requested_model: str = ""
    cached: float = 0.0
    """Part of the prompt that is read from a cache; 0: the producer does not report cache counts."""
    writes: float = 0.0
    """Part of the prompt that is written to a cache."""
    long_writes: bool = False
    """Half of the cache writes are kept for an hour."""
    reasoning: float = 0.0
    """Part of the output that is reasoning; 0: not reported."""
    exclusive: bool = False
    """Writes `input_tokens` and `output_tokens` instead of `prompt_tokens` and `completion_tokens`."""
    costs: bool = False
    """Writes `cost_usd`."""
    latency: int = 0
    """Typical latency, ms; 0: not written."""
    streams: bool = False
    """Writes `stream` and `ttft_ms`."""
    ids: bool = True
    """Writes `request_id`."""
    sessions: int = 0
    """Calls per session; 0: no sessions."""
    failures: float = 0.0
    """Part of the calls that fail."""
    metadata: bytes = b""


INTEGRATIONS: tuple[Integration, ...] = (
    Integration(
        "support-bot", 3.0, "anthropic", ("claude-sonnet-5", "claude-haiku-4-5-20251001"), 9_000, 420,
        keys=(("key_7f21", "prod-api"), ("key_90ce", "prod-api-eu")), users=("", "tier-1", "tier-2"), account="acme",
        project="helpdesk", endpoint="/v1/messages", source_class=APIKEY, cached=0.6, writes=0.1, long_writes=True,
        costs=True, latency=2_600, streams=True, sessions=6, failures=0.03,
    ),
    Integration(
        "search-rerank", 2.6, "openai", ("gpt-5-mini",), 2_200, 60, keys=(("key_41d0", "search"),), account="acme",
        project="search", endpoint="/v1/chat/completions", source_class=APIKEY, cached=0.3, latency=480, failures=0.01,
    ),
    Integration(
        "agents-ci", 1.8, "openai", ("gpt-5.5", "gpt-5-mini"), 16_000, 900,
        keys=(("key_c3a8", "ci"), ("key_c3a9", "ci-nightly")), account="acme", project="monorepo",
        endpoint="/v1/responses", source_class=AGENT, cached=0.7, reasoning=0.5, costs=True, latency=9_000, sessions=12,
        failures=0.06, metadata=b'"metadata":{"job":"review","runner":"linux-4"},',
    ),
    Integration(
        "report-writer", 1.0, "google", ("gemini-2.5-pro", "gemini-2.5-flash"), 24_000, 1_900,
        keys=(("key_b002", "data-eng"),), users=("ines", "tomasz"), account="acme", project="quarterly",
        endpoint="/v1beta/generateContent", cached=0.2, reasoning=0.3, exclusive=True, latency=7_400,
    ),
    Integration(
        "playground", 1.2, "anthropic", ("claude-opus-4-8", "claude-sonnet-5"), 3_200, 760,
        keys=(("key_mara", "mara-laptop"),), users=("mara", "jonas", "日本チーム"), account="labs", source_class=WEB,
        requested_model="best-available", cached=0.4, writes=0.15, exclusive=True, latency=4_100, streams=True,
        sessions=5, failures=0.12,
    ),
    Integration(
        "mail-sorter", 1.6, "mistral", ("mistral-large-2512",), 840, 95, keys=(("", "legacy-etl"),), account="team-b",
        source_class=LEGACY, costs=True, latency=1_130, ids=False, metadata=b'"metadata":{"job":"nightly"},',
    ),
    Integration(
        "on-prem", 1.1, "vllm", ("acme-coder-70b",), 5_200, 380, users=("ci", "jonas"), project="monorepo",
        endpoint="http://gpu-1:8000/v1", latency=1_900, streams=True, ids=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One combination of names, spelled out."""

    integration: Integration
    path: str
    model: str
    head: bytes
    """From the comma after `ts` to the first number."""
    sums: Expected


def _forms(integration: Integration, people: int, book: Book) -> list[Form]:
    users = (*integration.users, *(f"user-{number:03}" for number in range(people)))
    return [
        Form(
            integration, f"native/{integration.name}.jsonl", model, _head(integration, model, key, user), book.of(model)
        )
        for model in integration.models
        for key in integration.keys
        for user in users
    ]


def _head(integration: Integration, model: str, key: tuple[str, str], user: str) -> bytes:
    names = {
        "integration": integration.name,
        "provider": integration.provider,
        "model": model,
        "requested_model": integration.requested_model,
        "account": integration.account,
        "api_key_id": key[0],
        "api_key_name": key[1],
        "user": user,
        "project": integration.project,
        "endpoint": integration.endpoint,
        "source_class": integration.source_class,
    }
    spelled = json.dumps(
        {name: text for name, text in names.items() if text}, ensure_ascii=False, separators=(",", ":")
    )
    return b"," + spelled.encode()[1:-1] + b"," + integration.metadata


class Native:
    """Writes native lines, one file per integration. `people` more users make more series."""

    def __init__(self, random: Random, book: Book, logs: Logs, people: int = 0) -> None:
        self._random = random
        self._book = book
        self._logs = logs
        self._stamp = Stamps()
        self._forms: list[Form] = []
        self._weights: list[float] = []
        self._drawn: list[Form] = []
        self._sessions: dict[str, int] = {}
        self._count = 0
        self._run = b"%04x" % random.getrandbits(16)
        self._last = (f"native/{INTEGRATIONS[0].name}.jsonl", b"")
        self._prepare(INTEGRATIONS, people)

    def _prepare(self, integrations: Sequence[Integration], people: int) -> None:
        for integration in integrations:
            forms = _forms(integration, people, self._book)
            self._forms += forms
            # Few users make most calls.
            shares = [1 / (1 + 0.7 * place) for place in range(len(forms))]
            self._weights += [integration.weight * share / sum(shares) for share in shares]

    def call(self, at: int) -> None:
        """Write down one call by one of the integrations."""
        if not self._drawn:
            self._drawn = self._random.choices(self._forms, self._weights, k=1_000)
        form = self._drawn.pop()
        by = form.integration
        chance = self._random.random
        luck = chance()
        failed = by.failures > 0 and chance() < by.failures
        prompt = int(by.prompt * (0.2 + 1.6 * luck * luck)) + 1
        output = 0 if failed else int(by.output * (0.1 + 1.8 * chance()))
        reads = int(prompt * by.cached * (0.4 + 0.6 * chance())) if by.cached else 0
        writes = int(prompt * by.writes * chance()) if by.writes else 0
        kept_long = writes // 2 if by.long_writes else 0
        reasoning = int(output * by.reasoning * chance()) if by.reasoning else 0
        uncached = prompt - reads - writes
        form.sums.add(uncached, reads, writes - kept_long, kept_long, output, reasoning)
        if by.exclusive:
            counts = b'"input_tokens":%d,"output_tokens":%d' % (uncached, output)
        else:
            counts = b'"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d' % (prompt, output, prompt + output)
        if by.cached:
            counts += b',"cache_read_tokens":%d' % reads
        if by.writes:
            counts += b',"cache_write_tokens":%d' % writes
        if by.long_writes:
            counts += b',"cache_write_1h_tokens":%d' % kept_long
        if by.reasoning:
            counts += b',"reasoning_tokens":%d' % reasoning
        if by.costs and not failed:
            micro = micro_usd(form.model, uncached, reads, writes, output)
            form.sums.add_cost(micro)
            counts += b',"cost_usd":%d.%06d' % divmod(micro, 1_000_000)
        line = b'{"ts":"' + self._stamp(at) + b'"' + form.head + counts + self._tail(by, luck, failed, form.sums)
        self._last = (form.path, line)
        self._logs.append(form.path, line)

    def _tail(self, by: Integration, luck: float, failed: bool, sums: Expected) -> bytes:
        self._count += 1
        tail = b""
        if by.latency:
            latency = int(by.latency * (0.3 + 2.2 * luck * luck))
            tail = b',"latency_ms":%d' % latency
            if by.streams:
                tail += b',"stream":true,"ttft_ms":%d' % (latency // 5)
        if by.ids:
            tail += b',"request_id":"r-%s-%d"' % (self._run, self._count)
        if by.sessions:
            calls = self._sessions[by.name] = self._sessions.get(by.name, 0) + 1
            tail += b',"session":"%s-%s-%d"' % (by.name.encode(), self._run, calls // by.sessions)
        if failed:
            sums.errors += 1
            status, text = ERRORS[self._count % len(ERRORS)]
            tail += b',"status":%d,"error":"%s"' % (status, text)
        elif by.failures:
            tail += b',"status":200'
        return tail + b"}\n"

    def bad(self, at: int) -> None:
        """Spoil the last line written in one of the ways that scripts do."""
        path, line = self._last
        ways = (
            torn(line, self._random),
            line.replace(b'"model":', b'"modell":'),
            line.replace(b'_tokens":', b'_tokens":-'),
            re.sub(rb'_tokens":\d+', b'_tokens":"many"', line, count=1),
        )
        self._book.bad += 1
        self._logs.append(path, ways[self._random.randrange(len(ways))])
