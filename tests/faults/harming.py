"""Texts that want to harm, and lines of logs that have them everywhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TAIL = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"
"""Of every key that is planted, but for Amazon's."""
AMAZON = "AKIAABCDEFGHIJKLMNOP"

KEYS = (
    *(f"{kind}-{TAIL}" for kind in ("sk", "sk-ant-api03", "sk-or-v1", "sk-proj", "pk-lf", "rk", "xai", "pplx", "csk")),
    *(f"{kind}_{TAIL}" for kind in ("ghp", "github_pat", "gsk", "hf", "r8", "sk_live", "rk_test")),
    *(f"AIza{TAIL}", f"ya29.{TAIL}", f"glpat-{TAIL}", f"nvapi-{TAIL}", f"xoxb-{TAIL}", AMAZON, f"Bearer {TAIL}"),
    f"eyJ{TAIL}.{TAIL}.{TAIL}",
)
"""By their own shape."""

GIVEN = (
    f"https://mara:{TAIL}@proxy.example.com/v1",
    f"GET https://example.com/v1/models?key={TAIL}&alt=sse: 401",
    f"/v1/chat?api_key={TAIL}",
    f"Authorization: Basic {TAIL}==",
    f"AZURE_OPENAI_API_KEY={TAIL}",
    f'{{"api-key": "{TAIL}"}}',
    f"postgresql://mara:{TAIL}@db/usage",
)
"""By where they stand."""

MARKS = "\u0301" * 50

HARM = (
    "\x1bc",
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;owned\x07",
    "\x1b]8;;https://example.com\x1b\\here\x1b]8;;\x1b\\",
    "\x1bP1$r\x1b\\",
    "\x1b_Gf=24;AAAA\x1b\\",
    "\x1b[6n",
    "\x1b[31;45;5m",
    "\x9b31m",
    "\x9d0;owned\x9c",
    "\x902$r\x9c",
    "gone\x08\x08\x7f\r\x07",
    "\u202e\u2066\u061c\u200f",
    "z\u200be\u200dr\u2060o\ufeff",
    f"e{MARKS}",
)
"""What would reset the terminal, set its clipboard and title, make it answer, paint it, turn or hide text."""

MARKUP = "[red][/][/nope][@click=app.quit]x[/][link=https://example.com]y[/link][a=b][/"

TERMINAL = "".join(HARM) + MARKUP

TEXTS = (
    f"{TERMINAL} {KEYS[0]}\n{chr(10).join(GIVEN)}",
    f"=cmd|' /C calc'!A0 {' '.join(KEYS)}",
    *(f"{TERMINAL[::-1]}{'x' * 10_000}", KEYS[1]),
)
"""A text that harms, a formula with every key, a very long one, and a key alone."""

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\u0301{4}")
"""What a terminal obeys, nobody sees, or covers other lines; lines end with a newline."""


def shortened(text: str) -> str:
    """As much as fits into a name, without half a key at its end."""
    return text[:240].rpartition(" ")[0] or text[:240]


def harm_in(text: str) -> str:
    """The first place of a text that would harm whoever sees it, or that tells a secret; empty where there is none."""
    found = OBEYED.search(text) or re.search(f"{TAIL[:8]}|{AMAZON}", text)
    return repr(text[max(0, found.start() - 80) : found.end() + 20]) if found else ""


def secrets_below(directory: Path, *but: str) -> list[str]:
    """The files below a directory, but for those in these, whose bytes hold a key that was planted."""
    files = [file for file in directory.rglob("*") if file.is_file() and not {*file.parts} & {*but}]
    return [file.name for file in files if any(each.encode() in file.read_bytes() for each in (TAIL, AMAZON))]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every text in a JSON value, as the container and the key to replace it by."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        if isinstance(inner, str):
            yield value, key
        else:
            yield from places(inner)


def harmed(line: str) -> Iterator[str]:
    """The line or document with each of its texts replaced in turn, and with a text too many."""
    record = json.loads(line)
    yield line
    for text in TEXTS:
        for container, key in places(record):
            before = container[key]
            container[key] = text
            yield json.dumps(record, ensure_ascii=False)
            container[key] = before
        if not isinstance(record, dict):
            continue
        metadata = {text: text, "deep": [{"k": text}]}
        named = dict.fromkeys(("api_key_name", "project", "session", "error", "request_id", "user"), shortened(text))
        yield json.dumps({**record, **named, "metadata": metadata})
