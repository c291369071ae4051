"""Chats as Gemini CLI records them, and as Qwen Code, its fork, did at first: a message by the model is a call.

A message is written again whenever something of it changes, and a chat is copied when its file turns from a document
into lines; so a message's id within its session is the call.
"""

from pathlib import PurePath
from typing import TypeVar

import msgspec

from tokenmon.dialects import fields
from tokenmon.dialects.base import Record
from tokenmon.dialects.gemini_usage import tokens_of, told
from tokenmon.dialects.plain import Scene
from tokenmon.events import Event, Names

KEYS = ("input", "output", "cached", "thoughts", "tool", "total")

Memory = TypeVar("Memory", bound=msgspec.Struct)


def call_of(message: Record, session: str, names: Names, scene: Scene[Memory]) -> Event | None:
    """The call that a message by the model was; None where it does not tell its tokens."""
    tokens = tokens_of(told(fields.mapping(message.get("tokens")), KEYS, "tokens"), "tokens")
    if tokens is None:
        return None
    ts, untimed = scene.moment(message.get("timestamp"), "timestamp")
    own = scene.clean(fields.harmless_string(message.get("id")))
    return Event(
        ts=ts,
        names=names._replace(
            model=scene.clean(fields.harmless_string(message.get("model"))),
            project=scene.clean(project_of(scene.surroundings.path)),
        ),
        input=tokens.input,
        output=tokens.output,
        cache_read=tokens.cache_read,
        reasoning=tokens.reasoning,
        id=f"{session}:{own}" if own else "",
        rewritten=bool(own),
        session=session,
        disagrees=tokens.disagrees,
        untimed=untimed,
    )


def project_of(path: str) -> str:
    """The directory made for the project: `tmp/PROJECT/chats/…`; a chat itself names only a hash of it."""
    parts = PurePath(path).parts[:-1]
    return parts[parts.index("chats") - 1] if "chats" in parts[1:] else ""
