"""What a user adds to `prices.toml` for a model that has no price: everything that is known, and empty fields.

Until the fields are filled in the file is refused, so that nothing becomes free by mistake.
"""

import json

from tokenmon.exact import harmless


def wanted(model: str, provider: str = "", tier: str = "") -> tuple[str, ...]:
    """The lines of a `[[price]]`; none for calls that name no model. Names come from logs: they are made harmless."""
    if not model:
        return ()
    names = {"model": model, "provider": provider, "tier": tier}
    return (
        "[[price]]",
        *(f"{field} = {_quoted(name)}" for field, name in names.items() if name),
        "input =     # USD per million tokens",
        "output =",
    )


def _quoted(name: str) -> str:
    """A basic string of TOML, which JSON's are as long as they hold no control character."""
    return json.dumps(harmless(name), ensure_ascii=False)
