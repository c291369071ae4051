"""Fills a real database through the real writer with made-up calls, so that every panel has something to show."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenmon.events import NANO, Event, Limit, Names
from tokenmon.source import Checkpoint, RejectedLine, Row, Step, Tally
from tokenmon.store.writer import Writer

NOW = 1_763_735_527_000
"""2025-11-21 14:32:07 UTC: the moment at which the tests look."""

HOUR = 3_600_000

MODELS = (
    ("claude-sonnet-4-5", "anthropic", 3.0),
    ("gpt-5.1", "openai", 1.25),
    ("gemini-3-pro", "google", 2.0),
    ("claude-haiku-4-5", "anthropic", 1.0),
    ("gpt-5-mini", "openai", 0.25),
    ("qwen3-coder-480b", "openrouter", 0.4),
    ("deepseek-v3.2", "deepseek", 0.28),
    ("llama-4-maverick", "groq", 0.2),
    ("mistral-large-3", "mistral", 0.5),
    ("local/unpriced-70b", "vllm", None),
)
KEYS = ("prod-api", "agents-ci", "support-bot", "data-eng", "日本-batch", "")


@dataclass(frozen=True)
class Alarm:
    """An alert as a rule would raise it."""

    kind: str
    subject: str
    severity: str
    title: str
    count: int


def call(
    ts: int,
    model: str,
    provider: str,
    price: float | None,
    key: str,
    *,
    tokens: int = 4_000,
    status: int | None = 200,
    session: str = "",
    project: str = "tokenmon",
) -> tuple[Event, int | None]:
    """One call and its list price."""
    output = tokens // 10
    names = Names(dialect="native", integration="tests", provider=provider, model=model, key_name=key, project=project)
    event = Event(
        ts=ts,
        names=names,
        input=tokens // 2,
        cache_read=tokens // 2,
        output=output,
        status=status,
        latency_ms=900,
        session=session,
    )
    return event, None if price is None else int(price * (tokens + 5 * output) * NANO / 1_000_000)


def made_up(count: int, *, hours: int = 48, seed: int = 1) -> list[tuple[Event, int | None]]:
    """`count` calls over the last hours, the newest a second before NOW."""
    chance = random.Random(seed)
    calls = []
    for index in range(count):
        model, provider, price = MODELS[min(int(chance.expovariate(0.5)), len(MODELS) - 1)]
        key = KEYS[min(int(chance.expovariate(0.6)), len(KEYS) - 1)]
        ts = NOW - 1_000 - int(hours * HOUR * (index / count) ** 1.3)
        status = 429 if chance.random() < 0.03 else 200
        tokens, session = chance.randrange(200, 90_000), "" if index % 7 == 0 else f"checkout-{index // 30}"
        calls.append(call(ts, model, provider, price, key, tokens=tokens, status=status, session=session))
    return calls


class Filler:
    """A database and one source in it, to which calls are appended."""

    def __init__(self, path: Path, source: str = "/var/log/llm/usage.jsonl") -> None:
        self.writer = Writer.open(path)
        self._at = Checkpoint(path=source, dev=1, ino=1, lineage=7)

    def add(
        self,
        calls: Sequence[tuple[Event, int | None]],
        *,
        rejects: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        backlog: int = 0,
        now: int = NOW,
        live: bool = True,
    ) -> None:
        """Commit these calls as the next lines of the source."""
        start = self._at.offset
        rows = [
            Row(
                event=event,
                identity=start + index,
                offset=start + index,
                line_hash=index,
                cost_list=cost,
                priced_as=f"{event.names.provider}/{event.names.model}" if cost is not None else "",
            )
            for index, (event, cost) in enumerate(calls)
        ]
        end = start + len(calls) + len(rejects)
        after = Checkpoint(
            id=self._at.id, path=self._at.path, dev=1, ino=1, lineage=7, offset=end, size=end, dialect="native"
        )
        reasons = Counter(rejects)
        lines = [RejectedLine(start + len(calls) + index, 1, reason) for index, reason in enumerate(rejects)]
        step = Step(
            self._at, after, rows, lines, Tally(rejects=len(rejects)), reasons, last_change_ms=now, limits=list(limits)
        )
        self._at = self.writer.commit([step], backlog=backlog, now_ms=now, live=live).checkpoints[0]

    def close(self) -> None:
        """Let go of the database."""
        self.writer.close()


def filled(path: Path, count: int = 600) -> Path:
    """A database with something on every panel."""
    filler = Filler(path)
    filler.add(made_up(count), rejects=["prompt_tokens is negative", "model is missing"])
    filler.writer.set_meta(prices_version="0.2.3", prices_date="2025-11-19")
    filler.writer.set_alerts(
        [Alarm("error_rate", "data-eng", "warning", "data-eng error rate 8.1% (limit 5%)", 1)], NOW - 240_000
    )
    filler.close()
    return path
