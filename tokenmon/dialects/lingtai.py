"""LingTai's token ledgers: one line for each call, with its model and where it was sent.

Input holds the cache. Whether output holds the thinking is up to the model: each of LingTai's adapters writes what its
API counts, and only Gemini's counts it apart. A daemon writes each of its calls twice, into its own ledger and into
that of the agent that pays for it; only the agent's is read.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import Event, Names, Parsed

NAME = "lingtai"
DAEMONS = "daemons"
"""The directory of an agent's daemons, each with a ledger of its own."""
COUNTS = ("input", "output", "thinking", "cached")
PROVIDERS = {
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
    "api.openai.com": "openai",
    "api.x.ai": "xai",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
}
"""Who bills what is sent to these hosts; any other host stands for itself."""


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The call of a line; nothing in a daemon's own ledger."""
    path = PurePath(scene.surroundings.path)
    if DAEMONS in path.parts:
        return None
    given, output, thinking, cached = (fields.count(record.get(field), field) for field in COUNTS)
    if not (given or output or thinking or cached):
        return None
    model = scene.clean(fields.harmless_string(record.get("model")))
    ts, untimed = scene.moment(record.get("ts"), "ts")
    agent = path.parent.parent.name
    return Event(
        ts=ts,
        names=Names(
            dialect=NAME,
            integration=NAME,
            provider=_provider(record.get("endpoint"), scene),
            model=model,
            source_class="agent",
            project=scene.clean(agent),
        ),
        input=max((given or 0) - (cached or 0), 0),
        output=_output(output or 0, thinking or 0, model),
        cache_read=cached,
        reasoning=thinking,
        session=scene.clean(fields.harmless_string(record.get("run_id")) or agent),
        untimed=untimed,
    )


def _output(output: int, thinking: int, model: str) -> int:
    apart = "gemini" in model.lower() or thinking > output
    return fields.together(output, thinking, "output") if apart else output


def _provider(endpoint: object, scene: Scene[Nothing]) -> str:
    try:
        host = urlsplit(fields.harmless_string(endpoint) or "").hostname or ""
    except ValueError:
        return ""
    return PROVIDERS.get(host) or scene.clean(host)


def matches(record: Record) -> bool:
    """The four counts and the time, as they stand together nowhere else."""
    return "ts" in record and all(field in record for field in COUNTS)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`LINGTAI_HOME` (a colon between several), else the home of the agents that belong to no project."""
    configured = listed(environment, "LINGTAI_HOME", ":")
    return tuple(Place(root, "LingTai") for root in configured or [home / ".lingtai"])


LINGTAI = Dialect(name=NAME, matches=matches, reader=alone(read, b'"input"'), places=places)
