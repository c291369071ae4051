"""OpenCode's messages, and those of Kilo's command line, which is made from it: documents, or rows of its database.

The older store has one document for each message, the newer ones have the same JSON in rows, whose columns are merged
in first; the newest names the model in an object of its own. A message is written at once and again whenever something
of it changes, so its id is the call.

Counts are disjoint and reasoning stands beside the output. A fork copies messages under new ids, with everything else
as it was. Such a copy is known by its id, which tells when it was made, and gives way to the call itself.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Table, listed
from tokenmon.dialects.fields import Invalid
from tokenmon.dialects.plain import Nothing, Scene, alone
from tokenmon.events import Event, Names, Parsed

NAME = "opencode"
KILO = "kilo"
"""The directory of Kilo's command line, and its name."""
DATABASE = "opencode.db"
DATABASES = "opencode*.db"
"""Other release channels have their name in it."""
LATE_MS = 60_000
"""Several OpenCodes may write at once, each by its own clock."""
COPIED_MS = 1_000
"""An id made this long before or after its message is a copy's."""
STOPPED = ("MessageAbortedError", "aborted")
"""Errors by which a user ends a call."""

_MADE = r"msg_([0-9a-f]{12})"
_COUNTER_BITS = 12
_CLOCK = 1 << (48 - _COUNTER_BITS)
"""An id holds the lowest 48 bits of its milliseconds and a counter: its clock starts again after so many."""


class Tokens(NamedTuple):
    """What a call used."""

    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None
    disagrees: bool


def read(record: Record, scene: Scene[Nothing]) -> Parsed:
    """The call of an assistant's message; nothing while it has used nothing."""
    if record.get("role") not in (None, "assistant"):
        return None
    tokens = _tokens(fields.mapping(record.get("tokens")))
    error = fields.mapping(record.get("error"))
    failed = bool(error) and error.get("name") not in STOPPED and error.get("type") not in STOPPED
    if tokens is None or not (any(tokens[:4]) or failed):
        return None
    created = fields.mapping(record.get("time")).get("created")
    if created is None:
        raise Invalid("time.created is missing")
    ts, _ = scene.moment(created, "time.created")
    own = scene.clean(fields.harmless_string(record.get("id")))
    names = _names(record, scene)
    return Event(
        ts=ts,
        names=names,
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        cache_write_5m=tokens.cache_write,
        reasoning=tokens.reasoning,
        cost_logged=fields.logged_cost(record.get("cost")),
        id=f"{ts}:{names.provider}:{names.model}",
        attempt=own,
        rewritten=True,
        replay=_copied(own, ts),
        session=scene.clean(fields.harmless_string(record.get("sessionID"))),
        status=fields.harmless_status(_detail(error, "statusCode")) if failed else None,
        failed=failed,
        error=fields.error_text(fields.harmless_string(_detail(error, "message"))) if failed else "",
        disagrees=tokens.disagrees,
    )


def _detail(error: Mapping[str, Any], field: str) -> Any:
    """A field of an error: in an object of its own, in the newest store beside its type."""
    return fields.mapping(error.get("data")).get(field, error.get(field))


def _tokens(told: Mapping[str, Any]) -> Tokens | None:
    cache = fields.mapping(told.get("cache"))
    read, write = (fields.count(cache.get(field), f"tokens.cache.{field}") for field in ("read", "write"))
    output, reasoning = (fields.count(told.get(field), f"tokens.{field}") for field in ("output", "reasoning"))
    given = fields.count(_uncached(told.get("input"), read), "tokens.input")
    if all(count is None for count in (given, output, read, write, reasoning)):
        return None
    billed = fields.together(output, reasoning, "tokens.output")
    total = fields.harmless_count(told.get("total"))
    return Tokens(
        input=given or 0,
        output=billed,
        cache_read=read,
        cache_write=write,
        reasoning=reasoning,
        disagrees=bool(total) and total != (given or 0) + billed + (read or 0) + (write or 0),
    )


def _uncached(given: Any, read: int | None) -> Any:
    """Input without cache. Old versions took the cache off counts that never held it, and went below 0."""
    below = isinstance(given, int) and not isinstance(given, bool) and given < 0
    return given + (read or 0) if below else given


def _copied(own: str, created: int) -> bool:
    """Whether an id was made at another time than its message."""
    made = re.match(_MADE, own)
    if made is None:
        return False
    apart = ((int(made[1], 16) >> _COUNTER_BITS) - created) % _CLOCK
    return COPIED_MS < apart < _CLOCK - COPIED_MS


def _names(record: Record, scene: Scene[Nothing]) -> Names:
    model = fields.mapping(record.get("model"))
    where = fields.mapping(record.get("path"))
    return Names(
        dialect=NAME,
        integration=KILO if f"/{KILO}/" in scene.surroundings.path else NAME,
        provider=_name(record.get("providerID"), model.get("providerID"), scene).lower(),
        model=_name(record.get("modelID"), model.get("id"), scene),
        source_class="agent",
        project=_name(where.get("cwd"), where.get("root"), scene),
    )


def _name(value: object, other: object, scene: Scene[Nothing]) -> str:
    return scene.clean(fields.harmless_string(value)) or scene.clean(fields.harmless_string(other))


def matches(record: Record) -> bool:
    """A message with its session, or what names provider and model as nobody else spells them."""
    if "providerID" in record and "modelID" in record:
        return True
    if "providerID" in fields.mapping(record.get("model")):
        return True
    return "sessionID" in record and "role" in record and "time" in record


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """`OPENCODE_DATA_DIR` as ccusage reads it (several, comma between them), else the user's data directory."""
    configured = listed(environment, "OPENCODE_DATA_DIR")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    roots = configured or [data / NAME]
    stores = [root / store for root in roots for store in (Path("storage") / "message", Path(DATABASE))]
    return (
        *(Place(store, "OpenCode") for store in stores),
        Place(data / KILO / "storage" / "message", "Kilo"),
    )


MESSAGES = Table(
    files=DATABASES,
    places="SELECT time_updated, id FROM message",
    record="""SELECT iif(json_valid(data), json_set(data, '$.id', id, '$.sessionID', session_id), data)
        FROM message WHERE id = ?1""",
    late=LATE_MS,
)
"""The same JSON as in the documents, without the two ids."""

NEWEST_MESSAGES = Table(
    files=DATABASES,
    places="""SELECT time_updated, id FROM session_message
        WHERE type = 'assistant' AND session_id NOT IN (SELECT session_id FROM message)""",
    record="""SELECT iif(json_valid(data), json_insert(
          json_set(data, '$.id', m.id, '$.sessionID', session_id, '$.role', type),
          '$.path', json_object('cwd', (SELECT directory FROM session AS s WHERE s.id = session_id))), data)
        FROM session_message AS m WHERE m.id = ?1""",
    late=LATE_MS,
)
"""Versions that write both tables for a session give its messages other ids in the second one."""

OPENCODE = Dialect(
    name=NAME,
    matches=matches,
    reader=alone(read, b""),  # a document is always read
    documents=("msg_*.json",),
    tables=(MESSAGES, NEWEST_MESSAGES),
    places=places,
)
