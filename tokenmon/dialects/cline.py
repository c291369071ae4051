"""Tasks of Cline and of its forks Roo Code and Kilo Code in VS Code: one array of messages for each task.

A message that says `api_req_started` holds JSON as text, which is completed once the answer is there; the task's
directory and the message's time are the call. Which of the three it is, only the path tells, and with it what the
counts mean: Cline's are disjoint, its forks' input once left Anthropic's cache out and now includes it for everyone.
So of a fork, an input that is smaller than what was cached leaves it out, and a larger one includes it.

No message of a fork names its model; older ones hold the whole request, in which the extension tells it.
`deleted_api_reqs` sums up calls that stood in the file before, so it is left out.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from tokenmon.dialects import fields
from tokenmon.dialects.base import Dialect, Place, Record, Surroundings
from tokenmon.dialects.fields import Invalid
from tokenmon.dialects.plain import Nothing, Scene, each_of
from tokenmon.events import Basis, Event, Names, Parsed, Reject

NAME = "cline"
DOCUMENT = "ui_messages.json"
CALL, SUBAGENTS = "api_req_started", "subagent_usage"
FAILED = "streaming_failed"
PROTOCOL = "apiProtocol"
"""A field that only the forks write."""


class Extension(NamedTuple):
    """One of the three in VS Code."""

    id: str
    integration: str
    label: str
    is_fork: bool = True


CLINE_ITSELF = Extension("saoudrizwan.claude-dev", NAME, "Cline", is_fork=False)
EXTENSIONS = (
    CLINE_ITSELF,
    Extension("rooveterinaryinc.roo-cline", "roo-code", "Roo Code"),
    Extension("kilocode.kilo-code", "kilo-code", "Kilo Code"),
)
EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Positron")
SERVERS = (".vscode-server", ".vscode-server-insiders", ".cursor-server")
"""Where an editor keeps its data on a machine that it is connected to."""

_MODEL = r"<model>([^<>]{1,200})</model>"
_WORKSPACE = r"# Current Wor(?:king|kspace) Directory \(([^()]{1,1000})\)"


class Task(NamedTuple):
    """What all calls of a document share."""

    id: str
    extension: Extension
    project: str


class TaskReader:
    """Reads a whole task; a message alone is read too."""

    def __init__(self, surroundings: Surroundings, state: bytes) -> None:
        self._scene = Scene(surroundings, Nothing())

    def state(self) -> bytes:
        """Nothing: a document is read whole."""
        return b""

    def parse(self, line: bytes) -> Parsed:
        """All calls of a task."""
        if CALL.encode() not in line and SUBAGENTS.encode() not in line:
            return None if fields.bare(line)[:1] == b"[" else fields.without_usage(line)
        try:
            value = fields.value_of(line)
            if not isinstance(value, list | dict):
                raise Invalid("line is not a JSON object")
            return self._calls([value] if isinstance(value, dict) else value)
        except Invalid as reason:
            return Reject(str(reason))

    def _calls(self, messages: list[Any]) -> Parsed:
        told = [(message, _told(message)) for message in map(fields.mapping, messages)]
        task = self._task([request for _, request in told])
        return each_of(lambda each: _event(*each, task, self._scene), _with_models(told))

    def _task(self, requests: list[Record]) -> Task:
        path = PurePath(self._scene.surroundings.path)
        extension = next((each for each in EXTENSIONS if each.id in path.parts), CLINE_ITSELF)
        texts = (fields.harmless_string(request.get("request")) for request in requests)
        found = (re.search(_WORKSPACE, text) for text in texts if text)
        project = next((match.group(1) for match in found if match), "")
        return Task(self._scene.clean(path.parent.name), extension, self._scene.clean(project))


def _told(message: Record) -> Record:
    """The JSON that a message about a call holds as text; nothing in any other."""
    text = message.get("text")
    if message.get("say") not in (CALL, SUBAGENTS) or not isinstance(text, str):
        return {}
    try:
        return fields.record_of(text.encode())
    except (Invalid, UnicodeEncodeError):
        return {}


def _with_models(told: list[tuple[Record, Record]]) -> list[tuple[Record, Record, str]]:
    """Each call with the model that it or the last one before it names."""
    named = ""
    found: list[tuple[Record, Record, str]] = []
    for message, request in told:
        tags = re.findall(_MODEL, fields.harmless_string(request.get("request")) or "")
        # The extension tells it at the end, after all that the user may have written.
        own = fields.harmless_string(fields.mapping(message.get("modelInfo")).get("modelId"))
        named = own or (tags[-1] if tags else named)
        found.append((message, request, named))
    return found


def _event(message: Record, request: Record, model: str, task: Task, scene: Scene[Nothing]) -> Event | None:
    given, output = (
        fields.count(request.get("tokensIn"), "tokensIn"),
        fields.count(request.get("tokensOut"), "tokensOut"),
    )
    cache_read = fields.count(request.get("cacheReads"), "cacheReads")
    cache_write = fields.count(request.get("cacheWrites"), "cacheWrites")
    failed = request.get("cancelReason") == FAILED
    if not (given or output or cache_read or cache_write or (failed and given is not None)):
        return None
    ts, untimed = scene.moment(message.get("ts"), "ts")
    cached = (cache_read or 0) + (cache_write or 0)
    includes_cache = (task.extension.is_fork or PROTOCOL in request) and (given or 0) >= cached
    of_subagents = message.get("say") == SUBAGENTS
    return Event(
        ts=ts,
        names=Names(
            dialect=NAME,
            integration=task.extension.integration,
            provider=scene.clean(
                fields.harmless_string(fields.mapping(message.get("modelInfo")).get("providerId"))
            ).lower(),
            model=scene.clean(model),
            source_class="agent",
            project=task.project,
        ),
        input=(given or 0) - cached if includes_cache else given or 0,
        output=output or 0,
        # Of subagents they are always written as 0.
        cache_read=None if of_subagents else cache_read,
        cache_write_5m=None if of_subagents else cache_write,
        cost_logged=fields.logged_cost(request.get("cost")),
        id="" if untimed else f"{task.id}:{ts}",
        rewritten=not untimed,
        session=task.id,
        failed=failed,
        error=fields.error_text(fields.harmless_string(request.get("streamingFailedMessage"))) if failed else "",
        basis=Basis.AGGREGATE if of_subagents else Basis.EXACT,
        untimed=untimed,
    )


# -- what the dialect is


def matches(record: Record) -> bool:
    """A message of a task: who speaks, and how, under the same word."""
    kind = record.get("type")
    return kind in ("say", "ask") and kind in record and "ts" in record


def places(environment: Mapping[str, str], home: Path) -> tuple[Place, ...]:
    """What VS Code and its relatives keep for each of the three, and Cline's own directory (`CLINE_DIR`)."""
    configs = [Path(environment.get("XDG_CONFIG_HOME") or home / ".config"), home / "Library" / "Application Support"]
    if environment.get("APPDATA"):
        configs.append(Path(environment["APPDATA"]))
    users = [config / editor / "User" for config, editor in product(configs, EDITORS)]
    users += [home / server / "data" / "User" for server in SERVERS]
    cline = Path(environment.get("CLINE_DIR") or home / ".cline")
    return (
        *(Place(user / "globalStorage" / each.id / "tasks", each.label) for each, user in product(EXTENSIONS, users)),
        Place(cline / "data" / "tasks", CLINE_ITSELF.label),
    )


CLINE = Dialect(
    name=NAME,
    matches=matches,
    reader=TaskReader,
    line_cap=64 * 1024 * 1024,
    documents=(DOCUMENT,),
    places=places,
)
