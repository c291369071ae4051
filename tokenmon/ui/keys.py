"""How keys are declared, written and told: hints and help are made from the bindings, so that they never differ."""

from textual.binding import Binding

SIGNS = {"plus": "+", "minus": "-", "slash": "/", "question_mark": "?", "escape": "Esc", "tab": "Tab"}
SIGNS |= {"shift+tab": "Shift+Tab", "space": "Space", "backspace": "Backspace", "f1": "F1", "enter": "Enter"}
SIGNS |= {"greater_than_sign": ">", "less_than_sign": "<"}
"""How keys are written where their name is not what is printed on them."""


def quiet(keys: str, action: str, name: str, told: str, *, priority: bool = False) -> Binding:
    """A key that help tells and the hint row does not; `name` is what a keymap calls it."""
    return Binding(keys, action, told, show=False, id=name, tooltip=told, priority=priority)


def written(keys: str) -> str:
    """The keys of a binding as people write them."""
    return " ".join(SIGNS.get(key, key) for key in keys.split(","))


def told_by(kind: type) -> list[Binding]:
    """The bindings that a class declares itself and explains."""
    return [binding for binding in vars(kind).get("BINDINGS", ()) if isinstance(binding, Binding) and binding.tooltip]
