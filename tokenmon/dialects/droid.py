"""Factory's Droid: the settings document beside each session, which holds what the session has used so far.

The document tells one running total and the model in use, so what the total grew by since it was last seen is a call
to that model; nothing in it tells when, so its own last modification does. Thinking stands beside the output and is
billed as output. The transcript of the same name tells no usage.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, listed
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import Basis, Event, Names, Parsed

NAME = "droid"
LINE_CAP = 64 * 1024 * 1024
SESSIONS = "sessions"
"""The directory of the sessions, each in one that is named for its project."""
TRANSCRIPT = ("title", "sessionTitle", "owner", "cwd", "version")
"""What a transcript's first line may tell."""


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The running total of a session; nothing as long as that is 0."""
    usage = fields.mapping(record.get("tokenUsage"))
    given, output, thinking, write, cached = (
        fields.count(usage.get(field), f"tokenUsage.{field}")
        for field in ("inputTokens", "outputTokens", "thinkingTokens", "cacheCreationTokens", "cacheReadTokens")
    )
    billed = fields.together(output, thinking, "tokenUsage.outputTokens")
    if not (given or billed or write or cached):
        return None
    ts, untimed = scene.moment(None, "time")
    session = scene.clean(_session(scene.surroundings.path))
    return Event(
        ts=ts,
        names=_names(record, scene),
        input=given or 0,
        output=billed,
        cache_read=cached,
        cache_write_5m=write,
        reasoning=thinking,
        id=session,
        running=True,
        session=session,
        basis=Basis.AGGREGATE,
        untimed=untimed,
    )


def _session(path: str) -> str:
    """The session's id: the document's name up to its endings."""
    return PurePath(path).name.partition(".")[0]


def _names(record: Record, scene: Scene[Nothing]) -> Names:
    return Names(
        dialect=NAME,
        integration=NAME,
        provider=scene.clean(fields.harmless_string(record.get("providerLock"))).lower(),
        model=scene.clean(fields.harmless_string(record.get("model"))),
        source_class="agent",
        project=scene.clean(_project(scene.surroundings.path)),
    )


def _project(path: str) -> str:
    """The directory between the sessions' and the document; Droid names it for the project."""
    parts = PurePath(path).parts[:-1]
    return parts[parts.index(SESSIONS) + 1] if SESSIONS in parts[:-1] else ""


def matches(record: Record) -> bool:
    """Settings with a total, or the first line of a transcript."""
    usage = record.get("tokenUsage")
    if isinstance(usage, Mapping):
        return "inputTokens" in usage or "outputTokens" in usage
    return record.get("type") == "session_start" and any(field in record for field in TRANSCRIPT)


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`DROID_SESSIONS_DIR` as ccusage reads it (several, comma between them), else below `FACTORY_DIR` or home."""
    configured = listed(environment, "DROID_SESSIONS_DIR")
    factory = Path(environment.get("FACTORY_DIR") or home / ".factory")
    return tuple(Place(root, "Droid") for root in configured or [factory / SESSIONS])


DROID = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b'"tokenUsage"'),
    line_cap=LINE_CAP,
    documents=("*.settings.json",),
    places=places,
)
