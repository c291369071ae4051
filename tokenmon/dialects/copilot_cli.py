"""GitHub Copilot's telemetry files: the file exporter of Copilot CLI and of Copilot Chat in VS Code.

Lines are flat: a span, a log record or metrics, with attributes as a plain object. One call appears as a `chat` span,
in VS Code as an inference log too, and again in the agent's log of its turn and in the `invoke_agent` span, which sums
up all rounds of an agent. What is read must not depend on which of them comes first, in which file, or at all, so:

- The span and the inference log of a call both carry `gen_ai.response.id`, which alone is its identity, because VS
  Code writes the log in another trace or in none. The counts are the same; the span tells the cache and wins.
- An `invoke_agent` span of one round carries that round's response id and its counts. It is read as a replay: it
  counts until the call itself is seen. One of several rounds carries only the last id, and the calls that it sums up
  cannot be taken off it afterwards, so it never counts. Neither does the log of a turn, which has no id and never
  comes without the inference log.

The input includes the cache. `github.copilot.nano_aiu` is what GitHub billed for the call: 10^9 of them are one AI
credit, which is a cent; `github.copilot.cost` counts premium requests, not money.
`session-state/**/events.jsonl` sums up whole sessions without any call's identity: it is known and never counts.
Sources: docs.github.com/en/copilot (OpenTelemetry reference; usage-based billing), microsoft/vscode-copilot-chat.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tokenmon.dialects import fields, gen_ai
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.gen_ai import Attributes
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import MAX_COST, Basis, Event, Parsed

NAME = "copilot-cli"
LABEL = "GitHub Copilot CLI"
LINE_CAP = 64 * 1024 * 1024
"""With content capture on, a span holds the whole conversation, bytes."""
PROVIDER = "github-copilot"
INFERENCE = "gen_ai.client.inference.operation.details"
NANO_UNITS_PER_NANO_DOLLAR = 100
FAILED = 2
OWN = ("gen_ai.", "github.copilot.", "copilot_chat.")
"""How the names of its attributes begin."""
SESSION_EVENTS = ("session.", "user.", "assistant.", "tool.", "hook.", "subagent.", "skill.", "system.", "abort")
"""How the kinds of events of a session's state begin."""

Kind = Literal["call", "log", "summary"]


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The call of a line, or what stands for it as long as the call itself is not seen."""
    attributes = fields.mapping(record.get("attributes"))
    kind = _kind(record, attributes)
    counts = gen_ai.counts(attributes) if kind is not None else None
    if counts is None:
        return None
    call = _identity(record, attributes)
    names = gen_ai.names(attributes, scene.clean, dialect=NAME, integration=NAME, project="", kind="agent")
    started, ended = _seconds(record.get("startTime")), _seconds(record.get("endTime"))
    ts, untimed = scene.moment(ended or _seconds(record.get("hrTime")) or started, "endTime")
    condition = fields.mapping(record.get("status"))
    failed = condition.get("code") == FAILED or bool(gen_ai.word(attributes, ("error.type",)))
    said = fields.error_text(fields.harmless_string(condition.get("message"))) if failed else ""
    return Event(
        ts=ts,
        untimed=untimed,
        names=names._replace(provider=names.provider or PROVIDER),
        input=counts.uncached,
        output=counts.output,
        cache_read=counts.cache_read,
        cache_write_5m=counts.cache_write,
        reasoning=counts.reasoning,
        cost_logged=_billed(attributes),
        id=call,
        rewritten=bool(call),
        replay=kind == "summary",
        has_speed=kind == "call",  # so that of two with the same total the span stays, which tells the cache
        session=scene.clean(gen_ai.word(attributes, gen_ai.SESSION)),
        request_id=scene.clean(gen_ai.word(attributes, gen_ai.RESPONSE_ID)),
        status=gen_ai.status(attributes),
        failed=failed,
        error=said or gen_ai.error(attributes),
        latency_ms=gen_ai.duration((ended - started) * 1000) if started and ended else None,
        ttft_ms=gen_ai.first_token(attributes),
        streamed=gen_ai.streamed(attributes),
        disagrees=counts.disagrees,
        basis=Basis.AGGREGATE if kind == "summary" else Basis.EXACT,
    )


def _kind(record: Record, attributes: Attributes) -> Kind | None:
    """What this is of a call; None for everything that cannot be told to be one call."""
    if gen_ai.word(attributes, ("event.name",)) == INFERENCE or _is_inference(record):
        return "log"
    if "hrTime" in record:
        return None
    operation = gen_ai.word(attributes, ("gen_ai.operation.name",))
    if operation == "invoke_agent":
        return "summary" if _one_round(attributes) else None
    return "call" if operation in gen_ai.CALLS or (not operation and _named(record, "chat ")) else None


def _is_inference(record: Record) -> bool:
    """An early version named its logs in their text only."""
    body = record.get("_body") or record.get("body")
    return isinstance(body, str) and body.startswith("GenAI inference:")


def _named(record: Record, begin: str) -> bool:
    name = record.get("name")
    return isinstance(name, str) and name.startswith(begin)


def _one_round(attributes: Attributes) -> bool:
    """Whether an agent's span is that of a single call whose id it carries."""
    rounds = gen_ai.first(attributes, ("github.copilot.turn_count", "copilot_chat.turn_count"))
    return bool(gen_ai.word(attributes, gen_ai.RESPONSE_ID)) and rounds in (None, 1)


def _identity(record: Record, attributes: Attributes) -> str:
    """The response's id, else the trace with the span; empty where there is neither."""
    response = gen_ai.word(attributes, gen_ai.RESPONSE_ID)
    if response:
        return response
    trace, span = _context(record, "traceId"), _context(record, "spanId")
    return f"{trace}:{span}" if trace and span else ""


def _context(record: Record, key: str) -> str:
    """A part of the trace's context, which log records and VS Code's spans keep in an object."""
    for holder in (record, *(fields.mapping(record.get(name)) for name in ("spanContext", "_spanContext"))):
        value = holder.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _seconds(value: Any) -> float | None:
    """An instant as the exporter writes it: whole seconds since 1970, and nanoseconds beside them."""
    if isinstance(value, list) and len(value) == 2 and all(fields.is_number(part) for part in value):
        whole, rest = (min(float(part), fields.LATEST) if part > 0 else 0.0 for part in value)
        return (whole + rest / 1_000_000_000) or None
    return None


def _billed(attributes: Attributes) -> int | None:
    """What GitHub billed, nano-USD; 0 is a call that its plan did not meter."""
    units = fields.harmless_count(attributes.get("github.copilot.nano_aiu"), MAX_COST * NANO_UNITS_PER_NANO_DOLLAR)
    return round(units / NANO_UNITS_PER_NANO_DOLLAR) if units else None


# -- what the dialect is


def matches(record: Record) -> bool:
    """A flat span, log record or batch of metrics, or an event of a session's state."""
    kind, attributes = record.get("type"), record.get("attributes")
    if isinstance(attributes, dict) and (_context(record, "traceId") or isinstance(record.get("hrTime"), list)):
        return kind == "span" or any(key.startswith(OWN) for key in attributes) or _body_is_its_own(record)
    if "resource" in record and isinstance(record.get("scopeMetrics"), list):
        return True
    if not isinstance(kind, str):
        return False
    if kind == "metric":
        return isinstance(record.get("dataPoints"), list)
    return kind.startswith(SESSION_EVENTS) and isinstance(record.get("data"), dict) and "parentId" in record


def _body_is_its_own(record: Record) -> bool:
    body = record.get("_body")
    return isinstance(body, str) and body.startswith(("copilot_chat.", "GenAI inference:"))


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`otel` below `COPILOT_HOME`, and the file that `COPILOT_OTEL_FILE_EXPORTER_PATH` names."""
    root = environment.get("COPILOT_HOME", "").strip()
    own = Place((Path(root) if root else home / ".copilot") / "otel", LABEL)
    exported = environment.get("COPILOT_OTEL_FILE_EXPORTER_PATH", "").strip()
    return (own, Place(Path(exported), LABEL)) if exported else (own,)


COPILOT_CLI = Dialect(name=NAME, matches=matches, reader=alone(read, b"gen_ai.usage"), line_cap=LINE_CAP, places=places)
