"""How keys are declared, written and told: hints, help, palette and notices are made from the bindings themselves, so
that none of them differs from what a key does, whatever the user made of it in `[keys]`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

SIGNS = {"escape": "Esc", "tab": "Tab", "shift+tab": "Shift+Tab", "space": "Space", "backspace": "Backspace"}
SIGNS |= {"enter": "Enter", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End"}
SIGNS |= {"up": "Up", "down": "Down", "left": "Left", "right": "Right"}
"""How keys are written where their name is not what is printed on them."""


def quiet(keys: str, action: str, name: str, told: str) -> Binding:
    """A key that help tells and the hint row does not; `name` is what `[keys]` calls it."""
    return Binding(keys, action, told, show=False, id=name, tooltip=told)


def written(key: str) -> str:
    """A key as people write it: `Esc`, `^P`, `?`."""
    if key.startswith("ctrl+") and key not in SIGNS:
        return "^" + written(key.removeprefix("ctrl+")).upper()
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return SIGNS.get(key) or format_key(key)


def told_by(kind: type) -> list[Binding]:
    """The bindings that a class declares itself and explains."""
    return [binding for binding in vars(kind).get("BINDINGS", ()) if isinstance(binding, Binding) and binding.tooltip]


def told_on(node: DOMNode) -> list[Binding]:
    """The bindings that a widget or screen has, its own before those of its bases."""
    return [binding for kind in type(node).__mro__ for binding in told_by(kind) if binding.id]


def told_at(focus: DOMNode) -> Iterator[tuple[DOMNode, Binding]]:
    """What can be done with the focus at a widget: its own bindings first, then those of all that it is in."""
    for node in focus.ancestors_with_self:
        yield from ((node, binding) for binding in told_on(node))


@cache
def declared() -> tuple[tuple[type[DOMNode], Binding], ...]:
    """Every binding of ours that has an id, with the class that declares it; asked for when every class is there."""
    return tuple(
        (kind, binding)
        for kind in _below(DOMNode)
        if kind.__module__.startswith("tokenmon.")
        for binding in vars(kind).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id
    )


def _below(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


@cache
def _parted(keys: str) -> tuple[str, ...]:
    """The names of keys that have commas between them."""
    return tuple(binding.key for binding in Binding.make_bindings([Binding(keys, "")]))


@dataclass(frozen=True)
class Keyboard:
    """Which keys do what for this user."""

    remapped: Mapping[str, str] = field(default_factory=dict)
    """Keys, with commas between them, by the id of the binding that they replace those of."""

    def keys(self, binding: Binding) -> Sequence[str]:
        """The names of a binding's keys."""
        return _parted(self.remapped.get(binding.id or "", binding.key))

    def all(self, binding: Binding) -> str:
        """All keys of a binding, as people write them."""
        return " ".join(map(written, self.keys(binding)))

    def first(self, binding: Binding) -> str:
        """The first key of a binding, as people write it."""
        return written(self.keys(binding)[0])

    def named(self, name: str) -> str:
        """The first key of the binding with this id."""
        return self.first(next(binding for _, binding in declared() if binding.id == name))
