"""The `[keys]` of the configuration, checked before there is a screen: what is wrong is said with its line.

Two bindings clash where a key could mean both at one moment. The app and the main screen listen with every panel, a
panel with its widgets and with those that panels share; a modal listens alone.
"""

from difflib import get_close_matches
from itertools import product

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, key_to_character
from textual.screen import ModalScreen, Screen

from tokenmon.errors import ConfigError
from tokenmon.settings import Settings
from tokenmon.ui.keys import Keyboard, declared
from tokenmon.ui.panels.base import Panel

MODIFIERS = frozenset(("ctrl", "shift", "alt", "super", "meta", "hyper"))

SHARED = "tokenmon.ui.widgets."
"""Modules whose widgets any panel may have."""


def keyboard_of(settings: Settings) -> Keyboard:
    """The keys of this user. ConfigError names the line of what is no binding, no key, or one key for two bindings."""
    bindings = {binding.id or "": binding for _, binding in declared()}
    for name, keys in settings.keys.items():
        where = settings.origins.get(f"keys.{name}", "[keys]")
        if name not in bindings:
            near = get_close_matches(name, bindings, 1)
            hint = f"did you mean {near[0]}?" if near else "`?` and then `i` in the screen lists them"
            raise ConfigError(f"{where}: there is no {name!a} to give a key to", hint)
        if bindings[name].priority:
            raise ConfigError(f"{where}: {name} keeps its keys, so that there is always a way out")
        for key in keys.split(","):
            if not _is_key(key.strip()):
                raise ConfigError(f"{where}: {key.strip()!a} is not a key", "such as r, R, ctrl+r, f5, space or pageup")
    keyboard = Keyboard(settings.keys)
    _check_clashes(settings, keyboard)
    return keyboard


def _is_key(text: str) -> bool:
    """Whether a terminal can send it, as far as its name tells."""
    if len(text) == 1:
        return text.isprintable()
    *modifiers, key = text.split("+")
    known = len(key) == 1 or key_to_character(key) is not None or key in {each.value for each in Keys}
    return bool(key) and known and MODIFIERS.issuperset(modifiers)


def _check_clashes(settings: Settings, keyboard: Keyboard) -> None:
    for (kind, binding), (other, taken) in product(declared(), declared()):
        if binding.id not in settings.keys or binding.id == taken.id or not _listen_together(kind, other):
            continue
        for key in keyboard.keys(binding):
            if key in keyboard.keys(taken):
                where = settings.origins.get(f"keys.{binding.id}", "[keys]")
                raise ConfigError(f"{where}: {key} would be both {binding.id} and {taken.id}", _way_out(taken))


def _way_out(taken: Binding) -> str:
    return "choose another key" if taken.priority else f"give {taken.id} another key, too"


def _listen_together(one: type[DOMNode], other: type[DOMNode]) -> bool:
    """Whether a key can reach both at one moment."""
    if issubclass(one, other) or issubclass(other, one):
        return True
    if issubclass(one, ModalScreen) or issubclass(other, ModalScreen):
        return False
    if issubclass(one, (App, Screen)) or issubclass(other, (App, Screen)):
        return True
    if issubclass(one, Panel) == issubclass(other, Panel):
        return False
    panel, widget = (one, other) if issubclass(one, Panel) else (other, one)
    return widget.__module__.startswith(SHARED) or widget.__module__ == panel.__module__
