"""What a user's own record says around an API's answer: only fields with an obvious meaning, by the names in this list.

Of each kind the first one that is there and holds something usable counts; nothing here ever costs a line.
"""

from tokenmon.dialects import fields
from tokenmon.dialects.base import Record
from tokenmon.dialects.fields import Invalid
from tokenmon.events import MAX_COUNT

TIMES = (
    "completed_at",
    "finished_at",
    "ended_at",
    "end_time",
    "processed_time",
    "ts",
    "timestamp",
    "@timestamp",
    "time",
    "datetime",
    "logged_at",
    "created_at",
)
LATENCIES = ("latency", "duration", "elapsed", "response_time")
"""Each with a unit at its end: `latency_ms`."""
FIRST_TOKEN = ("ttft", "time_to_first_token")
UNITS = (("_ms", 1), ("_s", 1000), ("_seconds", 1000))
"""How the name of a duration ends, and how many milliseconds it counts; one without a unit is not read."""
STATUSES = ("status_code", "http_status", "status")
REQUESTS = ("request_id", "requestId", "x_request_id")
SESSIONS = ("session", "session_id", "conversation_id", "thread_id")
PROVIDERS = ("provider",)
MODELS = ("requested_model", "model", "model_id", "modelId")
INTEGRATIONS = ("integration", "app", "application", "service")
ACCOUNTS = ("account", "team", "organization")
KEYS = ("api_key_id", "key_id", "api_key_hash")
SECRETS = ("api_key",)
KEY_NAMES = ("api_key_name", "key_name", "api_key_alias", "key_alias")
USERS = ("user", "user_id", "username")
PROJECTS = ("project", "project_id", "project_name")
ENDPOINTS = ("endpoint", "path")


def text(record: Record, names: tuple[str, ...]) -> str:
    """The first of these fields that holds a text, or a whole number, which may be an id; not made harmless yet."""
    for name in names:
        value = record.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            if stripped := value.strip():
                return stripped
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return str(value)
    return ""


def moment(record: Record, names: tuple[str, ...]) -> int | None:
    """The first of these fields that is a time, UTC milliseconds."""
    for name in names:
        value = record.get(name)
        if value is not None:
            try:
                return fields.milliseconds(fields.moment(value, name), name)
            except Invalid:
                continue
    return None


def duration(record: Record, names: tuple[str, ...]) -> int | None:
    """The first of these fields, under its name with a unit, that is a number; in milliseconds."""
    for name in names:
        for unit, factor in UNITS:
            value = record.get(name + unit)
            if fields.is_number(value) and 0 <= value <= MAX_COUNT // factor:
                return round(value * factor)
    return None


def status(record: Record) -> int | None:
    """The HTTP status."""
    statuses = (fields.harmless_status(record.get(name)) for name in STATUSES)
    return next((found for found in statuses if found is not None), None)
