"""Whoever removes something asks before it does, and only where somebody can answer."""

import sys

from tokenmon.errors import UsageError
from tokenmon.text import sanitise


def agrees(question: str) -> bool:
    """Whether the person at the terminal says yes. UsageError where there is none."""
    return _answer(f"{question} [y/N] ").lower() in ("y", "yes")


def repeats(name: str) -> bool:
    """Whether the person at the terminal types a name once more."""
    return sanitise(_answer("To go on type the name again: ")) == sanitise(name)


def _answer(question: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "add --yes once what is shown is what you want")
    try:
        return input(question).strip()
    except EOFError:
        return ""
