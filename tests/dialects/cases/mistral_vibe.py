"""Sessions of Mistral Vibe's: one, its continuation after compaction, and a newer one that tells its cache."""

from typing import Any

from tests.dialects.cases.case import Call, Case, Json


def meta(session: str, prompt: int, completion: int, **more: Any) -> Json:
    """The document of a session."""
    stats = {
        "steps": 4,
        "session_prompt_tokens": prompt,
        "session_completion_tokens": completion,
        "session_total_llm_tokens": prompt + completion,
        "session_cost": 0.0012,
    }
    return {
        "session_id": session,
        "start_time": "2026-09-14T08:00:00+00:00",
        "end_time": "2026-09-14T09:00:00.250000+00:00",
        "environment": {"working_directory": "/home/dev/orbit"},
        "username": "dev",
        "stats": stats | more.pop("stats", {}),
        "config": {
            "active_model": "devstral-small",
            "models": [
                {"name": "mistral-vibe-cli-latest", "provider": "mistral", "alias": "mistral-medium-3.5"},
                {"name": "devstral-small-latest", "provider": "Mistral", "alias": "devstral-small"},
            ],
        },
        "total_messages": 3,
    } | more


ANSWER: Json = {"role": "assistant", "content": "done", "message_id": "0b7e"}
FIRST = meta("7d2a", 1000, 200)
COMPACTED = meta("91fe", 1500, 300, parent_session_id="7d2a")
NEWER = meta(
    "c4c4",
    1200,
    300,
    config={"active_model": {"alias": "big"}, "models": {"big": {"name": "mistral-medium-3.5", "provider": "mistral"}}},
    stats={"session_cached_tokens": 1000, "session_cost": 0},
)
EMPTY = meta("e0e0", 0, 0)

CASE = Case(
    dialect="mistral-vibe",
    files={
        "session/session_20260914_080000_7d2a/messages.jsonl": (ANSWER,),
        "session/session_20260914_080000_7d2a/meta.json": (FIRST,),
        "session/session_20260914_083000_91fe/meta.json": (COMPACTED,),
        "session/session_20260914_090000_c4c4/meta.json": (NEWER,),
        "session/session_20260914_090000_e0e0/meta.json": (EMPTY,),
    },
    calls=(
        Call(
            "2026-09-14T09:00:00.250Z", "mistral", "devstral-small-latest", 1000, 200,
            cost_logged=0.0012, session="7d2a", project="/home/dev/orbit",
        ),
        Call(
            "2026-09-14T09:00:00.250Z", "mistral", "mistral-medium-3.5", 200, 300, 1000,
            session="c4c4", project="/home/dev/orbit",
        ),
    ),
)  # fmt: skip
