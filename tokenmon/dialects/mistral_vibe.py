"""Mistral Vibe's sessions: the document beside each session's messages, which holds what the session has used so far.

The document tells one running total and the model in use, so what the total grew by since it was last seen is a call.
Prompts hold the cache. The cost is Vibe's own, at the price of the model in use; models without a price cost 0 there,
which is unknown.

Compacting or rewinding starts another session that carries the totals on and only names the one before. Such a session
is not read: it would count all of it again, and its own part cannot be told from the document.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record
from tokenmon.dialects.fields import Invalid
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "mistral-vibe"
LINE_CAP = 64 * 1024 * 1024
COUNTS = ("session_prompt_tokens", "session_completion_tokens", "session_cached_tokens")


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The running total of a session that began with itself; nothing as long as that is 0."""
    stats = fields.mapping(record.get("stats"))
    prompt, output, cached = (fields.count(stats.get(field), f"stats.{field}") for field in COUNTS)
    if record.get("parent_session_id") or not (prompt or output):
        return None
    session = scene.clean(fields.harmless_string(record.get("session_id")))
    if not session:
        raise Invalid("session_id is missing")
    ended = record.get("end_time")
    ts, untimed = scene.moment(record.get("start_time") if ended is None else ended, "end_time")
    return Event(
        ts=ts,
        names=_names(record, scene),
        input=max((prompt or 0) - (cached or 0), 0),
        output=output or 0,
        cache_read=cached,
        cost_logged=fields.logged_cost(stats.get("session_cost")),
        id=session,
        running=True,
        session=session,
        basis=Basis.AGGREGATE,
        untimed=untimed,
    )


def _names(record: Record, scene: Scene[Nothing]) -> Names:
    alias, model = _model(fields.mapping(record.get("config")))
    where = fields.mapping(record.get("environment")).get("working_directory")
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=scene.clean(fields.harmless_string(model.get("provider"))).lower(),
        model=scene.clean(fields.harmless_string(model.get("name")) or alias),
        source_class="agent",
        project=scene.clean(fields.harmless_string(where)),
    )


def _model(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The alias of the model in use, and what the configuration says of it: in a list, or by alias."""
    active = config.get("active_model")
    alias = fields.harmless_string(fields.mapping(active).get("alias", active)) or ""
    models = config.get("models")
    listed = [fields.mapping(model) for model in models] if isinstance(models, list) else []
    named = {model.get("alias", model.get("name")): model for model in listed if _is_named(model)}
    return alias, fields.mapping(named.get(alias) or fields.mapping(models).get(alias))


def _is_named(model: Mapping[str, Any]) -> bool:
    return isinstance(model.get("alias", model.get("name")), str)


def matches(record: Record) -> bool:
    """A session's document with its totals, or one of its messages."""
    stats = fields.mapping(record.get("stats"))
    if "session_id" in record and any(field in stats for field in COUNTS):
        return True
    return "message_id" in record and "role" in record and ("content" in record or "tool_calls" in record)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """The sessions below `VIBE_HOME`, else `~/.vibe`."""
    return (Place(Path(environment.get("VIBE_HOME") or home / ".vibe") / "logs" / "session", "Mistral Vibe"),)


MISTRAL_VIBE = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b'"stats"'),
    line_cap=LINE_CAP,
    documents=("meta.json",),
    places=places,
)
