"""What logs add up to, by plain `json` and the rules of each format written out once more.

Nothing of tokenmon is imported here, on purpose: the tests hold its parsers, its store and its made-up logs' ledger
against this page.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COUNTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


@dataclass
class Sums:
    """Sums of one dialect; a count that no call reports stays None."""

    requests: int = 0
    errors: int = 0
    counts: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(COUNTS))
    cost_logged: int | None = None
    """Nano-USD."""
    logged: int = 0
    models: Counter[str] = field(default_factory=Counter)
    bad: int = 0

    def add(self, model: str, **counts: int | None) -> None:
        """One call; None is a count that its line does not report."""
        self.requests += 1
        self.models[model] += 1
        for name, count in counts.items():
            if count is not None:
                self.counts[name] = (self.counts[name] or 0) + count

    def add_cost(self, usd: float | None) -> None:
        """A cost that a line tells."""
        if usd is not None:
            self.logged += 1
            self.cost_logged = (self.cost_logged or 0) + round(usd * 1e9)

    @property
    def total(self) -> int:
        """All billed tokens."""
        return sum(count or 0 for name, count in self.counts.items() if name != "reasoning")


def plain_sums(directory: Path) -> dict[str, Sums]:
    """Sums per dialect of logs laid out as `tokenmon sample` lays them out."""
    return {
        "claude-code": claude_code(directory / "claude-code"),
        "codex": codex(directory / "codex"),
        "gh-aw-firewall": gh_aw_firewall(directory / "gh-aw-firewall"),
        "native": native(directory / "native"),
    }


def _records(path: Path, sums: Sums) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            sums.bad += 1


def native(directory: Path) -> Sums:
    """Prompt tokens include cached ones, input tokens do not; `cache_write_tokens` include those kept for an hour."""
    sums = Sums()
    for path in sorted(directory.glob("*.jsonl")):
        for record in _records(path, sums):
            counts = [value for name, value in record.items() if name.endswith("_tokens")]
            if any(type(count) is not int or count < 0 for count in counts) or "model" not in record:
                sums.bad += 1
                continue
            read, write = record.get("cache_read_tokens"), record.get("cache_write_tokens")
            kept = record.get("cache_write_1h_tokens")
            if "prompt_tokens" in record:
                uncached = record["prompt_tokens"] - (read or 0) - (write or 0)
                output = record["completion_tokens"]
            else:
                uncached, output = record["input_tokens"], record["output_tokens"]
            sums.add(
                record["model"], input=uncached, cache_read=read, output=output, cache_write_1h=kept,
                cache_write_5m=None if write is None else write - (kept or 0), reasoning=record.get("reasoning_tokens"),
            )  # fmt: skip
            sums.add_cost(record.get("cost_usd"))
            sums.errors += record.get("status", 200) >= 400 or bool(record.get("error"))
    return sums


def gh_aw_firewall(directory: Path) -> Sums:
    """Anthropic's input excludes cached tokens, everybody else's includes them; a credit is a cent."""
    sums = Sums()
    for record in _records(directory / "token-usage.jsonl", sums):
        read, write, tokens = (record[name] for name in ("cache_read_tokens", "cache_write_tokens", "input_tokens"))
        additive = record["provider"] == "anthropic"
        sums.add(
            record["model"], input=tokens if additive else tokens - read - write, cache_read=read,
            cache_write_5m=write if additive else None, output=record["output_tokens"],
            reasoning=record.get("reasoning_tokens"),
        )  # fmt: skip
        credits = record.get("ai_credits_this_response")
        sums.add_cost(None if credits is None else credits / 100)
    return sums


def claude_code(directory: Path) -> Sums:
    """A call is one message id and request id: its largest line counts, a side chain's copy of another's does not."""
    sums = Sums()
    calls: dict[tuple[str, str], dict[str, Any]] = {}
    main: set[str] = set()
    kept: set[tuple[str, str]] = set()
    for path in sorted(directory.rglob("*.jsonl")):
        for record in _records(path, sums):
            if record.get("type") != "assistant":
                continue
            key = (record["message"]["id"], record["requestId"])
            if key not in calls or _tokens(record) > _tokens(calls[key]):
                calls[key] = record
            if not record["isSidechain"]:
                main.add(record["message"]["id"])
                kept.add(key)
    for key, record in calls.items():
        if key[0] in main and key not in kept:
            continue
        usage = record["message"]["usage"]
        sums.add(
            record["message"]["model"], input=usage["input_tokens"], cache_read=usage["cache_read_input_tokens"],
            cache_write_5m=usage["cache_creation"]["ephemeral_5m_input_tokens"],
            cache_write_1h=usage["cache_creation"]["ephemeral_1h_input_tokens"], output=usage["output_tokens"],
            reasoning=usage.get("output_tokens_details", {}).get("thinking_tokens"),
        )  # fmt: skip
    return sums


def _tokens(record: dict[str, Any]) -> int:
    usage = record["message"]["usage"]
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    return sum(usage[name] for name in names)


def codex(directory: Path) -> Sums:
    """A call is a change of the running totals; a fork first repeats the totals of its parent."""
    sums = Sums()
    threads: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(directory.rglob("rollout-*.jsonl")):
        records = list(_records(path, sums))
        threads[records[0]["payload"]["id"]] = records
    for records in threads.values():
        parent = threads.get(records[0]["payload"].get("forked_from_id", ""), [])
        repeated = [totals for totals, _ in _changes(parent)]
        own = list(_changes(records))
        replayed = 0
        while replayed < min(len(repeated), len(own)) and own[replayed][0] == repeated[replayed]:
            replayed += 1
        before = own[replayed - 1][0] if replayed else (0, 0, 0, 0)
        for totals, model in own[replayed:]:
            prompt, cached, output, reasoning = (now - then for now, then in zip(totals, before, strict=True))
            sums.add(model, input=prompt - cached, cache_read=cached, output=output, reasoning=reasoning)
            before = totals
    return sums


def _changes(records: list[dict[str, Any]]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The running totals whenever they differ from the ones before, and the model then at work."""
    model, before = "", (0, 0, 0, 0)
    for record in records:
        payload = record["payload"]
        if record["type"] == "turn_context":
            model = payload["model"]
        elif payload.get("type") == "token_count" and payload["info"]:
            usage = payload["info"]["total_token_usage"]
            totals = tuple(
                usage[name]
                for name in ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
            )
            if totals != before:
                yield totals, model
            before = totals
